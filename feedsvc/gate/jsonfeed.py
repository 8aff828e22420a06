"""JSON Feed 1.1: is this document what it says?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from feedsvc.gate import values
from feedsvc.gate.common import check_address, check_rfc3339, note
from feedsvc.gate.jsontext import Object, read_json
from feedsvc.gate.markup import scan_html
from feedsvc.gate.places import Spot
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


def check_json(report: Report, body: bytes) -> None:
    """The whole document, from its bytes down."""
    found = read_json(report, body)
    if found is not None:
        _check_feed(report, *found)


def _check_feed(report: Report, feed: Object, spot: Spot) -> None:
    _check_keys(report, feed, _TOP, spot)
    version = feed.get("version")
    if version not in _VERSIONS:
        told = "there is no version" if version is None else f"version is {shown(str(version))}"
        says = f"{told}: it is to be {_VERSIONS[0]}"
        report.add("json-version", says, _at(feed, "version", spot))
    title = feed.get("title")
    if title is None:
        report.add("json-title-missing", "the feed has no title", spot)
    elif title == "":
        report.add("element-empty", "title is empty", spot["title"])
    _check_self(report, feed, spot)
    _check_people(report, feed, spot)
    for at, hub in _objects(report, feed, spot, "hubs"):
        _check_keys(report, hub, _HUB, at)
        for key in _HUB:
            if not hub.get(key):
                report.add("json-type", f"{at} has no {key}", _at(hub, key, at))
    if not isinstance(feed.get("items"), list):
        if "items" not in feed:
            report.add("json-items-missing", "the feed has no items", spot)
        return
    seen: dict[str, Spot] = {}
    for at, item in _objects(report, feed, spot, "items"):
        _check_item(report, item, at, seen)


def _check_self(report: Report, feed: Object, spot: Spot) -> None:
    own, following = feed.get("feed_url"), feed.get("next_url")
    if own is None:
        report.add("self-missing", "the feed has no feed_url", spot)
    elif report.url is not None and own != report.url:
        says = f"feed_url is {shown(str(own))}, served at {shown(report.url)}"
        report.add("self-mismatch", says, spot["feed_url"])
    if following is not None and following in (own, report.url):
        report.add("json-next-url", "next_url leads to the feed itself", spot["next_url"])


def _check_item(report: Report, item: Object, spot: Spot, seen: dict[str, Spot]) -> None:
    _check_keys(report, item, _ITEM, spot)
    identity = item.get("id")
    if identity is None or identity == "":
        report.add("json-id-missing", f"{spot} has no id", _at(item, "id", spot))
    elif isinstance(identity, str):
        if identity in seen:
            says = f"{spot} has the id of {seen[identity]}"
            report.add("entry-id-duplicate", says, spot["id"])
        seen.setdefault(identity, spot)
    html, text = item.get("content_html"), item.get("content_text")
    if html is None and text is None:
        says = f"{spot} has neither content_html nor content_text"
        report.add("json-content-missing", says, spot)
    if isinstance(html, str):
        at = spot["content_html"]
        scan_html(report, html, str(at), at)
    moments = [
        check_rfc3339(report, value, f"{spot}.{key}", spot[key])
        for key in ("date_published", "date_modified")
        if isinstance(value := item.get(key), str)
    ]
    if len(moments) == 2 and moments[0] and moments[1] and moments[0] > moments[1]:
        says = f"{spot}: date_published is later than date_modified"
        report.add("atom-published-late", says, spot["date_published"])
    _check_people(report, item, spot)
    tags = item.get("tags")
    for number, tag in enumerate(tags if isinstance(tags, list) else ()):
        at = spot["tags"]
        if not isinstance(tag, str):
            report.add("json-type", f"{at} holds something that is not a string", at[number])
        elif not tag.strip():
            report.add("element-empty", f"{at} holds an empty tag", at[number])
    _check_source(report, item.get("_source"), spot["_source"])
    _check_via(report, item.get("_via"), spot["_via"])
    for at, attachment in _objects(report, item, spot, "attachments"):
        _check_attachment(report, attachment, at)


def _check_source(report: Report, source: object, spot: Spot) -> None:
    """Our own extension for the feed an item was copied from, as far as others could mean that."""
    for key in ("feed_url", "home_page_url"):
        value = source.get(key) if isinstance(source, dict) else None
        if isinstance(value, str):
            check_address(report, value, f"{spot}.{key}", spot[key])


def _check_via(report: Report, via: object, spot: Spot) -> None:
    """Another of our own: where else an item was found."""
    links = via.get("links") if isinstance(via, dict) else None
    for number, link in enumerate(links if isinstance(links, list) else ()):
        url = link.get("url") if isinstance(link, dict) else None
        if isinstance(url, str):
            at = spot["links"][number]["url"]
            check_address(report, url, str(at), at)


def _check_attachment(report: Report, attachment: Object, spot: Spot) -> None:
    _check_keys(report, attachment, _ATTACHMENT, spot)
    for key in ("url", "mime_type"):
        if not attachment.get(key):
            report.add("json-attachment", f"{spot} has no {key}", _at(attachment, key, spot))
    kind = attachment.get("mime_type")
    if isinstance(kind, str) and kind:
        note(report, values.media_type(kind), kind, f"{spot}.mime_type", spot["mime_type"])
    for key in ("size_in_bytes", "duration_in_seconds"):
        number = attachment.get(key)
        if isinstance(number, int | float) and number < 0:
            report.add("number-invalid", f"{spot}.{key} is less than nothing", spot[key])


def _check_people(report: Report, holder: Object, spot: Spot) -> None:
    if "author" in holder and "authors" not in holder:
        old = spot["author"]
        report.add("json-author-old", f"{old}: write authors, or both", old)
    for at, person in _objects(report, holder, spot, "authors"):
        _check_keys(report, person, _AUTHOR, at)
        if not any(person.get(key) for key in _AUTHOR):
            report.add("json-author-empty", f"{at} has neither name nor url nor avatar", at)


def _objects(report: Report, holder: Object, spot: Spot, key: str) -> list[tuple[Spot, Object]]:
    """The objects of an array, each with its place; anything else in it is an error."""
    found = holder.get(key)
    result: list[tuple[Spot, Object]] = []
    for index, value in enumerate(found if isinstance(found, list) else ()):
        at = spot[key][index]
        if isinstance(value, dict):
            result.append((at, value))
        else:
            report.add("json-type", f"{at} is not an object", at)
    return result


def _check_keys(report: Report, holder: Object, known: Mapping[str, type], spot: Spot) -> None:
    """The type of each key, and what its name says of its value."""
    for key, value in holder.items():
        kind = known.get(key)
        at = spot[key]
        if kind is None:
            if not key.startswith("_"):
                report.add("json-key-unknown", f"{shown(str(at))} is not of JSON Feed 1.1", at)
        elif kind is float:
            if isinstance(value, bool) or not isinstance(value, int | float):
                report.add("json-type", f"{at} is not a number", at)
        elif not isinstance(value, kind):
            report.add("json-type", f"{at} is not {_JSON_WORDS[kind]}", at)
        elif isinstance(value, str):
            if key in _ADDRESSES:
                check_address(report, value, str(at), at)
            elif key == "language":
                note(report, values.language(value), value, str(at), at)


def _at(holder: Object, key: str, spot: Spot) -> Spot:
    """The value, or what should hold it."""
    return spot[key] if key in holder else spot
