"""`feed preview` and `feed explain` of a digest: its entries are editions of articles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from feedsvc.cli.feed import edition
from feedsvc.settings import Feed
from tests.support import Service, Shell

DAYS = '\n[[feed]]\nname = "days"\ndigest = "daily"\nlimit = 2\n'
DAILY = Feed(name="days", digest="daily", limit=2)


@pytest.fixture
def days(shell: Shell) -> Shell:
    """Three days far apart that had articles, of which the digest holds two."""
    shell.configure((shell.root / "feedsvc.toml").read_text() + DAYS)
    for path in (shell.root / "articles").iterdir():
        path.unlink()
    for month in "135":
        shell.write(f"m{month}.txt", f"Month {month}\n2025-0{month}-10\n\nText.\n")
    assert shell.run("sync", "-q").code == 0
    return shell


def told(lines: str) -> list[str]:
    """The marks and last words of a preview."""
    return [f"{line[0]}{line.split()[-1]}" for line in lines.splitlines()[1:]]


@pytest.mark.parametrize(
    ("rules", "changes"),
    [
        pytest.param([], [], id="nothing-would-change"),
        pytest.param(["--limit", "3"], ["+1"], id="one-more-edition"),
        pytest.param(["--limit", "1"], ["-3"], id="one-less"),
        pytest.param(["--offset", "1"], ["+1", "-5"], id="the-newest-left-out"),
        pytest.param(["--since", "1d"], ["-5", "-3"], id="too-old-all-of-them"),
        pytest.param(["--exclude", "month 5"], ["+1", "-5"], id="a-day-without-articles"),
    ],
)
def test_a_preview_tells_what_the_editions_shown_tell_of(
    days: Shell, rules: list[str], changes: list[str]
) -> None:
    done = days.run("feed", "preview", "days", *rules)

    assert told(done.out) == changes
    assert done.err == ""


def test_what_editions_told_of_by_other_rules_is_not_remembered(days: Shell) -> None:
    text = (days.root / "feedsvc.toml").read_text()
    days.configure(text.replace("limit = 2", "limit = 1"))

    done = days.run("feed", "preview", "days")

    assert done.out == "days: 0 added, 0 removed, 1 unchanged\n"
    assert done.err.startswith("days is to be built anew, and what its editions told of is not ")


def test_a_digest_that_is_to_be_none_loses_nothing_untold(days: Shell) -> None:
    text = (days.root / "feedsvc.toml").read_text()
    (days.root / "other.toml").write_text(text.replace('digest = "daily"\n', ""))

    done = days.run("feed", "preview", "days", "--from", "other.toml")

    assert done.out == "days: 0 added, 0 removed, 2 unchanged\n"


def test_a_digest_that_is_to_go_takes_its_articles_along(days: Shell) -> None:
    text = (days.root / "feedsvc.toml").read_text()
    (days.root / "other.toml").write_text(text.replace(DAYS, ""))

    done = days.run("feed", "preview", "days", "--from", "other.toml")

    assert told(done.out) == ["-5", "-3"]


@pytest.mark.parametrize(
    ("article", "summary"),
    [
        pytest.param("m5", "in days: told of in the edition 2025-05-10", id="the-newest"),
        pytest.param("m3", "in days: told of in the edition 2025-03-10", id="the-last-shown"),
        pytest.param("m1", "not in days: limit: edition 3; the feed holds 2", id="behind-them"),
    ],
)
def test_an_explanation_names_the_edition(days: Shell, article: str, summary: str) -> None:
    done = days.run("feed", "explain", "days", article)

    assert done.out.splitlines()[0] == summary


@pytest.mark.parametrize(
    ("rules", "title", "expected"),
    [
        pytest.param({}, "Late", (True, "limit", "edition 1; the feed holds 2"), id="shown"),
        pytest.param(
            {}, "Today", (False, "digest", "its edition, 2025-06-01, appears 2025-06-01 22:00:00Z"),
            id="its-day-is-not-over",
        ),
        pytest.param(
            {"max_per_source": 1}, "Early",
            (False, "max_per_source", "behind the 1 newest of desk in 2025-05-30"),
            id="behind-others-of-its-source",
        ),
        pytest.param(
            {"max_per_source": 1, "since": timedelta(days=2)}, "Late",
            (True, "limit", "edition 1; the feed holds 2"), id="young-enough",
        ),
        pytest.param(
            {"since": timedelta(days=1)}, "Late",
            (False, "since", "ended 2025-05-30 22:00:00Z; the feed goes back 1d"), id="too-old",
        ),
        pytest.param(
            {"offset": 1}, "Late", (False, "offset", "edition 1; the 1 newest are left out"),
            id="left-out-as-the-newest",
        ),
    ],
)  # fmt: skip
def test_what_is_asked_of_an_article_of_a_digest(
    make_service: Callable[..., Service],
    rules: dict[str, Any],
    title: str,
    expected: tuple[bool, str, str],
) -> None:
    service = make_service()
    service.clock.at = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
    for name, date in (("Early", "05-30 08:00"), ("Late", "05-30 20:00"), ("Today", "06-01 08:00")):
        service.write(f"{name}.txt", f"{name}\n2025-{date}\n\nText.\n")
    service.sync(build=False)
    (row,) = (
        row
        for row, one in service.app.store.articles(range(1, 4)).items()
        if one.title == title
    )  # fmt: skip

    asked = list(
        edition.steps(service.app, replace(DAILY, **rules), row, service.clock.now())
    )  # fmt: skip

    assert (asked[-1].met, asked[-1].rule, asked[-1].says) == expected
