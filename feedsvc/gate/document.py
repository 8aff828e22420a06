"""From bytes to a tree: what every XML publication must be before its format is looked at.

No entity is expanded, no DTD read, no network asked; a document with a DOCTYPE is not even parsed.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from itertools import islice
from types import MappingProxyType
from typing import Final

from lxml import etree

from feedsvc.gate.complaints import complaint, is_limit
from feedsvc.gate.report import Report, shown
from feedsvc.regex import compiled

ATOM: Final = "http://www.w3.org/2005/Atom"
XHTML: Final = "http://www.w3.org/1999/xhtml"
XML: Final = "http://www.w3.org/XML/1998/namespace"
CONTENT: Final = "http://purl.org/rss/1.0/modules/content/"
DC: Final = "http://purl.org/dc/elements/1.1/"
DCTERMS: Final = "http://purl.org/dc/terms/"
MEDIA: Final = "http://search.yahoo.com/mrss/"
ITUNES: Final = "http://www.itunes.com/dtds/podcast-1.0.dtd"
THREAD: Final = "http://purl.org/syndication/thread/1.0"
HISTORY: Final = "http://purl.org/syndication/history/1.0"
TOMBSTONES: Final = "http://purl.org/atompub/tombstones/1.0"
SYNDICATION: Final = "http://purl.org/rss/1.0/modules/syndication/"
SLASH: Final = "http://purl.org/rss/1.0/modules/slash/"
PODCAST: Final = "https://podcastindex.org/namespace/1.0"
SMARTNEWS: Final = "http://www.smartnews.be/snf"
SITEMAP: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS: Final = "http://www.google.com/schemas/sitemap-news/0.9"
RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

PREFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {
        ATOM: "atom",
        XHTML: "xhtml",
        CONTENT: "content",
        DC: "dc",
        DCTERMS: "dcterms",
        MEDIA: "media",
        ITUNES: "itunes",
        THREAD: "thr",
        HISTORY: "fh",
        TOMBSTONES: "at",
        SYNDICATION: "sy",
        SLASH: "slash",
        RDF: "rdf",
        PODCAST: "podcast",
        "http://wellformedweb.org/CommentAPI/": "wfw",
        "http://www.georss.org/georss": "georss",
        "http://www.opengis.net/gml": "gml",
        "http://www.w3.org/2003/01/geo/wgs84_pos#": "geo",
        "http://purl.org/rss/1.0/": "rss",
        "http://www.w3.org/2007/app": "app",
        "http://a9.com/-/spec/opensearch/1.1/": "opensearch",
        "http://backend.userland.com/creativeCommonsRssModule": "creativeCommons",
        "http://web.resource.org/cc/": "cc",
        SMARTNEWS: "snf",
        NEWS: "news",
        "http://www.google.com/schemas/sitemap-image/1.1": "image",
        "http://www.google.com/schemas/sitemap-video/1.1": "video",
        "http://www.w3.org/2001/XMLSchema-instance": "xsi",
        "http://www.google.com/schemas/play-podcasts/1.0": "googleplay",
        "http://rssnamespace.org/feedburner/ext/1.0": "feedburner",
        "http://schemas.google.com/g/2005": "gd",
        "http://madskills.com/public/xml/rss/module/trackback/": "trackback",
        "http://www.w3.org/2000/01/rdf-schema#": "rdfs",
        "http://www.w3.org/2000/svg": "svg",
        "http://www.w3.org/1998/Math/MathML": "mml",
        "http://www.w3.org/1999/xlink": "xlink",
        "http://www.rssboard.org/media-rss": "media",
    }
)
_RESERVED: Final = MappingProxyType(
    {prefix: uri for uri, prefix in PREFIXES.items() if uri != "http://www.rssboard.org/media-rss"}
)
_ANY_PREFIX: Final = frozenset(  # written with many prefixes, and nobody matches on them
    {XHTML, "http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
)
# Media RSS is known by its trailing slash; without it readers see nothing
_MEDIA_WRONG: Final = frozenset(
    {"http://search.yahoo.com/mrss", "http://search.yahoo.com/searchmonkey-datatype/media/"}
)

LARGE: Final = 512 * 1024
HUGE: Final = 5_000_000
_MAX_BYTES: Final = 32 * 1024 * 1024
_MAX_NODES: Final = 1_000_000  # an element costs about 120 bytes as a tree, an attribute 200

_DECLARATION: Final = re.compile(
    rb"\s*<\?xml\s[^>]*?encoding\s*=\s*[\"']([A-Za-z0-9._-]+)[\"'][^>]*\?>"
)
_DOCTYPE: Final = compiled(  # after white space, comments and instructions only: XML 1.0 §2.8
    rb"(?:\s++|<\?(?:[^?]++|\?(?!>))*+\?>|<!--(?:[^-]++|-(?!->))*+-->)*+<!DOCTYPE", re.IGNORECASE
)
_UTF_8: Final = frozenset({"utf-8", "utf8"})
_SUSPICIOUS: Final = re.compile(r"[\x80-\x9f\ufffd]")
_SUSPICIOUS_REFERENCE: Final = re.compile(
    rb"&#(?:12[89]|1[345][0-9]|65533|[xX]0*(?:[89][0-9a-fA-F]|[fF]{3}[dD]));"
)
# Two letters that begin most two-byte characters of UTF-8, and a sign that may continue one.
_LIKE_MISREAD: Final = re.compile(rb"\xc3[\x82\x83]\xc2[\x80-\xbf]")
_EDGE: Final = re.compile(rb'[<>&"\n]')  # of a text
_LONGEST_LOOK: Final = 1_000  # bytes on either side
_MOST_LOOKS: Final = 100
_C1_BYTE: Final = re.compile(rb"[\x80-\x9f]")


def check_size(report: Report, body: bytes, *, polled: bool = True) -> bool:
    """Say what is too large; False when nothing more should be tried.

    What readers poll as a whole is large sooner than what search engines fetch (`polled`).
    """
    if not body.strip():
        report.add("document-empty", "the document is empty")
        return False
    if not polled:
        return True
    if len(body) > _MAX_BYTES:
        report.add("document-too-complex", f"{len(body)} bytes are more than {_MAX_BYTES}")
        return False
    if len(body) > HUGE:
        report.add("size-huge", f"{len(body)} bytes: several readers stop at {HUGE}")
    elif len(body) > LARGE:
        report.add("size-large", f"{len(body)} bytes: more than {LARGE}")
    return True


def decode(report: Report, body: bytes) -> str | None:
    """The text of a UTF-8 document, or None with the place of the byte that is not."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        report.add("encoding-broken", f"byte {error.start} is not UTF-8: {error.reason}", line)
        return None
    if not body.isascii() and (found := _SUSPICIOUS.search(text)):
        line = text.count("\n", 0, found.start()) + 1
        report.add("characters-suspicious", f"holds U+{ord(found.group()):04X}", line)
    if misread := _misread(body):
        line = body.count(b"\n", 0, misread.start()) + 1
        told = shown(misread.group().decode())
        report.add("characters-suspicious", f"holds {told}: UTF-8 that was read as Latin-1", line)
    return text


