"""Benchmark: a folder of Markdown articles becomes a site feed and ten tag feeds, Atom and RSS.

    python tests/bench/publishing.py [--sizes 100,2000,20000] [--runs 3] [--json]

Each row is a whole `feedsvc sync` process: CPU seconds (user + system) and peak memory, the median
of several runs. Nothing here is a test: figures depend on the machine, ratios less so.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

# As it is installed: with its bytecode beside it.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
TAGS = tuple("harbour culture weather transport science sports food history music sea".split())
WORDS = """harbour morning ferry council bridge market winter library station festival weather
channel teacher museum garden engine island bakery theatre sailor window letter garden council
evening lantern harvest orchestra workshop breakwater timetable neighbour""".split()

CONFIG = """
[site]
title = "Bench"
base_url = "https://bench.example.org"

[defaults]
limit = 50

[[source]]
name = "articles"
path = "articles"

[[feed]]
name = "all"
formats = ["atom", "rss"]
"""


@dataclass(frozen=True)
class Row:
    """One measured step."""

    articles: int
    step: str
    cpu: float  # seconds, user + system
    wall: float  # seconds
    memory: float  # MiB, peak


def article(number: int, random_: random.Random, paragraphs: int = 8) -> str:
    """A Markdown article with YAML front matter; with 8 paragraphs an entry has about 6 KB."""
    day = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=97 * number)
    tags = ", ".join(random_.sample(TAGS, 2))
    told = [
        " ".join(random_.choices(WORDS, k=70)).capitalize() + ", *as* **always** on [the quay](/q)."
        for _ in range(paragraphs)
    ]
    return (
        f'---\ntitle: "Report {number}: {" ".join(random_.choices(WORDS, k=4))}"\n'
        f"date: {day.isoformat()}\nauthor: Desk {number % 7}\ntags: [{tags}]\n"
        f"description: {' '.join(random_.choices(WORDS, k=18))}.\n---\n\n" + "\n\n".join(told)
    )


@contextmanager
def site(size: int) -> Iterator[Path]:
    """A folder with a configuration and `size` articles."""
    random_ = random.Random(size)
    with tempfile.TemporaryDirectory(prefix="feedsvc-bench-") as name:
        root = Path(name)
        feeds = (
            f'\n[[feed]]\nname = "{tag}"\ntags = ["{tag}"]\nformats = ["atom", "rss"]\n'
            for tag in TAGS
        )
        (root / "feedsvc.toml").write_text(CONFIG + "".join(feeds))
        (root / "articles").mkdir()
        for number in range(size):
            write(root, number, article(number, random_))
        yield root


def write(root: Path, number: int, text: str) -> None:
    """Write an article, dated back so that nothing waits for it to settle."""
    path = root / "articles" / f"{number // 1000:03}" / f"report-{number:05}.md"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    past = time.time() - 60
    os.utime(path, (past, past))


def run(root: Path, *command: str) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and peak MiB of one `feedsvc` process."""
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "feedsvc", "-C", str(root), "-q", *command],
        stdout=subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"feedsvc {command[0]} ended with {child.returncode}")
    wall = time.perf_counter() - began
    return usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024


def rows(size: int, runs: int) -> Iterator[Row]:
    """Every step at one size."""
    cold = []
    for _ in range(runs):
        with site(size) as root:
            cold.append(run(root, "sync"))
    yield row(size, "cold build", cold)
    with site(size) as root:
        run(root, "sync")
        random_ = random.Random(0)

        def repeated(before: Callable[[int], None]) -> list[tuple[float, float, float]]:
            found = []
            for turn in range(runs):
                before(turn)
                found.append(run(root, "sync"))
            return found

        newest = size - 1
        yield row(
            size,
            "newest edited",
            repeated(lambda turn: write(root, newest, article(newest, random_) + f"\n\n{turn}")),
        )
        yield row(
            size,
            "oldest edited",
            repeated(lambda turn: write(root, 0, article(0, random_) + f"\n\n{turn}")),
        )
        yield row(size, "nothing changed", repeated(lambda _: None))


def row(size: int, step: str, figures: list[tuple[float, float, float]]) -> Row:
    """The median of each figure."""
    cpu, wall, memory = (statistics.median(column) for column in zip(*figures, strict=True))
    return Row(size, step, round(cpu, 3), round(wall, 3), round(memory, 1))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", default="100,2000,20000")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = [r for size in options.sizes.split(",") for r in rows(int(size), options.runs)]
    if options.json:
        print(json.dumps([asdict(r) for r in found], indent=2))
        return
    print(f"{'articles':>8}  {'step':<16} {'CPU s':>7} {'wall s':>7} {'peak MiB':>9}")
    for r in found:
        print(f"{r.articles:>8}  {r.step:<16} {r.cpu:>7.2f} {r.wall:>7.2f} {r.memory:>9.1f}")
    edits = {r.articles: r.cpu for r in found if r.step == "newest edited"}
    if len(edits) > 1:
        sizes = sorted(edits)
        small, large = sizes[-2], sizes[-1]
        ratio = edits[large] / edits[small]
        print(f"one edit at {large} costs {ratio:.2f} x the cost at {small}")


if __name__ == "__main__":
    main()
