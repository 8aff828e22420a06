"""The folder source: what it looks at, what it leaves alone, and what it says is wrong."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedsvc.errors import FetchError
from feedsvc.model import Document, FileStat, Harvest, Unreadable
from feedsvc.ports import KnownFile
from feedsvc.settings import Source
from feedsvc.sources.folder import FolderSource
from feedsvc.sources.folder.names import ASSETS, FORMS, is_temporary
from tests.support import FrozenClock


@dataclass
class Folder:
    """A folder with a source on it that remembers what it has read, as the store would."""

    root: Path
    clock: FrozenClock = field(default_factory=FrozenClock)
    settings: Source = field(init=False)
    known: dict[str, KnownFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.settings = Source(name="desk", path=self.root, timezone=ZoneInfo("UTC"))
        self._source: FolderSource | None = None

    def set(self, **changes: Any) -> None:
        self.settings = replace(self.settings, **changes)
        self._source = None

    @property
    def source(self) -> FolderSource:
        if self._source is None:
            self._source = FolderSource(self.settings, self.clock)
        return self._source

    def write(self, name: str | bytes, text: str | bytes = "Title", *, age: float = 60) -> Path:
        path = self.root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        self.touch(path, age)
        return path

    def touch(self, path: Path, age: float) -> None:
        moment = self.clock.at.timestamp() - age
        os.utime(path, (moment, moment))

    def look(self, **asked: bool) -> Harvest:
        """What the source finds; nothing is remembered."""
        options = {"reread": False, "patient": False, "trust_loss": False} | asked
        return asyncio.run(self.source.collect(self.known, **options))

    def sync(self, **asked: bool) -> dict[str, bytes | str]:
        """What is new: bytes, or why there are none; it is known afterwards."""
        harvest = self.look(**asked)
        found: dict[str, bytes | str] = {}
        for row, document in enumerate(harvest.documents, start=len(self.known) + 1):
            if isinstance(document, Document):
                found[document.path] = document.data
                self.known[document.path] = KnownFile(document.stat, b"x", row, None)
            else:
                found[document.path] = document.reason
                self.known[document.path] = KnownFile(document.stat, b"", None, document.reason)
        for path in harvest.missing:
            del self.known[path]
        return found


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    root = tmp_path / "articles"
    root.mkdir()
    return Folder(root)


def problems(harvest: Harvest) -> dict[str | None, str]:
    return {problem.path: problem.reason for problem in harvest.problems}


# -- what is an article --------------------------------------------------------------------------


def test_all_files_in_all_folders_are_read_in_the_order_of_their_paths(folder: Folder) -> None:
    for name in ("b.txt", "a/z.md", "a/b/c.html", "plain"):
        folder.write(name, name)

    documents = list(folder.look().documents)

    assert [(d.path, d.form) for d in documents if isinstance(d, Document)] == [
        ("a/b/c.html", "html"), ("a/z.md", "markdown"), ("b.txt", "plaintext"),
        ("plain", "plaintext"),
    ]  # fmt: skip


@pytest.mark.parametrize("ending", sorted(end for end in FORMS if end))
def test_endings_are_known_in_any_case(folder: Folder, ending: str) -> None:
    folder.write(f"a{ending.upper()}")

    (document,) = folder.look().documents

    assert isinstance(document, Document)
    assert document.form == FORMS[ending]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(".hidden.txt", id="hidden"),
        pytest.param(".git/config", id="hidden-folder"),
        pytest.param("~$ferry.docx", id="office-lock"),
        pytest.param("#ferry.txt#", id="emacs"),
        pytest.param(".#ferry.txt", id="emacs-lock"),
        pytest.param("ferry.txt~", id="backup"),
        pytest.param(".ferry.txt.swp", id="vim"),
        pytest.param("ferry.txt.part", id="download"),
        pytest.param("ferry.txt.filepart", id="winscp"),
        pytest.param("ferry.crdownload", id="chromium"),
        pytest.param("ferry.TMP", id="temporary-in-capitals"),
        pytest.param("ferry.bak/ferry.txt", id="in-a-backup-folder"),
        pytest.param("Thumbs.db", id="windows"),
        pytest.param("desktop.ini", id="windows-settings"),
        pytest.param("._ferry.txt", id="macos-resource-fork"),
        pytest.param("Icon\r", id="macos-icon"),
        pytest.param("ferry.JPG", id="picture"),
        pytest.param("style.css", id="stylesheet"),
        pytest.param("recording.mp3", id="recording"),
        pytest.param("paper.pdf", id="paper"),
    ],
)
def test_what_lies_beside_articles_is_ignored(folder: Folder, name: str) -> None:
    folder.write("a.txt")
    folder.write(name)

    harvest = folder.look()

    assert harvest.paths == {"a.txt"}
    assert not harvest.problems


@pytest.mark.parametrize(
    "name",
    ["ferry.txt", "2025-06-01 Ferry.md", "a#b.txt", "part.txt", "tmp", "~ferry.txt", "notes.v2"],
)
def test_names_that_only_resemble_temporary_ones_are_read(name: str) -> None:
    assert not is_temporary(name)


def test_a_form_nobody_reads_is_one_problem(folder: Folder) -> None:
    folder.write("ferry.docx", b"PK\x03\x04")

    found = folder.sync()

    assert found == {
        "ferry.docx": "no parser reads '.docx' files; leave them out with exclude = [\"*.docx\"]"
    }
    assert folder.sync() == {}  # told once, not looked at again


def test_a_third_party_reads_the_ending_of_its_name(folder: Folder) -> None:
    folder.write("ferry.rst")
    source = FolderSource(folder.settings, folder.clock, forms=lambda: ["plaintext", "rst"])

    harvest = asyncio.run(source.collect({}, reread=False, patient=False, trust_loss=False))

    assert [d.form for d in harvest.documents if isinstance(d, Document)] == ["rst"]


@pytest.mark.parametrize(
    ("globs", "paths"),
    [
        pytest.param({"include": ("*.md",)}, {"a.md", "news/b.md"}, id="a-name-in-any-folder"),
        pytest.param({"include": ("news/*",)}, {"news/b.md", "news/c.txt"}, id="a-path"),
        pytest.param({"include": ("/news/*.md",)}, {"news/b.md"}, id="a-path-from-the-top"),
        pytest.param({"exclude": ("*.md",)}, {"news/c.txt", "d.txt"}, id="left-out"),
        pytest.param(
            {"include": ("*.md", "d.*"), "exclude": ("news/*",)}, {"a.md", "d.txt"}, id="both"
        ),
        pytest.param({"include": ("*.jpg",)}, {"p.jpg"}, id="even-a-picture-if-asked-for"),
    ],
)
def test_patterns_choose(
    folder: Folder, globs: Mapping[str, tuple[str, ...]], paths: set[str]
) -> None:
    for name in ("a.md", "news/b.md", "news/c.txt", "d.txt", "p.jpg"):
        folder.write(name)
    folder.set(**globs)

    harvest = folder.look()

    assert harvest.paths == paths


def test_no_asset_is_an_article() -> None:
    assert not ASSETS & FORMS.keys()


def test_a_file_that_is_too_large_is_not_read(folder: Folder) -> None:
    folder.write("a.txt", "x" * 1001)
    folder.set(max_bytes=1000)

    found = folder.sync()

    assert found == {"a.txt": "is larger than max_bytes (1,001 of 1,000 bytes)"}


def test_pipes_and_devices_are_no_files(folder: Folder) -> None:
    os.mkfifo(folder.root / "a.txt")
    (folder.root / "b.txt").symlink_to("/dev/zero")
    (folder.root / "photo.jpg").symlink_to("/dev/zero")

    harvest = folder.look()

    assert harvest.paths == frozenset()
    assert {problem.path: problem.reason[:17] for problem in harvest.problems} == {
        "a.txt": "is not a file but",
        "b.txt": "is not a file but",
    }


def test_a_pipe_in_the_place_of_a_file_that_was_found_does_not_block(folder: Folder) -> None:
    path = folder.write("a.txt")
    harvest = folder.look()

    path.unlink()
    os.mkfifo(path)

    assert list(harvest.documents) == []


def test_a_file_that_grew_since_it_was_found_is_left_for_the_next_time(folder: Folder) -> None:
    path = folder.write("a.txt", "one")
    harvest = folder.look()

    path.write_text("one and two")

    assert list(harvest.documents) == []


@pytest.mark.parametrize("locale", ["UTF-8", "ASCII"])
def test_a_name_is_utf_8_whatever_the_locale(folder: Folder, locale: str) -> None:
    folder.write("Fähre.txt")
    script = (
        "import asyncio, sys; from pathlib import Path; from zoneinfo import ZoneInfo\n"
        "from feedsvc.app import SystemClock; from feedsvc.settings import Source\n"
        "from feedsvc.sources.folder import FolderSource\n"
        "source = Source(name='desk', path=Path(sys.argv[1]), timezone=ZoneInfo('UTC'))\n"
        "look = FolderSource(source, SystemClock()).collect(\n"
        "    {}, reread=False, patient=False, trust_loss=False)\n"
        "print(sys.getfilesystemencoding(), ascii([d.path for d in asyncio.run(look).documents]))"
    )
    settings = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    settings["PYTHONUTF8"] = "1" if locale == "UTF-8" else "0"

    done = subprocess.run(
        [sys.executable, "-c", script, str(folder.root)],
        env={**os.environ, **settings}, capture_output=True, text=True, check=True,
    )  # fmt: skip

    assert done.stdout.split(maxsplit=1)[1] == "['F\\xe4hre.txt']\n"


# -- change --------------------------------------------------------------------------------------


def test_an_unchanged_file_is_not_even_opened(folder: Folder) -> None:
    for number in range(5):
        folder.write(f"{number}.txt")
    folder.sync()
    opened = []
    watching = True

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event == "open" and str(arguments[0]).startswith(str(folder.root)):
            opened.append(arguments[0])

    sys.addaudithook(audit)
    second = folder.sync()
    folder.write("2.txt", "changed")
    third = folder.sync()
    watching = False

    assert (second, third) == ({}, {"2.txt": b"changed"})
    assert [Path(os.fsdecode(path)).name for path in opened] == ["2.txt", "2.txt"]  # write, read


def test_an_edit_of_equal_size_that_keeps_the_date_is_seen(folder: Folder) -> None:
    path = folder.write("a.txt", "one")
    folder.sync()

    folder.write("a.txt", "two")

    assert folder.sync() == {"a.txt": b"two"}
    assert path.stat().st_mtime == folder.clock.at.timestamp() - 60


def test_a_deleted_file_is_missing(folder: Folder) -> None:
    folder.write("a.txt")
    folder.write("b.txt")
    folder.sync()

    (folder.root / "a.txt").unlink()

    assert folder.look().missing == {"a.txt"}


def test_everything_is_read_again_when_asked(folder: Folder) -> None:
    folder.write("a.txt", "one")
    folder.sync()
    folder.touch(folder.root / "a.txt", age=60)

    assert folder.sync() != {}  # its ctime moved
    assert folder.sync() == {}
    assert folder.sync(reread=True) == {"a.txt": b"one"}


def test_a_file_that_goes_while_the_folder_is_read_is_left_out(folder: Folder) -> None:
    folder.write("a.txt")
    folder.write("b.txt")
    documents = folder.look().documents

    (folder.root / "a.txt").unlink()

    assert [document.path for document in documents] == ["b.txt"]


def test_a_file_that_grows_while_the_folder_is_read_waits_for_the_next_time(folder: Folder) -> None:
    folder.write("a.txt", "half")
    documents = folder.look().documents

    folder.write("a.txt", "half and half")

    assert list(documents) == []
    assert folder.sync() == {"a.txt": b"half and half"}


# -- still being written -------------------------------------------------------------------------


def test_a_fresh_file_is_left_alone_until_it_is_quiet(folder: Folder) -> None:
    folder.write("a.txt", age=0.5)
    folder.write("b.txt")

    harvest = folder.look()
    assert (list(folder.sync()), harvest.restless) == (["b.txt"], ("a.txt",))
    assert "a.txt" in harvest.paths

    folder.clock.tick(seconds=1.5)
    assert list(folder.sync()) == ["a.txt"]


def test_by_hand_the_moment_is_waited_out(folder: Folder) -> None:
    folder.write("a.txt", age=0.5)
    began = folder.clock.at

    found = folder.sync(patient=True)

    assert list(found) == ["a.txt"]
    assert (folder.clock.at - began).total_seconds() == pytest.approx(1.5)


def test_nothing_is_waited_for_when_nothing_is_fresh(folder: Folder) -> None:
    folder.write("a.txt")
    began = folder.clock.at

    folder.sync(patient=True)

    assert folder.clock.at == began


def test_a_file_that_never_rests_is_given_up_after_a_while(folder: Folder) -> None:
    class Writing(FrozenClock):
        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            folder.write("a.txt", str(self.at), age=0)

    folder.clock = Writing()
    folder.write("a.txt", age=0)
    folder.write("b.txt")
    began = folder.clock.at

    harvest = folder.look(patient=True)

    assert harvest.restless == ("a.txt",)
    assert [document.path for document in harvest.documents] == ["b.txt"]
    assert 30 <= (folder.clock.at - began).total_seconds() < 35


@pytest.mark.parametrize("ahead", [pytest.param(3600, id="an-hour"), pytest.param(9e8, id="years")])
def test_a_date_in_the_future_is_no_reason_to_wait_for_ever(folder: Folder, ahead: float) -> None:
    folder.write("a.txt", age=-ahead)

    first = list(folder.sync())
    folder.clock.tick(seconds=2)
    second = list(folder.sync())

    assert (first, second) == ([], ["a.txt"])


def test_a_file_moved_in_with_its_old_date_is_read_at_once(folder: Folder) -> None:
    draft = folder.write("../a.txt", "done", age=600)

    draft.rename(folder.root / "a.txt")

    assert folder.sync() == {"a.txt": b"done"}


def test_an_unchanged_fresh_file_keeps_nobody_waiting_when_all_is_read_again(
    folder: Folder,
) -> None:
    path = folder.write("a.txt")
    folder.sync()
    folder.touch(path, age=0)
    folder.known["a.txt"] = folder.known["a.txt"]._replace(stat=_stat(path))

    assert folder.look(reread=True).restless == ()


def _stat(path: Path) -> FileStat:
    told = path.stat()
    return FileStat(told.st_size, told.st_mtime_ns, told.st_ctime_ns)


# -- trouble -------------------------------------------------------------------------------------


def test_a_missing_folder_is_a_failure(folder: Folder) -> None:
    folder.root.rmdir()

    with pytest.raises(FetchError, match=r"cannot read .*articles: No such file or directory"):
        folder.look()


def test_a_file_in_place_of_the_folder_is_a_failure(folder: Folder) -> None:
    folder.root.rmdir()
    folder.root.write_text("x")

    with pytest.raises(FetchError, match="is not a folder"):
        folder.look()


def test_a_folder_that_was_always_empty_is_none(folder: Folder) -> None:
    assert folder.look().paths == frozenset()


def test_a_suddenly_empty_folder_is_a_failure(folder: Folder) -> None:
    folder.write("a.txt")
    folder.sync()

    (folder.root / "a.txt").unlink()

    with pytest.raises(FetchError, match=r"is suddenly empty \(1 articles were there\)") as caught:
        folder.look()
    assert "--source desk --accept-loss" in (caught.value.hint or "")


def test_it_is_believed_when_the_operator_says_so(folder: Folder) -> None:
    folder.write("a.txt")
    folder.sync()
    (folder.root / "a.txt").unlink()

    assert folder.look(trust_loss=True).missing == {"a.txt"}


@contextmanager
def somebody() -> Iterator[None]:
    """Nobody special: rights do not bind root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def open_folder() -> Iterator[Folder]:
    """A folder that every user of the machine can reach, unlike those of pytest."""
    place = Path(tempfile.mkdtemp(prefix="feedsvc-test-"))
    place.chmod(0o755)
    root = place / "articles"
    root.mkdir()
    yield Folder(root)
    for path in [root, *root.rglob("*")]:
        path.chmod(0o755)
    shutil.rmtree(place)


