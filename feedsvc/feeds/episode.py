"""What a podcast's RSS says of one episode.

An article has fields for what any feed can say. What only podcasts know it keeps as lines, as their
source said it (`parsers.feed.extras`): `("itunes:episode", "4")`, and for elements with attributes
`("podcast:transcript", '{"url":"https://…","type":"text/vtt"}')`, the text under "". They come from
outside: each value is looked at, and one that is wrong costs that value.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping

from lxml import etree

from feedsvc.feeds.alternates import add_alternates
from feedsvc.feeds.lines import (
    COUNT,
    LONGEST_WORDS,
    MEDIA_TYPE,
    NUMBER,
    Line,
    lines_of,
    matching,
    words,
)
from feedsvc.feeds.media import main_enclosure
from feedsvc.feeds.podcast import cover
from feedsvc.feeds.prefixes import ITUNES, PODCAST
from feedsvc.feeds.taxonomy import role_and_group
from feedsvc.feeds.values import safe
from feedsvc.feeds.words import as_label
from feedsvc.model import Article, Entry
from feedsvc.text.html import cut
from feedsvc.text.language import normalise_language

_SUBTITLE, _SUMMARY = 255, 4_000  # characters, for validators
_DISPLAY = 32  # of the podcast namespace

_YES = frozenset({"yes", "true", "explicit", "1"})
_NO = frozenset({"no", "false", "clean", "0"})
_TRANSCRIPTS = {  # by the ending of the file
    "html": "text/html", "json": "application/json", "srt": "application/x-subrip",
    "txt": "text/plain", "vtt": "text/vtt",
}  # fmt: skip
_GEO = re.compile(r"geo:-?[0-9.]{1,20},-?[0-9.]{1,20}(?:,-?[0-9.]{1,20})?(?:;[ -~]{1,80})?")
_OSM = re.compile(r"[NWR][0-9]{1,20}(?:#[0-9]{1,9})?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_ABOUT = re.compile(r"subject|creator")


def add_episode(item: etree._Element, entry: Entry) -> None:
    """Write the itunes tags of an episode, then those of the podcast namespace."""
    article, lines = entry.article, lines_of(entry)
    found: defaultdict[str, list[Line]] = defaultdict(list)
    for name, line in lines:
        found[name].append(line)
    for name, text in _itunes(article, found):
        etree.SubElement(item, f"{{{ITUNES}}}{name}").text = text
    if article.image is not None and (image := cover(article.image.url)):
        etree.SubElement(item, f"{{{ITUNES}}}image", href=image)
    for name, read in _TAGS.items():
        written = [tag for line in found[f"podcast:{name}"] if (tag := read(line)) is not None]
        for text, attributes in written[:1] if name in _ONCE else written:
            element = etree.SubElement(item, f"{{{PODCAST}}}{name}", attributes)
            element.text = text or None
    add_alternates(item, lines)


def _itunes(article: Article, lines: Mapping[str, list[Line]]) -> Iterator[tuple[str, str]]:
    def first(name: str) -> str:
        return next((words(line) for line in lines.get(f"itunes:{name}", ())), "")

    if title := first("title"):
        yield "title", title
    if subtitle := safe(article.subtitle or ""):
        yield "subtitle", cut(as_label(subtitle), _SUBTITLE)
    if summary := safe(article.summary or ""):
        yield "summary", cut(as_label(summary), _SUMMARY)
    main = main_enclosure(article)
    if main is not None and main.duration:
        yield "duration", str(main.duration)
    explicit = first("explicit").lower()
    if explicit in _YES or explicit in _NO:
        yield "explicit", "true" if explicit in _YES else "false"
    for name in ("season", "episode"):
        if count := COUNT.fullmatch(first(name)):
            yield name, count[1]
    if (kind := first("episodeType").lower()) in ("full", "trailer", "bonus"):
        yield "episodeType", kind
    if first("block").lower() in _YES:
        yield "block", "Yes"


# -- the podcast namespace -------------------------------------------------------------------------

Tag = tuple[str, dict[str, str]]  # text and attributes


def _transcript(line: Line) -> Tag | None:
    url = line.get("url", "")
    ending = url.partition("?")[0].rpartition(".")[2].lower()
    kind = matching(line, "type", MEDIA_TYPE) or _TRANSCRIPTS.get(ending)
    if not url or not kind:
        return None
    language = normalise_language(line.get("language", ""))
    captions = line.get("rel") == "captions"
    return "", {
        "url": url,
        "type": kind,
        **({"language": language} if language else {}),
        **({"rel": "captions"} if captions else {}),
    }


def _chapters(line: Line) -> Tag | None:
    kind = matching(line, "type", MEDIA_TYPE) or "application/json+chapters"
    return ("", {"url": line["url"], "type": kind}) if "url" in line else None


def _person(line: Line) -> Tag | None:
    name = cut(words(line), LONGEST_WORDS)
    addresses = {key: line[key] for key in ("img", "href") if key in line}
    known = role_and_group(words(line, "role"), words(line, "group"))
    return (name, known | addresses) if name else None


def _soundbite(line: Line) -> Tag | None:
    start, lasts = (matching(line, key, NUMBER) for key in ("startTime", "duration"))
    if start is None or lasts is None:
        return None
    return cut(words(line), LONGEST_WORDS), {"startTime": start, "duration": lasts}


def _season(line: Line) -> Tag | None:
    count = COUNT.fullmatch(words(line))
    name = cut(words(line, "name"), LONGEST_WORDS)
    return (count[1], {"name": name} if name else {}) if count else None


def _episode(line: Line) -> Tag | None:
    display = words(line, "display")
    if NUMBER.fullmatch(words(line)) is None:
        return None
    return words(line), {"display": display} if 0 < len(display) <= _DISPLAY else {}


def _location(line: Line) -> Tag | None:
    name = cut(words(line), LONGEST_WORDS)
    forms = {"rel": _ABOUT, "geo": _GEO, "osm": _OSM, "country": _COUNTRY}
    told = {key: value for key, form in forms.items() if (value := matching(line, key, form))}
    return (name, told) if name else None


_TAGS: Mapping[str, Callable[[Line], Tag | None]] = {
    "transcript": _transcript,
    "chapters": _chapters,
    "person": _person,
    "soundbite": _soundbite,
    "season": _season,
    "episode": _episode,
    "location": _location,
}
_ONCE = frozenset({"chapters", "season", "episode"})
