"""Which of the formats of three decades a document has, by its root."""

from __future__ import annotations

from itertools import islice

from lxml import etree

from feedsvc.parsers.feed.names import Names, local, names_for, prefix_of

_RSS = {"0.90": "rss090", "0.91": "rss091", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}
_ATOM03 = ("purl.org/atom/ns", "purl.org/echo", "purl.org/pie")
_LONGEST_NAMESPACE = 500


def dialect_of(root: etree._Element) -> tuple[str, Names] | None:
    """The format of a feed, and the names that go with it; None for what is no feed."""
    tag = str(root.tag)
    namespace = tag[1:].partition("}")[0] if tag[:1] == "{" else ""
    unknown = prefix_of(namespace) is None and len(namespace) < _LONGEST_NAMESPACE
    own = namespace if unknown else ""
    version = (root.get("version") or "").strip()
    match local(tag).lower():
        case "rss":
            # RSS 2.0 is what is meant without a version: the older ones always had theirs.
            form = _RSS.get(version[:4], "rss20" if version[:1] in ("2", "") else "rss")
            return form, names_for("", own)
        case "rdf":
            return "rss090" if _is_rss090(root) else "rss10", names_for("", own)
        case "feed" | "entry":
            old = version == "0.3" or any(name in namespace for name in _ATOM03)
            return "atom03" if old else "atom10", names_for("atom", own)
        case "channel":
            return "cdf" if local(tag).isupper() else "rss", names_for("", own)
    return None


def _is_rss090(root: etree._Element) -> bool:
    return any("simple/0.9" in str(child.tag) for child in islice(root, 5))
