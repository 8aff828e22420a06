"""Dates as people write them, in de/en/fr/es/it/nl and the languages beside these."""

from __future__ import annotations

import re
from functools import cache

from feedsvc.text.clean import fold
from feedsvc.text.dates.stated import Stated, zone_of
from feedsvc.text.timewords import LEADS, MONTHS, WEEKDAYS

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


def written(value: str, language: str | None) -> Stated | None:
    """A date in words or digits, perhaps behind a weekday or a word as "Stand:"."""
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


def _date_and_time(text: str, language: str | None) -> Stated | None:
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


def _time_first(text: str, language: str | None) -> Stated | None:
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


def _with_time(day: tuple[int, int, int], rest: str) -> Stated | None:
    year, month, number = day
    rest = rest.strip(" ,.;")
    if not rest:
        return Stated(year=year, month=month, day=number)
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
        zone = zone_of(part["zone"].replace(" ", ""))
        if zone is None:
            return None
    hour = int(part["hour"])
    if part["half"] and hour <= 12:
        hour = hour % 12 + (12 if part["half"] == "p" else 0)
    elif part["half"] == "a":
        return None
    return Stated(
        year=year,
        month=month,
        day=number,
        hour=hour,
        minute=int(part["minute"] or part["cjk"] or 0),
        second=int(part["second"] or 0),
        zone=zone,
    )