def test_a_file_without_rights_is_one_problem_and_is_tried_again(open_folder: Folder) -> None:
    path = open_folder.write("a.txt", "secret")
    open_folder.write("b.txt", "open")
    path.chmod(0)

    with somebody():
        first, second = open_folder.sync(), open_folder.sync()
    path.chmod(0o644)

    assert first == {"a.txt": "cannot be read: Permission denied", "b.txt": b"open"}
    assert second == {"a.txt": "cannot be read: Permission denied"}
    assert open_folder.sync() == {"a.txt": b"secret"}


def test_a_subfolder_without_rights_is_one_problem_and_deletes_nothing(open_folder: Folder) -> None:
    open_folder.write("in/a.txt")
    open_folder.write("inner.txt")
    open_folder.write("gone.txt")
    open_folder.sync()
    (open_folder.root / "in").chmod(0)
    (open_folder.root / "gone.txt").unlink()

    with somebody():
        harvest = open_folder.look()

    assert problems(harvest) == {"in/": "cannot be read: Permission denied"}
    assert harvest.missing == {"gone.txt"}


def test_a_folder_that_may_be_listed_but_not_entered_deletes_nothing(open_folder: Folder) -> None:
    open_folder.write("in/a.txt")
    open_folder.write("b.txt")
    open_folder.sync()
    (open_folder.root / "in").chmod(0o444)

    with somebody():
        harvest = open_folder.look()

    assert problems(harvest) == {"in/a.txt": "cannot be read: Permission denied"}
    assert harvest.missing == frozenset()


