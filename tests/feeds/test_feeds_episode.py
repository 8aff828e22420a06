"""What a podcast's RSS says of an episode: from the fields of an article and from its lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import feedparser
import pytest
from lxml import etree

from feedsvc.gate import check
from feedsvc.model import Enclosure, Entry, FeedHead, Format, Hints, Image, Person, Podcast
from feedsvc.parsers.feed import read

Render = Callable[..., bytes]
Make = Callable[..., Entry]
Head = Callable[..., FeedHead]
Tags = list[tuple[str, dict[str, str], str | None]]

ITUNES = "http://www.itunes.com/dtds/podcast-1.0.dtd"
PODCAST = "https://podcastindex.org/namespace/1.0"
AUDIO = Enclosure(
    url="https://audio.example.org/4.mp3", type="audio/mpeg", length=900, duration=1536
)
SHOW = Podcast(categories=(("News",),), owner=Person(name="Radio", email="radio@audio.example.org"))
PHOTO = "https://audio.example.org/4.jpg"


@pytest.fixture
def episode(rendered: Render, head: Head, sparse: Make) -> Callable[..., bytes]:
    """The podcast whose one episode has these lines, and the fields that a test names."""

    def make(*lines: tuple[str, str], **changes: Any) -> bytes:
        entry = replace(sparse(extra=lines, **{"enclosures": (AUDIO,), **changes}), podcast=True)
        return rendered(Format.RSS, entry, of=head(podcast=SHOW))

    return make


def _tags(document: bytes, namespace: str, name: str = "*") -> Tags:
    found = etree.fromstring(document).iterfind(f"channel/item/{{{namespace}}}{name}")
    return [
        (etree.QName(one).localname, {str(k): str(v) for k, v in one.attrib.items()}, one.text)
        for one in found
    ]


@pytest.mark.parametrize(
    ("changes", "name", "said"),
    [
        pytest.param({}, "duration", ["1536"], id="duration-in-seconds"),
        pytest.param(
            {"enclosures": (Enclosure(url="https://audio.example.org/4.pdf", duration=0),)},
            "duration",
            [],
            id="no-duration",
        ),
        pytest.param({"subtitle": "Nebel"}, "subtitle", ["Nebel"], id="subtitle"),
        pytest.param({"summary": "R&D2 <x"}, "summary", ["R&D2 <x"], id="summary"),
        pytest.param(
            {"summary": "x " * 4000}, "summary", ["x " * 1998 + "x x…"], id="long-summary"
        ),
    ],
)
def test_fields_that_any_article_has(
    episode: Callable[..., bytes], changes: dict[str, Any], name: str, said: list[str]
) -> None:
    document = episode(**changes)

    assert [text for _, _, text in _tags(document, ITUNES, name)] == said
    assert check(document, "rss") == ()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (PHOTO, [{"href": PHOTO}]),
        ("https://audio.example.org/4?i", [{"href": "https://audio.example.org/4?i"}]),
        ("https://audio.example.org/4.webp", []),
        ("http://localhost/4.png", []),
    ],
)
def test_the_picture_of_an_episode_is_one_that_directories_take(
    episode: Callable[..., bytes], url: str, shown: list[dict[str, str]]
) -> None:
    document = episode(image=Image(url=url))

    assert [attributes for _, attributes, _ in _tags(document, ITUNES, "image")] == shown


@pytest.mark.parametrize(
    ("line", "said"),
    [
        pytest.param(("itunes:title", "Nebel & <b>x</b>"), "Nebel & <b>x</b>", id="title"),
        pytest.param(("itunes:episode", "4"), "4", id="episode"),
        pytest.param(("itunes:episode", "004"), "4", id="episode-with-noughts"),
        pytest.param(("itunes:episode", "0"), None, id="no-episode"),
        pytest.param(("itunes:episode", "four"), None, id="an-episode-in-words"),
        pytest.param(("itunes:episode", "²"), None, id="no-digit"),
        pytest.param(("itunes:season", "2"), "2", id="season"),
        pytest.param(("itunes:explicit", "clean"), "false", id="clean"),
        pytest.param(("itunes:explicit", "No"), "false", id="no"),
        pytest.param(("itunes:explicit", "yes"), "true", id="yes"),
        pytest.param(("itunes:explicit", "maybe"), None, id="maybe"),
        pytest.param(("itunes:episodeType", "Bonus"), "bonus", id="bonus"),
        pytest.param(("itunes:episodeType", "special"), None, id="a-type-that-is-none"),
        pytest.param(("itunes:block", "yes"), "Yes", id="block"),
        pytest.param(("itunes:block", "no"), None, id="no-block"),
        pytest.param(("itunes:keywords", "a,b"), None, id="what-nobody-reads-any-more"),
    ],
)
def test_lines_of_itunes(
    episode: Callable[..., bytes], line: tuple[str, str], said: str | None
) -> None:
    document = episode(line)

    name = line[0].removeprefix("itunes:")
    expected: Tags = [(name, {}, said)] if said is not None else []
    assert _tags(document, ITUNES, name) == expected
    assert check(document, "rss") == ()


T = "https://audio.example.org/4"


@pytest.mark.parametrize(
    ("name", "values", "written"),
    [
        pytest.param(
            "transcript",
            [{"url": f"{T}.vtt", "type": "text/vtt", "language": "de_AT", "rel": "captions"}],
            [({"url": f"{T}.vtt", "type": "text/vtt", "language": "de-AT", "rel": "captions"}, "")],
            id="transcript",
        ),
        pytest.param(
            "transcript",
            [{"url": f"{T}.srt"}, {"url": f"{T}.html", "type": "text/html"}],
            [
                ({"url": f"{T}.srt", "type": "application/x-subrip"}, ""),
                ({"url": f"{T}.html", "type": "text/html"}, ""),
            ],
            id="transcripts-typed-by-their-names",
        ),
        pytest.param(
            "transcript",
            [{"url": "javascript:x", "type": "text/vtt"}, {"type": "text/vtt"}, {"url": f"{T}.x"}],
            [],
            id="transcripts-without-address-or-type",
        ),
        pytest.param(
            "transcript",
            [{"url": "/4.vtt"}],
            [({"url": "https://news.example.org/4.vtt", "type": "text/vtt"}, "")],
            id="a-relative-address-starts-at-the-link",
        ),
        pytest.param(
            "chapters",
            [{"url": "x:y"}, {"url": f"{T}.json"}, {"url": f"{T}.other", "type": "text/plain"}],
            [({"url": f"{T}.json", "type": "application/json+chapters"}, "")],
            id="chapters-once",
        ),
        pytest.param(
            "person",
            ["Jana Öhm", {"role": "Guest", "img": "data:x", "href": f"{T}?a=1&b", "": "T & <J>"}],
            [
                ({}, "Jana Öhm"),
                ({"role": "guest", "group": "cast", "href": f"{T}?a=1&b"}, "T & <J>"),
            ],
            id="persons",
        ),
        pytest.param(
            "person",
            [
                {"role": "Audio Editor", "": "A"},
                {"role": "editor", "group": "Video Post-Production", "": "B"},
                {"role": "Fährmann", "group": "Crew", "": "C"},
                {"role": "host"},
            ],
            [
                ({"role": "audio editor", "group": "audio post-production"}, "A"),
                ({"role": "editor", "group": "video post-production"}, "B"),
                ({"role": "Fährmann"}, "C"),
            ],
            id="roles-and-groups-of-the-taxonomy",
        ),
        pytest.param(
            "soundbite",
            [{"startTime": "73.0", "duration": "60", "": "Why"}, {"startTime": "-1", "": "x"}],
            [({"startTime": "73.0", "duration": "60"}, "Why")],
            id="soundbite",
        ),
        pytest.param("season", [{"name": "Two", "": "2"}], [({"name": "Two"}, "2")], id="season"),
        pytest.param(
            "episode", [{"display": "Ch.3", "": "204.5"}], [({"display": "Ch.3"}, "204.5")], id="ep"
        ),
        pytest.param("episode", ["4", "5"], [({}, "4")], id="one-episode"),
        pytest.param(
            "location",
            [{"geo": "geo:53.5,9.9", "osm": "R62782", "": "Hafen"}, {"geo": "geo:x", "": "See"}],
            [({"geo": "geo:53.5,9.9", "osm": "R62782"}, "Hafen"), ({}, "See")],
            id="location",
        ),
        pytest.param("value", [{"type": "x"}], [], id="what-we-do-not-know"),
    ],
)
def test_lines_of_the_podcast_namespace(
    episode: Callable[..., bytes],
    name: str,
    values: list[str | dict[str, str]],
    written: list[tuple[dict[str, str], str]],
) -> None:
    lines = [
        (f"podcast:{name}", one if isinstance(one, str) else json.dumps(one, ensure_ascii=False))
        for one in values
    ]
    document = episode(*lines, link="https://news.example.org/folge")

    found = [(attributes, text or "") for _, attributes, text in _tags(document, PODCAST)]
    assert found == written
    assert check(document, "rss") == ()


def _alternate(*sources: str, **attributes: str) -> list[tuple[str, str]]:
    label = "podcast:alternateEnclosure"
    below = [(f"{label}/source", json.dumps({"uri": uri})) for uri in sources]
    return [(label, json.dumps(attributes)), *below]


def test_other_forms_stand_with_their_sources(episode: Callable[..., bytes]) -> None:
    label = "podcast:alternateEnclosure"
    proof = {"type": "sri", "value": "sha384-ExVqijgYHm15PqQqdXfW95x"}
    document = episode(
        *_alternate(f"{T}.opus", "ipfs://x", type="audio/opus", bitrate="32000", default="true"),
        (f"{label}/integrity", json.dumps(proof)),
        *_alternate(f"{T}.mp4", type="video/mp4", height="720", title="Film", lang="xx-nonsense!"),
        *_alternate("ipfs://x", type="audio/mpeg"),
        *_alternate(f"{T}.mp3"),
    )

    found = list(etree.fromstring(document).iter(f"{{{PODCAST}}}alternateEnclosure"))
    assert [dict(one.attrib) for one in found] == [
        {"type": "audio/opus", "bitrate": "32000", "default": "true"},
        {"type": "video/mp4", "height": "720", "title": "Film"},
    ]
    assert [[dict(below.attrib) for below in one] for one in found] == [
        [{"uri": f"{T}.opus"}, proof],
        [{"uri": f"{T}.mp4"}],
    ]


@pytest.mark.parametrize(
    "value",
    ["{", "{}", '{"url":1}', '{"":{}}', "[" * 5000, '{"a":' * 5000, "\x00\ud800", " ", '{"url":"'],
)
@pytest.mark.parametrize(
    "label",
    [
        "podcast:transcript", "podcast:person", "podcast:alternateEnclosure",
        "podcast:alternateEnclosure/source", "podcast:season", "podcast:", "itunes:title",
        "itunes:episode", "itunes:", ":", "",
    ],
)  # fmt: skip
def test_hostile_lines_cost_no_entry(episode: Callable[..., bytes], label: str, value: str) -> None:
    document = episode((label, value))

    assert [finding for finding in check(document, "rss") if finding.error] == []


def test_only_podcasts_tell_of_episodes(rendered: Render, sparse: Make) -> None:
    entry = sparse(enclosures=(AUDIO,), extra=(("itunes:episode", "4"),))

    document = rendered(Format.RSS, entry)

    # One such tag, and validators ask the feed for a category, an owner and all the rest.
    assert _tags(document, ITUNES) == _tags(document, PODCAST) == []


@pytest.mark.parametrize("format", [Format.ATOM, Format.JSON])
def test_other_formats_say_what_they_can(rendered: Render, sparse: Make, format: Format) -> None:
    entry = sparse(enclosures=(AUDIO,), extra=(("itunes:episode", "4"),))

    assert rendered(format, replace(entry, podcast=True)) == rendered(format, entry)


FEED = f"""<rss version="2.0" xmlns:itunes="{ITUNES}" xmlns:podcast="{PODCAST}"><channel>
<title>Hafenfunk</title><link>https://funk.example.org/</link><description>d</description>
<item><title>Nebel</title><guid isPermaLink="false">4</guid>
<enclosure url="https://funk.example.org/4.mp3" type="audio/mpeg" length="9"/>
<itunes:title>Nebel hören</itunes:title><itunes:duration>25:36</itunes:duration>
<itunes:episode>4</itunes:episode><itunes:explicit>no</itunes:explicit>
<podcast:transcript url="https://funk.example.org/4.vtt" type="text/vtt" language="de"/>
<podcast:person role="guest">Liv</podcast:person>
<podcast:alternateEnclosure type="audio/opus" length="7"><podcast:source
uri="https://funk.example.org/4.opus"/></podcast:alternateEnclosure>
</item></channel></rss>"""


def test_what_was_read_from_a_podcast_is_published_again(
    episode: Callable[..., bytes],
) -> None:
    reading = read(
        FEED.encode(),
        url="https://funk.example.org/f",
        media_type=None,
        hints=Hints(),
        max_entries=9,
    )
    (draft,) = reading.drafts

    published = episode(*draft.extra, enclosures=draft.enclosures)

    tags = _tags(published, ITUNES) + _tags(published, PODCAST)
    assert tags == [
        ("title", {}, "Nebel hören"),
        ("duration", {}, "1536"),
        ("explicit", {}, "false"),
        ("episode", {}, "4"),
        (
            "transcript",
            {"url": "https://funk.example.org/4.vtt", "type": "text/vtt", "language": "de"},
            None,
        ),
        ("person", {"role": "guest", "group": "cast"}, "Liv"),
        ("alternateEnclosure", {"type": "audio/opus", "length": "7"}, tags[-1][2]),
    ]
    (entry,) = feedparser.parse(published).entries
    assert (entry.itunes_duration, entry.itunes_episode) == ("1536", "4")


def test_stitched_podcasts_are_written_like_whole_ones(
    renderers: Any, head: Head, sparse: Make
) -> None:
    lines = (("itunes:episode", "4"), ("podcast:person", "Liv"))
    entries = [
        replace(sparse(guid=f"urn:x-test:{n}", extra=lines[:n]), podcast=True) for n in range(3)
    ]
    of, renderer = head(podcast=Podcast()), renderers[Format.RSS]

    one_by_one = [renderer.fragments([entry], full_text=True)[0] for entry in entries]

    assert renderer.document(of, one_by_one) == renderer.whole(of, entries, full_text=True)
    assert renderer.fragments(entries, full_text=True) == one_by_one
