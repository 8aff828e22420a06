"""One entry of a feed -> a draft: an `item` of RSS, RDF or CDF, an `entry` of Atom.

All vocabularies are read by one table of names, for they are mixed everywhere: Atom links in RSS,
Dublin Core in both.
"""

from __future__ import annotations

from lxml import etree

from feedsvc.model import Draft, Origin
from feedsvc.parsers.feed.extras import extras_of
from feedsvc.parsers.feed.groups import UPDATED, Groups
from feedsvc.parsers.feed.links import alternate, link_of, rel_of
from feedsvc.parsers.feed.markup import Text, based, text_of
from feedsvc.parsers.feed.media import enclosures_of, image_of
from feedsvc.parsers.feed.names import RDF
from feedsvc.parsers.feed.people import authors_of
from feedsvc.parsers.feed.scope import Fields, Scope
from feedsvc.text.canonical import canonical
from feedsvc.text.html import plain
from feedsvc.text.urls import absolute


def read_entry(node: etree._Element, scope: Scope, base: str | None) -> tuple[Draft, Fields]:
    """The draft of an entry; `base` is where addresses of the element that holds it start."""
    if scope.has_base:
        base = based(node, base)
    fields = Fields(node, scope, base)
    found, there = fields.found, fields.groups
    title = fields.short(*there.titles)
    html, body_node, summary = _texts(fields, there)
    link = link_of(fields) or _other_link(fields)
    language = fields.text("dc:language") if "dc:language" in found else None
    if scope.has_lang:
        language = _languages(fields, body_node) or language
    published = fields.moment("published", *there.published) if there.published else None
    updated = fields.moment("updated", *there.updated) if there.updated else None
    expires = fields.moment("expires", *there.expires) if there.expires else None
    draft = Draft(
        title=title.plain() if title else "",
        title_html=title.markup() if title else None,
        html=html,
        id=_id(fields),
        link=link,
        summary=summary.plain() if summary else None,
        summary_html=summary.markup() if summary else None,
        subtitle=fields.text("itunes:subtitle") if "itunes:subtitle" in found else None,
        published=published,
        updated=updated,
        expires=expires,
        unreleased="app:control" in found and _is_draft(fields),
        authors=authors_of(fields) or _inherited(fields),
        tags=_tags(fields, there.tags) if there.tags else (),
        section=fields.text("slash:section") if "slash:section" in found else None,
        language=language,
        image=image_of(fields) if there.pictures else None,
        enclosures=enclosures_of(fields) if there.media else (),
        rights=_rights(fields, there.rights) if there.rights else None,
        extra=extras_of(fields, there.extras),
        origin=_origin(fields),
        base=_base(fields, body_node) if scope.has_base else None,
        warnings=tuple(fields.warnings),
    )
    return draft, fields


def _id(fields: Fields) -> str | None:
    """RFC 4287 §4.2.6.1: ids are compared character by character, so nothing is made of them."""
    said = fields.text("guid", "atom:id")
    if said is None:
        said = str(fields.node.get(f"{RDF}about") or "").strip() or fields.text("dc:identifier")
    return said or None


def _texts(fields: Fields, there: Groups) -> tuple[str, etree._Element | None, Text | None]:
    """The body as HTML, the element it stands in, and the summary if there is one beside it."""
    body = fields.body(*there.bodies)
    summary = fields.body(*there.summaries)
    if summary is None and body is None:  # elsewhere it describes a picture
        summary = fields.body("media:description")
    if (
        body is None
        and summary is not None
        and fields.scope.names[summary[1].tag] != "atom:summary"
    ):
        body, summary = summary, None
    if body is None:
        return "", None, fields.rooted(*summary) if summary else None
    text, node = body
    if summary is None or summary[0].value == text.value:
        return text.as_html(), node, None
    return text.as_html(), node, fields.rooted(*summary)


def _base(fields: Fields, body: etree._Element | None) -> str | None:
    """xml:base where the body stands; without one, whoever shows the body knows where it starts."""
    base = fields.base_of(body) if body is not None else fields.base
    return base if base != fields.scope.url else None


