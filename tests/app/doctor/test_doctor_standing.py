"""Sources and feeds that somebody has to look after."""

from __future__ import annotations

import pytest

from feedsvc.app.doctor import Outcome
from feedsvc.app.doctor.standing import of_sources
from feedsvc.ports import SourceRow
from tests.app.doctor.conftest import Ward
from tests.support import DEFAULT_CONFIG, NOON, Service


def row(name: str, state: str = "ok", *, paused: bool = False) -> SourceRow:
    return SourceRow(
        row=1, name=name, kind="feed", place="", state=state, fingerprint=b"", last_ok=None,
        next_due=None, failures=0, reason=None if state == "ok" else f"{state} it is", since=NOON,
        paused=NOON if paused else None,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "outcome", "message", "hint"),
    [
        pytest.param([row("a"), row("b")], "ok", "2 sources well", "", id="all-are-well"),
        pytest.param([], "ok", "0 sources well", "", id="there-are-none"),
        pytest.param([row("a"), row("b", paused=True)], "ok", "1 source well, 1 paused", "",
                     id="one-is-paused"),
        pytest.param([row("a"), row("b", "failing")], "warning",
                     "b (failing it is since 2025-06-01) is failing", "source test b",
                     id="one-fails"),
        pytest.param([row(n, "failing") for n in "abcde"] + [row("f")], "warning",
                     "a (failing it is since 2025-06-01), b, c and 2 more are failing",
                     "source test a", id="many-fail"),
        pytest.param([row("a", "failing"), row("b", "failing")], "failed",
                     "all sources fail: a (failing it is", "source test a", id="all-fail"),
        pytest.param([row("a", "failing")], "warning", "a (failing it is", "source test a",
                     id="the-only-one-fails"),
        pytest.param([row("a"), row("b", "parked"), row("c", "failing")], "failed",
                     "b (parked it is since 2025-06-01) is asked no more; 1 failing",
                     "source remove b", id="one-is-given-up"),
        pytest.param([row("a"), row("b", "quarantined")], "failed",
                     "b (quarantined it is since 2025-06-01) is not believed", "source test b",
                     id="one-is-not-believed"),
        pytest.param([row("a"), row("b", "parked", paused=True)], "ok", "1 source well, 1 paused",
                     "", id="given-up-and-left-alone"),
    ],
)  # fmt: skip
def test_sources(rows: list[SourceRow], outcome: str, message: str, hint: str) -> None:
    check = of_sources(rows)

    assert check.outcome == outcome
    assert check.exit_code == (4 if outcome == "failed" else 0)
    assert check.message.startswith(message)
    assert hint in (check.hint or "")


def test_a_newsroom_that_is_well(ward: Ward) -> None:
    found = ward.look("standing")

    assert {check.outcome for check in found.values()} == {Outcome.OK}
    assert found["sources"].message == "1 source well"
    assert found["feeds"].message == "1 feed published"


def test_a_source_that_is_not_there(ward: Ward, service: Service) -> None:
    service.articles_folder.rename(service.root / "elsewhere")
    service.sync(force=True)
    service.restart()

    check = ward.look("standing")["sources"]

    assert check.outcome is Outcome.WARNING
    assert check.message.startswith("desk (")


@pytest.mark.parametrize(
    ("every", "hours", "outcome"),
    [
        pytest.param('every = "1h"', 2.5, "warning", id="hours-ago"),
        pytest.param('every = "1h"', 1.5, "ok", id="a-slow-schedule"),
        pytest.param("", 1000, "ok", id="looked-at-when-there-is-a-sync"),
        pytest.param('every = "0 6 * * *"', 10, "ok", id="tomorrow-at-six"),
        pytest.param('every = "0 6 * * *"', 49, "warning", id="six-has-passed-twice"),
    ],
)
def test_sources_that_wait(
    every: str, hours: float, outcome: str, ward: Ward, service: Service
) -> None:
    service.configure(DEFAULT_CONFIG + every)
    service.sync(force=True)
    service.restart()
    ward.clock.tick(hours=hours)

    check = ward.look("standing")["sources.late"]

    assert check.outcome == outcome
    assert ("feedsvc run" in (check.hint or "")) == (outcome == "warning")


def test_a_source_that_was_never_synced(ward: Ward, service: Service) -> None:
    service.configure(DEFAULT_CONFIG + '[[source]]\nname = "new"\npath = "new"\n')

    check = ward.look("standing")["sources.late"]

    assert check.outcome is Outcome.WARNING
    assert check.message.startswith("new never synced")


def test_a_feed_that_was_never_built(ward: Ward, service: Service) -> None:
    service.configure(DEFAULT_CONFIG + '[[feed]]\nname = "all"\n[[feed]]\nname = "new"\n')

    check = ward.look("standing")["feeds"]

    assert check.outcome is Outcome.WARNING
    assert check.message == "new never built"


def test_a_feed_that_is_held(ward: Ward, service: Service) -> None:
    service.configure(
        DEFAULT_CONFIG
        + """
[[feed]]
name = "all"
[[feed]]
name = "show"
profile = "apple-podcasts"
"""
    )
    service.sync(force=True)
    service.restart()

    check = ward.look("standing")["feeds"]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 5)
    assert check.message.startswith("show is held back: ")
    assert check.message.endswith("; what was published before stays")


def test_files_that_need_a_look(ward: Ward, service: Service) -> None:
    service.write("broken.txt", b"")
    service.sync()
    service.restart()

    check = ward.look("standing")["problems"]

    assert check.outcome is Outcome.WARNING
    assert "1 thing needs a look; the first: desk: broken.txt: " in check.message


def test_nothing_was_synced_yet(ward: Ward) -> None:
    for path in (ward.root / "var").iterdir():
        path.unlink()

    found = ward.look("standing")

    assert {check.outcome for check in found.values()} == {Outcome.SKIPPED}
    assert found["sources"].message == "nothing was synced yet: `feedsvc sync` does"
