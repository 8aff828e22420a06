"""Documents stitched from a head, entries that were rendered once, and a tail.

feedgen writes whole documents. An entry is taken out of one, kept, and put into every document that
holds it; what comes of that equals, byte for byte, what feedgen would have written.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from html import unescape
from typing import ClassVar

from feedgen.feed import FeedGenerator

from feedsvc.errors import RenderError
from feedsvc.feeds.plain_head import plain_head
from feedsvc.model import Entry, FeedHead
from feedsvc.settings import FullText


class StitchedXml(ABC):
    """What Atom and RSS have in common as formats; fits `ports.Renderer`."""

    mark: ClassVar[bytes]  # how an entry begins
    tail: ClassVar[bytes]  # how a document ends
    id_tags: ClassVar[tuple[bytes, bytes]]  # around the id of an entry
    _last: tuple[FeedHead, bytes] | None = None  # a head, and how its document starts

    @abstractmethod
    def generator(self, head: FeedHead) -> FeedGenerator:
        """A feed without entries."""

    @abstractmethod
    def add(self, feed: FeedGenerator, entry: Entry, full_text: FullText) -> None:
        """Add an entry behind the others."""

    @abstractmethod
    def written(self, feed: FeedGenerator) -> bytes:
        """The document of a feed."""

    def fragments(
        self, entries: Sequence[Entry], *, full_text: FullText
    ) -> list[bytes | RenderError]:
        """Each entry as it stands inside a document."""

        def render(some: Sequence[Entry]) -> list[bytes]:
            head = plain_head(some)
            document = self.whole(head, some, full_text=full_text)
            return split_fragments(document, self._start(head), self.tail, self.mark)

        return render_each(entries, render)

    def document(self, head: FeedHead, fragments: Sequence[bytes]) -> bytes:
        """The whole document, equal to what `whole` writes of the same entries."""
        return b"".join((self._start(head), *fragments, self.tail))

    def taken_apart(self, document: bytes) -> list[bytes]:
        """The fragments that `document` put together."""
        # Of its head nothing is known: only how entries begin, and how it ends.
        parts = document.removesuffix(self.tail).split(self.mark)
        return [self.mark + part for part in parts[1:]]

    def without(self, document: bytes, ids: Collection[str]) -> bytes:
        """The document without some entries; its head stays."""
        start = document.removesuffix(self.tail).partition(self.mark)[0]
        kept = [part for part in self.taken_apart(document) if self.id_of(part) not in ids]
        return b"".join((start, *kept, self.tail))

    def id_of(self, fragment: bytes) -> str:
        """The id of the entry."""
        start, end = self.id_tags
        _, _, rest = fragment.partition(start)
        text = rest.partition(b">")[2].partition(end)[0].decode()
        return unescape(text) if "&" in text else text

    def whole(self, head: FeedHead, entries: Sequence[Entry], *, full_text: FullText) -> bytes:
        """The document as feedgen writes it in one go."""
        feed = self.generator(head)
        for entry in entries:
            self.add(feed, entry, full_text)
        return self.written(feed)

    def _start(self, head: FeedHead) -> bytes:
        # One document follows another of the same head: a smaller one, for the gate to see.
        if self._last is None or self._last[0] is not head:
            self._last = head, self.written(self.generator(head)).removesuffix(self.tail)
        return self._last[1]


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
