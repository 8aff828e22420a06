"""Single values, judged without their surroundings: dates, addresses, ids, languages, types.

Each function returns what is wrong as a `Flaw`, so that every format can say where it stands.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from feedsvc.regex import compiled
from feedsvc.text.urls import id_flaw


class Flaw(NamedTuple):
    """The code of a rule, and why the value breaks it."""

    code: str
    why: str


# -- dates ---------------------------------------------------------------------------------------

_DATE: Final = r"([0-9]{4})-([0-9]{2})-([0-9]{2})"
_RFC3339: Final = re.compile(
    _DATE + r"T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?:Z|([+-])([0-9]{2}):([0-9]{2}))"
)
_NAIVE: Final = re.compile(_DATE + r"T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?")
_W3CDTF: Final = re.compile(
    r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}"
    r"(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = tuple("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())
_ZONES: Final = {
    "Z": 0, "UT": 0, "GMT": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5,
    "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
}  # fmt: skip
_RFC822: Final = re.compile(
    r"(?:(Mon|Tue|Wed|Thu|Fri|Sat|Sun), )?([0-9]{1,2}) ("
    + "|".join(_MONTHS)
    + r") ([0-9]{4}) ([0-9]{2}):([0-9]{2})(?::([0-9]{2}))? ("
    + "|".join(_ZONES)
    + r"|[+-][0-9]{4})"
)
_RFC822_LAX: Final = re.compile(
    r"(?:(mon|tue|wed|thu|fri|sat|sun)\s*,\s*)?([0-9]{1,2})\s+("
    + "|".join(_MONTHS)
    + r")\s+([0-9]{4}|[0-9]{2})\s+([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?\s*"
    r"([a-z]{1,3}|[+-][0-9]{4})",
    re.IGNORECASE,
)
_RFC822_NAIVE: Final = re.compile(
    r"(?:[a-z]{3},? )?[0-9]{1,2} [a-z]{3} [0-9]{4} [0-9]{2}:[0-9]{2}(?::[0-9]{2})?", re.IGNORECASE
)
_COMMENT: Final = re.compile(r"\([^()]*\)")
_PLAUSIBLE_SINCE: Final = 1990  # the W3C validator's bound
_FUTURE: Final = timedelta(minutes=10)  # clocks differ


def _moment(
    year: int, month: int, day: int, hour: int, minute: int, second: int, offset: timedelta
) -> datetime:
    """The instant; a leap second counts as the second before it. Raises ValueError."""
    if second == 60:  # RFC 3339 §5.6 allows :60, datetime does not
        second = 59
    moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    try:
        return moment - offset
    except OverflowError:  # the first hours of year 1, the last of year 9999
        return moment


def rfc3339(value: str) -> datetime | Flaw:
    """RFC 3339 date-time as RFC 4287 §3.3 narrows it: upper-case T and Z, seconds, zone."""
    found = _RFC3339.fullmatch(value)
    if found is None:
        if _NAIVE.fullmatch(value):
            return Flaw("date-naive", "has no zone: add Z or an offset such as +01:00")
        return Flaw("date-invalid", "is not of the form 2024-05-31T08:00:00Z")
    year, month, day, hour, minute, second = map(int, found.group(1, 2, 3, 4, 5, 6))
    sign, hours, minutes = found.group(7, 8, 9)
    offset = timedelta()
    if sign:
        if int(hours) > 23 or int(minutes) > 59:
            return Flaw("date-invalid", "has an offset that does not exist")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        if sign == "-":
            offset = -offset
    try:
        return _moment(year, month, day, hour, minute, second, offset)
    except ValueError as error:
        return Flaw("date-invalid", f"does not exist: {error}")


def w3cdtf(value: str) -> Flaw | None:
    """W3CDTF, the date of Dublin Core: a year, a month, a day, or a time with a zone."""
    if _W3CDTF.fullmatch(value) is None:
        if _NAIVE.fullmatch(value):
            return Flaw("date-naive", "has no zone: add Z or an offset such as +01:00")
        return Flaw("date-invalid", "is not of the form 2024-05-31T08:00:00Z")
    calendar_day, _, time = value.partition("T")
    parts = [int(part) for part in calendar_day.split("-")]
    try:
        date(parts[0], *[*parts[1:], 1, 1][:2])
        datetime.fromisoformat(f"2000-01-01T{time.replace(':60', ':59')}" if time else "2000-01-01")
    except ValueError as error:
        return Flaw("date-invalid", f"does not exist: {error}")
    return None


def rfc822(value: str) -> tuple[datetime | None, Flaw | None]:
    """An RFC 822 date of RSS 2.0 and OPML, and what is wrong; both when it is only lax."""
    flaw = None
    found = _RFC822.fullmatch(value)
    if found is None:
        found = _RFC822_LAX.fullmatch(_COMMENT.sub(" ", value[:200]).strip())
        if found is None:
            if _RFC822_NAIVE.fullmatch(value):
                return None, Flaw("date-naive", "has no zone: add GMT or an offset such as +0100")
            return None, Flaw("date-invalid", "is not of the form Fri, 31 May 2024 08:00:00 +0000")
        flaw = Flaw("date-lax", "is better written as Fri, 31 May 2024 08:00:00 +0000")
    weekday, day, month, year, hour, minute, second, zone = found.groups()
    if zone[0] in "+-":
        if int(zone[1:3]) > 23 or int(zone[3:]) > 59:
            return None, Flaw("date-invalid", "has an offset that does not exist")
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:]))
        offset = -offset if zone[0] == "-" else offset
    elif zone.upper() in _ZONES:
        offset = timedelta(hours=_ZONES[zone.upper()])
    elif len(zone) == 1 and zone.upper() != "J":
        offset = timedelta()  # RFC 2822 §4.3: military letters mean no more than "unknown"
    else:
        return None, Flaw("date-invalid", f"names a zone nobody knows: {zone}")
    full_year = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 50 else 1900)
    try:
        calendar_day = date(full_year, _MONTHS.index(month.title()) + 1, int(day))
        moment = _moment(
            full_year,
            calendar_day.month,
            int(day),
            int(hour),
            int(minute),
            int(second or 0),
            offset,
        )
    except ValueError as error:
        return None, Flaw("date-invalid", f"does not exist: {error}")
    if zone[0] in "+-" and zone[3:] not in ("00", "30"):
        flaw = flaw or Flaw("date-lax", "is better written by a zone of full or half hours")
    expected = _DAYS[calendar_day.weekday()]
    if weekday is not None and weekday.title() != expected:
        return moment, Flaw("date-weekday", f"was a {expected}")
    return moment, flaw


def implausible(moment: datetime, now: datetime | None) -> Flaw | None:
    """Is the date before the web, or after `now`? Without `now` the future is not judged."""
    if moment.year < _PLAUSIBLE_SINCE:
        return Flaw("date-implausible", f"is before {_PLAUSIBLE_SINCE}")
    if now is not None and moment > now + _FUTURE:
        return Flaw("date-implausible", "is in the future")
    return None


# -- addresses -----------------------------------------------------------------------------------

_PLAIN_URL: Final = compiled(  # nearly all of them; everything else takes the long way
    r"https?://[A-Za-z0-9._~-]+(?::[0-9]+)?"
    r"(?:[/?#](?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]++|%[0-9A-Fa-f]{2})*+)?"
)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST: Final = re.compile(
    r"//(?:[^/?#@\[\]]*@)?(?:\[[0-9A-Fa-f:.]+\]|[^/?#@:\[\]]+)(?::[0-9]*)?(?=[/?#]|$)"
)
# RFC 3986 leaves these out everywhere; [ ] stand only around an IPv6 address (RFC 3987 likewise)
_FORBIDDEN: Final = re.compile(
    r"[\x00-\x20\x7f-\x9f<>\"{}|\\^`\u00a0\u2028\u2029\ufdd0-\ufdef\ufff0-\uffff]"
)
_BRACKET: Final = re.compile(r"[\[\]]")
_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_WITH_HOST: Final = frozenset({"http", "https", "ftp"})


def is_absolute(value: str) -> bool:
    """Does it begin with a scheme (RFC 3986 §4.3)?"""
    return _SCHEME.match(value) is not None


def address(value: str, *, relative: bool = False, iri: bool = True) -> Flaw | None:
    """A URI or IRI; `relative` allows a relative reference, `iri` characters beyond ASCII."""
    if _PLAIN_URL.fullmatch(value):
        return None
    if bad := _FORBIDDEN.search(value):
        return Flaw("url-invalid", f"holds {bad.group()!r}, to be percent-encoded")
    scheme = _SCHEME.match(value)
    if scheme is None and not relative:
        return Flaw("url-relative", "is not absolute")
    rest = value[scheme.end() :] if scheme else value
    name = scheme.group()[:-1].lower() if scheme else ""
    if name in _WITH_HOST or rest.startswith("//"):
        host = _HOST.match(rest)
        if host is None:
            return Flaw("url-invalid", "has no usable host")
        rest = rest[host.end() :]
    if scheme and not rest and name not in _WITH_HOST:
        return Flaw("url-invalid", "ends after its scheme")
    if _BRACKET.search(rest):
        return Flaw("url-invalid", "holds [ or ], to be percent-encoded")
    if not iri and not value.isascii():
        return Flaw("url-not-ascii", "is an IRI: write it with punycode and percent-encoding")
    if _PERCENT.search(value):
        return Flaw("url-percent", "holds a % that escapes nothing")
    return None


# -- ids -----------------------------------------------------------------------------------------

_NOT_CANONICAL: Final = re.compile(
    r"[A-Za-z0-9+.-]*[A-Z]"  # an upper-case scheme
    r"|(?:http|https|ftp)://(?:"
    r"[^/?#]*[A-Z]"  # an upper-case host
    r"|[^/?#]*:(?=[/?#]|$)|:?@|[^/?#]*@(?=[/?#]|$)"
    r"|[^/?#]*$|[^/?#]*[?#]"  # an empty path
    r"|[^?#]*/\.\.?(?=[/?#]|$))"  # dot segments
    r"|http://[^/?#]*:80(?=[/?#]|$)|https://[^/?#]*:443(?=[/?#]|$)"
)
_LOWER_PERCENT: Final = re.compile(r"%(?:[a-f][0-9A-Fa-f]|[0-9A-F][a-f])")
_ESCAPED_ESCAPE: Final = re.compile(r"%25[0-9A-Fa-f]{2}")
_UNRESERVED_PERCENT: Final = re.compile(
    r"%(?:4[1-9A-F]|5[0-9A]|6[1-9A-F]|7[0-9A]|3[0-9]|2[DE]|5F|7E)"
)


def atom_id(value: str) -> Flaw | None:
    """An id of Atom (RFC 4287 §4.2.6): by the rule that ids are minted by, and in normal form."""
    if (flaw := id_flaw(value)) is not None:
        return Flaw(f"id-{flaw.kind}", flaw.why)
    if _ESCAPED_ESCAPE.search(value):
        return Flaw("id-not-canonical", "escapes an escape, which the W3C validator undoes twice")
    if value[:4].lower() in ("tag:", "urn:"):
        return None
    if _NOT_CANONICAL.match(value) or _LOWER_PERCENT.search(value):
        return Flaw("id-not-canonical", "is not in its normal form (RFC 3986 §6.2)")
    if _UNRESERVED_PERCENT.search(value):
        return Flaw("id-not-canonical", "escapes characters that need no escape")
    return None


# -- languages, types, people --------------------------------------------------------------------

_LANGUAGE: Final = re.compile(
    r"(?:(?P<primary>[a-z]{2,3}(?:-[a-z]{3}){0,3})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*"
    r"(?:-x(?:-[a-z0-9]{1,8})+)?|x(?:-[a-z0-9]{1,8})+|i-[a-z]{3,8})",
    re.IGNORECASE,
)
_ISO_639_1: Final = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu "
    "cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi "
    "ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw ja ji jv jw ka kg ki kj kk kl km "
    "kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na "
    "nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd "
    "se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw "
    "ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
_MEDIA_TYPE: Final = re.compile(
    r"[A-Za-z0-9!#$&^_.+*-]+/[A-Za-z0-9!#$&^_.+*-]+"
    r"(?:\s*;\s*[A-Za-z0-9!#$&^_.+-]+=(?:\"[^\"]*\"|[^\s()<>,;:\\\"/\[\]?=]+))*"
)
# RFC 5322 allows more signs before the @; the W3C validator calls them an error
_EMAIL: Final = re.compile(r"[A-Za-z0-9_%'+.-]+@[^\W_](?:[\w.-]*[^\W_])?")


def language(value: str) -> Flaw | None:
    """A BCP 47 tag that is well formed and, if of two letters, known to ISO 639-1."""
    found = _LANGUAGE.fullmatch(value) if len(value) <= 100 else None
    if found is None:
        return Flaw("language-invalid", "is not a language tag such as de or de-AT")
    primary = found["primary"]
    if primary and (primary[2:3] in ("", "-")) and primary[:2].lower() not in _ISO_639_1:
        return Flaw("language-invalid", f"names no language: {primary[:2]}")
    return None


def media_type(value: str) -> Flaw | None:
    """`type/subtype`, with parameters or without."""
    if _MEDIA_TYPE.fullmatch(value):
        return None
    return Flaw("media-type-invalid", "is not a media type such as image/png")


def email(value: str) -> Flaw | None:
    """An address alone, without a name."""
    if len(value) <= 320 and _EMAIL.fullmatch(value):
        return None
    return Flaw("email-invalid", "is not an e-mail address")
