"""Benchmark: one article of many is edited, arrives or is withdrawn; what does the build cost?

    python tests/bench/archives.py [--size 20000] [--runs 22] [--paragraphs 8] [--feeds 200]
        [--children 1000]

The articles have no link, so that each has a page, and one of the feeds keeps an archive. The steps
of the daemon are measured inside one process, as it builds: CPU milliseconds of
`App.regenerate(BuildOptions(feeds=…, verify=False))`, the median of many, and of the slowest.
Commands are measured as whole processes. `--feeds` adds feeds that no step concerns, `--children`
a group of as many. Nothing here is a test: figures depend on the machine, ratios less so.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from feedsvc.app import App
from feedsvc.config import load
from feedsvc.model import Format
from feedsvc.publish.forms import forms
from feedsvc.regenerate import BuildOptions
from feedsvc.sync import Options
from tests.bench.publishing import article, run, write

CONFIG = """
[site]
title = "Bench"
base_url = "https://bench.example.org"

[[source]]
name = "articles"
path = "articles"

[[feed]]
name = "archived"
archive = true

[[feed]]
name = "plain"
"""


@dataclass(frozen=True)
class Row:
    """One measured step."""

    step: str
    cpu_ms: float
    wall_ms: float
    most_ms: float  # CPU of the slowest run
    files: int = 0  # written, sidecars not counted
    memory: float = 0.0  # MiB, peak of the first build


@dataclass
class Newsroom:
    """A folder with articles, and the daemon's App over it."""

    root: Path
    size: int
    feeds: tuple[str, ...] = ("archived",)
    paragraphs: int = 8

    def __post_init__(self) -> None:
        self.random = random.Random(0)
        self.app = App(load(self.root / "feedsvc.toml", cwd=self.root, environ={}))
        self.edits = 0

    def edit(self, number: int) -> None:
        """Put other words into an article, or write one that is new."""
        self.edits += 1
        text = article(number, self.random, self.paragraphs)
        write(self.root, number, f"{text}\n\nEdit {self.edits}.")
        self.sync()

    def withdraw(self, number: int) -> None:
        """Take an article down."""
        path = self.root / "articles" / f"{number // 1000:03}" / f"report-{number:05}.md"
        path.unlink()
        self.sync()

    def sync(self) -> None:
        """Stage 1, which is not measured."""
        asyncio.run(self.app.sync(force=True, build=False, options=Options(patient=False)))

    def build(self, *feeds: str, verify: bool = False) -> tuple[float, float, int]:
        """CPU and wall seconds of stage 2, and how many files it wrote."""
        began, cpu = time.perf_counter(), time.process_time()
        report = self.app.regenerate(BuildOptions(feeds=feeds, verify=verify))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - began
        held = [one.reason for one in report.publications if one.outcome == "held"]
        if held:
            raise SystemExit(f"held back: {held[0]}")
        return cpu, wall, sum(one.outcome == "written" for one in report.publications)


@contextmanager
def newsroom(size: int, more: int, children: int, paragraphs: int) -> Iterator[Path]:
    """A folder with a configuration and `size` articles."""
    random_ = random.Random(size)
    with tempfile.TemporaryDirectory(prefix="feedsvc-bench-") as name:
        root = Path(name)
        others = [f'\n[[feed]]\nname = "other-{n}"\ntags = ["other-{n}"]\n' for n in range(more)]
        group = '\n[[feed]]\nname = "topics"\nper = "tag"\n' if children else ""
        (root / "feedsvc.toml").write_text(CONFIG + "".join(others) + group)
        (root / "articles").mkdir()
        for number in range(size):
            text = article(number, random_, paragraphs)
            if children:
                text = text.replace("tags: [", f"tags: [topic-{number % children}, ", 1)
            write(root, number, text)
        yield root


