"""Regular expressions of the configuration: whatever they are, a search comes to an end."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator

import pytest

from feedsvc.aside.search import Searcher, is_swift, search

ENDLESS = "a" * 60 + "!"
MOST = 20


@pytest.fixture
def searcher() -> Iterator[Searcher]:
    searcher = Searcher(seconds=0.02)
    yield searcher
    searcher.close()


@pytest.mark.parametrize(
    ("pattern", "swift"),
    [
        pytest.param("Haushalt|budget", True, id="words"),
        pytest.param(r"\bferr(y|ies)\b", True, id="branches"),
        pytest.param(r"colou?r", True, id="what-may-be-left-out"),
        pytest.param(r"C\+\+ \(\*\) \{", True, id="signs-that-stand-for-themselves"),
        pytest.param("wind.*budget", False, id="a-repetition"),
        pytest.param(r"\w{3}", False, id="a-count"),
        pytest.param("(a+)+$", False, id="one-in-another"),
        pytest.param("a?" * 30 + "a" * 30, False, id="many-that-may-be-left-out"),
        pytest.param("(a|a)" * 30 + "b", False, id="many-branches"),
    ],
)
def test_what_may_take_long_is_told_by_its_signs(pattern: str, swift: bool) -> None:
    assert is_swift(re.compile(pattern)) is swift


@pytest.mark.parametrize("flags", [0, re.IGNORECASE])
@pytest.mark.parametrize("pattern", ["wind.*budget", "Wind|Budget", r"(?s)^wind.+\Z"])
def test_it_finds_what_re_finds(pattern: str, flags: int) -> None:
    texts = ["Wind und\nBudget", "wind, budget", "wind\n", "Größe", "\ud800 Wind und budget", ""]
    compiled = re.compile(pattern, flags)

    assert search(compiled, texts, most=MOST) == [
        compiled.search(text) is not None for text in texts
    ]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        pytest.param("(a+)+$", ENDLESS, id="a-repetition-in-a-repetition"),
        pytest.param("(a|a)*b", ENDLESS, id="branches-that-are-one"),
        pytest.param("wind.*budget", "wind " * 100_000, id="a-line-as-long-as-somebody-wished"),
        pytest.param("(?:a|b)*c", "ab" * 2_000_000, id="where-re-looks-at-signals-seldom"),
    ],
)
def test_a_text_is_given_up_and_the_next_one_is_not(
    searcher: Searcher, pattern: str, text: str
) -> None:
    found = searcher.search(re.compile(pattern), ["a b wind budget", text, "xyz"], most=MOST)

    assert found[1:] == [None, False]


def test_behind_the_last_text_that_may_take_long_nothing_is_searched(searcher: Searcher) -> None:
    endless = re.compile("(a+)+$")

    assert searcher.search(endless, ["aaa", ENDLESS, "b", ENDLESS, "aaa"], most=2) == [
        True, None, False, None,
    ]  # fmt: skip
    assert searcher.search(endless, ["aaa"], most=0) == []


def test_it_is_ended_whatever_signals_its_parent_blocks() -> None:
    searcher = Searcher(seconds=0.02)
    former = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGVTALRM])
    try:
        found = searcher.search(re.compile("(a+)+$"), [ENDLESS, "a"], most=MOST)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)

    assert found == [None, True]
    searcher.close()


def test_a_child_that_was_killed_has_a_successor(searcher: Searcher) -> None:
    pattern = re.compile("a+")
    assert searcher.search(pattern, ["a"], most=MOST) == [True]
    assert searcher._child is not None
    os.kill(searcher._child.pid, signal.SIGKILL)
    searcher._child.wait()

    assert searcher.search(pattern, ["b", "a"], most=MOST) == [False, True]


def test_what_was_broken_off_answers_no_later_question(searcher: Searcher) -> None:
    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    former = signal.signal(signal.SIGALRM, interrupt)
    slow = Searcher(seconds=5.0)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        with pytest.raises(KeyboardInterrupt):
            slow.search(re.compile("(a+)+$"), [ENDLESS], most=MOST)
    finally:
        signal.signal(signal.SIGALRM, former)

    assert slow.search(re.compile("b+"), ["b", "c"], most=MOST) == [True, False]
    slow.close()
