"""schema.org in JSON-LD: the article a page describes, with references inside it resolved.

Pages write it in every shape: one object, a list, an `@graph`, authors as text, object or list.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from feedsvc.model import Enclosure, Image, Person
from feedsvc.text.clean import normalise, one_line
from feedsvc.text.html import plain

_LONGEST = 1_000_000
_MOST = 2_000
_ARTICLES = re.compile(
    r"(?:\w*Article|BlogPosting|LiveBlogPosting|SocialMediaPosting|Report|PodcastEpisode|Review)$"
)

Node = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Thing:
    """One object of JSON-LD, asked by the names of its properties."""

    node: Node
    known: Mapping[str, Node]  # by `@id`

    def values(self, name: str) -> Iterator[object]:
        """The values of a property, with references replaced by what they name."""
        value = self.node.get(name)
        for one in value[:_MOST] if isinstance(value, list) else [value]:
            if isinstance(one, Mapping) and len(one) <= 2 and isinstance(one.get("@id"), str):
                yield self.known.get(str(one["@id"]), one)
            elif one is not None:
                yield one

    def text(self, *names: str) -> str | None:
        """The first text any of the properties has, on one line."""
        for name in names:
            for value in self.values(name):
                if (text := _text(value)) is not None:
                    return text
        return None

    def texts(self, name: str) -> list[str]:
        return [text for value in self.values(name) if (text := _text(value)) is not None]

    def things(self, name: str) -> Iterator[Thing]:
        for value in self.values(name):
            if isinstance(value, Mapping):
                yield Thing(value, self.known)

    def people(self, name: str) -> Iterator[Person]:
        for value in self.values(name):
            if isinstance(value, Mapping):
                person = Thing(value, self.known)
                called = person.text("name", "alternateName")
                if called is not None:
                    yield Person(
                        name=called, email=person.text("email"), uri=person.text("url", "sameAs")
                    )
            elif (text := _text(value)) is not None:
                yield Person(name=text)

    def image(self) -> Image | None:
        for name in ("image", "thumbnailUrl", "thumbnail"):
            for value in self.values(name):
                if isinstance(value, str) and value.strip():
                    return Image(url=value.strip())
                if isinstance(value, Mapping):
                    picture = Thing(value, self.known)
                    url = picture.text("contentUrl", "url") or picture.text("@id")
                    if url is not None:
                        return Image(
                            url=url,
                            caption=picture.text("caption", "description"),
                            credit=picture.text("creditText", "copyrightHolder", "creator"),
                        )
        return None

    def media(self) -> Iterator[Enclosure]:
        for name in ("associatedMedia", "audio", "video", "encoding"):
            for one in self.things(name):
                url = one.text("contentUrl")
                if url is not None:
                    size = one.text("contentSize") or ""
                    yield Enclosure(
                        url=url,
                        type=one.text("encodingFormat", "fileFormat"),
                        length=int(size) if re.fullmatch(r"[0-9]{1,15}", size) else None,
                    )


def find_article(scripts: Iterable[str]) -> Thing | None:
    """The article the `application/ld+json` of a page describes; broken scripts are passed over."""
    nodes = [node for script in scripts for node in _nodes(_load(script), 0)][:_MOST]
    known: dict[str, Node] = {}
    for node in nodes:
        name = node.get("@id")
        if isinstance(name, str) and len(node) > len(known.get(name, ())):
            known[name] = node
    for node in nodes:
        kinds = node.get("@type")
        for kind in kinds if isinstance(kinds, list) else [kinds]:
            if (
                isinstance(kind, str)
                and _ARTICLES.search(kind)
                and ("headline" in node or "name" in node)
            ):
                return Thing(node, known)
    return None


_WRAPPING = re.compile(r"^\s*(?:<!--|//\s*<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)?\s*")


def _load(script: str) -> object:
    text = _WRAPPING.sub("", script[:_LONGEST])
    try:
        # What follows the value (`;`, `-->`) is of no interest; newlines in texts are common.
        return json.JSONDecoder(strict=False).raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _nodes(value: object, depth: int) -> Iterator[Node]:
    if depth > 4:
        return
    if isinstance(value, list):
        for one in value[:_MOST]:
            yield from _nodes(one, depth + 1)
    elif isinstance(value, Mapping):
        yield value
        for name in ("@graph", "mainEntity", "mainEntityOfPage", "author", "itemListElement"):
            if isinstance(value.get(name), list | Mapping):
                yield from _nodes(value[name], depth + 1)


def _text(value: object) -> str | None:
    if isinstance(value, Mapping):  # {"@value": …}, a DefinedTerm, a Place, a Language
        value = next((value[key] for key in ("@value", "name", "url", "@id") if key in value), None)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = (
            format(value, "g")
            if isinstance(value, float)
            else str(value)
            if abs(value) < 10**18
            else None
        )
    if not isinstance(value, str):
        return None
    # Content systems escape what they put into scripts: `Kaffee &amp; Kuchen`.
    return one_line(plain(normalise(value))) or None
