"""A build that is killed, or runs out of disk, at any moment.

FEEDSVC_KILLS=300 kills it that often; a few are enough for every day. Each run is a process of its
own under a clock that stands still, so that what comes of the killed ones can be compared, byte for
byte, with a twin that nobody disturbed.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from feedsvc.model import Format
from tests.newsdesk import BASE, Newsdesk
from tests.support import FrozenClock, Service, readable
from tests.walker import walk

KILLS = int(os.environ.get("FEEDSVC_KILLS", "12"))
A_ROUND = 3  # kills, until one run may come to its end

TABLES = {
    "place": "feed, position, article_id", "archive_page": "feed, number, updated, content",
    "facet": "feed, word, slug", "slug": "slug, article_id, current", "edition": "*",
    "redirect": "path, target", "membership": "*", "removal": "*", "token": "*",
    "ledger": "path, feed, format, digest, entries, size",
    "feed": "name, touched, updated, next_change, fingerprint, content, entries, held, guid",
    "article": "id, source_id, key, guid, title, updated, state, verdict",
}  # fmt: skip


def _work(root: Path, at: datetime, everything: bool) -> None:
    """One `feedsvc sync`; with `everything` all is rendered anew."""
    service = Service(root, FrozenClock(at))
    service.sync(force=True, trust_loss=True, build=not everything)
    if everything:
        service.regenerate(everything=True)
    service.restart()


@pytest.fixture(scope="module")
def processes() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.ready"])
    return context


def _run(
    processes: ForkServerContext, desk: Newsdesk, *, after: float | None, everything: bool = False
) -> float:
    """Run it to its end, or kill it; returns how long it took."""
    desk.service.restart()
    process = processes.Process(target=_work, args=(desk.service.root, desk.now, everything))
    process.start()
    began = time.monotonic()
    if after is not None:
        time.sleep(after)
        process.kill()
    process.join()
    assert process.exitcode in ((0,) if after is None else (0, -signal.SIGKILL))
    return time.monotonic() - began


def _article(chance: random.Random, desk: Newsdesk, number: int) -> None:
    said = {
        "date": timedelta(hours=-chance.randint(2, 900)),
        "tags": chance.sample(["sea", "port", "ferry", "inner"], chance.randint(0, 3)),
        "word": chance.choice(["tide", "quay"]), "titled": True, "slug": "",
        "link": chance.choice(["", "", "https://else.example.org/{}"]),
        "embargo": None, "expires": chance.choice([None, None, timedelta(hours=7)]),
    }  # fmt: skip
    desk.write(number, **said)


def _happen(desk: Newsdesk, round: int) -> None:
    """What happens in a round: the same to both."""
    chance = random.Random(round)
    desk.service.clock.tick(hours=5)
    for number in range(10 * round, 10 * round + 4):
        _article(chance, desk, number)
    numbers = sorted(desk.texts)
    for number in chance.sample(numbers, 3):
        desk.edit(number, word="shore", tags=["port"])
    if round % 2:
        desk.delete(chance.choice(numbers))
        desk.edit(chance.choice(sorted(desk.texts)), link=f"https://else.example.org/{{}}/{round}")
    if round > 1:
        desk.judge(chance.choice(["withdraw", "hide"]), chance.choice(sorted(desk.texts)))
    if round % 3 == 0:
        desk.configure(title=f"Tides {round}", pages=round % 2 == 0 or round < 4)
    if round % 4 == 1:
        desk.move("all", f"all-{round}")
    if round % 5 == 2:
        desk.issue()
    if round % 5 == 4:
        desk.configure(archive=not desk.plan.archive)


def _assert_whole(service: Service) -> None:
    """Every document can be read to its end, and every archive walked."""
    documents = service.snapshot()
    for path, (_, body) in documents.items():
        if path.endswith(".xml") and ".tmp-" not in path:
            etree.fromstring(body)
    for path in documents:
        parts = path.split("/")
        if parts[-1] in {one.filename for one in Format} and "archive" not in parts:
            for page in walk(
                f"{BASE}/{path}", lambda url: service.published(url.removeprefix(f"{BASE}/"))
            ):
                assert page.url


def _rows(service: Service) -> dict[str, list[tuple[Any, ...]]]:
    service.restart()
    with closing(sqlite3.connect(service.root / "var/feedsvc.db")) as database:
        return {
            table: sorted(database.execute(f"SELECT {columns} FROM {table}"), key=repr)
            for table, columns in TABLES.items()
        }


def _share_keys(one: Newsdesk, other: Newsdesk) -> None:
    """Give the other newsroom the keys of the first: they are chance itself."""
    new, old = set(one.keys()) - set(other.keys()), set(other.keys()) - set(one.keys())
    pairs = list(zip(new, old, strict=True))  # of one at most
    other.service.restart()
    with closing(sqlite3.connect(other.service.root / "var/feedsvc.db")) as database, database:
        database.executemany("UPDATE token SET token = ? WHERE token = ?", pairs)


def _twin(desk: Newsdesk, root: Path) -> Newsdesk:
    """The same newsroom once more."""
    desk.service.restart()
    shutil.copytree(desk.service.root, root)
    twin = Newsdesk.__new__(Newsdesk)
    twin.__dict__ |= {**desk.__dict__, "service": Service(root, FrozenClock(desk.now))}
    for name in ("renamed", "versions", "down"):
        copied = getattr(desk, name).copy()
        setattr(twin, name, copied)
    twin.texts = {number: dict(said) for number, said in desk.texts.items()}
    return twin


@pytest.mark.timeout(900)
def test_killed_builds_leave_what_an_undisturbed_twin_has(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    (tmp_path / "killed").mkdir()
    killed = Newsdesk(Service(tmp_path / "killed"))
    _happen(killed, 0)
    killed.service.sync(force=True)
    twin = _twin(killed, tmp_path / "twin")
    chance, kills, whole = random.Random(4), 0, 0.0
    for round in range(1, 10_000):
        for desk in (killed, twin):
            _happen(desk, round)
        _share_keys(killed, twin)
        whole = max(whole, _run(processes, twin, after=None))
        for _ in range(A_ROUND):
            everything = chance.random() < 0.2
            _run(processes, killed, after=chance.uniform(0.02, whole), everything=everything)
            _assert_whole(killed.service)
            kills += 1

        _run(processes, killed, after=None)
        found, expected = _rows(killed.service), _rows(twin.service)
        for table in TABLES:
            assert found[table] == expected[table], table
        assert readable(killed.service.public) == readable(twin.service.public)
        killed.look()
        if kills >= KILLS:
            break
    for desk in (killed, twin):
        desk.service.restart()


def _die_at(root: Path, at: datetime, path: str, done: bool) -> None:
    """One `feedsvc sync` that is killed before a file takes its place at `path`, or when it has."""
    replace = os.replace

    def die(source: str, target: str) -> None:
        if done or not target.endswith(path):
            replace(source, target)
        if target.endswith(path):
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = die  # type: ignore[assignment]
    _work(root, at, everything=False)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("path", "done", "left"),
    [
        pytest.param("all/atom.xml.gz", False, "all/.atom.xml.tmp-*", id="an-unfinished-file"),
        pytest.param("all/feed.json", False, "all/feed.json.gz", id="a-first-sidecar"),
        pytest.param("sitemap-news.xml", False, "sitemap-news.xml.gz", id="sidecars-of-a-sitemap"),
        pytest.param("sitemap-news.xml", True, "sitemap-news.xml", id="a-first-sitemap"),
    ],
)
def test_what_a_killed_build_placed_goes_with_its_article(
    processes: ForkServerContext, tmp_path: Path, path: str, done: bool, left: str
) -> None:
    service = Service(tmp_path)
    service.configure(
        '[site]\nbase_url = "https://a.example"\nid_since = "2025"\nlanguage = "en"\n'
        '[[source]]\npath = "articles"\n'
    )
    (tmp_path / "articles").mkdir()
    service.sync()
    files = service.snapshot()
    text = "Gannet\n2025-06-01\nLink: https://a.example/gannet\n\nA diver of the northern cliffs."
    written = service.write("gannet.txt", text)
    service.clock.tick(minutes=30)
    service.restart()
    arguments = (tmp_path, service.clock.now(), path, done)
    process = processes.Process(target=_die_at, args=arguments)
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert list(service.public.glob(left))

    written.unlink()
    service.sync(force=True, trust_loss=True)
    service.restart()

    assert service.snapshot().keys() == files.keys()
    assert "northern cliffs" not in str(readable(service.public))


@pytest.mark.timeout(900)
def test_what_a_killed_build_left_is_no_stranger_to_the_next(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    (tmp_path / "site").mkdir()
    desk = Newsdesk(Service(tmp_path / "site"))
    _happen(desk, 0)
    whole = _run(processes, desk, after=None)
    chance = random.Random(8)
    for round in range(1, KILLS):
        _happen(desk, round)
        desk.issue()
        _run(processes, desk, after=chance.uniform(0.02, whole))
        # Before anything is finished, what it was about is taken back.
        desk.revoke(chance.randint(0, 9))
        for number in chance.sample(sorted(desk.texts), 3):
            desk.judge("withdraw", number)
        if chance.random() < 0.3:
            desk.configure(
                archive=not desk.plan.archive, topics=chance.choice(["group", "plain", "none"])
            )
        desk.service.clock.tick(minutes=20)

        whole = max(whole, _run(processes, desk, after=None))
        desk.redefined = True
        desk.look()
    desk.service.restart()