def test_a_folder_whose_only_subfolder_cannot_be_read_is_not_suddenly_empty(
    open_folder: Folder,
) -> None:
    open_folder.write("in/a.txt")
    open_folder.sync()
    (open_folder.root / "in").chmod(0)

    with somebody():
        harvest = open_folder.look()

    assert (harvest.paths, harvest.missing) == (frozenset(), frozenset())


def test_the_folder_itself_without_rights_is_a_failure(open_folder: Folder) -> None:
    open_folder.root.chmod(0)

    with somebody(), pytest.raises(FetchError, match="Permission denied"):
        open_folder.look()


# -- links ---------------------------------------------------------------------------------------


def test_links_out_of_the_folder_are_followed(folder: Folder) -> None:
    folder.write("../elsewhere/b.txt", "b")
    folder.write("../c.txt", "c")
    (folder.root / "elsewhere").symlink_to(folder.root.parent / "elsewhere")
    (folder.root / "c.txt").symlink_to("../c.txt")

    found = folder.sync()

    assert found == {"c.txt": b"c", "elsewhere/b.txt": b"b"}


@pytest.mark.parametrize(
    ("link", "target"),
    [
        pytest.param("a-loop", ".", id="to-the-folder-itself"),
        pytest.param("a-loop", "..", id="to-what-the-folder-lies-in"),
        pytest.param("in/a-loop", "..", id="from-inside"),
        pytest.param("a-loop", "in", id="to-a-folder-that-is-read-anyway"),
        pytest.param("a.txt", "in/z.txt", id="to-a-file-that-is-read-anyway"),
    ],
)
def test_a_link_to_what_is_known_adds_nothing(folder: Folder, link: str, target: str) -> None:
    folder.write("in/z.txt")
    folder.write("m.txt")
    (folder.root / link).symlink_to(target)

    harvest = folder.look()

    inside = {path for path in harvest.paths if "articles" not in path}
    assert inside == {"in/z.txt", "m.txt"}
    assert len(harvest.paths) == 2
    assert not harvest.problems


