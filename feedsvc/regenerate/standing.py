"""What is published already: entries that passed the gate, and need not pass it again.

The gate judges the head of a document, each entry within that head, and the entries together: by
their ids, their dates and their size. A document of which one entry in fifty is new has the other
forty-nine, byte for byte, from the one that is published; so the gate is shown the new head with
what is new, and what it says of entries together is asked here.

Nothing but the published file itself is relied on, for a fragment in the store may never have
passed. And that file only if

* its bytes are those of the ledger: whoever put it there had asked the gate, and lived to say so.
  The daemon, which wrote it a moment ago, remembers them (`Remembered`);
* the feed was built last by the same definition, renderers and rules (`FeedRow.fingerprint`), and
  nothing of it was held back: then the file stands for a document of the same head, but for dates
  and links, whether it was written by that build or found to be the same.

In doubt the gate is shown the whole document, as also when it finds anything at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from feedsvc.decide import digest
from feedsvc.model import Format
from feedsvc.ports import LedgerLine
from feedsvc.regenerate.press import Press

LARGE = 512 * 1024
"""Bytes; of a larger document the gate has something to say as a whole."""


class Parts(NamedTuple):
    """What a document of a feed is made of."""

    fragments: Sequence[bytes]
    newest: int  # the one that was updated last
    document: Callable[[Sequence[bytes]], bytes]  # of some of them, with the same head


@dataclass(slots=True)
class Standing:
    """The published documents of a feed; without `trusted` nothing is known of any."""

    press: Press
    lines: Mapping[str, LedgerLine]
    trusted: bool
    _known: dict[str, Mapping[str, bytes]] = field(default_factory=dict)

    def entries(self, path: str, format: Format) -> Mapping[str, bytes]:
        """The entries of what is published at a path, by id; none if it cannot be relied on."""
        if path not in self._known:
            self._known[path] = self._read(path, format)
        return self._known[path]

    def _read(self, path: str, format: Format) -> Mapping[str, bytes]:
        line = self.lines.get(path)
        if not self.trusted or line is None:
            return {}
        if (remembered := self.press.remembered.of(line.digest)) is not None:
            return remembered
        body = self.press.publisher.read(path)
        if body is None or digest(body) != line.digest:
            return {}
        renderer = self.press.renderers[format]
        found = {renderer.id_of(one): one for one in renderer.taken_apart(body)}
        return found if len(found) == line.entries else {}

    def news(
        self, path: str, format: Format, body: bytes, own: bytes, parts: Parts
    ) -> bytes | None:
        """A smaller document that is as fit as `body`, put together of `parts`, if there is one.

        `own` is the digest of `body`.
        """
        known = self.entries(path, format)
        if not known or len(body) > LARGE:
            return None
        id_of = self.press.renderers[format].id_of
        told = {fragment: one for one, fragment in known.items()}
        ids = [told.get(fragment) or id_of(fragment) for fragment in parts.fragments]
        entries = dict(zip(ids, parts.fragments, strict=True))
        if len(entries) < len(ids):
            return None
        self.press.remembered.put(own, entries)
        shown = [
            fragment
            for number, fragment in enumerate(parts.fragments)
            # The feed must not be older than any entry: so the newest one is shown in any case.
            if number == parts.newest or fragment not in told
        ]
        return parts.document(shown) if len(shown) < len(ids) else None
