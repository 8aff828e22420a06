"""The tree of the file as `Settings`: every key read, every default filled in, names resolved."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from feedsvc.config.addresses import id_authority
from feedsvc.config.discover import expand
from feedsvc.config.locate import KeyPath
from feedsvc.config.names import made_of
from feedsvc.config.nearest import nearest
from feedsvc.config.overrides import Override
from feedsvc.config.own import keep_private, leave_alone
from feedsvc.config.problems import Problems, quoted
from feedsvc.config.schema import LISTED_TABLES, SINGLE_TABLES, TABLE_SYNONYMS, Table
from feedsvc.config.shapes import NotYetError, Reader, WrongValueError
from feedsvc.model import Person
from feedsvc.settings import (
    DEFAULT_FEED,
    Feed,
    Publish,
    Server,
    Settings,
    Site,
    Source,
    Store,
    Sync,
)

_STORE = "sqlite:///var/feedsvc.db"
_PUBLISH = "public"


class _Item(NamedTuple):
    """One table of an array: where it is, what it says, and what could be read of that."""

    path: KeyPath
    written: Mapping[str, Any]
    values: dict[str, Any]


def build(tree: Mapping[str, Any], *, root: Path, file: Path, problems: Problems) -> Settings:
    """The settings of a tree; what is wrong goes to `problems`, and then they are not to be used.

    Relative paths start at `root`.
    """
    _check_tables(tree, problems)
    single = {
        name: _read_table(tree.get(name, {}), (name,), table, problems)
        for name, table in SINGLE_TABLES.items()
    }
    listed = {
        name: _read_list(tree.get(name, []), name, table, problems)
        for name, table in LISTED_TABLES.items()
    }
    if tree.get("source", []) == [] and not problems.any_below(()):
        problems.add((), 'no source is configured: add [[source]] and below it path = "articles"')
    defaults = single["defaults"]
    server: Server = single["server"].get("listen", Server())
    site = _site(single["site"], server, problems)
    sync = Sync(**single["sync"])
    store = Store(url=_rooted_url(single["store"].get("url", _STORE), root))
    publish = Publish(directory=_rooted(single["publish"].get("directory", _PUBLISH), root))
    keep_private(file, store, publish, problems)
    sources = _sources(
        listed["source"],
        root=root,
        given={
            "timezone": site.timezone,
            "max_bytes": sync.max_bytes,
            **_some(defaults, "every", "max_bytes"),
        },
        problems=problems,
    )
    named = [item.written["name"] for item in listed["source"] if "name" in item.written]
    feeds = _feeds(
        listed["feed"],
        known=[source.name for source in sources] + [name for name in named if type(name) is str],
        given=_some(defaults, "limit", "full_text"),
        problems=problems,
    )
    return Settings(
        path=file,
        site=site,
        store=store,
        publish=publish,
        server=server,
        sync=sync,
        sources=tuple(leave_alone(each, file, store, publish, problems) for each in sources),
        feeds=feeds,
    )


# -- tables --------------------------------------------------------------------------------------


def _check_tables(tree: Mapping[str, Any], problems: Problems) -> None:
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


def _read_list(value: object, name: str, table: Table, problems: Problems) -> list[_Item]:
    items = value if isinstance(value, list) else []
    return [
        _Item((name, number), item, _read_table(item, (name, number), table, problems))
        for number, item in enumerate(items)
        if isinstance(item, dict)
    ]


def _read_table(value: object, path: KeyPath, table: Table, problems: Problems) -> dict[str, Any]:
    """The values of a table that could be read."""
    read: dict[str, Any] = {}
    for key, given in value.items() if isinstance(value, dict) else ():
        here = (*path, key)
        if key in table.not_yet:
            problems.add(here, f"{key!r} is not available in this version of feedsvc")
        elif key not in table.keys:
            problems.add(here, _unknown(key, table))
        elif isinstance(inner := table.keys[key], Table):
            if (content := _table_in(given)) is None:
                says = f"{key!r} must be a table such as {inner.example}, not {_got(given)}"
                problems.add(here, says, value=True)
            else:
                read[key] = _read_table(content, here, inner, problems)
        else:
            _read_value(given, here, inner, read, problems)
    return read


def _unknown(key: str, table: Table) -> str:
    written = re.sub(r"[\s-]+", "_", key.strip()).casefold()
    meant = table.synonyms.get(written) or nearest(written, table.keys)
    tail = f"did you mean {meant!r}?" if meant else f"there are {', '.join(table.keys)}"
    return f"no key {key!r} in {table.title}: {tail}"


def _read_value(
    given: object, path: KeyPath, reader: Reader[Any], read: dict[str, Any], problems: Problems
) -> None:
    key = str(path[-1])
    first: WrongValueError | None = None
    blamed: object = None
    for value in given.readings() if isinstance(given, Override) else (given,):
        try:
            read[key] = reader(value)
        except NotYetError as absent:
            word = absent.args[0] if absent.args else value
            says = f"{key} = {quoted(word)} is not available in this version of feedsvc"
            problems.add(path, says, value=True)
            return
        except WrongValueError as wrong:
            if first is None:
                first, blamed = wrong, value
        else:
            return
    if first is None:
        return
    if first.at is not None and isinstance(blamed, list):
        path, blamed = (*path, first.at), blamed[first.at]
    got = first.got or quoted(blamed)
    what = f"an item of {key!r}" if first.at is not None else repr(key)
    remark = f": {first.remark}" if first.remark else ""
    says = f"{what} must be {first.expected}, not {got}{remark}"
    problems.add(path, says, value=True, shift=first.shift)


def _table_in(given: object) -> dict[str, Any] | None:
    for value in given.readings() if isinstance(given, Override) else (given,):
        if isinstance(value, dict):
            return value
    return None


def _got(given: object) -> str:
    return quoted(given.text if isinstance(given, Override) else given)


# -- parts of Settings ---------------------------------------------------------------------------


def _site(values: dict[str, Any], server: Server, problems: Problems) -> Site:
    base_url = values.pop("base_url", None) or f"http://{_reachable(server).listen}"
    domain = values.pop("id_domain", None) or id_authority(base_url)
    author = values.pop("author", None)
    if author is not None and "name" not in author:
        if not problems.any_below(("site", "author")):
            problems.add(("site", "author"), 'an author needs a name, such as "Redaktion"')
        author = None
    icon: str | None = values.pop("icon", None)
    if icon is not None and icon.startswith("/"):
        icon = "/".join(base_url.split("/")[:3]) + icon
    return Site(
        **values,
        base_url=base_url,
        id_domain=domain.rstrip("."),
        author=Person(**author) if author else None,
        icon=icon,
    )


def _reachable(server: Server) -> Server:
    """The server as somebody on this machine reaches it: `0.0.0.0` is no place to go to."""
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  not listened on here
    return replace(server, host=loopback.get(server.host, server.host))


def _sources(
    listed: list[_Item], *, root: Path, given: dict[str, Any], problems: Problems
) -> tuple[Source, ...]:
    sources = []
    taken: dict[str, KeyPath] = {}
    for path, written, values in listed:
        if "path" in values:
            values["path"] = _rooted(values["path"], root)
        name = _source_name(path, written, values, problems)
        if name is None:
            continue
        key = "name" if "name" in written else "path"
        _claim(name, (*path, key), taken, "source", problems)
        sources.append(Source(**{**given, **values, "name": name}))
    _check_was(listed, taken, problems)
    return tuple(sources)


def _source_name(
    path: KeyPath, written: Mapping[str, Any], values: dict[str, Any], problems: Problems
) -> str | None:
    """The name of a source, said or made of its path; None if something is wrong with it."""
    if "path" not in written and not problems.any_below(path):
        if "kind" not in written:
            problems.add(path, 'a source needs a path, such as path = "articles"')
        elif "name" not in written:
            problems.add(path, 'a source without a path needs a name, such as name = "politik"')
    if "name" in written:
        return values.get("name")
    name = _derived(values["path"]) if "path" in values else None
    if name is None and "path" in values:
        says = 'no name follows from this path: add one, such as name = "politik"'
        problems.add((*path, "path"), says, value=True)
    return name


def _derived(path: Path) -> str | None:
    """The name of a source that has none: the last part of its path."""
    last = path if path.name not in {"", ".."} else path.resolve()
    return made_of(last.name)


def _check_was(listed: list[_Item], taken: Mapping[str, KeyPath], problems: Problems) -> None:
    """A former name belongs to one source, and to none that is still there."""
    former: dict[str, KeyPath] = {}
    for path, _, values in listed:
        if (was := values.get("was")) is None:
            continue
        here = (*path, "was")
        if was.lower() in taken:
            problems.add(here, f"the source {was!r} is still here: 'was' is for a former name")
        elif was in former:
            problems.add(here, f"{was!r} can become one source only", other=former[was])
        former.setdefault(was, here)


def _feeds(
    listed: list[_Item], *, known: Sequence[str], given: dict[str, Any], problems: Problems
) -> tuple[Feed, ...]:
    if not listed:
        return (Feed(name=DEFAULT_FEED, **given),)
    feeds = []
    taken: dict[str, KeyPath] = {}
    for path, written, values in listed:
        for number, source in enumerate(
            _as_list(written["sources"]) if "sources" in values else ()
        ):
            if source not in known:
                meant = nearest(source, known)
                there = f"there are {', '.join(known)}" if known else "there is none"
                tail = f"did you mean {meant!r}?" if meant else there
                where = (*path, "sources", number)
                problems.add(where, f"no source {source!r}: {tail}", value=True)
        if "name" not in written and not problems.any_below(path):
            problems.add(path, 'a feed needs a name, such as name = "politik"')
        if (name := values.get("name")) is None:
            continue
        _claim(name, (*path, "name"), taken, "feed", problems)
        feeds.append(Feed(**{**given, **values}))
    return tuple(feeds)


def _claim(
    name: str, path: KeyPath, taken: dict[str, KeyPath], what: str, problems: Problems
) -> None:
    """Names differ in more than case: on some disks the folders would be one."""
    if name.lower() in taken:
        says = f"a second {what} named {name!r}: give each its own 'name'"
        problems.add(path, says, value=True, other=taken[name.lower()])
    taken.setdefault(name.lower(), path)


def _as_list(value: object) -> list[str]:
    """What a list of texts held before equal items became one."""
    return value if isinstance(value, list) else [str(value)]


def _some(values: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}


# -- paths ---------------------------------------------------------------------------------------


def _rooted(written: str, root: Path) -> Path:
    return root / expand(Path(written))


def _rooted_url(url: str, root: Path) -> str:
    """`sqlite:///var/x.db` lies below the root, `sqlite:////var/x.db` where it says."""
    path = _rooted(url.removeprefix("sqlite:///"), root)
    return f"sqlite:///{path}"