def test_a_link_to_a_file_in_a_hidden_folder_is_followed(folder: Folder) -> None:
    folder.write(".annex/8f2e", "kept by content")
    (folder.root / "a.txt").symlink_to(".annex/8f2e")

    assert folder.sync() == {"a.txt": b"kept by content"}


def test_folders_that_link_to_one_another_are_read_once(folder: Folder) -> None:
    names = [f"f{number}" for number in range(12)]
    for name in names:
        folder.write(f"../net/{name}/{name}.txt")
    for name in names:
        for other in names:
            (folder.root.parent / "net" / name / other).symlink_to(f"../{other}")
    (folder.root / "net").symlink_to("../net")

    paths = folder.look().paths

    assert paths == {f"net/{name}/{name}.txt" for name in names}


def test_a_link_that_leads_nowhere_is_one_problem_and_deletes_nothing(folder: Folder) -> None:
    target = folder.write("../mounted/a.txt")
    (folder.root / "a.txt").symlink_to(target)
    (folder.root / "in").symlink_to(target.parent)
    folder.write("b.txt")
    folder.sync()
    shutil.move(target.parent, folder.root.parent / "unmounted")

    harvest = folder.look()

    nowhere = "is a link that leads nowhere (No such file or directory)"
    assert problems(harvest) == {"a.txt": nowhere, "in": nowhere}
    assert harvest.missing == frozenset()


