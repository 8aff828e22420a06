"""Whatever a newsroom does, what it publishes is valid, whole, stable, and nothing more than it is.

FEEDSVC_WHATEVER=200 tries so many newsrooms, others each time; a few are enough for every day.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.newsdesk import BASE, Newsdesk
from tests.support import Service

EXAMPLES = int(os.environ.get("FEEDSVC_WHATEVER", "4"))
TURNS = 10

NUMBERS = st.integers(1, 8)
HOURS = [-1, 0, 1, 5, 30, 100]


def _hours(*hours: float | None) -> st.SearchStrategy[timedelta | None]:
    return st.sampled_from([None if one is None else timedelta(hours=one) for one in hours])


SAID = st.fixed_dictionaries(
    {
        "date": _hours(-2, -26, -50, -500, -5000, 3),
        "tags": st.sets(st.sampled_from(["sea", "port", "inner", "crew"])).map(sorted),
        "word": st.sampled_from(["tide", "quay", "Möwe"]),
        "titled": st.sampled_from([True, True, True, False]),
        "link": st.sampled_from(["", "", "https://else.example.org/{}", f"{BASE}/x{{}}"]),
        "slug": st.sampled_from(["", "", "", "pier", "lock"]),
        "embargo": _hours(None, None, None, 1, 29),
        "expires": _hours(None, None, None, 2, 40),
    }
)
EDITS = st.one_of(
    *(
        st.fixed_dictionaries({name: value})
        for name, value in [
            ("tags", st.sets(st.sampled_from(["sea", "port", "inner", "crew", "New"])).map(sorted)),
            ("word", st.sampled_from(["tide", "quay"])),
            ("date", _hours(-2, -100, -9000)),
            ("embargo", _hours(None, 3)),
            ("expires", _hours(None, 1, 25)),
            ("link", st.sampled_from(["", "https://else.example.org/{}/b"])),
            ("slug", st.sampled_from(["pier", "mole"])),
        ]
    ),
    st.just({}),
)
CONFIGURED = st.one_of(
    st.fixed_dictionaries({"topics": st.sampled_from(["group", "plain", "none"])}),
    st.fixed_dictionaries({"limit": st.sampled_from([1, 3, 5])}),
    st.fixed_dictionaries({"title": st.sampled_from(["Tides", "Tides & More"])}),
    st.fixed_dictionaries({"tags": st.sampled_from([(), ("sea",), ("port",)])}),
    *(
        st.fixed_dictionaries({name: st.booleans()})
        for name in ("archive", "private", "pages", "sitemap")
    ),
)
CHANGES = st.one_of(
    st.tuples(st.just("write"), NUMBERS, SAID),
    st.tuples(st.just("write"), NUMBERS, SAID),
    st.tuples(st.just("write"), NUMBERS, SAID),
    st.tuples(st.just("edit"), NUMBERS, EDITS),
    st.tuples(st.just("edit"), NUMBERS, EDITS),
    st.tuples(st.just("delete"), NUMBERS),
    st.tuples(st.just("rename"), NUMBERS),
    st.tuples(st.just("judge"), st.sampled_from(["withdraw", "hide", "restore", "purge"]), NUMBERS),
    st.tuples(st.just("configure"), CONFIGURED),
    st.tuples(st.just("move"), st.sampled_from(["all", "inner"]), st.sampled_from("abc")),
    st.tuples(st.just("issue")),
    st.tuples(st.just("revoke"), st.integers(0, 3)),
)
BUILDS = st.sampled_from(["daemon", "daemon", "daemon", "sync", "by-hand", "one-by-one"])


class Newsroom(RuleBasedStateMachine):
    """Turns: things happen, time passes, it is built, and everybody looks."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="newsroom-"))
        (self.root / "site").mkdir()
        self.desk = Newsdesk(Service(self.root / "site"))
        self.fine = False

    @rule(
        changes=st.lists(CHANGES, min_size=1, max_size=6),
        hours=st.sampled_from([0.02, 0.5, 2, 2, 26, 200]),
        build=BUILDS,
    )
    def turn(self, changes: list[tuple[Any, ...]], hours: float, build: str) -> None:
        desk, self.fine = self.desk, False
        desk.service.clock.tick(hours=hours)
        for what, *how in changes:
            self._do(what, how)
        desk.publish(build)
        desk.look()
        self.fine = True

    def _do(self, what: str, how: list[Any]) -> None:
        desk = self.desk
        if what == "write":
            desk.write(how[0], **how[1])
        elif what == "edit":
            desk.edit(how[0], **how[1])
        elif what == "delete":
            desk.delete(how[0])
        elif what == "rename":
            desk.rename(how[0])
        elif what == "judge":
            desk.judge(how[0], how[1])
        elif what == "configure":
            desk.configure(**how[0])
        elif what == "move":
            desk.move(how[0], f"{how[0]}-{how[1]}")
        elif what == "issue":
            desk.issue()
        else:
            desk.revoke(how[0])

    def teardown(self) -> None:
        if self.fine:
            self.desk.look_again()
        self.desk.service.restart()
        shutil.rmtree(self.root)


Newsroom.TestCase.settings = settings(
    max_examples=EXAMPLES,
    stateful_step_count=TURNS,
    derandomize="FEEDSVC_WHATEVER" not in os.environ,
    phases=[Phase.generate],  # to make a failing newsroom smaller takes minutes
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
TestNewsroom = pytest.mark.timeout(600)(Newsroom.TestCase)
