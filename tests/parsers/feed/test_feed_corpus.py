"""Feeds of many hands against what their authors expect, and both tiers against one another.

What is scored is the document of `source test`, whose keys are only renamed here.

The corpus is found by FEEDSVC_CORPUS. What its score counts as missed is listed, with the reason,
in `data/corpus_misses.toml`; the list has to be right in both directions.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import tomllib
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urljoin

import pytest

from feedsvc.app.inspect import inspect_bytes
from feedsvc.cli.source.found import document
from feedsvc.errors import FeedsvcError
from feedsvc.model import Draft, Hints, Reading
from feedsvc.parsers.feed.charset import to_utf8
from feedsvc.parsers.feed.document import read_tree
from feedsvc.parsers.feed.tree import Tree, repaired, strict

FOLDER = os.environ.get("FEEDSVC_CORPUS", "")
MISSES = Path(__file__).parent / "data" / "corpus_misses.toml"
MOST = 2_000
NOW = datetime(2025, 6, 1, tzinfo=UTC)
LEAST_OF_FIELDS, LEAST_MEAN = 0.95, 0.90

pytestmark = pytest.mark.skipif(not FOLDER, reason="FEEDSVC_CORPUS names no folder")


@cache
def expectations() -> dict[str, dict[str, Any]]:
    text = (Path(FOLDER) / "expectations.json").read_text(encoding="utf-8")
    cases: dict[str, dict[str, Any]] = json.loads(text)
    return {
        name: case for name, case in cases.items() if not {"opml", "input"} & case["expect"].keys()
    }


@cache
def score() -> ModuleType:
    spec = importlib.util.spec_from_file_location("corpus_score", Path(FOLDER) / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(name: str) -> tuple[bytes, str, str | None, str | None]:
    """The bytes of a case, where they were fetched, and their media type and charset.

    Content-Location counts for the corpus; RFC 9110 §8.7 took its meaning for links away.
    """
    case = expectations()[name]
    headers = {key.lower(): value for key, value in (case.get("headers") or {}).items()}
    url = case.get("base") or f"http://127.0.0.1:8097/tests/{name.partition('/')[2]}"
    elsewhere = urljoin(url, headers.get("content-location", ""))
    kind, _, rest = headers.get("content-type", "").partition(";")
    charset = re.search(r"charset=[\"']?([^\"';\s]+)", rest)
    return (
        (Path(FOLDER) / name).read_bytes(),
        elsewhere if elsewhere.startswith("http") else url,
        kind.strip() or None,
        charset[1] if charset else None,
    )


@cache
def told(name: str) -> dict[str, Any]:
    """What `source test` says of a file, under the names that the score has for it."""
    data, url, media_type, charset = answer(name)
    try:
        found = inspect_bytes(
            data, url=url, media_type=media_type, charset=charset, hints=Hints(), max_entries=MOST
        )
    except FeedsvcError as error:
        return {"error": error.line, "well_formed": False}
    shown = document(found, source=None, now=NOW)
    items = [
        {
            **item,
            "content": item["content_html"],
            "author": ", ".join(author["name"] for author in item["authors"]),
        }
        for item in shown["items"]
    ]
    return {**shown, "items": items, "error": None}


@pytest.mark.timeout(300)
def test_the_score_is_reached_and_every_miss_has_its_reason() -> None:
    right, total, missed = count()

    listed = {
        check
        for reason in tomllib.loads(MISSES.read_text(encoding="utf-8"))["reason"]
        for check in reason["checks"]
    }
    assert missed == listed
    assert sum(right.values()) >= LEAST_OF_FIELDS * sum(total.values())
    shares = [right[corpus] / total[corpus] for corpus in total]
    assert sum(shares) / len(shares) >= LEAST_MEAN


def count() -> tuple[dict[str, int], dict[str, int], set[str]]:
    """Checks met and made for each corpus, and "file field" of those that were missed."""
    module = score()
    right: dict[str, int] = {}
    total: dict[str, int] = {}
    missed = set()
    for name, case in expectations().items():
        group = f"{case['corpus']}/{case['group']}"
        if "validator" in case["expect"] or case.get("policy"):
            continue
        if module.SKIPPED_GROUPS.search(group):
            continue
        for label, kind, want, got in module.checks(case["expect"], told(name)):
            if kind in ("well_formed", "format", "encoding") or label in case.get("contested", ()):
                continue
            corpus = case["corpus"]
            met = bool(module.same(want, got))
            right[corpus] = right.get(corpus, 0) + met
            total[corpus] = total.get(corpus, 0) + 1
            if not met:
                missed.add(f"{name} {label}")
    return right, total, missed


@pytest.mark.timeout(300)
def test_what_is_well_formed_is_told_so() -> None:
    wrong = []

    for name, case in expectations().items():
        expected = case["expect"].get("well_formed")
        if expected is None:
            continue
        if told(name)["well_formed"] is not expected:
            wrong.append(name)

    assert wrong == []


@pytest.mark.timeout(300)
def test_both_tiers_give_the_same_ids_dates_and_links() -> None:
    compared, differing = 0, []

    for name in expectations():
        data, url, _, charset = answer(name)
        try:
            recoded = to_utf8(data, charset)
        except FeedsvcError:
            continue
        first = strict(recoded.data)
        if isinstance(first, str):
            continue
        one = identities(first, recoded.data, url)
        second = repaired(recoded.data)
        if one is None or second is None:
            assert one is None
            continue
        compared += 1
        if identities(second, recoded.data, url) != one:
            differing.append(name)

    assert compared > 900
    assert differing == []


def identities(tree: Tree, data: bytes, url: str) -> list[tuple[object, ...]] | None:
    reading = read_tree(tree, data=data, encoding="utf-8", url=url, hints=Hints(), max_entries=MOST)
    return None if reading is None else [what_counts(reading), *map(identity, reading.drafts)]


def identity(draft: Draft) -> tuple[object, ...]:
    return (
        draft.id,
        draft.link,
        draft.published,
        draft.updated,
        draft.title,
        draft.html,
        draft.enclosures,
    )


def what_counts(reading: Reading) -> tuple[object, ...]:
    return (reading.format, reading.head.link, reading.head.updated, reading.deleted)
