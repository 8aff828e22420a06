"""feedgen, with what it gets wrong put right.

feedgen serialises every entry and every feed. Around it stands this guard: text that XML cannot
hold is dropped before it raises, every date is given (else feedgen writes the present), and each
format finishes the elements that feedgen made, to say what feedgen loses or cannot say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import unescape
from typing import Any

from feedgen.entry import FeedEntry
from feedgen.ext.base import BaseEntryExtension
from feedgen.feed import FeedGenerator

from feedsvc.errors import RenderError
from feedsvc.feeds.values import address, local, person, safe, spoken
from feedsvc.model import Entry, FeedHead, Format

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
    feed.author(person(head.author) or {"name": safe(head.title)})
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


# -- fragments -----------------------------------------------------------------------------------


def split_fragments(document: bytes, head: bytes, tail: bytes, mark: bytes) -> list[bytes]:
    """The entries of a document that feedgen wrote, each as it stands there.

    `head` and `tail` are the same document's bytes around them, `mark` is how an entry begins. In
    serialised XML without CDATA a `<` is always markup, so `mark` cannot stand inside a text.
    """
    if not (document.startswith(head) and document.endswith(tail)):
        raise RenderError("feedgen wrote a document whose head depends on its entries")
    inner = document[len(head) : len(document) - len(tail)]
    parts = inner.split(mark)
    return [mark + part for part in parts[1:]]


def taken_apart(document: bytes, tail: bytes, mark: bytes) -> list[bytes]:
    """The entries of a document of which nothing is known but how they begin and how it ends."""
    parts = document.removesuffix(tail).split(mark)
    return [mark + part for part in parts[1:]]


def text_in(fragment: bytes, start: bytes, end: bytes) -> str:
    """The text of the first element that begins with `start`, an unfinished tag."""
    _, _, rest = fragment.partition(start)
    text = rest.partition(b">")[2].partition(end)[0].decode()
    return unescape(text) if "&" in text else text


def render_each(
    entries: Sequence[Entry], render: Callable[[Sequence[Entry]], list[bytes]]
) -> list[bytes | RenderError]:
    """All entries at once; those that cannot be expressed are found by halves."""
    if not entries:
        return []
    try:
        return list(render(entries))
    except Exception as error:
        if len(entries) == 1:
            problem = RenderError(f"{type(error).__name__}: {error}")
            problem.__cause__ = error
            return [problem]
    middle = len(entries) // 2
    return [*render_each(entries[:middle], render), *render_each(entries[middle:], render)]
