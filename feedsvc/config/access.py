"""What a remote source is asked with: `auth` and `headers`, from the file to the request."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator, Mapping

from feedsvc.config.secrets import Use, control_flaw, secret
from feedsvc.config.shapes import SecretValueError, WrongKeyError, WrongValueError, sort_of
from feedsvc.settings import Secret, Source

NOT_TO_SET = frozenset(
    """host connection content-length transfer-encoding te trailer upgrade keep-alive expect range
    accept-encoding if-none-match if-modified-since if-match if-unmodified-since if-range
    proxy-authorization proxy-connection""".split()
)
"""The headers that frame a message or decide what comes back: the client's own to say."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 §5.6.2
_VISIBLE = re.compile(r"[\x21-\x7e]+")


def header_flaw(value: str) -> str | None:
    """RFC 9110 §5.5: visible characters and spaces; what is beyond ASCII can only be Latin-1."""
    if wrong := control_flaw(value):
        return wrong
    return "holds characters that HTTP cannot carry" if max(value, default="") > "\xff" else None


def bearer_flaw(value: str) -> str | None:
    """RFC 6750 §2.1 is stricter; servers are not."""
    return None if _VISIBLE.fullmatch(value) else "holds more than visible ASCII characters"


_header_value = secret("API_KEY", what="a text, or a secret", flaw=header_flaw)


def user(value: object) -> str:
    """RFC 7617 §2: a user-id without a colon, which parts it from the password."""
    expected = 'a name such as "reader"'
    if not isinstance(value, str) or not value:
        raise SecretValueError(expected, got=sort_of(value))
    if wrong := user_flaw(value):
        raise SecretValueError(expected, f"it {wrong}", got="this text")
    return value


def user_flaw(value: str) -> str | None:
    """What keeps a text from being a user-id."""
    return "holds a colon" if ":" in value else control_flaw(value)


def headers(value: object) -> tuple[tuple[str, Secret], ...]:
    """Names and values, in the order given."""
    expected = 'a table such as { X-Api-Key = { env = "API_KEY" } }'
    if not isinstance(value, dict):
        raise SecretValueError(expected, got=sort_of(value))
    seen: dict[str, str] = {}
    fields = []
    for name, held in value.items():
        if wrong := _misnamed(name, seen):
            raise WrongKeyError(wrong, at=name)
        seen[name.lower()] = name
        try:
            fields.append((name, _header_value(held)))
        except (WrongValueError, WrongKeyError) as error:
            error.at = (name, *error.at)
            raise
    return tuple(fields)


def _misnamed(name: str, seen: Mapping[str, str]) -> str | None:
    if not _TOKEN.fullmatch(name):
        return f"{name!r} is no name of a header: it has letters, digits and dashes"
    if name.lower() in NOT_TO_SET:
        return f"the header {name!r} cannot be set: it is part of how feedsvc asks"
    if name.lower() in seen:
        return f"the header {name!r} is here twice, as {seen[name.lower()]!r} too"
    return None


# -- in use --------------------------------------------------------------------------------------


def request_headers(source: Source, *, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The headers a source is asked with, all of them secret; raises ConfigError."""
    fields = {}
    if (use := _of_auth(source)) is not None:
        value, user = use.reveal(environ), source.auth.user if source.auth else None
        if use.what == "token":
            fields["Authorization"] = f"Bearer {value}"  # RFC 6750 §2.1
        else:
            pair = base64.b64encode(f"{user or ''}:{value}".encode())  # RFC 7617 §2, in UTF-8
            fields["Authorization"] = f"Basic {pair.decode('ascii')}"
    for use in _of_headers(source):
        fields[use.what] = use.reveal(environ)
    return fields


def secrets_of(source: Source) -> tuple[Use, ...]:
    """Every secret of a source."""
    use = _of_auth(source)
    return (*([use] if use else ()), *_of_headers(source))


def _of_auth(source: Source) -> Use | None:
    auth, where = source.auth, f"source '{source.name}': auth"
    if auth is None:
        return None
    if auth.token is not None:
        return Use("token", auth.token, f"{where}.token", bearer_flaw)
    password = auth.password or Secret(value="")
    return Use("password", password, f"{where}.password", control_flaw)


def _of_headers(source: Source) -> Iterator[Use]:
    for name, held in source.headers:
        yield Use(name, held, f"source '{source.name}': headers.{name}", header_flaw)
