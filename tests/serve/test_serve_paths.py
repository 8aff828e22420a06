"""What may be asked for, and how it is labelled."""

from __future__ import annotations

import pytest

from feedsvc.serve.paths import media_type, parts


@pytest.mark.parametrize(
    ("path", "names"),
    [
        pytest.param("/", ("index.html",), id="the-root-is-its-index"),
        pytest.param("/all/", ("all", "index.html"), id="a-folder-is-its-index"),
        pytest.param("/all/atom.xml", ("all", "atom.xml"), id="a-file"),
        pytest.param(
            "/all/größe/atom.xml", ("all", "größe", "atom.xml"), id="letters-of-any-script"
        ),
        pytest.param("/a b/x..y", ("a b", "x..y"), id="blanks-and-inner-dots-are-names"),
        pytest.param("/ALL/Atom.XML", ("ALL", "Atom.XML"), id="case-stays-as-it-is"),
        pytest.param("/%2e%2e/x", ("%2e%2e", "x"), id="not-decoded-a-second-time"),
    ],
)
def test_names(path: str, names: tuple[str, ...]) -> None:
    assert parts(path) == names


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("", id="nothing"),
        pytest.param("*", id="a-star"),
        pytest.param("all/atom.xml", id="without-the-first-slash"),
        pytest.param("//all/atom.xml", id="two-slashes"),
        pytest.param("/all//atom.xml", id="two-slashes-inside"),
        pytest.param("/..", id="up"),
        pytest.param("/all/../../etc/passwd", id="up-and-away"),
        pytest.param("/all/./atom.xml", id="here"),
        pytest.param("/...", id="three-dots-are-hidden"),
        pytest.param("/.env", id="a-hidden-file"),
        pytest.param("/.git/config", id="a-hidden-folder"),
        pytest.param("/all/.atom.xml.tmp", id="a-temporary-file"),
        pytest.param("/all\\..\\x", id="backslashes"),
        pytest.param("/all/atom.xml\0.html", id="a-nul"),
        pytest.param("/all/atom\nxml", id="a-line-break"),
        pytest.param("/all/\x7f", id="a-control-character"),
        pytest.param("/all/\ufffd", id="bytes-that-were-not-utf-8"),
        pytest.param("/all/a\u202eb", id="a-direction-override"),
        pytest.param("/all/atom.xml.gz", id="a-gzip-sidecar"),
        pytest.param("/all/atom.xml.br", id="a-brotli-sidecar"),
        pytest.param("/all/atom.xml.zst", id="a-zstandard-sidecar"),
        pytest.param("/" + "ä" * 128, id="a-name-longer-than-a-file-system-holds"),
        pytest.param("/a" * 1025, id="a-path-too-long"),
    ],
)
def test_refused(path: str) -> None:
    assert parts(path) is None


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("atom.xml", "application/atom+xml; charset=utf-8"),
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
        ("opml.xml", "text/x-opml; charset=utf-8"),
        ("sitemap.xml", "application/xml; charset=utf-8"),
        ("index.html", "text/html; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"),
        ("icon.PNG", "image/png"),
        ("icon.svg", "image/svg+xml; charset=utf-8"),
        ("photo.jpg", "image/jpeg"),
        ("favicon.ico", "image/vnd.microsoft.icon"),
        ("README", "application/octet-stream"),
        ("x.exe", "application/octet-stream"),
    ],
)
def test_media_types(name: str, label: str) -> None:
    assert media_type(name).type == label


@pytest.mark.parametrize("name", ["atom.xml", "rss.xml", "opml.xml"])
def test_a_browser_is_shown_xml(name: str) -> None:
    assert media_type(name).document == "application/xml; charset=utf-8"
