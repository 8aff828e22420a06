"""The daemon's chores: when each is due whatever the clock does, and how it ends."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feedsvc.app import App
from feedsvc.app.chores import Job, jobs_of, maintenance, maintenance_problems
from feedsvc.errors import StoreError
from feedsvc.scheduler.chores import PAUSE, Chores
from feedsvc.store.halt import Halt
from tests.feedserver import FeedServer, Page
from tests.support import NOON, Service

SITE = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
timezone = "Europe/Berlin"
id_domain = "news.example.org"
id_since = "2025-01-01"
[[source]]
name = "desk"
path = "articles"
link = "https://desk.example.net/{path}"
keep = 2
[[feed]]
name = "all"
limit = 1
[maintenance]
"""
NIGHT = datetime(2025, 6, 2, 1, 30, tzinfo=UTC)  # half past three in Berlin, after NOON
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Daemon:
    """The chores of a service as a daemon does them; `done` are those that were."""

    def __init__(self, service: Service, **jobs: timedelta | str) -> None:
        """Each of `jobs` with its gap, or what is wrong with it; without any, the real ones."""
        self.service = service
        self.clock = service.clock
        self.done: list[tuple[str, datetime]] = []
        self.wrong: dict[str, str] = {}
        self._fake = jobs
        self.start()

    def start(self, *, wait: bool = True) -> None:
        """As a new process."""
        self.service.restart()
        self.chores = Chores(self.service.app, jobs=self._jobs if self._fake else jobs_of)
        if wait:
            self.look()
            self.clock.tick(seconds=PAUSE)

    def _jobs(self, app: App) -> tuple[Job, ...]:
        return tuple(
            Job(
                name=name,
                work=lambda halt, name=name: self._work(name),  # type: ignore[misc]
                gap=gap if isinstance(gap, timedelta) else timedelta(),
                patient=gap == "patient",
            )
            for name, gap in self._fake.items()
        )

    def _work(self, name: str) -> str:
        self.done.append((name, self.clock.now()))
        if name in self.wrong:
            raise StoreError(self.wrong[name])
        return f"did {name}"

    def look(self) -> list[str]:
        """One tick: everything that is due is done."""
        done = []
        while names := self.chores.due(self.clock.now()):
            (name,) = names
            asyncio.run(self.chores.run(name))
            done.append(name)
            assert len(done) < 20, "the same again and again"
        return done

    def until(self, moment: datetime, *, step: timedelta = timedelta(minutes=10)) -> list[datetime]:
        """Ticks until a moment; when something was done."""
        before = len(self.done)
        while self.clock.at < moment:
            self.clock.tick(seconds=min(step, moment - self.clock.at).total_seconds())
            self.look()
        return [at for _, at in self.done[before:]]

    def due(self, name: str = "prune") -> datetime | None:
        return self.service.app.store.chores()[name].due

    def said(self) -> list[str]:
        self.service.app.journal.flush()
        entries = self.service.app.store.journal(limit=100, kind="maintenance")
        return [f"{entry.level}: {entry.subject}: {entry.message}" for entry in entries]


@pytest.fixture
def make_daemon(make_service: Callable[..., Service]) -> Callable[..., Daemon]:
    def make(at: str = "", **jobs: timedelta | str) -> Daemon:
        return Daemon(make_service(SITE + at), **(jobs or {"prune": timedelta()}))

    return make


# -- when ------------------------------------------------------------------------------------------


def test_it_is_done_at_its_time_of_day_by_the_clock_of_the_site(
    make_daemon: Callable[..., Daemon],
) -> None:
    daemon = make_daemon()
    assert daemon.due() == NIGHT

    daemon.until(NIGHT - timedelta(minutes=5))
    assert daemon.done == []
    daemon.until(NIGHT + 3 * DAY)

    assert [at.date().day for _, at in daemon.done] == [2, 3, 4, 5]
    assert daemon.due() == NIGHT + 4 * DAY


def test_a_tick_asks_the_store_for_nothing(make_daemon: Callable[..., Daemon]) -> None:
    from sqlalchemy import event

    daemon = make_daemon()
    asked: list[str] = []
    engine = daemon.service.app.store._engine
    event.listen(engine, "before_cursor_execute", lambda *what: asked.append(what[2]))

    for _ in range(100):
        daemon.clock.tick(seconds=1)
        assert daemon.chores.due(daemon.clock.now()) == ()

    assert asked == []


