"""Which articles a verdict of the operator is about: the story of an id, with all its copies."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, or_, select

from feedsvc.decide import canon_of
from feedsvc.errors import NotFoundError
from feedsvc.model import Verdict
from feedsvc.store.schema import article, source
from feedsvc.text.canonical import canonical


class StoryRow(NamedTuple):
    """An article, so far as a verdict needs it."""

    id: int
    source_id: int
    source: str
    guid: str
    link: str | None
    canon: bytes | None
    state: str
    state_reason: str | None
    first_seen: int
    verdict: Verdict | None
    verdict_at: int | None
    own_state: str | None
    own_reason: str | None
    pruned: int | None

    @property
    def reason_of_its_own(self) -> str | None:
        return self.state_reason if self.verdict is None else self.own_reason

    @property
    def page(self) -> bytes | None:
        return self.canon or canon_of(self.link)


def _select(connection: Connection, *which: ColumnElement[bool]) -> list[StoryRow]:
    columns = [
        source.c.name.label("source") if name == "source" else article.c[name]
        for name in StoryRow._fields
    ]
    query = select(*columns).join(source, source.c.id == article.c.source_id)
    found = []
    for row in connection.execute(query.where(*which).order_by(article.c.id)):
        one = StoryRow(*row)
        found.append(one._replace(verdict=Verdict(one.verdict)) if one.verdict else one)
    return found


def of_ids(connection: Connection, guids: Iterable[str]) -> list[StoryRow]:
    """Every article of these ids; raises NotFoundError for an id that none has."""
    wanted = list(dict.fromkeys(guids))
    found = _select(connection, article.c.guid.in_(wanted))
    for guid in wanted:
        if not any(one.guid == guid for one in found):
            raise NotFoundError(f"no article '{guid}'", hint="`feedsvc article list` shows them")
    return found


def story_of(connection: Connection, guids: Sequence[str]) -> list[StoryRow]:
    """The articles of these ids, and the copies of other sources on their pages."""
    named = of_ids(connection, guids)
    chosen = {one.id for one in named}
    pages: dict[bytes, set[int]] = {}  # the pages that are stories', and whose
    links: set[str] = set()
    for one in named:
        if one.page is not None and one.link and not _shared(connection, one, chosen):
            pages.setdefault(one.page, set()).add(one.source_id)
            links.add(one.link)
    found = [one for one in _on_pages(connection, pages, links) if one.page is not None]
    often = Counter((one.page, one.source_id) for one in found)
    first = {one.page: one.id for one in reversed(named)}
    copies = [
        one
        for one in found
        if one.page is not None
        and pages[one.page] - {one.source_id}
        # What had many stories there before it had one does not go with it.
        and (one.id > first[one.page] or often[one.page, one.source_id] == 1)
    ]
    if not copies:
        return named
    alike = _select(connection, article.c.guid.in_({one.guid for one in copies}))
    return distinct([*named, *copies, *alike])


def _shared(connection: Connection, one: StoryRow, chosen: Collection[int]) -> bool:
    """Whether its source has another story on the page of an article, as that of a live blog."""
    query = select(article.c.id).where(
        article.c.source_id == one.source_id,
        article.c.verdict.is_(None),
        article.c.id.not_in(chosen),
        or_(article.c.canon == one.page, article.c.link == one.link),
    )
    return connection.execute(query.limit(1)).first() is not None


def _on_pages(
    connection: Connection, pages: Collection[bytes], links: Collection[str]
) -> list[StoryRow]:
    """The articles on these pages, to which the links lead."""
    if not pages:
        return []
    found = _select(connection, article.c.canon.in_(list(pages)))
    # Those of folders have no `canon`: whose links hold one of the paths are compared.
    paths = {re.split("[?#]", canonical(link).partition("/")[2])[0] for link in links}
    alike = or_(*(func.instr(article.c.link, path) > 0 for path in paths))
    query = select(article.c.id, article.c.link).where(
        article.c.canon.is_(None), article.c.link.is_not(None), alike
    )
    rows = [row for row, link in connection.execute(query) if canon_of(link) in pages]
    return [*found, *(_select(connection, article.c.id.in_(rows)) if rows else ())]


def struck_along(connection: Connection, struck: Sequence[StoryRow]) -> list[StoryRow]:
    """What got its verdict with these, in the same command or when it came later."""
    found: list[StoryRow] = []
    for one in struck:
        if one.page is not None:
            later = article.c.first_seen >= one.verdict_at
            found += _select(
                connection,
                article.c.canon == one.page,
                article.c.verdict.in_([Verdict.HIDDEN.value, Verdict.WITHDRAWN.value]),
                article.c.verdict_at == one.verdict_at,
                or_(article.c.source_id != one.source_id, later),
            )
    guids = {one.guid for one in found}
    also = article.c.verdict.in_([Verdict.HIDDEN.value, Verdict.WITHDRAWN.value])
    return [*found, *(_select(connection, article.c.guid.in_(guids), also) if guids else ())]


def distinct(rows: Iterable[StoryRow]) -> list[StoryRow]:
    return list({one.id: one for one in rows}.values())
