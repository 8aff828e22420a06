"""Addresses: whatever is written becomes an absolute ASCII URI, or nothing."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.text.urls import LINKS, absolute, encode_path, is_absolute_iri, media_type

BASE = "https://example.org/a/b.html"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://example.org/x?y=1#z", "https://example.org/x?y=1#z", id="as-it-is"),
        pytest.param("x", "https://example.org/a/x", id="relative"),
        pytest.param("../x", "https://example.org/x", id="one-up"),
        pytest.param("../../../x", "https://example.org/x", id="above-the-top"),
        pytest.param("/x", "https://example.org/x", id="absolute-path"),
        pytest.param("//example.net/x", "https://example.net/x", id="the-scheme-of-the-base"),
        pytest.param("?q=1", "https://example.org/a/b.html?q=1", id="query-alone"),
        pytest.param("#f", "https://example.org/a/b.html#f", id="fragment-alone"),
        pytest.param("", BASE, id="empty-is-the-page"),
        pytest.param("a b/ä", "https://example.org/a/a%20b/%C3%A4", id="spaces-and-umlauts"),
        pytest.param("x?ü=ß#ö", "https://example.org/a/x?%C3%BC=%C3%9F#%C3%B6", id="in-every-part"),
        pytest.param("x%20y%C3%A4", "https://example.org/a/x%20y%C3%A4", id="encoded-stays"),
        pytest.param("100%/%zz", "https://example.org/a/100%25/%25zz", id="a-stray-percent-sign"),
        pytest.param("a#b#c", "https://example.org/a/a#b%23c", id="a-second-fragment"),
        pytest.param("a[1]|{2}", "https://example.org/a/a%5B1%5D%7C%7B2%7D", id="brackets"),
        pytest.param('"<>', "https://example.org/a/%22%3C%3E", id="quotes-and-angles"),
        pytest.param(" \n https://example.org/\t", "https://example.org/", id="white-space-around"),
        pytest.param("https://exam\nple.org/", "https://example.org/", id="a-line-break-inside"),
        pytest.param("\ufeffhttps://example.org/\u200b", "https://example.org/", id="invisible"),
        pytest.param("HTTPS://Example.ORG/X", "https://example.org/X", id="capitals"),
        pytest.param("https:/example.net/x", "https://example.net/x", id="one-slash"),
        pytest.param("https:\\\\example.net\\x", "https://example.net/x", id="backslashes"),
        pytest.param("..\\x", "https://example.org/x", id="relative-with-backslashes"),
        pytest.param("https://bücher.example/", "https://xn--bcher-kva.example/", id="idna"),
        pytest.param("https://straße.example/", "https://xn--strae-oqa.example/", id="idna-2008"),
        pytest.param("https://💡.example/", "https://xn--ds8h.example/", id="emoji-in-a-host"),
        pytest.param("https://ex%61mple.org/", "https://example.org/", id="percent-in-a-host"),
        pytest.param("https://[2001:DB8::1]:80/", "https://[2001:db8::1]:80/", id="ipv6"),
        pytest.param("https://example.org:8080", "https://example.org:8080", id="port"),
        pytest.param("https://example.org:/x", "https://example.org/x", id="empty-port"),
        pytest.param("https://u:p@example.org/", "https://u:p@example.org/", id="user"),
        pytest.param("https://example.org/\ud800", "https://example.org/%3F", id="a-surrogate"),
        pytest.param("https://", None, id="no-host"),
        pytest.param("https://a..b/", None, id="an-empty-label"),
        pytest.param("https://exa mple.org/", None, id="a-space-in-the-host"),
        pytest.param("https://example.org:99999/", None, id="no-such-port"),
        pytest.param("https://example.org:8x/", None, id="a-port-of-letters"),
        pytest.param("http://[bad", None, id="an-open-bracket"),
        pytest.param("//[", None, id="a-relative-open-bracket"),
        pytest.param("http:x", None, id="a-scheme-without-host"),
        pytest.param("javascript:alert(1)", None, id="javascript"),
        pytest.param(" java\nscript:alert(1)", None, id="javascript-in-pieces"),
        pytest.param("\x01javascript:alert(1)", None, id="javascript-behind-a-control"),
        pytest.param("data:text/html,x", None, id="data"),
        pytest.param("mailto:a@example.org", None, id="mail-is-no-page"),
        pytest.param("C:\\Texte\\a.txt", None, id="a-drive"),
        pytest.param("https://example.org/" + "a" * 9_000, None, id="a-payload"),
    ],
)
def test_absolute(url: str, expected: str | None) -> None:
    assert absolute(url, BASE) == expected


def test_links_may_also_name_a_mailbox_or_a_telephone() -> None:
    assert absolute("MAILTO:a b@example.org", None, schemes=LINKS) == "mailto:a%20b@example.org"
    assert absolute("tel:+49 30", None, schemes=LINKS) == "tel:+49%2030"
    assert absolute("mailto:", None, schemes=LINKS) is None


@pytest.mark.parametrize("base", [None, "", "example.org", "/a/", "mailto:a@example.org", "//["])
def test_a_relative_address_needs_a_base_that_is_one(base: str | None) -> None:
    assert absolute("x", base) is None


@given(st.text(), st.sampled_from([None, BASE, "https://bücher.example"]))
def test_the_result_is_ascii_stable_and_of_the_web(url: str, base: str | None) -> None:
    found = absolute(url, base)

    if found is not None:
        assert re.fullmatch(r"https?://[!-~]+", found)
        assert urlsplit(found).hostname
        assert absolute(found, None) == found


@given(st.text(alphabet="htps:/\\.?#[]@%aä1 \t", max_size=30))
def test_no_mixture_of_delimiters_breaks_it(url: str) -> None:
    found = absolute(url, BASE)

    assert found is None or absolute(found, None) == found


@given(
    st.from_regex(r"/?[A-Za-z0-9_~@=+.-]{1,6}(?:/[A-Za-z0-9.:;-]{0,4}){0,4}", fullmatch=True),
    st.sampled_from(
        [
            "https://example.org",
            "https://example.org/",
            "https://example.org/a/b/page.html",
            "https://example.org/a//b/../c/?q=1#top",
            "https://example.org/a;x=1/b;y",
        ]
    ),
)
def test_a_plain_path_is_where_the_standard_library_puts_it(path: str, base: str) -> None:
    found = absolute(path, base)

    assert found == urljoin(base, path)


@pytest.mark.timeout(60)  # quadratic work on these takes minutes
@pytest.mark.parametrize(
    "url",
    [
        pytest.param("a" * 5_000_000, id="one-long-name"),
        pytest.param("https://a" + "." * 7_990 + "/", id="dots"),
    ],
)
def test_what_is_too_long_is_no_address(url: str) -> None:
    found = absolute(url, BASE)

    assert found is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("tag:example.org,2025:a/b", True, id="tag"),
        pytest.param("tag:anna@example.org,2025-01-06:x", True, id="tag-of-a-mailbox"),
        pytest.param("tag:example.org:x", False, id="tag-without-a-date"),
        pytest.param("urn:isbn:9783161484100", True, id="urn"),
        pytest.param("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", True, id="uuid"),
        pytest.param("urn:uuid:1225", False, id="no-uuid"),
        pytest.param("urn:x", False, id="urn-without-a-name"),
        pytest.param("https://example.org/%C3%A4?x#y", True, id="an-address"),
        pytest.param("https://example.org/ä?x#y", False, id="an-iri-that-is-no-uri"),
        pytest.param("https://example.org/a[1]", False, id="a-bracket"),
        pytest.param("https://[2001:db8::1]/a", False, id="a-host-of-numbers-in-brackets"),
        pytest.param("https://example.org/a#b#c", False, id="two-fragments"),
        pytest.param("tag:Example.org,2025:x", False, id="tag-in-upper-case"),
        pytest.param("tag:example.org,2025-13:x", False, id="tag-of-a-thirteenth-month"),
        pytest.param("tag:my_host,2025:x", False, id="tag-of-no-domain"),
        pytest.param("tag:127.0.0.1,2025:x;y", True, id="tag-of-a-numeric-host"),
        pytest.param("urn:x-test:größe", False, id="urn-with-an-umlaut"),
        pytest.param("urn:x-test:a?b", False, id="urn-of-the-newer-kind"),
        pytest.param("at://example.org/a", False, id="a-scheme-validators-do-not-know"),
        pytest.param("https://example.org", True, id="a-host"),
        pytest.param("https:example.org", False, id="no-host"),
        pytest.param("https://", False, id="an-empty-host"),
        pytest.param("https://example.org/a b", False, id="a-space"),
        pytest.param("https://example.org/\u00a0", False, id="a-space-of-another-kind"),
        pytest.param("https://example.org/\u202e", False, id="a-bidi-control"),
        pytest.param("https://example.org/%zz", False, id="a-stray-percent-sign"),
        pytest.param("https://example.org/\ud800", False, id="a-surrogate"),
        pytest.param('https://example.org/"', False, id="a-quote"),
        pytest.param("artikel:7", False, id="a-scheme-nobody-registered"),
        pytest.param("javascript:x", False, id="javascript"),
        pytest.param("C:\\x", False, id="a-drive"),
        pytest.param("4711", False, id="a-number"),
        pytest.param("", False, id="nothing"),
    ],
)
def test_is_absolute_iri(text: str, expected: bool) -> None:
    assert is_absolute_iri(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a/b-c_d.e~f", "a/b-c_d.e~f", id="as-it-is"),
        pytest.param("Straße 7", "Stra%C3%9Fe%207", id="utf-8"),
        pytest.param("a#b?c%20", "a%23b%3Fc%25=20", id="delimiters"),
        pytest.param("a%=20", "a%25==20", id="an-escape-that-is-parted-already"),
        pytest.param("50%-off", "50%25-off", id="a-percent-sign"),
        pytest.param("a\u0308", "%C3%A4", id="nfc"),
        pytest.param("\udcff", "%ED%B3%BF", id="a-name-that-is-no-text"),
    ],
)
def test_encode_path(text: str, expected: str) -> None:
    assert encode_path(text) == expected


@given(st.text(alphabet="ab/%=#25äC ", max_size=12))
def test_what_is_minted_never_holds_an_escaped_escape(key: str) -> None:
    assert re.search("%25[0-9A-Fa-f]{2}", encode_path(key)) is None
    assert is_absolute_iri(f"tag:example.org,2025:{encode_path(key)}")


@given(st.text(alphabet="ab/%=#25ä ", max_size=8), st.text(alphabet="ab/%=#25ä ", max_size=8))
def test_distinct_keys_stay_distinct(one: str, other: str) -> None:
    assert (encode_path(one) == encode_path(other)) is (one == other)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("https://example.org/a.MP3?x=1#y", "audio/mpeg", id="case-query-fragment"),
        pytest.param("bild.jpeg", "image/jpeg", id="relative"),
        pytest.param("https://example.org/a.tar.webm", "video/webm", id="the-last-dot"),
        pytest.param("https://example.mp3/a", None, id="a-host-has-no-extension"),
        pytest.param("https://example.org/mp3", None, id="no-dot"),
        pytest.param("https://example.org/a.xyz", None, id="unknown"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_media_type(url: str, expected: str | None) -> None:
    assert media_type(url) == expected
