"""A head that says nothing, for rendering fragments outside of any feed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from feedsvc.model import Entry, FeedHead, Format, Person, Podcast

_PLAIN = FeedHead(
    name="-",
    id="urn:x-feedsvc:none",
    title="-",
    description="-",
    home="http://example.org/",
    urls=dict.fromkeys(Format, "http://example.org/"),
    updated=datetime(2000, 1, 1, tzinfo=UTC),
    zone=ZoneInfo("UTC"),
    author=Person(name="-"),
)


def plain_head(entries: Sequence[Entry]) -> FeedHead:
    """A head of the kind of feed that the entries stand in: it declares what they say."""
    podcast = any(entry.podcast for entry in entries)
    profile = next((entry.profile for entry in entries if entry.profile), None)
    if not podcast and not profile:
        return _PLAIN
    return replace(_PLAIN, podcast=Podcast() if podcast else None, profile=profile)
