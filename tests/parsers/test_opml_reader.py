"""OPML -> the feeds it names. A case is `data/opml/<name>.opml` beside `<name>.toml`."""

from __future__ import annotations

import json
import os
import time
import tomllib
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from feedsvc.errors import ParseError
from feedsvc.parsers.opml import Opml, read
from feedsvc.parsers.opmltags import lenient, root_of, strict
from tests.large import seconds, some
from tests.support import as_toml

DATA = Path(__file__).parent / "data" / "opml"
CASES = sorted(DATA.glob("*.opml"))
URL = "https://lists.example.org/a/subscriptions.opml"


def reading(text: str | bytes) -> Opml:
    return read(text.encode() if isinstance(text, str) else text, url=URL)


def listed(body: str) -> Opml:
    return reading(f'<opml version="2.0"><head/><body>{body}</body></opml>')


def addresses(found: Opml) -> list[str]:
    return [one.url for one in found.outlines]


def told(value: Any) -> dict[str, Any]:
    found = {one.name: getattr(value, one.name) for one in fields(value)}
    return {name: as_toml(one) for name, one in found.items() if one not in (None, (), "")}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    expected = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))

    found = reading(path.read_bytes())

    assert [told(one) for one in found.outlines] == expected.pop("outlines", [])
    assert {name: one for name, one in told(found).items() if name != "outlines"} == expected


def test_every_expectation_has_its_list() -> None:
    assert {path.stem for path in DATA.glob("*.toml")} == {path.stem for path in CASES}


# --- the corpus -----------------------------------------------------------------------------------

_CORPUS = os.environ.get("FEEDSVC_CORPUS")


@pytest.mark.skipif(_CORPUS is None, reason="FEEDSVC_CORPUS names no folder of third-party files")
def test_the_lists_of_others_are_read_as_they_expect() -> None:
    folder = Path(_CORPUS or "")
    cases = json.loads((folder / "expectations.json").read_text(encoding="utf-8"))
    checked = 0

    for name, case in cases.items():
        if (expected := case["expect"].get("opml")) is None:
            continue
        found = read((folder / name).read_bytes(), url=None)
        links = [one.link for one in found.outlines if one.link is not None]
        seen = {
            "xmlUrls": addresses(found),
            "htmlUrls": links,
            "outlines": found.count,
            "title": found.title,
        }
        assert {key: seen[key] for key in expected} == expected, name
        checked += 1

    assert checked >= 10


# --- what is no OPML ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("", "line 1: is no OPML: there is no element in it", id="nothing"),
        pytest.param("Liste\nmeiner Feeds", "line 1: is no OPML: there is", id="plain-text"),
        pytest.param(
            "<?xml version='1.0'?>\n<!-- x -->\n<rss version='2.0'/>",
            "line 3: is no OPML: its root is <rss>",
            id="a-feed",
        ),
        pytest.param(
            "\n<!DOCTYPE html>\n<html><body><br><outline xmlUrl='https://example.org/'></html>",
            "line 3: is no OPML: its root is <html>",
            id="a-page",
        ),
        pytest.param('{"version": "1"}', "line 1: is no OPML: there is", id="json"),
        pytest.param(
            '<!DOCTYPE opml [\n<!ENTITY a "x">\n]><opml><body><outline text="&a;"/></body></opml>',
            "line 2: declares entities",
            id="entities",
        ),
        pytest.param(
            '<!-- <a> --><!DOCTYPE opml [<!ENTITY % a SYSTEM "file:///etc/hosts"> %a;]><opml/>',
            "line 1: declares entities",
            id="external-entities",
        ),
        pytest.param(
            '<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa">'
            + "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))
            + ']><opml><body><outline text="&m;" xmlUrl="&m;"/></body></opml>',
            "line 1: declares entities",
            id="a-bomb",
        ),
    ],
)
def test_what_is_no_opml_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ParseError) as refused:
        reading(text)

    assert str(refused.value).startswith(message)


def test_a_picture_is_refused() -> None:
    with pytest.raises(ParseError):
        reading(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))


