"""Verdicts of the operator: what they are about, what they mark, what is left of a purged one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from feedsvc.decide import Policy, digest, first_seen, revise
from feedsvc.errors import NotFoundError, UsageError
from feedsvc.model import Draft, Enclosure, FileStat, Image, Person, State, Verdict
from feedsvc.ports import Change, EntryChange, Fragment, Memory, Standing, Stored, Visit
from feedsvc.store import SqlStore

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
LATER = NOON + HOUR

DESK, QUAY = ("desk", None, "folder", "/articles"), ("quay", None, "folder", "/quay")
PAGE = "https://news.example.org/crane"

CRANE = Draft(
    title="The crane",
    html="<p>Nobody may read this.</p>",
    id="crane",
    link=PAGE,
    summary="A riddle.",
    subtitle="Hush",
    published=NOON,
    authors=(Person(name="Mara"),),
    tags=("Sea",),
    language="de",
    image=Image(url="https://news.example.org/c.jpg", caption="Whisper"),
    enclosures=(Enclosure(url="https://news.example.org/c.mp3"),),
    extra=(("Source", "Somebody"),),
)


def _guid(draft: Draft, source: str) -> str:
    own = draft.id or ""
    return own if "://" in own else f"tag:{source}:{own}"


class Desk:
    """A store with two folders and a few words for what tests do with it."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        store.enrol([DESK, QUAY], NOON)

    def add(self, *drafts: Draft, source: str = "desk", now: datetime = NOON) -> None:
        changes = [
            Change(
                path=f"{draft.id or draft.title}.txt",
                stat=FileStat(1, 2, 3),
                digest=digest(f"{source}/{draft}".encode()),
                declared=draft.id,
                warnings=("a date that quotes a riddle",),
                article=first_seen(
                    draft, source=source, key=f"id:{draft.id}", link=draft.link,
                    guid=_guid(draft, source),
                    policy=Policy(), now=now,
                ),
            )
            for draft in drafts
        ]  # fmt: skip
        self.store.record(self.row(source), changes, now)

    def row(self, source: str = "desk") -> int:
        return self.store.source(source).row

    def stored(self, name: str = "crane", source: str = "desk") -> Stored:
        (found,) = self.store.find(
            self.row(source), declared=[name], links=(), keys=(), rows=(), documents=()
        )
        return found

    def edit(self, name: str = "crane", now: datetime = LATER, **said: Any) -> Change:
        """What a sync would write that has read the store by now."""
        before = self.stored(name)
        draft = replace(CRANE, **said)
        article = revise(
            before.article, draft, link=draft.link, policy=Policy(), now=now, reread=False
        )
        return Change(
            path=f"{name}.txt", stat=FileStat(2, 3, 4), digest=digest(b"edited"), row=before.row,
            declared=name, article=article,
        )  # fmt: skip

    def visit(self, **found: Any) -> None:
        """As if the source were a feed, and a visit of it had found this."""
        address = "https://news.example.org/feed"
        self.store.settle(
            [
                Visit(
                    source=self.store.source("desk"), memory=Memory(address, address), now=LATER,
                    next_due=LATER, state="ok", **found,
                )
            ]
        )  # fmt: skip

    def build(self) -> None:
        """As if all feeds had been built."""
        for row in self.store.feeds():
            self.store.settle_feed(replace(row, touched=None), read=row, members=None, lines=())

    def touched(self) -> set[str]:
        return {row.name for row in self.store.feeds() if row.touched is not None}

    def states(self) -> dict[str, str]:
        return {one.guid: one.state.value for one in self.store.list_articles(now=LATER)}

    def standing(self, guid: str) -> Standing:
        return self.store.standings(self.store.of_ids([guid]))[0]