def _misread(body: bytes) -> re.Match[bytes] | None:
    """The first text whose characters are the bytes of another one: `Ã¤` for `ä`."""
    for found in islice(_LIKE_MISREAD.finditer(body), _MOST_LOOKS):
        start, end = found.span()
        before = _EDGE.split(body[max(0, start - _LONGEST_LOOK) : start])[-1]
        after = _EDGE.split(body[end : end + _LONGEST_LOOK], maxsplit=1)[0]
        text = (before + found.group() + after).decode("utf-8", "ignore")
        try:
            text.encode("latin-1").decode("utf-8")
        except ValueError:
            continue
        return found
    return None


def declared_encoding(start: bytes) -> str:
    """What an XML document without a BOM says it is written in, in lower case."""
    declared = _DECLARATION.match(start)
    return declared.group(1).decode("ascii").lower() if declared else "utf-8"


def read_xml(report: Report, body: bytes, *, polled: bool = True) -> etree._Element | None:
    """The root element, or None when the document cannot be looked at any further."""
    if not check_size(report, body, polled=polled):
        return None
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or b"\x00" in body[:4]:
        report.add("encoding-not-utf8", "the document is written in UTF-16 or UTF-32", 1)
        return None
    start = body.removeprefix(codecs.BOM_UTF8)
    encoding = declared_encoding(start)
    if encoding not in _UTF_8:
        report.add("encoding-not-utf8", f"declares {encoding}: publish UTF-8", 1)
        if not encoding.startswith(("iso-8859-", "windows-125", "us-ascii")):
            return None  # not a superset of ASCII, perhaps: a DOCTYPE could hide from us
        if encoding.startswith("iso-8859-") and (control := _C1_BYTE.search(body)):
            line = body.count(b"\n", 0, control.start()) + 1
            report.add("characters-suspicious", "holds a C1 control: is it windows-1252?", line)
    elif decode(report, body) is None:
        return None
    if _DOCTYPE.match(start):
        report.add("xml-doctype", "has a DOCTYPE: readers expand its entities or refuse it", 1)
        return None
    if body.count(b"<") > _MAX_NODES or body.count(b'="') + body.count(b"='") > _MAX_NODES:
        report.add("document-too-complex", f"more than {_MAX_NODES} elements or attributes")
        return None
    if found := _SUSPICIOUS_REFERENCE.search(body):
        line = body.count(b"\n", 0, found.start()) + 1
        report.add("characters-suspicious", f"holds {found.group().decode('ascii')}", line)
    return _parse(report, body)


