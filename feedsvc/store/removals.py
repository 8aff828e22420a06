"""What was taken down, for the documents that say so (RFC 6721, `deleted_entries`).

    an article leaves a feed for good -> removal (feed, id, when) -> at:deleted-entry
    it comes back                     -> the row goes

One that its operator only hides is noted as well, and nobody is told as long as it is hidden: who
reads such a line deletes the entry, and takes it back only when it was updated later (§3).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Engine,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    not_,
    or_,
    select,
)

from feedsvc.model import State, Tombstone
from feedsvc.ports import TakenDown
from feedsvc.settings import Feed
from feedsvc.store.engine import chunks, reading, writing
from feedsvc.store.pages import VISIBLE, taken, visible
from feedsvc.store.rows import instant, seconds
from feedsvc.store.schema import article, membership, place, removal, slug

_OTHER = article.alias("other")
_DOWN = (
    select(article.c.guid, article.c.title, article.c.link, slug.c.slug)
    .outerjoin(slug, and_(slug.c.article_id == article.c.id, slug.c.current))
    .where(
        article.c.changed > bindparam("since", type_=Integer),
        not_(and_(*VISIBLE)),
        ~exists().where(_OTHER.c.guid == article.c.guid, *visible(_OTHER)),
    )
)

_LONGEST = 50  # entries taken down that a document still tells of


class Removals:
    """What was taken out of feeds."""

    _engine: Engine

    def taken_down(self, now: datetime, *, since: int) -> tuple[TakenDown, ...]:
        """The articles that changed after the number `since` and that nobody may see now.

        But for ids that another article shows.
        """
        with reading(self._engine) as connection:
            rows = connection.execute(_DOWN, {"since": since, "at": seconds(now)})
            return tuple(TakenDown(*row) for row in rows)

    def removals(
        self, feed: Feed, *, since: int, now: datetime, keep: bool = True
    ) -> tuple[Tombstone, ...]:
        """The newest entries of a feed that were taken down, noting those that were since.

        What slid out of a document or expired was not taken down; what belongs to the feed again,
        or has another article of its id there, is back. Without `keep` nothing is noted.
        """
        held = select(membership.c.article_id).where(membership.c.feed == feed.name)
        twin = article.alias("twin")
        kept = exists().where(
            twin.c.guid == article.c.guid,
            place.c.article_id == twin.c.id,
            place.c.feed == feed.name,
        )
        down = article.c.state.not_in([State.PUBLISHED.value, State.HELD.value])
        query = select(article.c.guid, article.c.verdict_at).where(
            article.c.changed > since,
            down,
            or_(article.c.id.in_(held), kept),
        )
        told = removal.c.feed == feed.name
        with reading(self._engine) as connection:
            known = dict(connection.execute(select(removal.c.guid, removal.c.at).where(told)).all())
            found = {
                guid: at or seconds(now)
                for guid, at in connection.execute(query)
                if guid not in known
            }
            # One parameter: after a source has gone these may be too many for one each.
            new = func.json_each(json.dumps(sorted(found))).table_valued("value").c.value
            again = _published(connection, feed, select(removal.c.guid).where(told))
            found = _without(found, _published(connection, feed, select(new)))
            whole = _without({**known, **found}, again)
            hidden = _hidden(connection, select(removal.c.guid).where(told), select(new))
        if keep and (found or again):
            with writing(self._engine) as connection:
                for some in chunks(sorted(again)):
                    connection.execute(delete(removal).where(told, removal.c.guid.in_(some)))
                if found:
                    connection.execute(
                        insert(removal).prefix_with("OR IGNORE"),
                        [{"feed": feed.name, "guid": guid, "at": at} for guid, at in found.items()],
                    )
        open_ = _without(whole, hidden)
        newest = sorted(open_.items(), key=lambda item: (-(item[1] or 0), item[0]))
        return tuple(Tombstone(ref=guid, when=instant(at or 0)) for guid, at in newest[:_LONGEST])


def _without(found: Mapping[str, Any], guids: set[str]) -> dict[str, Any]:
    return {guid: at for guid, at in found.items() if guid not in guids}


def _hidden(connection: Connection, *guids: Select[Any]) -> set[str]:
    """Those of some ids that are only hidden, by a verdict that is lifted again."""
    query = select(article.c.guid).where(
        article.c.state == State.HIDDEN.value, or_(*(article.c.guid.in_(some) for some in guids))
    )
    return set(connection.execute(query).scalars())


def _published(connection: Connection, feed: Feed, guids: Select[Any]) -> set[str]:
    """Those of some ids that articles have which belong to a feed, shown already or not yet.

    By its rules: when one comes to fulfil them, the feed is built.
    """
    query = select(article.c.id, article.c.guid).where(
        article.c.guid.in_(guids), article.c.state == State.PUBLISHED.value
    )
    rows = connection.execute(query).all()
    mine = taken(connection, feed, [row.id for row in rows]) if rows else set()
    return {row.guid for row in rows if row.id in mine}
