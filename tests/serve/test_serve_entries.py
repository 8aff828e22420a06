"""Documents taken apart at their bytes, what is told by new entries alone, and what is kept."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence

import pytest

from feedsvc.serve.entries import Version, cut, fresh, is_subscribed
from feedsvc.serve.versions import Versions

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Größe</title>{0}</feed>"""
RSS = """<rss version="2.0"><channel><title>T</title>{0}</channel></rss>"""
ONE = "<entry><id>urn:x:1</id><title>1 &gt; 0</title></entry>"
TWO = "<entry xml:lang='de'><title>2</title><id>urn:x:2</id></entry >"
ITEM = "<item><title>1</title><guid isPermaLink='false'>g1</guid></item>"
HEAD = '{"version":"https://jsonfeed.org/version/1.1","title":"T","items":[\n'


@pytest.mark.parametrize(
    ("name", "document", "entries"),
    [
        pytest.param("atom.xml", ATOM.format(ONE + TWO), [ONE, TWO], id="in-one-line"),
        pytest.param("atom.xml", ATOM.format(f"\n {ONE}\n {TWO}\n"), [ONE, TWO], id="indented"),
        pytest.param("atom.xml", "\ufeff" + ATOM.format(ONE), [ONE], id="behind-a-mark"),
        pytest.param(
            "atom.xml",
            '<a:feed xmlns:a="http://www.w3.org/2005/Atom">'
            "<a:entry><a:id>1</a:id></a:entry></a:feed>",
            ["<a:entry><a:id>1</a:id></a:entry>"],
            id="another-prefix",
        ),
        pytest.param(
            "atom.xml",
            ATOM.format(f"<!-- {TWO} -->{ONE}<!-- {TWO} -->"),
            [ONE],
            id="comments-are-no-entries",
        ),
        pytest.param(
            "atom.xml",
            ATOM.format(ONE.replace("1 &gt; 0", "<![CDATA[</entry><entry>]]>")),
            [ONE.replace("1 &gt; 0", "<![CDATA[</entry><entry>]]>")],
            id="marks-within-a-text",
        ),
        pytest.param(
            "atom.xml",
            ATOM.format(ONE.replace("</entry>", f"<source>{TWO}<id>s</id></source></entry>")),
            [ONE.replace("</entry>", f"<source>{TWO}<id>s</id></source></entry>")],
            id="entries-within-an-entry",
        ),
        pytest.param("rss.xml", RSS.format(ITEM), [ITEM], id="rss"),
        pytest.param(
            "feed.json",
            HEAD + '{"id":"1"},\n{"id":"2"}]}\n',
            ['{"id":"1"}', '{"id":"2"}'],
            id="json",
        ),
    ],
)
def test_entries_are_cut_out_at_their_bytes(name: str, document: str, entries: list[str]) -> None:
    found = cut(name, document.encode())

    assert found is not None
    assert [entry.decode() for entry in found.pieces.entries] == entries
    assert found.only(range(len(entries))).decode() == document
    assert found.only([]).decode().count("<entry") == document.count("<!-- <entry")