def _parse(report: Report, body: bytes) -> etree._Element | None:
    # A parser of its own: a shared one would need a lock, and costs 20 µs to make
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        message = complaint(error)
        code = "document-too-complex" if is_limit(error) else "xml-not-well-formed"
        report.add(code, message, getattr(error, "lineno", None))
        return None
    _check_declared(report, root)
    return root


def _check_declared(report: Report, root: etree._Element) -> None:
    """The namespaces that the root element declares, used or not."""
    for prefix, uri in root.nsmap.items():
        report.prefixes.add((prefix, uri))
        if prefix is None and uri in (ATOM, "http://purl.org/rss/1.0/"):
            continue
        usual = PREFIXES.get(uri)
        if uri in _MEDIA_WRONG:
            report.add("namespace-wrong", f"Media RSS is {MEDIA}, with its slash", root)
        elif (
            prefix is not None
            and prefix in _RESERVED
            and _RESERVED[prefix] != uri
            and usual != prefix
        ):
            report.add("prefix-reserved", f"{prefix} usually means {_RESERVED[prefix]}", root)
        elif usual is None and prefix is not None:
            report.add("namespace-unknown", f"{prefix} is bound to {shown(uri)}", root)
        elif usual is not None and prefix != usual and uri not in _ANY_PREFIX:
            unlike = f", not {prefix}" if prefix else ""
            report.add("prefix-unusual", f"{uri} is usually {usual}{unlike}", root)


def check_prefix(report: Report, element: etree._Element, namespace: str) -> None:
    """A namespace that was declared below the root, at the first element that uses it."""
    key = (element.prefix, namespace)
    if key in report.prefixes:
        return
    report.prefixes.add(key)
    usual = PREFIXES.get(namespace)
    if usual is None:
        report.add("namespace-unknown", f"{shown(namespace)} is known to no reader", element)
    elif element.prefix != usual and namespace not in _ANY_PREFIX:
        report.add("prefix-unusual", f"{namespace} is usually {usual}", element)


def own_text(element: etree._Element) -> str:
    """The text of the element itself, also around comments."""
    if len(element) == 0:
        return element.text or ""
    return (element.text or "") + "".join(child.tail or "" for child in element)


def base_is_absolute(report: Report, element: etree._Element) -> bool:
    """Is an absolute xml:base in scope (RFC 4287 §2)?"""
    return report.based and re.match(r"[A-Za-z][A-Za-z0-9+.-]*:", element.base or "") is not None
