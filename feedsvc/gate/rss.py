"""RSS 2.0 with the RSS Advisory Board's profile: is this document what it says?"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote

from lxml import etree

from feedsvc.gate import values
from feedsvc.gate.atom import check_link, check_self
from feedsvc.gate.common import (
    check_address,
    check_attributes,
    check_lang,
    check_leaf,
    check_number,
    check_rfc822,
    local,
    note,
)
from feedsvc.gate.document import (
    ATOM,
    CONTENT,
    DC,
    DCTERMS,
    SLASH,
    XHTML,
    base_is_absolute,
    check_prefix,
    own_text,
)
from feedsvc.gate.history import check_history, check_no_pages
from feedsvc.gate.markup import check_plain, scan_html, scan_xhtml
from feedsvc.gate.modules import check_module
from feedsvc.gate.podcasts import check_listing
from feedsvc.gate.report import Report, line_of, shown

_CHANNEL: Final = frozenset(
    "title link description language copyright managingEditor webMaster pubDate lastBuildDate "
    "category generator docs cloud ttl image rating textInput skipHours skipDays item".split()
)
_ITEM: Final = frozenset(
    "title link description author category comments enclosure guid pubDate source".split()
)
_IMAGE: Final = frozenset({"url", "title", "link", "width", "height", "description"})
_TEXT_INPUT: Final = frozenset({"title", "description", "name", "link"})
_REPEATED: Final = frozenset({"category", "item", "enclosure"})  # enclosure has a rule of its own
_ATTRIBUTES: Final = {
    "category": ("domain",),
    "guid": ("isPermaLink",),
    "source": ("url",),
    "enclosure": ("url", "length", "type"),
    "cloud": ("domain", "port", "path", "registerProcedure", "protocol"),
}
_DAYS: Final = frozenset(
    {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
)
_HOURS: Final = frozenset(str(hour) for hour in range(24)) | {f"0{hour}" for hour in range(10)}
_TWINS: Final = (  # an element of RSS, and the module element that says the same
    ("author", f"{{{DC}}}creator"),
    ("category", f"{{{DC}}}subject"),
    ("copyright", f"{{{DC}}}rights"),
    ("guid", f"{{{ATOM}}}id"),
    ("language", f"{{{DC}}}language"),
    ("lastBuildDate", f"{{{DCTERMS}}}modified"),
    ("managingEditor", f"{{{DC}}}creator"),
    ("pubDate", f"{{{DC}}}date"),
    ("pubDate", f"{{{ATOM}}}published"),
    ("source", f"{{{DC}}}source"),
    ("title", f"{{{DC}}}title"),
)
_CONTENT: Final = f"{{{CONTENT}}}encoded"
_ADDRESS_AND_NAME: Final = re.compile(r"(\S+)\s+\((.*)\)", re.DOTALL)
_IMAGE_FORMATS: Final = (".gif", ".jpg", ".jpeg", ".png")
_AT_DOMAIN: Final = re.compile(  # what the W3C validator takes for the address of a file
    r"https?://(?:[a-z0-9-]+\.)+[a-z0-9][a-z0-9-]*(?::[0-9]+)?(?:/|$)", re.IGNORECASE
)
_PATH: Final = re.compile(r"[^?#]*")

Children = dict[str, list[etree._Element]]


def check_rss(report: Report, root: etree._Element) -> None:
    """The whole document, from `rss` down."""
    if root.tag != "rss":
        old = "RSS 1.0 and older are not judged; RSS 2.0 and Atom are"
        kind = old if local(root) == "RDF" else "not <rss>"
        report.add("root-wrong", f"the root element is <{local(root)}>: {kind}", root)
        return
    check_attributes(report, root, ("version",))
    version = root.get("version")
    if version is None:
        report.add("attribute-missing", "rss has no version", root)
    elif version != "2.0":
        report.add("rss-version", f"rss has version {shown(version)}: publish 2.0", root)
    channels = list(root.iterchildren("channel"))
    if len(channels) != 1:
        report.add("rss-channel-missing", f"rss holds {len(channels)} channels", root)
    for child in root.iterchildren("*"):
        if "{" not in str(child.tag) and child.tag != "channel":
            report.add("element-unknown", f"<{child.tag}> has no place in rss", child)
    for channel in channels[:1]:
        _check_channel(report, channel)


def _children(report: Report, parent: etree._Element, allowed: frozenset[str]) -> Children:
    """The children by name, those of modules by their full tag; modules are judged on the way."""
    found: Children = {}
    seen: set[str] = set()
    for child in parent.iterchildren("*"):
        tag = str(child.tag)
        if tag[0] != "{":
            if tag not in allowed:
                report.add("element-unknown", f"<{tag}> has no place in {local(parent)}", child)
                continue
            if tag in found and tag not in _REPEATED:
                report.add("element-duplicate", f"<{tag}> stands in {local(parent)} twice", child)
            check_attributes(report, child, _ATTRIBUTES.get(tag, ()))
        else:
            namespace = tag[1:].partition("}")[0]
            check_prefix(report, child, namespace)
            check_module(report, child, namespace, seen)
            if tag == _CONTENT:
                _check_encoded(report, child, found)
        found.setdefault(tag, []).append(child)
    return found


def _check_channel(report: Report, channel: etree._Element) -> None:
    check_attributes(report, channel, ())
    check_lang(report, channel)
    children = _children(report, channel, _CHANNEL)
    for name in ("title", "link", "description"):
        if name not in children:
            report.add(f"rss-{name}-missing", f"the channel has no {name}", channel)
    _check_common(report, channel, children)
    _check_channel_details(report, children)
    check_listing(report, channel)
    own = _check_atom_links(report, channel, children)
    for link in children.get("link", ()):
        if own is not None and own_text(link).strip() == own.get("href"):
            report.add("rss-link-is-feed", "the channel links to itself, not to the site", link)
    for image in children.get("image", ()):
        _check_image(report, image, children)
    guids: dict[str, int | None] = {}
    dated = "lastBuildDate" in children
    for item in children.get("item", ()):
        _check_item(report, item, guids, dated)


def _check_common(report: Report, parent: etree._Element, children: Children) -> None:
    """What channels and items have in common."""
    for element in children.get("title", ()):
        value = check_leaf(report, element)
        where = f"{local(parent)} title"
        if not value.strip():
            report.add("element-empty", f"{where} is empty", element)
        check_plain(report, value, where, element, rss=True)
    for element in children.get("link", ()):
        _check_url(report, element, f"{local(parent)} link")
    for element in children.get("description", ()):
        if local(parent) == "channel":
            check_plain(
                report, check_leaf(report, element), "channel description", element, rss=True
            )
        else:
            scan_html(report, check_leaf(report, element), "description", element)
    for name in ("pubDate", "lastBuildDate"):
        for element in children.get(name, ()):
            check_rfc822(report, check_leaf(report, element).strip(), name, element)
    for name in ("author", "managingEditor", "webMaster"):
        for element in children.get(name, ()):
            _check_contact(report, element, name)
    for element in children.get("category", ()):
        value = check_leaf(report, element)
        if not value.strip():
            report.add("element-empty", "category is empty", element)
        check_plain(report, value, "category", element, rss=True)
    for name, twin in _TWINS:
        if name in children and twin in children:
            twin_element = children[twin][0]
            label = f"{twin_element.prefix}:{local(twin_element)}"
            report.add("rss-same-meaning", f"both {name} and {label}", twin_element)


def _check_url(report: Report, element: etree._Element, where: str) -> None:
    value = check_leaf(report, element).strip()
    check_address(report, value, where, element, iri=False)


def _check_contact(report: Report, element: etree._Element, name: str) -> None:
    value = check_leaf(report, element).strip()
    if value.lower().startswith("mailto:"):  # RFC 6068: escaped, perhaps with headers after `?`
        value = unquote(value[7:].partition("?")[0])
    found = _ADDRESS_AND_NAME.fullmatch(value)
    if found is None:
        named = re.fullmatch(r"[^<>]*<([^<>]*)>", value)  # Name <address>: RFC 822, not the profile
        address = named.group(1) if named else value
        flaw = values.email(address)
        if flaw is None:
            report.add("rss-author-form", f"{name} {shown(value)} is not addr (Name)", element)
    else:
        flaw = values.email(found.group(1))
        if not found.group(2).strip():
            report.add("rss-author-form", f"{name} {shown(value)} has no name", element)
    note(report, flaw, value, name, element)


def _check_channel_details(report: Report, children: Children) -> None:
    for element in children.get("language", ()):
        value = check_leaf(report, element).strip()
        note(report, values.language(value), value, "language", element)
    for element in children.get("copyright", ()):
        check_plain(report, check_leaf(report, element), "copyright", element, rss=True)
    for element in children.get("docs", ()):
        _check_url(report, element, "docs")
    for element in children.get("ttl", ()):
        check_number(report, check_leaf(report, element), "ttl", element, least=1)
    for element in children.get("cloud", ()):
        for key in _ATTRIBUTES["cloud"]:
            if not element.get(key):
                report.add("attribute-missing", f"cloud has no {key}", element)
        check_number(report, element.get("port"), "cloud port", element, least=1)
    for element in children.get("textInput", ()):
        report.add("rss-text-input", "textInput: readers ignore it", element)
        inside = _children(report, element, _TEXT_INPUT)
        for name in ("title", "description", "link"):
            if name not in inside:
                report.add(f"rss-{name}-missing", f"textInput has no {name}", element)
        for link in inside.get("link", ()):
            _check_url(report, link, "textInput link")
    _check_skips(report, children, "skipHours", "hour", _HOURS)
    _check_skips(report, children, "skipDays", "day", _DAYS)


def _check_skips(
    report: Report, children: Children, name: str, unit: str, allowed: frozenset[str]
) -> None:
    for element in children.get(name, ()):
        seen: set[str] = set()
        for child in element.iterchildren("*"):
            value = own_text(child).strip()
            key = value.lstrip("0") or "0"
            if child.tag != unit or value not in allowed:
                report.add("rss-skip", f"{name} holds {local(child)} {shown(value)}", child)
            elif key in seen:
                report.add("rss-skip", f"{name} holds {shown(value)} twice", child)
            seen.add(key)


def _check_atom_links(
    report: Report, channel: etree._Element, children: Children
) -> etree._Element | None:
    """The Atom elements that RSS borrows; the self link."""
    own = None
    links = children.get(f"{{{ATOM}}}link", [])
    for element in links:
        if check_link(report, element, rss=True) == "self" and own is None:
            own = element
    if local(channel) == "channel":
        check_self(report, channel, own)
        check_history(report, channel, links)
    else:
        check_no_pages(report, links)
    return own


def _check_image(report: Report, image: etree._Element, channel: Children) -> None:
    children = _children(report, image, _IMAGE)
    for name, code in (("title", "rss-title-missing"), ("link", "rss-link-missing")):
        if name not in children:
            report.add(code, f"image has no {name}", image)
            continue
        element = children[name][0]
        if name in channel and own_text(element).strip() != own_text(channel[name][0]).strip():
            report.add("rss-image-mismatch", f"image {name} is not the channel's", element)
    for name in ("title", "description"):
        for element in children.get(name, ()):
            check_plain(report, check_leaf(report, element), f"image {name}", element, rss=True)
    for element in children.get("link", ()):
        _check_url(report, element, "image link")
    if "url" not in children:
        report.add("url-invalid", "image has no url", image)
    for element in children.get("url", ()):
        _check_url(report, element, "image url")
        path = _PATH.match(own_text(element).strip())
        if path is not None and not path.group().lower().endswith(_IMAGE_FORMATS):
            report.add("rss-image-format", f"image url {shown(own_text(element))}", element)
    for name, most in (("width", 144), ("height", 400)):
        for element in children.get(name, ()):
            value = check_leaf(report, element).strip()
            digits = value.isascii() and value.isdigit() and len(value) < 10
            if not digits or not 1 <= int(value) <= most:
                report.add("rss-image-size", f"image {name} {shown(value)}: 1 to {most}", element)


def _check_item(
    report: Report, item: etree._Element, guids: dict[str, int | None], dated: bool
) -> None:
    check_attributes(report, item, ())
    check_lang(report, item)
    children = _children(report, item, _ITEM)
    if "title" not in children and "description" not in children:
        report.add("rss-item-empty", "an item has neither title nor description", item)
    _check_common(report, item, children)
    _check_atom_links(report, item, children)
    for element in children.get("comments", ()):
        _check_url(report, element, "comments")
    _check_enclosures(report, children.get("enclosure", []))
    if "guid" not in children:
        report.add("rss-guid-missing", "an item has no guid", item)
    for element in children.get("guid", ()):
        _check_guid(report, element, guids)
    for element in children.get("source", ()):
        _check_source(report, element)
    for body in children.get(f"{{{XHTML}}}body", ()):
        scan_xhtml(report, body, "xhtml:body", XHTML, based=base_is_absolute(report, body))
    if f"{{{SLASH}}}comments" in children and not dated:
        report.add("rss-comments-undated", "slash:comments without lastBuildDate", item)


def _check_source(report: Report, element: etree._Element) -> None:
    value, url = check_leaf(report, element), element.get("url")
    check_plain(report, value, "source", element, rss=True)
    if not value.strip():
        report.add("element-empty", "source names nobody", element)
    if url is None:
        report.add("attribute-missing", "source has no url", element)
        return
    check_address(report, url, "source url", element, iri=False)
    if values.is_absolute(url) and not url.lower().startswith(("http://", "https://")):
        report.add("url-invalid", f"source url {shown(url)} is not http", element)


def _check_encoded(report: Report, element: etree._Element, before: Children) -> None:
    if "description" not in before:
        report.add("rss-description-order", "no description before content:encoded", element)
    if _CONTENT in before:
        report.add("element-duplicate", "content:encoded stands here twice", element)
    scan_html(report, check_leaf(report, element), "content:encoded", element)


def _check_enclosures(report: Report, enclosures: list[etree._Element]) -> None:
    if len(enclosures) > 1:
        report.add("rss-enclosure-many", "readers take one enclosure of an item", enclosures[1])
    for element in enclosures:
        for key in ("url", "length", "type"):
            if element.get(key) is None:
                report.add("attribute-missing", f"enclosure has no {key}", element)
        if (url := element.get("url")) is not None:
            check_address(report, url, "enclosure url", element, iri=False)
            if values.is_absolute(url) and not url.lower().startswith(("http://", "https://")):
                report.add("url-invalid", f"enclosure url {shown(url)} is not http", element)
            elif values.is_absolute(url) and _AT_DOMAIN.match(url) is None:
                report.add("url-invalid", f"enclosure url {shown(url)} names no domain", element)
        check_number(report, element.get("length"), "enclosure length", element)
        if (kind := element.get("type")) is not None:
            note(report, values.media_type(kind), kind, "enclosure type", element)


def _check_guid(report: Report, element: etree._Element, guids: dict[str, int | None]) -> None:
    value = check_leaf(report, element)
    permalink = element.get("isPermaLink", "true")  # RSS 2.0: optional, its default is true
    if permalink not in ("true", "false"):
        report.add("value-unknown", f"guid isPermaLink {shown(permalink)}", element)
    bare = value.strip()
    if not bare:
        report.add("rss-guid-permalink", "guid is empty", element)
    elif permalink == "true":
        flaw = values.address(bare)
        scheme = bare.partition(":")[0].lower()
        if flaw is not None and flaw.code != "url-percent":
            report.add("rss-guid-permalink", f"guid {shown(bare)} {flaw.why}", element)
        elif scheme in ("tag", "urn"):
            report.add("rss-guid-permalink", f"guid {shown(bare)} leads nowhere", element)
    elif len(bare) < 9 and bare.isdigit():
        report.add("rss-guid-weak", f"guid {shown(bare)} is not unique enough", element)
    if value in guids and bare:
        report.add(
            "entry-id-duplicate",
            f"guid {shown(bare)} is also the item in line {guids[value]}",
            element,
        )
    guids.setdefault(value, line_of(element))
