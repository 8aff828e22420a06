"""What is said of documents that are none of ours, and what is one of ours at a second look."""

from __future__ import annotations

import gzip

import pytest

from feedsvc.gate import check, sniff

ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"/>'
DECLARED = f'<?xml version="1.0"?>{ATOM}'


@pytest.mark.parametrize(
    ("body", "words", "line"),
    [
        pytest.param(b" \n", "the document is empty", None, id="nothing"),
        pytest.param(gzip.compress(b"x"), "with gzip: unpack it", None, id="gzip"),
        pytest.param(b"PK\x03\x04rest", "a ZIP archive: unpack it", None, id="zip"),
        pytest.param(b"\x89PNG\r\n\x1a\n", "a picture", None, id="a-picture"),
        pytest.param(bytes(range(64)), "binary data", None, id="any-bytes"),
        pytest.param(b"<?xml version='1.0'?>\n<project/>", "<project>", 2, id="other-XML"),
        pytest.param(b"<entry>\n</entry>", "in a <feed>", 1, id="a-single-entry"),
        pytest.param(
            b"\n\nNotice: no such file\n<rss version='2.0'/>",
            "begins with 'Notice: no such file'", 3, id="a-message-before-the-document",
        ),
        pytest.param(b"[1, 2]", "begins with '[1, 2]'", 1, id="JSON-that-is-no-object"),
    ],
)  # fmt: skip
def test_what_is_none_of_ours_is_called_by_its_name(
    body: bytes, words: str, line: int | None
) -> None:
    (found,) = check(body, "auto")

    assert words in found.message
    assert found.line == line
    assert found.error


@pytest.mark.parametrize(
    ("body", "format"),
    [
        pytest.param(DECLARED.encode("utf-32"), "atom", id="UTF-32"),
        pytest.param(DECLARED.encode("utf-32-be"), "atom", id="UTF-32-BE-without-a-mark"),
        pytest.param(DECLARED.encode("utf-32-le"), "atom", id="UTF-32-LE-without-a-mark"),
        pytest.param(DECLARED.encode("utf-16"), "atom", id="UTF-16"),
        pytest.param(DECLARED.encode("utf-16-be"), "atom", id="UTF-16-BE-without-a-mark"),
        pytest.param(DECLARED.encode("utf-16-le"), "atom", id="UTF-16-LE-without-a-mark"),
        pytest.param(b"<!doctype html>\n<title>a</title>", "html", id="a-page-without-its-root"),
        pytest.param(b"<!-- a -->\n<!DOCTYPE HTML><p>a", "html", id="a-page-with-a-comment"),
        pytest.param(b"<!DOCTYPE html>\n<opml/>", "opml", id="the-root-counts-for-more"),
        pytest.param(b"<!DOCTYPE htmlish><p>a</p>", None, id="the-DOCTYPE-of-something-else"),
        pytest.param(b"<p>a</p>", None, id="a-part-of-a-page"),
    ],
)
def test_a_format_is_known_in_any_encoding(body: bytes, format: str | None) -> None:
    assert sniff(body) == format


def test_a_page_without_its_root_is_a_page() -> None:
    assert check(b"<!doctype html>\n<title>a</title>\n<p>b", "auto") == ()


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_wide_characters_without_a_mark_are_told_as_such(encoding: str) -> None:
    (found,) = check(DECLARED.encode(encoding), "auto")

    assert found.code == "encoding-not-utf8"


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        pytest.param("<a>fish & chips</a>", "written &amp;", id="an-ampersand"),
        pytest.param("<a>x?a=1&b=2</a>", "written &amp;", id="an-ampersand-in-an-address"),
        pytest.param("<a>&nbsp;</a>", "write the character itself", id="an-entity-of-HTML"),
        pytest.param("<a>1 < 2</a>", "written &lt;", id="less-than"),
        pytest.param('<a b="<"/>', "written &lt;", id="less-than-in-an-attribute"),
        pytest.param("<a>\x0b</a>", "leave the character out", id="a-control-character"),
        pytest.param("<media:a/>", "declare xmlns:media", id="a-prefix"),
        pytest.param("<a>", "", id="a-tag-that-is-not-closed"),
    ],
)
def test_what_is_no_xml_is_told_with_its_column_and_a_way_out(inside: str, words: str) -> None:
    body = f'<feed xmlns="http://www.w3.org/2005/Atom">\n  {inside}</feed>'

    (found,) = check(body.encode(), "auto")

    assert (found.code, found.line) == ("xml-not-well-formed", 2)
    assert found.message.startswith("column ")
    assert words in found.message


def test_a_document_that_breaks_off_is_told_as_such() -> None:
    (found,) = check(DECLARED.replace("/>", ">\n<title>Ebbe").encode(), "auto")

    assert "the document is cut off" in found.message


def test_text_before_the_declaration_is_told_as_such() -> None:
    (found,) = check(b"\n" + DECLARED.encode(), "auto")

    assert "take away what stands before <?xml" in found.message


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param("<feed xmlns='http://purl.org/atom/ns#'/>", "obsolete Atom 0.3", id="Atom"),
        pytest.param("<feed/>", "no namespace: that of Atom is", id="Atom-without-a-namespace"),
        pytest.param("<rss version='0.92'/>", "publish 2.0", id="RSS"),
        pytest.param("{}", "there is no version", id="JSON"),
    ],
)
def test_an_old_version_is_told_what_to_become(body: str, words: str) -> None:
    found = check(body.encode(), "auto")

    assert any(words in one.message for one in found)


def test_rss_1_is_said_not_to_be_judged_and_nothing_else() -> None:
    rdf = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
    body = f"<rdf:RDF xmlns:rdf='{rdf}' xmlns='http://purl.org/rss/1.0/'><channel/></rdf:RDF>"

    (found,) = check(body.encode(), "auto")

    assert (found.code, "not judged" in found.message) == ("root-wrong", True)
