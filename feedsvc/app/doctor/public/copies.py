"""Is what readers get what lies here, an old copy, or what somebody on the way made of it?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from feedsvc.app.doctor.public.visits import Visit
from feedsvc.app.doctor.report import (
    PUBLISHING,
    Check,
    counted,
    in_bytes,
    in_time,
    left_out,
    well,
    wrong,
)

if TYPE_CHECKING:
    from feedsvc.web.probe import Seen

_YOUNG = 900.0  # seconds a copy may be old that a cache gives out
_FRESH = 60.0  # seconds since a document was written, within which a copy may be of before


def examine(good: Sequence[Visit]) -> Check:
    """Whether what readers get is what lies on the disk."""
    name = "public.fresh"
    compared = 0
    for one in good:
        ours = one.document.body()
        if ours is None or one.seen is None:
            continue
        compared += 1
        if one.seen.body == ours or _is_new(one):
            continue
        age = _seconds(one.seen.headers.first("age"))
        if age is not None and age <= _YOUNG:
            continue
        cached = _cache(one.seen)
        modified = _moment(one.seen.headers.first("last-modified"))
        written = datetime.fromtimestamp(one.document.file.stat().st_mtime, UTC)
        path = one.document.path
        if modified is not None and modified < written.replace(microsecond=0):
            by = f" by {cached}" if cached else ""
            old = in_time((written - modified).total_seconds())
            aged = f", {in_time(age)} in the cache" if age is not None else ""
            return wrong(
                name, f"{path} is answered{by} as it was {old} before the one here{aged}",
                "empty the cache of that path, and let it keep feeds for minutes at most "
                "(Cache-Control from here)" if cached or age is not None else
                "does the web server serve this output directory, or an old copy of it?",
                code=PUBLISHING,
            )  # fmt: skip
        return wrong(
            name,
            f"{path} is answered with other bytes than lie here "
            f"({in_bytes(len(one.seen.body))}, here {in_bytes(len(ours))})"
            f"{f', by {cached}' if cached else ''}",
            "something on the way rewrites it (minify, e-mail obfuscation, an injected script), or "
            f"another directory is served than {one.document.file.parent}",
            code=PUBLISHING,
        )
    if not compared:
        return left_out(name, "nothing lies here to compare it with")
    return well(name, f"{counted(compared, 'document')} answered as they lie here")


def _is_new(one: Visit) -> bool:
    """Whether ours was written a moment ago: readers may have it a moment later."""
    try:
        return time.time() - one.document.file.stat().st_mtime < _FRESH
    except OSError:
        return True


def _cache(seen: Seen) -> str | None:
    """The cache that an answer seems to come from."""
    headers = seen.headers
    if "cf-cache-status" in headers:
        return f"Cloudflare ({headers['cf-cache-status']})"
    for field in ("x-cache", "x-proxy-cache", "x-varnish", "via", "x-served-by"):
        if headers.get(field):
            return f"a cache ({field}: {headers[field][:40]})"
    return "a cache" if "age" in headers else None


def _seconds(value: str | None) -> int | None:
    return int(value) if value is not None and value.isdecimal() and len(value) < 12 else None


def _moment(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        found = parsedate_to_datetime(value)
    except ValueError:
        return None
    return found.replace(tzinfo=found.tzinfo or UTC)
