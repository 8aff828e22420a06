"""Does it cost readers, and us, as little as it can: 304, compression, caches, HEAD?

All of it works without; but readers that are answered in full each time come less often, or are
banned for it by whoever pays for the traffic.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from feedsvc.app.doctor.public.visits import CODINGS, PLAIN, Visit
from feedsvc.app.doctor.report import (
    PUBLISHING,
    Check,
    doubtful,
    in_bytes,
    in_time,
    left_out,
    several,
    well,
    wrong,
)
from feedsvc.errors import FetchError

if TYPE_CHECKING:
    from feedsvc.web.probe import Fields, Probe, Seen

_NAMES = ("not-modified", "etag", "compression", "caching", "head")
_SMALL = 1_400  # bytes: one packet, which compression does not make less
_LONG = 6 * 3600  # seconds
_OTHER = '"feedsvc-doctor-has-this-one-only"'
_ETAG = re.compile(r'(?:W/)?"[^"]*"')  # RFC 9110 §8.8.3
_DIRECTIVE = re.compile(r"\s*([A-Za-z-]+)(?:\s*=\s*\"?([^\",]*)\"?)?\s*(?:,|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Polls:
    """How one document is answered to one program, again and again."""

    path: str
    first: Seen
    second: Seen
    again: dict[str, Seen]  # to who has it, by the field that says so
    stranger: Seen  # to who has another version

    @property
    def etag(self) -> str | None:
        return self.first.headers.first("etag")


async def examine(probe: Probe, visits: Sequence[Visit]) -> AsyncIterator[Check]:
    """The checks of this group, made with one document of each format."""
    if not visits:
        for name in _NAMES:
            yield left_out(f"public.{name}", "no feed could be read")
        return
    try:
        packed = [await _poll(probe, one, CODINGS) for one in visits]
        plain = [await _poll(probe, one, PLAIN) for one in visits]
        bare = [await probe.ask(_at(one)) for one in visits]  # without a word about codings
        yield _not_modified([*packed, *plain])
        yield _etag(packed, plain)
        yield _compression(packed, bare)
        yield caching(visits)
        yield await _head(probe, visits[0], plain[0])
    except FetchError as error:
        yield doubtful("public.polls", f"a second request failed: {error}", "ask again later")


def _at(one: Visit) -> str:
    return one.seen.url if one.seen is not None else one.document.url


async def _poll(probe: Probe, one: Visit, coding: Fields) -> _Polls:
    first = await probe.ask(_at(one), fields=coding)
    known = (
        ("if-none-match", first.headers.first("etag")),
        ("if-modified-since", first.headers.first("last-modified")),
    )
    return _Polls(
        path=f"{one.document.path}{' (uncompressed)' if coding is PLAIN else ''}",
        first=first,
        second=await probe.ask(_at(one), fields=coding),
        again={
            field: await probe.ask(_at(one), fields=(*coding, (field, value)))
            for field, value in known
            if value is not None
        },
        stranger=await probe.ask(_at(one), fields=(*coding, ("if-none-match", _OTHER))),
    )


def _not_modified(polls: Sequence[_Polls]) -> Check:
    """Whether who has a document already is told so, and nobody else."""
    name = "public.not-modified"
    for one in polls:
        if one.stranger.status == 304:
            return wrong(
                name, f"{one.path} answers 304 to who has another version: nobody sees news",
                "a cache compares wrongly: let it pass If-None-Match on", code=PUBLISHING,
            )  # fmt: skip
    for one in polls:
        if not one.again:
            return doubtful(
                name, f"{one.path} comes without ETag and Last-Modified: everybody fetches all of "
                "it every time", "let the web server send them; gzip modules may drop the ETag",
            )  # fmt: skip
        for field, seen in one.again.items():
            if seen.status != 304 and seen.body == one.first.body:
                what = "ETag" if field == "if-none-match" else "Last-Modified"
                return doubtful(
                    name,
                    f"{one.path} is sent again ({seen.status}) to who has it, by its {what}",
                    "does a proxy drop the question or change the ETag? Everybody fetches all of "
                    "it every time",
                )
    return well(name, "who has a document already is answered 304")


def _etag(packed: Sequence[_Polls], plain: Sequence[_Polls]) -> Check:
    """Whether the ETag of the same bytes is the same, and survives compression."""
    name = "public.etag"
    for one in (*packed, *plain):
        tags = [seen.headers.first("etag") for seen in (one.first, one.second)]
        if one.first.body == one.second.body and tags[0] != tags[1]:
            return doubtful(
                name, f"{one.path} has another ETag each time ({tags[0]}, {tags[1]})",
                "several servers behind one name have to agree: files of the same time, or "
                "feedsvc's own server behind them",
            )  # fmt: skip
        if tags[0] and not _ETAG.fullmatch(tags[0]):
            return doubtful(
                name, f"{one.path} has an ETag without quotes ({tags[0]}), which caches drop",
                "RFC 9110 §8.8.3: it stands in quotes",
            )  # fmt: skip
    for one, other in zip(packed, plain, strict=True):
        if other.etag and not one.etag:
            return doubtful(
                name, f"{one.path} loses its ETag when it is compressed",
                "let the server send the .gz and .br files that lie there (gzip_static, "
                "precompressed) instead of compressing by itself",
            )  # fmt: skip
        if (one.etag or "").startswith("W/") and not (other.etag or "").startswith("W/"):
            return doubtful(
                name, f"{one.path} gets a weak ETag when it is compressed ({one.etag})",
                "it still serves for 304; the .gz and .br files that lie there keep it strong "
                "(gzip_static, precompressed)",
            )  # fmt: skip
    return well(name, "the same bytes have the same ETag")


def _compression(packed: Sequence[_Polls], bare: Sequence[Seen]) -> Check:
    name = "public.compression"
    for one, seen in zip(packed, bare, strict=True):
        if (coding := _coding(seen)) is not None:
            return wrong(
                name, f"{one.path} is sent in {coding} to programs that did not ask for it",
                "compress only for who sends Accept-Encoding", code=PUBLISHING,
            )  # fmt: skip
    for one in packed:
        if _coding(one.first) is None:
            if len(one.first.body) > _SMALL:
                return doubtful(
                    name, f"{one.path} is sent uncompressed ({in_bytes(len(one.first.body))})",
                    "switch compression on for feeds: gzip_types in nginx, encode in Caddy",
                )  # fmt: skip
        elif "accept-encoding" not in one.first.headers.get("vary", "").lower():
            return doubtful(
                name, f"{one.path} is compressed without Vary: Accept-Encoding: a cache gives the "
                "wrong form to somebody", "gzip_vary on; in nginx",
            )  # fmt: skip
    return well(name, "documents are compressed for who can read that")


def _coding(seen: Seen) -> str | None:
    coding = seen.headers.get("content-encoding", "").strip().lower()
    return coding if coding not in {"", "identity"} else None


def caching(visits: Sequence[Visit]) -> Check:
    """Whether caches may keep documents, and not for too long."""
    name = "public.caching"
    for one in visits:
        if one.seen is None or one.document.private:
            continue
        told = directives(one.seen)
        path = one.document.path
        forbids = [word for word in ("no-store", "private") if word in told]
        if forbids or told.get("max-age") == "0" or ("no-cache" in told and "max-age" not in told):
            shown = one.seen.headers.get("cache-control", "")
            return doubtful(
                name, f"{path} may not be kept (Cache-Control: {shown}): readers come as often as "
                "they like, and each time to you",
                "let the header of feedsvc through, or set max-age=300",
            )  # fmt: skip
        longest = max((_whole(told.get(key)) for key in ("max-age", "s-maxage")), default=0)
        if longest > _LONG:
            return doubtful(
                name, f"{path} may be kept for {in_time(longest)}: news comes that much later",
                "let the header of feedsvc through, or set max-age=300",
            )  # fmt: skip
    if all(one.document.private for one in visits):
        return left_out(name, "all feeds are private")
    if not any(one.seen and "cache-control" in one.seen.headers for one in visits):
        return well(name, "nothing is said of caches: they guess")
    return well(name, "caches may keep documents for a while")


def directives(seen: Seen) -> dict[str, str]:
    """What Cache-Control says, in lower case (RFC 9111 §5.2)."""
    value = seen.headers.get("cache-control", "")
    return {name.lower(): told.lower() for name, told in _DIRECTIVE.findall(value)}


def _whole(value: str | None) -> int:
    return int(value) if value is not None and value.isdecimal() and len(value) < 12 else 0


async def _head(probe: Probe, one: Visit, got: _Polls) -> Check:
    name = "public.head"
    seen = await probe.ask(_at(one), method="HEAD", fields=PLAIN)
    if seen.status != got.first.status:
        return doubtful(
            name, f"HEAD of {got.path} answers {seen.status}, GET {got.first.status}",
            "answer HEAD as GET without the body (RFC 9110 §9.3.2)",
        )  # fmt: skip
    differ = [
        field
        for field in ("etag", "content-type", "last-modified")
        if seen.headers.first(field)
        not in {other.headers.first(field) for other in (got.first, got.second, got.stranger)}
    ]
    if differ:
        return doubtful(
            name, f"HEAD of {got.path} has another {several(differ)} than GET",
            "answer HEAD as GET without the body (RFC 9110 §9.3.2)",
        )  # fmt: skip
    return well(name, "HEAD answers as GET does")
