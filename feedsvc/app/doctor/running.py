"""Runs groups of checks beside one another, each within its time, whatever becomes of it.

Each has a thread of its own that nobody waits for at the end: a look at a dead network disk cannot
be interrupted, and must not keep the others, or the command, from ending.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread
from typing import NamedTuple

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.masking import Mask
from feedsvc.app.doctor.report import UNEXPECTED, Check, wrong
from feedsvc.errors import FeedsvcError
from feedsvc.ports import Progress

log = logging.getLogger(__name__)


class Group(NamedTuple):
    """Checks that belong together: they are made one after the other."""

    name: str
    examine: Callable[[Case], Iterable[Check]]
    seconds: float  # that all of them may take


def run(case: Case, groups: Sequence[Group], progress: Progress | None = None) -> tuple[Check, ...]:
    """Every check of these groups, in their order."""
    said: SimpleQueue[tuple[int, Check | None]] = SimpleQueue()
    found: list[list[Check]] = [[] for _ in groups]
    began = time.monotonic()
    for number, group in enumerate(groups):
        work = Thread(
            target=_examine, args=(case, group, number, said),
            name=f"feedsvc-doctor-{group.name}", daemon=True,
        )  # fmt: skip
        work.start()
    running = set(range(len(groups)))
    while running:
        if progress is not None:
            progress("examining", len(groups) - len(running), len(groups))
        left = min(groups[number].seconds for number in running) - (time.monotonic() - began)
        try:
            number, check = said.get(timeout=max(left, 0.0))
        except Empty:
            for number in sorted(running):
                if time.monotonic() - began >= groups[number].seconds:
                    running.discard(number)
                    found[number].append(_too_slow(groups[number]))
            continue
        if number not in running:  # it was given up, and came back after all
            continue
        if check is None:
            running.discard(number)
        else:
            found[number].append(check)
    mask = Mask.of(case)
    return tuple(mask.over(check) for checks in found for check in checks)


def _examine(
    case: Case, group: Group, number: int, said: SimpleQueue[tuple[int, Check | None]]
) -> None:
    began = time.monotonic()
    try:
        for check in group.examine(case):
            now = time.monotonic()
            said.put((number, replace(check, seconds=check.seconds or round(now - began, 3))))
            began = now
    except FeedsvcError as error:
        said.put((number, wrong(group.name, str(error), error.hint, code=error.exit_code)))
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        why = f"{where}{error.strerror or error}"
        said.put((number, wrong(group.name, why, "check rights and disk", code=UNEXPECTED)))
    except Exception as error:
        log.debug("a check failed", exc_info=True)
        fault = f"the check itself failed: {type(error).__name__}: {error}"
        hint = "this is a fault of feedsvc; --debug shows where"
        said.put((number, wrong(group.name, fault, hint, code=UNEXPECTED)))
    finally:
        said.put((number, None))


def _too_slow(group: Group) -> Check:
    check = wrong(
        group.name,
        f"no answer within {group.seconds:g} seconds: it was not waited for any longer",
        "a disk or a network that hangs; what this group tells above is all that was found",
        code=UNEXPECTED,
    )
    return replace(check, seconds=group.seconds)
