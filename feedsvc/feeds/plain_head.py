"""A head that says nothing, for rendering fragments outside of any feed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from feedsvc.model import FeedHead, Format, Person

PLAIN_HEAD = FeedHead(
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