def test_restarts_neither_double_nor_postpone_it(make_daemon: Callable[..., Daemon]) -> None:
    daemon = make_daemon()

    while daemon.clock.at < NOON + 3 * DAY:
        daemon.clock.tick(hours=5)
        daemon.start()
        daemon.look()

    assert [at.date().day for _, at in daemon.done] == [2, 3, 4]


def test_what_was_missed_is_made_up_for_once_and_not_at_once(
    make_daemon: Callable[..., Daemon],
) -> None:
    daemon = make_daemon()
    daemon.clock.tick(days=5)
    daemon.start(wait=False)

    assert daemon.look() == []  # readers get their feeds first
    daemon.clock.tick(seconds=PAUSE)
    assert daemon.look() == ["prune"]
    assert daemon.look() == []

    (at,) = daemon.until(NIGHT + 5 * DAY)
    assert at >= NIGHT + 5 * DAY


@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_that_is_put_forward_floods_nothing(
    make_daemon: Callable[..., Daemon], restart: bool
) -> None:
    daemon = make_daemon(backup=timedelta(), integrity=timedelta(days=6.5), prune="patient")
    daemon.until(NIGHT)
    daemon.done.clear()

    daemon.clock.step(400 * DAY)
    if restart:
        daemon.start()
    daemon.until(daemon.clock.at + HOUR)
    assert [name for name, _ in daemon.done] == ["backup", "integrity"]

    # Nothing that is erased comes back when it is put right: until the next night.
    daemon.until(NIGHT + 401 * DAY)
    assert [name for name, _ in daemon.done] == ["backup", "integrity", "backup", "prune"]


@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_that_is_put_back_stalls_nothing(
    make_daemon: Callable[..., Daemon], restart: bool
) -> None:
    daemon = make_daemon(backup=timedelta(), integrity=timedelta(days=6.5))
    daemon.until(NIGHT)
    daemon.done.clear()

    daemon.clock.step(-400 * DAY)
    if restart:
        daemon.start()
    daemon.look()

    now = daemon.clock.now()
    assert daemon.done == []
    due = daemon.due("backup"), daemon.due("integrity")
    assert all(one is not None for one in due)
    assert now < (due[0] or now) <= now + DAY
    assert now < (due[1] or now) <= now + 8 * DAY
    daemon.until(now + 8 * DAY, step=HOUR)
    assert [name for name, _ in daemon.done].count("backup") == 8
    assert [name for name, _ in daemon.done].count("integrity") == 1


def test_back_and_forth_is_one_night(make_daemon: Callable[..., Daemon]) -> None:
    daemon = make_daemon()
    daemon.until(NIGHT)
    daemon.done.clear()
    for step in (400 * DAY, -400 * DAY) * 3:
        daemon.clock.step(step)
        daemon.until(daemon.clock.at + 2 * HOUR)

    assert len(daemon.done) == 3  # once for each time it was a year later
    daemon.done.clear()
    daemon.until(daemon.clock.at + 3 * DAY)
    assert len(daemon.done) == 3


def test_a_year_with_summer_time_has_a_night_for_each_day(
    make_daemon: Callable[..., Daemon],
) -> None:
    daemon = make_daemon('at = "30 2 * * *"', prune=timedelta(), integrity=timedelta(days=6.5))

    daemon.until(NOON + 365 * DAY, step=timedelta(minutes=30))

    nights = [at.date() for name, at in daemon.done if name == "prune"]
    assert len(nights) == 365
    weeks = [at for name, at in daemon.done if name == "integrity"]
    assert len(weeks) == 53  # the first night, and every week after that
    assert {at.isoweekday() for at in weeks} == {1}


def test_other_times_of_day_count_at_once(make_daemon: Callable[..., Daemon]) -> None:
    daemon = make_daemon('at = "30 3 * * *"')
    daemon.until(NIGHT)

    daemon.service.configure(f'{SITE}at = "0 22 * * 5"')  # on Fridays
    daemon.start()
    assert daemon.due() == datetime(2025, 6, 6, 20, 0, tzinfo=UTC)
    daemon.service.configure(f'{SITE}at = "0 6 * * *"')
    daemon.start()

    assert daemon.due() == datetime(2025, 6, 2, 4, 0, tzinfo=UTC)
    assert len(daemon.done) == 1


