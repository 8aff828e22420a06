"""The output directory: whole files or none, and compressed forms that say the same."""

from __future__ import annotations

import errno
import gzip
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import brotli
import pytest
import zstandard

from feedsvc.decide import digest
from feedsvc.errors import PublishError
from feedsvc.ports import LedgerLine, PageFile, Placed
from feedsvc.publish.directory import Directory
from feedsvc.publish.disk import MANY
from feedsvc.publish.forms import SIDECARS, SMALLEST

BODY = b"<feed>" + b"a harbour, a ferry, a bridge. " * 200 + b"</feed>"
OTHER = b"<feed>" + b"another harbour, another ferry. " * 150 + b"</feed>"


def _opened(path: Path) -> bytes:
    """What a reader of a sidecar sees."""
    data = path.read_bytes()
    if path.suffix == ".gz":
        return gzip.decompress(data)
    if path.suffix == ".br":
        return bytes(brotli.decompress(data))
    return zstandard.ZstdDecompressor().decompress(data)


def _line(directory: Directory, path: str, body: bytes) -> LedgerLine:
    own, sidecars = directory.place({path: body})[path]
    return LedgerLine(
        path=path, feed="all", format="atom", digest=b"", entries=1, placed=own, sidecars=sidecars
    )


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_document_lies_there_with_its_sidecars(tmp_path: Path) -> None:
    found = Directory(tmp_path / "public").place({"all/atom.xml": BODY, "all/rss.xml": OTHER})

    for name, body in (("atom.xml", BODY), ("rss.xml", OTHER)):
        path = tmp_path / "public" / "all" / name
        own, sidecars = found[f"all/{name}"]
        assert path.read_bytes() == body
        assert own == Placed(size=len(body), mtime_ns=path.stat().st_mtime_ns)
        for ending in SIDECARS:
            sidecar = path.with_name(name + ending)
            told = sidecar.stat()
            assert _opened(sidecar) == body
            assert sidecars[ending] == Placed(size=told.st_size, mtime_ns=told.st_mtime_ns)
    assert len(_names(tmp_path / "public" / "all")) == 8


def test_sidecars_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    Directory(tmp_path / "one").place({"atom.xml": BODY})
    Directory(tmp_path / "two").place({"atom.xml": BODY})

    for ending in SIDECARS:
        one, two = ((tmp_path / name / f"atom.xml{ending}") for name in ("one", "two"))
        assert one.read_bytes() == two.read_bytes()
    assert (tmp_path / "one" / "atom.xml.gz").read_bytes()[4:8] == bytes(4)  # RFC 1952: no MTIME


def test_gzip_is_one_member(tmp_path: Path) -> None:
    Directory(tmp_path).place({"atom.xml": BODY})

    reader = zlib.decompressobj(wbits=31)
    assert reader.decompress((tmp_path / "atom.xml.gz").read_bytes()) == BODY
    assert reader.eof
    assert reader.unused_data == b""


def test_a_large_document_needs_no_more_than_the_window_browsers_allow(tmp_path: Path) -> None:
    body = random.Random(1).randbytes(6_000_000) * 2
    Directory(tmp_path).place({"atom.xml": body})

    # RFC 9659: the window of `zstd` content coding is at most 8 MB.
    frame = zstandard.get_frame_parameters((tmp_path / "atom.xml.zst").read_bytes()[:18])
    assert frame.window_size <= 8 * 1024 * 1024


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        pytest.param(SMALLEST - 1, set(), id="too-small-to-save-anything"),
        pytest.param(SMALLEST, set(SIDECARS), id="from-there-on"),
        pytest.param(0, set(), id="empty"),
    ],
)
def test_small_documents_have_no_sidecars(tmp_path: Path, size: int, expected: set[str]) -> None:
    line = _line(Directory(tmp_path), "feed.json", b"x" * size)

    assert set(line.sidecars) == expected
    assert _names(tmp_path) == {"feed.json"} | {f"feed.json{ending}" for ending in expected}


def test_a_document_that_became_small_loses_its_sidecars(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.place({"feed.json": BODY})

    line = _line(directory, "feed.json", b"{}")

    assert _names(tmp_path) == {"feed.json"}
    assert directory.lies(line)


@pytest.mark.parametrize("name", ["atom.xml", *(f"atom.xml{ending}" for ending in SIDECARS)])
@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda path: path.unlink(), id="deleted"),
        pytest.param(lambda path: path.write_bytes(b"tampered"), id="overwritten"),
        pytest.param(lambda path: os.utime(path, (1, 1)), id="dated-back"),
        pytest.param(lambda path: os.truncate(path, 10), id="cut-off"),
    ],
)
def test_what_does_not_lie_as_recorded_is_noticed(
    tmp_path: Path, name: str, harm: Callable[[Path], object]
) -> None:
    directory = Directory(tmp_path)
    line = _line(directory, "atom.xml", BODY)
    assert directory.lies(line)

    harm(tmp_path / name)

    assert not directory.lies(line)


