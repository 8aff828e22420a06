"""How single values are read."""

from __future__ import annotations

from datetime import date, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.config import addresses, names, units, words
from feedsvc.config.shapes import Reader, WrongValueError, count, flag, many, text


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("10s", 10),
        ("5m", 300),
        ("1h", 3600),
        ("1d", 86_400),
        ("2w", 1_209_600),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("90M", 5400),
        ("36500d", 36_500 * 86_400),
    ],
)
def test_duration(written: str, seconds: int) -> None:
    assert units.duration("1s")(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written",
    ["", " ", "10", "s", "-5m", "1.5h", "30m1h", "1m1m", "5 minutes", "٣s", "9" * 5000 + "s",
     "36501d", "0s", "0h0m", 10, 1.5, True, None, ["1s"]],
)  # fmt: skip
def test_no_duration(written: object) -> None:
    with pytest.raises(WrongValueError):
        units.duration("1s")(written)


@given(st.integers(min_value=1, max_value=36_500 * 86_400))
def test_durations_are_read_as_written(seconds: int) -> None:
    written = units.write_duration(timedelta(seconds=seconds))

    assert units.duration("1s")(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (1, 1),
        ("4096", 4096),
        ("512B", 512),
        ("200KB", 200_000),
        ("200kb", 200_000),
        ("15MiB", 15 * 1024 * 1024),
        ("15 MiB", 15 * 1024 * 1024),
        ("1.5MiB", 3 * 512 * 1024),
        ("1GiB", 1024**3),
        ("2gb", 2 * 10**9),
    ],
)
def test_size(written: object, number: int) -> None:
    assert units.size(written) == number


@pytest.mark.parametrize(
    "written",
    ["", "MiB", "15M", "15 M iB", "-1KB", "0", 0, -1, True, 1.5, None, "1e3", "0.1B", "9999GiB",
     2**50, "9" * 5000, "9" * 400 + "KB", "15MiB!"],
)  # fmt: skip
def test_no_size(written: object) -> None:
    with pytest.raises(WrongValueError):
        units.size(written)


@pytest.mark.parametrize(
    ("written", "listen"),
    [
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("0.0.0.0:80", "0.0.0.0:80"),
        (":9000", "127.0.0.1:9000"),
        ("9000", "127.0.0.1:9000"),
        (9000, "127.0.0.1:9000"),
        ("[::1]:9000", "[::1]:9000"),
        ("Localhost:0", "localhost:0"),
        ("feeds-1.example.org:80", "feeds-1.example.org:80"),
    ],
)
def test_listen(written: object, listen: str) -> None:
    assert addresses.listen(written).listen == listen


@pytest.mark.parametrize(
    "written",
    ["", ":", "localhost", "localhost:", "localhost:x", "a b:80", "127.0.0.1:99999", "999.1.1.1:80",
     "[::1]", "[nope]:80", "[1.2.3.4]x:80", "-x:80", -1, 70000, True, None, "unix:/run/x"],
)  # fmt: skip
def test_no_listen(written: object) -> None:
    with pytest.raises(WrongValueError):
        addresses.listen(written)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://example.org", "https://example.org"),
        ("https://example.org/", "https://example.org"),
        ("https://example.org/a/b//", "https://example.org/a/b"),
        ("HTTP://Example.ORG:8080/Path", "http://example.org:8080/Path"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
        ("https://example.org/a%20b", "https://example.org/a%20b"),
    ],
)
def test_base_url(written: str, url: str) -> None:
    assert addresses.base_url(written) == url


@pytest.mark.parametrize(
    "written",
    ["", "/", "example.org", "//example.org", "https://", "https:///x", "https://example.org?",
     "https://example.org/#x", "https://example.org:0", "https://example.org:", "https://a b.org",
     "https://example.org:x", "https://[::1", "mailto:x@example.org", "https://example.org/ü",
     "https://example.org/%zz", "https://exa\nmple.org", "https://-x.org", "https://straße.example",
     "https://u@example.org", "javascript:alert(1)", 5, None],
)  # fmt: skip
def test_no_base_url(written: object) -> None:
    with pytest.raises(WrongValueError):
        addresses.base_url(written)


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de-at", "de-AT"),
        ("EN-gb", "en-GB"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("de-CH-1996", "de-CH-1996"),
        ("gsw", "gsw"),
        ("de-x-Private", "de-x-private"),
        ("de-u-co-phonebk", "de-u-co-phonebk"),
    ],
)
def test_language(written: str, tag: str) -> None:
    assert words.language(written) == tag


@pytest.mark.parametrize(
    "written", ["", "d", "de_DE", "german", "de-", "-de", "de--AT", "de AT", "ду", "de-x", 1, None]
)
def test_no_language(written: object) -> None:
    with pytest.raises(WrongValueError):
        words.language(written)


@pytest.mark.parametrize(
    "written",
    ["", ".", "..", "../../etc/passwd", "/etc/localtime", "Europe", "Europe/", "Nowhere", "\0",
     "localtime", "LOCALTIME", "+01:00", 1, None],
)  # fmt: skip
def test_no_zone(written: object) -> None:
    with pytest.raises(WrongValueError):
        words.zone(written)