# -- how it ends -----------------------------------------------------------------------------------


def test_what_failed_is_told_once_and_done_again_after_an_hour(
    make_daemon: Callable[..., Daemon],
) -> None:
    daemon = make_daemon(backup=timedelta(), prune=timedelta())
    daemon.wrong["backup"] = "the disk is full"

    daemon.until(NIGHT + 3 * HOUR + timedelta(minutes=25))

    assert [name for name, _ in daemon.done] == ["backup", "prune", *["backup"] * 3]
    assert daemon.said() == ["error: backup: the disk is full", "info: prune: did prune"]
    row = daemon.service.app.store.chores()["backup"]
    assert (row.outcome, row.reason, row.done) == ("failed", "the disk is full", None)
    (problem,) = maintenance_problems(daemon.service.app.store.chores())
    assert (problem.source, problem.path, problem.reason) == (
        "maintenance", "backup", "the disk is full",
    )  # fmt: skip

    daemon.wrong.clear()
    daemon.until(NIGHT + 6 * HOUR)
    assert daemon.said()[2:] == ["info: backup: is well again", "info: backup: did backup"]
    assert maintenance_problems(daemon.service.app.store.chores()) == []
    assert daemon.due("backup") == NIGHT + DAY


def test_what_was_killed_in_the_middle_is_done_again_within_an_hour(
    make_daemon: Callable[..., Daemon],
) -> None:
    daemon = make_daemon()
    daemon.until(NIGHT - timedelta(minutes=10))
    daemon.clock.tick(minutes=10)
    store, now = daemon.service.app.store, daemon.clock.now()
    plan = daemon.chores._jobs["prune"]
    store.keep_chore(plan.begun(store.chores()["prune"], now))  # and then nothing more

    daemon.start()
    assert daemon.look() == []
    daemon.until(now + HOUR + timedelta(minutes=10))

    assert len(daemon.done) == 1
    assert daemon.due() == NIGHT + DAY


def test_another_configuration_does_not_do_it_again(make_daemon: Callable[..., Daemon]) -> None:
    daemon = make_daemon()
    old = daemon.chores
    daemon.until(NIGHT - timedelta(minutes=10))
    new = Chores(daemon.service.app, jobs=daemon._jobs)
    new.due(daemon.clock.now())
    daemon.clock.tick(minutes=20)
    assert new.due(daemon.clock.now()) == old.due(daemon.clock.now()) == ("prune",)

    asyncio.run(old.run("prune"))
    asyncio.run(new.run("prune"))

    assert len(daemon.done) == 1
    assert new.due(daemon.clock.now()) == ()


@pytest.mark.timeout(60)
def test_it_ends_in_the_middle_when_the_daemon_does(make_service: Callable[..., Service]) -> None:
    service = make_service(SITE)
    started = threading.Event()

    def endless(halt: Halt) -> str:
        with halt.connection(service.app.store._engine, timeout=1.0) as connection:
            started.set()
            connection.execute(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n)"
                " SELECT count(*) FROM n"
            ).fetchall()
        return ""

    def jobs(app: App) -> tuple[Job, ...]:
        return (Job(name="integrity", work=endless),)

    async def run() -> datetime:
        chores = Chores(service.app, jobs=jobs)
        chores.due(service.clock.now())
        service.clock.at = NIGHT + HOUR
        task = asyncio.create_task(chores.run("integrity"))
        await asyncio.to_thread(started.wait, 10)
        assert chores.due(service.clock.now()) == ()  # one at a time
        task.cancel()
        await asyncio.wait({task})
        assert task.cancelled()
        return service.clock.now()

    ended = asyncio.run(run())

    row = service.app.store.chores()["integrity"]
    assert (row.outcome, row.due) == (None, ended)
    assert not maintenance_problems({"integrity": row})
    again = Chores(service.app, jobs=jobs)
    service.clock.tick(seconds=PAUSE)
    again.due(service.clock.now())
    service.clock.tick(seconds=PAUSE)
    assert again.due(service.clock.now()) == ("integrity",)


