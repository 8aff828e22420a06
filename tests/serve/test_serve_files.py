"""The output directory in memory, without a server: which files, which versions, how many bytes."""

from __future__ import annotations

import asyncio
import gzip
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from feedsvc.serve.files import FRESH, Library, UnavailableError
from feedsvc.serve.resource import OpenFile, Redirect, Resource

Publish = Callable[[Path, bytes], None]
TEXT = b"<feed>Ein Text, der sich lohnt</feed>" * 20


def get(library: Library, *paths: str) -> list[Resource | Redirect | None]:
    """What each path gives, one after the other, each looked at anew."""

    async def all_of_them() -> list[Resource | Redirect | None]:
        found = []
        for path in paths:
            if library.size:
                await asyncio.sleep(FRESH * 1.1)
            found.append(await library.get(path))
        return found

    return asyncio.run(all_of_them())


def body(found: Resource | Redirect | None, coding: str = "identity") -> bytes | None:
    return found.contents[coding].body if isinstance(found, Resource) else None


def codings(found: Resource | Redirect | None) -> tuple[str, ...]:
    assert isinstance(found, Resource)
    return found.codings


@contextmanager
def no_more_open_files() -> Iterator[None]:
    """Every attempt to open a file fails, as on a machine that ran out of descriptors."""
    free = os.open(os.devnull, os.O_RDONLY)
    os.close(free)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_all_sidecars_of_a_document_are_used(tmp_path: Path, publish: Publish) -> None:
    publish(tmp_path / "a.xml", TEXT)

    [found] = get(Library(tmp_path), "/a.xml")

    assert body(found) == TEXT
    assert codings(found) == ("br", "zstd", "gzip")


def test_a_sidecar_of_an_older_document_is_not(tmp_path: Path, publish: Publish) -> None:
    publish(tmp_path / "a.xml", TEXT)
    (tmp_path / "a.xml").write_bytes(TEXT.upper())
    os.utime(tmp_path / "a.xml", (1, 1))  # the sidecars look newer

    [found] = get(Library(tmp_path), "/a.xml")

    assert body(found) == TEXT.upper()
    assert codings(found) == ()


def test_only_the_stale_sidecar_is_left_out(tmp_path: Path, publish: Publish) -> None:
    publish(tmp_path / "a.xml", TEXT)
    (tmp_path / "a.xml.br").write_bytes(b"")

    [found] = get(Library(tmp_path), "/a.xml")

    assert codings(found) == ("zstd", "gzip")


def test_a_sidecar_that_saves_nothing_is_left_out(tmp_path: Path, publish: Publish) -> None:
    publish(tmp_path / "a.xml", b"<a/>")

    [found] = get(Library(tmp_path), "/a.xml")

    assert codings(found) == ()


def test_a_sidecar_outside_the_directory_is_left_out(tmp_path: Path) -> None:
    public = tmp_path / "public"
    public.mkdir()
    (public / "a.xml").write_bytes(TEXT)
    (tmp_path / "elsewhere.gz").write_bytes(gzip.compress(TEXT))
    (public / "a.xml.gz").symlink_to("../elsewhere.gz")

    [found] = get(Library(public), "/a.xml")

    assert codings(found) == ()


def test_a_new_sidecar_beside_the_old_document_takes_nothing_away(
    tmp_path: Path, publish: Publish
) -> None:
    publish(tmp_path / "a.xml", TEXT)
    library = Library(tmp_path)
    [before] = get(library, "/a.xml")
    (tmp_path / "a.xml.gz").write_bytes(gzip.compress(TEXT.upper()))  # the first of four renames

    [between] = get(library, "/a.xml")
    publish(tmp_path / "a.xml", TEXT.upper())
    [after] = get(library, "/a.xml")

    assert body(between, "gzip") == body(before, "gzip")
    assert body(after) == TEXT.upper()
    assert gzip.decompress(body(after, "gzip") or b"") == TEXT.upper()


def test_an_edit_of_equal_size_and_date_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(b"old")
    os.utime(file, (1_000, 1_000))
    library = Library(tmp_path)
    [before] = get(library, "/a.txt")
    file.write_bytes(b"new")
    os.utime(file, (1_000, 1_000))

    [after] = get(library, "/a.txt")

    assert (body(before), body(after)) == (b"old", b"new")


