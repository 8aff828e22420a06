"""One form of an address for everybody who links to the same page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# What campaigns, newsletters and social networks add to a link; it never changes the page.
_TRACKING = re.compile(
    r"utm_\w+|(?:fb|g|dc|ms|tw|yc|wbra|gbra)clid|mc_[ce]id|_?ga|ref_?(?:src|url)?|cmp(?:id)?|at_\w+"
    r"|wt\.?(?:mc|zmc)\w*|pk_\w+|mtm_\w+|piwik_\w+|hsa_\w+|igshid|igsh|spm|ncid|sr_share|xtor"
    r"|__twitter_impression",
    re.IGNORECASE,
)
# Nearly all links: only a host in lower case and a path, which need not be taken apart.
_USUAL = re.compile(r"https?://(?:www\.)?(?!www\.)([a-z0-9][a-z0-9.-]*)((?:/[^?#\s]*)?)")
_INDEX = re.compile(r"/(?:index\.(?:html?|php)|default\.aspx?)$", re.IGNORECASE)


def canonical(url: str) -> str:
    """`url` without what does not tell pages apart: scheme, `www.`, fragment, tracking.

    A form to compare, not to follow. Host and path stay as they are otherwise: `/a` and `/A` may be
    two pages. A fragment that is a path of its own (`#!/a`, `#/a`) stays.
    """
    usual = _USUAL.fullmatch(url)
    if usual is not None:
        return usual[1].removesuffix(".") + _INDEX.sub("/", usual[2]).rstrip("/")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return url
    host = host.removeprefix("www.").removesuffix(".")
    if port is not None and (parts.scheme, port) not in {("http", 80), ("https", 443)}:
        host = f"{host}:{port}"
    path = _INDEX.sub("/", parts.path).rstrip("/")
    kept = [
        one
        for one in parts.query.split("&")
        if one and not _TRACKING.fullmatch(one.partition("=")[0])
    ]
    query = f"?{'&'.join(sorted(kept))}" if kept else ""
    fragment = f"#{parts.fragment}" if parts.fragment.startswith(("/", "!")) else ""
    return f"{host}{path}{query}{fragment}"
