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
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo

from feedsvc.text.clean import fold, trim
from feedsvc.text.timewords import LEADS, MONTHS, WEEKDAYS, ZONES

_EARLIEST, _LATEST = 1900, 2200
_LONGEST = 120  # characters; with a weekday, a zone and its name in words


def parse_date(value: str, *, zone: ZoneInfo, language: str | None = None) -> datetime | None:
    """The moment `value` states, in UTC, or None; for values that are meant as dates."""
    strict = parse_strict(value, zone=zone, language=language)
    return strict if strict is not None else _by_dateparser(value, zone, language)


def parse_strict(value: str, *, zone: ZoneInfo, language: str | None = None) -> datetime | None:
    """As `parse_date`, but only forms that are dates beyond doubt; for lines that may be prose."""
    value = trim(value)
    if not 6 <= len(value) <= _LONGEST:
        return None
    usual = _usual(value)
    if usual is not None:
        try:
            return as_utc(datetime.fromisoformat(usual), zone)
        except ValueError:  # 24:00:00, a leap second, 30 February
            pass
    stated = _iso(value) or _rfc5322(value)
    if stated is None:
        stated = _week(value) or _written(value, language)
    return stated.moment(zone) if stated is not None else None


def as_utc(value: date | datetime, zone: ZoneInfo) -> datetime | None:
    """A date that YAML or TOML has read already, by the same rules; None for an absurd year."""
    if not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - the zone follows
    if not _EARLIEST <= value.year <= _LATEST:  # "0001-01-01" is a tool's word for "none"
        return None
    aware = value if value.tzinfo is not None else value.replace(tzinfo=zone)
    return aware.astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """What a text says: a day, and perhaps a time of day and a zone."""

    year: int
    month: int
    day: int
    hour: int = 0
    minute: int = 0
    second: int = 0
    microsecond: int = 0
    zone: tzinfo | None = None

    def moment(self, default: ZoneInfo) -> datetime | None:
        extra = timedelta()
        hour, second = self.hour, self.second
        if hour == 24 and self.minute == second == 0:  # ISO 8601: the end of the day
            hour, extra = 0, timedelta(days=1)
        if second == 60:  # a leap second, which datetime cannot hold
            second = 59
        try:
            local = datetime(  # noqa: DTZ001 - `as_utc` adds the zone
                self.year, self.month, self.day, hour, self.minute, second, self.microsecond
            )
            return as_utc((local + extra).replace(tzinfo=self.zone), default)
        except (ValueError, OverflowError):
            return None


# --- the shapes of machines ---------------------------------------------------------------------

# What most programs write; Python reads it alone, at a fifth of the cost, to the same moment.
_HOURS = r"[+-](?:0[0-9]|1[0-4])"
_USUAL_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    rf"(?:[T ][0-9]{{2}}:[0-9]{{2}}:[0-9]{{2}}(?:Z|{_HOURS}:?[0-5][0-9])?)?"
)
_USUAL_MAIL = re.compile(
    r"(?:[A-Z][a-z]{2}, )?([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}:[0-9]{2}:[0-9]{2}) "
    rf"(GMT|{_HOURS}[0-5][0-9])"
)
_USUAL_MONTHS = {
    name.title(): f"{MONTHS[name]:02}"
    for name in "jan feb mar apr may jun jul aug sep oct nov dec".split()
}


def _usual(value: str) -> str | None:
    """A date of one of the two usual shapes in that of ISO 8601."""
    if _USUAL_ISO.fullmatch(value) is not None:
        return value
    found = _USUAL_MAIL.fullmatch(value)
    if found is None:
        return None
    day, name, year, time, zone = found.groups()
    month = _USUAL_MONTHS.get(name)
    return f"{year}-{month}-{day}T{time}{'Z' if zone == 'GMT' else zone}" if month else None


_OFFSET = r"(?P<zone>[Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)"
_ISO = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"(?:(?:[Tt_]|[ ]+)(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})"
    r"(?::(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,12}))?)?"
    rf"(?:[ ]?{_OFFSET})?(?:\[(?P<name>[A-Za-z0-9_+/-]{{1,40}})\])?)?"  # RFC 9557 §4.1
)
_COMPACT = re.compile(
    r"(?P<year>[0-9]{4})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:[Tt]?(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})"
    rf"(?:(?P<second>[0-9]{{2}})(?:[.,](?P<fraction>[0-9]{{1,12}}))?)?{_OFFSET}?)?"
)
_RFC5322 = re.compile(
    r"(?:[A-Za-z]{3},[ ]?)?(?P<day>[0-9]{1,2})[ ](?P<month>[A-Za-z]{3})[ ](?P<year>[0-9]{4})[ ]"
    r"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?"
    r"[ ](?P<zone>[A-Za-z]{1,5}|[+-][0-9]{4})"
)
_WEEK = re.compile(r"[0-9]{4}-?W[0-9]{2}-?[1-7](?:T.+)?")


