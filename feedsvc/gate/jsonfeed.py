"""JSON Feed 1.1: is this document what it says?"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Final, NoReturn

from feedsvc.gate import values
from feedsvc.gate.common import check_address, check_rfc3339, note
from feedsvc.gate.document import check_size, decode
from feedsvc.gate.markup import scan_html
from feedsvc.gate.report import Report, shown

_VERSIONS: Final = ("https://jsonfeed.org/version/1.1", "https://jsonfeed.org/version/1")
_TOP: Final[Mapping[str, type]] = {
    "version": str, "title": str, "home_page_url": str, "feed_url": str, "description": str,
    "user_comment": str, "next_url": str, "icon": str, "favicon": str, "authors": list,
    "author": dict, "language": str, "expired": bool, "hubs": list, "items": list,
}  # fmt: skip
_ITEM: Final[Mapping[str, type]] = {
    "id": str, "url": str, "external_url": str, "title": str, "content_html": str,
    "content_text": str, "summary": str, "image": str, "banner_image": str, "date_published": str,
    "date_modified": str, "authors": list, "author": dict, "tags": list, "language": str,
    "attachments": list,
}  # fmt: skip
_AUTHOR: Final[Mapping[str, type]] = {"name": str, "url": str, "avatar": str}
_ATTACHMENT: Final[Mapping[str, type]] = {
    "url": str, "mime_type": str, "title": str, "size_in_bytes": float,
    "duration_in_seconds": float,
}  # fmt: skip
_HUB: Final[Mapping[str, type]] = {"type": str, "url": str}
_ADDRESSES: Final = frozenset(
    "home_page_url feed_url next_url icon favicon url external_url image banner_image "
    "avatar".split()
)
_JSON_WORDS: Final = {
    str: "a string", list: "an array", dict: "an object", bool: "a boolean", float: "a number",
}  # fmt: skip
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")

Object = dict[str, object]


class _NotJsonError(ValueError):
    """A constant that Python reads and JSON does not have."""


def check_json(report: Report, body: bytes) -> None:
    """The whole document, from its bytes down; places are named, lines are known to XML only."""
    if not check_size(report, body):
        return
    if body.startswith(b"\xef\xbb\xbf"):
        report.add("json-bom", "begins with a byte order mark", 1)
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in body[:4]:
        report.add("encoding-not-utf8", "the document is written in UTF-16 or UTF-32", 1)
        return
    text = decode(report, body)
    if text is None:
        return
    document = _read(report, text.removeprefix("\ufeff"))
    if document is None:
        return
    if _SURROGATE_ESCAPE.search(body) and _SURROGATE.search(
        json.dumps(document, ensure_ascii=False)
    ):
        report.add("json-surrogate", "holds half of a surrogate pair")
    _check_feed(report, document)


def _read(report: Report, text: str) -> Object | None:
    doubled: list[str] = []

    def pairs(found: list[tuple[str, object]]) -> Object:
        result = dict(found)
        if len(result) != len(found):
            counts = Counter(name for name, _ in found)
            doubled.extend(name for name, count in counts.items() if count > 1)
        return result

    def constant(word: str) -> NoReturn:
        raise _NotJsonError(f"{word} is not JSON")

    try:
        document = json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        report.add("json-invalid", f"column {error.colno}: {error.msg}", error.lineno)
        return None
    except (ValueError, RecursionError) as error:  # NaN, a number of 5,000 digits, deep nesting
        report.add("json-invalid", str(error))
        return None
    for name in doubled:
        report.add("json-duplicate-key", f"the key {shown(name)} stands twice in one object")
    if not isinstance(document, dict):
        report.add("json-type", "the document is not an object")
        return None
    return document


def _check_feed(report: Report, feed: Object) -> None:
    _check_keys(report, feed, _TOP, "")
    version = feed.get("version")
    if version not in _VERSIONS:
        report.add("json-version", f"version is {shown(str(version))}, not {_VERSIONS[0]}")
    title = feed.get("title")
    if title is None:
        report.add("json-title-missing", "the feed has no title")
    elif title == "":
        report.add("element-empty", "title is empty")
    _check_self(report, feed)
    _check_people(report, feed, "")
    for place, hub in _objects(report, feed, "hubs", "hubs"):
        _check_keys(report, hub, _HUB, place)
        for key in _HUB:
            if not hub.get(key):
                report.add("json-type", f"{place} has no {key}")
    if not isinstance(feed.get("items"), list):
        if "items" not in feed:
            report.add("json-items-missing", "the feed has no items")
        return
    seen: dict[str, str] = {}
    for place, item in _objects(report, feed, "items", "items"):
        _check_item(report, item, place, seen)


def _check_self(report: Report, feed: Object) -> None:
    own, following = feed.get("feed_url"), feed.get("next_url")
    if own is None:
        report.add("self-missing", "the feed has no feed_url")
    elif report.url is not None and own != report.url:
        report.add("self-mismatch", f"feed_url is {shown(str(own))}, served at {shown(report.url)}")
    if following is not None and following in (own, report.url):
        report.add("json-next-url", "next_url leads to the feed itself")


def _check_item(report: Report, item: Object, place: str, seen: dict[str, str]) -> None:
    _check_keys(report, item, _ITEM, place)
    identity = item.get("id")
    if identity is None or identity == "":
        report.add("json-id-missing", f"{place} has no id")
    elif isinstance(identity, str):
        if identity in seen:
            report.add("entry-id-duplicate", f"{place} has the id of {seen[identity]}")
        seen.setdefault(identity, place)
    html, text = item.get("content_html"), item.get("content_text")
    if html is None and text is None:
        report.add("json-content-missing", f"{place} has neither content_html nor content_text")
    if isinstance(html, str):
        scan_html(report, html, f"{place}.content_html", None)
    published, modified = item.get("date_published"), item.get("date_modified")
    moments = [
        check_rfc3339(report, value, f"{place}.{key}", None)
        for key, value in (("date_published", published), ("date_modified", modified))
        if isinstance(value, str)
    ]
    if len(moments) == 2 and moments[0] and moments[1] and moments[0] > moments[1]:
        report.add("atom-published-late", f"{place}: date_published is later than date_modified")
    _check_people(report, item, place + ".")
    tags = item.get("tags")
    for tag in tags if isinstance(tags, list) else ():
        if not isinstance(tag, str):
            report.add("json-type", f"{place}.tags holds something that is not a string")
        elif not tag.strip():
            report.add("element-empty", f"{place}.tags holds an empty tag")
    _check_source(report, item.get("_source"), f"{place}._source")
    for where, attachment in _objects(report, item, "attachments", f"{place}.attachments"):
        _check_attachment(report, attachment, where)


def _check_source(report: Report, source: object, place: str) -> None:
    """Our own extension for the feed an item was copied from, as far as others could mean that."""
    for key in ("feed_url", "home_page_url"):
        value = source.get(key) if isinstance(source, dict) else None
        if isinstance(value, str):
            check_address(report, value, f"{place}.{key}", None)


def _check_attachment(report: Report, attachment: Object, place: str) -> None:
    _check_keys(report, attachment, _ATTACHMENT, place)
    for key in ("url", "mime_type"):
        if not attachment.get(key):
            report.add("json-attachment", f"{place} has no {key}")
    kind = attachment.get("mime_type")
    if isinstance(kind, str) and kind:
        note(report, values.media_type(kind), kind, f"{place}.mime_type", None)
    for key in ("size_in_bytes", "duration_in_seconds"):
        number = attachment.get(key)
        if isinstance(number, int | float) and number < 0:
            report.add("number-invalid", f"{place}.{key} is less than nothing")


def _check_people(report: Report, holder: Object, prefix: str) -> None:
    if "author" in holder and "authors" not in holder:
        report.add("json-author-old", f"{prefix}author: write authors, or both")
    for place, person in _objects(report, holder, "authors", f"{prefix}authors"):
        _check_keys(report, person, _AUTHOR, place)
        if not any(person.get(key) for key in _AUTHOR):
            report.add("json-author-empty", f"{place} has neither name nor url nor avatar")


def _objects(report: Report, holder: Object, key: str, place: str) -> list[tuple[str, Object]]:
    """The objects of an array, each with its place; anything else in it is an error."""
    found = holder.get(key)
    result: list[tuple[str, Object]] = []
    for index, value in enumerate(found if isinstance(found, list) else ()):
        where = f"{place}[{index}]"
        if isinstance(value, dict):
            result.append((where, value))
        else:
            report.add("json-type", f"{where} is not an object")
    return result


def _check_keys(report: Report, holder: Object, known: Mapping[str, type], place: str) -> None:
    """The type of each key, and what its name says of its value."""
    for key, value in holder.items():
        kind = known.get(key)
        where = f"{place}.{key}" if place else key
        if kind is None:
            if not key.startswith("_"):
                report.add("json-key-unknown", f"{shown(where)} is not of JSON Feed 1.1")
        elif kind is float:
            if isinstance(value, bool) or not isinstance(value, int | float):
                report.add("json-type", f"{where} is not a number")
        elif not isinstance(value, kind):
            report.add("json-type", f"{where} is not {_JSON_WORDS[kind]}")
        elif isinstance(value, str):
            if key in _ADDRESSES:
                check_address(report, value, where, None)
            elif key == "language":
                note(report, values.language(value), value, where, None)