# --- what lists look like -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('<opml><outline xmlUrl="https://a.example.org/"/></opml>', id="no-body"),
        pytest.param('<body><outline xmlUrl="https://a.example.org/"/></body>', id="no-opml"),
        pytest.param('<outline xmlUrl="https://a.example.org/"/>', id="one-outline"),
        pytest.param(
            '<o:opml xmlns:o="urn:x"><o:body><o:outline xmlUrl="https://a.example.org/"/>'
            "</o:body></o:opml>",
            id="a-prefix",
        ),
        pytest.param(
            '<opml xmlns="urn:x"><outline xmlUrl="https://a.example.org/"/></opml>', id="ns"
        ),
        pytest.param("<opml><outline XMLURL='https://a.example.org/'/></opml>", id="capitals"),
        pytest.param("<opml><outline xmlurl='https://a.example.org/'/></opml>", id="small"),
        pytest.param("<opml><outline type='rss' url='https://a.example.org/'/></opml>", id="url"),
        pytest.param("<opml><outline xmlUrl=https://a.example.org/ ></opml>", id="unquoted"),
        pytest.param(
            '<opml><outline xmlUrl="feed:https://a.example.org/"></opml>', id="feed-scheme"
        ),
        pytest.param("<opml><outline xmlUrl=' \nhttps://a.example.org/ '/></opml>", id="blanks"),
        pytest.param(
            '<opml><outline text="x" text="y" xmlUrl="https://a.example.org/"/>', id="twice"
        ),
        pytest.param('junk <opml><outline xmlUrl="https://a.example.org/"/>', id="junk-before"),
        pytest.param(
            '<opml><outline xmlUrl="https://a.example.org/"/></opml></x> y', id="junk-behind"
        ),
        pytest.param('<opml><outline text="\x00\x0b" xmlUrl="https://a.example.org/"/>', id="nul"),
        pytest.param(
            '<opml><outline text="&nope; &#0; &#xD800; &" xmlUrl="https://a.example.org/"/></opml>',
            id="references-to-nothing",
        ),
        pytest.param(
            '<?xml version="1.0" encoding="klingon"?><opml>'
            '<outline xmlUrl="https://a.example.org/"/></opml>',
            id="an-unknown-encoding",
        ),
        pytest.param(
            '<!DOCTYPE opml SYSTEM "http://example.org/opml.dtd">'
            '<opml><outline xmlUrl="https://a.example.org/"/></opml>',
            id="a-doctype",
        ),
    ],
)
def test_wild_lists(text: str) -> None:
    assert addresses(reading(text)) == ["https://a.example.org/"]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "iso-8859-1", "cp1252"]
)
def test_encodings(encoding: str) -> None:
    declared = encoding if encoding in {"iso-8859-1", "cp1252"} else "utf-8"
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><opml><head><title>Küste</title></head></opml>'
    )

    found = reading(text.encode(encoding))

    assert found.title == "Küste"


@pytest.mark.parametrize(
    ("attributes", "title"),
    [
        pytest.param('text="Mein Name" title="Ihr Name"', "Mein Name", id="what-is-shown"),
        pytest.param('text=" " title="Ihr Name"', "Ihr Name", id="the-feeds-own"),
        pytest.param('title="Ihr Name"', "Ihr Name", id="the-only-one"),
        pytest.param('text="A &amp;amp; &lt;b&gt;"', "A &amp; <b>", id="as-it-is-written"),
        pytest.param('text="a&#10;&#9; b"', "a b", id="on-one-line"),
        pytest.param("", None, id="none"),
    ],
)
def test_titles(attributes: str, title: str | None) -> None:
    (found,) = listed(f'<outline {attributes} xmlUrl="https://a.example.org/"/>').outlines

    assert found.title == title


def test_folders_end_where_they_are_closed_even_in_a_broken_list() -> None:
    body = """
        <outline text="A"><outline text="B"><outline text="1" xmlUrl="/1"/></outline>
        <outline text="2" xmlUrl="/2"/></outline></outline></outline>
        <outline text="3" xmlUrl="/3"></outline><outline text="C"><outline xmlUrl="/4"/>
    """

    whole = listed(
        body.replace("</outline></outline></outline>", "</outline></outline>") + "</outline>"
    )
    broken = listed(body)

    for found in (whole, broken):
        assert found.outlines[0].folder == ("A", "B")
        assert found.outlines[-1].folder == ("C",)
    assert not broken.well_formed


def test_order_is_that_of_the_list_and_each_address_counts_once() -> None:
    body = "".join(f'<outline xmlUrl="/{n}"/>' for n in (3, 1, 2, 1, 3))

    found = listed(body)

    assert [one.removeprefix("https://lists.example.org/") for one in addresses(found)] == list(
        "312"
    )
    assert found.problems == ("outlines that stand in it again: 2 left out",)


def test_a_list_that_breaks_off_names_no_half_address() -> None:
    text = '<opml><body><outline text="a" xmlUrl="https://a.example.org/feed"/>' + (
        '<outline text="b" xmlUrl="https://b.example.org/feed"/>'
    )
    end = text.index("/>") + 2

    for length in range(end, len(text)):
        assert addresses(reading(text[:length])) == ["https://a.example.org/feed"]


