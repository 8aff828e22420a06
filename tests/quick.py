"""What makes thousands of small sites affordable, and changes nothing of what is proven of them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.util import LRUCache

from feedsvc.store import engine as store_engine

_MEMORY = Path("/dev/shm")
_ROOM = 4 * 1024**3  # bytes; the folders of two workers take some hundred MB of it


def use_memory() -> None:
    """Let the folders of tests lie in memory, where this machine has enough of it.

    Every publication is synced to the disk, and a machine that does much else keeps us waiting for
    that longer than for all our work. Who names a folder (`TMPDIR`, `--basetemp`) gets that one.
    """
    if "TMPDIR" not in os.environ and _has_room():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def _has_room() -> bool:
    try:
        told = os.statvfs(_MEMORY)
        free = Path("/proc/meminfo").read_text().partition("MemAvailable:")[2].split()[0]
    except (OSError, AttributeError, IndexError):  # no Linux
        return False
    return (
        os.access(_MEMORY, os.W_OK)
        and not told.f_flag & (os.ST_NOEXEC | os.ST_RDONLY)
        and min(shutil.disk_usage(_MEMORY).free, int(free) * 1024) > _ROOM
    )


def share_statements() -> None:
    """Let all stores of this process share what SQLAlchemy made of our queries.

    It keeps that by engine, and compiling is a third of what a small site costs: a process of ours
    has one store, these have thousands, all of one kind.
    """
    shared: LRUCache[Any, Any] = LRUCache(5000)
    first: list[Any] = []

    def sharing(*arguments: Any, **options: Any) -> Engine:
        engine = create_engine(*arguments, **options)
        first.append(engine.dialect)
        engine.dialect, engine._compiled_cache = first[0], shared
        del first[1:]
        return engine

    store_engine.create_engine = sharing  # type: ignore[attr-defined]
