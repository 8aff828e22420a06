"""The archives of feeds (RFC 5005 §4): where articles stand, and what stands on a page.

An article gets its position when it first enters a feed, and keeps it for good: page 1 is the
oldest, a page is closed when the next one begins, and what happens to an article later happens on
its page alone. So the page of a change is found from the articles that changed, and nothing else is
read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    CompoundSelect,
    Connection,
    Engine,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
)

from feedsvc.model import State, Tombstone
from feedsvc.ports import ArchivePage, Member, Selection, Shelf
from feedsvc.settings import Feed
from feedsvc.store import selection
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.media import want
from feedsvc.store.rows import instant, seconds
from feedsvc.store.schema import archive_page, article, body, membership, place, removal, source

_LONGEST_REMOVED = 50  # entries taken down that a document still tells of


class Archive:
    """Archives and what was taken down."""

    _engine: Engine

    def newest_change(self) -> int:
        """The number of the last change to any article."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.max(article.c.changed))).scalar() or 0

    def news(self, since: int, now: datetime) -> list[int]:
        """The articles with a change after the number `since`, and their copies."""
        at = int(now.timestamp())
        with reading(self._engine) as connection:
            return _news(connection, since, at, at)

    def shelve(
        self, feed: Feed, size: int, now: datetime, *, since: int, looked: datetime | None
    ) -> Shelf:
        """Give what has entered the feed its positions; says which pages that and changes touch.

        Looked at are the articles with a change after the number `since`, and those that time has
        changed after `looked`; all with `since` 0.
        """
        at = int(now.timestamp())
        with reading(self._engine) as connection:
            before = _last(connection, feed)
            rows = _news(connection, since, seconds(looked), at) if since and before else None
            fresh = _newcomers(connection, feed, at, rows)
            if rows is None:
                touched = set(range(1, _closed(before, size) + 1))
            else:
                touched = {-(-spot // size) for spot in _spots(connection, feed, rows)}
                touched |= _unbuilt(connection, feed, _closed(before, size))
        if fresh:
            with writing(self._engine) as connection:
                last = _last(connection, feed)
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
            return Shelf(size=size, closed=_closed(_last(connection, feed), size))

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
            placed = [place.c.position > shelf.closed * shelf.size]
            if len(newest) >= feed.limit:
                oldest = min(seconds(member.released) or 0 for member in newest)
                placed.append(
                    and_(article.c.updated > oldest, article.c.updated > article.c.released)
                )
            for member in _placed(connection, feed, at, or_(*placed), without):
                if member.row not in known and member.guid not in guids:
                    guids.add(member.guid)
                    newest.append(member)
        ordered = sorted(newest, key=lambda member: member.guid)
        ordered.sort(key=lambda member: _moment(member, known), reverse=True)
        return Selection(members=tuple(ordered), next_change=chosen.next_change)

    def page_members(
        self, feed: Feed, shelf: Shelf, number: int, now: datetime, *, without: Collection[int] = ()
    ) -> tuple[Member, ...]:
        """What stands on a closed page now, newest first."""
        spots = place.c.position.between((number - 1) * shelf.size + 1, number * shelf.size)
        with reading(self._engine) as connection:
            return tuple(_placed(connection, feed, int(now.timestamp()), spots, without))

    def pages(self, feed: str, numbers: Collection[int]) -> dict[int, ArchivePage]:
        """What is remembered of these pages."""
        query = select(archive_page).where(
            archive_page.c.feed == feed, archive_page.c.number.in_(sorted(numbers))
        )
        with reading(self._engine) as connection:
            return {
                row["number"]: ArchivePage(
                    number=row["number"],
                    updated=instant(row["updated"]),
                    content=row["content"],
                )
                for row in connection.execute(query).mappings()
            }

    def keep_pages(self, feed: str, pages: Sequence[ArchivePage]) -> None:
        """Remember pages as they are published now."""
        if pages:
            with writing(self._engine) as connection:
                write_pages(connection, feed, pages)

    def forget_archive(self, feed: str) -> None:
        """Forget positions and pages of a feed that keeps no archive any more."""
        with reading(self._engine) as connection:
            if not _last_of(connection, feed):
                return
        with writing(self._engine) as connection:
            connection.execute(delete(place).where(place.c.feed == feed))
            connection.execute(delete(archive_page).where(archive_page.c.feed == feed))

    def removals(self, feed: str, *, since: int, now: datetime) -> tuple[Tombstone, ...]:
        """The newest entries of a feed that were taken down, noting those that were since.

        What slid out of a document or expired was not taken down; what is back is no more.
        """
        held = select(membership.c.article_id).where(membership.c.feed == feed)
        kept = select(place.c.article_id).where(place.c.feed == feed)
        down = article.c.state.not_in([State.PUBLISHED.value, State.HELD.value])
        other = article.alias("other")
        up = exists().where(other.c.guid == article.c.guid, other.c.state == State.PUBLISHED.value)
        query = select(article.c.guid, article.c.verdict_at).where(
            article.c.changed > since,
            down,
            ~up,
            or_(article.c.id.in_(held), article.c.id.in_(kept)),
        )
        shown = select(article.c.guid).where(article.c.state == State.PUBLISHED.value)
        told = removal.c.feed == feed
        with reading(self._engine) as connection:
            known = dict(connection.execute(select(removal.c.guid, removal.c.at).where(told)).all())
            found = {
                guid: at or seconds(now)
                for guid, at in connection.execute(query)
                if guid not in known
            }
            query_back = select(removal.c.guid).where(told, removal.c.guid.in_(shown))
            back = set(connection.execute(query_back).scalars())
        if found or back:
            with writing(self._engine) as connection:
                connection.execute(delete(removal).where(told, removal.c.guid.in_(sorted(back))))
                if found:
                    connection.execute(
                        insert(removal).prefix_with("OR IGNORE"),
                        [{"feed": feed, "guid": guid, "at": at} for guid, at in found.items()],
                    )
        whole = {guid: at for guid, at in {**known, **found}.items() if guid not in back}
        newest = sorted(whole.items(), key=lambda item: (-(item[1] or 0), item[0]))
        return tuple(
            Tombstone(ref=guid, when=instant(at or 0)) for guid, at in newest[:_LONGEST_REMOVED]
        )


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


def _last(connection: Connection, feed: Feed) -> int:
    return _last_of(connection, feed.name)


def _last_of(connection: Connection, feed: str) -> int:
    query = select(func.max(place.c.position)).where(place.c.feed == feed)
    return connection.execute(query).scalar() or 0


def _news(connection: Connection, since: int, looked: int | None, at: int) -> list[int]:
    """The articles that changed, by a change or by time, and those of the same story or id.

    When one goes or comes, another that says the same may come or go.
    """
    changed = select(article.c.id).where(article.c.changed > since)
    rows = set(connection.execute(changed).scalars())
    for column in (article.c.due, article.c.expires):
        passed = and_(column > (looked or 0), column <= at)
        rows.update(connection.execute(select(article.c.id).where(passed)).scalars())
    named = {"rows": json.dumps(sorted(rows))}
    rows.update(connection.execute(_ALIKE, named).scalars())
    return sorted(rows)


def _unbuilt(connection: Connection, feed: Feed, closed: int) -> set[int]:
    """The pages that have closed and could not go out then: a disk was full, a run was killed."""
    mine = archive_page.c.feed == feed.name
    built = connection.execute(select(func.count()).select_from(archive_page).where(mine))
    if built.scalar() == closed:
        return set()
    known = connection.execute(select(archive_page.c.number).where(mine)).scalars()
    return set(range(1, closed + 1)) - set(known)


def _rows() -> Select[Any]:
    # One parameter: to bind thousands costs more than to find them.
    return select(func.json_each(bindparam("rows")).table_valued("value").c.value)


def _alike() -> CompoundSelect[Any]:
    one, other = article.alias("one"), article.alias("other")
    same_story = select(other.c.id).join(one, one.c.canon == other.c.canon)
    same_id = select(other.c.id).join(one, one.c.guid == other.c.guid)
    return (
        same_story.where(one.c.id.in_(_rows()), one.c.canon.is_not(None))
        .union(same_id.where(one.c.id.in_(_rows())))
    )  # fmt: skip


_ALIKE = _alike()


def _spots(connection: Connection, feed: Feed, rows: Sequence[int]) -> list[int]:
    query = select(place.c.position).where(
        place.c.feed == feed.name, place.c.article_id.in_(_rows())
    )
    return list(connection.execute(query, {"rows": json.dumps(rows)}).scalars())


def _newcomers(
    connection: Connection, feed: Feed, at: int, rows: Sequence[int] | None
) -> list[int]:
    """The articles that belong to the feed and have no position yet, oldest first.

    Of two with one id, the one that has a position, or comes first, stands for both.
    """
    mine = and_(place.c.feed == feed.name, place.c.article_id == article.c.id)
    twin = article.alias("twin")
    has_place = exists().where(
        place.c.feed == feed.name,
        place.c.article_id == twin.c.id,
        twin.c.guid == article.c.guid,
        twin.c.state == State.PUBLISHED.value,
    )
    wanted = [*selection.conditions(feed), *selection.shown_at(feed, at), ~exists().where(mine)]
    if feed.dedupe != "none":
        wanted += selection.first_of_its_kind(feed, at, ())
    columns = [article.c.id, article.c.guid, article.c.title]
    query = select(*columns).join(source, source.c.id == article.c.source_id)
    reads_words = feed.match is not None or feed.exclude is not None
    if reads_words:
        query = query.join(body, body.c.article_id == article.c.id)
        query = query.add_columns(body.c.summary, body.c.html)
    query = query.where(*wanted, ~has_place).order_by(
        article.c.released, article.c.guid, article.c.id
    )
    parameters: dict[str, Any] = {}
    if rows is not None:
        query = query.where(article.c.id.in_(_rows()))
        parameters["rows"] = json.dumps(rows)
    found: dict[str, int] = {}
    result = connection.execute(query.execution_options(yield_per=500), parameters)
    for row in result.mappings():
        if not reads_words or selection.words_fit(feed, dict(row)):
            found.setdefault(row["guid"], row["id"])
    return list(found.values())


def _placed(
    connection: Connection, feed: Feed, at: int, spots: Any, without: Collection[int]
) -> list[Member]:
    """The articles at some positions that belong to the feed now, newest first, each id once."""
    wanted = [*selection.conditions(feed), *selection.shown_at(feed, at), spots]
    if feed.dedupe != "none":
        wanted += selection.first_of_its_kind(feed, at, without)
    query = (
        selection.member_query(feed)
        .join(place, and_(place.c.article_id == article.c.id, place.c.feed == feed.name))
        .where(*wanted)
        .order_by(place.c.position.desc())
    )
    found: list[Member] = []
    guids: set[str] = set()
    for row in connection.execute(query).mappings():
        fits = row["id"] not in without and row["guid"] not in guids
        if fits and selection.words_fit(feed, dict(row)):
            guids.add(row["guid"])
            found.append(selection.member(dict(row)))
    return selection.with_copies(connection, feed, at, found)
