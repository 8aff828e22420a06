"""The sketch: what it counts, how far it is off, and what it takes for one."""

from __future__ import annotations

import zlib
from hashlib import blake2b

import pytest

from feedsvc.figures.sketch import REGISTERS, Sketch, distinct, united


def hashed(number: int, salt: str = "") -> int:
    return int.from_bytes(blake2b(f"{salt}{number}".encode(), digest_size=8).digest(), "big")


def of(numbers: range, salt: str = "") -> Sketch:
    sketch = Sketch()
    for number in numbers:
        sketch.add(hashed(number, salt))
    return sketch


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10, 40])
def test_a_few_are_counted_as_they_are(count: int) -> None:
    assert abs(of(range(count)).count() - count) <= 1


@pytest.mark.parametrize("count", [100, 700, 2_000, 2_560, 3_000, 6_000, 20_000, 100_000])
def test_many_are_counted_within_a_tenth(count: int) -> None:
    # Three standard errors of 3.3 %: met by every one of several salts.
    for salt in "abcde":
        assert of(range(count), salt).count() == pytest.approx(count, rel=0.1)


def test_on_average_it_is_not_off() -> None:
    counts = [of(range(5_000), f"{salt}-").count() for salt in range(40)]

    assert sum(counts) / len(counts) == pytest.approx(5_000, rel=0.02)
    spread = (sum((count - 5_000) ** 2 for count in counts) / len(counts)) ** 0.5
    assert spread / 5_000 < 0.05


def test_whoever_comes_again_changes_nothing() -> None:
    sketch = of(range(500))
    before = sketch.dump()

    assert not any(sketch.add(hashed(number)) for number in range(500))
    assert sketch.dump() == before


def test_the_order_in_which_they_come_does_not_matter() -> None:
    assert of(range(900)).dump() == of(range(899, -1, -1)).dump()


def test_together_they_count_those_of_both_once() -> None:
    both = of(range(3_000))
    both.unite(of(range(2_000, 5_000)))

    assert both.dump() == of(range(5_000)).dump()
    assert united([of(range(3_000)).dump(), of(range(2_000, 5_000)).dump()]) == both.dump()


def test_it_survives_being_stored() -> None:
    sketch = of(range(1_234))

    assert Sketch.load(sketch.dump()).dump() == sketch.dump()
    assert distinct(sketch.dump()) == sketch.count()
    assert Sketch().dump() == b""
    assert distinct(b"") == 0


def test_the_extremes_of_a_hash_have_their_place() -> None:
    sketch = Sketch()

    assert sketch.add(0)
    assert sketch.add(2**64 - 1)
    assert Sketch.load(sketch.dump()).count() == 2


def test_it_takes_little_room() -> None:
    assert len(of(range(5)).dump()) < 64
    assert len(of(range(1_000_000 // 10)).dump()) < REGISTERS


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"x", id="no-stream"),
        pytest.param(zlib.compress(bytes(REGISTERS))[:-3], id="cut-off"),
        pytest.param(zlib.compress(bytes(REGISTERS - 1)), id="too-short"),
        pytest.param(zlib.compress(bytes(REGISTERS + 1)), id="too-long"),
        pytest.param(zlib.compress(bytes(50_000_000)), id="a-bomb"),
        pytest.param(zlib.compress(b"\xff" * REGISTERS), id="ranks-that-no-hash-has"),
    ],
)
def test_what_is_damaged_counts_for_nothing(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a sketch"):
        Sketch.load(data)
    assert distinct(data) == 0
    assert united([data, of(range(50)).dump()]) == of(range(50)).dump()
