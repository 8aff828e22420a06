"""What is told: problems, findings and events to operators, news to other servers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing an operator should look at: a file that cannot be read, a date that is none."""

    source: str
    path: str | None
    reason: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing `gate` says of a document; an error holds it back, a warning does not."""

    code: str
    message: str
    line: int | None = None
    error: bool = True


LEVELS = ("info", "warning", "error")
"""How grave an entry of the journal is, in this order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEntry:
    """What happened, as the journal and the daemon's lines tell it.

    `kind` is sync, build, daemon, server or maintenance; `subject` the source, the feed or
    the job it is about; `fields` numbers and words that belong to it.
    """

    at: datetime
    level: str = "info"
    kind: str
    subject: str | None = None
    message: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0  # given by the store


class Word(NamedTuple):
    """Something that others are to be told, until they know it (WebSub)."""

    kind: str  # ping (a hub of others) | fan (our own hub) | deliver (to a subscriber of that)
    target: str  # the address of the hub; the row of the subscriber
    topic: str  # the address of the document
