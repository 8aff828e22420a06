"""The files as they lie there: restored when harmed, and whole after a crash."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from feedsvc.gate import check
from feedsvc.model import Finding, Format

Told = Callable[..., str]


def _two(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01 08:00", "Back. " * 80, Tags="sea"))
    service.write("b.txt", told("Bridge", "2025-05-02", "Steel. " * 80))


def _bytes(service: Any) -> dict[str, bytes]:
    return {path: body for path, (_, body) in service.snapshot().items()}


@pytest.mark.parametrize("name", ["all/atom.xml", "all/rss.xml.br", "index.html", "opml.xml.gz"])
@pytest.mark.parametrize("how", ["deleted", "tampered"])
def test_a_harmed_file_is_written_again(service: Any, told: Told, name: str, how: str) -> None:
    _two(service, told)
    service.sync()
    before = service.snapshot()
    service.clock.tick(hours=1)

    path = service.public / name
    path.unlink() if how == "deleted" else path.write_bytes(b"tampered")
    report = service.sync().build

    document = name.removesuffix(".br").removesuffix(".gz")
    after = service.snapshot()
    assert {p.path for p in report.publications if p.outcome == "written"} == {document}
    assert _bytes(service) == {path: body for path, (_, body) in before.items()}
    assert {path for path in before if after[path] != before[path]} <= {
        document + ending for ending in ("", ".gz", ".br", ".zst")
    }


def test_the_whole_directory_comes_back(service: Any, told: Told) -> None:
    _two(service, told)
    service.sync()
    before = _bytes(service)
    for path in sorted(service.public.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()

    service.regenerate()

    assert _bytes(service) == before


def test_a_removed_feed_whose_files_cannot_be_taken_down_holds_up_no_other(
    service: Any, told: Told
) -> None:
    service.write("a.txt", told("A", Tags="sea"))
    service.sync()
    stuck = service.public / "sea/atom.xml"
    stuck.unlink()
    (stuck / "somebody's").mkdir(parents=True)
    service.write("b.txt", told("B"))
    config = (service.root / "feedsvc.toml").read_text()
    service.configure(config.partition('[[feed]]\nname = "sea"')[0])

    first = service.sync().build
    (stuck / "somebody's").rmdir()
    stuck.rmdir()
    second = service.sync().build

    held = {p.path: p.reason for p in first.publications if p.outcome == "held"}
    assert held.keys() == {
        f"sea/{name}" for name in ("atom.xml", "rss.xml", "feed.json", "index.html")
    }
    assert "no longer configured, but cannot remove" in held["sea/atom.xml"]
    assert b"<title>B</title>" in service.published("all/atom.xml")
    assert {p.outcome for p in second.publications} == {"unchanged"}
    assert not (service.public / "sea").exists()


def test_somebody_elses_file_stays(service: Any, told: Told) -> None:
    _two(service, told)
    service.sync()
    (service.public / "all" / "style.css").write_text("p {}")

    service.regenerate(everything=True)

    assert (service.public / "all" / "style.css").read_text() == "p {}"


@pytest.mark.parametrize("path", ["all/rss.xml", "all/atom.xml.br", "all/feed.json.gz", "opml.xml"])
def test_damage_that_nothing_tells_of_is_mended_when_everything_is_asked_for(
    service: Any, told: Told, path: str
) -> None:
    _two(service, told)
    service.sync()
    file = service.public / path
    whole, times = file.read_bytes(), file.stat()
    file.write_bytes(whole[:50] + b"?" * (len(whole) - 50))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))

    report = service.regenerate(everything=True)

    assert file.read_bytes() == whole
    written = [one.path for one in report.publications if one.outcome == "written"]
    assert written == [path.removesuffix(".br").removesuffix(".gz")]


def test_check_writes_nothing(service: Any, told: Told, rows: Callable[..., Any]) -> None:
    _two(service, told)
    service.sync()
    service.write("a.txt", told("Ferry", "2025-05-01 08:00", "Other words.", Tags="sea"))
    service.clock.tick(hours=1)
    service.sync(build=False)
    (service.public / "opml.xml").unlink()
    files, stored = service.snapshot(), rows(service)

    report = service.regenerate(check=True)

    outcomes = {p.path: p.outcome for p in report.publications}
    assert outcomes["all/atom.xml"] == outcomes["sea/rss.xml"] == outcomes["opml.xml"] == "written"
    assert outcomes["all/index.html"] == "unchanged"
    assert service.snapshot() == files
    assert rows(service) == stored


def test_check_looks_at_every_document(service: Any, told: Told) -> None:
    _two(service, told)
    service.sync()
    asked: list[str | None] = []

    def gate(body: bytes, form: str, url: str | None) -> tuple[Finding, ...]:
        asked.append(url)
        return ()

    service.app.__dict__["press"] = replace(service.app.press, gate=gate)

    service.regenerate(check=True)

    assert sorted(filter(None, asked)) == [
        f"https://news.example.org/{name}"
        for name in (
            "a/bridge/index.html", "a/ferry/index.html",
            "all/atom.xml", "all/feed.json", "all/index.html", "all/rss.xml", "index.html",
            "opml.xml", "sea/atom.xml", "sea/feed.json", "sea/index.html", "sea/rss.xml",
            "sitemap.xml",
        )
    ]  # fmt: skip


def test_everything_that_is_published_passes_the_gate_without_a_warning(
    service: Any, told: Told
) -> None:
    _two(service, told)
    service.write(
        "c.txt",
        told(
            "Salt & Pepper", "2025-05-03", "Über <b>alles</b>.\n\nhttps://example.org/ü?a=1&b=2",
            Autor="Jana Öhm, Tom Wex", Tags="sea, Küste", Teaser="Short & <sweet>.",
            Bild="https://news.example.org/p.jpg?a=1&b=2", Sprache="de", Rechte="© Desk",
            Unterzeile="A tale", Ressort="Food",
        ),
    )  # fmt: skip
    service.sync()

    formats = {format.filename: format.value for format in Format}
    formats |= {"index.html": "html", "opml.xml": "opml"}
    for path, body in _bytes(service).items():
        name = path.rpartition("/")[2]
        if name in formats:
            url = f"https://news.example.org/{path}"
            assert check(body, formats[name], url=url, now=service.clock.now()) == (), path


_CRASH = """
    import asyncio, os, sys
    from dataclasses import replace
    from datetime import datetime
    from pathlib import Path
    from feedsvc.app import App, SystemClock
    from feedsvc.config import load

    class Clock(SystemClock):
        def now(self):
            return datetime.fromisoformat(sys.argv[2])

    class Deadly:
        def __init__(self, inner, after):
            self.inner, self.after = inner, after
        def lies(self, line):
            return self.inner.lies(line)
        def place(self, files):
            placed = self.inner.place(files)
            self.after -= 1
            if self.after == 0:
                os._exit(9)  # as a kill does: nothing is tidied up
            return placed
        def __getattr__(self, name):
            return getattr(self.inner, name)

    root = Path(sys.argv[1])
    app = App(load(root / "feedsvc.toml", cwd=root, environ={}), Clock())
    deadly = Deadly(app.press.publisher, int(sys.argv[3]))
    app.__dict__["press"] = replace(app.press, publisher=deadly)
    asyncio.run(app.sync())