def _iso(value: str) -> _Stated | None:
    found = _ISO.fullmatch(value) or _COMPACT.fullmatch(value)
    if found is None:
        return None
    part = found.groupdict()
    zone = _zone(part["zone"]) if part["zone"] else None
    if zone is None and part.get("name"):
        zone = _place(part["name"])
        if zone is None:
            return None
    return _Stated(
        year=int(part["year"]),
        month=int(part["month"]),
        day=int(part["day"]),
        hour=int(part["hour"] or 0),
        minute=int(part["minute"] or 0),
        second=int(part["second"] or 0),
        microsecond=int(((part["fraction"] or "") + "000000")[:6]),
        zone=zone,
    )


def _rfc5322(value: str) -> _Stated | None:
    found = _RFC5322.fullmatch(value)
    if found is None:
        return None
    month, zone = MONTHS.get(found["month"].lower()), _zone(found["zone"].lower())
    if month is None or zone is None:
        return None
    return _Stated(
        year=int(found["year"]),
        month=month,
        day=int(found["day"]),
        hour=int(found["hour"]),
        minute=int(found["minute"]),
        second=int(found["second"] or 0),
        zone=zone,
    )


def _week(value: str) -> _Stated | None:
    if not _WEEK.fullmatch(value):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return _Stated(
        year=found.year,
        month=found.month,
        day=found.day,
        hour=found.hour,
        minute=found.minute,
        second=found.second,
        microsecond=found.microsecond,
        zone=found.tzinfo,
    )


# --- the forms people write -----------------------------------------------------------------------

# All on folded text. Day, month and year may be joined in any of these ways; what follows the match
# has to be a time, or nothing.
_DAY = r"(?P<day>[0-9]{1,2})"
_YEAR = r"(?P<year>[0-9]{4})"
_NAME = r"(?P<name>[^\W\d_]{2,14})"
_END = r"(?![0-9])"
_DATE_FORMS = (
    # 2025-1-6, 2025/01/06, 2025.01.06.
    rf"{_YEAR}(?P<mark>[-/.])(?P<month>[0-9]{{1,2}})(?P=mark)[ ]?{_DAY}{_END}\.?",
    # 06.01.2025, 6. 1. 2025, 06/01/2025, 6-1-2025
    rf"(?P<first>[0-9]{{1,2}})[ ]?(?P<mark>[-/.])[ ]?(?P<second>[0-9]{{1,2}})[ ]?(?P=mark)[ ]?"
    rf"(?P<year>[0-9]{{4}}|[0-9]{{2}}){_END}",
    # 6. Januar 2025, 6th of January, 2025, 6 de enero de 2025, 1er janvier 2025, 6-Jan-2025
    rf"{_DAY}(?:[.]|st|nd|rd|th|ero?|ro|[oae°])?[ -]?(?:(?:of|de|di|den)[ ])?{_NAME}[.]?,?"
    rf"(?:[ -](?:(?:de|del|di|do)[ ])?|(?<=[.,]))(?P<year>[0-9]{{4}}|'?[0-9]{{2}}){_END}"
    r"(?:[ ]?г[.]?)?",
    # January 6th, 2025; Jan. 6 2025
    rf"{_NAME}[.]?[ -]{_DAY}(?:st|nd|rd|th)?(?:,[ ]?|[ -]){_YEAR}{_END}",
    # 2025 January 6, 2025-Jan-06
    rf"{_YEAR}[ -]{_NAME}[ -]{_DAY}(?:st|nd|rd|th)?{_END}",
    # 2025年1月6日, 2025년 1월 6일
    rf"{_YEAR}[ ]?[年년][ ]?(?P<month>[0-9]{{1,2}})[ ]?[月월][ ]?{_DAY}[ ]?[日일]",
)


@cache
def _dates() -> tuple[re.Pattern[str], ...]:
    """Compiled when the first date in words comes along: most runs meet none."""
    return tuple(map(re.compile, _DATE_FORMS))


