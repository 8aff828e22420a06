"""The tree of the file as `Settings`: every key read, every default filled in, names resolved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from feedsvc.config.addresses import at_root, id_authority
from feedsvc.config.discover import rooted
from feedsvc.config.feeds import read_feeds
from feedsvc.config.ops import read_ops
from feedsvc.config.own import keep_private, leave_alone
from feedsvc.config.problems import Problems
from feedsvc.config.schema import LISTED_TABLES, SINGLE_TABLES
from feedsvc.config.secrets import rooted_secret
from feedsvc.config.sources import read_sources
from feedsvc.config.tables import check_tables, read_list, read_table
from feedsvc.model import Person
from feedsvc.settings import (
    Maintenance,
    Publish,
    Server,
    Settings,
    Site,
    Store,
    Sync,
    Websub,
)

_STORE = "sqlite:///var/feedsvc.db"
_PUBLISH = "public"


def build(tree: Mapping[str, Any], *, root: Path, file: Path, problems: Problems) -> Settings:
    """The settings of a tree; what is wrong goes to `problems`, and then they are not to be used.

    Relative paths start at `root`.
    """
    check_tables(tree, problems)
    single = {
        name: read_table(tree.get(name, {}), (name,), table, problems)
        for name, table in SINGLE_TABLES.items()
    }
    listed = {
        name: read_list(tree.get(name, []), name, table, problems)
        for name, table in LISTED_TABLES.items()
    }
    if tree.get("source", []) == [] and not problems.any_below(()):
        problems.add((), 'no source is configured: add [[source]] and below it path = "articles"')
    defaults = single["defaults"]
    server = _server(single["server"], root)
    site = _site(single["site"], server, problems)
    sync = Sync(**single["sync"])
    store = Store(url=_rooted_url(single["store"].get("url", _STORE), root))
    directory = rooted(single["publish"].pop("directory", _PUBLISH), root)
    publish = Publish(directory=directory, **single["publish"])
    keep_private(file, store, publish, problems)
    sources = read_sources(
        listed["source"],
        root=root,
        given={
            "timezone": site.timezone,
            "max_bytes": sync.max_bytes,
            **_some(defaults, "every", "max_bytes", "keep", "keep_for"),
        },
        problems=problems,
    )
    named = [item.written.get("name") for item in listed["source"]]
    feeds = read_feeds(
        listed["feed"],
        site=site,
        known=dict.fromkeys([each.name for each in sources] + [n for n in named if type(n) is str]),
        given=_some(defaults, "limit", "full_text"),
        problems=problems,
    )
    return Settings(
        path=file,
        site=site,
        store=store,
        publish=publish,
        server=server,
        maintenance=_maintenance(single["maintenance"], root),
        sync=sync,
        websub=Websub(**single["websub"]),
        ops=read_ops(single["ops"], root=root, problems=problems),
        sources=leave_alone(sources, file, store, publish, problems),
        feeds=feeds,
    )


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
    return Site(
        **values,
        base_url=base_url,
        id_domain=domain.rstrip("."),
        author=Person(**author) if author else None,
        icon=at_root(icon, base_url),
    )


def _server(values: dict[str, Any], root: Path) -> Server:
    server: Server = values.pop("listen", Server())
    if "access_log" in values:
        values["access_log"] = rooted(values["access_log"], root)
    if "admin_token" in values:
        values["admin_token"] = rooted_secret(values["admin_token"], root)
    return replace(server, **values)


def _maintenance(values: dict[str, Any], root: Path) -> Maintenance:
    if "backup" in values:
        values["backup"] = rooted(values["backup"], root)
    return Maintenance(**values)


def _reachable(server: Server) -> Server:
    """The server as somebody on this machine reaches it: `0.0.0.0` is no place to go to."""
    loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  not listened on here
    return replace(server, host=loopback.get(server.host, server.host))


def _some(values: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    return {key: values[key] for key in keys if key in values}


# -- paths ---------------------------------------------------------------------------------------


def _rooted_url(url: str, root: Path) -> str:
    """`sqlite:///var/x.db` lies below the root, `sqlite:////var/x.db` where it says."""
    path = rooted(url.removeprefix("sqlite:///"), root)
    return f"sqlite:///{path}"
