"""Sources whose ids are not to be relied on: measured, told, and never at the reader's cost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.planet import Item, Planet, story

HOME = "https://harbour.example.org/"
NOON = datetime(2025, 5, 1, 12, 0, tzinfo=UTC)
TOLD = "its ids are others at every visit: its entries are told apart by "


def dated(count: int) -> list[Item]:
    return [story(n, date=NOON + timedelta(days=n)) for n in range(count)]


def undated(count: int) -> list[Item]:
    return [story(n) for n in range(count)]


def drawn(entries: list[Item], visit: int) -> list[Item]:
    """The entries under ids that no other visit sees."""
    return [replace(one, guid=f"{visit}-{n}") for n, one in enumerate(entries)]


def scattered(entries: list[Item], visit: int) -> list[Item]:
    """The entries under ids and links that no other visit sees."""
    return [replace(one, link=f"{HOME}v/{one.guid}") for one in drawn(entries, visit)]


def without_links(entries: list[Item], visit: int) -> list[Item]:
    return [replace(one, link=None) for one in drawn(entries, visit)]


def told(planet: Planet) -> list[str]:
    return [problem.removeprefix(TOLD) for problem in planet.problems() if TOLD in problem]


@pytest.mark.parametrize("entries", [dated(8), undated(8)], ids=["dated", "undated"])
def test_all_ids_may_change_once(planet: Planet, entries: list[Item]) -> None:
    planet.sync(*entries)
    before = planet.ids()
    moved = [replace(one, guid=f"https://harbour.example.org/?p={one.title}") for one in entries]

    for _ in range(3):
        planet.sync(*moved)
    planet.sync(*moved, story(99))
    planet.sync(*moved, story(98))

    assert before.items() <= planet.ids().items()
    assert len(planet.articles()) == 10
    assert planet.identity() == "id"
    assert planet.row().state == "ok"
    assert planet.problems() == []


def test_a_site_may_move_to_https_with_ids_and_links(planet: Planet) -> None:
    new = [replace(one, guid=f"{HOME}{n}", link=f"{HOME}{n}") for n, one in enumerate(dated(12))]
    old = [
        replace(one, guid=f"http{one.guid[5:]}", link=f"http{one.link[5:]}")  # type: ignore[index]
        for one in new
    ]
    planet.sync(*old)
    before = planet.ids()

    planet.sync(*new)
    planet.sync(*new, story(99))

    assert before.items() <= planet.ids().items()
    assert len(planet.articles()) == 13
    assert {one.link for one in planet.articles()[:12]} == {one.link for one in new}
    assert planet.row().state == "ok"


@pytest.mark.parametrize("entries", [dated(8), undated(8)], ids=["dated", "undated"])
@pytest.mark.parametrize(
    ("others", "identity", "patience"),
    [
        pytest.param(drawn, "link", 2, id="ids"),
        pytest.param(without_links, "content", 2, id="ids-and-no-links"),
        pytest.param(scattered, "content", 2, id="ids-and-links"),
    ],
)
def test_what_is_drawn_by_lot_tells_nothing_after_two_changed_visits(
    planet: Planet,
    entries: list[Item],
    others: Callable[[list[Item], int], list[Item]],
    identity: str,
    patience: int,
) -> None:
    planet.sync(*others(entries, 0))
    before = planet.ids()

    for visit in range(1, 1 + patience):
        planet.sync(*others(entries, visit))
        assert len(planet.articles()) == 8

    assert planet.identity() == identity
    assert planet.row().state == "ok"
    assert told(planet) == [identity]
    assert planet.ids() == before


@pytest.mark.parametrize("entries", [dated(12), undated(12)], ids=["dated", "undated"])
@pytest.mark.parametrize("size", [1, 2, 4, 9])
@pytest.mark.parametrize(
    "others",
    [
        pytest.param(drawn, id="ids"),
        pytest.param(without_links, id="ids-and-no-links"),
        pytest.param(scattered, id="ids-and-links"),
    ],
)
def test_such_a_source_never_doubles_and_never_merges(
    planet: Planet,
    entries: list[Item],
    size: int,
    others: Callable[[list[Item], int], list[Item]],
) -> None:
    """The window stands, slides, is turned round, and holds edited titles and bodies."""
    visit = 0

    def show(*some: Item) -> None:
        nonlocal visit
        visit += 1
        planet.sync(*others(list(some), visit))

    for _ in range(4):  # so that it is known for what it is
        show(*entries[:size])
    assert len(planet.articles()) == size

    for end in range(size, size + 3):
        show(*entries[end - size : end][::-1])
    seen = size + 2
    assert len(planet.articles()) == seen
    ids = set(planet.ids().values())

    window = entries[seen - size : seen]
    title = replace(window[0], title="Correction: it was the other ship")
    show(title, *window[1:])
    body = replace(window[-1], text="<p>It was quite different, they say.</p>")
    if size > 1:
        show(title, *window[1:-1], body)
        show(body, *window[1:-1], title)

    assert len(planet.articles()) == seen
    assert set(planet.ids().values()) == ids
    assert title.title in planet.titles()


# -- flood -----------------------------------------------------------------------------------------


def renamed(entries: list[Item]) -> list[Item]:
    """The entries after the site got another system: new ids, new addresses, the same words."""
    return [
        replace(one, guid=f"node-{n}", link=f"https://www.example.org/node/{n}")
        for n, one in enumerate(entries)
    ]


@pytest.mark.parametrize(
    "again",
    [
        pytest.param(renamed(dated(8)), id="dated"),
        pytest.param(renamed(undated(8)), id="undated"),
        pytest.param([replace(o, date=NOON.replace(month=6)) for o in renamed(dated(8))], id="now"),
        pytest.param([*renamed(dated(8)), *dated(8)], id="beside-the-old-ones"),
    ],
)
def test_old_articles_under_new_ids_are_held_back(planet: Planet, again: list[Item]) -> None:
    entries = dated(8) if again[0].date else undated(8)
    planet.sync(*entries)
    before = {one.key: one for one in planet.articles()}

    report = planet.sync(*again, story(99), story(98))
    planet.sync(*again, story(99), story(98), story(97))

    assert planet.row().state == "quarantined"
    assert "8 of " in (planet.row().reason or "")
    assert "feedsvc source resume harbour" in (report.reason or "")
    assert {one.title for one in planet.articles()} >= {"Story 97", "Story 98", "Story 99"}
    assert len(planet.articles()) == 11
    assert before.items() <= {one.key: one for one in planet.articles()}.items()
    assert planet.identity() == "id"


def test_what_is_held_back_stays_so_over_a_304_and_a_restart(planet: Planet) -> None:
    planet.sync(*dated(8))
    planet.sync(*renamed(dated(8)))

    planet.service.restart()
    planet.sync()

    assert planet.row().state == "quarantined"
    assert len(planet.articles()) == 8


def test_when_the_old_ids_come_back_the_source_is_well_by_itself(planet: Planet) -> None:
    planet.sync(*dated(8))
    planet.sync(*renamed(dated(8)))

    planet.sync(*dated(8), story(99))

    assert (planet.row().state, planet.row().reason) == ("ok", None)
    assert len(planet.articles()) == 9


def test_a_window_that_slides_while_it_is_held_back_draws_no_lots(planet: Planet) -> None:
    planet.sync(*dated(10))
    flood = renamed(dated(10))

    for end in range(4):
        planet.sync(*flood[end:], *(story(90 + n) for n in range(end)))

    assert planet.identity() == "id"
    assert planet.row().state == "quarantined"
    assert len(planet.articles()) == 13


def test_who_resumes_the_source_gets_the_new_ids_for_the_same_articles(planet: Planet) -> None:
    planet.sync(*dated(8))
    before = planet.ids()
    planet.sync(*renamed(dated(8)))

    planet.service.app.store.resume("harbour", planet.service.clock.now())
    planet.sync()
    planet.sync(*renamed(dated(8)), story(99))

    assert (planet.row().state, planet.row().reason) == ("ok", None)
    assert before.items() <= planet.ids().items()
    assert len(planet.articles()) == 9
    assert [one.link for one in planet.articles()][:8] == [o.link for o in renamed(dated(8))]


def test_to_resume_a_paused_source_believes_nothing_in_advance(planet: Planet) -> None:
    planet.sync(*dated(8))
    planet.service.app.store.pause("harbour", planet.service.clock.now())

    planet.service.app.store.resume("harbour", planet.service.clock.now())
    planet.sync(*renamed(dated(8)))

    assert planet.row().state == "quarantined"


def test_a_larger_window_with_older_entries_is_no_flood(planet: Planet) -> None:
    planet.sync(*dated(30)[20:])

    planet.sync(*dated(30))

    assert planet.row().state == "ok"
    assert len(planet.articles()) == 30


def test_a_few_that_come_under_new_ids_are_taken_for_what_they_are(planet: Planet) -> None:
    planet.sync(*dated(8))
    before = planet.ids()

    planet.sync(*renamed(dated(3)), *dated(8)[3:])

    assert planet.row().state == "ok"
    assert planet.ids() == before
    assert planet.articles()[0].link == "https://www.example.org/node/0"
