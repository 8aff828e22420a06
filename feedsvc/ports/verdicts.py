"""What an operator looks at and decides about articles."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from feedsvc.model import State, Verdict


class Standing(NamedTuple):
    """Why an article stands where it does."""

    verdict: Verdict | None = None  # its operator's
    at: datetime | None = None  # of that
    reason: str | None = None
    pruned: datetime | None = None  # since when nothing is left of what it said


class Corrected(NamedTuple):
    """An article that a verdict of the operator is about, and what became of it."""

    source: str
    guid: str
    was: State
    state: State
    verdict: Verdict | None
    changed: bool  # False: it stood there already


class TakenDown(NamedTuple):
    """An article that nobody may see any more, as far as anything is left of it."""

    guid: str
    title: str
    link: str | None
    slug: str | None  # of its page


class Version(NamedTuple):
    """An article as it read for a while."""

    number: int
    since: datetime
    until: datetime | None  # None: it still does
    updated: datetime
    title: str
    summary: str | None
    html: str
    fields: Mapping[str, Any]  # all else that it says, as it is stored
