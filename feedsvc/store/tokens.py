"""The keys to private feeds: who knows one may read, until it is revoked.

A key is part of the address, `public/<feed>/<token>/`, so that any reader program can use it. Those
of a group open all of its feeds.
"""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from feedsvc.errors import NotFoundError, UsageError
from feedsvc.ports import Token
from feedsvc.store.engine import reading, writing
from feedsvc.store.marks import Marks
from feedsvc.store.rows import instant
from feedsvc.store.schema import feed, token
from feedsvc.text.keys import SHOWN

_BYTES = 24  # of chance: 32 characters of an address


class Tokens(Marks):
    """Keys, given and taken."""

    def keys(self, name: str) -> tuple[Token, ...]:
        """The keys to a private feed, oldest first."""
        with reading(self._engine) as connection:
            return _keys(connection, _group(name))

    def tokens(self, name: str) -> tuple[str, ...]:
        """The same, without whose they are and when they were made."""
        return tuple(key.token for key in self.keys(name))

    def ensure_token(self, name: str, now: datetime) -> tuple[str, ...]:
        """The keys to a private feed, which is given its first one if it has none."""
        found = self.tokens(name)
        if found:
            return found
        with writing(self._engine) as connection:
            # Read again: another process may have been first.
            if not _keys(connection, _group(name)):
                _issue(connection, _group(name), None, now)
            return tuple(key.token for key in _keys(connection, _group(name)))

    def issue_token(self, name: str, label: str | None, now: datetime) -> str:
        """A new key; the next build makes its folder. Raises UsageError if the label has one."""
        group = _group(name)
        with writing(self._engine) as connection:
            if label is not None and any(key.label == label for key in _keys(connection, group)):
                raise UsageError(
                    f"'{label}' has a key to {group} already",
                    hint="revoke it first, or give the new one another label",
                )
            issued = _issue(connection, group, label, now)
            self._mark_group(connection, group, now)
        return issued

    def revoke_token(self, name: str, key: str, now: datetime) -> tuple[str, ...]:
        """Take back a key, by itself, its label or its beginning; the next build takes its folder.

        Returns what was taken back; raises NotFoundError if there is none, UsageError if several
        begin so.
        """
        group = _group(name)
        with writing(self._engine) as connection:
            known = _keys(connection, group)
            # A token is what is meant first: nobody can choose a label that is one, but may try.
            meant = [one.token for one in known if one.token == key]
            meant = meant or [one.token for one in known if one.label == key]
            # By how logs show it, so that no command line has to name it to everybody.
            meant = meant or [one.token for one in known if _begins(one.token, key)]
            if len(meant) > 1:
                raise UsageError(
                    f"{len(meant)} keys to {group} begin with that", hint="name more of the one"
                )
            if not meant:
                raise NotFoundError(
                    f"{group} has no such key", hint=f"`feedsvc feed urls {group}` lists them"
                )
            connection.execute(delete(token).where(token.c.token.in_(meant)))
            self._mark_group(connection, group, now)
        return tuple(meant)

    def _mark_group(self, connection: Connection, group: str, now: datetime) -> None:
        """Mark the feed, and those of its group, for the next build."""
        below = select(feed.c.name).where(feed.c.name.between(f"{group}/", f"{group}0"))
        self._mark(connection, [group, *connection.execute(below).scalars()], now)


def _begins(token: str, key: str) -> bool:
    """Whether `key` is the beginning of a token, as much of it as `text.keys` leaves or more."""
    beginning = key.removesuffix("...")
    return len(beginning) >= SHOWN and token.startswith(beginning)


def _group(name: str) -> str:
    """The `[[feed]]` that a feed belongs to."""
    return name.partition("/")[0]


def _keys(connection: Connection, group: str) -> tuple[Token, ...]:
    query = (
        select(token.c.token, token.c.label, token.c.made)
        .where(token.c.feed == group)
        .order_by(token.c.made, token.c.label.is_not(None), token.c.label, token.c.token)
    )
    rows = connection.execute(query)
    return tuple(Token(found, label, instant(made)) for found, label, made in rows)


def _issue(connection: Connection, group: str, label: str | None, now: datetime) -> str:
    issued = secrets.token_urlsafe(_BYTES)
    while not issued[0].isalnum():  # a command line would take "-…" for an option
        issued = secrets.token_urlsafe(_BYTES)
    values = {"token": issued, "feed": group, "label": label, "made": int(now.timestamp())}
    connection.execute(insert(token).values(**values))
    return issued
