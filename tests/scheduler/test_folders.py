"""Folders of a running daemon: what happens in them is published at once, told by the system.

No test here could pass by the rescan: that comes once a minute where the system is relied on.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from feedsvc.scheduler.folders import Folders
from feedsvc.scheduler.mounts import Mounts, Reach
from feedsvc.scheduler.stirred import Stirred
from tests.daemon import Daemon, write

CONFIG = """
[site]
title = "Harbour News"
[[source]]
name = "desk"
path = "articles"
[[feed]]
name = "all"
limit = 2000
"""
PATIENCE = 50.0  # seconds until a test gives up; less than a rescan takes


class Newsroom(Daemon):
    """A folder, a daemon at work on it, and what it publishes."""

    @property
    def folder(self) -> Path:
        return self.root / "articles"

    def configure(self, text: str = CONFIG) -> None:
        half = self.root / "feedsvc.toml.new"
        half.write_text(text)
        half.replace(self.root / "feedsvc.toml")

    def begin(self) -> None:
        """Start the daemon, and wait until the system tells it of the folders."""
        self.start()
        self.wait_for(self.relies_on_the_system)

    def relies_on_the_system(self) -> bool:
        """Whether the next rescan is far off."""
        try:
            with closing(sqlite3.connect(self.root / "var/feedsvc.db")) as database:
                rows = database.execute("SELECT next_due - asked FROM source WHERE NOT removed")
                waits = [wait for (wait,) in rows]
        except sqlite3.Error:
            return False
        return bool(waits) and all(wait is not None and wait > 50 for wait in waits)

    def wait_for(self, what: Callable[[], object], patience: float = PATIENCE) -> None:
        super().wait_for(what, patience)

    def write(self, place: str, title: str, *, settled: bool = True) -> Path:
        """A text; one that is settled was written long ago, and only comes here now."""
        half = self.root / f"half-{title}.txt"
        write(half, title, settled=settled)
        path = self.root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        half.rename(path)
        return path


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    found = Newsroom(tmp_path)
    found.configure()
    found.write("articles/first.txt", "First")
    found.write("articles/second.txt", "Second")
    yield found
    found.kill()


class TestWhatHappens:
    def test_a_file_that_is_written_here(self, newsroom: Newsroom) -> None:
        newsroom.begin()

        (newsroom.folder / "new.txt").write_text("New\n2025-01-02\n\nText.\n")

        newsroom.wait_for(lambda: "New" in newsroom.titles())

    def test_a_file_that_is_moved_here_changed_and_removed(self, newsroom: Newsroom) -> None:
        newsroom.begin()

        place = newsroom.write("articles/new.txt", "New")
        newsroom.wait_for(lambda: "New" in newsroom.titles())
        newsroom.write("articles/new.txt", "Newer")
        newsroom.wait_for(lambda: "Newer" in newsroom.titles())
        place.unlink()
        newsroom.wait_for(lambda: newsroom.titles() == {"First", "Second"})

    def test_a_file_in_folders_that_are_made_with_it(self, newsroom: Newsroom) -> None:
        newsroom.begin()

        newsroom.write("articles/2025/06/deep.txt", "Deep")
        newsroom.wait_for(lambda: "Deep" in newsroom.titles())
        newsroom.write("articles/2025/06/deeper.txt", "Deeper")
        newsroom.wait_for(lambda: "Deeper" in newsroom.titles())

    def test_a_thousand_files_at_once(self, newsroom: Newsroom) -> None:
        newsroom.begin()

        for number in range(1_000):
            text = f"Text {number}\n2025-01-02\n\nWords.\n"
            (newsroom.folder / f"{number}.txt").write_text(text)

        newsroom.wait_for(lambda: len(newsroom.titles()) == 1_002)

    def test_what_an_editor_leaves_is_no_news(self, newsroom: Newsroom) -> None:
        newsroom.begin()
        before = newsroom.root.joinpath("said.txt").stat().st_size

        for name in (".new.txt.swp", "new.txt~", ".git/index", "#new.txt#"):
            newsroom.write(f"articles/{name}", "Half")
        newsroom.write("articles/new.txt", "New")

        newsroom.wait_for(lambda: "New" in newsroom.titles())
        assert "Half" not in newsroom.titles()
        assert newsroom.root.joinpath("said.txt").stat().st_size > before


class TestWhichFolder:
    def test_one_that_is_replaced_as_a_checkout_does_it(self, newsroom: Newsroom) -> None:
        newsroom.begin()

        newsroom.write("next/first.txt", "First")
        newsroom.write("next/third.txt", "Third")
        newsroom.folder.rename(newsroom.root / "before")
        (newsroom.root / "next").rename(newsroom.folder)

        newsroom.wait_for(lambda: newsroom.titles() == {"First", "Third"})
        newsroom.wait_for(newsroom.relies_on_the_system)
        newsroom.write("articles/fourth.txt", "Fourth")
        newsroom.wait_for(lambda: "Fourth" in newsroom.titles())

    def test_a_link_that_leads_elsewhere_one_day(self, newsroom: Newsroom) -> None:
        shutil.move(newsroom.folder, newsroom.root / "one")
        newsroom.folder.symlink_to("one")
        newsroom.begin()
        newsroom.write("one/more.txt", "More")
        newsroom.wait_for(lambda: "More" in newsroom.titles())

        for name in ("First", "Second", "Third"):
            newsroom.write(f"two/{name.lower()}.txt", name)
        other = newsroom.root / "link"
        other.symlink_to("two")
        other.rename(newsroom.folder)

        newsroom.wait_for(lambda: newsroom.titles() == {"First", "Second", "Third"})

    def test_one_that_is_made_after_the_start(self, newsroom: Newsroom) -> None:
        shutil.move(newsroom.folder, newsroom.root / "away")
        newsroom.start()
        newsroom.wait_for(lambda: "cannot read" in newsroom.said)

        shutil.move(newsroom.root / "away", newsroom.folder)

        newsroom.wait_for(lambda: newsroom.titles() == {"First", "Second"})
        newsroom.wait_for(newsroom.relies_on_the_system)

    def test_one_that_a_newer_configuration_adds(self, newsroom: Newsroom) -> None:
        newsroom.begin()
        newsroom.write("wire/w1.txt", "Wire 1")

        newsroom.configure(CONFIG + '[[source]]\nname = "wire"\npath = "wire"\n')

        newsroom.wait_for(lambda: "Wire 1" in newsroom.titles())
        newsroom.wait_for(newsroom.relies_on_the_system)
        newsroom.write("wire/w2.txt", "Wire 2")
        newsroom.wait_for(lambda: "Wire 2" in newsroom.titles())
        newsroom.write("articles/third.txt", "Third")
        newsroom.wait_for(lambda: "Third" in newsroom.titles())

    def test_one_that_is_looked_into_at_times_of_day_is_left_alone_between(
        self, newsroom: Newsroom
    ) -> None:
        newsroom.configure(
            CONFIG + '[[source]]\nname = "calm"\npath = "calm"\nevery = "0 0 29 2 *"\n'
        )
        newsroom.write("calm/c1.txt", "Calm 1")
        newsroom.begin()
        newsroom.wait_for(lambda: "Calm 1" in newsroom.titles())

        newsroom.write("calm/c2.txt", "Calm 2")
        newsroom.write("articles/third.txt", "Third")

        newsroom.wait_for(lambda: "Third" in newsroom.titles())
        assert "Calm 2" not in newsroom.titles()

    def test_one_with_an_interval_is_no_less_quick(self, newsroom: Newsroom) -> None:
        newsroom.configure(CONFIG.replace('path = "articles"', 'path = "articles"\nevery = "1h"'))
        newsroom.begin()

        newsroom.write("articles/third.txt", "Third")

        newsroom.wait_for(lambda: "Third" in newsroom.titles())

    def test_one_that_is_paused_rests(self, newsroom: Newsroom) -> None:
        newsroom.configure(CONFIG + '[[source]]\nname = "wire"\npath = "wire"\n')
        newsroom.write("wire/w1.txt", "Wire 1")
        newsroom.begin()
        assert newsroom.run("-q", "source", "pause", "wire").returncode == 0

        newsroom.write("wire/w2.txt", "Wire 2")
        newsroom.write("articles/third.txt", "Third")

        newsroom.wait_for(lambda: "Third" in newsroom.titles())
        assert "Wire 2" not in newsroom.titles()


def test_a_folder_that_the_system_cannot_watch_is_looked_into_all_the_same(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with too many folders for the system; its library then says what the system said."""
    refusing = newsroom.root / "refusing"
    refusing.mkdir()
    (refusing / "watchfiles.py").write_text(
        "def watch(*_, **__):\n    raise OSError(28, 'OS file watch limit reached.')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(refusing))
    newsroom.start()
    newsroom.wait_for(lambda: "the system watches no more folders" in newsroom.said)

    newsroom.write("articles/third.txt", "Third")

    newsroom.wait_for(lambda: "Third" in newsroom.titles())
    assert newsroom.said.count("watches no more folders") == 1


def test_a_name_that_is_no_text_ends_nothing(tmp_path: Path) -> None:
    """The library of the system's events cannot tell of it."""
    heard: list[str] = []
    refused: list[str | None] = []
    folders = Folders(heard.extend, refused.append)
    folders.watch({"desk": tmp_path})

    def happens(what: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not what():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    happens(lambda: folders.trusted)
    Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.txt")).write_text("x")
    happens(lambda: not folders.trusted)
    happens(lambda: folders.trusted)
    heard.clear()
    (tmp_path / "new.txt").write_text("x")
    happens(lambda: heard)
    folders.end()

    assert set(heard) == {"desk"}
    assert refused == [None]


# -- on what kind of file system -----------------------------------------------------------------

MOUNTS = """\
22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
23 22 0:20 / /proc rw - proc proc rw
30 22 0:40 / /srv/share rw,relatime shared:1 - nfs4 server:/share rw
31 22 0:41 / /srv/with\\040space rw,relatime shared:2 master:3 - cifs //server/x rw
32 22 0:42 / /data rw - overlay overlay rw,lowerdir=/a
33 32 254:0 /x /data/texts rw - ext4 /dev/vda rw
34 22 0:43 / /phone rw - fuse.jmtpfs jmtpfs rw
35 22 8:1 / /usb rw - fuseblk /dev/sdb1 rw
36 22 0:44 / /hidden rw - nfs4 server:/hidden rw
37 36 0:45 / /hidden rw - tmpfs tmpfs rw
short line
"""


@pytest.mark.parametrize(
    ("path", "reach"),
    [
        pytest.param("/home/desk/articles", Reach.LOCAL, id="of-this-machine"),
        pytest.param("/srv/share", Reach.REMOTE, id="of-a-server"),
        pytest.param("/srv/share/articles", Reach.REMOTE, id="below-that"),
        pytest.param("/srv/shared", Reach.LOCAL, id="of-a-name-that-begins-alike"),
        pytest.param("/srv/with space/a", Reach.REMOTE, id="of-a-name-with-a-space"),
        pytest.param("/srv", Reach.UNSURE, id="that-holds-one-of-a-server"),
        pytest.param("/data", Reach.UNSURE, id="of-a-container"),
        pytest.param("/data/texts/a", Reach.LOCAL, id="of-a-disk-in-a-container"),
        pytest.param("/phone/x", Reach.REMOTE, id="of-a-program"),
        pytest.param("/usb/x", Reach.UNSURE, id="of-a-stick"),
        pytest.param("/hidden/x", Reach.LOCAL, id="what-was-mounted-last-lies-on-top"),
        pytest.param("/", Reach.UNSURE, id="everything"),
    ],
)
def test_who_may_write_to_a_folder(tmp_path: Path, path: str, reach: Reach) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)

    assert Mounts(tmp_path / "mountinfo").reach(path) is reach


def test_what_is_mounted_may_change(tmp_path: Path) -> None:
    place = tmp_path / "mountinfo"
    place.write_text(MOUNTS)
    mounts = Mounts(place)
    assert mounts.reach("/srv/share") is Reach.REMOTE

    place.write_text(MOUNTS.replace("nfs4 server:/share", "ext4 /dev/vdb"))
    mounts.look()

    assert mounts.reach("/srv/share") is Reach.LOCAL


def test_without_such_a_list_nobody_is_sure(tmp_path: Path) -> None:
    assert Mounts(tmp_path / "none").reach("/home") is Reach.UNSURE


# -- when ------------------------------------------------------------------------------------------


class Elapsing:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_who_is_told_of_is_looked_into_once() -> None:
    stirred = Stirred(Elapsing())

    stirred.note(["b", "a", "b"])
    stirred.note(["a"])

    assert stirred.ready() == ["a", "b"]
    stirred.begin("a")
    assert stirred.ready() == ["b"]


def test_what_happens_while_it_is_looked_into_is_news_again() -> None:
    elapsing = Elapsing()
    stirred = Stirred(elapsing)
    stirred.note(["a"])
    began = stirred.begin("a")

    stirred.note(["a"])
    elapsing.now += 0.1
    stirred.end("a", began)

    assert stirred.ready() == ["a"]


def test_what_is_to_be_read_later_is_looked_into_then_or_earlier() -> None:
    elapsing = Elapsing()
    stirred = Stirred(elapsing)

    assert stirred.note(["a"], after=2.0) == 2.0
    assert stirred.ready() == []
    stirred.note(["a"], after=1.0)
    stirred.note(["a"], after=3.0)
    elapsing.now += 1.0

    assert stirred.ready() == ["a"]


def test_who_takes_long_is_looked_into_less_often() -> None:
    elapsing = Elapsing()
    stirred = Stirred(elapsing)
    began = stirred.begin("large")
    elapsing.now += 2.0
    stirred.end("large", began)

    wait = stirred.note(["large", "small"])

    assert (stirred.ready(), wait) == (["small"], 18.0)
    elapsing.now += 18.0
    assert stirred.ready() == ["large", "small"]


def test_reports_are_plain_json(newsroom: Newsroom) -> None:
    """What a report says of files that still rest is for the daemon alone."""
    done = subprocess.run(
        [sys.executable, "-m", "feedsvc", "sync", "--json"],
        cwd=newsroom.root, check=True, capture_output=True,
    )  # fmt: skip

    assert "quiet_in" not in json.loads(done.stdout)["sources"][0]
