"""The JSON Schema for editors: it takes what we take, and marks what is plainly wrong."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from feedsvc.cli.main import main
from feedsvc.config.jsonschema import FORMS, document, name_of
from feedsvc.config.meanings import MEANINGS
from feedsvc.config.schema import LISTED_TABLES, SINGLE_TABLES, Table
from feedsvc.config.shapes import NotYetError, WrongKeyError, WrongValueError
from feedsvc.config.template import new_config

CONFIG = Path(__file__).parents[2] / "config"
ERRORS = Path(__file__).parent / "data" / "errors"
SCHEMA = document()
TABLES = {**SINGLE_TABLES, **LISTED_TABLES}


def as_json(value: Any) -> Any:
    """A value of TOML as an editor hands it to a schema: dates are texts."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value if isinstance(value, str | int | float) else str(value)


def readers(table: Table) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every key of a table and of those in it: its name, its reader, its place in the schema."""
    found = SCHEMA["properties"][next(name for name, one in TABLES.items() if one is table)]
    yield from _below(table, found.get("items", found), table.title)


def _below(table: Table, form: dict[str, Any], path: str) -> Iterator[tuple[str, Any, Any]]:
    assert form["properties"].keys() == table.keys.keys()
    for key, reader in table.keys.items():
        inner = form["properties"][key]
        if isinstance(reader, Table):
            yield from _below(reader, inner, f"{path}.{key}")
        else:
            yield f"{path}.{key}", reader, inner


def every_table(tables: Iterable[Table]) -> Iterator[Table]:
    for table in tables:
        yield table
        yield from every_table(one for one in table.keys.values() if isinstance(one, Table))


EVERY_KEY = [one for table in TABLES.values() for one in readers(table)]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)

    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["properties"].keys() == TABLES.keys()
    assert len(EVERY_KEY) > 100


def test_every_key_says_what_it_is_for() -> None:
    known = {table.title: {"", *table.keys} for table in every_table(TABLES.values())}

    assert {title: set(of_keys) for title, of_keys in MEANINGS.items()} == known
    assert all(words.strip(" .") == words for told in MEANINGS.values() for words in told.values())


def test_every_key_stands_in_an_example() -> None:
    shipped = "".join(file.read_text(encoding="utf-8") for file in CONFIG.rglob("*.toml"))
    written = set(re.findall(r"(?m)(?:^|[{,#]) *([a-z_]+) *=", shipped))

    keys = {key for table in every_table(TABLES.values()) for key in table.keys}
    assert keys - written - {"author", "auth", "podcast", "owner"} == set()


@pytest.mark.parametrize("file", sorted(CONFIG.rglob("*.toml")), ids=lambda file: file.stem)
def test_what_we_ship_passes(file: Path) -> None:
    told = as_json(tomllib.loads(file.read_text(encoding="utf-8")))

    assert list(Draft202012Validator(SCHEMA).iter_errors(told)) == []


def test_what_init_writes_passes() -> None:
    text = new_config(title="x", id_domain="example.org", id_since=date(2025, 1, 1))

    assert Draft202012Validator(SCHEMA).is_valid(as_json(tomllib.loads(text)))


# What stands for itself: a key or table nobody knows, a value of the wrong sort.
_PLAIN = re.compile(
    r": (?:no key '|no table \[|there may be many of '|'\w+' must be a table)"
    r"|must be .*, not (?:true|false|-?\d[\w.:-]*|\[|\{|a (?:truth value|number|list|date|table)\b)"
)
# Keys that are read as a table of names, none of which is wrong for its letters alone.
_OF_HEADERS = "header-"


def error_cases() -> Iterator[Any]:
    for file in sorted(ERRORS.glob("*.toml")):
        try:
            told = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue
        plain = _PLAIN.search(file.with_suffix(".txt").read_text(encoding="utf-8"))
        if plain and not file.name.startswith(_OF_HEADERS):
            yield pytest.param(told, id=file.stem)


CASES = list(error_cases())


def test_many_mistakes_are_plain() -> None:
    assert len(CASES) > 50


@pytest.mark.parametrize("told", CASES)
def test_a_plain_mistake_is_marked(told: dict[str, Any]) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid(as_json(told))


# As people write them, and as some should not.
VALUES: list[Any] = [
    True, False, 0, 1, 50, 8080, 2025, 65_535, 70_000, 2**41, -1, 1.5, date(2025, 3, 15), "", " ",
    "auto", " auto", "15m", "1h30m", "1 h 30 m", " 2 W", "0s", "1D", "15", "m", "1m1h", "99999w",
    "0 6 * * *", " */5  0-7 * * mon ", "@daily", "@DAILY", "* * * *", "@reboot", "15MiB", "15 mb",
    "1.5 GiB", " 4096 ", "4096b", "1e3", "given", "atom", "rss", "json", "ATOM", "link", "text",
    "none", "daily", "weekly", "tag", "author", "source", "hold", "clamp", "withdraw", "keep",
    "episodic", "serial", "reader", "msn", "blog", "podcast", "utf-8", " Windows-1252 ", "UTF8",
    "de", " EN-gb ", "zh-Hant-TW", "deutsch", "UTC", " Europe/Berlin ", "Berlin", "desk",
    "night-desk.2", "-x", ".x", "Fähre", "a b", "x" * 101, "index.html", "articles", "../articles",
    "~/articles", "/srv/articles", "*.md", "drafts/**", "/x", "a|b", "(", "(?-i:A)", "a\nb",
    "https://example.org", " HTTPS://example.org/x ", "http://[::1]:8080/", "example.org",
    "feed:https://example.org/feed.xml", "feed://example.org/", "FEED:example.org/x", "/icon.png",
    "//example.org/x", "https://user:word@example.org/", "https://bücher.example/",
    "https://example.org/{path}", " https://example.org/{name}?x ", "{path}", "news@example.org",
    " a@b ", "127.0.0.1:8080", ":8080", "8080", " [::]:80 ", "localhost:0", "*:80", "127.0.0.0/8",
    "::1", " 10.0.0.1 ", "sqlite:///var/x.db", " SQLite:////srv/x.db ", "sqlite://x", "2025-03-15",
    " 2025 ", "2025-03", "917393e3-1b1e-5cef-ace4-edaa54e1f810", "News", "Society > Culture",
    "0123456789abcdef", "${TOKEN}", {}, {"env": "X"}, {"file": "x"}, {"env": "X", "file": "x"},
    {"env": 1}, {"emv": "X"}, {"X-Key": "x"}, {"X-Key": {"env": "X"}}, {"X-Key": 1},
    {"url": "https://example.org/give"}, {"url": "https://example.org", "text": "Danke"},
    {"text": "x"}, [], [1], ["x", "x"], ["de", "en"], ["atom", "rss"], ["https://example.org/"],
    ["127.0.0.0/8"], ["utf-8"], ["*.md"], ["News"], [{"url": "https://example.org/give"}],
    ["https://example.org/give", {"url": "https://example.org/x", "text": "x"}], [["x"]],
]  # fmt: skip


def takes(reader: Any, value: Any) -> bool:
    try:
        reader(value)
    except (WrongValueError, WrongKeyError, NotYetError):
        return False
    return True


@pytest.mark.parametrize(
    ("reader", "form"), [pytest.param(reader, form, id=name) for name, reader, form in EVERY_KEY]
)
def test_a_key_takes_at_least_what_its_reader_takes(reader: Any, form: dict[str, Any]) -> None:
    """An editor must not mark what is right."""
    schema = Draft202012Validator(form)
    taken = [value for value in VALUES if takes(reader, value)]

    assert taken, "none of the values is one: add one"
    assert [value for value in taken if not schema.is_valid(as_json(value))] == []
    assert not all(schema.is_valid(as_json(value)) for value in VALUES)
    assert form["description"]


def test_every_reader_has_a_form_and_every_form_a_reader() -> None:
    used = {name_of(reader) for _, reader, _ in EVERY_KEY}
    inside = {name for name in FORMS if name not in used}

    assert used <= FORMS.keys()
    for name in inside:  # of the items of a list
        resolve_name(f"feedsvc.config.{name.replace('.', ':')}")
    # A form that no reader of today uses tells of one that is gone.
    assert inside == {
        "addresses.network", "partners.category", "schema._format", "words.encoding",
        "words.glob", "words.tag",
    }  # fmt: skip


def test_the_shipped_schema_is_current() -> None:
    shipped = (CONFIG / "feedsvc.schema.json").read_text(encoding="utf-8")

    assert json.loads(shipped) == SCHEMA, "feedsvc config schema > config/feedsvc.schema.json"


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_the_command_prints_it(
    options: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["config", "schema", *options]) == 0
    assert json.loads(capsys.readouterr().out) == SCHEMA
