"""Is everything there that the configuration refers to?"""

from __future__ import annotations

import os
from collections.abc import Mapping

from feedsvc.config import access, ops
from feedsvc.config.secrets import Use
from feedsvc.errors import ConfigError
from feedsvc.settings import Secret, Settings


def unreadable_secrets(
    settings: Settings, *, environ: Mapping[str, str] = os.environ
) -> tuple[ConfigError, ...]:
    """What `config check` warns of: secrets without a usable value, each told once.

    A warning and no error: where a file is checked, the variables of the service need not be set.
    """
    first: dict[tuple[Secret, object], Use] = {}
    for use in secrets_in_use(settings):
        first.setdefault((use.secret, use.flaw), use)
    found = []
    for use in first.values():
        try:
            use.reveal(environ)
        except ConfigError as error:
            found.append(error)
    return tuple(found)


def secrets_in_use(settings: Settings) -> tuple[Use, ...]:
    """Every secret that the configuration names, with what it is for."""
    return (
        *ops.secrets_of(settings.ops, settings.server),
        *(use for source in settings.sources for use in access.secrets_of(source)),
    )
