"""Feeds of many hands against what their authors expect, and both tiers against one another.

The corpus is found by FEEDSVC_CORPUS. What its score counts as missed is listed, with the reason,
in `data/corpus_misses.toml`; the list has to be right in both directions.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import time
import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urljoin

import pytest

from feedsvc.errors import FeedsvcError
from feedsvc.filters.clean import clean
from feedsvc.model import Draft, Hints, Person, Reading, iso_utc
from feedsvc.parsers.feed import read
from feedsvc.parsers.feed.charset import to_utf8
from feedsvc.parsers.feed.document import read_tree
from feedsvc.parsers.feed.tree import Tree, repaired, strict
from feedsvc.text.html import sanitise

FOLDER = os.environ.get("FEEDSVC_CORPUS", "")
MISSES = Path(__file__).parent / "data" / "corpus_misses.toml"
MOST = 2_000
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
    """The bytes of a case, where they were fetched, and their media type and charset."""
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


def inspect(
    data: bytes, *, url: str, media_type: str | None, charset: str | None, hints: Hints
) -> dict[str, Any]:
    """What `source test` would say of a feed, in the words of the corpus."""
    try:
        reading = read(
            data, url=url, media_type=media_type, charset=charset, hints=hints, max_entries=MOST
        )
    except FeedsvcError as error:
        return {"error": str(error), "well_formed": False, "items": [], "feed": {}}
    head = reading.head
    return {
        "error": None,
        "well_formed": reading.well_formed,
        "format": reading.format,
        "encoding": reading.encoding,
        "feed": {
            "title": head.title or "",
            "link": head.link,
            "id": head.id,
            "description": head.description,
            "language": head.language.lower() if head.language else None,
            "rights": head.rights,
            "author": names(head.authors),
            "updated": stamp(head.updated),
            "published": stamp(head.published),
            "generator": head.generator,
        },
        "items": items(reading, url),
    }


def items(reading: Reading, url: str) -> list[dict[str, Any]]:
    """The drafts, and an empty one for each entry of which `problems` says that it is empty.

    What says no date is at most as new as its feed.
    """
    head = reading.head
    found = [item(draft, url, head.language) for draft in reading.drafts]
    for problem in reading.problems:
        if empty := re.match(r"entry ([0-9]+) says nothing", problem):
            found.insert(int(empty[1]) - 1, {})
    for one in found:
        one["updated"] = one.get("updated") or stamp(head.published)
    return found


def item(draft: Draft, url: str, language: str | None) -> dict[str, Any]:
    kept = clean(draft, base=url, tags=(), language=language)
    base = draft.base or kept.link or url

    def shown(html: str) -> str:
        # The corpus wants what was written, but with absolute addresses: those are our filter's.
        return sanitise(html, base) if "href" in html or "src" in html else html

    return {
        "title": shown(draft.title_html) if draft.title_html else draft.title,
        "link": kept.link,
        "id": kept.id or kept.link,  # an entry without an id is known by its link
        "summary": (shown(draft.summary_html) if draft.summary_html else draft.summary)
        or shown(draft.html),
        "content": shown(draft.html),
        "author": names(kept.authors),
        "published": stamp(kept.published),
        "updated": stamp(kept.updated or kept.published),
        "comments": dict(draft.extra).get("comments", ""),
    }


def names(people: tuple[Person, ...]) -> str:
    return ", ".join(person.name for person in people)


def stamp(moment: datetime | None) -> str | None:
    return iso_utc(moment) if moment is not None else None


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
        data, url, media_type, charset = answer(name)
        told = inspect(data, url=url, media_type=media_type, charset=charset, hints=Hints())
        for label, kind, want, got in module.checks(case["expect"], told):
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
def test_every_file_is_read_or_refused_at_once() -> None:
    slow, unclear = [], []

    for name in expectations():
        data, url, media_type, charset = answer(name)
        start = time.process_time()
        told = inspect(data, url=url, media_type=media_type, charset=charset, hints=Hints())
        if time.process_time() - start > 5:
            slow.append(name)
        if told["error"] is not None and len(told["error"]) < 20:
            unclear.append(name)

    assert slow == []
    assert unclear == []


@pytest.mark.timeout(300)
def test_what_is_well_formed_is_told_so() -> None:
    wrong = []

    for name, case in expectations().items():
        expected = case["expect"].get("well_formed")
        if expected is None:
            continue
        data, url, media_type, charset = answer(name)
        told = inspect(data, url=url, media_type=media_type, charset=charset, hints=Hints())
        if told["well_formed"] is not expected:
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
