"""`feedsvc source test`: what is found at an address, in a file or at a source, and what is not."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.feedserver import Answer, FeedServer, InTurn, moved
from tests.support import Shell

ATOM = b"""\
<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de">
  <title>Hafenblatt</title>
  <id>urn:hafen</id>
  <link href="https://hafen.example/"/>
  <updated>2025-05-03T10:00:00Z</updated>
  <rights>frei</rights>
  <entry>
    <id>urn:hafen:1</id>
    <title type="html">Die &lt;b&gt;F\xc3\xa4hre&lt;/b&gt; f\xc3\xa4hrt</title>
    <link href="/faehre"/>
    <published>2025-05-03T12:00:00+02:00</published>
    <updated>2025-05-03T12:30:00+02:00</updated>
    <author><name>Mara</name></author>
    <category term="Hafen"/>
    <summary>Sie f\xc3\xa4hrt wieder.</summary>
    <content type="html">
      &lt;p onclick="x()"&gt;Um &lt;a href="plan"&gt;neun&lt;/a&gt;.&lt;/p&gt;</content>
    <link rel="enclosure" href="/ton.mp3" type="audio/mpeg" length="12"/>
  </entry>
  <entry><id>urn:hafen:2</id><title>Ohne alles</title><updated>gestern</updated></entry>