def test_a_store_that_cannot_be_read_for_a_while_is_no_end(
    make_daemon: Callable[..., Daemon],
) -> None:
    daemon = make_daemon()
    daemon.service.app.store.close()
    place = daemon.service.root / "var" / "feedsvc.db"
    whole = place.read_bytes()
    daemon.clock.at = NIGHT
    place.write_bytes(b"no database" * 1000)

    with pytest.raises(StoreError):
        daemon.look()

    for ending in ("-wal", "-shm"):
        place.with_name(place.name + ending).unlink(missing_ok=True)
    place.write_bytes(whole)
    daemon.start()
    assert daemon.look() == ["prune"]


# -- the real ones ---------------------------------------------------------------------------------


def night(service: Service) -> Daemon:
    """A daemon after its first night."""
    daemon = Daemon(service)
    daemon.clock.at = NIGHT
    daemon.look()
    return daemon


def test_a_night_of_a_service(make_service: Callable[..., Service]) -> None:
    service = make_service(f'{SITE}backup = "backups"\nkeep_backups = 2\n')
    for number in range(1, 7):
        service.write(f"{number}.txt", f"Number {number}\n2025-05-0{number}\n\nText.\n")
    service.sync()
    before = service.snapshot()

    daemon = night(service)

    rows = {row["name"]: row for row in maintenance(service.app.store.chores())}
    assert list(rows) == ["backup", "integrity", "optimize", "prune"]
    assert {row["outcome"] for row in rows.values()} == {"ok"}
    assert rows["prune"]["reason"] == "erased 4 articles"
    assert rows["integrity"] == {
        "name": "integrity", "due": "2025-06-09T01:30:00Z", "ran": "2025-06-02T01:30:00Z",
        "outcome": "ok", "reason": "the database is sound",
    }  # fmt: skip
    (backup,) = (service.root / "backups").iterdir()
    assert backup.name in str(rows["backup"]["reason"])
    assert [line.split(":")[1] for line in daemon.said()] == [" integrity", " backup", " prune"]
    for _ in range(3):
        daemon.clock.tick(days=1)
        daemon.look()
    assert len(list((service.root / "backups").iterdir())) == 2
    service.regenerate(everything=True)
    assert service.snapshot() == before


def test_a_damaged_database_is_told_and_nothing_is_erased(
    make_service: Callable[..., Service],
) -> None:
    service = make_service(SITE)
    for number in range(1, 7):
        service.write(f"{number}.txt", f"Number {number}\n2025-05-0{number}\n\nText.\n")
    service.sync()
    place = service.root / "var" / "feedsvc.db"
    with closing(sqlite3.connect(place, isolation_level=None)) as database:
        database.execute("INSERT INTO body (article_id, html, fields) VALUES (99, '', '{}')")

    daemon = night(service)

    found = {
        problem.path: problem.reason for problem in maintenance_problems(service.app.store.chores())
    }
    assert found["integrity"].startswith(
        "the database is damaged: row 99 of body refers to a row of article that is not"
    )
    assert "restore" in found["integrity"]
    assert found["prune"] == "nothing is erased while the database is damaged"
    assert sum(one.html != "" for one in service.stored().values()) == 6
    assert any(line.startswith("error: integrity") for line in daemon.said())


def test_what_the_webhook_could_not_be_told_it_is_told_later(
    make_service: Callable[..., Service], feed_server: FeedServer, tmp_path: Path
) -> None:
    hook = f'[ops]\nwebhook = "{feed_server.url("/hook")}"\n'
    service = make_service(
        f'{SITE}{hook}[sync]\nallow_networks = ["127.0.0.0/8"]\n'.replace("keep = 2\n", "")
    )
    feed_server["/hook"] = Page(body=b"")
    service.write("1.txt", "Number\n2025-05-01\n\nText.\n")
    service.sync()
    service.articles_folder.rename(tmp_path / "away")
    service.sync()  # the folder is gone: nobody but a daemon tells of it
    told = len(feed_server.asked("/hook"))

    daemon = Daemon(service)
    daemon.look()

    assert len(feed_server.asked("/hook")) == told + 1
    assert service.app.store.chores()["notify"].reason == "told the webhook"
    daemon.until(daemon.clock.at + 2 * HOUR)
    assert len(feed_server.asked("/hook")) == told + 1
