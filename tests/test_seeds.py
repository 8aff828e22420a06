"""The sample articles: `data/seeds.toml` says what each is read as, by the parser of its ending.

They are what the default configuration and `feedsvc demo` show first, so they have to suit both.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from feedsvc.config import load
from feedsvc.model import Document, Draft, Hints
from feedsvc.ports import Parser
from feedsvc.registry import PARSERS, resolve
from feedsvc.settings import Feed
from feedsvc.sources.folder.names import FORMS

ROOT = Path(__file__).parents[1]
SEEDS = ROOT / "seeds"
DATA = Path(__file__).parent / "data" / "seeds.toml"
EXPECTED: Mapping[str, dict[str, Any]] = tomllib.loads(DATA.read_text(encoding="utf-8"))
SETTINGS = load(ROOT / "config" / "feedsvc.toml", cwd=ROOT, environ={})
SOURCE = SETTINGS.sources[0]


def read(path: str) -> Draft:
    """The draft of a sample, as a sync with the default configuration would read it."""
    file = SEEDS / path
    form = FORMS[file.suffix]
    parse = cast("Parser", resolve(PARSERS, form))
    document = Document(source=SOURCE.name, path=path, data=file.read_bytes(), form=form)
    return parse(document, Hints(language=SOURCE.language, zone=SOURCE.timezone))


def said(draft: Draft) -> dict[str, Any]:
    """The fields of a draft that are not empty, as TOML would hold them; without the body."""
    found: dict[str, Any] = {}
    for name in (field.name for field in fields(draft) if field.name != "html"):
        value = getattr(draft, name)
        match name:
            case "authors":
                value = [person.name for person in value]
            case "enclosures":
                value = [
                    {key: said for key, said in asdict(enclosure).items() if said is not None}
                    for enclosure in value
                ]
            case "image" if value:
                value = {key: text for key, text in asdict(value).items() if text}
            case "extra":
                value = [list(pair) for pair in value]
            case "tags" | "warnings":
                value = list(value)
        if value:
            found[name] = value
    return found


@pytest.mark.parametrize("path", EXPECTED)
def test_sample(path: str) -> None:
    expected = dict(EXPECTED[path])
    paragraphs, holds = expected.pop("paragraphs"), expected.pop("holds", [])

    draft = read(path)

    assert said(draft) == expected
    assert len(re.findall(r"<p[ >]", draft.html)) == paragraphs
    assert [part for part in holds if part not in draft.html] == []


def test_every_sample_has_its_expectation() -> None:
    found = {file.relative_to(SEEDS).as_posix() for file in SEEDS.rglob("*") if file.is_file()}

    assert found == EXPECTED.keys()


def test_the_furniture_of_a_page_is_no_part_of_its_article() -> None:
    bodies = [read(path).html for path in ("open-graph.html", "json-ld.html")]

    for body in bodies:
        assert not re.search(r"<nav|<script|<h1|<footer|Startseite|Weather|reserved", body)


def test_the_plainest_form_ends_without_a_newline() -> None:
    data = (SEEDS / "title-date-author.txt").read_bytes()

    assert not data.endswith(b"\n")
    assert data.splitlines()[1:3] == [b"2025-01-14", b"Autor: Mara"]


def test_no_two_samples_share_a_date_and_only_the_embargo_is_to_come() -> None:
    dates = [expected["published"] for expected in EXPECTED.values()]
    embargoed = [path for path, expected in EXPECTED.items() if "embargo" in expected]

    assert sorted(set(dates)) == dates
    assert dates[-1] < datetime(2025, 12, 1, tzinfo=UTC)
    assert embargoed == ["embargo.txt"]


def _takes(feed: Feed, expected: Mapping[str, Any]) -> bool:
    tags = {tag.casefold() for tag in expected.get("tags", ())}
    tagged = not feed.tags or bool(tags & {tag.casefold() for tag in feed.tags})
    return tagged and feed.language in (None, expected["language"])


@pytest.mark.parametrize("feed", SETTINGS.feeds, ids=lambda feed: feed.name)
def test_every_feed_of_the_default_configuration_has_articles(feed: Feed) -> None:
    shown = [path for path, one in EXPECTED.items() if "embargo" not in one and _takes(feed, one)]

    assert len(shown) >= 2


def test_the_samples_name_no_host_but_those_reserved_for_examples() -> None:
    texts = [file.read_text(encoding="utf-8") for file in SEEDS.rglob("*") if file.is_file()]
    hosts = set(re.findall(r"https?://([^/\s\"'<>)]+)", "\n".join(texts)))

    # JSON-LD names its vocabulary by this address.
    assert {host for host in hosts if not host.endswith("example.org")} == {"schema.org"}