@pytest.mark.parametrize("written", ["utf-8", "windows-1252", "ISO-8859-15", "koi8-r", "latin1"])
def test_encoding(written: str) -> None:
    assert words.encoding(written) == written.lower()


@pytest.mark.parametrize(
    "written", ["", "rot13", "base64", "zlib", "idna", "punycode", "unicode_escape", "x\0", "ü", 5]
)
def test_no_encoding(written: object) -> None:
    with pytest.raises(WrongValueError):
        words.encoding(written)


@pytest.mark.parametrize(
    "written", ["", "(", "*", "[", "a{99999999999999999999}", "(?P<x", "\\", "(" * 300, 5, None]
)
def test_no_pattern(written: object) -> None:
    with pytest.raises(WrongValueError):
        words.pattern(written)


def test_a_pattern_can_mind_the_case() -> None:
    assert words.pattern("wien").search("WIEN")
    assert not words.pattern("(?-i:wien)").search("WIEN")


def test_a_pattern_is_composed_as_articles_are() -> None:
    assert words.pattern("Bu\u0308hne").search("B\u00fchne")


@pytest.mark.parametrize("written", ["", "/x", "~/x", "a/../b", "..", "a\0", 5])
def test_no_glob(written: object) -> None:
    with pytest.raises(WrongValueError):
        words.glob(written)


@pytest.mark.parametrize(
    "written", ["x", "X-1", "a_b.c", "0", "_x", "aa", "archives", "x" * 100, "con", "a..b"]
)
def test_name(written: str) -> None:
    assert names.name(written) == written


@pytest.mark.parametrize(
    "written",
    ["a", "A", "archive", "index.html", "INDEX.HTML", "index.html.gz", "opml.xml", "opml.xml.br",
     "sitemap.xml", "_ops", "media"],
)  # fmt: skip
def test_a_name_of_the_output_directory_is_for_sources_only(written: str) -> None:
    assert names.name(written) == written
    with pytest.raises(WrongValueError):
        names.of_feed(written)


@pytest.mark.parametrize(
    "written",
    ["", " ", ".", "..", ".x", "-x", "a b", "a/b", "ä", "x" * 101, "x\n", "٣", 5, None],
)
def test_no_name(written: object) -> None:
    with pytest.raises(WrongValueError):
        names.name(written)


@given(st.text())
def test_a_made_name_is_a_valid_one(words_: str) -> None:
    made = names.made_of(words_)

    assert made is None or names.name(made) == made


@pytest.mark.parametrize(
    ("written", "read"),
    [("2025", "2025"), (2025, "2025"), ("2025-03", "2025-03"), (date(2025, 3, 15), "2025-03-15")],
)
def test_authority_date(written: object, read: str) -> None:
    assert addresses.authority_date(written) == read


@pytest.mark.parametrize("written", ["", "25", "2025-13", "2025-02-30", "2025-3", 0, True, "0000"])
def test_no_authority_date(written: object) -> None:
    with pytest.raises(WrongValueError):
        addresses.authority_date(written)


def test_authority_may_be_an_address() -> None:
    assert addresses.authority("News@Example.org") == "news@example.org"


@pytest.mark.parametrize("written", ["", "a_b.org", "example.org:80", "a@b@c", "ä.org", "x/y", 1])
def test_no_authority(written: object) -> None:
    with pytest.raises(WrongValueError):
        addresses.authority(written)


def test_networks_and_single_addresses() -> None:
    read = many(addresses.network, "")

    assert read(["127.0.0.1", "fd00::/8"]) == (ip_network("127.0.0.1/32"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("reader", "written"),
    [
        pytest.param(addresses.email, "a@b@c", id="email-two-ats"),
        pytest.param(addresses.email, "Name <a@b>", id="email-with-a-name"),
        pytest.param(addresses.email, "müller@example.org", id="email-beyond-ascii"),
        pytest.param(addresses.icon, "//example.org/x", id="icon-without-a-scheme"),
        pytest.param(addresses.icon, "icon.png", id="icon-relative"),
        pytest.param(addresses.link_template, "https://example.org/{}", id="link-nameless-field"),
        pytest.param(addresses.link_template, "https://example.org/{path", id="link-open-brace"),
        pytest.param(addresses.link_template, "{path}", id="link-relative"),
        pytest.param(addresses.store_url, "sqlite:///", id="store-no-file"),
        pytest.param(addresses.store_url, "sqlite://", id="store-no-path"),
        pytest.param(addresses.store_url, "sqlite:///var/", id="store-a-folder"),
        pytest.param(addresses.store_url, "sqlite:///x.db?mode=ro", id="store-with-options"),
        pytest.param(addresses.store_url, 5, id="store-a-number"),
        pytest.param(addresses.network, 5, id="network-a-number"),
        pytest.param(flag, 1, id="flag-a-number"),
        pytest.param(count(5), 10**30, id="count-beyond-any-database"),
        pytest.param(text("x"), "\ufffe", id="text-xml-cannot-hold"),
    ],
)
def test_refused(reader: Reader[object], written: object) -> None:
    with pytest.raises(WrongValueError):
        reader(written)
