"""The largest attacks that the limits let through, each in a process whose memory is measured.

The limits are those that everybody has; the bound is that of a small machine.
"""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import brotli
import pytest

from feedsvc.app.syncing import SyncReport
from feedsvc.sync import SourceReport
from tests.feedserver import Answer, Answerable, FeedServer, Raw
from tests.guest import rss
from tests.large import MIB, seconds, some
from tests.peak import PEAK
from tests.siege import (
    BEFORE,
    CONFIG,
    NEWS,
    Case,
    Siege,
    assert_endured,
    assert_readable,
    assert_valid,
    head,
    mended,
)
from tests.support import Service

MOST = some(15 * MIB)  # of what the client lets through
MEMORY = 300 * MIB
CPU = seconds(60.0)  # the worst takes a tenth of it
HOME = "https://harbour.example.org/"

SCRIPT = f"""{PEAK}
import json, resource, sys
from feedsvc.cli.main import main

try:
    code = main(sys.argv[1:])
except SystemExit as left:
    code = left.code
own, aside = (resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
# That of a child begins with ours, and so says nothing unless it is more.
told = dict(peak=max(peak(), aside.ru_maxrss * 1024), code=code)
told["cpu"] = own.ru_utime + own.ru_stime + aside.ru_utime + aside.ru_stime
print(json.dumps(told), file=sys.stderr)
"""


@dataclass
class Measured(Siege):
    """A siege of one source after another, each in a process of its own."""

    took: dict[str, dict[str, Any]] = field(default_factory=dict)

    def _sync(self, build: tuple[str, ...] = ()) -> None:
        if build:
            super()._sync(build)
            return
        self.service.restart()
        reports = [self._measure(name) for name in ("good", *(c.source for c in self.cases))]
        self.report = SyncReport(sources=tuple(reports), build=None)
        self.service.regenerate()

    def _measure(self, source: str) -> SourceReport:
        arguments = ["-C", str(self.service.root), "sync", "--no-build", "--force", "--json"]
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments, "--source", source],
            capture_output=True,
            check=False,
            timeout=100,
        )
        assert b"Traceback" not in done.stderr, done.stderr.decode()[-2_000:]
        self.took[source] = json.loads(done.stderr.splitlines()[-1])
        (report,) = json.loads(done.stdout)["sources"]
        return SourceReport(**report)


# -- what is sent ----------------------------------------------------------------------------------


def item(title: object, more: str = "") -> str:
    return (
        f"<item><title>{title}</title><link>{HOME}{title}</link><guid>{HOME}{title}</guid>"
        f"<description>What happened at the pier: {title}.</description>{more}</item>"
    )


OLD = "".join(map(item, BEFORE))


def doc(inside: str) -> bytes:
    return f'<rss version="2.0"><channel><title>H</title>{OLD}{inside}</channel></rss>'.encode()