"""


@pytest.mark.parametrize(
    ("step", "after"),
    [("edit", 1), ("edit", 2), ("removal", 1), ("first-build", 2), ("first-build", 3)],
)
def test_a_crash_before_the_ledger_ends_in_the_same_bytes(
    make_service: Callable[..., Any], service: Any, told: Told, step: str, after: int
) -> None:
    spared = make_service((service.root / "feedsvc.toml").read_text(), name="spared")
    for one in (service, spared):
        _two(one, told)
        if step != "first-build":
            one.sync()
        one.clock.tick(hours=1)
        if step == "edit":
            one.write("a.txt", told("Ferry", "2025-05-01 08:00", "Other.", Tags="sea"))
        elif step == "removal":
            one.remove("a.txt")
    now = service.clock.now().isoformat()
    service.restart()

    crash = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_CRASH), str(service.root), now, str(after)],
        check=False,
    )
    service.clock.tick(minutes=10)
    service.sync()
    spared.sync()

    assert crash.returncode == 9
    assert _bytes(service) == _bytes(spared)
    settled = service.snapshot()
    service.sync()
    assert service.snapshot() == settled


def test_two_builds_at_once_do_no_harm(service: Any, told: Told) -> None:
    _two(service, told)
    service.sync()
    good = _bytes(service)
    service.restart()
    for path in service.public.rglob("*.xml*"):
        path.unlink()

    command = [
        sys.executable,
        "-m",
        "feedsvc",
        "-C",
        str(service.root),
        "-q",
        "regenerate",
        "--all",
    ]
    running = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(3)]
    codes = [process.wait() for process in running]

    assert codes == [0, 0, 0]
    assert _bytes(service) == good
    settled = service.snapshot()
    assert {p.outcome for p in service.regenerate().publications} == {"unchanged"}
    assert service.snapshot() == settled
    assert not [path for path in (service.public / "all").iterdir() if "tmp" in path.name]
