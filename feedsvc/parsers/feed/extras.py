"""What an entry says that our model has no field for, kept as labelled lines.

("itunes:episode", "4"), and for elements with attributes or children of their own
("podcast:transcript", '{"url":"https://…","type":"text/vtt"}'): the attributes, and the text
under "".
"""

from __future__ import annotations

import json

from lxml import etree

from feedsvc.parsers.feed.markup import text_of
from feedsvc.parsers.feed.names import RDF, local
from feedsvc.parsers.feed.scope import Fields
from feedsvc.parsers.feed.vialines import LONGEST_LINE, VIA, via_line

_MOST = 200


def extras_of(fields: Fields, names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The lines of an entry for these names, in the order of its elements, and for its links."""
    lines: list[tuple[str, str]] = []
    for name in names:
        for node in fields.found[name]:
            _keep(lines, name, node, fields)
    for rel, node in fields.links:
        if rel in ("replies", "license", "related", "via"):
            _keep_link(lines, rel, node, fields)
    if not lines:
        return ()
    if len(lines) > _MOST:
        fields.passed["lines"] = fields.passed.get("lines", 0) + len(lines) - _MOST
    return tuple(lines[:_MOST])


def _keep(lines: list[tuple[str, str]], name: str, node: etree._Element, fields: Fields) -> None:
    prefix = name.partition(":")[0] if ":" in name else ""
    label = f"{prefix}:{local(str(node.tag))}" if prefix else name
    if name == "comments":
        written = text_of(node)
        # "No comments yet" would make a relative address.
        if not any(c.isspace() for c in written) and (
            url := fields.address(written, node, "comments")
        ):
            _add(lines, "comments", url, fields, whole=True)
        return
    children = list(node)[:_MOST] if len(node) else []
    value = _value(node, nested=bool(children))
    if value and not (children and value == "{}"):
        _add(lines, label, value, fields)
    for child in children:
        inner = local(str(child.tag))
        value = _value(child, nested=False)
        if value and value != "{}":
            _add(lines, f"{label}/{inner}", value, fields)


def _value(node: etree._Element, *, nested: bool) -> str:
    """The text of an element, or its attributes and text as compact JSON."""
    text = " ".join(((node.text or "") if nested else text_of(node)).split())
    if not node.attrib and not nested:
        return text
    told: dict[str, str] = {}
    for key, value in node.items():
        name = str(key)
        if name[:1] != "{" or name.startswith(RDF):
            told[local(name)] = str(value).strip()
    if not told:
        return "{}" if nested and not text else text
    if text:
        told[""] = text
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"))


def _keep_link(
    lines: list[tuple[str, str]], rel: str, node: etree._Element, fields: Fields
) -> None:
    written = str(node.get("href") or "")
    if not written:
        return
    url = fields.address(written, node, rel)
    if url is None:
        return
    kind = (node.get("type") or "").strip().lower()
    if rel == "replies" and kind in ("text/html", "application/xhtml+xml"):
        if not any(c.isspace() for c in written):
            _add(lines, "comments", url, fields, whole=True)
    else:
        label = "thr:replies" if rel == "replies" else f"atom:{rel}"
        value = via_line(url, node.get("title") or "") if label == VIA else url
        _add(lines, label, value, fields, whole=True)


def _add(
    lines: list[tuple[str, str]], label: str, value: str, fields: Fields, *, whole: bool = False
) -> None:
    """Keep a line; none that is good for something as a `whole` alone, and too long for that."""
    if len(value) > LONGEST_LINE and (whole or value[:1] == "{"):
        fields.warnings.append(f"{label}: longer than {LONGEST_LINE:,} characters; left out")
    else:
        lines.append((label, value))
