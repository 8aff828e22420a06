"""What is held back must not keep what was taken down.

    held documents -> the same without those entries -> ledger
    held pages, digests that show it -> removed until they can be built

A document that may not go out leaves the last good one in its place. But a story that was taken
down is in no file after the command that said so, whatever it is that holds the feed: a partner's
rule, a head that is no longer valid, a disk that is full. So the last good document loses these
entries and keeps all else, also its date, and when it cannot even be written it goes. Nobody is
asked whether it fits a partner: it is what the partner took before, with less in it.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from feedsvc.decide import digest
from feedsvc.errors import PublishError
from feedsvc.model import Format
from feedsvc.ports import FeedRow, LedgerLine, TakenDown
from feedsvc.regenerate.press import Press, page_path
from feedsvc.settings import Feed
from feedsvc.text.html import escape

log = logging.getLogger(__name__)


def clear_held(press: Press, feed: Feed, row: FeedRow, paths: Collection[str]) -> None:
    """Leave nothing in the published files at `paths`, which are held, of what was taken down.

    `row` is that of the feed as its last whole build left it, but for what holds it.
    """
    down = press.store.taken_down(press.clock.now(), since=row.seen)
    if down and paths:
        lines = press.store.ledger(paths=paths)
        _Clearing(press=press, feed=feed, row=row, down=down).run(lines.values())


@dataclass(slots=True, kw_only=True)
class _Clearing:
    """The files of one feed, and the articles that are to be in none of them."""

    press: Press
    feed: Feed
    row: FeedRow
    down: Sequence[TakenDown]
    placed: list[LedgerLine] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def run(self, lines: Collection[LedgerLine]) -> None:
        for line in lines:
            body = self.press.publisher.read(line.path)
            if body is None:
                continue
            if line.format == "html" or self.feed.digest:
                # Their words are not told apart by article.
                if any(_shows(body, one) for one in self.down):
                    self._remove(line)
            else:
                self._cut(line, body)
        if self.placed or self.removed:
            self.press.store.settle_feed(
                self.row, read=self.row, members=None, lines=self.placed, removed=self.removed
            )

    def _cut(self, line: LedgerLine, body: bytes) -> None:
        """Put the document in place without what was taken down."""
        renderer = self.press.renderers[Format(line.format)]
        left = renderer.without(body, {one.guid for one in self.down})
        if left == body:
            return
        try:
            own, sidecars = self.press.publisher.place({line.path: left})[line.path]
        except PublishError:
            self._remove(line)
            return
        entries = len(renderer.taken_apart(left))
        self.placed.append(
            replace(line, digest=digest(left), entries=entries, placed=own, sidecars=sidecars)
        )
        log.info("%s is held, and was published without what was taken down", line.path)

    def _remove(self, line: LedgerLine) -> None:
        try:
            self.press.publisher.remove([line.path])
        except PublishError as error:
            log.warning("%s may still show what was taken down: %s", line.path, error)
            return
        self.removed.append(line.path)
        log.info("%s is held, and was removed since it showed what was taken down", line.path)


def _shows(body: bytes, article: TakenDown) -> bool:
    """Whether a page shows an article; in doubt it does: of what was purged only the id is left."""
    said = [article.link, article.title, page_path(article.slug) if article.slug else None]
    known = [word for word in said if word]
    return not known or any(escape(word).encode() in body for word in known)
