"""Which reader a document goes to, what a head says as HTML, and entries that say nothing."""

from __future__ import annotations

import pytest

from feedsvc.model import Draft, Hints, Reading
from feedsvc.parsers.feed import DoubtfulError, NotAFeedError, forgiving, read, says_nothing

URL = "https://kueste.example.org/feed"
JSON = '{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [{"id": "<rss>"}]}'


def reading(data: str, *, media_type: str | None = None) -> Reading:
    return read(data.encode(), url=URL, media_type=media_type, hints=Hints(), max_entries=10)


# --- JSON or XML


@pytest.mark.parametrize(
    ("data", "media_type"),
    [
        pytest.param(JSON, None, id="a-brace-is-enough"),
        pytest.param(JSON, "text/html", id="whatever-the-server-calls-it"),
        pytest.param(f"show({JSON});", "application/json", id="the-call-of-a-function"),
        pytest.param(f"show({JSON});", None, id="a-call-that-names-the-version"),
        pytest.param(f"Notice: x\n{JSON}", "application/feed+json", id="words-before-it"),
        pytest.param(f"<br />\n<b>Notice</b>: x\n{JSON}", "application/json", id="tags-before-it"),
        pytest.param(f"// made by hand\n{JSON}", "text/json", id="a-comment-before-it"),
    ],
)
def test_a_json_feed_is_found(data: str, media_type: str | None) -> None:
    found = reading(data, media_type=media_type)

    assert (found.format, [one.id for one in found.drafts]) == ("json11", ["<rss>"])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("<rss version='2.0'><channel><title>{x}</title></channel></rss>", id="rss"),
        pytest.param(
            "junk {1} <rss version='2.0'><channel><title>{x}</title></channel></rss>",
            id="with-junk-before-it",
        ),
    ],
)
@pytest.mark.parametrize("media_type", ["text/xml", None])
def test_a_brace_in_xml_makes_no_json(data: str, media_type: str | None) -> None:
    found = reading(data, media_type=media_type)

    assert (found.format, found.head.title) == ("rss20", "{x}")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        pytest.param("<!DOCTYPE html><p>{x}", "an HTML page", id="a-page"),
        pytest.param('["a"]', "JSON, but not a JSON Feed", id="a-list"),
        pytest.param('error({"code": 7})', "JSON, but no JSON Feed", id="another-call"),
    ],
)
def test_what_is_only_called_json_is_named(data: str, what: str) -> None:
    with pytest.raises(NotAFeedError, match=what) as refused:
        reading(data, media_type="application/json")

    assert refused.value.hint


# --- lost heads


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("<item><title>Ebbe</title><guid>e1</guid></item>", id="one-item"),
        pytest.param(
            "<item><title>Ebbe</title><guid>e1</guid></item><item/>", id="one-after-the-other"
        ),
        pytest.param(
            "<items><item><title>Ebbe</title><guid>e1</guid></item></items>", id="in-a-list"
        ),
        pytest.param(
            "<?xml version='1.0'?><item xmlns='http://purl.org/rss/1.0/'><title>Ebbe</title>"
            "<guid>e1</guid></item>",
            id="in-a-namespace",
        ),
    ],
)
def test_entries_without_a_head_are_for_the_last_tier(data: str) -> None:
    with pytest.raises(DoubtfulError, match="begins as a feed"):
        reading(data)

    found = forgiving.read(data.encode(), url=URL, hints=Hints(), max_entries=10)
    assert (found.drafts[0].title, found.drafts[0].id) == ("Ebbe", "e1")


# --- HTML in a head


def test_a_head_keeps_what_it_says_as_html() -> None:
    head = reading(
        "<feed xmlns='http://www.w3.org/2005/Atom'><title type='html'>Die &lt;b&gt;See&lt;/b&gt;"
        "</title><subtitle type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>Ebbe <i>und</i>"
        " Flut</div></subtitle><rights>frei &amp; offen</rights></feed>"
    ).head

    assert (head.title, head.title_html) == ("Die See", "Die <b>See</b>")
    assert (head.description, head.description_html) == ("Ebbe und Flut", "Ebbe <i>und</i> Flut")
    assert (head.rights, head.rights_html) == ("frei & offen", None)


def test_xml_base_governs_the_links_in_short_texts_too() -> None:
    found = reading(
        "<feed xmlns='http://www.w3.org/2005/Atom' xml:base='https://a.example/x/'>"
        "<rights type='html' xml:base='y/'>&lt;a href='z'&gt;r&lt;/a&gt;</rights><entry>"
        "<title type='html' xml:base='/t/'>&lt;a href='z'&gt;t&lt;/a&gt;</title>"
        "<summary type='html' xml:base='/s/'>&lt;a href='z'&gt;s&lt;/a&gt;</summary>"
        "<content type='html'>&lt;a href='z'&gt;c&lt;/a&gt;</content></entry></feed>"
    )

    (draft,) = found.drafts
    assert found.head.rights_html == '<a href="https://a.example/x/y/z">r</a>'
    assert draft.title_html == '<a href="https://a.example/t/z">t</a>'
    assert draft.summary_html == '<a href="https://a.example/s/z">s</a>'
    assert (draft.html, draft.base) == ("<a href='z'>c</a>", "https://a.example/x/")


def test_of_several_links_the_last_is_that_of_the_feed() -> None:
    found = reading(
        "<rss version='2.0'><channel><link>https://a.example/</link><link>https://b.example/</link>"
        "<link rel='self' href='https://c.example/'/>"
        "<item><link>https://a.example/1</link><link>https://b.example/1</link></item>"
        "</channel></rss>"
    )

    assert found.head.link == "https://b.example/"
    assert found.drafts[0].link == "https://a.example/1"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        pytest.param("<i;>sehr</i;>", "<i>sehr</i>", id="a-tag"),
        pytest.param("a;> b <i >c", "a;> b <i >c", id="a-semicolon-elsewhere"),
        pytest.param("<i style='a;'>b</i>", "<i style='a;'>b</i>", id="one-in-an-attribute"),
    ],
)
def test_a_tag_with_a_semicolon_is_a_tag(written: str, meant: str) -> None:
    found = reading(
        f"<rss><channel><item><description><![CDATA[{written}]]></description></item>"
        "</channel></rss>"
    )

    assert found.drafts[0].html == meant


# --- entries that say nothing


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("", id="empty"),
        pytest.param("<title> </title><description/>", id="blank"),
        pytest.param("<pubDate>Mon, 06 Jan 2025 09:30:00 GMT</pubDate>", id="a-date-alone"),
        pytest.param("<category>Meer</category>", id="a-tag-alone"),
        pytest.param("<link>javascript:x</link>", id="a-link-that-is-none"),
    ],
)
def test_an_entry_may_say_nothing(item: str) -> None:
    found = reading(f"<rss><channel><title>T</title><item>{item}</item></channel></rss>")

    assert [says_nothing(draft) for draft in found.drafts] == [True]


@pytest.mark.parametrize(
    "draft",
    [
        pytest.param(Draft(title="T"), id="a-title"),
        pytest.param(Draft(title="", html="x"), id="a-body"),
        pytest.param(Draft(title="", summary="x"), id="a-summary"),
        pytest.param(Draft(title="", link="https://a.example/"), id="a-link"),
        pytest.param(Draft(title="", id="1"), id="an-id"),
    ],
)
def test_little_is_enough_to_say_something(draft: Draft) -> None:
    assert not says_nothing(draft)