def test_the_directory_may_be_a_link_that_is_switched(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
    (tmp_path / "public").symlink_to("one")
    library = Library(tmp_path / "public")
    [before] = get(library, "/a.txt")
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").rename(tmp_path / "public")

    [after] = get(library, "/a.txt")

    assert (body(before), body(after)) == (b"one", b"two")


@pytest.fixture
def traps(tmp_path: Path) -> Path:
    """An output directory with everything in it that must not be answered."""
    public = tmp_path / "public"
    for folder in (public / ".git", public / "dir.html", tmp_path / "private"):
        folder.mkdir(parents=True)
    for name in (".git/config", ".env", "a.txt", "dir.html/b.txt"):
        (public / name).write_text(name)
    (tmp_path / "private" / "index.html").write_text("private")
    (tmp_path / "public-too.txt").write_text("a neighbour whose name begins alike")
    links = {
        "leaves.txt": "../public-too.txt",
        "absolute.html": str(tmp_path / "private" / "index.html"),
        "folder": "../private",
        "hidden.txt": ".env",
        "stays.txt": "a.txt",
        "loop.txt": "loop.txt",
        "nothing.txt": "missing",
        "up": "..",
    }
    for name, target in links.items():
        (public / name).symlink_to(target)
    os.mkfifo(public / "pipe.txt")
    return public


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/leaves.txt", id="a-link-that-leaves"),
        pytest.param("/absolute.html", id="an-absolute-link-that-leaves"),
        pytest.param("/folder/index.html", id="a-folder-that-leaves"),
        pytest.param("/folder/", id="the-page-of-a-folder-that-leaves"),
        pytest.param("/folder", id="the-name-of-a-folder-that-leaves"),
        pytest.param("/up/private/index.html", id="a-link-up"),
        pytest.param("/hidden.txt", id="a-link-to-a-hidden-file"),
        pytest.param("/loop.txt", id="a-link-to-itself"),
        pytest.param("/nothing.txt", id="a-link-to-nothing"),
        pytest.param("/pipe.txt", id="a-pipe"),
        pytest.param("/dir.html", id="a-folder-without-a-page"),
        pytest.param("/a.txt/", id="a-file-with-a-slash"),
        pytest.param("/a.txt/b", id="below-a-file"),
        pytest.param("/A.txt", id="other-case"),
        pytest.param("/.env", id="a-hidden-file"),
        pytest.param("/.git/config", id="below-a-hidden-folder"),
    ],
)
def test_nothing_but_the_directory(traps: Path, path: str) -> None:
    assert get(Library(traps), path) == [None]


@pytest.mark.parametrize("path", ["/stays.txt", "/up/public/a.txt"])
def test_a_link_that_ends_inside_is_followed(traps: Path, path: str) -> None:
    assert body(get(Library(traps), path)[0]) == b"a.txt"


def test_a_directory_that_is_not_there_yet_is_empty(tmp_path: Path, publish: Publish) -> None:
    library = Library(tmp_path / "later")
    assert get(library, "/a.txt", "/") == [None, None]

    publish(tmp_path / "later" / "a.txt", b"now")

    assert body(get(library, "/a.txt")[0]) == b"now"


def test_a_folder_with_a_page_is_a_redirect(tmp_path: Path, publish: Publish) -> None:
    publish(tmp_path / "all" / "index.html", TEXT)

    assert get(Library(tmp_path), "/all") == [Redirect()]


def test_memory_is_bounded_and_the_least_asked_for_goes(tmp_path: Path) -> None:
    for number in range(40):
        (tmp_path / f"{number}.txt").write_bytes(b"%02d" % number * 25_000)
    library = Library(tmp_path, budget=500_000)

    async def ask() -> None:
        kept = await library.get("/0.txt")
        for number in range(1, 40):
            await library.get(f"/{number}.txt")
            assert await library.get("/0.txt") is kept
            assert library.size <= 500_000

    asyncio.run(ask())

    assert 400_000 < library.size <= 500_000


