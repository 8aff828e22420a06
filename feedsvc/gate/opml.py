"""OPML 2.0, the list of the feeds of a site: is this document what it says?"""

from __future__ import annotations

from typing import Final

from lxml import etree

from feedsvc.gate import values
from feedsvc.gate.common import (
    check_address,
    check_attributes,
    check_leaf,
    check_number,
    check_rfc822,
    local,
    note,
)
from feedsvc.gate.report import Report, shown

_VERSIONS: Final = frozenset({"1.0", "1.1", "2.0"})
_HEAD: Final = frozenset(
    "title dateCreated dateModified ownerName ownerEmail ownerId docs expansionState "
    "vertScrollState windowTop windowLeft windowBottom windowRight".split()
)
_TYPES: Final = frozenset({"rss", "atom", "link", "include", "text", "song", "photo", "thread"})
_FEED_TYPES: Final = frozenset({"rss", "atom"})


def check_opml(report: Report, root: etree._Element) -> None:
    """The whole document, from `opml` down."""
    if root.tag != "opml":
        report.add("root-wrong", f"the root element is <{local(root)}>, not <opml>", root)
        return
    check_attributes(report, root, ("version",))
    version = root.get("version")
    if version is None:
        report.add("attribute-missing", "opml has no version", root)
    elif version not in _VERSIONS:
        report.add("opml-version", f"opml has version {shown(version)}, not 2.0", root)
    order = [str(child.tag) for child in root.iterchildren("*") if str(child.tag)[0] != "{"]
    if order != ["head", "body"]:
        report.add("opml-order", f"opml holds {', '.join(order) or 'nothing'}", root)
    for head in root.iterchildren("head"):
        _check_head(report, head)
    for body in root.iterchildren("body"):
        _check_body(report, body)


def _check_head(report: Report, head: etree._Element) -> None:
    seen: set[str] = set()
    for child in head.iterchildren("*"):
        name = str(child.tag)
        if name[0] == "{":
            continue
        if name not in _HEAD:
            report.add("element-unknown", f"<{name}> has no place in head", child)
            continue
        if name in seen:
            report.add("element-duplicate", f"<{name}> stands in head twice", child)
        seen.add(name)
        value = check_leaf(report, child).strip()
        if name in ("dateCreated", "dateModified") and value:
            check_rfc822(report, value, name, child)
        elif name == "ownerEmail" and value:
            note(report, values.email(value), value, name, child)
        elif name in ("ownerId", "docs") and value:
            check_address(report, value, name, child)
        elif name.startswith("window") or name == "vertScrollState":
            check_number(report, value or None, name, child)
        elif name == "expansionState":
            for number in value.split(","):
                check_number(report, number.strip() or None, name, child)
        elif name == "title" and not value:
            report.add("element-empty", "title is empty", child)


def _check_body(report: Report, body: etree._Element) -> None:
    outlines = 0
    for element in body.iterdescendants("*"):
        if element.tag == "outline":
            outlines += 1
            _check_outline(report, element)
        elif str(element.tag)[0] != "{":
            report.add("element-unknown", f"<{element.tag}> has no place in body", element)
    if not outlines:
        report.add("opml-empty", "the body has no outline", body)


def _check_outline(report: Report, element: etree._Element) -> None:
    text = element.get("text")
    if text is None:
        report.add("opml-text-missing", "an outline has no text", element)
    elif not text.strip():
        report.add("element-empty", "an outline has an empty text", element)
    kind = (element.get("type") or "").lower()
    if "type" in element.attrib and kind not in _TYPES:
        report.add("opml-type", f"outline type {shown(kind)} is known to no reader", element)
    if kind in _FEED_TYPES and not element.get("xmlUrl"):
        report.add("opml-xml-url", f"an outline of type {kind} has no xmlUrl", element)
    for key in ("xmlUrl", "htmlUrl", "url"):
        if value := element.get(key):
            check_address(report, value, f"outline {key}", element)
    if created := element.get("created"):
        check_rfc822(report, created, "outline created", element)
    if language := element.get("language"):
        note(report, values.language(language), language, "outline language", element)
