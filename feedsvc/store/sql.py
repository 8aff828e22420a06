"""The store on SQLAlchemy Core: opens, migrates, locks, and answers what both stages ask."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from sqlalchemy import Engine

from feedsvc.errors import NotFoundError
from feedsvc.model import Article, State
from feedsvc.settings import Feed
from feedsvc.store.archive import Archive
from feedsvc.store.audience import Audiences
from feedsvc.store.editions import EditionStore
from feedsvc.store.engine import connect, identity, reading
from feedsvc.store.explain import Explain
from feedsvc.store.facets import Facets
from feedsvc.store.figures import FigureBook
from feedsvc.store.given_up import GivenUp
from feedsvc.store.intake import Intake
from feedsvc.store.locks import LOCK_TIMEOUT, hold, is_held
from feedsvc.store.lookup import Lookup
from feedsvc.store.media import MediaFacts
from feedsvc.store.migrate import bring_up_to_date
from feedsvc.store.output import Output
from feedsvc.store.pages import ArticlePages
from feedsvc.store.prune import Prune
from feedsvc.store.records import Records
from feedsvc.store.redirects import Redirects
from feedsvc.store.remotes import Remotes
from feedsvc.store.removals import Removals
from feedsvc.store.rows import read_article, whole_articles
from feedsvc.store.schema import article, source
from feedsvc.store.sitemaps import Sitemaps
from feedsvc.store.slugs import Slugs
from feedsvc.store.steps import Steps
from feedsvc.store.tidy import Tidy
from feedsvc.store.tokens import Tokens
from feedsvc.store.upkeep import Upkeep
from feedsvc.store.verdicts import Verdicts
from feedsvc.store.websub import Websub

Whereabouts: TypeAlias = Literal["here", "other", "gone"]


class SqlStore(
    Remotes,
    Intake,
    Output,
    Archive,
    Removals,
    Websub,
    MediaFacts,
    EditionStore,
    Redirects,
    Slugs,
    ArticlePages,
    Sitemaps,
    Steps,
    Verdicts,
    Lookup,
    Facets,
    Tokens,
    Explain,
    GivenUp,
    Prune,
    Tidy,
    Upkeep,
    Records,
    FigureBook,
    Audiences,
):
    """Everything feedsvc remembers; fits `ports.Store`."""

    def __init__(self, engine: Engine, feeds: Sequence[Feed]) -> None:
        self._engine = engine
        self._feeds = tuple(feeds)
        self._opened = identity(engine)

    def close(self) -> None:
        """Give the database file back."""
        self._engine.dispose()

    def whereabouts(self) -> Whereabouts:
        """Whether the file that was opened still lies in its place, or another one, or none.

        One that was moved or deleted takes what is written to it along, and nobody is told.
        """
        if self._opened is None:
            return "here"
        now = identity(self._engine)
        return "gone" if now is None else "here" if now == self._opened else "other"

    @contextmanager
    def lock(self, name: str, *, timeout: float = LOCK_TIMEOUT) -> Iterator[None]:
        """Hold `name` against other processes; LockedError if it stays taken for `timeout` s.

        The operating system lets go of it when a process dies, so a crash never leaves it behind.
        """
        database = Path(self._engine.url.database or "feedsvc.db")
        with hold(database, name, timeout=timeout):
            yield

    def is_locked(self, name: str) -> bool:
        """Whether some process holds `name` at this moment."""
        return is_held(Path(self._engine.url.database or "feedsvc.db"), name)

    # -- what people look at -----------------------------------------------------------------------

    def list_articles(
        self,
        *,
        now: datetime,
        source_name: str | None = None,
        state: State | None = None,
        limit: int | None = None,
    ) -> Iterator[Article]:
        """Articles newest first, as `article list` shows them; read as they are asked for."""
        at = int(now.timestamp())
        query = whole_articles().order_by(article.c.released.desc(), article.c.guid, article.c.id)
        if source_name is not None:
            query = query.where(source.c.name == source_name)
        if state is State.HELD:
            due = article.c.due > at
            query = query.where(
                (article.c.state == State.HELD.value)
                | ((article.c.state == State.PUBLISHED.value) & due)
            )
        elif state is State.PUBLISHED:
            due = article.c.due.is_(None) | (article.c.due <= at)
            query = query.where(article.c.state == state.value, due)
        elif state is not None:
            query = query.where(article.c.state == state.value)
        if limit is not None:
            query = query.limit(limit)
        with reading(self._engine) as connection:
            result = connection.execute(query.execution_options(yield_per=100))
            yield from map(read_article, result.mappings())

    def show_article(self, name: str) -> Article:
        """The article of an id as `article list` prints it; raises NotFoundError."""
        named = article.c.guid == name
        with reading(self._engine) as connection:
            row = connection.execute(whole_articles().where(named)).mappings().first()
        if row is None:
            raise NotFoundError(f"no article '{name}'", hint="`feedsvc article list` shows them")
        return read_article(row)


def open_store(url: str, feeds: Sequence[Feed] = ()) -> SqlStore:
    """The store at `url`, made or brought up to date if needed; raises StoreError."""
    engine = connect(url)
    try:
        bring_up_to_date(engine)
    except BaseException:
        engine.dispose()
        raise
    return SqlStore(engine, feeds)
