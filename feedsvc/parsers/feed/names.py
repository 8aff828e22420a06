"""The names of elements, by namespace and whatever the prefix: `dc:creator`, `atom:link`, `guid`.

A namespace counts as known when its address is right but for case, scheme and a last slash, since
programs write them by hand. RSS 2.0 and the document's own vocabulary have no prefix in RSS and
RDF, and `atom` in Atom. Local names are in lower case: iTunes and others never cared.
"""

from __future__ import annotations

import re
from functools import lru_cache

XML = "{http://www.w3.org/XML/1998/namespace}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"

_ADDRESSES = {
    "": (
        "purl.org/rss/1.0",
        "my.netscape.com/rdf/simple/0.9",
        "channel.netscape.com/rdf/simple/0.9",
        "my.netscape.com/publish/formats/rss-0.91",
        "backend.userland.com/rss",
        "backend.userland.com/rss091",
        "backend.userland.com/rss092",
        "backend.userland.com/rss2",
        "blogs.law.harvard.edu/tech/rss",
        "cyber.law.harvard.edu/rss/rss.html",
        "www.rssboard.org/rss-specification",
        "purl.org/rss/2.0",
        "purl.org/net/rss1.1",
        "purl.org/rss/1.0/modules/rss091",
    ),
    "atom": (
        "www.w3.org/2005/atom",
        "purl.org/atom/ns",
        "purl.org/atom/1.0",
        "purl.org/echo",
        "purl.org/pie",
        "www.w3.org/2006/atom",
    ),
    "at": ("purl.org/atompub/tombstones/1.0",),
    "app": ("www.w3.org/2007/app", "purl.org/atom/app"),
    "admin": ("webns.net/mvcb",),
    "cc": ("web.resource.org/cc", "creativecommons.org/ns", "cyber.law.harvard.edu/cc"),
    "content": ("purl.org/rss/1.0/modules/content",),
    "creativecommons": ("backend.userland.com/creativecommonsrssmodule",),
    "dc": ("purl.org/dc/elements/1.1", "purl.org/dc/elements/1.0", "purl.org/metadata/dublin_core"),
    "dcterms": ("purl.org/dc/terms",),
    "feedburner": ("rssnamespace.org/feedburner/ext/1.0",),
    "geo": ("www.w3.org/2003/01/geo/wgs84_pos", "www.w3.org/2003/01/geo"),
    "georss": ("www.georss.org/georss", "www.georss.org/georss/10"),
    "gml": ("www.opengis.net/gml",),
    "googleplay": ("www.google.com/schemas/play-podcasts/1.0",),
    "itunes": (
        "www.itunes.com/dtds/podcast-1.0.dtd",
        "itunes.com/dtds/podcast-1.0.dtd",
        "example.com/dtds/podcast-1.0.dtd",
    ),
    "media": ("search.yahoo.com/mrss", "video.search.yahoo.com/mrss", "search.yahoo.com/mrss/1.0"),
    "podcast": (
        "podcastindex.org/namespace/1.0",
        "github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md",
    ),
    "prism": (
        "prismstandard.org/namespaces/basic/2.0",
        "prismstandard.org/namespaces/1.2/basic",
        "prismstandard.org/namespaces/basic/3.0",
    ),
    "psc": ("podlove.org/simple-chapters", "podlove.org/simple-chapters/1.0"),
    "rdf": ("www.w3.org/1999/02/22-rdf-syntax-ns",),
    "slash": ("purl.org/rss/1.0/modules/slash",),
    "sy": ("purl.org/rss/1.0/modules/syndication",),
    "thr": ("purl.org/syndication/thread/1.0",),
    "wfw": ("wellformedweb.org/commentapi", "wellformedweb.org/commentapi/1.0"),
    "xhtml": ("www.w3.org/1999/xhtml", "www.w3.org/tr/xhtml1"),
}
_PREFIXES = {address: prefix for prefix, known in _ADDRESSES.items() for address in known}

# For documents that use a prefix they never declare.
USUAL = {
    prefix: f"http://{known[0]}"
    for prefix, known in _ADDRESSES.items()
    if prefix and prefix not in ("xhtml", "itunes", "atom", "rdf", "media", "wfw")
} | {
    "atom": "http://www.w3.org/2005/Atom",
    "a10": "http://www.w3.org/2005/Atom",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": RDF[1:-1],
    "rss": "http://purl.org/rss/1.0/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "xhtml": "http://www.w3.org/1999/xhtml",
    "xlink": "http://www.w3.org/1999/xlink",
    "georss": "http://www.georss.org/georss",
    "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
}

_TRIM = re.compile(r"^https?://|[/#]+$")


@lru_cache(maxsize=512)
def prefix_of(namespace: str) -> str | None:
    """Our prefix for a namespace: None for one nobody here knows, "" for RSS."""
    return _PREFIXES.get(_TRIM.sub("", namespace.strip().lower()[:200]))


class Names(dict[str, str]):
    """Tags of lxml -> our names, for documents whose own vocabulary has the prefix `home`.

    Elements without a namespace, and those of `own` (a default namespace that nobody knows, on the
    root), belong to the document's own vocabulary.
    """

    __slots__ = ("home", "own")

    def __init__(self, home: str, own: str) -> None:
        super().__init__()
        self.home = home
        self.own = own

    def __missing__(self, tag: str) -> str:
        namespace, _, local = tag[1:].partition("}") if tag[:1] == "{" else ("", "", tag)
        prefix = prefix_of(namespace) if namespace else None
        if namespace in ("", self.own) and prefix is None:
            prefix = self.home
        if prefix is None:
            name = f"?:{local.lower()}"
        else:
            name = f"{prefix}:{local.lower()}" if prefix else local.lower()
        if len(self) < 4_000:  # names made up by the thousand are not worth remembering
            self[tag] = name
        return name


@lru_cache(maxsize=16)
def names_for(home: str, own: str) -> Names:
    """Shared by all documents of a kind, so that each name is worked out once."""
    return Names(home, own)


def local(tag: str) -> str:
    """The name without its namespace, as it is written."""
    return tag.rpartition("}")[2]