def test_of_many_files_those_that_are_not_as_recorded_are_found(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    lines = [_line(directory, f"a/{number}/index.html", BODY) for number in range(5)]
    files = [PageFile(one.path, one.placed.size, one.placed.mtime_ns, 1) for one in lines]
    assert directory.strays(files) == set()

    (tmp_path / "a/1/index.html").unlink()
    (tmp_path / "a/2/index.html").write_bytes(OTHER)
    os.utime(tmp_path / "a/3/index.html", (1, 1))
    (tmp_path / "a/4/index.html.gz").unlink()  # sidecars are `lies`'s to look at

    assert directory.strays(files) == {f"a/{number}/index.html" for number in (1, 2, 3)}
    assert not directory.lies(lines[4])


@pytest.mark.parametrize(
    ("umask", "file", "folder"), [(0o022, 0o644, 0o755), (0o077, 0o600, 0o700)]
)
def test_rights_are_what_the_umask_leaves(
    tmp_path: Path, umask: int, file: int, folder: int
) -> None:
    before = os.umask(umask)
    try:
        Directory(tmp_path / "public").place({"all/atom.xml": BODY})
    finally:
        os.umask(before)

    place = tmp_path / "public" / "all"
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {file}
    assert place.stat().st_mode & 0o777 == folder


def test_what_a_killed_run_left_is_swept(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.place({"all/atom.xml": BODY})
    (tmp_path / "all" / ".atom.xml.tmp-deadbeef").write_bytes(b"half")
    (tmp_path / "all" / ".rss.xml.gz.tmp-deadbeef").write_bytes(b"half")
    (tmp_path / "all" / ".htaccess").write_bytes(b"somebody's own")

    directory.place({"all/atom.xml": OTHER})

    assert _names(tmp_path / "all") == {
        "atom.xml", "atom.xml.gz", "atom.xml.br", "atom.xml.zst", ".htaccess",
    }  # fmt: skip


def test_removal_takes_the_sidecars_the_leftovers_and_the_empty_folder(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.place({"all/atom.xml": BODY, "sea/atom.xml": BODY, "index.html": BODY})
    (tmp_path / "all" / ".atom.xml.tmp-deadbeef").write_bytes(b"half")
    (tmp_path / "sea" / "notes.txt").write_bytes(b"somebody's own")

    directory.remove(["all/atom.xml", "sea/atom.xml", "index.html", "never/was.xml"])

    assert _names(tmp_path) == {"sea"}
    assert _names(tmp_path / "sea") == {"notes.txt"}


def test_a_folder_in_the_place_of_a_file_is_told_and_the_others_stay(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    directory.place({"all/atom.xml": BODY})
    (tmp_path / "all" / "atom.xml.gz").unlink()
    (tmp_path / "all" / "atom.xml.gz" / "in-the-way").mkdir(parents=True)

    with pytest.raises(PublishError) as told:
        directory.place({"all/atom.xml": OTHER})

    assert str(told.value) == f"cannot write {tmp_path}/all/atom.xml.gz: a folder lies in its place"
    assert told.value.hint == "move the folder away; the next build does the rest"
    assert (tmp_path / "all" / "atom.xml").read_bytes() == BODY
    assert not [name for name in _names(tmp_path / "all") if "tmp-" in name]


def test_a_file_in_the_place_of_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "all").write_text("somebody's own")

    with pytest.raises(PublishError) as told:
        Directory(tmp_path).place({"all/atom.xml": BODY})

    assert str(told.value) == f"cannot write {tmp_path}/all: a file lies where a folder has to be"


KEY = "Zk3pQ81xvB7tLm2dRw0AyE5sHn9cJ4gU"


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda directory, path: directory.place({path: BODY}), id="placed"),
        pytest.param(lambda directory, path: directory.keep(path, BODY), id="kept"),
        pytest.param(lambda directory, path: directory.remove([path]), id="removed"),
    ],
)
def test_what_is_told_holds_no_key(tmp_path: Path, act: Callable[[Directory, str], object]) -> None:
    (tmp_path / "desk" / KEY / "atom.xml" / "in-the-way").mkdir(parents=True)

    with pytest.raises(PublishError) as told:
        act(Directory(tmp_path), f"desk/{KEY}/atom.xml")

    assert f"{tmp_path}/desk/Zk3p.../atom.xml" in str(told.value)


def test_what_is_told_names_the_document_and_not_its_unfinished_file(tmp_path: Path) -> None:
    name = "x" * 250  # with its mark, longer than a file system takes

    with pytest.raises(PublishError) as told:
        Directory(tmp_path).place({f"all/{name}": BODY})

    assert str(told.value).startswith(f"cannot write {tmp_path}/all/{name}.gz: ")


# -- in a process of its own ---------------------------------------------------------------------

_FULL_DISK = """
    import resource, signal, sys
    from pathlib import Path
    from feedsvc.errors import PublishError
    from feedsvc.publish.directory import Directory

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # as on a disk with little room
    try:
        Directory(Path(sys.argv[1])).place({"all/atom.xml": b"<feed>" + b"x" * 100_000})
    except PublishError as error:
        print(error)
"""


