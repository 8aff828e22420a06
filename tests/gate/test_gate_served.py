"""What is said of the Content-Type of an answer."""

from __future__ import annotations

import pytest

from feedsvc.gate.served import check_served

UTF_8 = "<?xml version='1.0' encoding='utf-8'?><feed>ä</feed>".encode()
LATIN = "<?xml version='1.0' encoding='ISO-8859-1'?><feed>ä</feed>".encode("latin-1")
ASCII = b"<feed/>"


@pytest.mark.parametrize(
    ("kind", "media_type", "first"),
    [
        pytest.param("atom", "text/html", "application/atom+xml", id="a-feed-as-a-page"),
        pytest.param("atom", "application/rss+xml", "application/atom+xml", id="Atom-as-RSS"),
        pytest.param("rss", "application/atom+xml", "application/rss+xml", id="RSS-as-Atom"),
        pytest.param("json", "text/plain", "application/feed+json", id="JSON-as-text"),
        pytest.param("opml", "application/octet-stream", "text/x-opml", id="OPML-as-bytes"),
        pytest.param("html", "text/xml", "text/html", id="a-page-as-XML"),
        pytest.param("sitemap", "text/html", "application/xml", id="a-sitemap-as-a-page"),
    ],
)
def test_another_media_type_is_warned_of(kind: str, media_type: str, first: str) -> None:
    (found,) = check_served(ASCII, kind, media_type=media_type, charset=None)

    assert (found.code, found.error) == ("media-type-unexpected", False)
    assert first in found.message
    assert check_served(ASCII, kind, media_type=first, charset=None) == ()


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [
        pytest.param("atom", "application/xml", id="any-XML"),
        pytest.param("rss", "text/xml", id="RSS-as-the-oldest-type-of-XML"),
        pytest.param("json", "application/json", id="any-JSON"),
        pytest.param("rss", None, id="nothing-is-said"),
    ],
)
def test_other_true_names_pass(kind: str, media_type: str | None) -> None:
    assert check_served(ASCII, kind, media_type=media_type, charset=None) == ()


@pytest.mark.parametrize(
    ("body", "kind", "charset", "told"),
    [
        pytest.param(UTF_8, "atom", "iso-8859-1", True, id="the-server-knows-better"),
        pytest.param(LATIN, "rss", "utf-8", True, id="the-document-knows-better"),
        pytest.param(UTF_8, "json", "windows-1252", True, id="JSON-is-UTF-8"),
        pytest.param(UTF_8, "atom", "utf8", False, id="a-name-of-UTF-8"),
        pytest.param(LATIN, "rss", "iso-8859-1", False, id="both-agree"),
        pytest.param(ASCII, "atom", "us-ascii", False, id="no-letter-is-in-danger"),
        pytest.param(UTF_8, "html", "iso-8859-1", False, id="a-page-declares-it-in-its-own-way"),
        pytest.param(UTF_8, "atom", None, False, id="no-charset-is-said"),
    ],
)
def test_an_encoding_that_two_disagree_on(
    body: bytes, kind: str, charset: str | None, told: bool
) -> None:
    found = check_served(body, kind, media_type=None, charset=charset)

    assert [one.code for one in found] == ["charset-mismatch"] * told
    assert not any(one.error for one in found)
