"""How many distinct ones were seen, within a few per cent, in one kilobyte that names none of them.

HyperLogLog (Flajolet, Fusy, Gandouet and Meunier, 2007) over 64-bit hashes: each falls into one of
1,024 registers, which keeps the longest run of zero bits seen there. The standard error is
1.04 / sqrt(1024), 3.3 %; a small number is counted by the registers still empty, and is nearly
exact.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable

_BITS = 10
REGISTERS = 1 << _BITS
_REST = 64 - _BITS  # bits of a hash in which the run of zeros is looked for
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)


class Sketch:
    """Counts distinct hashes; those of several sketches together are counted by their union."""

    __slots__ = ("_registers",)

    def __init__(self, registers: bytes = bytes(REGISTERS)) -> None:
        self._registers = bytearray(registers)

    def add(self, hashed: int) -> bool:
        """Note one of 64 evenly spread bits; returns whether that changed anything."""
        register = hashed >> _REST
        rest = hashed & ((1 << _REST) - 1)
        rank = _REST - rest.bit_length() + 1
        if rank <= self._registers[register]:
            return False
        self._registers[register] = rank
        return True

    def unite(self, other: Sketch) -> None:
        """Take over what another one has seen."""
        self._registers[:] = map(max, self._registers, other._registers)

    def count(self) -> int:
        """How many distinct ones were seen."""
        empty = self._registers.count(0)
        # By powers of two that are exact: the sum does not depend on the order.
        total = math.fsum(2.0**-rank for rank in self._registers)
        estimate = _ALPHA * REGISTERS * REGISTERS / total
        if estimate <= 2.5 * REGISTERS and empty:
            estimate = REGISTERS * math.log(REGISTERS / empty)
        return round(estimate)

    def dump(self) -> bytes:
        """As it is stored: some 30 bytes for a few, never much more than the kilobyte."""
        return zlib.compress(self._registers, 9) if any(self._registers) else b""

    @classmethod
    def load(cls, data: bytes) -> Sketch:
        """What `dump` wrote; raises ValueError for anything else."""
        if not data:
            return cls()
        try:
            unpacker = zlib.decompressobj()
            registers = unpacker.decompress(data, REGISTERS + 1)
        except zlib.error as error:
            raise ValueError(f"not a sketch: {error}") from error
        if len(registers) != REGISTERS or not unpacker.eof or max(registers) > _REST + 1:
            raise ValueError("not a sketch")
        return cls(registers)


def united(sketches: Iterable[bytes]) -> bytes:
    """The stored form of several together; one that is damaged adds nothing."""
    whole = Sketch()
    for data in sketches:
        try:
            whole.unite(Sketch.load(data))
        except ValueError:
            continue
    return whole.dump()


def distinct(data: bytes) -> int:
    """How many a stored sketch has seen; none if it is damaged."""
    try:
        return Sketch.load(data).count()
    except ValueError:
        return 0
