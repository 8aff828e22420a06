"""Tables of the file: each key read by who reads it, each mistake noted where it stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from feedsvc.config.locate import KeyPath
from feedsvc.config.nearest import nearest
from feedsvc.config.overrides import Override
from feedsvc.config.problems import SECRET_KEYS, SECRET_WORDS, Problems, quoted
from feedsvc.config.schema import LISTED_TABLES, SINGLE_TABLES, TABLE_SYNONYMS, Table
from feedsvc.config.shapes import (
    NotYetError,
    Reader,
    SecretValueError,
    WrongKeyError,
    WrongValueError,
    sort_of,
)


class Item(NamedTuple):
    """One table of an array: where it is, what it says, and what could be read of that."""

    path: KeyPath
    written: Mapping[str, Any]
    values: dict[str, Any]


def check_tables(tree: Mapping[str, Any], problems: Problems) -> None:
    """Tables nobody knows, and those written with the wrong brackets."""
    tables = {**SINGLE_TABLES, **LISTED_TABLES}
    for key, value in tree.items():
        if key in SINGLE_TABLES:
            if not isinstance(value, dict):
                problems.add((key,), f"{key!r} must be a table: write [{key}]")
        elif key in LISTED_TABLES:
            items = value if isinstance(value, list) else [None]
            if not all(isinstance(item, dict) for item in items):
                problems.add((key,), f"there may be many of {key!r}: write [[{key}]]")
        elif isinstance(value, dict | list):
            meant = TABLE_SYNONYMS.get(key.casefold()) or nearest(key, tables)
            known = ", ".join(table.title for table in tables.values())
            tail = f"did you mean {tables[meant].title}?" if meant else f"there are {known}"
            problems.add((key,), f"no table [{key}]: {tail}")
        else:
            homes = [table.title for table in tables.values() if key in table.keys]
            tail = f"it belongs below {homes[0]}" if homes else "keys stand below a table"
            problems.add((key,), f"no key {key!r} outside a table: {tail}")


def read_list(value: object, name: str, table: Table, problems: Problems) -> list[Item]:
    items = value if isinstance(value, list) else []
    return [
        Item((name, number), item, read_table(item, (name, number), table, problems))
        for number, item in enumerate(items)
        if isinstance(item, dict)
    ]


def read_table(value: object, path: KeyPath, table: Table, problems: Problems) -> dict[str, Any]:
    """The values of a table that could be read."""
    read: dict[str, Any] = {}
    for key, given in value.items() if isinstance(value, dict) else ():
        here = (*path, key)
        if key in table.not_yet:
            problems.add(here, f"{key!r} is not available in this version of feedsvc")
        elif key not in table.keys:
            hidden = nearest(key, SECRET_WORDS) is not None
            problems.add(here, _unknown(key, table), hidden=hidden)
        elif isinstance(inner := table.keys[key], Table):
            if (content := _table_in(given)) is None:
                says = f"{key!r} must be a table such as {inner.example}, not {_got(key, given)}"
                problems.add(here, says, value=True)
            else:
                read[key] = read_table(content, here, inner, problems)
        else:
            _read_value(given, here, inner, read, problems)
    return read


def _unknown(key: str, table: Table) -> str:
    written = re.sub(r"[\s-]+", "_", key.strip()).casefold()
    meant = table.synonyms.get(written) or nearest(written, table.keys)
    if meant is None and (close := nearest(written, table.synonyms)):
        meant = table.synonyms[close]
    tail = f"did you mean {meant!r}?" if meant else f"there are {', '.join(table.keys)}"
    return f"no key {key!r} in {table.title}: {tail}"


def _read_value(
    given: object, path: KeyPath, reader: Reader[Any], read: dict[str, Any], problems: Problems
) -> None:
    blamed: WrongValueError | None = None
    its_value: object = None
    for value in given.readings() if isinstance(given, Override) else (given,):
        try:
            read[str(path[-1])] = reader(value)
            return
        except NotYetError as absent:
            word = absent.args[0] if absent.args else value
            says = f"{path[-1]} = {quoted(word)} is not available in this version of feedsvc"
            problems.add(path, says, value=True)
            return
        except WrongKeyError as wrong:
            problems.add((*path, *wrong.at), str(wrong))
            return
        except WrongValueError as wrong:
            if blamed is None or (wrong.at and not blamed.at):  # this reading was the nearer one
                blamed, its_value = wrong, value
    if blamed is not None:
        _explain(blamed, its_value, path, problems)


def _explain(wrong: WrongValueError, value: Any, path: KeyPath, problems: Problems) -> None:
    """Note what a value should have been."""
    for step in wrong.at:
        value = value[step]
    what = repr(path[-1])
    if wrong.at:
        last = wrong.at[-1]
        what = f"an item of {what}" if isinstance(last, int) else f"{last!r} in {what}"
    got = wrong.got or quoted(value)
    remark = f": {wrong.remark}" if wrong.remark else ""
    problems.add(
        (*path, *wrong.at),
        f"{what} must be {wrong.expected}, not {got}{remark}",
        value=True,
        shift=wrong.shift,
        hidden=isinstance(wrong, SecretValueError),
    )


def _table_in(given: object) -> dict[str, Any] | None:
    for value in given.readings() if isinstance(given, Override) else (given,):
        if isinstance(value, dict):
            return value
    return None


def _got(key: str, given: object) -> str:
    value = given.text if isinstance(given, Override) else given
    return sort_of(value) if key in SECRET_KEYS else quoted(value)
