"""What verdicts of the operator mean for what sources send: nothing of theirs undoes one.

A verdict is on a story, not on a row. So a newcomer is struck by one that stands already if it

    has the id of an article with a verdict, in whatever source;
    is on the page of one (`article.canon`), unless either source has something there that has no
        verdict: the entries of a live blog share one address, and are as many stories;
    is the very file of one, under another name or in another source.

While a verdict stands, what its source makes of the article is kept beside it (`own_state`), so
that it comes back as what it would be by then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, case, func, select, update

from feedsvc.decide import canon_of
from feedsvc.model import Article, State, Verdict
from feedsvc.store.engine import chunks
from feedsvc.store.schema import article, source

own_state: ColumnElement[str] = func.coalesce(article.c.own_state, article.c.state)
"""What its source makes of an article; of one that was purged, nothing any more."""

own_reason: ColumnElement[Any] = case(
    (article.c.verdict.is_(None), article.c.state_reason), else_=article.c.own_reason
)

_WEIGHT = {Verdict.HIDDEN.value: 1, Verdict.WITHDRAWN.value: 2, Verdict.PURGED.value: 3}


class Newcomer(NamedTuple):
    """An article that is not stored yet, by all that a verdict knows it by."""

    source: int
    guid: str
    link: str | None
    page: bytes | None
    document: bytes = b""  # the digest of its file; empty for an entry of a feed


class Struck(NamedTuple):
    """The verdict that awaits a newcomer."""

    verdict: str
    at: int
    reason: str | None


def newcomer(
    source_row: int, one: Article, canon: bytes | None = None, document: bytes = b""
) -> Newcomer:
    """What a verdict knows an article by."""
    return Newcomer(source_row, one.guid, one.link, canon or canon_of(one.link), document)


def anything_struck(connection: Connection) -> bool:
    """Whether there is any verdict at all; most stores have none, and need not look further."""
    query = "SELECT 1 FROM article WHERE verdict IS NOT NULL LIMIT 1"
    return connection.exec_driver_sql(query).first() is not None


def struck(connection: Connection, newcomers: Sequence[Newcomer]) -> dict[int, Struck]:
    """The verdicts on newcomers by their positions; of several the one that goes furthest."""
    if not newcomers or not anything_struck(connection):
        return {}
    by_guid = _verdicts(connection, article.c.guid, {one.guid for one in newcomers})
    by_page = _verdicts(connection, article.c.canon, {one.page for one in newcomers if one.page})
    shared = _shared(connection, newcomers, by_page)
    files = {one.document for one in newcomers if one.document}
    by_file = _verdicts(connection, article.c.document, files, _everywhere())
    found: dict[int, Struck] = {}
    for position, one in enumerate(newcomers):
        verdicts = [verdict for _, verdict in by_guid.get(one.guid, ())]
        if (one.source, one.page) not in shared:
            told = by_page.get(one.page, ())
            verdicts += [verdict for at, verdict in told if (at, one.page) not in shared]
        verdicts += [verdict for _, verdict in by_file.get(one.document, ())]
        if verdicts:
            found[position] = min(verdicts, key=lambda told: (-_WEIGHT[told.verdict], told.at))
    return found


def _verdicts(
    connection: Connection,
    column: ColumnElement[Any],
    values: set[Any],
    *more: ColumnElement[bool],
) -> dict[Any, list[tuple[int, Struck]]]:
    """The verdicts on articles by a column of theirs, each with its source."""
    found: dict[Any, list[tuple[int, Struck]]] = {}
    query = select(
        column, article.c.source_id, article.c.verdict, article.c.verdict_at,
        article.c.state_reason,
    ).where(article.c.verdict.is_not(None), *more)  # fmt: skip
    for some in chunks(sorted(values)):
        for value, at, *told in connection.execute(query.where(column.in_(some))):
            found.setdefault(value, []).append((at, Struck(*told)))
    return found


def _shared(
    connection: Connection, newcomers: Sequence[Newcomer], pages: Collection[bytes | None]
) -> set[tuple[int, bytes | None]]:
    """Of sources and pages, those where something stands that has no verdict."""
    if not pages:
        return set()
    # Articles of folders have no `canon` before they have a verdict, but links.
    links = {one.link: one.page for one in newcomers if one.page in pages}
    named = select(article.c.link, article.c.canon).where(
        article.c.verdict.is_not(None), article.c.canon.in_(list(pages))
    )
    links |= dict(connection.execute(named).all())
    free = select(article.c.source_id, article.c.canon, article.c.link).where(
        article.c.verdict.is_(None)
    )
    by_link = free.where(_everywhere(), article.c.link.in_(list(links)))
    found: set[tuple[int, bytes | None]] = set()
    for query in (free.where(article.c.canon.in_(list(pages))), by_link):
        for at, canon, link in connection.execute(query):
            found.add((at, canon or links.get(link)))
    return found


def _everywhere() -> ColumnElement[bool]:
    """In any source: said so that an index that begins with the source is used."""
    return article.c.source_id.in_(select(source.c.id))


def without_words(one: Article) -> Article:
    """An article of which nothing is left but what it is matched by."""
    return replace(
        one, title="", html="", summary=None, subtitle=None, authors=(), tags=(), section=None,
        image=None, enclosures=(), rights=None, location=None, agency=None, extra=(), origin=None,
    )  # fmt: skip


def restate(
    connection: Connection,
    rows: Iterable[int],
    state: State | None,
    reason: str | None,
    number: int,
) -> int:
    """Move articles into the state that their source wants; None only notes the reason.

    Those with a verdict stay as they are, and will come back in it. `number` is that of the change.
    Returns how many have moved.
    """
    plain: dict[str, Any] = {"state_reason": reason}
    aside: dict[str, Any] = {"own_reason": reason}
    if state is not None:
        plain |= {"state": state.value, "changed": number}
        aside |= {"own_state": state.value}
    moved = 0
    for some in chunks(list(rows)):
        named = article.c.id.in_(some)
        free = and_(named, article.c.verdict.is_(None), not_erased())
        kept = and_(named, article.c.verdict.is_not(None), not_erased())
        moved += connection.execute(update(article).where(free).values(**plain)).rowcount
        connection.execute(update(article).where(kept).values(**aside))
    return moved if state is not None else 0


def not_erased() -> ColumnElement[bool]:
    """What was purged or pruned is never written again."""
    purged = article.c.verdict.is_distinct_from(Verdict.PURGED.value)
    return and_(purged, article.c.pruned.is_(None))
