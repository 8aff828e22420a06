"""What the bytes of a feed depend on beside articles and time, and what its readers are told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import fields
from datetime import timedelta

from feedsvc.decide import digest_of
from feedsvc.model import FeedHead, Tombstone
from feedsvc.ports import Member
from feedsvc.regenerate.press import Press, head_of, rules_of
from feedsvc.regenerate.proof import JUDGING
from feedsvc.settings import Feed


def fingerprint_of(press: Press, feed: Feed, guid: str, folders: Sequence[str]) -> bytes:
    """Of everything but articles and time that the feed's bytes depend on."""
    head = head_of(press, feed, None, guid=guid)
    return digest_of(
        [
            _said_of_feed(head),
            [head.home, list(head.urls.values()), head.zone.key, press.site.title],
            [_plain(getattr(feed, each.name)) for each in fields(feed)],
            sorted((name, zone.key) for name, zone in press.zones.items()),
            [head.hubs, folders, press.rendering, press.article_pages, JUDGING],
            # Which pages of articles stand that a private feed leads to.
            [rules_of(one) for one in press.store.known_feeds() if feed.private],
        ]
    )


def content_of(
    press: Press, feed: Feed, guid: str, members: Sequence[Member], deleted: Sequence[Tombstone]
) -> bytes:
    """The digest of what a reader is told, whatever the formats and however it is written."""
    head = head_of(press, feed, None, guid=guid)
    told = [_said_of_feed(head), feed.full_text, [member.seen.hex() for member in members]]
    return digest_of([*told, [one.ref for one in deleted]] if deleted else told)


def content_of_digest(press: Press, feed: Feed, guid: str, editions: bytes) -> bytes:
    """The same of a feed that is made of `editions`."""
    return digest_of([_said_of_feed(head_of(press, feed, None, guid=guid)), editions.hex()])


def _said_of_feed(head: FeedHead) -> list[object]:
    """What a document says of its feed, apart from dates and addresses of documents."""
    said: list[object] = [
        head.id, head.title, head.description, head.home, head.language, head.rights, head.icon,
        head.author,
    ]  # fmt: skip
    return [*said, head.image, head.podcast] if head.image or head.podcast else said


def _plain(value: object) -> object:
    """A value of a feed's definition as a digest takes it."""
    if isinstance(value, re.Pattern):
        return value.pattern
    return value.total_seconds() if isinstance(value, timedelta) else value
