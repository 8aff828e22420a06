"""What each answer makes of a source: gone, moved, late, and the word for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.manners import Every, Health, Standing, failed, gone, health, late, moved, well

NOON = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

OLD, NEW, OTHER = (f"https://{host}.example.org/feed.xml" for host in ("old", "new", "other"))


# -- gone ----------------------------------------------------------------------------------------


def after(*visits: tuple[float, int | None]) -> Standing:
    """The standing after visits at these hours with these answers; None is silence."""
    standing = Standing()
    for hours, status in visits:
        if status == 200:
            standing = well(standing)
        else:
            standing = failed(standing, now=NOON + hours * HOUR, status=status)
    return standing


@pytest.mark.parametrize(
    ("visits", "alive"),
    [
        pytest.param([(0, 410)], True, id="one-410-may-be-a-mistake"),
        pytest.param([(0, 410), (47.9, 410)], True, id="two-within-48-hours-may-be"),
        pytest.param([(0, 410), (48, 410)], False, id="two-over-48-hours-are-believed"),
        pytest.param([(0, 410), (24, 410), (48, 410)], False, id="as-are-three"),
        pytest.param([(0, 410), (1000, 410)], False, id="however-far-apart"),
        pytest.param([(0, 410), (24, 200), (48, 410)], True, id="a-good-answer-takes-it-back"),
        pytest.param([(0, 410), (24, 500), (48, 410)], True, id="a-bad-answer-takes-it-back"),
        pytest.param([(0, 410), (24, 404), (48, 410)], True, id="a-404-is-another-answer"),
        pytest.param([(0, 410), (24, None), (48, 410)], False, id="silence-does-not"),
        pytest.param([(0, 410), (48, None)], True, id="nor-does-silence-park"),
        pytest.param([(h, 404) for h in range(0, 4000, 24)], True, id="a-404-never-parks"),
        pytest.param([(h, None) for h in range(0, 4000, 24)], True, id="nor-does-a-dead-host"),
        pytest.param(
            [(0, 410), (48, 410), (72, 200)], True, id="a-good-answer-asked-for-by-hand-wakes-it"
        ),
        pytest.param([(0, 410), (48, 410), (72, 500)], False, id="no-other-answer-does"),
        pytest.param([(0, 410), (48, 410), (72, 500), (73, 410)], False, id="nor-one-more-410"),
        pytest.param([(0, 410), (48, 410), (72, 200), (73, 410)], True, id="awake-it-begins-anew"),
    ],
)
def test_a_source_that_says_it_is_gone(visits: list[tuple[float, int | None]], alive: bool) -> None:
    assert after(*visits).alive is alive


def test_a_parked_source_says_why_and_since_when() -> None:
    standing = gone(gone(Standing(), now=NOON), now=NOON + 2 * DAY)

    assert standing.parked == "gone since 2025-06-01 (410): asked again by hand only"
    assert standing.gone_since == NOON


def test_failures_are_counted_in_a_row() -> None:
    assert after((0, 500), (1, None), (2, 410)).failures == 3
    assert after((0, 500), (1, None), (2, 200), (3, 404)).failures == 1
    assert after((0, 500), (1, 200)) == Standing()


@pytest.mark.parametrize(
    "standing",
    [
        pytest.param(Standing(), id="nothing"),
        pytest.param(after((0, 410), (48, 410)), id="parked"),
        pytest.param(Standing(failures=2, moving_to=NEW, moving_seen=1), id="moving"),
    ],
)
def test_a_standing_is_read_as_it_was_written(standing: Standing) -> None:
    assert Standing.load(standing.dump()) == standing


def test_a_source_in_good_standing_takes_no_room() -> None:
    assert Standing().dump() is None


# -- moved ---------------------------------------------------------------------------------------


def adopted(
    *answers: tuple[str | None, bool], url: str = OLD, secret: bool = False
) -> list[str | None]:
    """What is adopted after each answer: where it moved to, and whether that could be read."""
    standing, found = Standing(), []
    for moved_to, parsed in answers:
        standing, new = moved(standing, moved_to, url=url, parsed=parsed, secret=secret)
        found.append(new)
    return found


GOOD, BAD = (NEW, True), (NEW, False)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        pytest.param([GOOD, GOOD], [None, None], id="two-good-syncs-are-not-enough"),
        pytest.param([GOOD] * 3, [None, None, NEW], id="the-third-is"),
        pytest.param([BAD] * 9, [None] * 9, id="what-cannot-be-read-is-never-adopted"),
        pytest.param([GOOD, BAD, GOOD], [None] * 3, id="a-bad-answer-does-not-count"),
        pytest.param([GOOD, BAD, GOOD, GOOD], [None, None, None, NEW], id="it-only-takes-longer"),
        pytest.param([GOOD, GOOD, BAD], [None] * 3, id="the-last-answer-has-to-be-good"),
        pytest.param(
            [GOOD, GOOD, (None, True), GOOD, GOOD], [None] * 5, id="no-redirect-begins-anew"
        ),
        pytest.param(
            [GOOD, GOOD, (OTHER, True), GOOD, GOOD], [None] * 5, id="another-target-begins-anew"
        ),
        pytest.param(
            [GOOD, GOOD, *[(OTHER, True)] * 3],
            [None] * 4 + [OTHER],
            id="and-is-adopted-after-three-of-its-own",
        ),
        pytest.param(
            [(OTHER, False), (OTHER, True), (OTHER, True)],
            [None] * 3,
            id="a-bad-first-answer-counts-for-nothing",
        ),
    ],
)
def test_a_moved_address(answers: list[tuple[str | None, bool]], found: list[str | None]) -> None:
    assert adopted(*answers) == found


def test_nothing_is_remembered_of_a_move_that_was_adopted() -> None:
    standing = Standing(failures=2, moving_to=NEW, moving_seen=2)

    assert moved(standing, NEW, url=OLD, parsed=True) == (Standing(failures=2), NEW)


@pytest.mark.parametrize(
    ("url", "target", "secret", "takes"),
    [
        pytest.param("http://a.example/f", "https://a.example/f", False, True, id="made-secure"),
        pytest.param("https://a.example/f", "http://a.example/f", False, False, id="made-insecure"),
        pytest.param("HTTPS://a.example/f", "http://b.example/", False, False, id="in-any-case"),
        pytest.param("http://a.example/f", "http://b.example/f", False, True, id="plain-to-plain"),
        pytest.param("https://a.example/f", "https://a.example/f", False, False, id="to-itself"),
        pytest.param(
            "https://u:p@a.example/f",
            "https://a.example/g",
            False,
            False,
            id="with-a-password-in-it",
        ),
        pytest.param(
            "https://u@a.example/f", "https://a.example/g", False, False, id="with-a-name-in-it"
        ),
        pytest.param(
            "https://a.example/f", "https://a.example/g", True, True, id="secret-same-host"
        ),
        pytest.param(
            "https://A.example/f", "https://a.example/g", True, True, id="host-has-no-case"
        ),
        pytest.param(
            "https://a.example/f", "https://a.example:443/g", True, True, id="port-as-it-always-is"
        ),
        pytest.param(
            "https://a.example/f", "https://b.example/f", True, False, id="secret-to-another-host"
        ),
        pytest.param(
            "https://a.example/f", "https://a.example:444/f", True, False, id="secret-to-a-port"
        ),
        pytest.param(
            "http://a.example/f", "https://a.example/f", True, True, id="secret-made-secure"
        ),
        pytest.param(
            "http://a.example:81/f", "https://a.example/f", True, False, id="secret-from-a-port"
        ),
        pytest.param(
            "https://a.example/f",
            "https://a.example.org/f",
            True,
            False,
            id="secret-to-a-longer-name",
        ),
    ],
)
def test_which_address_is_adopted(url: str, target: str, secret: bool, takes: bool) -> None:
    found = adopted(*[(target, True)] * 4, url=url, secret=secret)

    assert (target in found) is takes


@given(answers=st.lists(st.tuples(st.sampled_from([None, NEW, OTHER]), st.booleans()), max_size=40))
def test_an_adopted_address_was_good_three_times_since_the_last_other_answer(
    answers: list[tuple[str | None, bool]],
) -> None:
    good = 0
    for (target, parsed), before, found in zip(
        answers, [None, *(target for target, _ in answers)], adopted(*answers), strict=False
    ):
        good = (good if target == before else 0) + parsed if target else 0
        assert (found is not None) is (good == 3 and parsed)
        good = 0 if found else good


# -- late, and the word for it -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("overdue", "every", "expected"),
    [
        pytest.param(None, HOUR, False, id="never-due-is-not-late"),
        pytest.param(-HOUR, HOUR, False, id="due-in-an-hour-is-not-late"),
        pytest.param(HOUR, HOUR / 4, False, id="an-hourly-cron-is-fast-enough"),
        pytest.param(1.1 * HOUR, HOUR / 4, True, id="more-than-an-hour-is-late"),
        pytest.param(5 * HOUR, 6 * HOUR, False, id="who-comes-seldom-has-more-time"),
        pytest.param(7 * HOUR, 6 * HOUR, True, id="as-long-as-its-interval"),
        pytest.param(25 * HOUR, 30 * DAY, True, id="but-no-more-than-a-day"),
        pytest.param(1.1 * HOUR, "auto", True, id="auto-has-an-hour"),
    ],
)
def test_late(overdue: timedelta | None, every: Every, expected: bool) -> None:
    due = None if overdue is None else NOON - overdue

    assert late(due, NOON, every) is expected


FAILING = Standing(failures=1)
PARKED = Standing(failures=3, parked="gone")


@pytest.mark.parametrize(
    ("standing", "overdue", "paused", "quarantined", "word"),
    [
        pytest.param(Standing(), False, False, False, Health.OK, id="nothing-to-say"),
        pytest.param(Standing(), True, False, False, Health.LATE, id="overdue"),
        pytest.param(FAILING, False, False, False, Health.FAILING, id="one-failure-is-told"),
        pytest.param(FAILING, True, False, False, Health.FAILING, id="failing-before-late"),
        pytest.param(
            FAILING, True, False, True, Health.QUARANTINED, id="quarantined-before-failing"
        ),
        pytest.param(PARKED, True, False, True, Health.PARKED, id="parked-before-quarantined"),
        pytest.param(PARKED, True, True, True, Health.PAUSED, id="paused-before-all"),
    ],
)
def test_the_word_for_a_source(
    standing: Standing, overdue: bool, paused: bool, quarantined: bool, word: Health
) -> None:
    found = health(
        standing,
        now=NOON,
        next_due=NOON - DAY if overdue else NOON + HOUR,
        every=HOUR,
        paused=paused,
        quarantined=quarantined,
    )

    assert found is word


def test_the_words_are_those_of_the_contract() -> None:
    assert {str(word) for word in Health} == {
        "ok", "late", "failing", "parked", "paused", "quarantined",
    }  # fmt: skip