def test_a_large_file_is_not_held_in_memory(tmp_path: Path, publish: Publish) -> None:
    large = TEXT * 100
    publish(tmp_path / "a.xml", large)
    library = Library(tmp_path, large=10_000)

    [found] = get(library, "/a.xml")

    assert isinstance(found, Resource)
    assert found.contents["identity"].body is None
    assert found.contents["gzip"].body is not None  # verified against the file on the disk
    file = found.contents["identity"].file
    assert isinstance(file, OpenFile)
    (tmp_path / "a.xml").unlink()
    assert file.read(0, len(large)) == large
    assert file.read(100, 117) == large[100:117]


def test_a_large_file_has_the_tag_of_its_content(tmp_path: Path, publish: Publish) -> None:
    publish(tmp_path / "a.xml", TEXT)

    [small] = get(Library(tmp_path), "/a.xml")
    [large] = get(Library(tmp_path, large=10), "/a.xml")

    assert isinstance(small, Resource)
    assert isinstance(large, Resource)
    for coding in ("identity", "gzip", "br", "zstd"):
        tags = {found.form(coding, document=False).etag for found in (small, large)}
        assert len(tags) == 1


def test_descriptors_of_large_files_are_bounded(tmp_path: Path) -> None:
    for number in range(60):
        (tmp_path / f"{number}.txt").write_bytes(b"%02d" % number * 100)
    library = Library(tmp_path, large=10, budget=2 * 1024 * 1024)
    before = len(list(Path("/proc/self/fd").iterdir()))

    async def ask() -> None:
        for number in range(60):
            await library.get(f"/{number}.txt")

    asyncio.run(ask())

    assert len(list(Path("/proc/self/fd").iterdir())) <= before + 8


def test_a_file_is_read_once_for_all_who_ask_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    library = Library(tmp_path)

    async def ask() -> list[Resource | Redirect | None]:
        return await asyncio.gather(*(library.get("/a.txt") for _ in range(50)))

    found = asyncio.run(ask())

    assert len({id(each) for each in found}) == 1


def test_a_reader_who_leaves_does_not_spoil_it_for_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    library = Library(tmp_path)

    async def ask() -> Resource | Redirect | None:
        leaving = asyncio.create_task(library.get("/a.txt"))
        staying = asyncio.create_task(library.get("/a.txt"))
        await asyncio.sleep(0)
        leaving.cancel()
        return await staying

    assert body(asyncio.run(ask())) == TEXT


def test_what_cannot_be_read_now_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    library = Library(tmp_path)

    async def ask() -> None:
        await asyncio.to_thread(lambda: None)  # its thread exists already
        with no_more_open_files(), pytest.raises(UnavailableError):
            await library.get("/a.txt")

    asyncio.run(ask())


def test_the_last_good_version_stays_while_the_disk_has_trouble(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    library = Library(tmp_path)

    async def ask() -> tuple[Resource | Redirect | None, Resource | Redirect | None]:
        await library.get("/a.txt")
        (tmp_path / "a.txt").write_bytes(b"newer")
        await asyncio.sleep(FRESH * 1.1)
        with no_more_open_files():
            during = await library.get("/a.txt")
        await asyncio.sleep(FRESH * 1.1)
        return during, await library.get("/a.txt")

    during, after = asyncio.run(ask())

    assert (body(during), body(after)) == (TEXT, b"newer")


def test_last_modified_is_not_in_the_future(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    os.utime(tmp_path / "a.txt", (2_000, 2_000))

    [past] = get(Library(tmp_path, now=lambda: 3_000.5), "/a.txt")
    [future] = get(Library(tmp_path, now=lambda: 1_000.5), "/a.txt")

    assert isinstance(past, Resource)
    assert isinstance(future, Resource)
    assert (past.modified, future.modified) == (2_000, 1_000)


def test_an_unchanged_file_is_the_same_resource(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(TEXT)
    library = Library(tmp_path)

    async def ask() -> list[object]:
        return [await library.get("/a.txt") for _ in range(3)]

    first, *others = asyncio.run(ask())

    assert all(other is first for other in others)
