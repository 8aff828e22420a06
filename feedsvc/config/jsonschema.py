"""A JSON Schema of the configuration, for editors that read one beside TOML (taplo and others).

    schema.py: tables and their readers -> `FORMS`: what a reader takes, in JSON's terms -> document
    meanings.py: what a key is for -> its description

A new key is in it by itself, once it says what it is for. It takes everything that the readers
take, and little more: what needs a look at other keys, at the disk or at a calendar is `feedsvc
config check`'s to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import getclosurevars
from typing import Any

from feedsvc.config.meanings import MEANINGS
from feedsvc.config.schema import LISTED_TABLES, SINGLE_TABLES, Table
from feedsvc.config.shapes import Reader, WrongValueError
from feedsvc.model import Format

Form = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Form = {"type": "string", "pattern": r"\S"}
_WORDS: Form = {"type": "string"}
_FLAG: Form = {"type": "boolean"}
_NAME: Form = {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$"}
_URL: Form = {"type": "string", "pattern": r"^\s*[Hh][Tt][Tt][Pp][Ss]?://"}
_SPAN: Form = {"type": "string", "pattern": r"^ *([0-9]+ *[WDHMSwdhms] *)+$"}
_CRON: Form = {"type": "string", "pattern": r"^\s*(@[A-Za-z]+|\S+(\s+\S+){4})\s*$"}
_ELSEWHERE: Form = {
    "type": "object",
    "properties": {"env": _TEXT, "file": _TEXT},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
}
_SECRET: Form = {"anyOf": [{"type": "string"}, _ELSEWHERE]}
_GIFT: Form = {
    "type": "object",
    "properties": {"url": _URL, "text": _TEXT},
    "additionalProperties": False,
    "required": ["url"],
}


def _many(given: Mapping[str, Any]) -> Form:
    one = _form(given["reader"])
    several = {"type": "array", "items": one}
    return {"anyOf": [one, several if given["empty"] else several | {"minItems": 1}]}


# By module and name. A reader that a function makes goes by the name of that, and is told of by
# what the function was given, which Python keeps in the reader's closure.
FORMS: Mapping[str, Form | Callable[[Mapping[str, Any]], Form]] = {
    "access.headers": {"type": "object", "additionalProperties": _SECRET},
    "access.user": {"type": "string", "minLength": 1},
    "addresses.authority": _TEXT,
    "addresses.authority_date": {"type": ["string", "integer"]},
    "addresses.base_url": _URL,
    "addresses.email": {"type": "string", "pattern": "@"},
    "addresses.icon": {"type": "string", "pattern": r"^(/|\s*[Hh][Tt][Tt][Pp][Ss]?://)"},
    "addresses.link_template": _URL | {"pattern": r"\{(path|name)\}"},
    "addresses.listen": {
        "anyOf": [{"type": "string"}, {"type": "integer", "minimum": 0, "maximum": 65_535}]
    },
    "addresses.network": _TEXT,
    "addresses.store_url": {"type": "string", "pattern": r"^\s*[Ss][Qq][Ll][Ii][Tt][Ee]:///"},
    "addresses.web_url": _URL,
    "names.name": _NAME,
    "names.of_feed": _NAME,
    "ops.token": _SECRET,
    "ops.webhook": _SECRET,
    "partners.category": _TEXT,
    "partners.full_text": {"anyOf": [_FLAG, {"const": "given"}]},
    "partners.funding": {
        "anyOf": [_URL, _GIFT, {"type": "array", "items": {"anyOf": [_URL, _GIFT]}}]
    },
    "partners.podcast_guid": _TEXT,
    "partners.websub": {"anyOf": [_FLAG, _URL, {"type": "array", "items": _URL}]},
    "remote.source_url": {
        "type": "string", "pattern": r"^\s*([Hh][Tt][Tt][Pp][Ss]?://|[Ff][Ee][Ee][Dd]:)",
    },
    "schema._format": {"enum": [one.value for one in Format]},
    "schema._kind": _TEXT,
    "schema._path": _TEXT,
    "schema._source_path": _TEXT,
    "secrets.secret": lambda _: _SECRET,
    "shapes.choice": lambda given: {"enum": list(given["words"])},
    "shapes.count": lambda given: {
        "type": "integer", "minimum": given["least"], "maximum": given["most"],
    },
    "shapes.flag": _FLAG,
    "shapes.many": _many,
    "shapes.text": lambda _: _TEXT,
    "units.cron": _CRON,
    "units.duration": lambda _: _SPAN,
    "units.interval": {"anyOf": [{"const": "auto"}, _SPAN, _CRON]},
    "units.size": {
        "anyOf": [
            {"type": "integer", "minimum": 1},
            {"type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]+)? ?([KMGkmg]?[Ii]?[Bb])?\s*$"},
        ]
    },
    "words.encoding": _TEXT,
    "words.glob": _TEXT,
    "words.language": _TEXT,
    "words.pattern": {"type": "string", "minLength": 1},
    "words.tag": _TEXT,
    "words.zone": _TEXT,
}  # fmt: skip


def document() -> Form:
    """The schema of a whole configuration file."""
    single = {name: _table(table) for name, table in SINGLE_TABLES.items()}
    listed = {
        name: {"type": "array", "items": _table(table)} for name, table in LISTED_TABLES.items()
    }
    return {
        "$schema": DIALECT,
        "title": "The configuration of feedsvc",
        "type": "object",
        "properties": single | listed,
        "additionalProperties": False,
    }


def _table(table: Table, meaning: str | None = None) -> Form:
    meanings = MEANINGS[table.title]
    return {
        "type": "object",
        "title": table.title,
        "description": f"{meaning or meanings['']}.",
        "properties": {
            key: _table(reader, meanings[key])
            if isinstance(reader, Table)
            else _described(reader, meanings[key])
            for key, reader in table.keys.items()
        },
        "additionalProperties": False,
    }


def _described(reader: Reader[Any], meaning: str) -> Form:
    """The form of what a reader takes, with its own words for it: a value nobody takes has them."""
    try:
        reader(object())
    except WrongValueError as wrong:
        return {"description": f"{meaning}. Must be {wrong.expected}.", **_form(reader)}
    raise AssertionError(f"{name_of(reader)} takes anything")


def _form(reader: Reader[Any]) -> Form:
    form = FORMS[name_of(reader)]
    return form(getclosurevars(reader).nonlocals) if callable(form) else form


def name_of(reader: Reader[Any]) -> str:
    """The name of a reader, or of the function that made it, with that of its module."""
    made_by, _, _ = reader.__qualname__.partition(".<locals>")
    return f"{reader.__module__.rpartition('.')[2]}.{made_by}"
