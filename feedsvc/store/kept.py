"""Which articles are kept though they are more than their source may have: pruning shows nowhere.

    a feed, an archive, a digest, a page, the sitemap shows it    it is kept
    a copy of it is kept                                          it is kept as well

Of a story that several sources tell, the copy that came first stands for the others, which would
rise in its place, and the others are credited beside it: so a story is pruned as a whole, or not.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from feedsvc.ports import KEPT, Shown
from feedsvc.settings import Feed
from feedsvc.store.copies import kin_of
from feedsvc.store.pages import taken
from feedsvc.store.walk import choose

_ROUNDS = 10  # copies of copies

# What is erased already is nobody's copy. What waits for its time has it still to come.
PRUNABLE = """
    pruned IS NULL AND verdict IS NOT 'purged' AND state != 'held'
    AND coalesce(own_state, state) != 'held' AND (due IS NULL OR due <= :at) AND released <= :at
"""
_FACTS = f"""
    SELECT id, source_id, guid, canon, released, changed,
        {PRUNABLE},
        state = 'published' AND pruned IS NULL,
        EXISTS (SELECT 1 FROM membership WHERE article_id = article.id),
        EXISTS (SELECT 1 FROM place WHERE article_id = article.id),
        :pages AND link IS NULL AND (expires IS NULL OR expires > :at)
            AND EXISTS (SELECT 1 FROM slug WHERE article_id = article.id AND current),
        :origin IS NOT NULL AND (expires IS NULL OR expires > :at)
            AND substr(link, 1, length(:origin)) = :origin
    FROM article WHERE id IN (SELECT value FROM json_each(:rows))
"""  # noqa: S608  our own words


class Fact(NamedTuple):
    """An article, so far as it matters for whether it is kept."""

    row: int
    source: int
    guid: str
    canon: bytes | None
    released: int
    changed: int
    prunable: bool
    alive: bool  # feeds may take it
    held: bool  # by a document of a feed
    placed: bool  # in an archive
    paged: bool | None
    listed: bool | None


class Keeping:
    """What is kept of the articles `beyond` (rows, sorted) that are more than sources may have.

    One that has changed after the number `since` waits for the next time.
    """

    def __init__(
        self,
        connection: Connection,
        shown: Shown,
        now: datetime,
        *,
        beyond: Sequence[int],
        since: int,
    ) -> None:
        self._shown = shown
        self._at = int(now.timestamp())
        self._beyond = beyond
        self._since = since
        self._walked: set[int] = set()
        for feed in shown.walked:
            walk = choose(connection, feed, self._at)
            self._walked.update(walk.chosen, walk.twins, walk.twins.values(), walk.displaced)

    def judge(self, connection: Connection, rows: Sequence[int]) -> dict[int, tuple[Fact, str]]:
        """What becomes of articles and of their copies: why each is kept, "" if it is not.

        Rows that are none of `beyond` any more are left out.
        """
        facts = self._family(connection, rows)
        reasons = self._reasons(connection, facts)
        for story in _stories(one for one in facts.values() if one.alive):
            if any(reasons[one.row] or not self._is_beyond(one) for one in story):
                for one in story:
                    reasons[one.row] = reasons[one.row] or "copy"
        return {row: (one, reasons[row]) for row, one in facts.items() if self._is_beyond(one)}

    def _is_beyond(self, one: Fact) -> bool:
        place = bisect_left(self._beyond, one.row)
        return one.prunable and place < len(self._beyond) and self._beyond[place] == one.row

    def _family(self, connection: Connection, rows: Iterable[int]) -> dict[int, Fact]:
        """The articles, and everything alive that is a copy of one, or a copy of such a copy."""
        facts = self._facts(connection, rows)
        fresh = [row for row, one in facts.items() if one.alive]
        for _ in range(_ROUNDS):
            found = kin_of(connection, fresh) - facts.keys() if fresh else set()
            if not found:
                break
            kin = self._facts(connection, found)
            fresh = [row for row, one in kin.items() if one.alive]
            facts |= kin
        return facts

    def _facts(self, connection: Connection, rows: Iterable[int]) -> dict[int, Fact]:
        asked = {
            "rows": json.dumps(list(rows)), "at": self._at, "pages": self._shown.pages,
            "origin": self._shown.origin,
        }  # fmt: skip
        cursor = connection.exec_driver_sql(_FACTS, asked).cursor
        return {row[0]: Fact._make(row) for row in cursor.fetchall()}

    def _reasons(self, connection: Connection, facts: dict[int, Fact]) -> dict[int, str]:
        alive = [row for row, one in facts.items() if one.alive]
        archived = _taken(connection, self._shown.whole, alive)
        edited: set[int] = set()
        for feed, since in self._shown.editions:
            oldest = -(2**62) if since is None else int(since.timestamp())
            some = [row for row in alive if facts[row].released >= oldest]
            edited |= _taken(connection, (feed,), some)
        found: dict[int, str] = {}
        for row, one in facts.items():
            why = (
                one.held or (one.alive and row in self._walked),
                one.alive and (one.placed or row in archived),
                row in edited,
                one.alive and one.paged,
                one.alive and one.listed,
            )
            waits = "waiting" if one.changed > self._since else ""
            found[row] = next((KEPT[n] for n, yes in enumerate(why) if yes), waits)
        return found


def _taken(connection: Connection, feeds: Iterable[Feed], rows: Collection[int]) -> set[int]:
    found: set[int] = set()
    for feed in feeds:
        left = [row for row in rows if row not in found]
        if left:
            found |= taken(connection, feed, left)
    return found


def _stories(facts: Iterable[Fact]) -> list[list[Fact]]:
    """The articles that tell one story: of one id, or of one page in different sources."""
    stories: dict[int, list[Fact]] = {}  # each row -> the list that it is in
    pages: dict[bytes, list[Fact]] = {}
    guids: dict[str, list[Fact]] = {}
    for one in facts:
        stories[one.row] = [one]
        guids.setdefault(one.guid, []).append(one)
        if one.canon is not None:
            pages.setdefault(one.canon, []).append(one)
    # The entries of a live blog share a page, and are as many stories.
    shared = [some for some in pages.values() if len({one.source for one in some}) > 1]
    for some in (*guids.values(), *shared):
        first = stories[some[0].row]
        for one in some[1:]:
            other = stories[one.row]
            if other is not first:
                first.extend(other)
                stories.update((each.row, first) for each in other)
    return list({id(story): story for story in stories.values()}.values())
