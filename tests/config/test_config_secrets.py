"""Secrets: named in the file, read when they are used, shown nowhere."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from feedsvc.config import (
    ConfigErrors,
    ops_token,
    ops_webhook,
    request_headers,
    reveal,
    show,
    unreadable_secrets,
)
from feedsvc.config.access import NOT_TO_SET
from feedsvc.errors import ConfigError
from feedsvc.settings import Ops, Secret, Settings
from feedsvc.web import asking

Loaded = Callable[..., Settings]
FEED = '[[source]]\nname = "peer"\nurl = "https://example.org/feed"\n'
TOKEN = "Zufall_0123456789-abc"


# -- reveal --------------------------------------------------------------------------------------


def test_a_variable_is_read_when_it_is_used() -> None:
    environ = {"X": "eins"}
    secret = Secret(env="X")
    environ["X"] = "zwei\n"

    assert reveal(secret, where="here", environ=environ) == "zwei"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        pytest.param(b"geheim", "geheim", id="plain"),
        pytest.param(b"geheim\n", "geheim", id="line-end"),
        pytest.param(b"geheim\r\n\r\n", "geheim", id="line-ends-as-on-windows"),
        pytest.param(b" geheim ", " geheim ", id="spaces-are-part-of-it"),
        pytest.param(b"\xef\xbb\xbfgeheim", "geheim", id="byte-order-mark"),
        pytest.param("gehéim".encode(), "gehéim", id="beyond-ascii"),
    ],
)
def test_a_file(content: bytes, value: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)

    assert reveal(Secret(file=tmp_path / "secret"), where="here", environ={}) == value


@pytest.mark.parametrize("value", ["geheim", ""])
def test_a_value_of_the_file_itself(value: str) -> None:
    assert reveal(Secret(value=value), where="here", environ={}) == value


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param({}, "here: the environment variable X is not set", id="unset"),
        pytest.param({"X": ""}, "here: the environment variable X is empty", id="empty"),
        pytest.param({"X": "\n"}, "here: the environment variable X is empty", id="a-line-end"),
        pytest.param(
            {"X": "geheim\ngeheim"},
            "here: the environment variable X holds a control character or a second line",
            id="two-lines",
        ),
    ],
)
def test_a_variable_that_holds_none(environ: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        reveal(Secret(env="X"), where="here", environ=environ)

    assert str(caught.value) == message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(None, "cannot be read: No such file or directory", id="missing"),
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf\r\n", "is empty", id="only-a-mark"),
        pytest.param(b"geheim\ngeheim", "holds a control character or a second line", id="lines"),
        pytest.param(b"geheim\x00", "holds a control character or a second line", id="nul"),
        pytest.param(b"geheim\xff", "is not UTF-8", id="latin-1"),
        pytest.param(b"g" * 65_537, "is too large for a secret", id="large"),
    ],
)
def test_a_file_that_holds_none(content: bytes | None, message: str, tmp_path: Path) -> None:
    file = tmp_path / "x"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        reveal(Secret(file=file), where="here", environ={})

    assert str(caught.value) == f"here: {file} {message}"
    assert caught.value.hint
    assert "geheim" not in repr(caught.value.__context__)


@pytest.mark.timeout(60)
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(ConfigError, match="is no plain file"):
            reveal(Secret(file=path), where="here", environ={})


# -- requests ------------------------------------------------------------------------------------


def basic(pair: str) -> str:
    return "Basic " + base64.b64encode(pair.encode()).decode()


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        pytest.param("", {}, id="nothing"),
        pytest.param(
            'auth = { user = "reader", password = { env = "PW" } }',
            {"Authorization": basic("reader:gehéim")},
            id="user-and-password",
        ),
        pytest.param(
            'auth = { user = "reader", password = "" }',
            {"Authorization": basic("reader:")},
            id="no-password",
        ),
        pytest.param(
            "auth.token.env = 'TOKEN'", {"Authorization": "Bearer abc.def"}, id="bearer-token"
        ),
        pytest.param(
            'auth.token = "x"\nheaders = { password = "a", token = "b" }',
            {"Authorization": "Bearer x", "password": "a", "token": "b"},
            id="headers-of-any-name",
        ),
        pytest.param(
            'headers = { authorization = "Digest x", "User-Agent" = { env = "PW" } }',
            {"authorization": "Digest x", "User-Agent": "gehéim"},
            id="headers-alone",
        ),
    ],
)
def test_what_a_source_is_asked_with(keys: str, expected: dict[str, str], loaded: Loaded) -> None:
    (source,) = loaded(f"{FEED}{keys}\n").sources

    asked = request_headers(source, environ={"PW": "gehéim\n", "TOKEN": "abc.def"})

    assert asked == expected


def test_credentials_of_the_url_are_sent(loaded: Loaded) -> None:
    (source,) = loaded('[[source]]\nurl = "https://geheim@example.org/feed"\n').sources

    assert request_headers(source, environ={}) == {"Authorization": basic("geheim:")}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        pytest.param(
            "auth.token.env = 'X'",
            "source 'peer': auth.token: the environment variable X holds more than visible "
            "ASCII characters",
            id="bearer-with-a-space",
        ),
        pytest.param(
            "headers.X-Key.env = 'X'",
            "source 'peer': headers.X-Key: the environment variable X holds characters that HTTP "
            "cannot carry",
            id="header-beyond-latin-1",
        ),
        pytest.param(
            "auth.user = 'reader'\nauth.password.file = 'none'",
            "source 'peer': auth.password: {root}/none cannot be read: No such file or directory",
            id="file",
        ),
    ],
)
def test_a_secret_that_cannot_be_sent(
    keys: str, message: str, loaded: Loaded, tmp_path: Path
) -> None:
    (source,) = loaded(f"{FEED}{keys}\n").sources

    with pytest.raises(ConfigError) as caught:
        request_headers(source, environ={"X": "geheim 記事"})

    assert str(caught.value) == message.format(root=tmp_path)


def test_a_header_that_the_client_refuses_is_refused_here() -> None:
    assert NOT_TO_SET == asking._OURS


# -- config check --------------------------------------------------------------------------------


def test_secrets_without_a_value_are_told_once_each(loaded: Loaded) -> None:
    settings = loaded(
        "".join(
            f'[[source]]\nname = "s{i}"\nurl = "https://example.org/{i}"\n'
            'auth = { token = { env = "MISSING" } }\n'
            'headers = { X-Key = { env = "THERE" }, X-Other = { file = "none" } }\n'
            for i in range(3)
        )
        + '[ops]\nwebhook = { env = "HOOK" }\ntoken = { env = "SHORT" }\n'
    )

    told = unreadable_secrets(settings, environ={"THERE": "x", "HOOK": "geheim", "SHORT": "geheim"})

    assert [str(error).partition(": ")[0] for error in told] == [
        "ops.token",
        "ops.webhook",
        "source 's0'",
        "source 's0'",
    ]
    assert "geheim" not in "".join(map(str, told))


def test_nothing_is_told_of_what_is_there(loaded: Loaded) -> None:
    settings = loaded(f'{FEED}auth = {{ token = {{ env = "X" }} }}\nheaders.X-A = "b"\n')

    assert unreadable_secrets(settings, environ={"X": "x"}) == ()


# -- operations ----------------------------------------------------------------------------------


def test_operations_are_off_unless_said(loaded: Loaded) -> None:
    ops = loaded(FEED).ops

    assert ops == Ops(feed=False, token=None, webhook=None)
    assert ops_token(ops, environ={}) is None
    assert ops_webhook(ops, environ={}) is None


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(f'"{TOKEN}"', id="value"),
        pytest.param('{ env = "OPS" }', id="variable"),
        pytest.param('{ file = "token" }', id="file"),
    ],
)
def test_the_token_of_the_operations_feed(token: str, loaded: Loaded, tmp_path: Path) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    ops = loaded(f"[ops]\nfeed = true\ntoken = {token}\n{FEED}").ops

    assert ops_token(ops, environ={"OPS": TOKEN}) == TOKEN
    assert ops_token(replace(ops, feed=False), environ={}) is None
    assert TOKEN not in repr(ops)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://Hooks.example.org/geheim", "https://hooks.example.org/…"),
        ("http://127.0.0.1:9/geheim", "http://127.0.0.1:9/…"),
        ("https://reader:geheim@hooks.example.org/x", "…"),
    ],
)
def test_the_webhook(url: str, shown: str, loaded: Loaded) -> None:
    settings = loaded(f'[ops]\nwebhook = "{url}"\n{FEED}')

    assert ops_webhook(settings.ops, environ={}) in {url, url.lower()}
    assert show(settings)["ops"]["webhook"] == shown
    assert "geheim" not in repr(settings)


def test_a_webhook_that_is_secret_as_a_whole(loaded: Loaded) -> None:
    ops = loaded(f'[ops]\nwebhook = {{ env = "HOOK" }}\n{FEED}').ops

    assert ops_webhook(ops, environ={"HOOK": "https://hooks.example.org/x"}) == (
        "https://hooks.example.org/x"
    )
    with pytest.raises(ConfigError, match=r"variable HOOK is no http or https address$"):
        ops_webhook(ops, environ={"HOOK": "hooks.example.org/geheim"})


@pytest.mark.parametrize(
    ("environ", "start"),
    [
        pytest.param(
            {},
            "feedsvc.toml:2:1: a token makes the operations feed private: add token = ",
            id="file",
        ),
        pytest.param(
            {"FEEDSVC_OPS__FEED": "true"},
            "FEEDSVC_OPS__FEED: a token makes the operations feed private: add token = ",
            id="variable",
        ),
    ],
)
def test_an_operations_feed_without_a_token_gets_one_suggested(
    environ: dict[str, str], start: str, loaded: Loaded
) -> None:
    text = f"[ops]\nfeed = {'false' if environ else 'true'}\n{FEED}"

    with pytest.raises(ConfigErrors) as caught:
        loaded(text, environ)

    assert str(caught.value).startswith(start)
    suggested = re.search(r'token = "([^"]*)"', str(caught.value))
    assert suggested
    settings = loaded(f'[ops]\nfeed = true\ntoken = "{suggested[1]}"\n{FEED}')
    assert ops_token(settings.ops, environ={}) == suggested[1]


@pytest.mark.parametrize(
    "token", ["", "geheim", "geheim-01234567", "geheim 0123456789", "geheim/0123456789", "ä" * 20]
)
def test_a_weak_token_is_refused_and_not_shown(token: str, loaded: Loaded) -> None:
    for text, environ in (
        (f'[ops]\ntoken = "{token}"\n', {}),
        ("", {"FEEDSVC_OPS__TOKEN": token or '""'}),
    ):
        with pytest.raises(ConfigErrors) as caught:
            loaded(text + FEED, environ)

        assert "'token' must be a secret" in str(caught.value)
        assert not token or token not in str(caught.value)


def test_a_weak_token_of_a_variable_is_refused_in_use(loaded: Loaded) -> None:
    ops = loaded(f'[ops]\nfeed = true\ntoken = {{ env = "OPS" }}\n{FEED}').ops

    with pytest.raises(ConfigError) as caught:
        ops_token(ops, environ={"OPS": "geheim"})

    assert str(caught.value) == (
        "ops.token: the environment variable OPS needs at least 16 letters, digits, dashes or "
        "underscores"
    )


# -- show ----------------------------------------------------------------------------------------


def test_what_is_shown_of_secrets(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded(f"""
        {FEED}
        headers = {{ A = "geheim", B = {{ env = "X" }}, C = {{ file = "c" }} }}
        auth = {{ user = "reader", password = "geheim" }}
        [[source]]
        url = "https://geheim@example.org/a1"
        [[source]]
        url = "https://example.org/b"
        auth = {{ token = {{ env = "TOKEN" }} }}
        [ops]
        feed = true
        token = "geheim-0123456789"
        """)

    shown = show(settings)
    first, second, third = shown["source"]
    assert first["headers"] == {"A": "…", "B": {"env": "X"}, "C": {"file": str(tmp_path / "c")}}
    assert first["auth"] == {"user": "reader", "password": "…"}
    assert second["auth"] == {"user": "…", "password": ""}
    assert third["auth"] == {"token": {"env": "TOKEN"}}
    assert shown["ops"] == {"feed": True, "token": "…", "webhook": None}
    assert "geheim" not in repr(shown)
