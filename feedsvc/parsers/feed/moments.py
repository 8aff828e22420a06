"""Dates of a feed: each text is read once, and what no rule knows costs little however often."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from feedsvc.text.dates import parse_date, parse_strict

# dateparser takes milliseconds for what the rules of `text.dates` do not know; a feed has one way
# of writing its dates, so a few tries tell whether it helps.
_MOST_TRIES = 12
_MOST_KNOWN = 5_000


class Moments:
    """The dates of one document."""

    __slots__ = ("_known", "_tries", "_zone", "language")

    def __init__(self, zone: ZoneInfo, language: str | None) -> None:
        self._zone = zone
        self._known: dict[str, datetime | None] = {}
        self._tries = _MOST_TRIES
        self.language = language

    def read(self, text: str) -> datetime | None:
        """The moment `text` states, in UTC, or None."""
        if text in self._known:
            return self._known[text]
        text = text[:200]
        moment = parse_strict(text, zone=self._zone, language=self.language)
        if moment is None and self._tries > 0 and len(text) > 5:
            self._tries -= 1
            moment = parse_date(text, zone=self._zone, language=self.language)
        if len(self._known) < _MOST_KNOWN:
            self._known[text] = moment
        return moment
