"""feedgen, with what it gets wrong put right.

feedgen serialises every entry and every feed. Around it stands this guard: text that XML cannot
hold is dropped before it raises, every date is given (else feedgen writes the present), and each
format finishes the elements that feedgen made, to say what feedgen loses or cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension
from feedgen.feed import FeedGenerator

from feedsvc.feeds.values import address, local, person, safe, spoken
from feedsvc.model import Entry, FeedHead, Format, Person

GENERATOR = "feedsvc"

Finish = Callable[[Any], None]


class _Finishing(BaseEntryExtension):  # type: ignore[misc]
    """The guard's part in a feed or an entry: says the last word on the element feedgen made."""

    def __init__(self) -> None:
        self.prefixes: Mapping[str, str] = {}
        self.finish: Finish | None = None

    def extend_ns(self) -> Mapping[str, str]:
        return self.prefixes

    def extend_atom(self, element: Any) -> Any:
        if self.finish is not None:
            self.finish(element)
        return element

    extend_rss = extend_atom


def generator(
    head: FeedHead, format: Format, *, prefixes: Mapping[str, str], finish: Finish
) -> FeedGenerator:
    """A feedgen feed that says what `head` says, and declares `prefixes`, used or not.

    `finish` gets the root element before there are entries in it.
    """
    feed = FeedGenerator()
    feed.register_extension("guard", _Finishing, _Finishing)
    feed.guard.prefixes = prefixes
    feed.guard.finish = finish
    feed.id(head.id)
    feed.title(safe(head.title))
    feed.updated(local(head.updated, head.zone))
    feed.generator(GENERATOR)
    if language := spoken(head.language):
        feed.language(language)
    if head.rights:
        feed.rights(safe(head.rights))
    if head.description:
        feed.description(safe(head.description))
    feed.author(person(head.author) or person(Person(name=head.title)) or {"name": safe(head.name)})
    feed.link(href=head.urls[format], rel="self", type=format.media_type)
    # Last: feedgen takes the last link, whatever its rel, for the RSS channel's.
    feed.link(href=head.home, rel="alternate", type="text/html")
    if icon := address(head.icon):
        feed.icon(icon)
    return feed


def add(
    feed: FeedGenerator,
    entry: Entry,
    *,
    title: str,
    body: str,
    summary: str,
    terms: Sequence[str],
    finish: Finish,
) -> FeedEntry:
    """Add what Atom and RSS have in common; `finish` gets the entry's element."""
    article = entry.article
    added: FeedEntry = feed.add_entry(order="append")
    added.guard.finish = finish
    added.id(article.guid)
    added.title(title)
    added.published(local(article.published, entry.zone))
    added.updated(local(article.updated, entry.zone))
    # Summary before content: feedgen would else take the content for the RSS description.
    if summary:
        added.summary(summary)
    if body:
        added.content(body, type="html")
    added.category([{"term": term} for term in terms])
    return added
