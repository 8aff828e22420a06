"""The README, run: every command in it does what the page says."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tomllib
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedsvc.config import load
from tests.feedserver import FeedServer, Page

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent


def block(name: str) -> str:
    """The fenced block that follows `<!-- name -->`."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    found = re.search(rf"^<!-- {name} -->\n```\w+\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    assert found, f"README.md has no block '{name}'"
    return found[1]


def environment(**more: str) -> dict[str, str]:
    """A shell in which this environment's `feedsvc` is found, and no setting of the machine's."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("FEEDSVC_")}
    return {**inherited, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", **more}


def shell(script: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=cwd, env=environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_tour_ends_in_the_entry_that_the_page_shows(tmp_path: Path) -> None:
    done = shell(block("tour"), tmp_path)

    assert done.returncode == 0, done.stderr
    document = (tmp_path / "news/public/all/atom.xml").read_text(encoding="utf-8")
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert block("entry").replace("2025-03-14:", f"{today}:") in document


def test_the_commands_to_look_with_succeed_after_the_tour(tmp_path: Path) -> None:
    assert shell(block("tour"), tmp_path).returncode == 0

    done = shell(block("look"), tmp_path / "news")

    assert done.returncode == 0, done.stderr
    assert "Die neue Fähre fährt ab Montag" in done.stdout


def test_the_commands_of_whoever_runs_it_succeed_after_the_tour(tmp_path: Path) -> None:
    assert shell(block("tour"), tmp_path).returncode == 0

    done = shell(block("service") + block("extras"), tmp_path / "news")

    assert done.returncode == 0, done.stderr
    assert "articles: 1 new" in done.stdout  # log
    assert "Die neue Fähre" in (tmp_path / "news/feed.xml").read_text(encoding="utf-8")
    assert (tmp_path / "news/feedsvc.schema.json").stat().st_size > 1000


PAGE = (
    b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>'
)
BLOG = b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Hafenblog</title>
<link>https://blog.example.org/</link><description>Was am Hafen geschieht</description>
<item><guid isPermaLink="false">1</guid><title>Nebel am Morgen</title>
<description>Die erste Barkasse wartete.</description></item></channel></rss>"""


def test_a_blog_is_added_and_synced(tmp_path: Path, feed_server: FeedServer) -> None:
    assert shell(block("tour"), tmp_path).returncode == 0
    feed_server["/"] = Page(body=PAGE, headers={"Content-Type": "text/html"})
    feed_server["/feed.xml"] = Page(body=BLOG)
    script = block("subscribe").replace("https://blog.example.org/", feed_server.url("/"))
    assert script != block("subscribe")

    done = shell(f"export FEEDSVC_SYNC__ALLOW_NETWORKS=127.0.0.0/8\n{script}", tmp_path / "news")

    assert done.returncode == 0, done.stderr
    assert "Nebel am Morgen" in done.stdout + done.stderr
    assert "Nebel am Morgen" in (tmp_path / "news/public/all/atom.xml").read_text("utf-8")


def test_the_two_line_configuration_loads(tmp_path: Path) -> None:
    (tmp_path / "feedsvc.toml").write_text(block("minimal"))

    settings = load(None, cwd=tmp_path, environ={})

    assert [source.path for source in settings.sources] == [tmp_path / "articles"]
    assert [feed.name for feed in settings.feeds] == ["all"]


def test_the_first_command_serves_the_sample_articles(tmp_path: Path) -> None:
    command = block("run").strip().rpartition("&& ")[2].removeprefix(".venv/bin/")
    assert command == "feedsvc run"
    settings = {
        "FEEDSVC_SERVER__LISTEN": "127.0.0.1:0",
        "FEEDSVC_STORE__URL": f"sqlite:///{tmp_path}/var/feedsvc.db",
        "FEEDSVC_PUBLISH__DIRECTORY": str(tmp_path / "public"),
    }

    with subprocess.Popen(
        [BIN / "feedsvc", "run"],
        cwd=ROOT, env=environment(**settings), stderr=subprocess.PIPE, text=True,
    ) as daemon:  # fmt: skip
        assert daemon.stderr is not None
        try:
            serving = daemon.stderr.readline()
            address = re.search(r"http://[\d.:]+", serving)
            assert address, serving
            for line in daemon.stderr:
                if "published" in line:
                    break
            with urllib.request.urlopen(f"{address[0]}/all/atom.xml") as answer:  # loopback
                document = answer.read()
                media_type = answer.headers["content-type"]
        finally:
            daemon.send_signal(signal.SIGINT)
            rest = daemon.stderr.read()

    assert document.count(b"<entry") >= 8
    assert media_type.startswith("application/atom+xml")
    assert "Traceback" not in rest
    assert daemon.returncode == 130


@pytest.mark.parametrize("name", ["run", "test"])
def test_the_two_commands_are_one_line_each(name: str) -> None:
    command = block(name)

    assert command.count("\n") == 1
    assert command.startswith("python3 -m venv .venv && .venv/bin/pip install")


def test_every_file_the_page_links_to_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", text)

    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_package_asks_for_the_python_that_the_page_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["requires-python"] == ">=3.11"