def _other_link(fields: Fields) -> str | None:
    """The address of an entry in CDF, or of a page that is an entry's content."""
    for written in (fields.node.get("HREF"), fields.node.get("href")):
        if written:
            return fields.address(str(written), fields.node, "link")
    content = fields.found.get("atom:content", ())
    for node in content:  # RFC 4287 §4.1.3.2: the content stands elsewhere
        kind = (node.get("type") or "").strip().lower()
        if node.get("src") and kind in ("", "text/html", "html", "application/xhtml+xml"):
            return fields.address(str(node.get("src")), node, "link")
    return None


def _languages(fields: Fields, body: etree._Element | None) -> str | None:
    here = fields.language_of(body) if body is not None else None
    return here or fields.language_of(fields.node)


def _is_draft(fields: Fields) -> bool:
    """RFC 5023 §13.1.1."""
    for control in fields.found["app:control"]:
        for child in control:
            if fields.scope.names[child.tag] == "app:draft":
                return text_of(child).lower() == "yes"
    return False


def _inherited(fields: Fields) -> tuple:  # type: ignore[type-arg]
    """RFC 4287 §4.2.1: the authors of `source`, else of the feed.

    Not of an RSS item that was copied from another feed: whoever makes this one did not write it.
    """
    for node in fields.found.get("atom:source", ()):
        known = authors_of(Fields(node, fields.scope, fields.base_of(node)))
        if known:
            return known
    for node in fields.found.get("source", ()):
        url = absolute(str(node.get("url") or ""), fields.base_of(node))
        if url and fields.scope.url and canonical(url) != canonical(fields.scope.url):
            return ()
    return fields.scope.authors


def _tags(fields: Fields, names: tuple[str, ...]) -> tuple[str, ...]:
    tags: list[str] = []
    for name in names:
        for node in fields.found[name]:
            match name:
                case "category":
                    tags.append(text_of(node) or str(node.get("text") or node.get("domain") or ""))
                case "atom:category":
                    tags.append(str(node.get("label") or node.get("term") or "") or text_of(node))
                case "dc:subject":
                    tags.append(text_of(node) or str(node.get(f"{RDF}resource") or ""))
                case "itunes:category":
                    tags.extend(str(one.get("text")) for one in node.iter() if one.get("text"))
                case "itunes:keywords" | "media:keywords":
                    tags.extend(text_of(node)[:10_000].split(","))
                case _:
                    tags.append(text_of(node))
    kept: dict[str, None] = {}
    for tag in tags[:400]:
        text = plain(tag) if "&" in tag or "<" in tag else " ".join(tag.split())
        if text:
            kept[text] = None
    if len(kept) > 200:
        fields.passed["category"] = fields.passed.get("category", 0) + len(kept) - 200
    return tuple(kept)[:200]


def _rights(fields: Fields, names: tuple[str, ...]) -> str | None:
    found = fields.short(*names)
    return found.plain() or None if found else None


def _origin(fields: Fields) -> Origin | None:
    """RFC 4287 §4.2.11 and the `source` of RSS 2.0."""
    for node in fields.found.get("atom:source", ()):
        inner = Fields(node, fields.scope, fields.base_of(node))
        title = inner.short("atom:title")
        rights = inner.short("atom:rights", "dc:rights")
        own = next((one for one in inner.found.get("atom:link", ()) if rel_of(one) == "self"), None)
        return Origin(
            id=inner.text("atom:id"),
            title=title.plain() if title else None,
            url=inner.address(str(own.get("href")), own, "source") if own is not None else None,
            link=alternate(inner),
            updated=inner.moment("updated", *UPDATED),
            rights=rights.plain() if rights else None,
        )
    for node in fields.found.get("source", ()):
        written = str(node.get("url") or "")
        url = absolute(written, fields.base_of(node)) if written else None
        name = text_of(node)
        if url or name:
            return Origin(title=" ".join(name.split()) or None, url=url)
    return None
