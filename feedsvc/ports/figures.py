"""What the store counts for its operators, and what is added to the audience of feeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from feedsvc.ports.records import AudienceDay


class BuiltFeed(NamedTuple):
    """A feed, or what else is built as one, as its last build left it."""

    name: str
    built: datetime | None
    held: str | None
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The whole service in numbers.

    `sources` are counted by what was decided or seen of them: paused, parked, quarantined, failing,
    ok. Which of those are late depends on their schedules: `overdue` names the candidates.
    """

    sources: Mapping[str, int]
    due: int  # sources whose time has come
    longest_due: datetime | None  # since when the first of them waits
    overdue: tuple[tuple[str, datetime], ...]
    newest_ok: datetime | None  # when a source went well last
    feeds: tuple[BuiltFeed, ...]
    outbox: int  # words that others do not know yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What a server process counted since its last batch.

    `sender` and `number` tell it from every other one: it may be handed over twice.
    """

    sender: str
    number: int
    days: Sequence[AudienceDay]


class FigureStore(Protocol):
    """What is counted."""

    def probe(self) -> None:
        """Raise StoreError if the store cannot be read and written now, LockedError if it is busy.

        It waits for a second at most, and changes nothing.
        """
        ...

    def figures(self, now: datetime) -> Figures: ...

    def articles_by_state(self, now: datetime) -> dict[str, int]:
        """How many articles are in each state, without looking at all of them."""
        ...

    def day_salt(self, day: str, fresh: bytes, now: datetime) -> bytes:
        """The salt of a day, the same for all processes; that of any other day is forgotten."""
        ...

    def add_audience(self, batch: Batch, now: datetime) -> None:
        """Add to what is known of days; a batch that was added already changes nothing.

        Requests are added, of subscribers the greater number counts, and sketches are united.
        """
        ...