</feed>
"""

RSS = b"""\
<rss version="2.0"><channel><title>Ufer</title><link>https://ufer.example/</link>
<description>Vom Ufer</description>
<item><guid isPermaLink="false">7</guid><title>Sieben</title>
<description>Nur ein &lt;i&gt;Satz&lt;/i&gt;.</description></item>
<item><guid isPermaLink="false">7</guid><title>Nochmal sieben</title></item>
</channel></rss>
"""

OPML = b"""\
<opml version="2.0"><head><title>Leseliste</title></head><body>
<outline text="Hafen"><outline text="Blatt" xmlUrl="https://hafen.example/feed"/></outline>
</body></opml>
"""

ARTICLE_KEYS = {
    "id", "source", "guid", "title", "link", "published", "updated", "first_seen", "authors",
    "summary", "content_html", "language", "tags", "enclosures", "revision", "state",
}  # fmt: skip


def html(head: str, body: str = "") -> Answer:
    page = f"<!DOCTYPE html><html><head><title>x</title>{head}</head><body>{body}</body></html>"
    return Answer(body=page.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


def announce(*urls: str) -> Answer:
    return html(
        "".join(f'<link rel="alternate" type="application/atom+xml" href="{u}">' for u in urls)
    )


@pytest.fixture
def web(feed_server: FeedServer, monkeypatch: pytest.MonkeyPatch, empty: Shell) -> FeedServer:
    """Pages on loopback, which may be asked."""
    monkeypatch.setenv("FEEDSVC_SYNC__ALLOW_NETWORKS", '["127.0.0.0/8"]')
    return feed_server


class TestJson:
    def test_is_the_document_of_the_contract(self, empty: Shell, web: FeedServer) -> None:
        web["/feed"] = ATOM

        done = empty.run("source", "test", web.url("/feed"), "--json")

        found = done.json
        assert done.code == 0
        assert found["schema"] == "feedsvc.source-test/1"
        assert (found["format"], found["encoding"], found["well_formed"]) == (
            "atom10", "utf-8", True,
        )  # fmt: skip
        assert found["feed"].items() >= {
            "title": "Hafenblatt", "link": "https://hafen.example/", "id": "urn:hafen",
            "description": None, "language": "de", "updated": "2025-05-03T10:00:00Z",
            "rights": "frei", "author": None,
        }.items()  # fmt: skip
        assert (found["url"], found["status"]) == (web.url("/feed"), 200)

    def test_tells_an_entry_as_an_article(self, empty: Shell, web: FeedServer) -> None:
        web["/feed"] = ATOM

        first, second = empty.run("source", "test", web.url("/feed"), "--json").json["items"]

        assert first.keys() >= ARTICLE_KEYS
        assert {name: first[name] for name in ARTICLE_KEYS} == {
            "id": "urn:hafen:1", "guid": "urn:hafen:1", "source": None,
            "title": "Die <b>Fähre</b> fährt", "link": web.url("/faehre"),
            "published": "2025-05-03T10:00:00Z", "updated": "2025-05-03T10:30:00Z",
            "first_seen": None, "revision": None, "state": "published",
            "authors": [{"name": "Mara", "email": None, "uri": None}],
            "summary": "Sie fährt wieder.", "language": "de", "tags": ["Hafen"],
            "content_html": f'<p>Um <a href="{web.url("/plan")}">neun</a>.</p>',
            "enclosures": [{"url": web.url("/ton.mp3"), "type": "audio/mpeg", "length": 12,
                            "duration": None}],
        }  # fmt: skip
        assert (second["link"], second["published"], second["updated"]) == (None, None, None)

    def test_tells_what_is_wrong_and_of_which_entry(self, empty: Shell, web: FeedServer) -> None:
        web["/feed"] = ATOM

        problems = empty.run("source", "test", web.url("/feed"), "--json").json["problems"]

        assert any("gestern" in problem for problem in problems)

    def test_the_description_of_an_rss_item_is_its_summary(
        self, empty: Shell, web: FeedServer
    ) -> None:
        web["/feed"] = RSS

        item = empty.run("source", "test", web.url("/feed"), "--json").json["items"][0]

        assert (item["id"], item["guid"]) == ("7", "7")
        assert item["summary"] == item["content_html"] == "Nur ein <i>Satz</i>."

    def test_scripts_and_terminal_escapes_come_to_nothing(
        self, empty: Shell, web: FeedServer
    ) -> None:
        evil = "&lt;script&gt;alert(1)&lt;/script&gt;&#x9b;31m&lt;b onclick='x'&gt;t&lt;/b&gt;"
        web["/feed"] = ATOM.replace(b"Die &lt;b", evil.encode() + b"Die &lt;b")

        told = empty.run("source", "test", web.url("/feed"), "--json")
        shown = empty.run("source", "test", web.url("/feed"))

        assert "<script" not in told.out
        assert "onclick" not in told.out
        assert all(c.isprintable() or c == "\n" for c in shown.out)

    def test_a_file_needs_no_configuration_and_no_network(self, empty: Shell) -> None:
        (empty.root / "feed.xml").write_bytes(RSS)

        done = empty.run("source", "test", "feed.xml", "--json", "--offline")

        assert (done.code, done.json["url"], done.json["format"]) == (0, None, "rss20")
        assert list(empty.root.iterdir()) == [empty.root / "feed.xml"]

    def test_a_list_tells_its_outlines(self, empty: Shell, web: FeedServer) -> None:
        web["/list"] = OPML

        found = empty.run("source", "test", web.url("/list"), "--json").json

        assert (found["kind"], found["feed"]["title"], found["items"]) == ("opml", "Leseliste", [])
        (outline,) = found["outlines"]
        assert outline["url"] == "https://hafen.example/feed"
        assert outline["folder"] == ["Hafen"]


class TestPages:
    def test_the_first_feed_of_a_page_is_read_and_the_others_are_listed(
        self, empty: Shell, web: FeedServer
    ) -> None:
        web["/"] = announce("/feed", "/other")
        web["/feed"], web["/other"] = ATOM, RSS

        found = empty.run("source", "test", web.url("/"), "--json").json

        assert found["feed"]["title"] == "Hafenblatt"
        assert (found["page"], found["url"]) == (web.url("/"), web.url("/feed"))
        assert found["announced"] == [web.url("/feed"), web.url("/other")]
        assert not web.asked("/other")

    def test_a_feed_that_is_gone_leads_to_the_next(self, empty: Shell, web: FeedServer) -> None:
        web["/"] = announce("/gone", "/other")
        web["/other"] = RSS

        found = empty.run("source", "test", web.url("/"), "--json").json

        assert found["url"] == web.url("/other")

    def test_a_common_path_is_found_by_trying(self, empty: Shell, web: FeedServer) -> None:
        web["/blog/"] = html("")
        web["/rss.xml"] = RSS

        done = empty.run("source", "test", web.url("/blog/"))

        assert done.code == 0
        assert web.url("/rss.xml") in done.out
        assert "found by trying" in done.out

    def test_without_any_feed_it_says_what_was_looked_for(
        self, empty: Shell, web: FeedServer
    ) -> None:
        web["/"] = html("")
        web["/rss"] = html("", "this path answers to everybody")

        done = empty.run("source", "test", web.url("/"))

        assert (done.code, done.out) == (4, "")
        assert len(done.err.strip().splitlines()) <= 3
        for looked in ('<link rel="alternate">', "Link header", "/feed (404)", "/rss (no feed)"):
            assert looked in done.err
        assert len(web.log) <= 9
        assert web.site().most_requests == 1

    def test_who_has_had_enough_is_not_asked_on(self, empty: Shell, web: FeedServer) -> None:
        web["/"] = html("")
        web["/feed"] = Answer(status=429)

        done = empty.run("source", "test", web.url("/"))

        assert done.code == 4
        assert [request.path for request in web.log] == ["/", "/feed"]

    def test_a_sync_does_not_try_common_paths(self, empty: Shell, web: FeedServer) -> None:
        web["/"], web["/feed"] = html(""), RSS
        empty.configure(f'[[source]]\nurl = "{web.url("/")}"\n')

        done = empty.run("sync", "-q")

        assert done.code == 4
        assert [request.path for request in web.log] == ["/"]


class TestSources:
    def test_a_source_is_asked_with_its_password(self, empty: Shell, web: FeedServer) -> None:
        web["/feed"] = ATOM
        auth = 'auth = { user = "mara", password = "kai" }\ntags = ["Ufer"]'
        empty.configure(f'[[source]]\nname = "blatt"\nurl = "{web.url("/feed")}"\n{auth}\n')

        found = empty.run("source", "test", "blatt", "--json").json

        (asked,) = web.asked("/feed")
        assert base64.b64decode(asked.headers["authorization"].split()[1]) == b"mara:kai"
        assert {item["source"] for item in found["items"]} == {"blatt"}
        assert found["items"][0]["tags"] == ["Hafen", "Ufer"]
        assert not (empty.root / "var").exists()

    def test_its_password_stays_on_its_host(self, empty: Shell, web: FeedServer) -> None:
        web["/"] = announce(web.url("/feed", host="127.0.0.2"), "/feed")
        web["/feed"] = InTurn(html(""), ATOM)
        auth = 'auth = { user = "mara", password = "kai" }'
        empty.configure(f'[[source]]\nname = "blatt"\nurl = "{web.url("/")}"\n{auth}\n')

        empty.run("source", "test", "blatt")

        told = {(one.host, one.path): "authorization" in one.headers for one in web.log}
        assert told == {
            ("127.0.0.1", "/"): True, ("127.0.0.2", "/feed"): False, ("127.0.0.1", "/feed"): True,
        }  # fmt: skip

    def test_an_unset_secret_is_named(self, empty: Shell, web: FeedServer) -> None:
        auth = 'auth = { token = { env = "HAFEN_TOKEN" } }'
        empty.configure(f'[[source]]\nname = "blatt"\nurl = "{web.url("/feed")}"\n{auth}\n')

        done = empty.run("source", "test", "blatt")

        assert done.code == 3
        assert "HAFEN_TOKEN" in done.err

    def test_a_source_of_an_opml_file_has_a_name_too(self, empty: Shell, web: FeedServer) -> None:
        web["/feed"] = ATOM
        outline = f'<outline text="Blatt" xmlUrl="{web.url("/feed")}"/>'
        (empty.root / "l.opml").write_text(f"<opml><body>{outline}</body></opml>")
        empty.configure('[[source]]\nname = "liste"\nkind = "opml"\npath = "l.opml"\n')
        empty.run("sync", "-q")
        name = empty.run("source", "list", "--json").json["sources"][1]["name"]

        listed = empty.run("source", "test", "liste", "--json").json
        found = empty.run("source", "test", name, "--json").json

        assert [one["title"] for one in listed["outlines"]] == ["Blatt"]
        assert found["items"][0]["source"] == name

    def test_an_address_that_moved_is_told(self, empty: Shell, web: FeedServer) -> None:
        web["/old"], web["/feed"] = moved("/feed", 308), ATOM

        done = empty.run("source", "test", web.url("/old"))

        assert f"{web.url('/old')} has moved for good: use {web.url('/feed')}" in done.out


class TestWords:
    def test_field_by_field(self, empty: Shell, web: FeedServer) -> None:
        web["/feed"] = ATOM

        lines = empty.run("source", "test", web.url("/feed")).out.splitlines()

        told = [line.split() for line in lines]
        assert ["title", "yes", "Hafenblatt"] in told
        assert ["description", "no"] in told
        assert ["id", "all"] in told
        assert ["author", "1", "of", "2"] in told
        assert ["image", "none"] in told
        assert any(line.startswith("2025-05-03") and "Fähre" in line for line in lines)

    def test_repeated_ids_are_counted(self, empty: Shell) -> None:
        (empty.root / "feed.xml").write_bytes(RSS)

        done = empty.run("source", "test", "feed.xml")

        assert "1 entry has another one's id" in done.out


@pytest.mark.parametrize(
    ("target", "code", "says"),
    [
        pytest.param("nowhere.xml", 7, "no file", id="no-such-file"),
        pytest.param("example.org/feed.xml", 7, "did you mean https://example.org", id="no-scheme"),
        pytest.param("https://", 2, "is not an address", id="half-an-address"),
        pytest.param("ftp://example.org/feed", 2, "is not an address", id="another-scheme"),
        pytest.param("http://u:kai@/", 2, "this is not an address", id="a-password-stays-secret"),
        pytest.param("https://example.org/", 8, "--offline", id="offline"),
        pytest.param(".", 2, "is a folder", id="a-folder"),
        pytest.param("empty.xml", 4, "empty.xml: the document is empty", id="empty"),
        pytest.param("page.html", 4, "page.html: the document is an HTML page", id="a-page"),
        pytest.param("photo.png", 4, "a PNG image", id="an-image"),
        pytest.param("bad.opml", 4, "bad.opml: ", id="entities-in-opml"),
    ],
)
def test_what_is_no_feed(empty: Shell, target: str, code: int, says: str) -> None:
    (empty.root / "empty.xml").write_bytes(b"")
    (empty.root / "page.html").write_bytes(b"<!DOCTYPE html><html><body>x</body></html>")
    (empty.root / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    (empty.root / "bad.opml").write_bytes(b'<!DOCTYPE o [<!ENTITY a "b">]><opml><body/></opml>')

    done = empty.run("source", "test", target, "--offline")

    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert "kai" not in done.err
    assert len(done.err.strip().splitlines()) <= 3


def test_a_misspelled_source_is_named(shell: Shell) -> None:
    done = shell.run("source", "test", "dsek")

    assert done.code == 7
    assert "did you mean 'desk'?" in done.err


def test_a_folder_is_no_feed(shell: Shell) -> None:
    done = shell.run("source", "test", "desk")

    assert done.code == 2
    assert "feedsvc sync --source desk --dry-run" in done.err


def test_a_private_address_is_refused_with_the_way_out(
    empty: Shell, feed_server: FeedServer
) -> None:
    done = empty.run("source", "test", feed_server.url("/feed"))

    assert done.code == 4
    assert "FEEDSVC_SYNC__ALLOW_NETWORKS" in done.err
    assert not feed_server.log


def test_a_file_beyond_the_limit_is_not_read(empty: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEEDSVC_SYNC__MAX_BYTES", "100")
    Path("feed.xml").write_bytes(RSS)

    done = empty.run("source", "test", "feed.xml")

    assert done.code == 4
    assert "larger than 100 bytes" in done.err
