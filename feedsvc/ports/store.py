"""Everything that both stages ask of the store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from feedsvc.model import Article, Problem, State, Tombstone, Word
from feedsvc.ports.beside import (
    ArchivePage,
    Audience,
    Edition,
    Facet,
    Listed,
    Media,
    PagePlan,
    Released,
    Shelf,
)
from feedsvc.ports.figures import FigureStore
from feedsvc.ports.intake import ArticleStore, Change, Event, KnownFile, SourceRow
from feedsvc.ports.output import FeedRow, Fragment, LedgerLine, Member, PageFile, Selection
from feedsvc.ports.records import RecordStore
from feedsvc.ports.verdicts import TakenDown
from feedsvc.settings import Feed


class IntakeStore(ArticleStore, Protocol):
    """What the sync of folders asks."""

    def lock(self, name: str, *, timeout: float = ...) -> AbstractContextManager[object]:
        """Hold `name` against other processes; LockedError if it stays taken for `timeout` s."""
        ...

    def source(self, name: str) -> SourceRow:
        """Raises NotFoundError."""
        ...

    def sources(self) -> tuple[SourceRow, ...]: ...

    def enrol(self, sources: Sequence[tuple[str, str | None, str, str]], now: datetime) -> None:
        """Make the configured sources (name, was, kind, place) the known ones.

        Articles of a source that is no longer configured become `gone`, and come back with it.
        """
        ...

    def files(self, source: int) -> dict[str, KnownFile]: ...

    def problems(self) -> tuple[Problem, ...]:
        """Everything about files and sources an operator should look at."""
        ...

    def record(self, source: int, changes: Sequence[Change], now: datetime) -> None:
        """Write a batch and mark the feeds it touches, in one transaction."""
        ...

    def forget(
        self, source: int, paths: Sequence[str], state: State | None, reason: str, now: datetime
    ) -> int:
        """Drop files; their articles take `state` if one is given. Returns how many did."""
        ...

    def finish(
        self,
        source: int,
        *,
        now: datetime,
        next_due: datetime,
        failure: str | None,
        problems: Sequence[Problem] = (),
        fingerprint: bytes | None = None,
    ) -> None:
        """Note how a sync ended; `problems` are what needs a look though it went on."""
        ...


class ArchiveStore(Protocol):
    """Archives and what was taken down."""

    def newest_change(self) -> int:
        """The number of the last change to any article."""
        ...

    def news(self, since: int, now: datetime) -> list[int]:
        """The articles with a change after the number `since`, and their copies."""
        ...

    def shelve(
        self, feed: Feed, size: int, now: datetime, *, since: int, looked: datetime | None
    ) -> Shelf:
        """Give what has entered the feed its place in the archive, and say what that touches."""
        ...

    def shelf(self, feed: Feed, size: int) -> Shelf:
        """The archive as it stands."""
        ...

    def select_archived(
        self, feed: Feed, shelf: Shelf, now: datetime, *, without: Collection[int] = ()
    ) -> Selection:
        """What the subscription document of an archived feed holds."""
        ...

    def page_members(
        self, feed: Feed, shelf: Shelf, number: int, now: datetime, *, without: Collection[int] = ()
    ) -> tuple[Member, ...]:
        """What stands on a closed page now, newest first."""
        ...

    def pages(self, feed: str, numbers: Collection[int]) -> dict[int, ArchivePage]: ...

    def keep_pages(self, feed: str, pages: Sequence[ArchivePage]) -> None: ...

    def forget_archive(self, feed: str) -> None:
        """Forget positions and pages of a feed that keeps no archive any more."""
        ...

    def removals(
        self, feed: Feed, *, since: int, now: datetime, keep: bool = True
    ) -> tuple[Tombstone, ...]:
        """The newest entries of a feed that were taken down; without `keep` none is noted."""
        ...

    def taken_down(self, now: datetime, *, since: int) -> tuple[TakenDown, ...]:
        """The articles that changed after the number `since` and that nobody may see now."""
        ...


class GroupStore(Protocol):
    """Groups, keys to private feeds, and digests."""

    def released(self, feed: Feed, now: datetime) -> Iterator[Released]:
        """The articles that the rules of a digest choose, newest first, whatever their age."""
        ...

    def next_release(self, feed: Feed, now: datetime) -> tuple[datetime | None, datetime | None]:
        """When the next article of a feed falls due, and when the next one expires."""
        ...

    def editions(self, feed: str) -> dict[str, Edition]:
        """What is remembered of the editions of a digest, by the names of their periods."""
        ...

    def keep_editions(self, feed: str, editions: Sequence[Edition]) -> None:
        """Remember editions as they are now."""
        ...

    def tokens(self, name: str) -> tuple[str, ...]:
        """The keys to a private feed."""
        ...

    def ensure_token(self, name: str, now: datetime) -> tuple[str, ...]:
        """The keys to a private feed, which is given its first one if it has none."""
        ...

    def facets(
        self, feed: Feed, now: datetime, *, titles: Mapping[str, str] | None = None
    ) -> tuple[Facet, ...]:
        """The words of a group that articles have which are shown now."""
        ...

    def facets_of(
        self,
        feed: Feed,
        rows: Sequence[int],
        now: datetime,
        *,
        titles: Mapping[str, str] | None = None,
    ) -> tuple[Facet, ...]:
        """The feeds of a group that a change of these articles may change."""
        ...

    def next_word(self, feed: Feed, now: datetime) -> datetime | None:
        """When time alone may add a word to a group next."""
        ...

    def known_facets(self, feed: Feed) -> tuple[Facet, ...]:
        """Every word that the group ever had."""
        ...


class MoveStore(Protocol):
    """Addresses that lead elsewhere, and feeds that move."""

    def redirect_pages(
        self, leading: Mapping[str, str | None], alive: Collection[str], now: datetime
    ) -> None:
        """Note where paths of pages lead (None: gone), and which are pages again."""
        ...

    def redirects(self) -> dict[str, str | None]:
        """Where each path leads that is published no more; None: it is gone."""
        ...

    def alive(self, *paths: str) -> None:
        """Note that something is published there again."""
        ...

    def renames(self, configured: Collection[str]) -> tuple[tuple[str, str], ...]:
        """The feeds that bear another name by now, old and new: `rename_feed` is due for them."""
        ...

    def rename_feed(self, old: str, new: str, now: datetime, *, mint: Callable[[str], str]) -> None:
        """Give a feed and its group another name in everything stored of it, and note the move."""
        ...

    def leftovers(self, name: str) -> tuple[str, ...]:
        """What the ledger has of a feed and its group, whether or not that is still a feed."""
        ...

    def drop_lines(self, paths: Sequence[str]) -> None:
        """Take files that were removed out of the ledger."""
        ...


class PageStore(Protocol):
    """Pages of articles and sitemaps."""

    def known_feeds(self) -> tuple[Feed, ...]:
        """The configured feeds, by whose rules articles are told apart."""
        ...

    def page_news(
        self, now: datetime, *, since: int, looked: datetime | None
    ) -> tuple[int, list[int]]:
        """The number of the last change, and the articles whose pages are to be looked at."""
        ...

    def newest_page_change(self) -> int:
        """The number of the last change to any article or to its address."""
        ...

    def page_rows(self) -> list[int]:
        """All articles that have a slug."""
        ...

    def page_files(self, feed: str) -> list[PageFile]:
        """The files of pages, without their sidecars; the ledger has them as those of `feed`."""
        ...

    def vacant_pages(self) -> list[tuple[str, int]]:
        """The slugs at which no page is published (any more), and whose they are."""
        ...

    def page_plans(self, rows: Sequence[int], now: datetime) -> list[PagePlan]:
        """What is to be at the paths of these articles."""
        ...

    def next_page_event(self, now: datetime) -> datetime | None: ...

    def takers(self, rows: Sequence[int], feeds: Sequence[Feed]) -> dict[int, frozenset[str]]:
        """The feeds that articles belong to by rule, by name."""
        ...

    def sitemap_news(
        self, now: datetime, *, since: int, looked: datetime | None
    ) -> tuple[int, list[int]]:
        """The number of the last change, and the parts of the sitemap that may differ."""
        ...

    def sitemap_parts(self) -> int:
        """How many parts there are by now."""
        ...

    def next_sitemap_event(self, now: datetime) -> datetime | None: ...

    def addresses(self, part: int, audience: Audience, now: datetime) -> list[tuple[str, int]]:
        """The addresses of a part, and when their articles were updated, in seconds."""
        ...

    def listed_since(
        self, since: datetime, audience: Audience, now: datetime, *, most: int
    ) -> list[Listed]:
        """The addresses of the newest articles published after `since`, newest first."""
        ...

    def mint_slugs(self, rows: Sequence[int], now: datetime) -> dict[int, str]:
        """The slugs of the pages of articles without a link, given to those that have none."""
        ...

    def slugs_of(self, rows: Sequence[int]) -> dict[int, str]:
        """The slugs that articles have."""
        ...

    def tell_pages(self, feed: Feed) -> None:
        """Have the pages of the articles of a feed that is new be looked at: they announce it."""
        ...


class FeedStore(Protocol):
    """Feeds, their members, fragments, and the ledger."""

    def feed_id(self, name: str, mint: Callable[[str], str]) -> str:
        """The id for a feed that is built first: not one that another took along when it moved."""
        ...

    def feed(self, name: str) -> FeedRow: ...

    def feeds(self) -> tuple[FeedRow, ...]: ...

    def select(self, feed: Feed, now: datetime, *, without: Collection[int] = ()) -> Selection:
        """The members of a feed at `now`; articles left out give their places to the next ones."""
        ...

    def recall_given_up(self, feed: Feed) -> None:
        """Begin a build: the articles stay given up on whose words an expression took too long."""
        ...

    def given_up(self, feed: Feed, now: datetime, *, keep: bool = True) -> Mapping[int, Problem]:
        """The articles of a feed that are given up, by row; kept for the builds to come."""
        ...

    def rule_put_off(self, feed: Feed) -> str | None:
        """The rule of a feed that was not asked of all, since it takes too long on many."""
        ...

    def articles(self, rows: Sequence[int]) -> dict[int, Article]: ...

    def media_facts(self, urls: Iterable[str]) -> dict[str, Media]:
        """What servers said of files, by their addresses."""
        ...

    def fragments(
        self, variant: str, formats: Collection[str], rows: Sequence[int]
    ) -> dict[tuple[str, int], Fragment]:
        """The kept fragments of these articles, by format and row."""
        ...

    def keep_fragments(
        self, variant: str, fragments: Mapping[tuple[str, int], Fragment]
    ) -> None: ...

    def ledger(
        self,
        *,
        feeds: Collection[str | None] | None = None,
        paths: Collection[str] | None = None,
    ) -> dict[str, LedgerLine]:
        """What is published now, by path; the files of the whole site are those of None."""
        ...

    def settle_feed(
        self,
        row: FeedRow,
        *,
        read: FeedRow,
        members: Sequence[int] | None,
        lines: Sequence[LedgerLine],
        removed: Sequence[str] = (),
        pages: Sequence[ArchivePage] = (),
        tell: Sequence[Word] = (),
    ) -> None:
        """Commit a build: the feed's row, who is in it, and the ledger, in one transaction.

        With it the `pages` of its archive that are others by now.

        The dirty mark goes only if it is still the one that was `read` before the build. Nothing is
        written where nothing differs. What is to be told (`tell`) is noted in the same transaction,
        as of `row.built`, so that a crash loses no word of what was published.
        """
        ...

    def drop_feed(self, name: str, removed: Sequence[str]) -> None:
        """Forget a feed that is no longer configured, and the ledger lines of its paths."""
        ...

    def events(self, *, limit: int) -> tuple[Event, ...]:
        """The newest changes of state of sources."""
        ...

    def prune_fragments(self) -> int:
        """Drop the fragments of articles that no feed holds; returns how many."""
        ...


class Store(
    IntakeStore,
    ArchiveStore,
    GroupStore,
    MoveStore,
    PageStore,
    FeedStore,
    RecordStore,
    FigureStore,
    Protocol,
):
    """Everything feedsvc remembers."""
