"""What counts as deleted: what its source says is, and little else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.feedserver import Answer
from tests.planet import Item, Planet, atom, rss, story

NOON = datetime(2025, 5, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def dated(*numbers: int) -> list[Item]:
    return [story(n, date=NOON + n * DAY, updated=NOON + n * DAY) for n in numbers]


def numbers(planet: Planet, state: str = "published") -> list[int]:
    return sorted(int(title.split()[1]) for title in planet.titles(state=state))


@pytest.fixture
def strict(planet: Planet) -> Planet:
    """A source whose entries are withdrawn with it."""
    planet.configure(harbour='on_delete = "withdraw"')
    return planet


@pytest.mark.parametrize("document", [dated(1, 3), dated(9), dated(3, 2)])
def test_a_source_whose_entries_are_kept_keeps_them(planet: Planet, document: list[Item]) -> None:
    planet.sync(*dated(3, 2, 1))

    planet.sync(*document)

    assert {1, 2, 3} <= set(numbers(planet))


@pytest.mark.parametrize(
    ("first", "then", "gone"),
    [
        pytest.param([3, 2, 1], [3, 1], [2], id="one-from-the-middle"),
        pytest.param([3, 2, 1], [2, 1], [3], id="the-newest"),
        pytest.param([3, 2, 1], [3, 2], [], id="the-oldest-has-slid-out"),
        pytest.param([3, 2, 1], [5, 4, 3], [], id="two-have-slid-out"),
        pytest.param([3, 2, 1], [9, 8, 7], [], id="all-have-slid-out"),
        pytest.param([1, 2, 3], [1, 3], [2], id="oldest-first"),
        pytest.param([1, 2, 3], [2, 3, 4], [], id="oldest-first-and-slid"),
        pytest.param([1, 6, 5, 4], [1, 7, 6, 5], [], id="one-is-pinned-at-the-top"),
        pytest.param([1, 6, 5, 4], [1, 6, 4], [5], id="gone-below-a-pinned-one"),
        pytest.param([1, 2, 9, 8, 7], [1, 2, 10, 9, 8], [], id="two-are-pinned"),
        pytest.param(list(range(20, 0, -1)), [20, 1], [], id="a-mass-is-not-believed"),
    ],
)
def test_what_is_missing_between_others_is_withdrawn(
    strict: Planet, first: list[int], then: list[int], gone: list[int]
) -> None:
    strict.sync(*dated(*first))

    report = strict.sync(*dated(*then))

    assert numbers(strict, "withdrawn") == gone
    assert report.withdrawn == len(gone)


def test_what_comes_back_is_shown_again_as_it_was(strict: Planet) -> None:
    strict.sync(*dated(3, 2, 1))
    before = strict.ids()
    strict.sync(*dated(3, 1))

    report = strict.sync(*dated(3, 2, 1))

    assert numbers(strict) == [1, 2, 3]
    assert strict.ids() == before
    assert (report.new, report.changed) == (0, 1)


def test_undated_entries_are_never_missed(strict: Planet) -> None:
    strict.sync(story(3), story(2), story(1))

    strict.sync(story(3))

    assert numbers(strict) == [1, 2, 3]


PAGE = b"<!doctype html><html><head><title>Sorry</title></head><body>Back soon</body></html>"
WHOLE = rss(*dated(3, 2, 1))


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Answer(status=404, body=PAGE), id="not-found"),
        pytest.param(Answer(status=410, body=PAGE), id="gone"),
        pytest.param(Answer(status=500, body=rss()), id="an-error-with-a-feed"),
        pytest.param(Answer(body=PAGE), id="a-page"),
        pytest.param(Answer(body=b""), id="nothing"),
        pytest.param(Answer(body=b"  \n"), id="blanks"),
        pytest.param(Answer(status=204), id="no-content"),
        pytest.param(Answer(body=rss()), id="no-entries"),
        pytest.param(Answer(body=atom()), id="no-entries-in-atom"),
        pytest.param(Answer(body=b'{"error": "database down"}'), id="json"),
        pytest.param(Answer(body=WHOLE[: WHOLE.index(b"Story 2") + 20]), id="half-a-feed"),
        pytest.param(Answer(body=b"<rss><channel><item><title>Sorry"), id="a-broken-one"),
    ],
)
def test_no_answer_of_any_kind_deletes(strict: Planet, answer: Answer) -> None:
    strict.sync(*dated(3, 2, 1))

    for _ in range(5):
        strict.serve(answer)
        strict.sync()

    assert {1, 2, 3} <= set(numbers(strict))
    assert numbers(strict, "withdrawn") == []


# -- RFC 6721 --------------------------------------------------------------------------------------

TWO = story(2).guid or ""


def test_a_deleted_entry_is_withdrawn_whatever_is_configured(planet: Planet) -> None:
    planet.serve(atom(*dated(3, 2, 1)))
    planet.sync()

    planet.serve(atom(*dated(3, 1), deleted=[(TWO, NOON + 9 * DAY)]))
    report = planet.sync()
    planet.sync()

    assert numbers(planet) == [1, 3]
    assert numbers(planet, "withdrawn") == [2]
    assert report.withdrawn == 1


@pytest.mark.parametrize(
    ("when", "alive"),
    [
        pytest.param(NOON + 9 * DAY, False, id="deleted-after-its-last-version"),
        pytest.param(NOON, True, id="updated-after-it-was-deleted"),
    ],
)
def test_an_entry_beside_its_tombstone(planet: Planet, when: datetime, alive: bool) -> None:
    planet.serve(atom(*dated(3, 2, 1)))
    planet.sync()

    planet.serve(atom(*dated(3, 2, 1), deleted=[(TWO, when)]))
    planet.sync()

    assert (2 in numbers(planet)) is alive


def test_a_deleted_entry_comes_back_with_its_source(planet: Planet) -> None:
    planet.serve(atom(*dated(2, 1)))
    planet.sync()
    before = planet.ids()
    planet.serve(atom(*dated(1), deleted=[(TWO, NOON + 9 * DAY)]))
    planet.sync()

    planet.serve(atom(*dated(2, 1)))
    planet.sync()

    assert numbers(planet) == [1, 2]
    assert planet.ids() == before


def test_a_tombstone_of_nobody_harms_nobody(planet: Planet) -> None:
    planet.serve(atom(*dated(2, 1), deleted=[("tag:nobody.example.org,2025:1", NOON)]))

    planet.sync()

    assert numbers(planet) == [1, 2]


def test_what_stands_behind_the_entries_that_are_read_is_not_gone(strict: Planet) -> None:
    strict.sync(*dated(1, 2, 3, 4))
    file = strict.service.root / "feedsvc.toml"
    written = file.read_text("utf-8")
    strict.service.configure(written.replace("[sync]\n", "[sync]\nmax_entries = 2\n"))

    strict.sync(*dated(1, 2, 3, 4))

    assert strict.service.app.settings.sync.max_entries == 2
    assert numbers(strict) == [1, 2, 3, 4]