def test_a_disk_that_fills_up_leaves_the_last_good_files(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    line = _line(directory, "all/atom.xml", BODY)

    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_FULL_DISK), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
    )

    assert os.strerror(errno.EFBIG) in run.stdout
    assert directory.lies(line)
    assert len(_names(tmp_path / "all")) == 4


_WRITER = """
    import itertools, sys
    from pathlib import Path
    from feedsvc.publish.directory import Directory

    directory = Directory(Path(sys.argv[1]))
    print("ready", flush=True)
    for turn in itertools.count():
        letter = b"abcdefgh"[turn % 8:turn % 8 + 1]
        directory.place({"all/atom.xml": b"<" + letter * (20_000 + turn % 7 * 9_000) + b">"})
"""


def test_a_reader_sees_whole_files_whenever_the_writer_is_killed(tmp_path: Path) -> None:
    target = tmp_path / "all" / "atom.xml"
    pause = random.Random(7)
    seen = 0
    for _ in range(6):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_WRITER), str(tmp_path)],
            stdout=subprocess.PIPE,
        )
        assert writer.stdout is not None
        with writer, writer.stdout as told:
            assert told.readline() == b"ready\n"
            until = time.monotonic() + pause.uniform(0.02, 0.15)
            while time.monotonic() < until:
                seen += _look(target)
            writer.send_signal(signal.SIGKILL)
        _look(target)

    assert seen > 50
    Directory(tmp_path).place({"all/atom.xml": BODY})
    assert len(_names(tmp_path / "all")) == 4


def _look(target: Path) -> int:
    """Read every form there is; each has to be one of the writer's documents, and whole."""
    found = 0
    for ending in ("", *SIDECARS):
        path = target.with_name(target.name + ending)
        try:
            body = _opened(path) if ending else path.read_bytes()
        except FileNotFoundError:
            continue
        assert body[:1] == b"<"
        assert body[-1:] == b">"
        assert len(set(body[1:-1])) == 1
        assert (len(body) - 20_002) % 9_000 == 0
        found += 1
    return found


def test_many_files_are_as_whole_as_few(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    pages = {f"a/{number}/index.html": BODY + bytes(number) for number in range(MANY)}

    found = directory.place(pages)

    for path, (own, sidecars) in found.items():
        assert (tmp_path / path).read_bytes() == pages[path]
        assert own.size == len(pages[path])
        assert set(sidecars) == set(SIDECARS)
        assert len(_names((tmp_path / path).parent)) == 4
    directory.remove(list(pages)[1:])
    assert _names(tmp_path / "a") == {"0"}


def test_one_file_that_cannot_be_placed_among_many_changes_none(tmp_path: Path) -> None:
    directory = Directory(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "7").write_text("somebody's own")

    with pytest.raises(PublishError, match="cannot write"):
        directory.place({f"a/{number}/index.html": BODY for number in range(MANY)})

    assert not list(tmp_path.glob("a/*/*"))


# -- on another machine --------------------------------------------------------------------------


def test_what_is_published_again_as_it_was_is_as_old_as_it_was(tmp_path: Path) -> None:
    then = tmp_path / "then"
    documents = {"all/atom.xml": b"<feed/>" * 100, "all/rss.xml": b"<rss/>" * 100}
    first = Directory(then).place(documents)
    ledger = {}
    for number, (path, (own, sidecars)) in enumerate(first.items()):
        old = {end: Placed(size=lay.size, mtime_ns=(number + 1) * 10**18 + 7)
               for end, lay in {"": own, **sidecars}.items()}  # fmt: skip
        ledger[path] = LedgerLine(
            path=path, feed="all", format="atom", digest=digest(documents[path]), entries=1,
            placed=old.pop(""), sidecars=old,
        )  # fmt: skip
    asked: list[list[str]] = []

    def recall(paths: Sequence[str]) -> dict[str, LedgerLine]:
        asked.append(list(paths))
        return {path: ledger[path] for path in paths if path in ledger}

    now = Directory(tmp_path / "now", recall)
    again = now.place({**documents, "all/feed.json": b"{}"})

    assert asked == [[*documents, "all/feed.json"]]
    assert all(now.lies(line) for line in ledger.values())
    assert again["all/atom.xml"] == (ledger["all/atom.xml"].placed, ledger["all/atom.xml"].sidecars)
    assert again["all/feed.json"][0].mtime_ns > 10**18 * 1.5


def test_what_is_published_in_another_form_is_new(tmp_path: Path) -> None:
    """And what stands in its place may be later than what is put there."""
    old = Placed(size=7, mtime_ns=10**18)
    line = LedgerLine(
        path="atom.xml", feed="all", format="atom", digest=digest(b"<feed/>"), entries=1,
        placed=old, sidecars={},
    )  # fmt: skip
    directory = Directory(tmp_path, lambda paths: {"atom.xml": line} if paths else {})

    other = directory.place({"atom.xml": b"<feeds/>"})["atom.xml"][0]
    back = directory.place({"atom.xml": b"<feed/>"})["atom.xml"][0]

    assert min(other.mtime_ns, back.mtime_ns) > 10**18
    (tmp_path / "atom.xml").unlink()
    assert directory.place({"atom.xml": b"<feed/>"})["atom.xml"][0] == old