def test_a_link_to_itself_is_one_problem(folder: Folder) -> None:
    (folder.root / "a.txt").symlink_to("a.txt")

    found = problems(folder.look())

    assert list(found) == ["a.txt"]
    assert "symbolic links" in found["a.txt"]


# -- names ---------------------------------------------------------------------------------------

NFC, NFD = "gr\u00f6\u00dfe.txt", "gro\u0308\u00dfe.txt"


@pytest.mark.parametrize("name", [pytest.param(NFC, id="linux"), pytest.param(NFD, id="macos")])
def test_names_are_known_in_one_spelling(folder: Folder, name: str) -> None:
    folder.write(f"stra\u00dfe/{name}", "words")

    assert folder.sync() == {f"stra\u00dfe/{NFC}": b"words"}


def test_a_name_that_changes_its_spelling_is_no_change(folder: Folder) -> None:
    folder.write("b.txt")
    path = folder.write(NFC, "words")
    folder.sync()

    path.rename(folder.root / NFD)

    harvest = folder.look()
    assert harvest.missing == frozenset()


def test_two_spellings_of_one_name_are_one_article_and_one_problem(folder: Folder) -> None:
    folder.write(NFC)
    folder.write(NFD)

    harvest = folder.look()

    assert harvest.paths == {NFC}
    assert problems(harvest) == {NFC: "stands here twice, in two Unicode spellings; rename one"}


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        pytest.param(b"gr\xf6\xdfe.txt", "gr??e.txt", id="file"),
        pytest.param(b"gr\xf6\xdfe/a.txt", "gr??e", id="folder"),
    ],
)
def test_a_name_that_is_no_utf_8_is_one_problem(folder: Folder, name: bytes, shown: str) -> None:
    folder.write(name)
    folder.write("a.txt")

    harvest = folder.look()

    assert harvest.paths == {"a.txt"}
    assert problems(harvest) == {shown: "has a name that is not UTF-8"}


@pytest.mark.parametrize(
    "name", ["a b.txt", "a\nb.txt", "a;b&c%20.txt", "\u202eferry.txt", "📰.md", "a" * 250 + ".txt"]
)
def test_odd_names_are_names(folder: Folder, name: str) -> None:
    folder.write(name, "words")

    assert folder.sync() == {name: b"words"}


def test_unreadable_documents_are_told_in_the_harvest_not_raised(folder: Folder) -> None:
    folder.write("a.txt", "x" * 10)
    folder.set(max_bytes=1)

    (document,) = folder.look().documents

    assert isinstance(document, Unreadable)
    assert document.stat == _stat(folder.root / "a.txt")
