"""Atom (RFC 4287): is this feed document what it says?"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from lxml import etree

from feedsvc.gate import values
from feedsvc.gate.common import (
    check_address,
    check_attributes,
    check_lang,
    check_leaf,
    check_number,
    check_rfc3339,
    local,
    note,
    trimmed,
)
from feedsvc.gate.document import (
    ATOM,
    THREAD,
    XHTML,
    base_is_absolute,
    check_prefix,
    own_text,
)
from feedsvc.gate.history import PAGES, check_deleted, check_history, check_no_pages
from feedsvc.gate.markup import check_plain, scan_html, scan_xhtml
from feedsvc.gate.modules import check_module
from feedsvc.gate.report import Report, line_of, shown

_NS: Final = f"{{{ATOM}}}"
_TEXTS: Final = frozenset({"title", "subtitle", "summary", "rights"})
_PEOPLE: Final = frozenset({"author", "contributor"})
_FEED: Final = _TEXTS - {"summary"} | _PEOPLE | {
    "category", "generator", "icon", "id", "link", "logo", "updated", "entry",
}  # fmt: skip
_ENTRY: Final = _TEXTS - {"subtitle"} | _PEOPLE | {
    "category", "content", "id", "link", "published", "source", "updated",
}  # fmt: skip
_SOURCE: Final = _FEED - {"entry"}
_REPEATED: Final = _PEOPLE | {"category", "link", "entry"}
_LINK_ATTRIBUTES: Final = frozenset({"href", "rel", "type", "hreflang", "title", "length"})
_CATEGORY_ATTRIBUTES: Final = frozenset({"term", "scheme", "label"})
_TEXT_TYPES: Final = frozenset({"text", "html", "xhtml"})
_RELATIONS: Final = PAGES | {  # IANA's registry, as far as feeds use it
    "about", "alternate", "amphtml", "appendix", "archives", "author", "bookmark", "canonical",
    "chapter", "collection", "contents", "copyright", "describedby", "edit", "edit-media",
    "enclosure", "glossary", "help", "hub", "icon", "index", "item", "license", "lrdd", "monitor",
    "payment", "prev", "privacy-policy", "related", "replies",
    "search", "section", "self", "service", "shortlink", "start", "stylesheet", "subsection", "tag",
    "terms-of-service", "up", "version-history", "via", "webmention", "working-copy",
}  # fmt: skip
_ADDRESS_IN_NAME: Final = re.compile(r"<[\w.%+'-]+@[\w-]+(?:\.[\w-]+)+>")
_XML_TYPE: Final = re.compile(r"(?:text|application)/xml|[^;]*\+xml", re.IGNORECASE)


def check_atom(report: Report, root: etree._Element) -> None:
    """The whole document, from `feed` down."""
    if root.tag != f"{_NS}feed":
        _say_what_root(report, root)
        return
    check_lang(report, root)
    check_attributes(report, root, ())
    head = _children(report, root, _FEED)
    _check_metadata(report, root, head)
    _required(report, root, head, ("id", "title", "updated"))
    _check_links(report, root, head.get("link", []))
    check_history(report, root, head.get("link", []))
    entries = head.get("entry", [])
    moments = [_check_entry(report, entry, "author" in head) for entry in entries]
    if not entries and "author" not in head:
        report.add("atom-author-missing", "the feed has no entries, so it needs an author", root)
    _check_ids(report, entries)
    check_deleted(report, root, entries)
    _check_feed_date(report, head, [moment for moment in moments if moment is not None])


def _say_what_root(report: Report, root: etree._Element) -> None:
    if local(root) == "feed":
        namespace = str(root.tag)[1:].partition("}")[0] if str(root.tag)[0] == "{" else ""
        told = f"the namespace of feed is {shown(namespace)}" if namespace else "no namespace"
        if namespace == "http://purl.org/atom/ns#":
            told += " of the obsolete Atom 0.3"
        report.add("namespace-wrong", f"{told}: that of Atom is {ATOM}", root)
    else:
        report.add("root-wrong", f"the root element is <{local(root)}>, not <feed>", root)


def _children(
    report: Report, parent: etree._Element, allowed: frozenset[str]
) -> dict[str, list[etree._Element]]:
    """The Atom children by name; those of modules are judged on the way."""
    found: dict[str, list[etree._Element]] = {}
    seen: set[str] = set()
    for child in parent.iterchildren("*"):
        tag = str(child.tag)
        if tag.startswith(_NS):
            name = tag[len(_NS) :]
            if name not in allowed:
                report.add("element-unknown", f"<{name}> has no place in {local(parent)}", child)
                continue
            same = found.setdefault(name, [])
            if same and name not in _REPEATED:
                report.add("element-duplicate", f"<{name}> stands in {local(parent)} twice", child)
            same.append(child)
        elif tag[0] == "{":
            namespace = tag[1:].partition("}")[0]
            check_prefix(report, child, namespace)
            check_module(report, child, namespace, seen)
        else:
            report.add("element-unknown", f"<{tag}> has no namespace", child)
    return found


def _required(
    report: Report,
    parent: etree._Element,
    children: dict[str, list[etree._Element]],
    names: tuple[str, ...],
) -> None:
    for name in names:
        if name not in children:
            report.add(f"atom-{name}-missing", f"<{local(parent)}> has no {name}", parent)


def _check_metadata(
    report: Report, parent: etree._Element, children: dict[str, list[etree._Element]]
) -> None:
    """What feed, entry and source have in common (RFC 4287 §4.2)."""
    for name, elements in children.items():
        for element in elements:
            if name in _TEXTS:
                _check_text(report, element, name)
            elif name in _PEOPLE:
                _check_person(report, element, name)
            elif name == "id":
                _check_id(report, element, parent)
            elif name in ("icon", "logo"):
                check_attributes(report, element, ())
                value = trimmed(report, check_leaf(report, element), name, element)
                check_address(report, value, name, element)
            elif name == "category":
                _check_category(report, element)
            elif name == "generator":
                check_attributes(report, element, ("uri", "version"))
                check_leaf(report, element)
                if (uri := element.get("uri")) is not None:
                    check_address(report, uri, "generator uri", element)


def _check_id(report: Report, element: etree._Element, parent: etree._Element) -> None:
    where = f"{local(parent)} id"
    check_attributes(report, element, ())
    value = trimmed(report, check_leaf(report, element), where, element)
    note(report, values.atom_id(value), value, where, element)


def _check_text(report: Report, element: etree._Element, name: str) -> None:
    check_attributes(report, element, ("type",))
    check_lang(report, element)
    kind = element.get("type") or "text"
    if kind not in _TEXT_TYPES or element.get("type") == "":
        report.add("atom-text-type", f"{name} has type {shown(element.get('type') or '')}", element)
        kind = "text"
    if kind == "xhtml":
        _check_xhtml(report, element, name)
        return
    value = check_leaf(report, element)
    if not value.strip():
        report.add("element-empty", f"{name} is empty", element)
    elif kind == "text":
        check_plain(report, value, name, element)
    else:
        scan_html(report, value, name, element, based=base_is_absolute(report, element))


def _check_xhtml(report: Report, element: etree._Element, name: str) -> None:
    # RFC 4287 §3.1.1.3: the content is a single div of the XHTML namespace
    below = list(element.iterchildren("*"))
    if len(below) != 1 or below[0].tag != f"{{{XHTML}}}div" or own_text(element).strip():
        report.add("atom-xhtml-div", f"{name} is xhtml and not one div", element)
    for child in element.iterdescendants("*"):
        namespace = str(child.tag)[1:].partition("}")[0] if str(child.tag)[0] == "{" else ""
        if namespace in ("", ATOM):
            report.add("element-unknown", f"<{local(child)}> is not XHTML", child)
            break
    scan_xhtml(report, element, name, XHTML, based=base_is_absolute(report, element))


def _check_person(report: Report, element: etree._Element, name: str) -> None:
    found: set[str] = set()
    check_lang(report, element)
    for child in element.iterchildren(f"{_NS}*"):
        kind = local(child)
        where = f"{name} {kind}"
        if kind not in ("name", "email", "uri"):
            report.add("element-unknown", f"<{kind}> has no place in {name}", child)
            continue
        if kind in found:
            report.add("element-duplicate", f"<{kind}> stands in {name} twice", child)
        found.add(kind)
        value = check_leaf(report, child)
        if kind == "name":
            if not value.strip():
                report.add("element-empty", f"{where} is empty", child)
            elif _ADDRESS_IN_NAME.search(value):
                report.add("atom-name-address", f"{where} {shown(value)} holds an address", child)
            check_plain(report, value, where, child)
        elif kind == "email":
            note(report, values.email(value.strip()), value, where, child)
        else:
            check_address(report, trimmed(report, value, where, child), where, child)
    if "name" not in found:
        report.add("atom-name-missing", f"{name} has no name", element)


def _check_category(report: Report, element: etree._Element) -> None:
    check_attributes(report, element, _CATEGORY_ATTRIBUTES)
    term = element.get("term")
    if term is None:
        report.add("atom-category-term", "category has no term", element)
    elif not term.strip():
        report.add("element-empty", "category has an empty term", element)
    if (scheme := element.get("scheme")) is not None:
        check_address(report, scheme, "category scheme", element)
    if (label := element.get("label")) is not None:
        check_plain(report, label, "category label", element)


def check_link(report: Report, element: etree._Element, *, rss: bool = False) -> str:
    """One atom:link, also in RSS; its relation."""
    check_attributes(report, element, _LINK_ATTRIBUTES)
    relation = element.get("rel")
    if relation is None:
        relation = "alternate"
    elif not relation.strip():
        report.add("element-empty", "link has an empty rel", element)
    elif relation.lower() not in _RELATIONS and not values.is_absolute(relation):
        report.add("atom-link-rel", f"link rel {shown(relation)} is not registered", element)
    href = element.get("href")
    if href is None:
        report.add("atom-link-href", f"link rel={shown(relation)} has no href", element)
    else:
        where = f"link rel={shown(relation)}"
        check_address(report, trimmed(report, href, where, element), where, element)
    if (kind := element.get("type")) is not None:
        note(report, values.media_type(kind), kind, "link type", element)
    if (lang := element.get("hreflang")) is not None:
        note(report, values.language(lang), lang, "link hreflang", element)
    if (title := element.get("title")) is not None:
        if not title.strip():
            report.add("element-empty", "link has an empty title", element)
        check_plain(report, title, "link title", element, rss=rss)
    check_number(report, element.get("length"), "link length", element)
    thread_count = element.get(f"{{{THREAD}}}count")
    check_number(report, thread_count, "thr:count", element)
    return relation


def _check_links(report: Report, parent: etree._Element, links: list[etree._Element]) -> None:
    alternates: set[tuple[str, str]] = set()
    own = None
    for element in links:
        relation = check_link(report, element)
        if relation == "alternate":
            key = ((element.get("type") or "").lower(), (element.get("hreflang") or "").lower())
            if key in alternates:
                report.add(
                    "atom-alternate-duplicate",
                    "two alternate links of one type and hreflang",
                    element,
                )
            alternates.add(key)
        elif relation == "self" and own is None:
            own = element
    if local(parent) == "feed":
        check_self(report, parent, own)
    elif local(parent) == "entry":
        check_no_pages(report, links)


def check_self(report: Report, parent: etree._Element, own: etree._Element | None) -> None:
    """The link to the document itself, which WebSub and moved subscriptions rely on."""
    if own is None:
        report.add("self-missing", "has no link rel=self", parent)
    elif report.url is not None and (own.get("href") or "") != report.url:
        href = own.get("href") or ""
        report.add("self-mismatch", f"self is {shown(href)}, served at {shown(report.url)}", own)


def _check_entry(report: Report, entry: etree._Element, feed_author: bool) -> datetime | None:
    """One entry; its `updated`, if it can be read."""
    check_lang(report, entry)
    check_attributes(report, entry, ())
    children = _children(report, entry, _ENTRY)
    _check_metadata(report, entry, children)
    _required(report, entry, children, ("id", "title", "updated"))
    links = children.get("link", [])
    _check_links(report, entry, links)
    source = children.get("source", [None])[0]
    if source is not None:
        _check_source(report, source)
    source_author = source is not None and source.find(f"{_NS}author") is not None
    if not (feed_author or source_author or "author" in children):
        report.add("atom-author-missing", "neither the feed nor this entry has an author", entry)
    _check_body(report, entry, children)
    updated = _moment(report, children, "updated")
    published = _moment(report, children, "published")
    if updated is not None and published is not None and published > updated:
        report.add("atom-published-late", "published is later than updated", entry)
    return updated


def _moment(
    report: Report, children: dict[str, list[etree._Element]], name: str
) -> datetime | None:
    moment = None
    for element in children.get(name, ()):
        value = trimmed(report, check_leaf(report, element), name, element)
        moment = check_rfc3339(report, value, name, element)
    return moment


def _check_body(
    report: Report, entry: etree._Element, children: dict[str, list[etree._Element]]
) -> None:
    content = children.get("content", [None])[0]
    if content is None:
        if not any(link.get("rel") in (None, "alternate") for link in children.get("link", ())):
            report.add("atom-content-missing", "neither content nor an alternate link", entry)
        if "summary" not in children:
            report.add("atom-words-missing", "neither content nor summary", entry)
        return
    check_attributes(report, content, ("type", "src"))
    check_lang(report, content)
    kind = content.get("type")
    if content.get("src") is not None:
        _check_out_of_line(report, content, kind)
        remote = True
    else:
        remote = _check_inline(report, content, kind or "text")
    if remote and "summary" not in children:  # RFC 4287 §4.1.2
        report.add("atom-summary-missing", "content that is not text, and no summary", entry)


def _check_out_of_line(report: Report, content: etree._Element, kind: str | None) -> None:
    check_address(report, content.get("src") or "", "content src", content)
    if len(content) or own_text(content).strip():
        report.add("atom-content-src", "content has src and is not empty", content)
    if kind is None:
        report.add("attribute-missing", "content with src has no type", content)
    else:
        note(report, values.media_type(kind), kind, "content type", content)


def _check_inline(report: Report, content: etree._Element, kind: str) -> bool:
    """True for base64: what RFC 4287 §4.1.3.3 makes of any type but text and XML."""
    based = base_is_absolute(report, content)
    if kind == "xhtml":
        _check_xhtml(report, content, "content")
    elif kind in ("text", "html"):
        value = check_leaf(report, content)
        if kind == "html":
            scan_html(report, value, "content", content, based=based)
        else:
            check_plain(report, value, "content", content)
    elif (flaw := values.media_type(kind)) is not None:
        note(report, flaw, kind, "content type", content)
    elif kind.lower().startswith("text/"):
        check_leaf(report, content)
    else:
        return _XML_TYPE.match(kind) is None
    return False


def _check_source(report: Report, source: etree._Element) -> None:
    check_lang(report, source)
    check_attributes(report, source, ())
    children = _children(report, source, _SOURCE)
    _check_metadata(report, source, children)
    _check_links(report, source, children.get("link", []))
    _moment(report, children, "updated")
    missing = [name for name in ("id", "title", "updated") if name not in children]
    if missing:
        report.add("atom-source-incomplete", f"source without {', '.join(missing)}", source)


def _check_ids(report: Report, entries: list[etree._Element]) -> None:
    # RFC 4287 §4.2.6.1: compared character by character
    lines: dict[str, int | None] = {}
    for entry in entries:
        value = entry.findtext(f"{_NS}id")
        if value is None:
            continue
        if value in lines:
            report.add(
                "entry-id-duplicate",
                f"{shown(value)} is also the entry in line {lines[value]}",
                entry,
            )
        lines.setdefault(value, line_of(entry))


def _check_feed_date(
    report: Report, head: dict[str, list[etree._Element]], moments: list[datetime]
) -> None:
    updated = _moment(report, head, "updated")
    if updated is not None and moments and max(moments) > updated:
        report.add(
            "atom-feed-updated-early",
            f"updated is older than the newest entry, {max(moments).isoformat()}",
            head["updated"][0],
        )
