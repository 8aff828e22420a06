"""Benchmark: a thousand feeds are synced cold, with nothing new, and with one in twenty changed.

    python tests/bench/syncing.py                            CPU and memory of `feedsvc sync`
    python tests/bench/syncing.py --reader .peer/bin/python  the same beside the package `reader`
    python tests/bench/syncing.py --sources 10000            does it stay linear?
    python tests/bench/syncing.py --latency 80               wall time, with 80 ms to 2 s a feed

Each row is a whole process, the median of several runs: CPU seconds (user + system, children
included), wall seconds and peak memory. The feeds come from `farm.py`. After every run the store is
compared with the farm: exactly its entries, each once; and all requests but the first are
conditional. For `--reader`, `pip install reader sgmllib3k` into an environment of its own.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

HERE = Path(__file__).resolve().parent
# As it is installed: with its bytecode beside it.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
STEPS = ("cold", "warm", "changed")
# What the figures are meant to be, by the number of sources and the step.
CPU = {1_000: {"cold": 6.0, "warm": 1.8, "changed": 2.2}}
RATIO = {1_000: {"cold": 0.2, "warm": 0.6}}  # of what `reader` needs
WALL = {200: {"cold": 3.5, "warm": 2.5}, 1_000: {"cold": 15.0, "warm": 15.0}}  # with --latency 80
MEMORY = {1_000: 120.0, 10_000: 200.0}  # MiB


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run of one process cost, and what the farm saw of it."""

    cpu: float  # seconds, user + system
    wall: float  # seconds
    memory: float  # MiB, peak
    requests: int
    not_modified: int
    most_per_host: int  # connections
    farm_cpu: float


@dataclass(frozen=True, slots=True)
class Row(Figures):
    """The median of several runs."""

    who: str
    step: str
    fsyncs: int | None = None


class Farm:
    """The farm, asked what it saw and told to go on."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        assert process.stdout is not None
        self.folder = folder
        self.about: dict[str, Any] = json.loads(process.stdout.readline() or "{}")
        if not self.about:
            raise SystemExit("the farm did not start")

    def counts(self) -> dict[str, Any]:
        with self._open("GET", "counts") as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def links(self) -> Iterator[tuple[str, str]]:
        """Source and link of every entry published so far, in order."""
        with self._open("GET", "links") as answer:
            for line in answer:
                source, _, link = line.decode().rstrip("\n").partition(" ")
                yield source, link

    def command(self, what: str) -> int:
        """`reset` or `advance?percent=5`; returns how many feeds changed."""
        with self._open("POST", what) as answer:
            return int(json.load(answer)["feeds"])

    def _open(self, method: str, what: str) -> Any:
        data = b"" if method == "POST" else None
        return urlopen(Request(f"{self.about['address']}/-/{what}", data=data, method=method))


@contextmanager
def farm(options: argparse.Namespace, root: Path) -> Iterator[Farm]:
    """A farm in a process of its own."""
    command = [
        sys.executable, HERE / "farm.py", "--feeds", options.sources, "--hosts", options.hosts,
        "--latency", options.latency, "--seed", options.seed, "--write", root / "farm",
        *(["--gzip"] if options.gzip else []),
    ]  # fmt: skip
    with subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Farm(process, root / "farm")
        finally:
            process.terminate()


# --- one process


def measure(command: list[str], at: Farm) -> tuple[Figures, str]:
    """Run a command to its end; returns what it cost and what it printed."""
    before = at.counts()
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        child = subprocess.Popen(command, stdout=output, env=ENVIRONMENT)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != 0:
            raise SystemExit(f"{' '.join(command)} ended with {child.returncode}")
        output.seek(0)
        printed = output.read().decode()
    after = at.counts()
    figures = Figures(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=wall,
        memory=usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2),
        requests=after["requests"] - before["requests"],
        not_modified=after["not_modified"] - before["not_modified"],
        most_per_host=after["most_per_host"],
        farm_cpu=after["cpu"] - before["cpu"],
    )
    return figures, printed


class Ours:
    """`feedsvc sync` in a folder of its own; forced, since nothing is due so soon."""

    name = "feedsvc"

    def __init__(self, folder: Path, at: Farm) -> None:
        folder.mkdir()
        shutil.copy(at.folder / "feedsvc.toml", folder)
        self.command = [
            sys.executable, "-m", "feedsvc", "-C", str(folder), "-q", "--json", "sync", "--force",
        ]  # fmt: skip
        self._store = folder / "var" / "feedsvc.db"

    def check(self, at: Farm, printed: str, changed: int) -> None:
        """Exactly the farm's entries are stored, each once; `changed` feeds had an edited one."""
        query = (
            "SELECT s.name, a.link FROM article a JOIN source s ON s.id = a.source_id"
            " ORDER BY s.name, a.link"
        )
        with closing(sqlite3.connect(self._store)) as store:
            for expected, stored in zip_longest(at.links(), store.execute(query)):
                if expected != stored:
                    raise SystemExit(f"the farm has {expected}, the store holds {stored}")
        totals = json.loads(printed)["totals"]
        if totals["changed"] != changed:
            raise SystemExit(f"{changed} entries were edited, {totals['changed']} reported")