def canon(url: str) -> bytes | None:
    """What the only article is known by to copies of it."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as database:
        ((found,),) = database.execute("SELECT canon FROM article").fetchall()
        return bytes(found) if found else None


@pytest.fixture
def desk(store: SqlStore) -> Desk:
    return Desk(store)


# -- what a verdict is and what it marks -----------------------------------------------------------


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("withdraw", "withdrawn"), ("hide", "hidden"), ("purge", "withdrawn")],
)
def test_a_verdict_tells_what_why_and_when(desk: Desk, verdict: str, state: str) -> None:
    desk.add(CRANE)

    (done,) = getattr(desk.store, verdict)(["tag:desk:crane"], reason="asked", now=LATER)

    assert (done.was.value, done.state.value, done.changed) == ("published", state, True)
    assert desk.states() == {"tag:desk:crane": state}
    told = desk.standing("tag:desk:crane")
    assert told == Standing(done.verdict, LATER, "asked")


@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge"])
def test_the_feeds_that_showed_it_are_marked_and_no_others(desk: Desk, verdict: str) -> None:
    desk.add(CRANE)
    desk.add(replace(CRANE, id="ferry", link=None), source="quay")
    desk.build()
    number = desk.store.newest_change()

    getattr(desk.store, verdict)(["tag:desk:crane"], reason=None, now=LATER)

    assert desk.touched() == {"all", "sea"}
    assert desk.store.newest_change() == number + 1


def test_a_restored_one_marks_the_feeds_that_will_show_it(desk: Desk) -> None:
    desk.add(CRANE)
    desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)
    desk.build()
    number = desk.store.newest_change()

    (done,) = desk.store.restore(["tag:desk:crane"], now=LATER)

    assert (done.was, done.state, done.verdict) == (State.WITHDRAWN, State.PUBLISHED, None)
    assert desk.touched() == {"all", "sea"}
    assert desk.store.newest_change() == number + 1
    assert desk.standing("tag:desk:crane") == Standing()


@pytest.mark.parametrize("verdict", ["withdraw", "hide", "purge", "restore"])
def test_said_twice_it_changes_nothing(desk: Desk, verdict: str) -> None:
    desk.add(CRANE)
    more = {} if verdict == "restore" else {"reason": "asked"}
    getattr(desk.store, verdict)(["tag:desk:crane"], now=NOON, **more)
    desk.build()
    number, before = desk.store.newest_change(), desk.standing("tag:desk:crane")

    (done,) = getattr(desk.store, verdict)(["tag:desk:crane"], now=LATER, **more)

    assert not done.changed
    assert desk.touched() == set()
    assert desk.store.newest_change() == number
    assert desk.standing("tag:desk:crane") == before


def test_a_better_reason_takes_the_place_of_the_first(desk: Desk) -> None:
    desk.add(CRANE)
    desk.store.withdraw(["tag:desk:crane"], reason="asked", now=NOON)

    desk.store.withdraw(["tag:desk:crane"], reason="a court asked", now=LATER)
    desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)

    assert desk.standing("tag:desk:crane") == Standing(Verdict.WITHDRAWN, NOON, "a court asked")


def test_one_verdict_follows_another_and_its_own_state_is_kept(desk: Desk) -> None:
    desk.add(CRANE)
    for verdict in (desk.store.hide, desk.store.withdraw, desk.store.hide):
        verdict(["tag:desk:crane"], reason="asked", now=LATER)

    desk.store.restore(["tag:desk:crane"], now=LATER)

    assert desk.states() == {"tag:desk:crane": "published"}


def test_an_unknown_one_changes_none_of_the_others(desk: Desk) -> None:
    desk.add(CRANE)

    with pytest.raises(NotFoundError, match="no article 'tag:nobody'"):
        desk.store.withdraw(["tag:desk:crane", "tag:nobody"], reason=None, now=LATER)

    assert desk.states() == {"tag:desk:crane": "published"}


# -- which articles it is about --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("other", "taken"),
    [
        pytest.param({"id": "kran"}, True, id="the-same-link"),
        pytest.param({"id": "k", "link": "http://www.news.example.org/crane/"}, True, id="alike"),
        pytest.param({"id": "k", "link": f"{PAGE}?utm_source=x#top"}, True, id="tracking"),
        pytest.param(
            {"id": "k", "link": PAGE.replace("news", "NEWS")}, True, id="host-in-capitals"
        ),
        pytest.param({"id": "k", "link": f"{PAGE}s"}, False, id="another-link"),
        pytest.param({"id": "k", "link": None}, False, id="only-the-same-words"),
    ],
)
def test_copies_of_other_sources_go_with_it(desk: Desk, other: dict[str, Any], taken: bool) -> None:
    desk.add(CRANE)
    desk.add(replace(CRANE, **other), source="quay")

    done = desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)

    assert len(done) == 1 + taken
    assert list(desk.states().values()).count("withdrawn") == 1 + taken


def test_all_of_one_id_go_with_it(desk: Desk) -> None:
    shared = "https://news.example.org/id/7"
    desk.add(replace(CRANE, id=shared, link=None))
    desk.add(replace(CRANE, id=shared, link=None, title="Its copy"), source="quay")

    done = desk.store.withdraw([shared], reason=None, now=LATER)

    assert [one.source for one in done] == ["desk", "quay"]
    assert {one.state for one in desk.store.of_ids([shared])} == {State.WITHDRAWN}


def test_an_address_that_many_share_tells_of_no_story(desk: Desk) -> None:
    desk.add(CRANE, replace(CRANE, id="second"))
    desk.add(replace(CRANE, id="copy"), source="quay")

    desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)
    assert desk.states()["tag:quay:copy"] == "published"

    # Now nothing is left on the page that may be read.
    desk.store.withdraw(["tag:desk:second"], reason=None, now=LATER)
    assert desk.states()["tag:quay:copy"] == "withdrawn"


def test_a_newcomer_at_an_address_that_many_share_is_free(desk: Desk) -> None:
    desk.add(CRANE, replace(CRANE, id="second"))
    desk.store.withdraw(["tag:desk:crane"], reason=None, now=NOON)

    desk.add(replace(CRANE, id="copy"), source="quay")

    assert desk.states()["tag:quay:copy"] == "published"


def test_who_links_to_a_live_blog_does_not_take_it_along(desk: Desk) -> None:
    desk.add(CRANE, replace(CRANE, id="second"))
    desk.add(replace(CRANE, id="pointer"), source="quay")

    desk.store.withdraw(["tag:quay:pointer"], reason=None, now=NOON)
    desk.add(replace(CRANE, id="third"))

    assert {name for name, state in desk.states().items() if state == "published"} == {
        "tag:desk:crane", "tag:desk:second", "tag:desk:third",
    }  # fmt: skip

    # They have nothing to do with one another when they come back, either.
    desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)
    desk.store.restore(["tag:desk:crane"], now=LATER)
    assert desk.states()["tag:quay:pointer"] == "withdrawn"


def test_all_that_copy_a_story_go_with_it_however_often_they_do(desk: Desk) -> None:
    desk.add(CRANE)
    desk.add(replace(CRANE, id="copy"), replace(CRANE, id="again"), source="quay")

    desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)

    assert set(desk.states().values()) == {"withdrawn"}


def test_another_verdict_on_the_same_address_stands(desk: Desk) -> None:
    desk.add(CRANE, replace(CRANE, id="second"))
    desk.store.hide(["tag:desk:second"], reason=None, now=NOON)

    desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)

    assert desk.states() == {"tag:desk:crane": "withdrawn", "tag:desk:second": "hidden"}


def test_of_several_on_one_address_each_is_restored_alone(desk: Desk) -> None:
    desk.add(CRANE, replace(CRANE, id="second"))
    desk.store.withdraw(["tag:desk:crane", "tag:desk:second"], reason=None, now=LATER)

    desk.store.restore(["tag:desk:crane"], now=LATER)

    assert desk.states() == {"tag:desk:crane": "published", "tag:desk:second": "withdrawn"}


def test_a_folder_is_as_it_was_after_a_restore(desk: Desk, url: str) -> None:
    desk.add(CRANE)
    before = canon(url)

    desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)
    between = canon(url)
    desk.store.restore(["tag:desk:crane"], now=LATER)

    assert (before, between is None, canon(url)) == (None, False, None)


@pytest.mark.parametrize(
    ("comes", "source", "struck"),
    [
        pytest.param({"id": "kran"}, "quay", True, id="a-copy-elsewhere"),
        pytest.param({"id": "kran"}, "desk", True, id="its-page-under-another-id"),
        pytest.param({"id": "kran", "link": f"{PAGE}s"}, "desk", False, id="another-story"),
        pytest.param({"id": "kran", "link": None}, "quay", False, id="a-story-without-a-link"),
    ],
)
@pytest.mark.parametrize("verdict", [Verdict.WITHDRAWN, Verdict.HIDDEN, Verdict.PURGED])
def test_a_newcomer_gets_the_verdict_of_its_story(
    desk: Desk, comes: dict[str, Any], source: str, struck: bool, verdict: Verdict
) -> None:
    desk.add(CRANE)
    name = {"withdrawn": "withdraw", "hidden": "hide", "purged": "purge"}[verdict.value]
    getattr(desk.store, name)(["tag:desk:crane"], reason="asked", now=NOON)
    desk.build()

    desk.add(replace(CRANE, **comes), source=source, now=LATER)

    guid = f"tag:{source}:kran"
    (article,) = desk.store.of_ids([guid])
    if struck:
        assert article.state is verdict.state
        assert desk.standing(guid) == Standing(verdict, NOON, "asked")
        assert (article.html == "") == (verdict is Verdict.PURGED)
        assert desk.touched() == set()
    else:
        assert article.state is State.PUBLISHED
        assert desk.touched() >= {"all", "sea"}


def test_the_strictest_of_several_verdicts_awaits_a_newcomer(desk: Desk) -> None:
    shared = "https://news.example.org/id/7"
    desk.add(CRANE, replace(CRANE, id=shared, link=None))
    desk.store.hide([shared], reason="first", now=NOON)
    desk.store.withdraw(["tag:desk:crane"], reason="second", now=LATER)

    desk.add(replace(CRANE, id=shared), source="quay")

    (_, newcomer) = desk.store.standings(desk.store.of_ids([shared]))
    assert newcomer == Standing(Verdict.WITHDRAWN, LATER, "second")


def test_restore_lifts_what_came_with_it_and_nothing_else(desk: Desk) -> None:
    desk.add(CRANE, replace(CRANE, id="ferry", link=f"{PAGE}/ferry"))
    desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)
    desk.store.withdraw(["tag:desk:ferry"], reason=None, now=LATER)
    desk.add(replace(CRANE, id="copy"), source="quay", now=LATER)

    desk.store.restore(["tag:desk:crane"], now=LATER)

    assert desk.states() == {
        "tag:desk:crane": "published", "tag:quay:copy": "published", "tag:desk:ferry": "withdrawn",
    }  # fmt: skip


def test_after_a_restore_newcomers_are_free_again(desk: Desk) -> None:
    desk.add(CRANE)
    desk.store.withdraw(["tag:desk:crane"], reason=None, now=LATER)
    desk.store.restore(["tag:desk:crane"], now=LATER)

    desk.add(replace(CRANE, id="copy"), source="quay", now=LATER)

    assert desk.states()["tag:quay:copy"] == "published"


# -- those who write at the same time --------------------------------------------------------------


@pytest.mark.parametrize(("verdict", "html"), [("withdraw", "<p>Anew.</p>"), ("purge", "")])
def test_a_sync_that_has_read_before_does_not_undo_it(desk: Desk, verdict: str, html: str) -> None:
    desk.add(CRANE)
    change = desk.edit(html="<p>Anew.</p>")
    getattr(desk.store, verdict)(["tag:desk:crane"], reason="asked", now=LATER)
    desk.build()
    number = desk.store.newest_change()

    desk.store.record(desk.row(), [change], LATER)

    (article,) = desk.store.of_ids(["tag:desk:crane"])
    assert (article.state, article.html) == (State.WITHDRAWN, html)
    assert desk.standing("tag:desk:crane").reason == "asked"
    assert desk.touched() == set()
    assert desk.store.newest_change() == number


@pytest.mark.parametrize("quiet", [False, True], ids=["reworded", "only-its-source-sees-it"])
@pytest.mark.parametrize("verdict", ["withdraw", "purge"])
def test_a_visit_that_has_read_before_does_not_undo_it(
    desk: Desk, verdict: str, quiet: bool
) -> None:
    desk.add(CRANE)
    before, edited = desk.stored(), desk.edit(html="<p>Anew.</p>").article
    assert edited is not None
    getattr(desk.store, verdict)(["tag:desk:crane"], reason="asked", now=LATER)
    desk.build()
    number = desk.store.newest_change()

    change = EntryChange("crane", b"words", edited, row=before.row, quiet=quiet)
    desk.visit(entries=(change,))
    desk.visit(withdrawn=((before.row, "it is no longer in the feed"),))

    after = desk.stored()
    assert desk.standing("tag:desk:crane").reason == "asked"
    assert desk.touched() == set()
    assert desk.store.newest_change() == number
    if verdict == "purge":
        assert (after.document, after.article.html) == (before.document, "")
    else:
        assert after.document == b"words"
        desk.store.restore(["tag:desk:crane"], now=LATER)
        assert desk.standing("tag:desk:crane").reason == "it is no longer in the feed"


@pytest.mark.parametrize(
    ("state", "after"), [(State.WITHDRAWN, "withdrawn"), (None, "published")], ids=["gone", "kept"]
)
def test_a_file_that_goes_meanwhile_is_remembered(
    desk: Desk, state: State | None, after: str
) -> None:
    desk.add(CRANE)
    desk.store.hide(["tag:desk:crane"], reason="asked", now=NOON)
    desk.build()

    taken = desk.store.forget(desk.row(), ["crane.txt"], state, "its file was deleted", LATER)

    assert taken == 0
    assert desk.touched() == set()
    assert desk.standing("tag:desk:crane") == Standing(Verdict.HIDDEN, NOON, "asked")
    desk.store.restore(["tag:desk:crane"], now=LATER)
    assert desk.states() == {"tag:desk:crane": after}
    assert desk.standing("tag:desk:crane").reason == "its file was deleted"


# -- purging ---------------------------------------------------------------------------------------


def test_nothing_is_left_of_what_was_purged(desk: Desk, url: str) -> None:
    desk.add(replace(CRANE, html="<p>An earlier version.</p>"))
    desk.store.record(desk.row(), [desk.edit()], LATER)
    row = desk.stored().row
    kept = Fragment(key=b"k", body=b"Nobody may read")
    desk.store.keep_fragments("full", {("atom", row): kept})

    desk.store.purge(["tag:desk:crane"], reason="asked", now=LATER)
    desk.store.scrub()

    (article,) = desk.store.of_ids(["tag:desk:crane"])
    assert desk.store.history(article) == ()
    assert desk.store.fragments("full", ["atom"], [row]) == {}
    desk.store.close()
    place = Path(url.removeprefix("sqlite:///"))
    words = [b"Nobody", b"earlier version", b"riddle", b"Hush", b"Mara", b"Whisper", b"Somebody",
             b"c.mp3"]  # fmt: skip
    for file in (place, place.with_name(f"{place.name}-wal")):
        said = file.read_bytes() if file.exists() else b""
        assert [word for word in words if word in said] == []


def test_what_a_purged_one_is_known_by_stays(desk: Desk, url: str) -> None:
    desk.add(CRANE)
    before = desk.stored()

    desk.store.purge(["tag:desk:crane"], reason=None, now=LATER)

    after = desk.stored()
    assert after.verdict == Verdict.PURGED
    assert (after.row, after.declared, after.document) == (
        before.row, before.declared, before.document,
    )  # fmt: skip
    for name in ("key", "guid", "link", "said", "published"):
        assert getattr(after.article, name) == getattr(before.article, name)
    assert canon(url) is not None


@pytest.mark.parametrize("verdict", ["withdraw", "hide"])
def test_a_purged_one_stays_purged(desk: Desk, verdict: str) -> None:
    desk.add(CRANE)
    desk.store.purge(["tag:desk:crane"], reason="asked", now=NOON)

    (done,) = getattr(desk.store, verdict)(["tag:desk:crane"], reason="no", now=LATER)

    assert (done.changed, done.verdict) == (False, Verdict.PURGED)
    assert desk.standing("tag:desk:crane") == Standing(Verdict.PURGED, NOON, "asked")
    with pytest.raises(UsageError, match="was purged"):
        desk.store.restore(["tag:desk:crane"], now=LATER)


def test_a_purge_tells_beforehand_what_it_is_about(desk: Desk) -> None:
    desk.add(CRANE)
    desk.add(replace(CRANE, id="copy"), source="quay")

    story = desk.store.story(["tag:desk:crane"])

    assert [(one.source, one.guid) for one in story] == [
        ("desk", "tag:desk:crane"), ("quay", "tag:quay:copy"),
    ]  # fmt: skip
    assert set(desk.states().values()) == {"published"}


# -- finding them ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "found"),
    [
        pytest.param("tag:desk:crane", ["tag:desk:crane"], id="an-id"),
        pytest.param("crane", ["tag:desk:crane"], id="its-end"),
        pytest.param("tag:quay", ["tag:quay:ferry"], id="its-beginning"),
        pytest.param(PAGE, ["tag:desk:crane"], id="its-link"),
        pytest.param("tag:desk:100%", ["tag:desk:100%"], id="a-wildcard-is-a-letter"),
        pytest.param("100%", ["tag:desk:100%"], id="a-wildcard-at-the-end"),
    ],
)
def test_an_article_has_several_names(desk: Desk, name: str, found: list[str]) -> None:
    desk.add(CRANE, replace(CRANE, id="100%", link=None), replace(CRANE, id="100", link=None))
    desk.add(replace(CRANE, id="ferry", link=None), source="quay")

    assert desk.store.named(name) == tuple(found)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("", "no article ''", id="nothing"),
        pytest.param("nobody", "no article 'nobody'", id="unknown"),
        pytest.param("%", "no article '%'", id="a-wildcard"),
        pytest.param("1", "'1' may be 2 articles: tag:desk:1, tag:desk:11", id="two-ends"),
        pytest.param("tag:", "'tag:' may be 7 articles: tag:desk:1, .* and 2 more", id="many"),
        pytest.param(PAGE, f"'{PAGE}' may be 2 articles", id="a-page-of-two-stories"),
        pytest.param("https://news.example.org/", "may be 2 articles", id="a-home-page"),
    ],
)
def test_a_name_is_never_ambiguous(desk: Desk, name: str, told: str) -> None:
    home = "https://news.example.org/"
    desk.add(CRANE, replace(CRANE, id="second"))
    desk.add(*[replace(CRANE, id=name, link=None) for name in ("1", "11", "x")])
    desk.add(*[replace(CRANE, id=name, link=home) for name in ("y", "z")])

    with pytest.raises(NotFoundError, match=told):
        desk.store.named(name)


def test_the_link_of_a_story_names_all_its_copies(desk: Desk) -> None:
    desk.add(CRANE)
    desk.add(replace(CRANE, id="copy"), source="quay")

    assert desk.store.named(PAGE) == ("tag:desk:crane", "tag:quay:copy")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        pytest.param(["crane"], ["crane"], id="in-the-title"),
        pytest.param(["CRANE"], ["crane"], id="without-case"),
        pytest.param(["FÄHRE"], ["ferry"], id="without-case-beyond-ascii"),
        pytest.param(["strasse"], ["ferry"], id="sharp-s"),
        pytest.param(["a\u0308"], ["ferry"], id="letters-of-another-form"),
        pytest.param(["riddle"], ["crane"], id="in-the-summary"),
        pytest.param(["nobody", "crane"], ["crane"], id="all-words"),
        pytest.param(["nobody", "ferry"], [], id="not-only-one"),
        pytest.param(["may read"], ["crane"], id="together"),
        pytest.param(["read may"], [], id="not-in-that-order"),
        pytest.param(["R&D"], ["ferry"], id="an-ampersand"),
        pytest.param(["a < b"], ["ferry"], id="a-bracket-in-the-title"),
        pytest.param(["unbroken"], ["ferry"], id="a-word-with-markup-inside"),
        pytest.param(["strong"], [], id="no-markup"),
        pytest.param(["onetwo"], [], id="not-across-paragraphs"),
        pytest.param(["%"], [], id="a-wildcard-is-a-letter"),
    ],
)
def test_words_are_searched_as_people_read_them(
    desk: Desk, words: list[str], found: list[str]
) -> None:
    ferry = Draft(
        title="a < b > c", id="ferry", published=NOON,
        html="<p>Die Fähre, Seestraße, R&amp;D: un<strong>brok</strong>en one</p><p>two</p>",
    )  # fmt: skip
    desk.add(CRANE, ferry)

    articles = desk.store.search(words)

    assert [one.key for one in articles] == [f"id:{name}" for name in found]


def test_a_search_ends_at_its_limit_with_the_newest(desk: Desk) -> None:
    desk.add(*[replace(CRANE, id=f"{n}", published=NOON - n * HOUR) for n in range(5)])

    assert [one.key for one in desk.store.search(["crane"], limit=2)] == ["id:0", "id:1"]


def test_the_history_tells_what_stood_there_when(desk: Desk) -> None:
    desk.add(CRANE)
    desk.store.record(desk.row(), [desk.edit(title="The old crane")], LATER)
    last = LATER + HOUR
    desk.store.record(desk.row(), [desk.edit(title="The older crane", now=last)], last)

    (article,) = desk.store.of_ids(["tag:desk:crane"])
    versions = desk.store.history(article)

    assert [(one.number, one.title, one.since, one.until) for one in versions] == [
        (1, "The crane", NOON, LATER),
        (2, "The old crane", LATER, last),
        (3, "The older crane", last, None),
    ]
