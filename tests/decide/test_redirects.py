"""Redirects: in one step to where things are, whatever moved how often, and never in a circle."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.decide.redirects import (
    Rows,
    alive,
    covering,
    gone,
    is_address,
    moved,
    onward,
    renamed_feeds,
)

ELSEWHERE = "https://elsewhere.example.org/feed/"


@pytest.mark.parametrize(
    ("rows", "asked", "found"),
    [
        pytest.param(["old/"], "old/rss.xml", "old/", id="a-folder-speaks-for-what-is-below"),
        pytest.param(["old/"], "old/", "old/", id="for-itself"),
        pytest.param(["old/"], "old", "old/", id="and-without-its-slash"),
        pytest.param(["old/"], "older/rss.xml", None, id="not-for-a-longer-name"),
        pytest.param(["old/"], "x/old/rss.xml", None, id="not-for-a-folder-of-its-name-elsewhere"),
        pytest.param(["a/b"], "a/b/c", None, id="a-file-speaks-for-nothing-else"),
        pytest.param(["a/", "a/b/"], "a/b/c", "a/b/", id="the-longest-folder-wins"),
        pytest.param(["a/b/", "a/b/c"], "a/b/c", "a/b/c", id="a-precise-path-wins"),
        pytest.param(["a/b", "a/b/"], "a/b", "a/b", id="a-precise-path-wins-over-its-folder"),
        pytest.param([], "a", None, id="nothing-is-known"),
    ],
)
def test_which_row_speaks_for_a_path(rows: list[str], asked: str, found: str | None) -> None:
    assert covering(rows, asked) == found


@pytest.mark.parametrize(
    ("path", "target", "asked", "leads"),
    [
        pytest.param("a/", "b/", "a/x/y.xml", "b/x/y.xml", id="what-stands-behind-goes-along"),
        pytest.param("a/", "b/", "a", "b/", id="nothing-stands-behind"),
        pytest.param("a/", "b/x.xml", "a/y", "b/x.xml", id="all-of-a-folder-to-one-file"),
        pytest.param("a/x", "b/", "a/x", "b/", id="a-file-to-a-folder"),
        pytest.param("a/", None, "a/x", None, id="gone"),
    ],
)
def test_where_a_row_leads(path: str, target: str | None, asked: str, leads: str | None) -> None:
    assert onward(path, target, asked) == leads


@pytest.mark.parametrize(
    ("rows", "move", "after"),
    [
        pytest.param({}, ("a/", "b/"), {"a/": "b/"}, id="the-first"),
        pytest.param(
            {"a/": "b/"}, ("b/", "c/"), {"a/": "c/", "b/": "c/"}, id="what-led-there-follows"
        ),
        pytest.param(
            {"b/": "c/"}, ("a/", "b/"), {"a/": "c/", "b/": "c/"}, id="to-where-it-is-by-now"
        ),
        pytest.param({"a/": "b/"}, ("b/", "a/"), {"b/": "a/"}, id="and-back-again"),
        pytest.param(
            {"a/": "b/", "b/": "c/"}, ("c/", "a/"), {"b/": "a/", "c/": "a/"}, id="round-in-three"
        ),
        pytest.param({"a/": "b/"}, ("a/", "c/"), {"a/": "c/"}, id="the-last-word-counts"),
        pytest.param({"a/": None}, ("a/", "c/"), {"a/": "c/"}, id="what-was-gone-has-moved"),
        pytest.param({"b/": None}, ("a/", "b/"), {"a/": None, "b/": None}, id="to-what-is-gone"),
        pytest.param(
            {"x": "a/rss.xml"}, ("a/", "b/"), {"x": "b/rss.xml", "a/": "b/"}, id="a-file-below"
        ),
        pytest.param(
            {"b/x": "c/x"},
            ("a/", "b/"),
            {"b/x": "c/x", "a/": "b/"},
            id="a-precise-one-below-the-target-stays",
        ),
        pytest.param(
            {"x": "a/"}, ("a/", ELSEWHERE), {"x": ELSEWHERE, "a/": ELSEWHERE}, id="away-from-here"
        ),
        pytest.param({"a/": "b/"}, ("/c/", "/a/"), {"a/": "b/", "c/": "b/"}, id="slashes-in-front"),
        pytest.param({"a/": "b/"}, ("a/", "a/"), {}, id="to-where-it-is"),
    ],
)
def test_a_move(rows: Rows, move: tuple[str, str], after: Rows) -> None:
    assert moved(rows, *move) == after


@pytest.mark.parametrize(
    ("path", "target"),
    [
        pytest.param("a/", "a/b/", id="into-itself"),
        pytest.param("a/", "a", id="to-its-own-name-without-the-slash"),
        pytest.param("", "a/", id="the-whole-site"),
        pytest.param("/", "a/", id="the-whole-site-as-a-slash"),
        pytest.param("a/", "/", id="to-the-root"),
    ],
)
def test_no_such_move(path: str, target: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whichever
        moved({}, path, target)


def test_what_moved_to_something_that_is_gone_is_gone() -> None:
    rows = {"a/": "b/", "x": "b/rss.xml", "y": "c/"}

    assert gone(rows, "b/") == {"a/": None, "b/": None, "x": None, "y": "c/"}


@pytest.mark.parametrize("path", ["a/", "/a/"])
def test_what_is_published_again_leads_nowhere(path: str) -> None:
    assert alive({"a/": None, "a": "b/", "a/x": None}, path) == {"a/x": None}


PATHS = st.sampled_from(["a", "a/", "a/x", "a/x/", "b", "b/", "b/x", "b/x/", "b/y/", "c/", "c/x/y"])


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just(moved), PATHS, st.one_of(PATHS, st.just(ELSEWHERE))),
            st.tuples(st.sampled_from([gone, alive]), PATHS),
        ),
        max_size=10,
    )
)
def test_no_target_is_ever_redirected_again(steps: list[tuple[object, ...]]) -> None:
    rows: Rows = {}
    for step, *arguments in steps:
        with suppress(ValueError):
            rows = step(rows, *arguments)  # type: ignore[operator]

        for target in rows.values():
            assert target is None or is_address(target) or covering(rows, target) is None


@pytest.mark.parametrize(
    ("rows", "configured", "known", "found"),
    [
        pytest.param({"a/": "b/"}, {"b"}, {"a"}, [("a", "b")], id="edited-but-not-renamed-yet"),
        pytest.param({"a/": "b/"}, {"a"}, {"a"}, [], id="noted-but-not-edited-yet"),
        pytest.param({"a/": "b/"}, {"b"}, {"b"}, [], id="done"),
        pytest.param({"a/": "b/"}, {"a"}, {"b"}, [("b", "a")], id="the-old-name-is-back"),
        pytest.param(
            {"a/": "b/", "b/": "c/"}, {"c"}, {"a"}, [("a", "c")], id="noted-twice-and-made-never"
        ),
        pytest.param({"a/": "b/", "b/": "a/"}, {"c"}, {"a"}, [], id="to-and-fro-and-then-gone"),
        pytest.param({"a/": "b/"}, {"a", "b"}, {"b"}, [], id="a-new-feed-under-the-old-name"),
        pytest.param({"a/": "b/"}, {"c"}, {"a"}, [], id="neither-is-configured"),
        pytest.param({"a/": None}, {"b"}, {"a"}, [], id="gone"),
        pytest.param({"a/x/": "a/y/"}, {"y"}, {"x"}, [], id="not-a-feed"),
        pytest.param({"a/": ELSEWHERE}, {"b"}, {"a"}, [], id="away-from-here"),
    ],
)
def test_which_feeds_are_called_otherwise_by_now(
    rows: Rows, configured: set[str], known: set[str], found: list[tuple[str, str]]
) -> None:
    assert list(renamed_feeds(rows, configured, known)) == found