class Peer:
    """The package `reader`."""

    name = "reader"

    def __init__(self, folder: Path, at: Farm, python: str, workers: int) -> None:
        folder.mkdir()
        opml = str(at.folder / "feeds.opml")
        self.command = [
            python, str(HERE / "peer.py"), str(folder / "reader.db"), opml, str(workers)
        ]  # fmt: skip

    def check(self, at: Farm, printed: str, changed: int) -> None:
        expected = sum(1 for _ in at.links())
        if int(printed) != expected:
            raise SystemExit(f"the farm has {expected} entries, reader holds {printed.strip()}")


def expect_requests(step: str, figures: Figures, sources: int, changed: int) -> None:
    """Each source was asked once, and all that it knew already was a 304."""
    known = {"cold": 0, "warm": sources, "changed": sources - changed}[step]
    if (figures.requests, figures.not_modified) != (sources, known):
        raise SystemExit(
            f"{step}: {figures.requests} requests and {figures.not_modified} answers 304"
            f" instead of {sources} and {known}"
        )


# --- many of them


def rows(options: argparse.Namespace, root: Path, at: Farm) -> list[Row]:
    """Every step of everybody, in turns, so that a slow minute of the machine hits all alike."""
    found: dict[tuple[str, str], list[Figures]] = {}
    for run in range(options.runs):
        at.command("reset")
        contestants: list[Ours | Peer] = [Ours(root / f"ours-{run}", at)]
        if options.reader:
            workers = 1 if not options.latency else 64
            contestants.append(Peer(root / f"reader-{run}", at, options.reader, workers))
        for step in STEPS:
            changed = at.command(f"advance?percent={options.percent}") if step == "changed" else 0
            for one in contestants:
                figures, printed = measure(one.command, at)
                expect_requests(step, figures, options.sources, changed)
                one.check(at, printed, changed)
                found.setdefault((one.name, step), []).append(figures)
        for folder in root.glob("*-*"):
            shutil.rmtree(folder)
    fsyncs = count_fsyncs(options, root, at)
    return [
        row(who, step, figures, fsyncs.get(step) if who == Ours.name else None)
        for (who, step), figures in sorted(
            found.items(), key=lambda item: (item[0][0], STEPS.index(item[0][1]))
        )
    ]


def row(who: str, step: str, runs: list[Figures], fsyncs: int | None) -> Row:
    """The median of each figure."""
    middle = {
        name: statistics.median(getattr(one, name) for one in runs) for name in asdict(runs[0])
    }
    return Row(
        who=who,
        step=step,
        fsyncs=fsyncs,
        cpu=round(middle["cpu"], 3),
        wall=round(middle["wall"], 3),
        memory=round(middle["memory"], 1),
        farm_cpu=round(middle["farm_cpu"], 3),
        requests=int(middle["requests"]),
        not_modified=int(middle["not_modified"]),
        most_per_host=int(middle["most_per_host"]),
    )


