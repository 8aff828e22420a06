"""What a podcast's RSS says of one episode.

An article has fields for what any feed can say. What only podcasts know it keeps as lines, as their
source said it (`parsers.feed.extras`): `("itunes:episode", "4")`, and for elements with attributes
`("podcast:transcript", '{"url":"https://…","type":"text/vtt"}')`, the text under "". They come from
outside: each value is looked at, and one that is wrong costs that value.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from lxml import etree

from feedsvc.feeds.links import page_of
from feedsvc.feeds.media import main_enclosure
from feedsvc.feeds.podcast import LONGEST_WORDS, cover
from feedsvc.feeds.prefixes import ITUNES, PODCAST
from feedsvc.feeds.taxonomy import role_and_group
from feedsvc.feeds.values import safe
from feedsvc.feeds.words import as_label
from feedsvc.model import Article, Entry
from feedsvc.text.html import cut
from feedsvc.text.language import normalise_language
from feedsvc.text.urls import absolute

_SUBTITLE, _SUMMARY = 255, 4_000  # characters, for validators
_DISPLAY = 32  # of the podcast namespace
_MOST = 100  # lines of one kind

Told = Mapping[str, str]  # the attributes of an element, and its text under ""
Attributes = dict[str, str]

_YES = {"yes": "true", "true": "true", "explicit": "true", "1": "true"}
_EXPLICIT = {**_YES, "no": "false", "false": "false", "clean": "false", "0": "false"}
_TYPES = {  # of transcripts, by the ending of the file
    "html": "text/html", "json": "application/json", "srt": "application/x-subrip",
    "txt": "text/plain", "vtt": "text/vtt",
}  # fmt: skip
_COUNT = re.compile(r"0*([1-9][0-9]{0,8})")
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,6})?")
_MEDIA_TYPE = re.compile(r"[a-z]+/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(?:;[ -~]{1,80})?")
_GEO = re.compile(r"geo:-?[0-9.]{1,20},-?[0-9.]{1,20}(?:,-?[0-9.]{1,20})?(?:;[ -~]{1,80})?")
_OSM = re.compile(r"[NWR][0-9]{1,20}(?:#[0-9]{1,9})?")
_HASH = re.compile(r"[A-Za-z0-9+/=-]{16,512}")


def add_episode(item: etree._Element, entry: Entry) -> None:
    """Write the itunes tags of an episode, then those of the podcast namespace."""
    article = entry.article
    lines = _lines(article)
    for name, text in _itunes(article, lines):
        etree.SubElement(item, f"{{{ITUNES}}}{name}").text = text
    if article.image is not None and (image := cover(article.image.url)):
        etree.SubElement(item, f"{{{ITUNES}}}image", href=image)
    base = page_of(entry)
    for name, write in _PODCAST.items():
        for text, attributes in write(lines[name][:_MOST], base):
            element = etree.SubElement(item, f"{{{PODCAST}}}{name}", **attributes)
            element.text = text or None
    _add_alternates(item, article, base)


def _lines(article: Article) -> defaultdict[str, list[Told]]:
    """The lines about an episode by name, those of iTunes with their prefix."""
    found: defaultdict[str, list[Told]] = defaultdict(list)
    for label, value in article.extra:
        prefix, colon, name = label.partition(":")
        if colon and prefix == "podcast" and "/" not in name:
            found[name].append(told(value))
        elif colon and prefix == "itunes":
            found[label].append({"": value})
    return found


def told(value: str) -> Told:
    """A line as attributes and text."""
    if value.startswith("{"):
        try:
            said = json.loads(value)
        except ValueError:
            return {"": value}
        if isinstance(said, dict):
            return {name: one for name, one in said.items() if isinstance(one, str)}
    return {"": value}


# -- Apple ---------------------------------------------------------------------------------------


def _itunes(article: Article, lines: Mapping[str, list[Told]]) -> Iterator[tuple[str, str]]:
    def first(name: str) -> str:
        values = lines.get(f"itunes:{name}") or [{}]
        return safe(values[0].get("", ""))

    if title := first("title"):
        yield "title", as_label(title)
    if subtitle := safe(article.subtitle or ""):
        yield "subtitle", as_label(cut(subtitle, _SUBTITLE))
    if summary := safe(article.summary or ""):
        yield "summary", as_label(cut(summary, _SUMMARY))
    main = main_enclosure(article)
    if main is not None and main.duration:
        yield "duration", str(main.duration)
    if explicit := _EXPLICIT.get(first("explicit").lower()):
        yield "explicit", explicit
    for name in ("season", "episode"):
        if found := _COUNT.fullmatch(first(name)):
            yield name, found[1]
    if (kind := first("episodeType").lower()) in ("full", "trailer", "bonus"):
        yield "episodeType", kind
    if first("block").lower() in _YES:
        yield "block", "Yes"


# -- the podcast namespace -------------------------------------------------------------------------

Written = Iterator[tuple[str, Attributes]]
Write = Callable[[Sequence[Told], str | None], Written]


def _transcripts(lines: Sequence[Told], base: str | None) -> Written:
    for one in lines:
        url = absolute(one.get("url") or one.get("", ""), base)
        if url is None:
            continue
        ending = url.partition("?")[0].rpartition(".")[2].lower()
        kind = _matching(one.get("type", "").lower(), _MEDIA_TYPE) or _TYPES.get(ending)
        if kind:
            attributes = {"url": url, "type": kind}
            if language := normalise_language(one.get("language", "")):
                attributes["language"] = language
            if one.get("rel") == "captions":
                attributes["rel"] = "captions"
            yield "", attributes


def _chapters(lines: Sequence[Told], base: str | None) -> Written:
    for one in lines:
        if url := absolute(one.get("url") or one.get("", ""), base):
            kind = _matching(one.get("type", ""), _MEDIA_TYPE) or "application/json+chapters"
            yield "", {"url": url, "type": kind}
            return


def _people(lines: Sequence[Told], base: str | None) -> Written:
    for one in lines:
        name = cut(safe(one.get("", "")), LONGEST_WORDS)
        if not name:
            continue
        attributes = role_and_group(safe(one.get("role", "")), safe(one.get("group", "")))
        for key in ("img", "href"):
            if url := absolute(one.get(key, ""), base):
                attributes[key] = url
        yield name, attributes


def _soundbites(lines: Sequence[Told], base: str | None) -> Written:
    for one in lines:
        times = {key: _matching(one.get(key, ""), _NUMBER) for key in ("startTime", "duration")}
        found = {key: value for key, value in times.items() if value}
        if len(found) == len(times):
            yield cut(safe(one.get("", "")), LONGEST_WORDS), found


def _season(lines: Sequence[Told], base: str | None) -> Written:
    for one in lines[:1]:
        if found := _COUNT.fullmatch(one.get("", "").strip()):
            name = cut(safe(one.get("name", "")), LONGEST_WORDS)
            yield found[1], {"name": name} if name else {}


def _episode(lines: Sequence[Told], base: str | None) -> Written:
    for one in lines[:1]:
        if number := _matching(one.get("", "").strip(), _NUMBER):
            display = safe(one.get("display", ""))
            yield number, {"display": display} if 0 < len(display) <= _DISPLAY else {}


def _locations(lines: Sequence[Told], base: str | None) -> Written:
    for one in lines:
        if name := cut(safe(one.get("", "")), LONGEST_WORDS):
            checked = {
                "rel": _matching(one.get("rel", ""), re.compile("subject|creator")),
                "geo": _matching(one.get("geo", ""), _GEO),
                "osm": _matching(one.get("osm", ""), _OSM),
                "country": _matching(one.get("country", ""), re.compile("[A-Z]{2}")),
            }
            yield name, {key: value for key, value in checked.items() if value}


_PODCAST: Mapping[str, Write] = {
    "transcript": _transcripts,
    "chapters": _chapters,
    "person": _people,
    "soundbite": _soundbites,
    "season": _season,
    "episode": _episode,
    "location": _locations,
}


def _matching(text: str, form: re.Pattern[str]) -> str | None:
    return text if form.fullmatch(text) else None


# -- other forms of the recording ------------------------------------------------------------------


def _add_alternates(item: etree._Element, article: Article, base: str | None) -> None:
    """`podcast:alternateEnclosure`, whose sources stand in the lines behind it."""
    inside: list[tuple[str, Told]] = []
    outside: Told | None = None
    for label, value in (*article.extra, ("podcast:alternateEnclosure", "")):
        name = label.removeprefix("podcast:alternateEnclosure")
        if name == label:
            continue
        if name:
            inside.append((name, told(value)))
            continue
        if outside is not None:
            _add_alternate(item, outside, inside, base)
        outside, inside = told(value), []


def _add_alternate(
    item: etree._Element, outside: Told, inside: Sequence[tuple[str, Told]], base: str | None
) -> None:
    kind = _matching(outside.get("type", ""), _MEDIA_TYPE)
    sources = [
        (url, _matching(one.get("contentType", ""), _MEDIA_TYPE))
        for name, one in inside[:_MOST]
        if name == "/source" and (url := absolute(one.get("uri", ""), base))
    ]
    if not kind or not sources:  # both are required
        return
    element = etree.SubElement(item, f"{{{PODCAST}}}alternateEnclosure", type=kind)
    for key in ("length", "bitrate", "height"):
        if number := _matching(outside.get(key, ""), _NUMBER):
            element.set(key, number)
    if language := normalise_language(outside.get("lang", "")):
        element.set("lang", language)
    for key in ("title", "rel"):
        if words := cut(safe(outside.get(key, "")), _DISPLAY):
            element.set(key, words)
    if outside.get("default", "").lower() in ("true", "false"):
        element.set("default", outside["default"].lower())
    for url, stated in sources:
        source = etree.SubElement(element, f"{{{PODCAST}}}source", uri=url)
        if stated:
            source.set("contentType", stated)
    for name, one in inside:
        proof = _matching(one.get("value", ""), _HASH)
        if name == "/integrity" and proof and one.get("type") in ("sri", "pgp-signature"):
            etree.SubElement(element, f"{{{PODCAST}}}integrity", type=one["type"], value=proof)
            break
