"""What came back: `Response`, its headers, and what they mean."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

LONGEST_RETRY = timedelta(days=7)
REDIRECTS = frozenset({301, 302, 303, 307, 308})  # RFC 9110 §15.4: those that a client follows


class Headers(Mapping[str, str]):
    """The fields of an answer by name, whatever its case; repeated ones are joined by commas."""

    __slots__ = ("_lines",)

    def __init__(self, fields: tuple[tuple[bytes, bytes], ...]) -> None:
        lines: dict[str, list[str]] = {}
        for raw, value in fields:
            name = raw.decode("latin-1").lower()
            # RFC 9110 §5.5: opaque bytes; Latin-1 gives each of them back unchanged.
            lines.setdefault(name, []).append(value.decode("latin-1"))
        self._lines = lines

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._lines[name.lower()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def __repr__(self) -> str:
        return f"Headers({dict(self)!r})"

    def lines(self, name: str) -> tuple[str, ...]:
        """Every value of a field as it was sent: joining is wrong for what is no list."""
        return tuple(self._lines.get(name.lower(), ()))

    def first(self, name: str) -> str | None:
        """The first value of a field that is not empty."""
        return next((value for value in self.lines(name) if value), None)


class Hop(NamedTuple):
    """A redirect on the way: what the address answered."""

    status: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer: any status but a redirect, with its body decoded.

    `etag` and `last_modified` are what to store, for `url`: those of this answer, and after a 304
    that does not repeat them, those that were sent. They are opaque.
    """

    status: int
    url: str  # that of the last hop, without fragment and credentials
    hops: tuple[Hop, ...] = ()  # the redirects before it, in order
    headers: Headers
    body: bytes = field(default=b"", repr=False)
    etag: str | None = None
    last_modified: str | None = None

    @property
    def not_modified(self) -> bool:
        return self.status == 304

    @property
    def moved_to(self) -> str | None:
        """Where the requested address has moved for good: past its leading 301s and 308s.

        A permanent redirect behind a temporary one says nothing of the address that was asked.
        """
        led_to = (*(hop.url for hop in self.hops[1:]), self.url)
        moved = None
        for hop, url in zip(self.hops, led_to, strict=False):  # without hops, there is one too many
            if hop.status not in {301, 308}:
                break
            moved = url
        return moved

    @property
    def length(self) -> int | None:
        """Bytes of the whole file, where the answer tells: also to a HEAD, and of a part.

        Nothing is known of a file that was encoded for its way (RFC 9110 §8.6).
        """
        coding = self.headers.get("content-encoding", "").strip().lower()
        if self.status not in {200, 206, 416} or coding not in {"", "identity"}:
            return None
        if self.status == 200:
            told = set(self.headers.lines("content-length"))
        else:
            ranges = self.headers.lines("content-range")
            told = {found[1] if (found := _RANGE.fullmatch(one)) else "" for one in ranges}
        if len(told) != 1 or not (one := told.pop()).isdecimal() or len(one) > 15:
            return None
        return int(one)

    @property
    def media_type(self) -> str | None:
        """The media type in lower case, without parameters."""
        found = _MEDIA_TYPE.match(self._content_type)
        return found[1].lower() if found else None

    @property
    def charset(self) -> str | None:
        """What the server calls the encoding, in lower case; it may be wrong or unknown."""
        found = _CHARSET.search(self._content_type)
        return (found[1] or found[2] or "").strip(" '").lower() or None if found else None

    def retry_after(self, now: datetime) -> timedelta | None:
        """How long the server asks to wait.

        A date it names is of its own clock, as is that of its answer (RFC 9110 §6.6.1); ours may go
        otherwise.
        """
        value = self.headers.first("retry-after")
        if value is None or value.strip().isdigit():
            return retry_after(value, now=now)
        return retry_after(value, now=_moment(self.headers.first("date")) or now)

    @property
    def _content_type(self) -> str:
        lines = self.headers.lines("content-type")
        return lines[-1] if lines else ""  # Fetch §3.6: of several, the last one counts


_MEDIA_TYPE = re.compile(
    r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:[;,]|$)"
)
_CHARSET = re.compile(r';\s*charset\s*=\s*(?:"([^"]{0,60})"|([^\s;,"]{1,60}))', re.IGNORECASE)
_RANGE = re.compile(r"\s*bytes\s+(?:0*0-[0-9]+|\*)/([0-9]+)\s*", re.IGNORECASE)  # RFC 9110 §14.4
_IMF_DATE = re.compile(r"[A-Za-z]{3}, [0-9]{2} [A-Za-z]{3} ([0-9]{4}) [0-9:]{8} GMT")
_SECONDS = re.compile(r"\+?([0-9]+)(?:\.[0-9]*)?")


def _moment(value: str | None) -> datetime | None:
    """A date of HTTP."""
    if value is None or len(value) > 100:
        return None
    from zoneinfo import ZoneInfo  # few answers are asked for one

    from feedsvc.text.dates import parse_strict

    return parse_strict(value.strip(), zone=ZoneInfo("UTC"))


def retry_after(value: str | None, *, now: datetime) -> timedelta | None:
    """A Retry-After (RFC 9110 §10.2.3): seconds or a date; None if it is neither.

    From nothing (a date gone by) to seven days: an absurd value must not silence a source for good.
    """
    if value is None or len(value) > 100:
        return None
    value = value.strip()
    seconds = _SECONDS.fullmatch(value)
    if seconds is not None:
        digits = seconds[1].lstrip("0") or "0"
        wait = timedelta(seconds=int(digits)) if len(digits) <= 6 else LONGEST_RETRY
        return min(wait, LONGEST_RETRY)
    moment = _moment(value)
    if moment is not None:
        return min(max(moment - now, timedelta()), LONGEST_RETRY)
    far = _IMF_DATE.fullmatch(value)  # in a year that `parse_strict` does not take for one
    return LONGEST_RETRY if far is not None and int(far[1]) > now.year else None