# C's asctime and `date`: Jan  6 14:30:00 CET 2025
_ASCTIME = re.compile(
    rf"{_NAME} {_DAY} (?P<time>[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?(?: [a-z]{{1,5}})?) {_YEAR}"
)

_TIME_FORM = (
    r"(?P<at>,|-|–|—|@|t|um|gegen|ab|at|a las?|a|ore|alle(?: ore)?|h|kl[.]?|om|as|os|o|в|klo)?[ ]?"
    r"(?:"
    r"(?P<hour>[0-9]{1,2})"
    r"(?:"
    r"[ ]?[:.hu][ ]?(?P<minute>[0-9]{2})(?:[:.m](?P<second>[0-9]{2})(?:[.,][0-9]{1,9})?)?(?![0-9])"
    r"|[ ]?[時시时点][ ]?(?:(?P<cjk>[0-9]{1,2})[ ]?[分분])?"
    r")?"
    r"(?P<unit>[ ]?(?:uhr|h|hrs?[.]?|hours|uur|u[.]?|min|m|o'?clock|ч[.]?))?(?![^\W\d_])"
    r"(?:[ ]?(?P<half>[ap])[ ]?[.]?[ ]?m\b[.]?)?"
    r")"
    r"(?:[ ]?[(]?(?P<zone>(?:utc|gmt)?[ ]?[+-][0-9]{1,2}(?::?[0-9]{2})?|[a-z]{1,5})[)]?)?"
    r"(?:[ ]?[(][a-z ]{2,40}[)]?)?"  # the zone in words, as JavaScript adds it
    r"[ ]?(?:uhr|h)?[.]?"
)


@cache
def _time() -> re.Pattern[str]:
    return re.compile(_TIME_FORM)


_GLUED_HALF = re.compile(r"(?<=[0-9])[ ]?([ap])[ ]?[.]?[ ]?m\b")
_HOUR_WORDS = frozenset("um gegen ab at ore alle kl kl. om as в klo".split()) | {
    "a la",
    "a las",
    "a",
    "alle ore",
}


def _written(value: str, language: str | None) -> _Stated | None:
    text = fold(value).strip(" \t([{<>}]),;|*_")
    text = _GLUED_HALF.sub(r" \1m", text)
    text = text.replace("’", "'")
    if not any(c.isdecimal() for c in text):
        return None
    words = text.split(" ")
    # "Stand: Mo., 06.01.2025" and "mar. 6 janvier": leading words go one by one, the date is tried
    # after each, because `mar` and `di` are months or particles elsewhere.
    for _ in range(7):
        if (stated := _date_and_time(" ".join(words), language)) is not None:
            return stated
        head = words[0].strip(".,:()")
        if len(words) < 2 or not (head in WEEKDAYS or head in LEADS or not head):
            break
        words = words[1:]
    last = words[-1].strip(".,()")
    if len(words) > 1 and last in WEEKDAYS:  # 2025-01-06 (Mon)
        return _date_and_time(" ".join(words[:-1]).rstrip(" ,"), language)
    return None


def _date_and_time(text: str, language: str | None) -> _Stated | None:
    for form in _dates():
        found = form.match(text)
        if found is not None:
            day = _day(found, language, alone=found.end() == len(text))
            if day is not None:
                return _with_time(day, text[found.end() :])
    if (found := _ASCTIME.fullmatch(text)) is not None:
        month = MONTHS.get(found["name"])
        return (
            _with_time((int(found["year"]), month, int(found["day"])), found["time"])
            if month
            else None
        )
    return _time_first(text, language)


def _time_first(text: str, language: str | None) -> _Stated | None:
    """ "14:30, 6 January 2025" and "14.30 Uhr, 6. Januar 2025"."""
    found = re.match(
        r"([0-9]{1,2}[:.h][0-9]{2}(?::[0-9]{2})?(?:[ ]?(?:uhr|h|uur|[ap]m))?(?: [a-z]{2,4})?)"
        r"(?:[ ]?[,|–—-][ ]?| (?:am|on|le|del?|il|op) | )(?=\S)(.+)",
        text,
    )
    if found is None or found[1][-1:] in ".:":
        return None
    words = found[2].split(" ")
    while len(words) > 1 and words[0].strip(".,") in WEEKDAYS:
        words = words[1:]
    rest = " ".join(words)
    for form in _dates():
        date_found = form.fullmatch(rest)
        if date_found is not None:
            day = _day(date_found, language, alone=False)
            return _with_time(day, found[1]) if day is not None else None
    return None


