"""Lines that an article keeps: those of its episode are seen, the others are not."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime

import pytest

from feedsvc.decide.digests import seen, seen_of
from feedsvc.model import Article, Origin

AT = datetime(2025, 5, 1, tzinfo=UTC)
ARTICLE = Article(
    source="desk", key="k", guid="urn:x-test:1", title="Nebel", html="", published=AT, updated=AT,
    first_seen=AT,
)  # fmt: skip


@pytest.mark.parametrize("origin", [None, Origin(id="urn:x-test:feed")])
@pytest.mark.parametrize(
    ("line", "differs"),
    [
        pytest.param(("itunes:episode", "4"), True, id="itunes"),
        pytest.param(("podcast:person", "Liv"), True, id="podcast"),
        pytest.param(("layout", "post"), False, id="of-the-author-alone"),
        pytest.param(("thr:total", "4"), False, id="of-another-vocabulary"),
    ],
)
def test_what_an_entry_shows_of_the_lines_is_seen(
    line: tuple[str, str], differs: bool, origin: Origin | None
) -> None:
    article = replace(ARTICLE, origin=origin)
    told = replace(article, extra=(("kept", "x"), line))

    assert (seen(told) != seen(article)) is differs
    assert seen_of({each.name: getattr(told, each.name) for each in fields(told)}) == seen(told)


def test_another_number_is_seen() -> None:
    one, other = (replace(ARTICLE, extra=(("itunes:episode", number),)) for number in "45")

    assert seen(one) != seen(other)
