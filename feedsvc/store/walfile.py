"""Does the journal of a SQLite database hold anything that counts (sqlite.org/fileformat2.html §4)?

Whoever closes a database as its only user takes away a journal of which no transaction counts, also
when he may only read. So this has to be known before it is opened.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

_HEAD = 32
_FRAME = 24
_MAGIC = 0x377F0682  # its last bit says in which order the bytes of a checksum's words stand
_MOST = 256 * 1024**2  # bytes that are looked at: many times a transaction of ours


def holds_commit(journal: Path) -> bool:
    """Whether a `-wal` file holds at least one whole transaction."""
    try:
        with journal.open("rb") as file:
            head = file.read(_HEAD)
            if len(head) < _HEAD:
                return False
            magic, _, page, _, *salts = struct.unpack(">6I", head[:24])
            order = ">" if magic & 1 else "<"
            state = _sum(head[:24], (0, 0), order)
            fits = magic & ~1 == _MAGIC and state == struct.unpack(">2I", head[24:])
            if not fits or not 512 <= page <= 65_536:
                return False
            left = _MOST
            while left > 0 and len(frame := file.read(_FRAME + page)) == _FRAME + page:
                number, size, *own, first, second = struct.unpack(">6I", frame[:_FRAME])
                state = _sum(frame[_FRAME:], _sum(frame[:8], state, order), order)
                if own != salts or state != (first, second) or not number:
                    return False
                if size:  # of the database after a commit; 0 within a transaction
                    return True
                left -= len(frame)
    except OSError:  # none is there, or none that we may read
        return False
    return False


def _sum(data: bytes, state: tuple[int, int], order: str) -> tuple[int, int]:
    """The running checksum, §4.2."""
    one, two = state
    words: Iterable[int] = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for even, odd in zip(words, words, strict=True):
        one = (one + even + two) & 0xFFFFFFFF
        two = (two + odd + one) & 0xFFFFFFFF
    return one, two
