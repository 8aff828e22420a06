"""Environment variables over the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from feedsvc.config import ConfigErrors
from feedsvc.model import Person
from feedsvc.settings import Secret, Settings

Loaded = Callable[..., Settings]
FILE = """
[site]
title = "From the file"
author = { name = "Redaktion", email = "news@example.org" }
[server]
listen = "127.0.0.1:1"
[[source]]
path = "articles"
"""


def author(**fields: str) -> Person:
    return Person(**{"name": "Redaktion", "email": "news@example.org", **fields})


@pytest.mark.parametrize(
    ("variable", "value", "read", "expected"),
    [
        pytest.param(
            "SERVER__LISTEN", "[::1]:9", lambda s: s.server.listen, "[::1]:9", id="plain-text"
        ),
        pytest.param("SERVER__LISTEN", "9", lambda s: s.server.port, 9, id="number"),
        pytest.param("SITE__TITLE", "2025", lambda s: s.site.title, "2025", id="number-for-a-text"),
        pytest.param("SITE__TITLE", "true", lambda s: s.site.title, "true", id="flag-for-a-text"),
        pytest.param("SITE__TITLE", '"A"', lambda s: s.site.title, "A", id="quoted-text"),
        pytest.param("SITE__TITLE", '"A', lambda s: s.site.title, '"A', id="half-quoted-text"),
        pytest.param("SITE__TITLE", "a\nb = 1", lambda s: s.site.title, "a b = 1", id="lines"),
        pytest.param("SITE__TITLE", "1\nb = 1", lambda s: s.site.title, "1 b = 1", id="toml-lines"),
        pytest.param("SITE__TITLE", "", lambda s: s.site.title, "From the file", id="empty"),
        pytest.param("SITE__ID_SINCE", "2025-03-15", lambda s: s.site.id_since, "2025-03-15",
                     id="date"),
        pytest.param("SITE__AUTHOR__NAME", "Desk", lambda s: s.site.author, author(name="Desk"),
                     id="key-of-an-inline-table"),
        pytest.param("SITE__AUTHOR", '{name="Desk"}', lambda s: s.site.author, Person(name="Desk"),
                     id="toml-table"),
        pytest.param("SITE__AUTHOR", '{"name": "Desk"}', lambda s: s.site.author,
                     Person(name="Desk"), id="json-table"),
        pytest.param("SYNC__ALLOW_NETWORKS", '["127.0.0.0/8"]', lambda s: s.sync.allow_networks,
                     (ip_network("127.0.0.0/8"),), id="list"),
        pytest.param("SYNC__ALLOW_NETWORKS", "127.0.0.0/8", lambda s: s.sync.allow_networks,
                     (ip_network("127.0.0.0/8"),), id="list-of-one"),
        pytest.param("SYNC__ALLOW_NETWORKS", "127.0.0.0/8, ::1,", lambda s: s.sync.allow_networks,
                     (ip_network("127.0.0.0/8"), ip_network("::1")), id="list-with-commas"),
        pytest.param("SITE__TITLE", "A, b", lambda s: s.site.title, "A, b", id="text-with-comma"),
        pytest.param("SYNC__CONCURRENCY", "8", lambda s: s.sync.concurrency, 8, id="concurrency"),
        pytest.param("SYNC__PER_HOST", "1", lambda s: s.sync.per_host, 1, id="per-host"),
        pytest.param("SYNC__MAX_ENTRIES", "9", lambda s: s.sync.max_entries, 9, id="max-entries"),
        pytest.param("DEFAULTS__EVERY", "auto", lambda s: s.sources[0].every, None,
                     id="auto-is-not-for-folders"),
        pytest.param("OPS__TOKEN", "1234567890123456", lambda s: s.ops.token,
                     Secret(value="1234567890123456"), id="secret-of-digits"),
        pytest.param("OPS__TOKEN", '{ env = "X" }', lambda s: s.ops.token, Secret(env="X"),
                     id="secret-elsewhere"),
        pytest.param("OPS__TOKEN", '{"env": "X"}', lambda s: s.ops.token, Secret(env="X"),
                     id="secret-elsewhere-as-json"),
        pytest.param("OPS__WEBHOOK", "https://example.org/x", lambda s: s.ops.webhook,
                     "https://example.org/x", id="webhook"),
        pytest.param("SYNC__TIMEOUT", "1m", lambda s: s.sync.timeout, timedelta(minutes=1),
                     id="duration"),
        pytest.param("DEFAULTS__LIMIT", "7", lambda s: s.feeds[0].limit, 7, id="table-not-in-file"),
        pytest.param("DEFAULTS__FULL_TEXT", "false", lambda s: s.feeds[0].full_text, False,
                     id="flag"),
    ],
)  # fmt: skip
def test_override(
    variable: str, value: str, read: Callable[[Settings], Any], expected: object, loaded: Loaded
) -> None:
    assert read(loaded(FILE, {f"FEEDSVC_{variable}": value})) == expected


def test_paths_start_where_those_of_the_file_do(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded(FILE, {"FEEDSVC_PUBLISH__DIRECTORY": "out"})

    assert settings.publish.directory == tmp_path / "out"


def test_other_variables_are_none_of_ours(loaded: Loaded) -> None:
    environ = {
        "FEEDSVC_CONFIG": "feedsvc.toml",
        "FEEDSVC_CORPUS": "x",
        "FEEDSVC_SAMPLES": "x",
        "OTHER_SITE__TITLE": "x",
        "feedsvc_site__title": "x",
    }

    assert loaded(FILE, environ | {"FEEDSVC_CONFIG": ""}) == loaded(FILE)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        pytest.param(
            "FEEDSVC_SERVER__LISTN", "x",
            "no key 'listn' to set: did you mean FEEDSVC_SERVER__LISTEN?", id="key",
        ),
        pytest.param(
            "FEEDSVC_SERVR__LISTEN", "x",
            "no table 'servr' to set: did you mean FEEDSVC_SERVER__LISTEN?", id="table",
        ),
        pytest.param(
            "FEEDSVC_SOURCE__PATH", "x",
            "there may be many of 'source': they are set in the file", id="listed-table",
        ),
        pytest.param(
            "FEEDSVC_QUUX__X", "x",
            "no table 'quux' to set: there are site, store, publish, server, maintenance, sync, "
            "defaults, ops, websub", id="table-far-from-any",
        ),
        pytest.param(
            "FEEDSVC_SITE__TITLE__X", "x", "'title' has no keys of its own", id="too-deep",
        ),
        pytest.param(
            "FEEDSVC_SITE__", "x",
            "no key '' to set: there are title, base_url, language, timezone, author, rights, "
            "id_domain, id_since, icon", id="no-key",
        ),
        pytest.param(
            "FEEDSVC_SERVER__ADMIN_TOKEN", "geheim",
            "'admin_token' must be a secret such as { env = \"FEEDSVC_ADMIN_TOKEN\" }, not this "
            "text: it needs at least 16 letters, digits, dashes or underscores", id="short-token",
        ),
        pytest.param(
            "FEEDSVC_PUBLISH__URL", "s3://geheim",
            "'url' is not available in this version of feedsvc", id="not-yet",
        ),
        pytest.param(
            "FEEDSVC_DEFAULTS__EVERY", "0 25 * * *",
            "'every' must be times of day such as \"0 6 * * *\", not \"0 25 * * *\": bad hour",
            id="times-of-day",
        ),
        pytest.param(
            "FEEDSVC_SYNC__TIMEOUT", "20",
            "'timeout' must be a duration such as \"20s\", not 20: "
            "it needs a unit: w, d, h, m or s", id="value",
        ),
        pytest.param(
            "FEEDSVC_SYNC__ALLOW_NETWORKS", '["x"]',
            "an item of 'allow_networks' must be a network such as \"192.168.0.0/16\", "
            'not "x"', id="item",
        ),
        pytest.param(
            "FEEDSVC_SYNC__ALLOW_NETWORKS", "127.0.0.0/8,x",
            "an item of 'allow_networks' must be a network such as \"192.168.0.0/16\", "
            'not "x"', id="item-between-commas",
        ),
        pytest.param(
            "FEEDSVC_SYNC__PER_HOST", "65",
            "'per_host' must be a whole number from 1 to 64, such as 2, not 65", id="range",
        ),
        pytest.param(
            "FEEDSVC_OPS__WEBHOOK", "hooks.example.org/geheim",
            "'webhook' must be an address such as \"https://hooks.example.org/feedsvc\", "
            "not this one", id="secret-value",
        ),
        pytest.param(
            "FEEDSVC_OPS__TOKEN", '{ evn = "geheim" }',
            "no key 'evn' in a secret: did you mean 'env'?", id="secret-key",
        ),
        pytest.param(
            "FEEDSVC_SITE__AUTHOR__EMAIL", "x",
            "'email' must be an e-mail address such as \"news@example.org\", not \"x\"",
            id="inner-value",
        ),
        pytest.param(
            "FEEDSVC_SITE__AUTHOR", "{nam = 'x'}",
            "no key 'nam' in author: did you mean 'name'?", id="key-in-a-table-value",
        ),
        pytest.param(
            "FEEDSVC_SITE__AUTHOR", "Redaktion",
            "'author' must be a table such as author = { name = \"Redaktion\" }, "
            'not "Redaktion"', id="text-for-a-table",
        ),
        pytest.param(
            "FEEDSVC_STORE__URL", "postgresql://u:geheim@db.example.org/x",
            'url = "postgresql" is not available in this version of feedsvc', id="password",
        ),
    ],
)  # fmt: skip
def test_wrong_override(variable: str, value: str, message: str, loaded: Loaded) -> None:
    with pytest.raises(ConfigErrors) as caught:
        loaded(FILE, {variable: value})

    assert [str(error) for error in caught.value.errors] == [f"{variable}: {message}"]


def test_one_key_set_twice(loaded: Loaded) -> None:
    environ = {"FEEDSVC_SITE__AUTHOR": "{name='x'}", "FEEDSVC_SITE__AUTHOR__NAME": "y"}

    with pytest.raises(ConfigErrors) as caught:
        loaded(FILE, environ)

    assert str(caught.value) == (
        "FEEDSVC_SITE__AUTHOR__NAME: FEEDSVC_SITE__AUTHOR sets it too: unset one of them"
    )


def test_mistakes_of_the_file_come_first(loaded: Loaded) -> None:
    with pytest.raises(ConfigErrors) as caught:
        loaded(FILE + "tittle = 1\n", {"FEEDSVC_SITE__TITEL": "x", "FEEDSVC_SYNC__TIMEOUT": "x"})

    assert [str(error).partition(": ")[0] for error in caught.value.errors] == [
        "feedsvc.toml:9:1",
        "FEEDSVC_SYNC__TIMEOUT",
        "FEEDSVC_SITE__TITEL",
    ]
