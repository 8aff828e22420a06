"""What a sync and `source test` make of one document, beside what the parsers do."""

from __future__ import annotations

import asyncio

import pytest

from feedsvc.app.inspect import inspect_bytes
from feedsvc.app.reading import forgive, put_aside, read
from feedsvc.errors import ParseError
from feedsvc.model import Hints
from feedsvc.web import Headers, Response

NOTHING = "<item><pubDate>Mon, 06 Jan 2025 09:30:00 GMT</pubDate></item>"
FEED = f"<rss><channel><title>T</title><item/><item><title>Eine</title></item>{NOTHING}"
LOST = f"<item><title>Eine</title><guid>1</guid></item>{NOTHING}"


def response(document: str) -> Response:
    return Response(
        status=200, url="https://a.example/feed", headers=Headers(()), body=document.encode()
    )


def test_a_sync_leaves_out_entries_that_say_nothing() -> None:
    found = read(response(f"{FEED}</channel></rss>"), hints=Hints(), max_entries=10)

    assert [draft.title for draft in found.drafts] == ["Eine"]
    assert found.problems == ("2 of 3 entries say nothing; left out",)


def test_it_does_so_whoever_read_it() -> None:
    async def work() -> list[str]:
        async with put_aside() as aside:
            found = await forgive(response(LOST), aside=aside, hints=Hints(), max_entries=10)
            return [draft.title for draft in found.drafts]

    assert asyncio.run(work()) == ["Eine"]


def test_bytes_are_inspected_by_every_tier() -> None:
    def drafts(document: str) -> list[str]:
        found = inspect_bytes(
            document.encode(),
            url=None,
            media_type=None,
            charset=None,
            hints=Hints(),
            max_entries=10,
        )
        return [draft.title for draft in found.reading.drafts]

    assert drafts(f"{FEED}</channel></rss>") == ["", "Eine", ""]
    assert drafts(FEED) == ["", "Eine", ""]
    assert drafts(LOST) == ["Eine", ""]
    with pytest.raises(ParseError, match="begins as a feed"):
        drafts("<rss><channel>")
