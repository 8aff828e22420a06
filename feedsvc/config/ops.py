"""What is for operators alone: the operations feed, the webhook, and the token of the server."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedsvc.config.problems import Problems
from feedsvc.config.remote import web_address
from feedsvc.config.secrets import Use, control_flaw, rooted_secret, secret
from feedsvc.config.shapes import SecretValueError, WrongValueError
from feedsvc.settings import Ops, Secret, Server

_LEAST = 16
_TOKEN = re.compile(rf"[A-Za-z0-9_-]{{{_LEAST},200}}")  # RFC 4648 §5, as token_urlsafe makes it
_HOOK = 'an address such as "https://hooks.example.org/feedsvc"'


def token_flaw(value: str) -> str | None:
    """Who guesses the token reads the feed; and it is a part of an address and of a path."""
    if _TOKEN.fullmatch(value):
        return None
    return f"needs at least {_LEAST} letters, digits, dashes or underscores"


def token(value: object) -> Secret:
    """The secret part of the address of the operations feed."""
    try:
        return _token(value)
    except SecretValueError as wrong:
        if isinstance(value, str) and wrong.remark and token_flaw(value):
            wrong.remark = f"{wrong.remark}, such as {_fresh()!r}"
        raise


_token = secret("FEEDSVC_OPS_TOKEN", flaw=token_flaw)


admin_token = secret("FEEDSVC_ADMIN_TOKEN", flaw=token_flaw)
"""What opens metrics and the reasons of `/health/ready` to others than this machine."""


def webhook(value: object) -> Secret | str:
    """An address that is told; a secret where that holds a password."""
    if isinstance(value, dict):
        return secret("FEEDSVC_OPS_WEBHOOK")(value)
    try:
        address = web_address(value, _HOOK)
    except WrongValueError as wrong:
        # services make the whole address a secret: who knows it may post there
        raise SecretValueError(wrong.expected, _safe(wrong), got="this one") from wrong
    return address.url if address.user is None else Secret(value=str(value).strip())


def _safe(wrong: WrongValueError) -> str | None:
    return wrong.remark if isinstance(wrong, SecretValueError) else None


def read_ops(values: Mapping[str, Any], *, root: Path, problems: Problems) -> Ops:
    """The table as it is used; a feed without its token is a problem."""
    values = {
        key: rooted_secret(value, root) if isinstance(value, Secret) else value
        for key, value in values.items()
    }
    if values.get("feed") and "token" not in values and not problems.any_below(("ops", "token")):
        says = f'a token makes the operations feed private: add token = "{_fresh()}"'
        problems.add(("ops", "feed"), says)
    return Ops(**values)


def _fresh() -> str:
    from secrets import token_urlsafe  # only a mistake needs one

    return token_urlsafe(24)


# -- in use --------------------------------------------------------------------------------------


def ops_token(ops: Ops, *, environ: Mapping[str, str] = os.environ) -> str | None:
    """The token of the operations feed, None where that is off; raises ConfigError."""
    use = _of_token(ops) if ops.feed else None
    return use.reveal(environ) if use else None


def ops_webhook(ops: Ops, *, environ: Mapping[str, str] = os.environ) -> str | None:
    """The address of the webhook, None where there is none; raises ConfigError."""
    use = _of_webhook(ops)
    return use.reveal(environ) if use else None


def server_token(server: Server, *, environ: Mapping[str, str] = os.environ) -> str | None:
    """The token of `[server]`, None where there is none; raises ConfigError."""
    use = _of_server(server)
    return use.reveal(environ) if use else None


def secrets_of(ops: Ops, server: Server) -> tuple[Use, ...]:
    """Every secret of the two tables."""
    uses = (_of_token(ops), _of_webhook(ops), _of_server(server))
    return tuple(use for use in uses if use is not None)


def _of_server(server: Server) -> Use | None:
    held = server.admin_token
    return Use("token", held, "server.admin_token", token_flaw) if held else None


def _of_token(ops: Ops) -> Use | None:
    return Use("token", ops.token, "ops.token", token_flaw) if ops.token else None


def _of_webhook(ops: Ops) -> Use | None:
    hook = Secret(value=ops.webhook) if isinstance(ops.webhook, str) else ops.webhook
    return Use("webhook", hook, "ops.webhook", _hook_flaw) if hook else None


def _hook_flaw(value: str) -> str | None:
    try:
        web_address(value, _HOOK)
    except WrongValueError:
        return control_flaw(value) or "is no http or https address"
    return None
