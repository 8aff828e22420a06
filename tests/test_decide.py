"""What happened to this article: identity, change and dates, as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from feedsvc.decide import (
    Authority,
    Candidates,
    Claim,
    Policy,
    believable_loss,
    digest,
    digest_of,
    first_seen,
    free_key,
    path_key,
    revise,
    said,
    seen,
    stable_key,
)
from feedsvc.model import Article, Draft, Enclosure, Image, Person, State
from feedsvc.ports import Stored

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOLD, CLAMP = Policy(), Policy(future="clamp")


def new(draft: Draft, *, now: datetime = NOON, policy: Policy = HOLD) -> Article:
    return first_seen(
        draft,
        source="desk",
        key="path:ferry",
        guid="tag:news.example.org,2025-01-01:desk/ferry",
        link=draft.link,
        policy=policy,
        now=now,
    )


def again(
    stored: Article,
    draft: Draft,
    *,
    now: datetime = NOON + DAY,
    policy: Policy = HOLD,
    reread: bool = False,
    link: str | None = None,
) -> Article:
    """The article after another look at its source, changed or not."""
    changed = revise(stored, draft, link=link or draft.link, policy=policy, now=now, reread=reread)
    return changed or stored


# -- ids -----------------------------------------------------------------------------------------

AUTHORITY = Authority(domain="news.example.org", since="2025-01-01")


@pytest.mark.parametrize(
    ("path", "key"),
    [
        pytest.param("ferry.txt", "path:ferry", id="the-ending-is-no-part-of-the-key"),
        pytest.param("2025/06/ferry.md", "path:2025/06/ferry", id="the-folders-are"),
        pytest.param("v1.2/ferry", "path:v1.2/ferry", id="a-dot-in-a-folder-is-no-ending"),
        pytest.param("ferry.de.md", "path:ferry.de", id="only-the-last-ending-goes"),
        pytest.param("ferry", "path:ferry", id="a-name-without-ending-is-whole"),
        pytest.param(".ferry", "path:.ferry", id="a-name-that-is-all-ending-is-whole"),
    ],
)
def test_a_path_is_a_key_without_its_ending(path: str, key: str) -> None:
    assert path_key(path) == key


@pytest.mark.parametrize(
    ("draft", "key"),
    [
        pytest.param(Draft(title="A", id="7", link="https://example.org/a"), "id:7", id="id-first"),
        pytest.param(
            Draft(title="A", link="https://example.org/a"), "link:https://example.org/a", id="link"
        ),
        pytest.param(Draft(title="A"), "path:ferry", id="then-path"),
        pytest.param(Draft(title="A", id="", link=""), "path:ferry", id="empty-is-none"),
    ],
)
def test_the_key_is_the_first_stable_one(draft: Draft, key: str) -> None:
    assert stable_key(draft, "ferry.txt") == key


@pytest.mark.parametrize(
    ("key", "guid"),
    [
        pytest.param("path:ferry", "tag:news.example.org,2025-01-01:desk/ferry", id="path"),
        pytest.param("path:2025/ferry", "tag:news.example.org,2025-01-01:desk/2025/ferry", id="in"),
        pytest.param("id:42", "tag:news.example.org,2025-01-01:desk/42", id="declared-word"),
        pytest.param(
            "id:urn:uuid:6f1d1a2e-0a6c-4f7a-9d0a-1f2e3d4c5b6a",
            "urn:uuid:6f1d1a2e-0a6c-4f7a-9d0a-1f2e3d4c5b6a",
            id="a-declared-iri-is-published-as-it-is",
        ),
        pytest.param(
            "id:https://example.org/?p=1", "https://example.org/?p=1", id="a-wordpress-guid-too"
        ),
        pytest.param(
            "path:größe und mehr",
            "tag:news.example.org,2025-01-01:desk/gr%C3%B6%C3%9Fe%20und%20mehr",
            id="what-no-uri-may-hold-is-encoded",
        ),
    ],
)
def test_ids_are_tag_uris(key: str, guid: str) -> None:
    assert AUTHORITY.mint("desk", key) == guid


def test_a_link_as_key_is_minted_and_not_published_as_the_id() -> None:
    guid = AUTHORITY.mint("desk", "link:https://example.org/a")

    assert guid.startswith("tag:news.example.org,2025-01-01:desk/https")


def test_a_feed_has_an_id_of_its_own() -> None:
    assert AUTHORITY.feed("all") == "tag:news.example.org,2025-01-01:feed:all"


@pytest.mark.parametrize(
    ("taken", "key"),
    [
        pytest.param(set(), "path:ferry", id="nobody-has-it"),
        pytest.param({"ferry"}, "path:ferry;2", id="somebody-has-it"),
        pytest.param({"ferry", "ferry;2", "ferry;3"}, "path:ferry;4", id="and-others-after-them"),
    ],
)
def test_a_taken_key_gets_a_number(taken: set[str], key: str) -> None:
    assert free_key("path:ferry", taken) == key


# -- matching ------------------------------------------------------------------------------------

OLD, OTHER, NEWS = b"old words", b"other words", b"new words"


def stored(row: int, key: str, *, content: bytes = OLD, **rest: Any) -> Stored:
    link = rest.pop("link", None)
    article = replace(new(Draft(title=f"Article {row}")), key=key, link=link)
    return Stored(
        row=row, declared=rest.pop("declared", None), document=digest(content), article=article
    )


def claim(path: str, content: bytes = NEWS, *, row: int | None = None, **draft: Any) -> Claim:
    return Claim(path=path, draft=Draft(title="A", **draft), document=digest(content), row=row)


A = stored(1, "path:a")
B = stored(2, "path:b", content=OTHER)
WITH_ID = stored(1, "id:7", declared="7")
WITH_LINK = stored(1, "link:https://example.org/a", link="https://example.org/a")


@pytest.mark.parametrize(
    ("known", "live", "what", "row", "rival"),
    [
        pytest.param([A, B], {1: "a.txt", 2: "b.txt"}, claim("a.txt", row=1), 1, None, id="edit"),
        pytest.param([A], {}, claim("new.txt"), None, None, id="unknown-is-new"),
        pytest.param([A], {}, claim("b.txt", OLD), 1, None, id="rename"),
        pytest.param([A], {1: "a.txt"}, claim("b.txt", OLD), None, None, id="a-copy-is-new"),
        pytest.param([A], {}, claim("b.txt"), None, None, id="rename-and-edit-is-new"),
        pytest.param([A], {}, claim("a.md"), 1, None, id="another-ending-is-the-same-path"),
        pytest.param(
            [A], {1: "a.txt"}, claim("a.md"), 1, "a.txt", id="two-endings-at-once-are-rivals"
        ),
        pytest.param(
            [A], {1: "b.txt"}, claim("a.txt"), None, None, id="a-moved-article-leaves-its-path"
        ),
        pytest.param(
            [A], {1: "b.txt"}, claim("a.txt", row=1), None, None, id="even-if-the-file-was-its-own"
        ),
        pytest.param([WITH_ID], {}, claim("b.txt", id="7"), 1, None, id="rename-and-edit-by-id"),
        pytest.param(
            [WITH_ID], {1: "a.txt"}, claim("b.txt", id="7"), 1, "a.txt", id="two-files-one-id"
        ),
        pytest.param(
            [WITH_ID], {1: "a.txt"}, claim("a.txt", row=1, id="8"), None, None,
            id="another-id-at-the-same-path-is-another-article",
        ),
        pytest.param([A], {1: "a.txt"}, claim("a.txt", row=1, id="9"), 1, None, id="id-added-late"),
        pytest.param(
            [WITH_ID], {1: "a.txt"}, claim("a.txt", row=1), 1, None, id="id-taken-out-again"
        ),
        pytest.param(
            [replace(A, declared="7")], {}, claim("b.txt", id="7"), 1, None,
            id="moved-by-the-id-that-was-added-late",
        ),
        pytest.param(
            [A], {1: "a.txt"}, claim("b.txt", id="a"), 1, "a.txt",
            id="an-id-in-the-words-of-a-path-means-that-article",
        ),
        pytest.param(
            [WITH_LINK], {}, claim("b.txt", link="https://example.org/a"), 1, None, id="by-link"
        ),
        pytest.param(
            [WITH_LINK], {1: "a.txt"}, claim("b.txt", link="https://example.org/a"), 1, "a.txt",
            id="two-files-one-link",
        ),
        pytest.param(
            [replace(WITH_ID, article=replace(WITH_ID.article, link="https://example.org/a"))],
            {1: "a.txt"}, claim("b.txt", link="https://example.org/a"), None, None,
            id="the-same-page-of-an-article-with-an-id-is-no-rival",
        ),
        pytest.param(
            [A, stored(2, "link:https://example.org/b", link="https://example.org/b")],
            {1: "a.txt"}, claim("a.txt", row=1, link="https://example.org/b"), 1, None,
            id="path-before-link",
        ),
        pytest.param(
            [A, B], {1: "a.txt"}, claim("a.txt", OTHER, row=1), 1, None, id="path-before-content"
        ),
        pytest.param(
            [stored(1, "path:x"), stored(2, "path:y")], {}, claim("in/y.txt", OLD), 2, None,
            id="of-equal-articles-that-moved-the-one-of-that-name",
        ),
    ],
)  # fmt: skip
def test_a_file_finds_its_article(
    known: list[Stored], live: dict[int, str], what: Claim, row: int | None, rival: str | None
) -> None:
    found = Candidates(known).match(what, live)

    assert (found.stored.row if found.stored else None, found.rival) == (row, rival)


@pytest.mark.parametrize(
    ("known", "lost", "believed"),
    [
        pytest.param(9, 9, True, id="few-files-may-all-go"),
        pytest.param(10, 5, True, id="half-of-ten-may-go"),
        pytest.param(10, 6, False, id="more-than-half-of-ten-may-not"),
        pytest.param(1000, 501, False, id="nor-of-a-thousand"),
        pytest.param(0, 0, True, id="nothing-of-nothing"),
    ],
)
def test_mass_loss_is_not_believed(known: int, lost: int, believed: bool) -> None:
    assert believable_loss(known, lost) is believed


# -- dates of a new article ----------------------------------------------------------------------

MONTH_AGO, NEXT_WEEK = NOON - 30 * DAY, NOON + 7 * DAY


@pytest.mark.parametrize(
    ("draft", "policy", "published", "updated", "due"),
    [
        pytest.param(Draft(title="A"), HOLD, NOON, NOON, None, id="undated-is-first-seen"),
        pytest.param(
            Draft(title="A", published=MONTH_AGO), HOLD, MONTH_AGO, MONTH_AGO, None, id="dated"
        ),
        pytest.param(
            Draft(title="A", published=MONTH_AGO, updated=NOON - DAY), HOLD, MONTH_AGO, NOON - DAY,
            None, id="with-an-update",
        ),
        pytest.param(
            Draft(title="A", published=NOON - DAY, updated=MONTH_AGO), HOLD, NOON - DAY, NOON - DAY,
            None, id="never-updated-before-published",
        ),
        pytest.param(
            Draft(title="A", updated=MONTH_AGO), HOLD, MONTH_AGO, MONTH_AGO, None,
            id="only-an-update-was-there-at-the-latest-then",
        ),
        pytest.param(
            Draft(title="A", updated=NEXT_WEEK), HOLD, NOON, NOON, None,
            id="an-update-of-the-future-is-ignored",
        ),
        pytest.param(
            Draft(title="A", published=NEXT_WEEK), HOLD, NEXT_WEEK, NEXT_WEEK, NEXT_WEEK,
            id="a-future-date-is-held",
        ),
        pytest.param(
            Draft(title="A", published=NEXT_WEEK), CLAMP, NOON, NOON, None,
            id="or-clamped-to-first-seen",
        ),
        pytest.param(
            Draft(title="A", published=MONTH_AGO, embargo=NEXT_WEEK), HOLD, MONTH_AGO, MONTH_AGO,
            NEXT_WEEK, id="an-embargo-is-waited-for",
        ),
        pytest.param(
            Draft(title="A", embargo=NEXT_WEEK), CLAMP, NOON, NOON, NEXT_WEEK,
            id="an-embargo-is-never-clamped",
        ),
        pytest.param(
            Draft(title="A", published=NEXT_WEEK, embargo=NEXT_WEEK + DAY), HOLD, NEXT_WEEK,
            NEXT_WEEK, NEXT_WEEK + DAY, id="the-later-of-date-and-embargo",
        ),
        pytest.param(
            Draft(title="A", published=NEXT_WEEK, embargo=MONTH_AGO), HOLD, NEXT_WEEK, NEXT_WEEK,
            NEXT_WEEK, id="a-past-embargo-does-not-shorten-the-wait",
        ),
        pytest.param(
            Draft(title="A", published=datetime(1871, 1, 18, tzinfo=UTC)), HOLD,
            datetime(1871, 1, 18, tzinfo=UTC), datetime(1871, 1, 18, tzinfo=UTC), None,
            id="long-before-1970",
        ),
    ],
)  # fmt: skip
def test_a_new_article_is_dated(
    draft: Draft, policy: Policy, published: datetime, updated: datetime, due: datetime | None
) -> None:
    article = new(draft, policy=policy)

    assert (article.published, article.updated, article.due) == (published, updated, due)
    assert article.first_seen == NOON


def test_times_are_whole_seconds() -> None:
    now = NOON.replace(microsecond=123456)
    draft = Draft(title="A", published=MONTH_AGO.replace(microsecond=999999), expires=now)

    article = new(draft, now=now)

    kept = (article.published, article.updated, article.first_seen, article.expires)
    assert kept == (MONTH_AGO, MONTH_AGO, NOON, NOON)


@pytest.mark.parametrize(
    ("draft", "state"),
    [
        pytest.param(Draft(title="A"), State.PUBLISHED, id="an-article"),
        pytest.param(Draft(title="A", unreleased=True), State.HELD, id="a-draft-of-its-author"),
    ],
)
def test_a_new_article_has_a_state(draft: Draft, state: State) -> None:
    article = new(draft)

    assert article.state is state


def test_a_due_article_is_held_until_its_moment() -> None:
    article = new(Draft(title="A", embargo=NEXT_WEEK))

    states = [article.state_at(moment) for moment in (NOON, NEXT_WEEK)]
    assert states == [State.HELD, State.PUBLISHED]


# -- change --------------------------------------------------------------------------------------

BASE = Draft(
    title="Ferry late",
    html="<p>It was fog.</p>",
    summary="Fog again.",
    published=MONTH_AGO,
    tags=("harbour",),
)
LATER = NOON + DAY


def test_the_same_words_are_no_change() -> None:
    changed = revise(new(BASE), BASE, link=None, policy=HOLD, now=LATER, reread=False)

    assert changed is None


def test_warnings_of_ours_are_no_change() -> None:
    assert said(BASE) == said(replace(BASE, warnings=("an odd date was left out",)))


@pytest.mark.parametrize(
    ("change", "updated"),
    [
        pytest.param({"title": "Ferry on time"}, LATER, id="a-title-is-news"),
        pytest.param({"html": "<p>It was ice.</p>"}, LATER, id="a-body-is-news"),
        pytest.param({"summary": "Ice."}, LATER, id="a-summary-is-news"),
        pytest.param(
            {"enclosures": (Enclosure(url="https://example.org/a.mp3"),)}, LATER,
            id="a-recording-is-news",
        ),
        pytest.param({"tags": ("harbour", "fog")}, MONTH_AGO, id="a-tag-is-a-silent-edit"),
        pytest.param({"authors": (Person(name="Liv"),)}, MONTH_AGO, id="an-author-is-silent"),
        pytest.param({"section": "Port"}, MONTH_AGO, id="a-section-is-silent"),
        pytest.param(
            {"image": Image(url="https://example.org/a.jpg")}, MONTH_AGO, id="a-picture-is-silent"
        ),
        pytest.param({"link": "https://example.org/a"}, MONTH_AGO, id="a-link-is-silent"),
        pytest.param({"language": "en"}, MONTH_AGO, id="a-language-is-silent"),
        pytest.param({"published": NOON - DAY}, NOON - DAY, id="not-below-a-later-published"),
        pytest.param({"published": MONTH_AGO - DAY}, MONTH_AGO, id="never-back-with-published"),
        pytest.param(
            {"title": "B", "updated": NOON + HOUR}, NOON + HOUR, id="the-stated-time-of-an-update"
        ),
        pytest.param({"title": "B", "updated": LATER + DAY}, LATER, id="not-if-it-is-to-come"),
        pytest.param(
            {"title": "B", "updated": MONTH_AGO - DAY}, LATER, id="not-if-it-is-older-than-known"
        ),
        pytest.param({"updated": NOON + HOUR}, MONTH_AGO, id="a-stated-time-alone-is-silent"),
    ],
)  # fmt: skip
def test_updated_moves_with_news_only(change: dict[str, Any], updated: datetime) -> None:
    stored_article = new(BASE)

    article = again(stored_article, replace(BASE, **change))

    assert article is not stored_article
    assert article.updated == updated
    assert (article.guid, article.key, article.first_seen, article.revision) == (
        stored_article.guid, stored_article.key, NOON, 2,
    )  # fmt: skip
    assert article.seen == seen(article)


def test_updated_moves_even_if_the_clock_stands_or_goes_back() -> None:
    first = again(new(BASE), replace(BASE, title="B"), now=NOON)

    second = again(first, replace(BASE, title="C"), now=NOON)
    third = again(second, replace(BASE, title="D"), now=NOON - DAY)

    second_by_second = NOON + timedelta(seconds=1), NOON + timedelta(seconds=2)
    assert (first.updated, second.updated, third.updated) == (NOON, *second_by_second)


def test_an_undated_article_keeps_the_day_it_was_first_seen() -> None:
    undated = replace(BASE, published=None)

    article = again(new(undated), replace(undated, title="B"), now=NOON + 40 * DAY)

    assert (article.published, article.updated) == (NOON, NOON + 40 * DAY)


def test_an_undated_article_keeps_its_day_even_if_the_clock_goes_back() -> None:
    undated = replace(BASE, published=None)

    article = again(new(undated), replace(undated, title="B"), now=NOON - DAY)

    assert (article.published, article.due) == (NOON, None)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"html": "<p>It was <em>fog</em>.</p>"}, id="a-parser-that-reads-better"),
        pytest.param({"tags": ("harbour", "desk")}, id="tags-of-the-source"),
        pytest.param({"published": MONTH_AGO - 2 * HOUR}, id="a-zone-further-east"),
    ],
)
def test_our_own_new_reading_is_no_news(change: dict[str, Any]) -> None:
    article = again(new(BASE), replace(BASE, **change), reread=True)

    assert article.revision == 2
    assert article.updated == MONTH_AGO


def test_another_policy_is_applied_when_everything_is_read_again() -> None:
    dated = replace(BASE, published=NEXT_WEEK)
    clamped = new(dated, policy=CLAMP)

    article = again(clamped, dated, policy=HOLD, now=NOON + HOUR, reread=True)

    assert (clamped.published, article.published, article.due) == (NOON, NEXT_WEEK, NEXT_WEEK)


def test_a_template_for_links_reaches_articles_that_say_the_same() -> None:
    link = "https://example.org/ferry"

    article = again(new(BASE), BASE, link=link)

    assert (article.link, article.updated, article.revision) == (link, MONTH_AGO, 1)


# -- drafts, embargoes and returns ---------------------------------------------------------------

UNDATED = Draft(title="Ferry late", html="<p>It was fog.</p>")


def test_an_undated_draft_is_published_when_its_author_releases_it() -> None:
    held = new(replace(UNDATED, unreleased=True))

    article = again(held, UNDATED)

    assert (article.state, article.published, article.updated) == (State.PUBLISHED, LATER, LATER)
    assert article.first_seen == NOON


def test_a_dated_draft_keeps_its_date_when_it_is_released() -> None:
    held = new(replace(BASE, unreleased=True))

    article = again(held, BASE)

    assert (article.state, article.published) == (State.PUBLISHED, MONTH_AGO)


def test_a_published_article_can_become_a_draft_again() -> None:
    article = again(new(BASE), replace(BASE, unreleased=True))

    assert article.state is State.HELD


def test_an_embargo_that_is_lifted_early_shows_the_article_at_once() -> None:
    held = new(replace(UNDATED, embargo=NEXT_WEEK))

    article = again(held, UNDATED)

    assert (article.due, article.published) == (None, NOON)


def test_a_future_date_that_is_brought_forward_leaves_no_update_in_the_future() -> None:
    held = new(replace(BASE, published=NEXT_WEEK))

    article = again(held, replace(BASE, published=NOON, title="Earlier"))

    assert (article.published, article.due, article.updated) == (NOON, None, LATER)


def test_a_future_date_that_is_taken_back_no_longer_holds_the_article() -> None:
    held = new(replace(UNDATED, published=NEXT_WEEK))

    article = again(held, UNDATED)

    assert (article.published, article.due, article.updated) == (LATER, None, LATER)


def test_a_held_article_edited_before_its_day_bears_that_day() -> None:
    held = new(replace(BASE, published=NEXT_WEEK))

    article = again(held, replace(BASE, published=NEXT_WEEK, title="B"))

    assert (article.published, article.updated, article.due) == (NEXT_WEEK, NEXT_WEEK, NEXT_WEEK)


@pytest.mark.parametrize("state", [State.WITHDRAWN, State.GONE])
def test_an_article_that_returns_is_what_it_was(state: State) -> None:
    before = new(BASE)

    article = again(replace(before, state=state), BASE)

    assert article == before


def test_a_hidden_article_stays_hidden_when_it_is_edited() -> None:
    hidden = replace(new(BASE), state=State.HIDDEN)

    article = again(hidden, replace(BASE, title="B"))

    assert (article.state, article.title) == (State.HIDDEN, "B")


# -- digests -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"title": "B"}, id="title"),
        pytest.param({"subtitle": "B"}, id="subtitle"),
        pytest.param({"tags": ()}, id="tags"),
        pytest.param({"rights": "B"}, id="rights"),
        pytest.param({"updated": LATER}, id="updated"),
        pytest.param({"guid": "urn:b"}, id="guid"),
    ],
)
def test_seen_is_everything_an_entry_shows(change: dict[str, Any]) -> None:
    article = new(BASE)

    assert seen(replace(article, **change)) != seen(article)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"extra": (("Zeichen", "900"),)}, id="labels-nobody-knows"),
        pytest.param({"first_seen": LATER}, id="first-seen"),
        pytest.param({"revision": 9}, id="revision"),
        pytest.param({"location": "Quay"}, id="location"),
    ],
)
def test_seen_is_nothing_else(change: dict[str, Any]) -> None:
    article = new(BASE)

    assert seen(replace(article, **change)) == seen(article)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(["a", "b"], ["ab", ""], id="words-do-not-run-together"),
        pytest.param([None], ["None"], id="nothing-is-no-word"),
        pytest.param([("a",), ()], [(), ("a",)], id="places-count"),
        pytest.param(["\ud800"], ["\udfff"], id="lone-surrogates-can-be-told-apart"),
    ],
)
def test_digests_differ_where_values_do(one: object, other: object) -> None:
    assert digest_of(one) != digest_of(other)


def test_a_digest_is_the_same_in_every_run() -> None:
    berlin = timezone(HOUR * 2)

    found = digest_of(["Größe", NOON.astimezone(berlin), Person(name="Liv"), None, 3])

    # Another value would make every article of every store look changed.
    assert found.hex() == "dd9336e9e0e661a6536a7dd6fa0127a5"
