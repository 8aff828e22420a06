"""The archives of feeds (RFC 5005 §4): where articles stand, and what stands on a page.

An article gets its position when it first enters a feed, and its id keeps it for good: page 1 is
the oldest, a page is closed when the next one begins, and what happens to an article later happens
on its page alone. So the page of a change is found from the articles that changed, and nothing else
is read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine, bindparam, delete, func, insert, select

from feedsvc.ports import ArchivePage, Member, Selection, Shelf
from feedsvc.settings import Feed
from feedsvc.store import places, selection
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.media import want
from feedsvc.store.rows import instant, seconds
from feedsvc.store.schema import archive_page, article, place

_PAGES = select(archive_page).where(
    archive_page.c.feed == bindparam("feed"),
    archive_page.c.number.in_(
        select(func.json_each(bindparam("numbers")).table_valued("value").c.value)
    ),
)


class Archive:
    """Where articles stand in archives, and the pages of those."""

    _engine: Engine

    def newest_change(self) -> int:
        """The number of the last change to any article."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.max(article.c.changed))).scalar() or 0

    def news(self, since: int, now: datetime) -> list[int]:
        """The articles with a change after the number `since`, and their copies."""
        at = int(now.timestamp())
        with reading(self._engine) as connection:
            return places.news(connection, since, at, at)

    def shelve(
        self, feed: Feed, size: int, now: datetime, *, since: int, looked: datetime | None
    ) -> Shelf:
        """Give what has entered the feed its positions; says which pages that and changes touch.

        Looked at are the articles with a change after the number `since`, and those that time has
        changed after `looked`; all with `since` 0.
        """
        at = int(now.timestamp())
        with reading(self._engine) as connection:
            before = places.last_place(connection, feed.name)
            known = since and before
            rows = places.news(connection, since, seconds(looked), at) if known else None
            fresh = places.newcomers(connection, feed, at, rows)
            if rows is None:
                touched = set(range(1, _closed(before, size) + 1))
            else:
                touched = {-(-spot // size) for spot in places.spots(connection, feed.name, rows)}
                touched |= places.unbuilt(connection, feed.name, _closed(before, size))
        if fresh:
            with writing(self._engine) as connection:
                last = places.last_place(connection, feed.name)
                connection.execute(
                    insert(place),
                    [
                        {"feed": feed.name, "position": position, "article_id": row}
                        for position, row in enumerate(fresh, last + 1)
                    ],
                )
                want(connection, feed, fresh, now)
                before = last
        closed = _closed(before + len(fresh), size)
        touched |= set(range(_closed(before, size) + 1, closed + 1))
        return Shelf(
            size=size,
            closed=closed,
            touched=frozenset(n for n in touched if n <= closed),
            news=None if rows is None else frozenset(rows),
        )

    def shelf(self, feed: Feed, size: int) -> Shelf:
        """The archive as it stands."""
        with reading(self._engine) as connection:
            return Shelf(size=size, closed=_closed(places.last_place(connection, feed.name), size))

    def select_archived(
        self, feed: Feed, shelf: Shelf, now: datetime, *, without: Collection[int] = ()
    ) -> Selection:
        """What the subscription document of an archived feed holds.

        The newest `limit` articles; all of the page that is still open, wherever their dates put
        them; and those of closed pages that were corrected since the oldest of the newest came: a
        reader who stops at a page it knows has to hear of them here.
        """
        at = int(now.timestamp())
        with reading(self._engine) as connection:
            chosen = selection.members(connection, feed, now, without=without)
            newest = list(chosen.members)
            known = {member.row for member in newest}
            guids = {member.guid for member in newest}
            oldest = None
            if len(newest) >= feed.limit:
                oldest = min(seconds(member.released) or 0 for member in newest)
            closed = shelf.closed * shelf.size
            more: list[Member] = []
            for member in places.still_open(connection, feed, at, closed, oldest, known, without):
                if member.guid not in guids:
                    guids.add(member.guid)
                    more.append(member)
            newest += selection.with_copies(connection, feed, at, more)
        ordered = sorted(newest, key=lambda member: member.guid)
        ordered.sort(key=lambda member: _moment(member, known), reverse=True)
        return Selection(members=tuple(ordered), next_change=chosen.next_change)

    def page_members(
        self, feed: Feed, shelf: Shelf, number: int, now: datetime, *, without: Collection[int] = ()
    ) -> tuple[Member, ...]:
        """What stands on a closed page now, newest first."""
        page = ((number - 1) * shelf.size + 1, number * shelf.size)
        with reading(self._engine) as connection:
            return tuple(places.on_page(connection, feed, int(now.timestamp()), page, without))

    def pages(self, feed: str, numbers: Collection[int]) -> dict[int, ArchivePage]:
        """What is remembered of these pages."""
        asked = {"feed": feed, "numbers": json.dumps(sorted(numbers))}
        with reading(self._engine) as connection:
            return {
                row["number"]: ArchivePage(
                    number=row["number"],
                    updated=instant(row["updated"]),
                    content=row["content"],
                )
                for row in connection.execute(_PAGES, asked).mappings()
            }

    def keep_pages(self, feed: str, pages: Sequence[ArchivePage]) -> None:
        """Remember pages as they are published now."""
        if pages:
            with writing(self._engine) as connection:
                write_pages(connection, feed, pages)

    def forget_archive(self, feed: str) -> None:
        """Forget positions and pages of a feed that keeps no archive any more."""
        with reading(self._engine) as connection:
            if not places.last_place(connection, feed):
                return
        with writing(self._engine) as connection:
            connection.execute(delete(place).where(place.c.feed == feed))
            connection.execute(delete(archive_page).where(archive_page.c.feed == feed))


def write_pages(connection: Connection, feed: str, pages: Sequence[ArchivePage]) -> None:
    """Remember pages as they are published now."""
    for some in chunks(pages):
        numbers = [page.number for page in some]
        connection.execute(
            delete(archive_page).where(
                archive_page.c.feed == feed, archive_page.c.number.in_(numbers)
            )
        )
        connection.execute(
            insert(archive_page),
            [
                {"feed": feed, "number": page.number, "updated": seconds(page.updated),
                 "content": page.content}
                for page in some
            ],
        )  # fmt: skip


def _moment(member: Member, newest: Collection[int]) -> datetime:
    """Where a member stands: one that is here for its correction, where that came."""
    return member.released if member.row in newest else max(member.released, member.updated)


def _closed(last: int, size: int) -> int:
    """How many pages are closed: a page closes when the next one begins.

    So the newest articles, which are edited most, are never on a closed page alone.
    """
    return max(0, (last - 1) // size)