@pytest.mark.parametrize(
    ("name", "document"),
    [
        pytest.param("atom.xml", b"", id="empty"),
        pytest.param("atom.xml", ATOM.format("").encode(), id="no-entries"),
        pytest.param("atom.xml", ATOM.format(ONE)[:-3].encode(), id="cut-short"),
        pytest.param("atom.xml", ATOM.format(ONE + ONE).encode(), id="two-of-one-id"),
        pytest.param("atom.xml", ATOM.format("<entry/>").encode(), id="an-entry-without-an-id"),
        pytest.param("atom.xml", ATOM.format("<entry><id/></entry>").encode(), id="an-empty-id"),
        pytest.param("atom.xml", ATOM.format(f"{ONE}<x/>{TWO}").encode(), id="something-between"),
        pytest.param("atom.xml", ATOM.format(ONE).encode("utf-16"), id="in-utf-16"),
        pytest.param("atom.xml", ATOM.format(ONE).encode("utf-16-le"), id="in-utf-16-unmarked"),
        pytest.param(
            "atom.xml",
            b'<!DOCTYPE feed [<!ENTITY e "x">]><feed xmlns="http://www.w3.org/2005/Atom">'
            + ONE.encode()
            + b"</feed>",
            id="a-document-type",
        ),
        pytest.param(
            "atom.xml",
            ATOM.format(
                f'<c:complete xmlns:c="http://purl.org/syndication/history/1.0"/>{ONE}'
            ).encode(),
            id="what-a-complete-feed-lacks-is-deleted",
        ),
        pytest.param("atom.xml", b"<feed><entry><id>1</id></entry></feed>", id="no-namespace"),
        pytest.param("rss.xml", RSS.format("<item><link>x</link></item>").encode(), id="no-guid"),
        pytest.param("rss.xml", b"<html><item/></html>", id="no-feed"),
        pytest.param("feed.json", b"{}", id="json-without-items"),
        pytest.param("feed.json", HEAD.encode() + b"]}\n", id="json-without-an-item"),
        pytest.param("feed.json", HEAD.encode() + b'{"id":]}\n', id="json-with-an-error"),
        pytest.param("feed.json", HEAD.encode() + b"[" * 9_000 + b"]}\n", id="json-too-deep"),
        pytest.param("feed.json", HEAD.encode() + b'{"url":"u"}]}\n', id="json-without-an-id"),
        pytest.param("feed.json", HEAD.encode() + b'"id"]}\n', id="json-with-another-item"),
        pytest.param("feed.json", b'x,"items":[\n{"id":"1"}]}\n', id="json-with-a-broken-head"),
    ],
)
def test_other_documents_are_not_cut(name: str, document: bytes) -> None:
    assert cut(name, document) is None


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("all/atom.xml", True),
        ("all/rss.xml", True),
        ("group/word/feed.json", True),
        ("all/archive/3/atom.xml", False),
        ("group/word/archive/12/feed.json", False),
        ("archive/2024/atom.xml", True),
        ("all/archive/atom.xml", True),
        ("all/index.html", False),
        ("sitemap.xml", False),
    ],
)
def test_what_readers_subscribe_to(path: str, is_one: bool) -> None:
    assert is_subscribed(path.split("/")) is is_one


def version(entries: str) -> Version:
    """Entries as letters, each with a digit for what it says: `a1 b1`."""
    pairs = [(one[:1], one) for one in entries.split()]
    return Version(
        b"".join(name.encode().ljust(8) for name, _ in pairs),
        b"".join(said.encode().ljust(8) for _, said in pairs),
    )