def count_fsyncs(options: argparse.Namespace, root: Path, at: Farm) -> dict[str, int]:
    """How often each step waits for the disk, in one more run under strace."""
    strace = shutil.which("strace")
    if options.latency:
        return {}
    if strace is None:
        print("fsyncs: not counted, strace is not installed", file=sys.stderr)
        return {}
    at.command("reset")
    ours = Ours(root / "ours-strace", at)
    found = {}
    for step in STEPS:
        if step == "changed":
            at.command(f"advance?percent={options.percent}")
        log = root / "strace.log"
        traced = [strace, "-f", "-e", "trace=fsync,fdatasync", "-o", str(log), *ours.command]
        ended = subprocess.run(traced, stdout=subprocess.DEVNULL, env=ENVIRONMENT, check=False)
        if ended.returncode != 0:
            print(f"fsyncs: not counted, strace ended with {ended.returncode}", file=sys.stderr)
            return {}
        text = log.read_text()
        found[step] = text.count(" fsync(") + text.count(" fdatasync(")
    return found


# --- the command


def report(found: list[Row], options: argparse.Namespace) -> None:
    """A table, the ratios, and what the figures are meant to be."""
    print(
        f"{'who':<8} {'step':<8} {'CPU s':>7} {'wall s':>7} {'peak MiB':>9} {'200':>6} {'304':>6}"
        f" {'fsyncs':>7} {'at a host':>9} {'farm CPU':>9}"
    )
    for r in found:
        print(
            f"{r.who:<8} {r.step:<8} {r.cpu:>7.2f} {r.wall:>7.2f} {r.memory:>9.1f}"
            f" {r.requests - r.not_modified:>6} {r.not_modified:>6}"
            f" {'-' if r.fsyncs is None else r.fsyncs:>7} {r.most_per_host:>9} {r.farm_cpu:>9.2f}"
        )
    by_name = {(r.who, r.step): r for r in found}
    for step in STEPS:
        ours, peer = by_name[Ours.name, step], by_name.get((Peer.name, step))
        if options.latency:
            told = [f"{ours.wall:.2f} s{aim(WALL, options, step)}"]
        else:
            told = [f"{ours.cpu:.2f} s CPU{aim(CPU, options, step)}"]
            if peer is not None:
                told.append(f"{ours.cpu / peer.cpu:.2f} x reader{aim(RATIO, options, step)}")
        print(f"{step}: {', '.join(told)}")
    most = max(r.memory for r in found if r.who == Ours.name)
    limit = MEMORY.get(options.sources)
    print(f"memory: {most:.0f} MiB" + (f" (aim: at most {limit:g})" if limit else ""))


def aim(aims: dict[int, dict[str, float]], options: argparse.Namespace, step: str) -> str:
    """The aim behind a figure, where there is one for this size."""
    most = aims.get(options.sources, {}).get(step)
    return "" if most is None else f" (aim: at most {most:g})"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").partition("\n")[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--sources", type=int, default=1000, help="how many feeds are synced")
    parser.add_argument("--hosts", type=int, default=200, help="over how many loopback addresses")
    parser.add_argument("--percent", type=float, default=5.0, help="of the feeds change")
    parser.add_argument("--runs", type=int, default=3, help="of which the median is told")
    parser.add_argument("--seed", type=int, default=1, help="another seed gives other feeds")
    parser.add_argument(
        "--latency", type=float, default=0.0, metavar="MS",
        help="median wait before an answer; log-normal, never above two seconds",
    )  # fmt: skip
    parser.add_argument("--gzip", action="store_true", help="the farm compresses")
    parser.add_argument(
        "--reader", metavar="PYTHON", help="compare with `reader`, which this interpreter has"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    if options.reader and not _has_reader(options.reader):
        print(f"{options.reader} has no `reader`: it is left out", file=sys.stderr)
        options.reader = None
    compileall.compile_dir(HERE.parents[1] / "feedsvc", quiet=1)
    with tempfile.TemporaryDirectory(prefix="feedsvc-bench-") as name:
        root = Path(name)
        with farm(options, root) as at:
            about = {key: at.about[key] for key in ("feeds", "hosts", "entries", "megabytes")}
            print(", ".join(f"{value} {key}" for key, value in about.items()), file=sys.stderr)
            found = rows(options, root, at)
    if options.json:
        print(json.dumps([asdict(r) for r in found], indent=2))
    else:
        report(found, options)


def _has_reader(python: str) -> bool:
    ended = subprocess.run([python, "-c", "import reader"], check=False, capture_output=True)
    return ended.returncode == 0


if __name__ == "__main__":
    main()
