"""The configuration: a TOML file and the environment, turned into `Settings`.

    discover -> parse -> overrides -> build (tables, sources, ops) -> Settings
                             \\-> problems -> locate: file:line:column and a caret

    Settings -> request_headers, ops_token, ops_webhook: secrets, read when they are used

It knows what the built-in kinds need; whether another `kind` exists is the registry's answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from feedsvc.config.access import request_headers
from feedsvc.config.build import build
from feedsvc.config.discover import find, root_of
from feedsvc.config.ops import ops_token, ops_webhook
from feedsvc.config.overrides import overlay
from feedsvc.config.parse import parse, read_text
from feedsvc.config.problems import ConfigErrors, Problems
from feedsvc.config.ready import unreadable_secrets
from feedsvc.config.secrets import reveal
from feedsvc.config.show import show
from feedsvc.settings import Settings

__all__ = [
    "ConfigErrors",
    "find",
    "load",
    "ops_token",
    "ops_webhook",
    "read",
    "request_headers",
    "reveal",
    "show",
    "unreadable_secrets",
]


def load(path: Path | None, *, cwd: Path, environ: Mapping[str, str]) -> Settings:
    """The effective settings; `path` is what `--config` names, None lets `find` look for a file.

    Raises ConfigError, and ConfigErrors once the file could be read: its message is the first
    mistake, `errors` holds all of them.
    """
    file = find(path, cwd=cwd, environ=environ)
    return read(read_text(file, cwd=cwd), file=file, cwd=cwd, environ=environ)


def read(text: str, *, file: Path, cwd: Path, environ: Mapping[str, str]) -> Settings:
    """The effective settings of a text that is, or is to be, the configuration `file`."""
    tree = parse(text, file=file, cwd=cwd)
    problems = Problems(text=text, file=file, cwd=cwd)
    settings = build(
        overlay(tree, environ, problems), root=root_of(file), file=file, problems=problems
    )
    problems.raise_any()
    return settings
