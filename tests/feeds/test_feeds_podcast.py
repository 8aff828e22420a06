"""What a podcast's RSS says of the whole, by Apple's tags and by the podcast namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from feedsvc.feeds.podcast import guid_of
from feedsvc.gate import check
from feedsvc.model import ArchiveLinks, Entry, FeedHead, Format, Person, Podcast

Render = Callable[..., bytes]
Make = Callable[..., Entry]
Head = Callable[..., FeedHead]

NAMES = {
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "podcast": "https://podcastindex.org/namespace/1.0",
}
COVER = "https://audio.example.org/cover.jpg"
OWNER = Person(name="Radio <b>Hafen</b>", email="radio@audio.example.org")


def _xml(document: bytes, path: str) -> list[str]:
    found = etree.fromstring(document).xpath(f"channel/{path}", namespaces=NAMES)
    return [str(one) for one in found]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("podcast", "path", "said"),
    [
        pytest.param({}, "itunes:author/text()", ["Harbour News"], id="author-of-the-feed"),
        pytest.param({"author": "Hafen & Co"}, "itunes:author/text()", ["Hafen & Co"], id="author"),
        pytest.param({"owner": OWNER}, "itunes:owner/itunes:name/text()", ["Radio Hafen"], id="n"),
        pytest.param(
            {"owner": OWNER}, "itunes:owner/itunes:email/text()", [OWNER.email], id="owner-email"
        ),
        pytest.param({"owner": Person(name="R")}, "itunes:owner", [], id="no-owner-without-email"),
        pytest.param({"image": COVER}, "itunes:image/@href", [COVER], id="image"),
        pytest.param({"image": f"{COVER}.svg"}, "itunes:image/@href", [], id="no-svg"),
        pytest.param({"image": "http://localhost/c.jpg"}, "itunes:image/@href", [], id="no-domain"),
        pytest.param({}, "itunes:explicit/text()", ["false"], id="not-explicit"),
        pytest.param({"explicit": True}, "itunes:explicit/text()", ["true"], id="explicit"),
        pytest.param({"type": "serial"}, "itunes:type/text()", ["serial"], id="type"),
        pytest.param({}, "itunes:complete | itunes:block | itunes:new-feed-url", [], id="no-more"),
        pytest.param({"complete": True}, "itunes:complete/text()", ["Yes"], id="complete"),
        pytest.param({"block": True}, "itunes:block/text()", ["Yes"], id="block"),
        pytest.param(
            {"new_feed_url": "https://new.example.org/f"},
            "itunes:new-feed-url/text()",
            ["https://new.example.org/f"],
            id="moved",
        ),
        pytest.param({"locked": True}, "podcast:locked/text()", ["yes"], id="locked"),
        pytest.param({"locked": False}, "podcast:locked/text()", ["no"], id="not-locked"),
        pytest.param({}, "podcast:locked", [], id="nothing-said-of-locks"),
        pytest.param(
            {"locked": True, "owner": OWNER}, "podcast:locked/@owner", [OWNER.email], id="whose"
        ),
        pytest.param({"medium": "music"}, "podcast:medium/text()", ["music"], id="medium"),
        pytest.param(
            {"funding": (("https://give.example.org/", "Danke"),)},
            "podcast:funding/@url | channel/podcast:funding/text()",
            ["https://give.example.org/", "Danke"],
            id="funding",
        ),
        pytest.param(
            {"funding": (("https://give.example.org/", ""),)},
            "podcast:funding/text()",
            ["Harbour News"],
            id="funding-without-words",
        ),
    ],
)
def test_a_podcast_says(
    rendered: Render,
    head: Head,
    sparse: Make,
    podcast: dict[str, Any],
    path: str,
    said: list[str],
) -> None:
    document = rendered(Format.RSS, sparse(), of=head(podcast=Podcast(**podcast)))

    assert _xml(document, path) == said
    # That there is no category is told of.
    assert {finding.code for finding in check(document, "rss")} <= {"podcast-incomplete"}


def test_categories_stand_inside_one_another(rendered: Render, head: Head) -> None:
    categories = (("News", "Politics"), ("Arts",), ("News", "Daily News"), ("News", "Politics"))
    document = rendered(Format.RSS, of=head(podcast=Podcast(categories=categories)))

    assert _xml(document, "itunes:category/@text") == ["News", "Arts"]
    assert _xml(document, "itunes:category[@text='News']/itunes:category/@text") == [
        "Politics",
        "Daily News",
    ]


@pytest.mark.parametrize(
    ("url", "guid"),
    [  # the first two are those of the podcast namespace, <podcast:guid>
        ("https://mp3s.nashownotes.com/pc20rss.xml", "917393e3-1b1e-5cef-ace4-edaa54e1f810"),
        ("https://podnews.net/rss", "9b024349-ccf0-5f69-a609-6b82873eab3c"),
        ("http://podnews.net/rss//", "9b024349-ccf0-5f69-a609-6b82873eab3c"),
    ],
)
def test_the_guid_is_that_of_the_address(head: Head, url: str, guid: str) -> None:
    assert guid_of(head(urls={Format.RSS: url}, podcast=Podcast())) == guid


def test_every_page_of_the_archive_has_the_guid_of_the_podcast(
    rendered: Render, head: Head
) -> None:
    page = {Format.RSS: "https://news.example.org/all/archive/1/rss.xml"}
    archive = ArchiveLinks(number=1, current=head().urls)
    documents = [
        rendered(Format.RSS, of=head(podcast=Podcast())),
        rendered(Format.RSS, of=head(podcast=Podcast(), urls=page, archive=archive)),
    ]

    guids = [_xml(document, "podcast:guid/text()") for document in documents]
    assert guids[0] == guids[1] != []


def test_every_key_of_a_private_podcast_opens_the_same_one(head: Head) -> None:
    keys = [{Format.RSS: f"https://news.example.org/all/{key}/rss.xml"} for key in ("k1", "k2")]

    one, other = (guid_of(head(podcast=Podcast(), private=True, urls=urls)) for urls in keys)

    assert one == other
    assert one != guid_of(head(podcast=Podcast()))


def test_directories_write_to_the_author_of_a_podcast_without_an_owner(
    rendered: Render, head: Head
) -> None:
    of = head(podcast=Podcast(locked=True), author=OWNER)
    document = rendered(Format.RSS, of=of)

    assert _xml(document, "itunes:owner/itunes:email/text()") == [OWNER.email]
    assert _xml(document, "podcast:locked/@owner") == [OWNER.email]


def test_a_guid_that_is_given_stays(rendered: Render, head: Head) -> None:
    given = "917393e3-1b1e-5cef-ace4-edaa54e1f810"

    document = rendered(Format.RSS, of=head(podcast=Podcast(guid=given)))

    assert _xml(document, "podcast:guid/text()") == [given]


def test_a_private_podcast_is_in_no_directory(rendered: Render, head: Head) -> None:
    document = rendered(Format.RSS, of=head(podcast=Podcast(), private=True))

    assert _xml(document, "itunes:block/text()") == ["Yes"]
    assert _xml(document, "podcast:block/text()") == ["yes"]


def test_a_private_feed_that_is_no_podcast_has_no_tag_of_one(rendered: Render, head: Head) -> None:
    # One such tag, and validators ask for a category, an owner and all the rest.
    document = rendered(Format.RSS, of=head(private=True))

    assert _xml(document, "itunes:* | podcast:*") == []


def test_the_picture_of_the_feed_is_the_cover_else(rendered: Render, head: Head) -> None:
    one = rendered(Format.RSS, of=head(podcast=Podcast(), image=COVER))
    other = rendered(Format.RSS, of=head(podcast=Podcast(image=COVER)))

    assert _xml(one, "itunes:image/@href") == [COVER]
    assert _xml(other, "image/url/text()") == [COVER]


@pytest.mark.parametrize("format", [Format.ATOM, Format.JSON])
def test_other_formats_have_no_tag_of_a_podcast(
    rendered: Render, head: Head, whole: Make, format: Format
) -> None:
    document = rendered(format, whole(), of=head(podcast=Podcast(block=True, locked=True)))

    assert document == rendered(format, whole())


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("Use <b>bold</b> text", id="an-end-tag"),
        pytest.param("R&D2 &amp; 1 < 2 ]]>", id="signs"),
        pytest.param("x" * 900, id="long"),
        pytest.param("a\x00b\ud800", id="what-xml-cannot-hold"),
    ],
)
def test_whatever_the_configuration_says_the_podcast_is_valid(
    rendered: Render, head: Head, sparse: Make, words: str
) -> None:
    podcast = Podcast(
        author=words,
        owner=Person(name=words, email="radio@audio.example.org"),
        categories=((words, words),),
        funding=(("https://give.example.org/?a=1&b=2", words), ("javascript:x", words)),
        image=words,
        new_feed_url=words,
    )
    document = rendered(Format.RSS, sparse(), of=head(podcast=podcast))

    assert check(document, "rss") == ()
    assert all(len(one) <= 255 for one in _xml(document, "itunes:author/text()"))
    assert all(len(one) <= 128 for one in _xml(document, "podcast:funding/text()"))
