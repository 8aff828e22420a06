"""Written dates -> UTC, for every parser: what is certain, or None.

    ISO 8601 and RFC 5322 by their shape -> fromisoformat (week dates) -> the forms people write in
    de/en/fr/es/it/nl and their neighbours -> dateparser, told the language

Nothing here depends on today: "yesterday" is no date. `email.utils` is not asked, because it reads
`CET` as no zone at all and takes things for dates that are none; its form is one of the shapes.

Rules for what is open to reading:
* `05.03.2024` is 5 March everywhere. `05/03/2024` and `05-03-2024` are day first too, except when
  the language is `en-US`; plain `en` is day first, as in most countries that write English. Where
  one order is impossible (`05/13/2024`), the other is meant.
* A date without a time is midnight in the zone of the source. A local time that a change of the
  clocks skips is moved forward by the gap; one that occurs twice is the first of the two.
* Years of two digits are 1969 to 2068 (POSIX `%y`), and only where nothing else can be meant.

machines.py    the shapes of programs
written.py     the forms people write, by the words of `text/timewords.py`
foreign.py     dateparser
stated.py      what a text says -> the moment that is
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from feedsvc.text.clean import trim
from feedsvc.text.dates.foreign import by_dateparser
from feedsvc.text.dates.machines import iso, rfc5322, usual, week
from feedsvc.text.dates.stated import as_utc
from feedsvc.text.dates.written import written

__all__ = ["as_utc", "parse_date", "parse_strict"]

_LONGEST = 120  # characters; with a weekday, a zone and its name in words


def parse_date(value: str, *, zone: ZoneInfo, language: str | None = None) -> datetime | None:
    """The moment `value` states, in UTC, or None; for values that are meant as dates."""
    strict = parse_strict(value, zone=zone, language=language)
    return strict if strict is not None else by_dateparser(value, zone, language)


def parse_strict(value: str, *, zone: ZoneInfo, language: str | None = None) -> datetime | None:
    """As `parse_date`, but only forms that are dates beyond doubt; for lines that may be prose."""
    value = trim(value)
    if not 6 <= len(value) <= _LONGEST:
        return None
    plain = usual(value)
    if plain is not None:
        try:
            return as_utc(datetime.fromisoformat(plain), zone)
        except ValueError:  # 24:00:00, a leap second, 30 February
            pass
    stated = iso(value) or rfc5322(value)
    if stated is None:
        stated = week(value) or written(value, language)
    return stated.moment(zone) if stated is not None else None