def _day(found: re.Match[str], language: str | None, *, alone: bool) -> tuple[int, int, int] | None:
    part = found.groupdict()
    year_text: str = part["year"].lstrip("'")
    year = int(year_text)
    if "first" in part:
        first, second, mark = int(part["first"]), int(part["second"]), part["mark"]
        if len(year_text) == 2:
            padded = len(part["first"]) == len(part["second"]) == 2
            spoken = language is not None and not language.lower().startswith("en")
            # "1.2.13" may be a version and "25-01-06" a year first.
            if mark == "-" or not (padded or spoken or mark == "/" or not alone):
                return None
            year += 2000 if year < 69 else 1900
        month_first = mark != "." and (language or "").replace("_", "-").lower() == "en-us"
        if mark != "." and first <= 12 < second:
            month_first = True
        elif second <= 12 < first:
            month_first = False
        return (year, first, second) if month_first else (year, second, first)
    if part.get("name") is not None:
        named = MONTHS.get(part["name"])
        if named is None:
            return None
        if len(year_text) == 2:
            year += 2000 if year < 69 else 1900
        return year, named, int(part["day"])
    return year, int(part["month"]), int(part["day"])


def _with_time(day: tuple[int, int, int], rest: str) -> _Stated | None:
    year, month, number = day
    rest = rest.strip(" ,.;")
    if not rest:
        return _Stated(year=year, month=month, day=number)
    found = _time().fullmatch(rest)
    if found is None:
        # "06.01.2025 - um 9 Uhr": two joints
        found = _time().fullmatch(re.sub(r"^[-–—@|/][ ]?", "", rest))
        if found is None:
            return None
    part = found.groupdict()
    said = part["minute"] or part["unit"] or part["half"] or part["cjk"]
    if not said and part["at"] not in _HOUR_WORDS and not re.search("[時시时点]", rest):
        return None  # "6 January 2025 9" says no time
    zone = None
    if part["zone"]:
        zone = _zone(part["zone"].replace(" ", ""))
        if zone is None:
            return None
    hour = int(part["hour"])
    if part["half"] and hour <= 12:
        hour = hour % 12 + (12 if part["half"] == "p" else 0)
    elif part["half"] == "a":
        return None
    return _Stated(
        year=year,
        month=month,
        day=number,
        hour=hour,
        minute=int(part["minute"] or part["cjk"] or 0),
        second=int(part["second"] or 0),
        zone=zone,
    )


def _zone(name: str) -> tzinfo | None:
    """A zone by its letters or offset; None for one nobody knows, so that no hour is invented."""
    name = name.lower()
    known = ZONES.get(name)
    if isinstance(known, str):
        return _place(known)
    if known is not None:
        return timezone(timedelta(hours=known))
    found = re.fullmatch(r"(?:utc|gmt)?([+-])([0-9]{1,2}):?([0-9]{2})?", name)
    if found is None:
        return None
    hours, minutes = int(found[2]), int(found[3] or 0)
    if hours > 14 or minutes > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if found[1] == "-" else offset)


def _place(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return None


# --- the last resort ------------------------------------------------------------------------------


def _by_dateparser(value: str, zone: ZoneInfo, language: str | None) -> datetime | None:
    """Languages the tables do not know. Costs 1 ms, and 100 ms the first time."""
    value = trim(value)
    words = value.split()
    if not (
        8 <= len(value) <= 64
        and 2 <= len(words) <= 8
        and any(c.isalpha() for c in value)  # digits alone are never its business
        and re.search(r"(?<!\d)\d{4}(?!\d)", value)
        and re.search(r"(?<!\d)\d{1,2}(?!\d)", value)
    ):
        return None
    import dateparser  # noqa: PLC0415 - heavy, and seldom needed

    primary = re.split("[-_]", language)[0].lower() if language else None
    settings = {
        "PARSERS": ["absolute-time"],
        "REQUIRE_PARTS": ["day", "month", "year"],
        "RELATIVE_BASE": datetime(2000, 1, 1),  # noqa: DTZ001 - theirs is naive, and is not used
    }
    if primary == "en":
        settings["DATE_ORDER"] = "MDY" if (language or "").lower().endswith("us") else "DMY"
    for languages in ([primary], None) if primary else (None,):
        try:
            found = dateparser.parse(value, languages=languages, settings=settings)
        # It raises ValueError for a language it does not know and many things for odd input.
        except Exception:  # noqa: S112
            continue
        if found is not None:
            try:
                return as_utc(found, zone)
            except (ValueError, OverflowError):
                return None
    return None
