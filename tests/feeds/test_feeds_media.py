"""Media RSS, attachments and the picture in the text: every media file, for whoever shows it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

import feedparser
import pytest
from lxml import etree

from feedsvc.feeds.media import variants
from feedsvc.gate import check
from feedsvc.model import Enclosure, Entry, Format, Image

Render = Callable[..., bytes]
Make = Callable[..., Entry]

NAMES = {"a": "http://www.w3.org/2005/Atom", "m": "http://search.yahoo.com/mrss/"}
BASE = "https://news.example.org"
PHOTO, DOCK = f"{BASE}/ferry.jpg", f"{BASE}/dock.png"
MP3 = Enclosure(url=f"{BASE}/talk.mp3", type="audio/mpeg", length=900, duration=61)
OGG = Enclosure(url=f"{BASE}/talk.ogg", type="audio/ogg", length=800, duration=60)
PDF = Enclosure(url=f"{BASE}/map.pdf", type="application/pdf")


def _found(document: bytes, path: str) -> list[etree._Element]:
    found = etree.fromstring(document).xpath(path, namespaces=NAMES)
    assert isinstance(found, list)
    return [one for one in found if isinstance(one, etree._Element)]


def _said(element: etree._Element) -> dict[str, str]:
    return {str(name): str(value) for name, value in element.attrib.items()}


def _text(document: bytes, path: str) -> list[str]:
    return [str(one) for one in etree.fromstring(document).xpath(path, namespaces=NAMES)]  # type: ignore[union-attr]


XML = [
    pytest.param(Format.ATOM, "a:entry", id="atom"),
    pytest.param(Format.RSS, "channel/item", id="rss"),
]


@pytest.mark.parametrize(("format", "item"), XML)
@pytest.mark.parametrize(
    ("image", "attributes", "said"),
    [
        pytest.param(
            Image(url=PHOTO, caption="The ferry", credit="R&D2"),
            {"url": PHOTO, "type": "image/jpeg", "medium": "image"},
            {"description": "The ferry", "credit": "R&D2"},
            id="caption-and-credit",
        ),
        pytest.param(
            Image(url=PHOTO, width=1200, height=800),
            {"url": PHOTO, "type": "image/jpeg", "medium": "image", "width": "1200",
             "height": "800"},
            {},
            id="size",
        ),
        pytest.param(
            Image(url=PHOTO, width=1200),
            {"url": PHOTO, "type": "image/jpeg", "medium": "image"},
            {},
            id="half-a-size-is-none",
        ),
        pytest.param(
            Image(url=f"{BASE}/i?id=1"),
            {"url": f"{BASE}/i?id=1", "medium": "image"},
            {},
            id="of-unknown-type",
        ),
    ],
)  # fmt: skip
def test_what_is_known_of_the_lead_image(
    rendered: Render,
    sparse: Make,
    format: Format,
    item: str,
    image: Image,
    attributes: dict[str, str],
    said: dict[str, str],
) -> None:
    document = rendered(format, sparse(image=image))

    (content,) = _found(document, f"{item}/m:content")
    (thumbnail,) = _found(document, f"{item}/m:thumbnail")
    assert _said(content) == attributes
    assert [(etree.QName(one).localname, one.text) for one in content] == list(said.items())
    size = {name: value for name, value in attributes.items() if name in ("width", "height")}
    assert _said(thumbnail) == {"url": image.url} | size
    assert check(document, format.value) == ()


@pytest.mark.parametrize(("format", "item"), XML)
@pytest.mark.parametrize(
    "words",
    [
        pytest.param("Use <b>bold</b> text", id="an-end-tag"),
        pytest.param("Write &amp; or &#60;", id="references"),
        pytest.param("1 < 2 & <x ]]>", id="signs"),
        pytest.param("a\x00b\ud800 \n c", id="what-xml-cannot-hold"),
    ],
)
def test_captions_that_look_like_markup_are_published_without_a_warning(
    rendered: Render, whole: Make, format: Format, item: str, words: str
) -> None:
    document = rendered(format, whole(image=Image(url=PHOTO, caption=words, credit=words)))

    assert len(_found(document, f"{item}/m:content[m:description][m:credit]")) == 1
    assert check(document, format.value) == ()


@pytest.mark.parametrize("format", [Format.ATOM, Format.RSS])
def test_a_reader_takes_a_caption_for_no_words_of_the_entry(
    rendered: Render, whole: Make, format: Format
) -> None:
    (entry,) = feedparser.parse(rendered(format, whole())).entries

    assert "crosses the harbour" in entry.summary
    assert "The ferry" not in entry.summary
    assert entry.title == "Ferry back in service"


# -- pictures among the media files ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        pytest.param({"enclosures": (MP3, Enclosure(url=DOCK))}, [DOCK], id="by-its-address"),
        pytest.param(
            {"enclosures": (Enclosure(url=f"{BASE}/i", type="image/webp"),)},
            [f"{BASE}/i"],
            id="by-its-type",
        ),
        pytest.param(
            {"enclosures": (Enclosure(url=DOCK), Enclosure(url=PHOTO))}, [DOCK], id="the-first"
        ),
        pytest.param(
            {"enclosures": (Enclosure(url=DOCK),), "html": f'<p><img src="{PHOTO}"></p>'},
            [PHOTO],
            id="not-where-the-text-shows-one",
        ),
        pytest.param(
            {"enclosures": (Enclosure(url=DOCK),), "image": Image(url=PHOTO)},
            [PHOTO],
            id="not-beside-a-lead-image",
        ),
        pytest.param({"enclosures": (MP3, PDF)}, [], id="no-picture"),
        pytest.param(
            {"image": Image(url=PHOTO), "html": f'<p><img src="{BASE}/ferry-1024x683.jpg"></p>'},
            [f"{BASE}/ferry-1024x683.jpg"],
            id="not-beside-itself-in-another-size",
        ),
    ],
)
def test_a_picture_among_the_media_files_is_shown_where_nothing_else_is(
    rendered: Render, sparse: Make, changes: dict[str, Any], shown: list[str]
) -> None:
    (item,) = json.loads(rendered(Format.JSON, sparse(**changes)))["items"]

    fragment = etree.HTML(item["content_html"])
    assert [str(one.get("src")) for one in fragment.iter("img")] == shown


def test_a_picture_among_the_media_files_is_the_thumbnail(rendered: Render, sparse: Make) -> None:
    dock = Enclosure(url=DOCK, length=7, width=640, height=480)
    entry = sparse(enclosures=(MP3, dock))
    atom, rss = (rendered(format, entry) for format in (Format.ATOM, Format.RSS))
    (item,) = json.loads(rendered(Format.JSON, entry))["items"]

    for document in (atom, rss):
        (thumbnail,) = _found(document, "//m:thumbnail")
        assert _said(thumbnail) == {"url": DOCK, "width": "640", "height": "480"}
    assert [_said(one) for one in _found(rss, "channel/item/m:content")] == [
        {"url": DOCK, "fileSize": "7", "type": "image/png", "medium": "image",
         "width": "640", "height": "480"}
    ]  # fmt: skip
    assert item["image"] == DOCK
    assert check(atom, "atom") == check(rss, "rss") == ()


# -- one recording in several forms ----------------------------------------------------------------


def _named(*urls: str) -> tuple[Enclosure, ...]:
    return tuple(Enclosure(url=f"{BASE}/{url}") for url in urls)


@pytest.mark.parametrize(
    ("enclosures", "groups"),
    [
        pytest.param((MP3, OGG), [["talk.mp3", "talk.ogg"]], id="two-encodings"),
        pytest.param(
            _named("a.mp3", "b.mp3", "a.opus", "b.m4a"),
            [["a.mp3", "a.opus"], ["b.mp3", "b.m4a"]],
            id="two-recordings",
        ),
        pytest.param(
            _named("a.mp3?x=1.2", "a.ogg?x=1.2"), [["a.mp3?x=1.2", "a.ogg?x=1.2"]], id="a-query"
        ),
        pytest.param(_named("a.mp3", "b.mp3"), [], id="other-names"),
        pytest.param(_named("a.mp3", "a.mp4"), [], id="sound-and-film"),
        pytest.param(_named("a.jpg", "a.png"), [], id="pictures"),
        pytest.param(_named("a.mp3", "a.vtt"), [], id="a-file-of-another-kind"),
        pytest.param(_named("a.mp3"), [], id="one"),
        pytest.param((), [], id="none"),
        pytest.param(
            (MP3, Enclosure(url=OGG.url, type="audio/ogg", duration=3)), [], id="other-length"
        ),
        pytest.param(
            (MP3, Enclosure(url=OGG.url)), [["talk.mp3", "talk.ogg"]], id="of-unknown-length"
        ),
    ],
)
def test_what_is_one_recording(enclosures: Sequence[Enclosure], groups: list[list[str]]) -> None:
    found = variants(enclosures)

    assert [[one.url.removeprefix(f"{BASE}/") for one in group] for group in found] == groups


def test_forms_of_one_recording_are_a_group(rendered: Render, sparse: Make) -> None:
    entry = sparse(enclosures=(PDF, MP3, OGG))
    rss = rendered(Format.RSS, entry)
    (item,) = json.loads(rendered(Format.JSON, entry))["items"]

    assert _text(rss, "channel/item/enclosure/@url") == [PDF.url]
    assert [_said(one) for one in _found(rss, "channel/item/m:group/m:content")] == [
        {"url": MP3.url, "fileSize": "900", "type": "audio/mpeg", "medium": "audio",
         "duration": "61", "isDefault": "true"},
        {"url": OGG.url, "fileSize": "800", "type": "audio/ogg", "medium": "audio",
         "duration": "60"},
    ]  # fmt: skip
    assert _found(rss, "channel/item/m:content") == []
    assert [one.get("title") for one in item["attachments"]] == [None, *[entry.article.title] * 2]
    assert check(rss, "rss") == ()


def test_two_recordings_are_not_told_as_one(rendered: Render, sparse: Make) -> None:
    entry = sparse(enclosures=_named("a.mp3", "b.mp3", "a.ogg", "b.ogg"))
    (item,) = json.loads(rendered(Format.JSON, entry))["items"]

    one, other = entry.article.title, f"{entry.article.title} (2)"
    assert [attachment["title"] for attachment in item["attachments"]] == [one, other, one, other]


def test_every_media_file_is_told_in_every_format(rendered: Render, sparse: Make) -> None:
    files = (MP3, PDF, *_named("b.mp4", "c.zip"))
    entry = sparse(enclosures=files)
    atom, rss = (rendered(format, entry) for format in (Format.ATOM, Format.RSS))
    (item,) = json.loads(rendered(Format.JSON, entry))["items"]

    urls = [one.url for one in files]
    assert _text(atom, "a:entry/a:link[@rel='enclosure']/@href") == urls
    assert _text(rss, "channel/item/enclosure/@url | channel/item/m:content/@url") == urls
    assert [attachment["url"] for attachment in item["attachments"]] == urls
    assert check(atom, "atom") == check(rss, "rss") == ()