# --- both ways of reading -------------------------------------------------------------------------

_texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"]), max_size=12)
_outlines = st.recursive(
    st.builds(
        lambda keys, values: "<outline {}/>".format(
            " ".join(f"{k}={quoteattr(v)}" for k, v in zip(keys, values, strict=False))
        ),
        st.lists(
            st.sampled_from(["text", "title", "xmlUrl", "o:x", "type"]), unique=True, max_size=4
        ),
        st.lists(_texts, min_size=4, max_size=4),
    ),
    lambda inner: st.builds(
        lambda text, parts: f"<outline text={quoteattr(text)}>{''.join(parts)}</outline>",
        _texts,
        st.lists(
            inner | st.sampled_from(["<!-- <outline> -->", "<?x <a?>", "\n", "x"]), max_size=4
        ),
    ),
    max_leaves=10,
)


@given(_texts, _outlines)
def test_the_lenient_way_reads_a_well_formed_list_as_the_strict_one(title: str, body: str) -> None:
    escaped = title.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = (
        f'<opml xmlns:o="urn:o"><head><title>{escaped}<![CDATA[<x>&amp;]]></title></head>'
        f"<body>{body}</body></opml>"
    )
    root = root_of(text.encode())
    assert isinstance(root, etree._Element), root

    assert list(lenient(text)) == list(strict(root))


@given(st.text(alphabet="<>/!?-[]\"'= \noutlinexmUrl:&;.CDATA"))
def test_any_text_is_a_list_or_refused(rest: str) -> None:
    found = reading('<opml><outline xmlUrl="https://a.example.org/"/>' + rest)

    assert "https://a.example.org/" in addresses(found)


# --- bounds ---------------------------------------------------------------------------------------


def test_of_100_000_feeds_the_first_are_read() -> None:
    body = "".join(f'<outline text="n" type="rss" xmlUrl="/{n}"/>' for n in range(100_000))

    found = listed(body)

    assert len(found.outlines) == 20_000
    assert found.outlines[-1].url == "https://lists.example.org/19999"
    assert found.problems == ("outlines behind the first 20,000: 80000 left out",)
    assert found.count == 100_000


def test_folders_of_any_depth_are_read_and_their_names_bounded() -> None:
    depth = 10_000
    body = "".join(f'<outline text="{n}"><outline xmlUrl="/{n}"/>' for n in range(depth))

    found = listed(body + "</outline>" * depth)

    assert len(found.outlines) == depth
    assert found.outlines[-1].folder == tuple("01234567")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: "<outline " * some(1_000_000), id="tags-without-end"),
        pytest.param(lambda: "<outline>" * some(1_000_000), id="deep"),
        pytest.param(lambda: '<outline text="' * some(500_000), id="quotes-without-end"),
        pytest.param(lambda: "<outline a='\"" * some(500_000), id="both-quotes"),
        pytest.param(lambda: "<outline a= " * some(500_000), id="values-without-end"),
        pytest.param(lambda: "<!--" * some(1_000_000), id="comments"),
        pytest.param(lambda: "<![CDATA[" * some(1_000_000), id="sections"),
        pytest.param(lambda: "<title><![CDATA[" * some(500_000), id="titles"),
        pytest.param(lambda: "<!" * some(1_000_000) + "<?" * some(1_000_000), id="declarations"),
        pytest.param(lambda: "</outline>" * some(1_000_000), id="ends"),
        pytest.param(lambda: '<outline xmlUrl="/a"/>' * some(200_000), id="one-feed-again"),
        pytest.param(
            lambda: "".join(
                f'<outline text="{n}"><outline xmlUrl="/a"/></outline>'
                for n in range(some(100_000))
            ),
            id="one-feed-in-many-folders",
        ),
        pytest.param(lambda: '<outline type="include" url="/a"/>' * some(200_000), id="includes"),
        pytest.param(
            lambda: '<outline xmlUrl="/' + "a" * some(5_000_000) + '"/>', id="a-long-address"
        ),
        pytest.param(lambda: '<outline text="' + "ä" * some(4_000_000) + '"/>', id="a-long-title"),
        pytest.param(lambda: '<outline text="' + "&amp" * some(1_000_000) + '"/>', id="references"),
    ],
)
def test_no_list_is_slow(make: Callable[[], str]) -> None:
    text = "<opml>" + make()
    started = time.process_time()

    found = reading(text)

    assert time.process_time() - started < seconds(20)  # seen: an eighth of it
    assert len(found.outlines) <= 1
    assert len(found.problems) < 30