@pytest.mark.parametrize(
    ("before", "now", "limit", "news"),
    [
        pytest.param("b1 a1", "c1 b1 a1", 9, {0}, id="a-new-one"),
        pytest.param("b1 a1", "b1 a2", 9, {1}, id="a-changed-one"),
        pytest.param("b1 a1", "d1 b2 c1 a1", 9, {0, 1, 2}, id="new-and-changed-ones"),
        pytest.param("b1 a1", "c1 b1 a1", None, {0}, id="without-a-known-limit"),
        pytest.param("c1 b1 a1", "d1 c1 b1", 3, {0}, id="the-oldest-slides-out"),
        pytest.param("c1 b1 a1", "e1 d1 c1", 3, {0, 1}, id="two-slide-out"),
        pytest.param("c1 b1 a1", "d1 c2 b1", 3, {0, 1}, id="one-slides-out-one-changes"),
        pytest.param("c1 b1 a1", "d1 c1 b1", None, {0}, id="as-many-as-before"),
        pytest.param("b1 a1", "e1 d1 c1 b1", 4, {0, 1, 2}, id="pushed-out-of-a-full-one"),
        pytest.param("e1 d1 c1 b1 a1", "f1 e1 d1", 3, {0}, id="an-archive-closes-its-page"),
        pytest.param("b1 a1", "b1 a1", 9, None, id="only-the-head-changed"),
        pytest.param("b1 a1", "a1 b1", 9, None, id="only-the-order-changed"),
        pytest.param("b1 a1", "d1 c1", 2, None, id="all-is-new"),
        pytest.param("b1 a1", "b2 a2", 9, None, id="all-has-changed"),
        pytest.param("", "a1", 9, None, id="it-was-empty"),
        pytest.param("c1 b1 a1", "d1 c1 a1", 3, None, id="one-in-the-middle-is-gone"),
        pytest.param("c1 b1 a1", "d1 b1 a1", 3, None, id="the-newest-is-gone"),
        pytest.param("c1 b1", "c1 a1", 2, None, id="an-older-one-came-in-for-the-last"),
        pytest.param("b1 a1", "c1 b1", 9, None, id="the-oldest-is-gone-from-one-that-is-not-full"),
        pytest.param("c1 b1 a1", "d1 c1", None, None, id="fewer-than-before"),
        pytest.param("d1 c1 b1 a1", "e1 d1 b1", 3, None, id="one-slid-out-one-is-gone"),
    ],
)
def test_what_is_told_by_new_entries(
    before: str, now: str, limit: int | None, news: set[int] | None
) -> None:
    assert fresh(version(now), version(before), limit=limit) == news


# What is remembered


def known(versions: Versions, path: str, tags: Sequence[str]) -> list[str]:
    """Those of the tags that are known there."""
    return [tag for tag in tags if versions.find(path, f'"{tag}"') is not None]


def test_memory_is_bounded_and_the_oldest_version_goes() -> None:
    versions = Versions(budget=10_000)
    tags = [f"{number:032}" for number in range(100)]
    for tag in tags:
        versions.learn("/all/atom.xml", [tag, f"z{tag}"], version("a1 b1"))

    kept = known(versions, "/all/atom.xml", tags)

    assert kept == tags[-len(kept) :]
    assert 5 < len(kept) < 20
    assert versions.size <= 10_000
    assert known(versions, "/all/atom.xml", [f"z{tag}" for tag in tags[: -len(kept)]]) == []


def test_nothing_is_left_of_what_is_forgotten() -> None:
    versions = Versions(budget=2_000)
    for number in range(50):
        versions.learn(f"/{number}/atom.xml", ["a", "b", "c"], version("a1"))

    assert [number for number in range(50) if known(versions, f"/{number}/atom.xml", "a")] == [49]


def test_what_is_sent_again_is_the_newest_again() -> None:
    versions = Versions()
    for tag, said in (("a", "a1"), ("b", "a2"), ("a", "a1")):
        versions.learn("/all/atom.xml", [tag], version(said))

    found = versions.find("/all/atom.xml", '"b", "a"')

    assert found is not None
    assert (found[0], found[1].version) == ('"a"', version("a1"))


def test_forms_that_are_made_anew_belong_to_the_same_version() -> None:
    versions = Versions()
    versions.learn("/all/atom.xml", ["plain", "old-gzip"], version("a1"))
    versions.learn("/all/atom.xml", ["plain", "new-gzip"], version("a1"))

    tags = ["plain", "old-gzip", "new-gzip"]
    assert known(versions, "/all/atom.xml", tags) == tags


@pytest.mark.parametrize("size", [10, 1_000])
def test_a_version_costs_what_the_budget_counts(size: int) -> None:
    versions = Versions(budget=1 << 30)
    tracemalloc.start()
    for number in range(300):
        row = b"%08d" % number * size
        tags = [f"{number:030}{form:02}" for form in range(4)]
        versions.learn("/all/atom.xml", tags, Version(row, bytes(bytearray(row))))
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert used < 1.1 * versions.size
