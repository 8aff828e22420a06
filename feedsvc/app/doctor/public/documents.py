"""Do readers get our documents: all of them, as what they are, as they lie here, and soon?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feedsvc.app.doctor.public.copies import examine as examine_copies
from feedsvc.app.doctor.public.visits import Visit, obstacle, way_out
from feedsvc.app.doctor.report import (
    PUBLISHING,
    Check,
    counted,
    doubtful,
    left_out,
    several,
    well,
    wrong,
)

if TYPE_CHECKING:
    from feedsvc.web.probe import Seen

_SLOW = 2.0  # seconds
_PERMANENT = {301, 308}

_TYPES = {
    "atom": ("application/atom+xml",),
    "rss": ("application/rss+xml",),
    "json": ("application/feed+json", "application/json"),
    "opml": ("text/x-opml", "text/xml", "application/xml", "application/opml+xml"),
    "html": ("text/html", "application/xhtml+xml"),
    "sitemap": ("application/xml", "text/xml"),
}
_TAKEN = {"application/xml", "text/xml"}  # for feeds: readers take them, browsers show them as text
_IN_XML = {"atom", "rss", "opml", "sitemap"}


def examine(visits: Sequence[Visit], *, left: int) -> Iterator[Check]:
    """The checks of this group; `left` documents were not asked for, since the time was over."""
    yield _there(visits, left)
    yield _redirects(visits)
    good = [one for one in visits if one.good]
    if not good:
        why = "no document could be read"
        for name in ("types", "fresh", "valid", "links", "speed"):
            yield left_out(f"public.{name}", why)
        return
    yield _types(good)
    yield examine_copies(good)
    yield from _valid(good)
    yield _speed(good)


def _there(visits: Sequence[Visit], left: int) -> Check:
    name = "public.documents"
    if not visits:
        return left_out(name, "nothing is published yet")
    silent = [one for one in visits if one.error is not None]
    refused = [one for one in visits if one.seen is not None and not one.good]
    bad = len(silent) + len(refused)
    of = f"{bad} of {counted(len(visits), 'document')}" if bad else ""
    if refused:
        first = refused[0]
        status = first.seen.status if first.seen else 0
        return wrong(
            name, f"{of} cannot be read: {first.document.path} answers {status}",
            _why(first), code=PUBLISHING,
        )  # fmt: skip
    if silent:
        error = silent[0].error
        return wrong(
            name, f"{of} cannot be read: {silent[0].document.path}: {error}",
            error.hint if error and error.hint else "look at the web server before feedsvc",
            code=PUBLISHING,
        )  # fmt: skip
    more = f"; {left} more were not asked for, since that took too long" if left else ""
    return well(name, f"{counted(len(visits), 'document')} can be read{more}")


def _why(one: Visit) -> str:
    seen = one.seen
    if seen is None:
        return "look at the web server before feedsvc"
    stopped = obstacle(seen)
    if stopped is not None or seen.status in {403, 429, 503}:
        return way_out(stopped)
    if seen.status == 401:
        return "the web server asks for a password: readers of public feeds have none"
    if seen.status in {404, 410}:
        where = (
            "and is it published?" if one.document.body() is None else "it lies on the disk here"
        )
        return (
            "does the web server serve the output directory at the path of base_url? "
            f"{where} ({one.document.file})"
        )
    if seen.status in {502, 504}:
        return "the web server does not reach feedsvc: is it up, and is `listen` what it asks?"
    return "the log of the web server tells why"


def _redirects(visits: Sequence[Visit]) -> Check:
    name = "public.redirects"
    moved = [one for one in visits if one.hops]
    if not moved:
        return well(name, "no document is redirected")
    for one in moved:
        schemes = [urlsplit(hop.url).scheme for hop in one.hops]
        end = one.seen.url if one.seen is not None else ""
        if "https" in schemes and (urlsplit(end).scheme == "http" or "http" in
                                   schemes[schemes.index("https"):]):  # fmt: skip
            return wrong(
                name, f"{one.document.path} leads from https to http: {end or one.hops[-1].url}",
                "redirect to https:// only; a proxy may need X-Forwarded-Proto", code=PUBLISHING,
            )  # fmt: skip
    first = moved[0]
    to = first.seen.url if first.seen is not None else first.hops[-1].leads_to or "nowhere"
    status = next(
        (h.status for h in first.hops if h.status not in _PERMANENT), first.hops[0].status
    )
    more = f", and {len(moved) - 1} more" if len(moved) > 1 else ""
    told = f"{first.document.path} is redirected to {to} ({status}){more}"
    if status not in _PERMANENT:
        return doubtful(
            name, f"{told}: for now, so readers ask twice every time",
            "answer with the document itself, or redirect with 301 if it has moved for good",
        )  # fmt: skip
    return doubtful(
        name, f"{told}: the feeds call themselves by an address they are not at",
        "set base_url to where the redirect leads",
    )  # fmt: skip


def _types(good: Sequence[Visit]) -> Check:
    name = "public.types"
    doubts: list[str] = []
    for one in good:
        if one.seen is None:
            continue
        path, kind, seen = one.document.path, one.document.format, one.seen
        # RFC 9110 §8.3: read as our own client reads it.
        media, charset = media_of(seen)
        if charset not in {None, "utf-8", "utf8"} and (kind in _IN_XML or kind == "html"):
            # RFC 7303 §3: what the header says goes before what the document says
            return wrong(
                name, f"{path} is sent as {charset}, and is UTF-8: its umlauts are broken",
                "let the web server say charset=utf-8, or nothing", code=PUBLISHING,
            )  # fmt: skip
        if media in _TYPES[kind]:
            continue
        hint = f"let the web server send {one.document.path.rpartition('/')[2] or 'it'} as " + (
            f"{_TYPES[kind][0]}; `feedsvc config nginx` and `caddy` write how"
        )
        if one.document.is_feed and media in _TAKEN and kind != "json":
            doubts.append(path)
            continue
        if one.document.is_feed:
            return wrong(
                name, f"{path} is sent as {media or 'nothing that is named'}: some readers take it "
                "for no feed", hint, code=PUBLISHING,
            )  # fmt: skip
        doubts.append(path)
    if doubts:
        return doubtful(
            name, f"{several(doubts)} not sent as what it is",
            "`feedsvc config nginx` and `feedsvc config caddy` write the right types",
        )  # fmt: skip
    return well(name, "every document is sent as what it is")


def media_of(seen: Seen) -> tuple[str | None, str | None]:
    """The media type and the charset of an answer."""
    from feedsvc.web import Response

    told = Response(status=seen.status, url=seen.url, headers=seen.headers)
    return told.media_type, told.charset


def _valid(good: Sequence[Visit]) -> Iterator[Check]:
    """What the gate says of what readers get."""
    from feedsvc.gate import check

    held: list[str] = []
    astray: list[str] = []
    for one in good:
        if one.seen is None:
            continue
        # A page may stand for many things; of feeds the gate knows what they have to be.
        found = check(one.seen.body, one.document.format, url=one.document.url)
        selves = [f for f in found if f.code == "self-mismatch"]
        errors = [f for f in found if f.error and f.code != "self-mismatch"]
        if selves:
            astray.append(f"{one.document.path}: {selves[0].message}")
        if errors:
            held.append(f"{one.document.path}: {errors[0].message} [{errors[0].code}]")
    if held:
        yield wrong(
            "public.valid", f"{several(held, 1)}",
            "what lies here passed: look for what rewrites it, or `feedsvc validate URL`",
            code=PUBLISHING,
        )  # fmt: skip
    else:
        yield well("public.valid", f"{counted(len(good), 'document')} valid")
    if astray:
        yield wrong(
            "public.links", several(astray, 1),
            "`feedsvc regenerate --all` after base_url was changed; else another site answers here",
            code=PUBLISHING,
        )  # fmt: skip
    else:
        yield well("public.links", "the documents call themselves by these addresses")


def _speed(good: Sequence[Visit]) -> Check:
    name = "public.speed"
    slowest = max(good, key=lambda one: one.seen.seconds if one.seen else 0.0)
    seconds = slowest.seen.seconds if slowest.seen else 0.0
    if seconds > _SLOW:
        return doubtful(
            name, f"{slowest.document.path} took {seconds:.1f} seconds",
            "let the web server send the files itself, and compressed; is the machine busy?",
        )  # fmt: skip
    return well(name, f"the slowest took {seconds:.1f} seconds")
