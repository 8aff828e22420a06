"""What an operator took down stays down, whatever its sources send."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from feedsvc.model import State
from feedsvc.store import SqlStore
from tests.planet import Item, Planet, atom, story
from tests.support import DEFAULT_CONFIG, Service, readable

NOON = datetime(2025, 5, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)

CRANE = "The crane\n2025-05-01\nLink: https://news.example.org/crane\n\nIt was taken down.\n"
FERRY = "The ferry\n2025-05-02\n\nIt sails at nine.\n"

VERDICTS = [
    pytest.param("withdraw", State.WITHDRAWN, id="withdrawn"),
    pytest.param("hide", State.HIDDEN, id="hidden"),
    pytest.param("purge", State.WITHDRAWN, id="purged"),
]


def give(service: Service, verdict: str, name: str) -> None:
    """What the command does, without the build."""
    store: SqlStore = service.app.store
    getattr(store, verdict)(store.named(name), reason="asked", now=service.clock.now())


def restore(service: Service, name: str) -> None:
    store = service.app.store
    store.restore(store.named(name), now=service.clock.now())


def states(service: Service) -> dict[str, str]:
    return {key: article.state.value for key, article in service.stored().items()}


def public(service: Service) -> str:
    """All that readers can get."""
    return "\n".join(readable(service.public).values())


# -- folders ---------------------------------------------------------------------------------------


def edited(service: Service) -> None:
    service.write("crane.txt", CRANE.replace("taken down", "taken away"))


def retitled(service: Service) -> None:
    service.write("crane.txt", CRANE.replace("The crane", "The old crane"))


def touched(service: Service) -> None:
    service.write("crane.txt", CRANE, age=30)


def renamed(service: Service) -> None:
    (service.articles_folder / "crane.txt").rename(service.articles_folder / "kran.txt")


def renamed_and_edited(service: Service) -> None:
    service.remove("crane.txt")
    service.write("kran.txt", CRANE.replace("taken down", "taken away"))


def moved(service: Service) -> None:
    service.remove("crane.txt")
    service.write("2025/05/crane-2.txt", CRANE)


def copied(service: Service) -> None:
    service.write("kran.txt", CRANE)


def copied_with_another_id(service: Service) -> None:
    service.write("kran.txt", CRANE.replace("Link:", "ID: kran-2\nLink:"))


def deleted_and_written_again(service: Service) -> None:
    service.remove("crane.txt")
    service.sync()
    service.write("crane.txt", CRANE)


def unreadable_for_a_while(service: Service) -> None:
    service.write("crane.txt", b"\x00\x01\x02")
    service.sync()
    service.write("crane.txt", CRANE)


def read_otherwise(service: Service) -> None:
    service.configure(DEFAULT_CONFIG + 'tags = ["Harbour"]\n')


def source_removed_and_back(service: Service) -> None:
    service.configure(DEFAULT_CONFIG.replace('"desk"', '"other"').replace("articles", "empty"))
    (service.root / "empty").mkdir(exist_ok=True)
    service.sync()
    service.configure()


def source_renamed(service: Service) -> None:
    service.configure(DEFAULT_CONFIG.replace('"desk"', '"newsroom"\nwas = "desk"'))


@pytest.mark.parametrize(("verdict", "state"), VERDICTS)
@pytest.mark.parametrize(
    "happens",
    [
        edited, retitled, touched, renamed, renamed_and_edited, moved, copied,
        copied_with_another_id, deleted_and_written_again, unreadable_for_a_while, read_otherwise,
        source_removed_and_back, source_renamed,
    ],
)  # fmt: skip
def test_a_folder_does_not_bring_it_back(
    service: Service, verdict: str, state: State, happens: Callable[[Service], None]
) -> None:
    service.write("crane.txt", CRANE)
    service.write("ferry.txt", FERRY)
    service.sync()
    give(service, verdict, "news.example.org/crane")
    service.regenerate()
    assert "crane" not in public(service)

    happens(service)
    report = service.sync(force=True)
    again = service.sync(force=True)

    assert "crane" not in public(service)
    assert "The ferry" in public(service)
    assert [one.state for one in service.stored().values() if "crane" in one.key] == [state]
    assert {one.state for one in service.stored().values() if "ferry" not in one.key} == {state}
    for told in (*report.sources, *again.sources):
        assert told.new == 0
        assert told.withdrawn == 0
    assert [(told.outcome, told.changed) for told in again.sources] == [("unchanged", 0)]


@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge"])
def test_an_edit_of_it_touches_no_feed_and_is_no_news(service: Service, verdict: str) -> None:
    service.write("crane.txt", CRANE)
    service.write("ferry.txt", FERRY)
    service.sync()
    give(service, verdict, "news.example.org/crane")
    service.regenerate()
    before = service.snapshot()
    number = service.app.store.newest_change()

    service.clock.tick(hours=1)
    edited(service)
    report = service.sync()

    assert (report.sources[0].outcome, report.sources[0].changed) == ("unchanged", 0)
    assert {row.name: row.touched for row in service.app.store.feeds()}["all"] is None
    assert service.app.store.newest_change() == number
    assert service.snapshot() == before


@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge"])
def test_its_very_file_under_another_name_is_known(service: Service, verdict: str) -> None:
    service.write("ferry.txt", FERRY)
    service.sync()
    give(service, verdict, "ferry")

    service.write("elsewhere/other.txt", FERRY)
    report = service.sync()

    assert "The ferry" not in public(service)
    assert report.sources[0].new == 0
    assert len(service.stored()) == 2


@pytest.mark.parametrize(
    "config",
    [
        pytest.param(DEFAULT_CONFIG.replace('"desk"', '"newsroom"'), id="a-source-with-a-new-name"),
        pytest.param(
            DEFAULT_CONFIG + '\n[[source]]\nname = "sea"\npath = "sea"\n', id="another-source"
        ),
    ],
)
@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge"])
def test_its_very_file_in_another_source_is_known(
    service: Service, verdict: str, config: str
) -> None:
    service.write("ferry.txt", FERRY)
    service.sync()
    give(service, verdict, "ferry")
    service.write("../sea/other.txt", FERRY)

    service.configure(config)
    report = service.sync()

    assert "The ferry" not in public(service)
    assert sum(told.new for told in report.sources) == 0
    assert {one.state for one in service.stored().values()} == {
        State.HIDDEN if verdict == "hide" else State.WITHDRAWN
    }


def test_a_purged_one_is_not_quoted_to_the_operator(service: Service) -> None:
    service.write("crane.txt", CRANE.replace("2025-05-01", "Date: 31.13.2025"))
    service.sync()
    assert "31.13.2025" in "".join(service.problems().values())

    give(service, "purge", "crane")
    assert service.problems() == {}
    service.write("crane.txt", CRANE.replace("2025-05-01", "Date: 31.14.2025"))
    service.sync()

    assert service.problems() == {}


def test_restored_it_reads_as_it_was_corrected(service: Service) -> None:
    service.write("crane.txt", CRANE)
    service.sync()
    give(service, "hide", "crane")
    edited(service)
    service.sync()

    restore(service, "crane")
    service.regenerate()

    assert "It was taken away." in public(service)
    (article,) = service.stored().values()
    assert (article.state, article.revision) == (State.PUBLISHED, 2)
    assert [version.number for version in service.app.store.history(article)] == [1, 2]


def test_nothing_of_what_was_purged_is_written_again(service: Service) -> None:
    service.write("crane.txt", CRANE)
    service.sync()
    give(service, "purge", "crane")

    edited(service)
    service.sync()
    copied(service)
    service.sync()

    for article in service.stored().values():
        assert (article.title, article.html, article.summary) == ("", "", None)
        assert service.app.store.history(article) == ()
    service.app.store.scrub()
    service.restart()
    for database in (service.root / "var").iterdir():
        assert b"taken" not in database.read_bytes()


def gone(service: Service) -> None:
    service.remove("crane.txt")


def gone_with_its_source(service: Service) -> None:
    service.configure(DEFAULT_CONFIG.replace('"desk"', '"other"').replace("articles", "empty"))
    (service.root / "empty").mkdir()


def unreleased(service: Service) -> None:
    service.write("crane.txt", CRANE.replace("Link:", "Status: draft\nLink:"))


@pytest.mark.parametrize(
    ("happens", "state"),
    [
        pytest.param(lambda _: None, State.PUBLISHED, id="nothing-happened"),
        pytest.param(gone, State.WITHDRAWN, id="its-file-is-gone"),
        pytest.param(gone_with_its_source, State.GONE, id="its-source-is-gone"),
        pytest.param(unreleased, State.HELD, id="it-is-a-draft-again"),
        pytest.param(deleted_and_written_again, State.PUBLISHED, id="its-file-was-gone"),
        pytest.param(source_removed_and_back, State.PUBLISHED, id="its-source-was-gone"),
    ],
)
@pytest.mark.parametrize("verdict", ["withdraw", "hide"])
def test_restored_it_is_what_its_source_makes_of_it(
    service: Service, verdict: str, happens: Callable[[Service], None], state: State
) -> None:
    service.write("crane.txt", CRANE)
    service.write("ferry.txt", FERRY)
    service.sync()
    give(service, verdict, "crane")

    happens(service)
    service.sync()
    restore(service, "crane")
    service.regenerate()

    assert states(service)["link:https://news.example.org/crane"] == state.value
    assert ("The crane" in public(service)) == (state is State.PUBLISHED)


@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge"])
def test_what_waits_for_its_day_never_comes(service: Service, verdict: str) -> None:
    service.write("crane.txt", CRANE.replace("Link:", "Embargo: 2025-06-02 10:00\nLink:"))
    service.write("ferry.txt", FERRY)
    service.sync()
    give(service, verdict, "crane")

    service.clock.tick(days=3)
    service.sync()

    assert "crane" not in public(service)


def test_what_its_source_withdrew_can_be_withdrawn_for_good(service: Service) -> None:
    service.write("crane.txt", CRANE)
    service.write("ferry.txt", FERRY)
    service.sync()
    service.remove("crane.txt")
    service.sync()
    give(service, "withdraw", "crane")

    service.write("crane.txt", CRANE)
    service.sync()

    assert "crane" not in public(service)
    restore(service, "crane")
    service.regenerate()
    assert "The crane" in public(service)


def test_a_verdict_reaches_the_copy_in_another_folder(make_service: Callable[..., Service]) -> None:
    service = make_service(DEFAULT_CONFIG + '[[source]]\nname = "quay"\npath = "quay"\n')
    copy = service.root / "quay" / "kran.txt"
    copy.parent.mkdir()
    copy.write_text("A crane\nLink: http://www.news.example.org/crane/?utm_source=x\n\nWords.\n")
    os.utime(copy, (1_700_000_000, 1_700_000_000))
    service.write("crane.txt", CRANE)
    service.sync()

    give(service, "withdraw", "https://news.example.org/crane")

    assert {one.state for one in service.stored().values()} == {State.WITHDRAWN}


# -- remote sources --------------------------------------------------------------------------------


def seen(planet: Planet) -> str:
    return public(planet.service)


CRANE_ENTRY = story(
    1,
    title="The crane",
    text="<p>The crane at the northern quay was taken down on Monday morning.</p>",
    date=NOON,
)
NEW_ID = "tag:harbour.example.org,2025:new"
NEW_LINK = "https://harbour.example.org/elsewhere"


@pytest.mark.parametrize(("verdict", "state"), VERDICTS)
@pytest.mark.parametrize(
    "comes",
    [
        pytest.param(CRANE_ENTRY, id="as-ever"),
        pytest.param(replace(CRANE_ENTRY, title="The old crane"), id="with-another-title"),
        pytest.param(replace(CRANE_ENTRY, text="<p>The crane is gone now.</p>"), id="rewritten"),
        pytest.param(replace(CRANE_ENTRY, link=NEW_LINK), id="at-another-link"),
        pytest.param(replace(CRANE_ENTRY, guid=NEW_ID), id="under-another-id"),
        pytest.param(replace(CRANE_ENTRY, guid=None), id="without-an-id"),
        pytest.param(replace(CRANE_ENTRY, date=NOON + 30 * DAY), id="dated-anew"),
        pytest.param(
            replace(
                CRANE_ENTRY, guid=NEW_ID, title="The old crane", text="<p>This crane, again.</p>"
            ),
            id="with-nothing-but-its-link",
        ),
        pytest.param(
            replace(
                CRANE_ENTRY, link=NEW_LINK, title="The old crane", text="<p>This crane, again.</p>"
            ),
            id="with-nothing-but-its-id",
        ),
    ],
)
def test_a_feed_does_not_bring_it_back(
    planet: Planet, verdict: str, state: State, comes: Item
) -> None:
    planet.sync(CRANE_ENTRY, story(2), build=True)
    give(planet.service, verdict, planet.ids()["The crane"])

    report = planet.sync(comes, story(2), story(3), build=True)
    again = planet.sync(comes, story(2), story(3), build=True)

    assert "crane" not in seen(planet)
    assert "Story 3" in seen(planet)
    assert (report.new, report.changed, report.withdrawn) == (1, 0, 0)
    assert (again.new, again.changed) == (0, 0)
    struck = [one for one in planet.articles() if not one.title.startswith("Story")]
    assert {one.state for one in struck} == {state}


@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge"])
@pytest.mark.parametrize(
    "copy",
    [
        pytest.param(story(9, title="Our crane", link=CRANE_ENTRY.link), id="at-its-link"),
        pytest.param(
            story(9, title="Our crane", link="http://www.harbour.example.org/1/?utm_medium=rss"),
            id="at-its-link-as-others-write-it",
        ),
        pytest.param(
            story(1, title="Our crane", link="https://museum.example.org/1"), id="under-its-id"
        ),
    ],
)
@pytest.mark.parametrize("first", [True, False], ids=["there-before", "comes-later"])
def test_no_copy_rises_in_its_place(planet: Planet, verdict: str, copy: Item, first: bool) -> None:
    planet.configure(harbour="", museum="")
    planet.put(CRANE_ENTRY, story(2))
    planet.put(*([copy] if first else []), story(5), at="museum")
    planet.run(build=True)
    give(planet.service, verdict, planet.ids()["The crane"])

    planet.put(copy, story(5), story(6), at="museum")
    reports = {one.name: one for one in planet.run(build=True).sources}

    assert "crane" not in seen(planet)
    assert "Story 6" in seen(planet)
    assert reports["museum"].new == 1
    assert len(planet.articles("museum")) == 3


@pytest.mark.parametrize("first", [True, False], ids=["there-before", "comes-later"])
def test_restored_its_copies_are_there_again(planet: Planet, first: bool) -> None:
    planet.configure('[[feed]]\nname = "all"\ndedupe = "none"\n', harbour="", museum="")
    copy = story(9, title="Our crane", link=CRANE_ENTRY.link)
    planet.put(CRANE_ENTRY)
    planet.put(*([copy] if first else []), story(5), at="museum")
    planet.run()
    give(planet.service, "withdraw", planet.ids()["The crane"])
    planet.put(copy, story(5), at="museum")
    planet.run(build=True)
    assert "crane" not in seen(planet)

    restore(planet.service, planet.ids()["The crane"])
    planet.service.regenerate()

    assert "The crane" in seen(planet)
    assert "Our crane" in seen(planet)


def test_an_entry_of_a_live_blog_goes_alone(planet: Planet) -> None:
    blog = [
        story(n, title=f"Minute {n}", link="https://harbour.example.org/live", date=NOON + n * DAY)
        for n in range(4)
    ]
    planet.configure('[[feed]]\nname = "all"\ndedupe = "none"\n', harbour="", museum="")
    planet.put(*blog[:3])
    planet.put(*[replace(one, guid=f"copy-{one.guid}") for one in blog[:3]], at="museum")
    planet.run()

    give(planet.service, "withdraw", planet.ids()["Minute 1"])
    planet.put(*blog)
    planet.run()

    assert planet.titles() == ["Minute 0", "Minute 2", "Minute 3"]
    assert planet.titles(state="withdrawn") == ["Minute 1"]
    assert planet.titles("museum") == ["Minute 0", "Minute 1", "Minute 2"]


def test_what_its_source_deletes_meanwhile_does_not_come_back(planet: Planet) -> None:
    dated = replace(CRANE_ENTRY, updated=NOON)
    planet.serve(atom(dated, story(2)))
    planet.run()
    name = planet.ids()["The crane"]
    give(planet.service, "hide", name)

    planet.serve(atom(story(2), deleted=[(CRANE_ENTRY.guid or "", NOON + DAY)]))
    report = planet.run()
    restore(planet.service, name)

    assert report.sources[0].withdrawn == 0
    assert planet.titles(state="withdrawn") == ["The crane"]
    assert "deleted" in (planet.service.app.store.standings(planet.articles())[0].reason or "")
    planet.serve(atom(replace(dated, updated=NOON + 2 * DAY), story(2)))
    planet.run()
    assert "The crane" in planet.titles()


def test_a_window_that_it_leaves_is_remembered(planet: Planet) -> None:
    planet.configure(harbour='on_delete = "withdraw"')
    entries = [story(n, date=NOON + n * DAY) for n in (3, 2, 1)]
    planet.sync(*entries)
    name = planet.ids()["Story 2"]
    give(planet.service, "withdraw", name)

    report = planet.sync(entries[0], entries[2])
    restore(planet.service, name)

    assert report.withdrawn == 0
    assert planet.titles(state="withdrawn") == ["Story 2"]


@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge"])
def test_a_feed_that_comes_back_does_not_bring_it_back(planet: Planet, verdict: str) -> None:
    planet.sync(CRANE_ENTRY, story(2), build=True)
    give(planet.service, verdict, planet.ids()["The crane"])

    planet.configure(museum="")
    planet.put(story(5), at="museum")
    planet.run(build=True)
    assert "Story 2" not in seen(planet)
    planet.configure(harbour="", museum="")
    planet.run(build=True)

    assert "crane" not in seen(planet)
    assert "Story 2" in seen(planet)
