"""`feedsvc sync` of a whole farm of feeds that is killed, or runs out of disk, at any moment.

FEEDSVC_KILLS=30 kills it that often; a few are enough for every day.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests import outpost
from tests.outpost import Farm, Site

KILLS = int(os.environ.get("FEEDSVC_KILLS", "2"))  # of a first sync, and as many of later ones
FEEDS = 60


class Killed(Site):
    """A site whose commands may be killed."""

    def killed(self, after: float, *arguments: str) -> None:
        process = self.start(*arguments)
        time.sleep(after)
        process.kill()
        process.communicate()
        assert process.returncode in (0, -signal.SIGKILL)

    def links(self) -> list[tuple[str, str]]:
        return self.rows(
            "SELECT source.name, link FROM article JOIN source ON source.id = source_id "
            "ORDER BY source.name, link"
        )

    def words(self) -> Counter[tuple[Any, ...]]:
        """What readers see of the entries that stand in the documents now."""
        return Counter(
            self.rows(
                "SELECT source.name, link, title, html FROM article "
                "JOIN source ON source.id = source_id JOIN body ON body.article_id = article.id"
            )
        )


@pytest.fixture
def farm(tmp_path: Path) -> Iterator[Farm]:
    with outpost.farm(tmp_path / "farm", feeds=FEEDS, hosts=20) as found:
        yield found


def site_of(farm: Farm, root: Path) -> Killed:
    site = Killed(root)
    site.configure(farm.config.read_text() + '\n[[feed]]\nname = "all"\nlimit = 300\n')
    return site


def assert_whole(site: Killed) -> None:
    """Every published file can be read to its end."""
    public = site.public
    for path in public.rglob("*") if public.exists() else ():
        if path.suffix == ".xml":
            etree.parse(path)
        elif path.suffix == ".json":
            json.loads(path.read_bytes())


@pytest.mark.timeout(600)
def test_kills_at_any_moment_lose_nothing_and_double_nothing(farm: Farm, tmp_path: Path) -> None:
    chance = random.Random(11)
    site = site_of(farm, tmp_path / "killed")
    began = time.monotonic()
    assert site_of(farm, tmp_path / "measured").run("-q", "sync")[0] == 0
    whole = time.monotonic() - began
    for _ in range(KILLS):
        site.killed(whole * chance.uniform(0.2, 1.0), "-q", "sync", "--force")
        assert_whole(site)
    code, _, err = site.run("-q", "sync", "--force")
    assert (code, err) == (0, "")
    assert site.links() == farm.links()

    for _ in range(KILLS):
        farm.advance(50)
        site.killed(whole * chance.uniform(0.2, 0.8), "-q", "sync", "--force")
        assert_whole(site)
    code, _, err = site.run("-q", "sync", "--force")

    assert (code, err) == (0, "")
    assert_whole(site)
    assert site.links() == farm.links()
    assert site.rows("SELECT name FROM source WHERE lease IS NOT NULL") == []
    # What validators speak for is stored: asked without any, the same site has nothing to tell.
    fresh = site_of(farm, tmp_path / "fresh")
    assert fresh.run("-q", "sync")[0] == 0
    assert fresh.words() - site.words() == Counter()
    assert site.run("validate", "--json")[0] == 0


def test_what_a_killed_run_held_is_asked_by_the_next(farm: Farm, tmp_path: Path) -> None:
    site = site_of(farm, tmp_path / "site")
    assert site.run("-q", "sync", "--offline", "--no-build")[0] == 8
    with closing(sqlite3.connect(site.database)) as database, database:
        database.execute("UPDATE source SET lease = '0-0123456789ab' WHERE id % 2")
        database.execute("UPDATE source SET lease = '9-0123456789ab' WHERE NOT id % 2")

    code, out, _ = site.run("sync", "--json")

    assert code == 0
    assert json.loads(out)["totals"]["ok"] == FEEDS
    assert site.rows("SELECT name FROM source WHERE lease IS NOT NULL") == []


# -- a full disk -----------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 1.5 MB, of which nothing is used."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", str(place)]
    if subprocess.run(command, check=False, capture_output=True).returncode != 0:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def grow(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=60m", disk], check=True)


@pytest.mark.parametrize(
    ("moved", "code"),
    [
        pytest.param('[store]\nurl = "sqlite:///{}/feedsvc.db"\n', 6, id="of-the-store"),
        pytest.param('[publish]\ndirectory = "{}/public"\n', 5, id="of-the-output"),
    ],
)
def test_a_full_disk_is_said_and_costs_nothing_once_there_is_room(
    farm: Farm, tmp_path: Path, small_disk: Path, moved: str, code: int
) -> None:
    site = site_of(farm, tmp_path / "site")
    config = site.root / "feedsvc.toml"
    config.write_text(moved.format(small_disk) + config.read_text())
    filler = small_disk / "filler"
    if code == 5:
        filler.write_bytes(b"x" * 1_300_000)

    ended, _, err = site.run("sync", "--json")
    assert ended == code
    assert "make room" in err or "No space left" in err
    assert "Traceback" not in err
    assert len(err.splitlines()) <= 20
    grow(small_disk)
    again, _, err = site.run("-q", "sync", "--force")

    assert (again, err) == (0, "")
    database = small_disk / "feedsvc.db" if code == 6 else site.database
    with closing(sqlite3.connect(database)) as store:
        stored = store.execute(
            "SELECT source.name, link FROM article JOIN source ON source.id = source_id "
            "ORDER BY source.name, link"
        ).fetchall()
    assert stored == farm.links()
    public = small_disk / "public" if code == 5 else site.public
    assert len(etree.parse(public / "all/atom.xml").getroot()) > 300
