"""`feedsvc source test FILE` over the feeds of many hands: a document or an error, soon and small.

The corpus is found by FEEDSVC_CORPUS. What the documents say is judged in
`tests/parsers/feed/test_feed_corpus.py`; here the command itself is run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from feedsvc.errors import SourceError
from tests.peak import PEAK
from tests.support import Shell

FOLDER = os.environ.get("FEEDSVC_CORPUS", "")
SAMPLE = 40
MOST_SECONDS, MOST_MEMORY = 5, 300_000_000

KEYS = {"format", "encoding", "well_formed", "problems", "feed", "items"}
FEED_KEYS = {"title", "link", "id", "description", "language", "updated"}
ITEM_KEYS = {
    "id", "source", "guid", "title", "link", "published", "updated", "first_seen", "authors",
    "summary", "content_html", "language", "tags", "enclosures", "revision", "state",
}  # fmt: skip


def files() -> list[str]:
    """Every file of the corpus, OPML and wrong ones among them."""
    if not FOLDER:
        return []
    return sorted(json.loads((Path(FOLDER) / "expectations.json").read_text("utf-8")))


def sample() -> list[Any]:
    everything = files()
    if not everything:
        reason = "FEEDSVC_CORPUS names no folder"
        return [pytest.param("", marks=pytest.mark.skip(reason=reason), id="no-corpus")]
    return everything[:: max(1, len(everything) // SAMPLE)]


@pytest.mark.parametrize("name", sample())
def test_a_file_gives_the_document_of_the_contract_or_one_error(empty: Shell, name: str) -> None:
    done = empty.run("source", "test", str(Path(FOLDER) / name), "--json", "--offline")

    if done.code == 0:
        assert done.err == ""
        assert done.json["schema"] == "feedsvc.source-test/1"
        assert done.json.keys() >= KEYS
        assert done.json["feed"].keys() >= FEED_KEYS
        assert all(item.keys() >= ITEM_KEYS for item in done.json["items"])
    else:
        assert (done.code, done.out) == (SourceError.exit_code, "")
        first, *hints = done.err.strip().splitlines()
        assert first.startswith("feedsvc: ")
        assert name in first
        assert len(hints) <= 2


# Runs in a process of its own, since memory is measured. What is put aside counts as time too, and
# has limits of its own (`test_aside.py`).
SCRIPT = (
    PEAK
    + """
import contextlib, gc, io, json, resource, sys
from feedsvc.cli.main import main
folder, names = sys.argv[1], json.load(sys.stdin)
def spent():
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)
slowest, wrong, codes = (0.0, ""), [], {}
for name in names:
    before, out, err = spent(), io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["source", "test", f"{folder}/{name}", "--json", "--offline"])
    slowest = max(slowest, (spent() - before, name))
    if sum(codes.values()) % 50 == 0:
        gc.unfreeze()  # a command keeps what it began with until its end, and here a thousand begin
        gc.collect()
    codes[code] = codes.get(code, 0) + 1
    told = code == 0 and json.loads(out.getvalue())["schema"] == "feedsvc.source-test/1"
    refused = code == 4 and not out.getvalue() and 1 <= err.getvalue().count(chr(10)) <= 3
    if not (told or refused):
        wrong.append([name, code, err.getvalue()[-500:]])
print(json.dumps({"slowest": slowest, "wrong": wrong, "peak": peak(), "codes": codes}))
"""
)


@pytest.mark.skipif(not FOLDER, reason="FEEDSVC_CORPUS names no folder")
@pytest.mark.timeout(300)
def test_every_file_is_told_or_refused_within_bounds(empty: Shell, record_property: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(Path(FOLDER).resolve())],
        input=json.dumps(files()),
        capture_output=True,
        text=True,
        check=False,
        cwd=empty.root,
    )

    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout)
    record_property("slowest", told["slowest"])
    record_property("peak", told["peak"])
    assert told["wrong"] == []
    assert told["slowest"][0] < MOST_SECONDS, told["slowest"]
    assert told["peak"] < MOST_MEMORY
    assert told["codes"]["0"] > 0.95 * len(files())
