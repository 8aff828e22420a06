"""Benchmark: what `feedsvc run` costs while nothing is due, with thousands of sources.

    python tests/bench/idle.py                     10,000 sources, half a minute
    python tests/bench/idle.py --sources 1000 --seconds 10

A real daemon with its server, a folder that is watched, and an OPML file of sources that were asked
a moment ago. CPU and memory are those of both processes, by /proc; a tick is measured in a process
of its own, as the CPU time that one look costs. Exits with 1 where a limit is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from feedsvc.app import App
from feedsvc.config import load
from feedsvc.scheduler.rounds import Rounds

TICK = 5.0  # milliseconds
IDLE = 0.5  # percent of a core
MEMORY = 150.0  # MiB
SETTLED = 10.0  # seconds after the start, in which modules are imported and everything is built
TICKS = 300

CONFIG = """
[site]
title = "Ten thousand"
base_url = "https://planet.example.org"
[server]
listen = "127.0.0.1:0"
[[source]]
name = "desk"
path = "articles"
[[source]]
name = "list"
kind = "opml"
path = "list.opml"
every = "30d"
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """What it costs."""

    sources: int
    tick: float  # milliseconds of CPU
    idle: float  # percent of a core
    memory: float  # MiB

    @property
    def good(self) -> bool:
        return self.tick <= TICK and self.idle <= IDLE and self.memory <= MEMORY


def prepare(root: Path, count: int) -> None:
    """A service whose sources were all asked a moment ago."""
    (root / "feedsvc.toml").write_text(CONFIG)
    (root / "articles").mkdir()
    for number in range(50):
        text = f"Text {number}\n2025-01-01\n\nWhat stands in it.\n"
        (root / f"articles/{number}.txt").write_text(text)
    outlines = "".join(
        f'<outline type="rss" text="s{n}" xmlUrl="https://s{n}.example.org/feed.xml"/>'
        for n in range(count)
    )
    (root / "list.opml").write_text(f'<opml version="2.0"><body>{outlines}</body></opml>')
    app = opened(root)
    asyncio.run(app.sync(only=["list"], build=False))
    app.close()
    now = int(time.time())
    with closing(sqlite3.connect(root / "var/feedsvc.db")) as database, database:
        database.execute(
            "UPDATE source SET asked = ?1, last_ok = ?1, next_due = ?1 + 86400 + id % 86400"
            " WHERE name != 'desk'",
            (now,),
        )


def opened(root: Path) -> App:
    return App(load(root / "feedsvc.toml", cwd=root, environ={}))


async def tick(root: Path) -> float:
    """The milliseconds of CPU that a look costs when nothing is due."""
    app = opened(root)
    app.attend(lambda: None)
    rounds = Rounds(app)
    for _ in range(3):  # builds, and what is looked up once
        await rounds.look()
        await rounds.settle()
    app.watched = ["desk"]
    began = time.process_time()
    for _ in range(TICKS):
        await rounds.look()
    cost = (time.process_time() - began) / TICKS * 1_000
    await rounds.end(1.0)
    app.close()
    return cost


@contextmanager
def daemon(root: Path) -> Iterator[int]:
    with subprocess.Popen(
        [sys.executable, "-m", "feedsvc", "-q", "run"], cwd=root, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield process.pid
            if process.poll() is not None:
                raise SystemExit("the daemon ended")
        finally:
            process.send_signal(signal.SIGTERM)


def family(pid: int) -> list[int]:
    """A process and its children."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += map(int, (task / "children").read_text().split())
    return found


def seconds(pids: list[int]) -> float:
    """The CPU time of processes so far (proc_pid_stat(5): utime and stime)."""
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def mebibytes(pids: list[int]) -> float:
    """The memory of processes, what they share counted in each."""
    kib = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        kib += sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS:"))
    return kib / 1024


def measured(count: int, watched: float) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        prepare(root, count)
        cost = asyncio.run(tick(root))
        with daemon(root) as pid:
            time.sleep(SETTLED)
            processes = family(pid)
            before = seconds(processes)
            time.sleep(watched)
            used = seconds(processes) - before
            memory = mebibytes(processes)
    return Figures(
        sources=count,
        tick=round(cost, 2),
        idle=round(used / watched * 100, 2),
        memory=round(memory, 1),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sources", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found = measured(args.sources, args.seconds)
    if args.json:
        print(json.dumps(asdict(found)))
    else:
        print(f"{found.sources:,} sources, none due")
        print(f"  a tick   {found.tick:6.2f} ms  (at most {TICK})")
        print(f"  idle     {found.idle:6.2f} %   (at most {IDLE})")
        print(f"  memory   {found.memory:6.1f} MiB (at most {MEMORY:.0f})")
    return 0 if found.good else 1


if __name__ == "__main__":
    sys.exit(main())