def steps(room: Newsroom, runs: int) -> Iterator[Row]:
    """The steps of a daemon that is at work since long."""
    size = room.size
    newest, old = size - 1, size // 2

    def repeated(step: str, change: Callable[[int], None], *feeds: str, times: int = runs) -> Row:
        figures = []
        for turn in range(times):
            change(turn)
            figures.append(room.build(*feeds))
            for other in {"archived", "plain", *room.feeds}.difference(feeds):
                room.build(other)
        cpu, wall, files = zip(*figures[2:], strict=True)  # the first two warm up
        return Row(
            step=step,
            cpu_ms=_ms(statistics.median(cpu)),
            wall_ms=_ms(statistics.median(wall)),
            most_ms=_ms(max(cpu)),
            files=round(statistics.median(files)),
        )

    yield repeated("newest edited, feed with archive", lambda _: room.edit(newest), "archived")
    yield compressing(room, runs)
    yield repeated("newest edited, plain feed", lambda _: room.edit(newest), "plain")
    yield repeated("archived one edited", lambda turn: room.edit(old + turn), "archived")
    yield repeated("a new article", lambda turn: room.edit(size + turn), "archived")
    yield repeated("newest gone", lambda turn: room.withdraw(size + runs - 1 - turn), "archived")
    yield repeated("archived one gone", lambda turn: room.withdraw(old - 1 - turn), "archived")
    if len(room.feeds) > 1:
        yield repeated("newest edited, all feeds", lambda _: room.edit(newest), *room.feeds)
    yield repeated("nothing changed", lambda _: None, "archived")


def compressing(room: Newsroom, runs: int) -> Row:
    """What of the step before it are the compressed forms of the feed's three documents."""
    folder = room.root / "public" / "archived"
    documents = [(folder / format.filename).read_bytes() for format in Format]
    figures = []
    for _ in range(runs):
        cpu = time.process_time()
        for document in documents:
            list(forms(document))
        figures.append(time.process_time() - cpu)
    median, kilobytes = statistics.median(figures), sum(map(len, documents)) // 1000
    return Row(
        step=f"  of that: compressing {kilobytes} KB",
        cpu_ms=_ms(median), wall_ms=_ms(median), most_ms=_ms(max(figures)),
    )  # fmt: skip


def commands(root: Path, size: int, runs: int) -> Iterator[Row]:
    """Commands as whole processes."""

    def command(step: str, line: Callable[[int], list[str]]) -> Row:
        figures = [run(root, *line(turn)) for turn in range(runs)]
        cpu, wall, _ = (statistics.median(column) for column in zip(*figures, strict=True))
        most = max(one[0] for one in figures)
        return Row(step, cpu_ms=_ms(cpu), wall_ms=_ms(wall), most_ms=_ms(most))

    def ident(number: int) -> str:
        return f"{number // 1000:03}/report-{number:05}"

    yield command("regenerate, nothing to do", lambda _: ["regenerate"])
    yield command("article withdraw", lambda turn: ["article", "withdraw", ident(size // 3 + turn)])
    yield command(
        "article withdraw, newest", lambda turn: ["article", "withdraw", ident(size - 1 - turn)]
    )
    yield command("sync, nothing changed", lambda _: ["sync"])


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--size", type=int, default=20_000)
    parser.add_argument("--runs", type=int, default=22)
    parser.add_argument("--feeds", type=int, default=0, help="more feeds, each for a tag")
    parser.add_argument("--children", type=int, default=0, help="feeds of a group")
    parser.add_argument("--paragraphs", type=int, default=8, help="of an article, half a KB each")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: list[Row] = []

    def tell(row: Row) -> None:
        found.append(row)
        if not options.json:
            print(
                f"{row.step:<34} {row.cpu_ms:>9.1f} {row.wall_ms:>9.1f} {row.most_ms:>9.1f}"
                f" {row.files:>6} {row.memory:>7.1f}",
                flush=True,
            )

    if not options.json:
        print(f"{'step':<34} {'CPU ms':>9} {'wall ms':>9} {'most ms':>9} {'files':>6} {'MiB':>7}")
    shape = options.size, options.feeds, options.children, options.paragraphs
    with newsroom(*shape) as root:
        feeds = ("archived", "topics") if options.children else ("archived",)
        room = Newsroom(root, options.size, feeds, options.paragraphs)
        room.sync()
        cpu, wall, files = room.build(verify=True)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        tell(Row("first build", cpu * 1000, wall * 1000, cpu * 1000, files, memory))
        for row in steps(room, options.runs):
            tell(row)
        room.app.close()
        for row in commands(root, options.size, 5):
            tell(row)
    if options.json:
        print(json.dumps([asdict(row) for row in found], indent=2))


if __name__ == "__main__":
    main()
