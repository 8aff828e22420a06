"""How `source test` shows what a feed says: what is filled in, what is HTML, where links start."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import Shell

ATOM = "http://www.w3.org/2005/Atom"


def look(empty: Shell, document: str, *options: str, name: str = "feed.xml") -> dict[str, Any]:
    """The document of `source test` for a file."""
    (empty.root / name).write_text(document, encoding="utf-8")
    done = empty.run("source", "test", name, "--json", "--offline", *options)
    assert (done.code, done.err) == (0, "")
    found: dict[str, Any] = done.json
    return found


def rss(*items: str, head: str = "<title>Hafen</title>") -> str:
    entries = "".join(f"<item>{item}</item>" for item in items)
    return f'<rss version="2.0"><channel>{head}{entries}</channel></rss>'


class TestFilledIn:
    def test_an_item_without_an_id_is_known_by_its_link(self, empty: Shell) -> None:
        link = "https://hafen.example/1"

        (item,) = look(empty, rss(f"<link>{link}</link>"))["items"]

        assert (item["id"], item["guid"], item["link"]) == (link, None, link)

    @pytest.mark.parametrize(
        ("dates", "published", "updated"),
        [
            pytest.param(
                "<pubDate>Mon, 06 Jan 2025 09:30:00 GMT</pubDate>",
                "2025-01-06T09:30:00Z",
                "2025-01-06T09:30:00Z",
                id="what-never-changed-is-as-it-was-published",
            ),
            pytest.param("", None, "2025-02-01T00:00:00Z", id="the-feed-says-how-new-it-is"),
            pytest.param(
                f"<a:updated xmlns:a='{ATOM}'>2025-01-07T00:00:00Z</a:updated>",
                None,
                "2025-01-07T00:00:00Z",
                id="a-change-is-no-publication",
            ),
        ],
    )
    def test_updated(
        self, empty: Shell, dates: str, published: str | None, updated: str | None
    ) -> None:
        head = "<title>Hafen</title><pubDate>Sat, 01 Feb 2025 00:00:00 GMT</pubDate>"

        (item,) = look(empty, rss(f"<title>Eins</title>{dates}", head=head))["items"]

        assert (item["published"], item["updated"]) == (published, updated)

    def test_the_hour_of_its_making_says_nothing_of_an_item(self, empty: Shell) -> None:
        head = "<lastBuildDate>Sat, 01 Feb 2025 00:00:00 GMT</lastBuildDate>"

        found = look(empty, rss("<title>Eins</title>", head=head))

        assert found["feed"]["updated"] == "2025-02-01T00:00:00Z"
        assert found["items"][0]["updated"] is None

    def test_an_item_that_says_nothing_is_counted_and_told(self, empty: Shell) -> None:
        found = look(empty, rss("", "<title>Zwei</title>", "<title> </title>"))

        assert [item["title"] for item in found["items"]] == ["", "Zwei", ""]
        assert found["problems"] == [
            "entry 1: says nothing; a sync leaves it out",
            "entry 3: says nothing; a sync leaves it out",
        ]

    def test_a_feed_without_a_title_has_an_empty_one(self, empty: Shell) -> None:
        feed = look(empty, rss("<title>Eins</title>", head=""))["feed"]

        assert (feed["title"], feed["description"]) == ("", None)

    def test_the_language_is_in_lower_case(self, empty: Shell) -> None:
        head = "<title>Hafen</title><language>de-AT</language>"

        assert look(empty, rss(head=head))["feed"]["language"] == "de-at"

    def test_encodings_have_the_names_of_the_registry(self, empty: Shell) -> None:
        (empty.root / "feed.xml").write_bytes(rss().encode("utf-16"))

        done = empty.run("source", "test", "feed.xml", "--json")

        assert done.json["encoding"] == "utf-16le"

    def test_comments_have_a_place(self, empty: Shell) -> None:
        url = "https://hafen.example/1#comments"

        (item,) = look(empty, rss(f"<guid>1</guid><comments>{url}</comments>"))["items"]

        assert item["comments"] == url


class TestMarkup:
    @pytest.mark.parametrize(
        ("written", "shown", "markup"),
        [
            pytest.param("Ebbe &amp; Flut", "Ebbe & Flut", [], id="text"),
            pytest.param("5 &lt; 7", "5 < 7", [], id="a-sign-in-text"),
            pytest.param("&lt;b&gt;E&lt;/b&gt;", "<b>E</b>", ["title"], id="html"),
            pytest.param("<![CDATA[<b>E</b>]]>", "<b>E</b>", ["title"], id="cdata"),
            pytest.param("Ebbe &amp;amp; Flut", "Ebbe &amp; Flut", ["title"], id="a-reference"),
            pytest.param("Ebbe &amp;#38; Flut", "Ebbe &#38; Flut", ["title"], id="by-number"),
            pytest.param("K&amp;uuml;ste", "Küste", [], id="a-letter-is-a-letter"),
            pytest.param(
                "&amp;lt;script&amp;gt; &lt;b&gt;E&lt;/b&gt;&lt;script&gt;x&lt;/script&gt;",
                "&lt;script&gt; <b>E</b>",
                ["title"],
                id="sanitised",
            ),
        ],
    )
    def test_a_title_is_as_it_was_given(
        self, empty: Shell, written: str, shown: str, markup: list[str]
    ) -> None:
        (item,) = look(empty, rss(f"<title>{written}</title>"))["items"]

        assert (item["title"], item["markup"]) == (shown, markup)

    def test_a_head_too(self, empty: Shell) -> None:
        feed = look(
            empty,
            f"<feed xmlns='{ATOM}'><title>5 &lt; 7</title><subtitle type='html'>&lt;p "
            "onclick='x'&gt;Vom &lt;i&gt;Ufer&lt;/i&gt;&lt;/p&gt;</subtitle><rights type='html'>"
            "&lt;a href='/frei'&gt;frei&lt;/a&gt;</rights></feed>",
            "--url",
            "https://hafen.example/a/feed",
        )["feed"]

        assert feed["title"] == "5 < 7"
        assert feed["description"] == "<p>Vom <i>Ufer</i></p>"
        assert feed["rights"] == '<a href="https://hafen.example/frei">frei</a>'
        assert feed["markup"] == ["description", "rights"]


class TestWhereItCameFrom:
    ITEM = "<link>../eins</link><description>&lt;a href='plan'&gt;Plan&lt;/a&gt;</description>"

    def test_relative_links_start_at_the_address(self, empty: Shell) -> None:
        found = look(empty, rss(self.ITEM), "--url", "https://hafen.example/a/feed.xml")

        assert found["url"] == "https://hafen.example/a/feed.xml"
        assert found["items"][0]["link"] == "https://hafen.example/eins"
        assert found["items"][0]["content_html"] == '<a href="https://hafen.example/plan">Plan</a>'

    def test_without_one_they_are_none(self, empty: Shell) -> None:
        found = look(empty, rss(self.ITEM))

        assert (found["url"], found["items"][0]["link"]) == (None, None)
        assert found["items"][0]["content_html"] == "<a>Plan</a>"
        assert any("is no address" in problem for problem in found["problems"])

    def test_the_type_tells_the_charset(self, empty: Shell) -> None:
        (empty.root / "feed.xml").write_bytes(rss("<title>Größe</title>").encode("latin-1"))
        told = 'text/xml; charset="iso-8859-1"'

        found = empty.run("source", "test", "feed.xml", "--json", "--content-type", told).json

        assert found["items"][0]["title"] == "Größe"
        assert found["well_formed"] is True

    def test_the_type_tells_json(self, empty: Shell) -> None:
        document = 'show({"version": "1.1", "title": "J", "items": [{"id": 1}]})'

        found = look(empty, document, "--content-type", "application/json", name="feed.js")

        assert (found["format"], found["items"][0]["id"]) == ("json11", "1")

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            pytest.param(
                ("https://hafen.example/", "--url", "https://hafen.example/"),
                "--url and --content-type are for a FILE",
                id="an-address-answers-for-itself",
            ),
            pytest.param(
                ("feed.xml", "--url", "hafen.example"), "is not an address", id="no-address"
            ),
        ],
    )
    def test_what_does_not_fit(self, empty: Shell, arguments: tuple[str, ...], says: str) -> None:
        (empty.root / "feed.xml").write_text(rss())

        done = empty.run("source", "test", *arguments)

        assert (done.code, done.out) == (2, "")
        assert says in done.err