def filled(pattern: str) -> str:
    """As much of a pattern as the client lets through."""
    return pattern * ((MOST - 2_000) // len(pattern.encode()))


def zeros(size: int) -> bytes:
    """A gzip body of so many zeros."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    first = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + first + again * (size // MIB - 1)


def packed(body: bytes, coding: str = "gzip") -> Answer:
    return Answer(body=body, headers={"Content-Encoding": coding})


TOO_MUCH = "the decompressed body is larger than the 15 MiB"
MENDED = "not well-formed"
JSON_HEAD = '{"version":"https://jsonfeed.org/version/1.1","title":"H","items":['
JSON_OLD = ",".join(
    json.dumps({"id": HOME + title, "url": HOME + title, "title": title}) for title in BEFORE
)


def size(name: str, make: Callable[[], Answerable], told: str | None, failed: bool = False) -> Case:
    return Case(
        name=name, at=lambda siege, number: make(), told=told, failed=failed,
        takes=() if failed else None,
    )  # fmt: skip


CASES = (
    size("10-gb-of-zeros-in-gzip", lambda: packed(zeros(10 * 10**9)), TOO_MUCH, failed=True),
    size(
        "1-gb-of-zeros-in-br",
        lambda: packed(brotli.compress(bytes(1024 * MIB), quality=0), "br"),
        TOO_MUCH,
        failed=True,
    ),
    size(
        "100000-entries",
        lambda: packed(
            gzip.compress(
                doc(
                    "".join(
                        f"<item><title>n{n}</title><guid>{n}</guid>"
                        f"<description>n{n} and so on and on</description></item>"
                        for n in range(100_000)
                    )
                ),
                1,
            )
        ),
        "entries were left out",
    ),
    size(
        "50000-categories",
        lambda: doc(item(NEWS, "".join(f"<category>c{n}</category>" for n in range(50_000)))),
        "than are kept",
    ),
    size("depth-10000", lambda: doc(item(NEWS, "<a>" * 10_000 + "x" + "</a>" * 10_000)), "deep"),
    size(
        "full-of-tags-that-never-end",
        lambda: packed(gzip.compress(doc(filled("<a>")), 1)),
        MENDED,
    ),
    size(
        "full-of-ampersands",
        lambda: packed(gzip.compress(doc(item(NEWS, filled("&"))), 1)),
        MENDED,
    ),
    size(
        "full-of-html-in-one-entry",
        lambda: packed(
            gzip.compress(doc(item(NEWS, f"<description>{filled('&lt;p&gt;x')}</description>")), 1)
        ),
        None,
    ),
    size(
        "full-of-items-in-json",
        lambda: packed(
            gzip.compress(
                (
                    JSON_HEAD + JSON_OLD + ',{"id":"1","content_text":"x"}' * some(450_000) + "]}"
                ).encode(),
                1,
            )
        ),
        "only the first 2000 were read",
    ),
)


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    service = Service(tmp_path_factory.mktemp("sizes"))
    config = CONFIG.replace('timeout = "2s"\nmax_bytes = "1MiB"\n', "")
    with FeedServer() as server:
        siege = Measured(service, server, CASES, config=config)
        siege.run()
    service.restart()
    return siege


each = pytest.mark.parametrize("case", CASES, ids=str)


@each
def test_it_takes_little_memory_and_no_endless_work(siege: Measured, case: Case) -> None:
    took = siege.took[case.source]

    assert took["peak"] < MEMORY
    assert took["cpu"] < CPU
    assert took["code"] == (4 if case.failed else 0)


@each
def test_what_is_wrong_is_named_and_nobody_is_harmed(siege: Measured, case: Case) -> None:
    assert_endured(siege, case)
    assert_readable(siege, case)


@each
def test_what_is_published_of_it_is_valid(siege: Measured, case: Case) -> None:
    assert_valid(siege[case.source].files)


# -- what it takes to read -------------------------------------------------------------------------


def slowly(body: bytes) -> Answerable:
    """An answer that is whole in half of the time it may take."""
    step = len(body) // 10 + 1
    sent: list[bytes | float] = [head(length=len(body))]
    for at in range(0, len(body), step):
        sent += [body[at : at + step], 0.1]
    return Raw(sent)


def test_what_one_source_takes_to_be_read_is_not_taken_from_others(
    tmp_path: Path, feed_server: FeedServer
) -> None:
    heavy = packed(gzip.compress(doc(filled("<a>")), 1))
    slow = [mended(f"slow-{n}", slowly(rss(NEWS, *BEFORE)), "", NEWS) for n in range(3)]
    others = [size(f"heavy-{n}", lambda: heavy, MENDED) for n in range(3)]
    config = CONFIG.replace('max_bytes = "1MiB"\n', "")
    siege = Siege(Service(tmp_path), feed_server, [*slow, *others], config=config)

    siege.run()

    for case in siege.cases:
        assert_endured(siege, case)
    siege.service.restart()
