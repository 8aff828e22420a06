"""`feedsvc backup` while many feeds are synced: each becomes the same service again.

FEEDSVC_BACKUP=300 lets it be so many.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from feedsvc.store.locks import hold
from tests.outpost import Farm, Site, farm

FEEDS = int(os.environ.get("FEEDSVC_BACKUP", "60"))
ARTICLES = (
    "SELECT source.name, link FROM article JOIN source ON source.id = source_id ORDER BY 1, 2"
)
# What readers hold on to, and what they see.
SEEN = """
    SELECT source.name, key, guid, link, title, html FROM article
    JOIN source ON source.id = source_id JOIN body ON body.article_id = article.id ORDER BY 1, 2
"""
FEED = '\n[[feed]]\nname = "all"\nlimit = 300\n\n[[feed]]\nname = "mine"\nprivate = true\n'
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def dozens(tmp_path: Path) -> Iterator[Farm]:
    """Sixty feeds, which take some seconds to answer."""
    with farm(tmp_path / "farm", feeds=60, hosts=10, latency=150) as found:
        yield found


def site_of(farm: Farm, root: Path) -> Site:
    site = Site(root)
    site.configure(farm.config.read_text() + FEED)
    return site


def saved_during(site: Site, *arguments: str) -> list[Path]:
    """The backups that are taken, one some time after the other, while a command runs."""
    process = site.start(*arguments)
    found: list[Path] = []
    while process.poll() is None:
        code, out, err = site.run(
            "-q", "backup", "--json", f"../{len(found)}{arguments[-1]}.backup"
        )
        if code == 6 and "there is nothing to save" in err:  # the first sync makes the store
            continue
        assert (code, err) == (0, "")
        found.append(Path(json.loads(out)["file"]))
        time.sleep(0.3)
    out, err = process.communicate()
    assert (process.returncode, err) == (0, "")
    return found


def assert_consistent(site: Site, known: Counter[str]) -> None:
    """What is said of a source and its articles belong together."""
    with closing(sqlite3.connect(site.database)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    stored = Counter(source for source, _ in site.rows(ARTICLES))
    for source, answered in site.rows(
        "SELECT name, etag IS NOT NULL OR last_modified IS NOT NULL FROM source "
        "LEFT JOIN remote ON source_id = id"
    ):
        # Validators speak for articles: none without the other.
        assert (stored[source] >= known[source] > 0) if answered else not stored[source], source


def restored(file: Path, farm: Farm, root: Path) -> Site:
    site = site_of(farm, root)
    code, out, _ = site.run("restore", "--json", str(file))
    assert (code, json.loads(out)["configuration"]) == (0, "same")
    return site


def ids(site: Site) -> list[str | None]:
    entries = etree.parse(site.public / "all/atom.xml").getroot().findall(f"{ATOM}entry")
    return [entry.findtext(f"{ATOM}id") for entry in entries]


def assert_same_end(site: Site, other: Site, farm: Farm) -> None:
    """Asked again, both know the same."""
    code, _, err = other.run("-q", "sync", "--force")
    assert (code, err) == (0, "")
    assert other.rows(ARTICLES) == farm.links()
    assert other.rows(SEEN) == site.rows(SEEN)
    assert ids(other) == ids(site)
    keys = "SELECT token FROM token"
    if other.rows("SELECT count(*) FROM feed WHERE built IS NOT NULL") != [(0,)]:
        assert len(other.rows(keys)) == 1


@pytest.mark.timeout(600)
def test_each_backup_of_a_heavy_sync_comes_to_the_same_end(tmp_path: Path) -> None:
    with farm(tmp_path / "farm", feeds=FEEDS, hosts=FEEDS // 10, latency=100) as hundreds:
        site = site_of(hundreds, tmp_path / "site")
        known = Counter(source for source, _ in hundreds.links())
        early = []
        for percent in (0, 50):  # of the feeds have news; before the first nothing is known
            hundreds.advance(percent)
            backups = saved_during(site, "-q", "sync", "--force")
            total = site.rows("SELECT count(*) FROM article")
            file = backups[0 if percent == 0 else len(backups) // 2]

            other = restored(file, hundreds, tmp_path / f"of-{file.stem}-{percent}")

            assert_consistent(other, known)
            early.append(other.rows("SELECT count(*) FROM article") != total)
            assert_same_end(site, other, hundreds)
    assert any(early)  # taken in the middle


def files_of(site: Site) -> dict[str, tuple[int, bytes]]:
    """What is published, and since when."""
    return {
        str(path.relative_to(site.public)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in sorted(site.public.rglob("*"))
        if path.is_file() and ".feedsvc" not in path.parts  # which no reader gets
    }


@pytest.mark.timeout(300)
def test_beside_a_daemon_a_backup_is_written_and_none_restored(
    dozens: Farm, tmp_path: Path
) -> None:
    site = site_of(dozens, tmp_path / "site")
    daemon = site.start("run", "--no-server")
    wait_for((site.public / "all/atom.xml").exists)

    code, out, err = site.run("-q", "backup", "--json")
    assert (code, err) == (0, "")
    file = json.loads(out)["file"]
    code, _, err = site.run("restore", "--force", file)
    assert code == 6
    assert err == (
        f"feedsvc: nothing can be restored now: a `feedsvc run` is at work on {site.database}\n"
        "stop it, then try again\n"
    )
    daemon.send_signal(signal.SIGTERM)
    daemon.communicate(timeout=60)
    assert site.run("-q", "sync")[0] == 0

    code, out, _ = site.run("-q", "backup", "--json")
    other = restored(Path(json.loads(out)["file"]), dozens, tmp_path / "other")
    assert other.run("-q", "regenerate")[0] == 0
    before, after = files_of(site), files_of(other)
    assert before.keys() == after.keys()
    assert {path for path in before if before[path] != after[path]} == set()


def wait_for(condition: Any) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.timeout(300)
def test_beside_a_sync_none_is_restored(dozens: Farm, tmp_path: Path) -> None:
    site = site_of(dozens, tmp_path / "site")
    assert site.run("-q", "sync")[0] == 0
    assert site.run("-q", "backup", "../one.backup")[0] == 0
    dozens.advance(100)
    assert site.run("-q", "sync", "--force")[0] == 0

    with hold(site.database, "sync-0", timeout=0):  # as a sync does that goes on
        code, _, err = site.run("restore", "--force", "../one.backup")

    assert code == 6
    assert err.startswith("feedsvc: nothing can be restored now: another feedsvc is at work on")
    assert site.rows(ARTICLES) == dozens.links()
