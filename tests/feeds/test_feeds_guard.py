"""The guard around feedgen: single values, and what one bad article does to the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from feedsvc.errors import RenderError
from feedsvc.feeds.stitch import split_fragments
from feedsvc.feeds.values import local, safe
from feedsvc.model import Entry, Format
from feedsvc.ports import Renderer

Make = Callable[..., Entry]


@pytest.mark.parametrize(
    ("moment", "zone", "written"),
    [
        pytest.param(
            datetime(2025, 1, 1, 12, tzinfo=UTC), "Europe/Berlin", "2025-01-01T13:00:00+01:00",
            id="winter-time",
        ),
        pytest.param(
            datetime(2025, 7, 1, 12, tzinfo=UTC), "Europe/Berlin", "2025-07-01T14:00:00+02:00",
            id="summer-time",
        ),
        pytest.param(
            datetime(2025, 7, 1, 12, 0, 0, 999999, tzinfo=UTC), "UTC", "2025-07-01T12:00:00+00:00",
            id="no-fraction",
        ),
        pytest.param(
            datetime(2025, 7, 1, 12, tzinfo=UTC), "Asia/Kathmandu", "2025-07-01T17:45:00+05:45",
            id="quarter-hours",
        ),
        pytest.param(
            datetime(1920, 7, 1, 12, tzinfo=UTC), "Africa/Monrovia", "1920-07-01T12:00:00+00:00",
            id="offset-with-seconds-becomes-utc",
        ),
    ],
)  # fmt: skip
def test_a_moment_is_shown_by_the_clock_of_its_zone(
    moment: datetime, zone: str, written: str
) -> None:
    assert local(moment, ZoneInfo(zone)).isoformat() == written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("  two \n lines ", "two lines", id="one-line"),
        pytest.param("a\x00\x0c\ufffe\ud800b", "ab", id="illegal-characters-go"),
        pytest.param("Gr\u00fc\u00dfe \U0001f6a2", "Gr\u00fc\u00dfe \U0001f6a2", id="others-stay"),
    ],
)
def test_text_is_one_safe_line(text: str, expected: str) -> None:
    assert safe(text) == expected


@pytest.mark.parametrize("format", list(Format))
@pytest.mark.parametrize("bad", [0, 3, 6])
def test_one_article_that_cannot_be_expressed_costs_one_article(
    renderers: dict[Format, Renderer], sparse: Make, format: Format, bad: int
) -> None:
    beyond = datetime.max.replace(tzinfo=UTC)  # has no hour in Berlin
    entries = [
        sparse(guid=f"urn:x-test:{n}", published=beyond)
        if n == bad
        else sparse(guid=f"urn:x-test:{n}")
        for n in range(7)
    ]

    results = renderers[format].fragments(entries, full_text=True)

    assert [isinstance(result, RenderError) for result in results] == [n == bad for n in range(7)]
    for n, result in enumerate(results):
        if isinstance(result, bytes):
            assert f"urn:x-test:{n}<" in result.decode() or f'"urn:x-test:{n}"' in result.decode()


def test_a_head_that_depends_on_its_entries_is_refused() -> None:
    with pytest.raises(RenderError, match="head depends on its entries"):
        split_fragments(b"<other><entry/></feed>", b"<feed>", b"</feed>", b"<entry")
