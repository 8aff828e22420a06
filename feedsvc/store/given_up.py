"""The articles on whose words an expression took too long: kept, so that all processes agree.

    a build begins -> recall_given_up -> it chooses -> given_up: told, and kept

How long a search takes differs by what else the machine does. So it is done once, and what came of
it stands until the article is another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, select

from feedsvc.model import Problem, State
from feedsvc.settings import Feed
from feedsvc.store.engine import reading, writing
from feedsvc.store.records import Records
from feedsvc.store.rules import conditions
from feedsvc.store.schema import article, remark, source
from feedsvc.store.searched import Searched, word_rules

_TOLD = 50  # articles that are named: of more, the rule is what has to be looked at
_NAMES = "given up "  # what the names of remarks about expressions begin with


class GivenUp(Records):
    """What stage 2 asks of expressions that take too long."""

    _engine: Engine
    _feeds: tuple[Feed, ...]

    def recall_given_up(self, feed: Feed) -> None:
        """Take over what was kept of the expressions of a feed, as far as it still holds."""
        for _, expression, _ in word_rules(feed.match, feed.exclude):
            if expression.may_hang:
                rows = self._kept(expression) | expression.given_up
                with reading(self._engine) as connection:
                    expression.begin(_standing(connection, rows) if rows else {})

    def given_up(self, feed: Feed, now: datetime, *, keep: bool = True) -> Mapping[int, Problem]:
        """The newest articles on whose words an expression of a feed took too long, by row.

        Without `keep` nothing is kept for the next process.
        """
        found: dict[int, Problem] = {}
        for name, expression, _ in word_rules(feed.match, feed.exclude):
            if keep and expression.may_hang:
                self._keep(expression, now)
            if expression.given_up:
                reason = f"left out of {feed.name}: its '{name}' takes too long on its words"
                query = (
                    select(article.c.id, source.c.name, article.c.guid)
                    .join(source, source.c.id == article.c.source_id)
                    .where(article.c.id.in_(_listed(expression.given_up)), *conditions(feed))
                    .order_by(article.c.id.desc())
                    .limit(_TOLD)
                )
                with reading(self._engine) as connection:
                    for row, who, guid in connection.execute(query):
                        found[row] = Problem(source=who, path=guid, reason=reason)
        return found

    def rule_put_off(self, feed: Feed) -> str | None:
        """The rule of a feed that was not asked of all, since it takes too long on many."""
        rules = word_rules(feed.match, feed.exclude)
        return next((name for name, expression, _ in rules if expression.put_off), None)

    def _kept(self, expression: Searched) -> dict[int, bytes]:
        found = self.remark(_name(expression))
        return {int(row): bytes.fromhex(seen) for row, seen in found[0].items()} if found else {}

    def _keep(self, expression: Searched, now: datetime) -> None:
        if self._kept(expression) == expression.given_up:
            return
        told = {str(row): seen.hex() for row, seen in expression.given_up.items()}
        self.leave_remark(_name(expression), told or None, now)
        asked = {
            _name(one) for feed in self._feeds for _, one, _ in word_rules(feed.match, feed.exclude)
        }
        nobody_asks = remark.c.name.startswith(_NAMES), remark.c.name.not_in(asked)
        with writing(self._engine) as connection:
            connection.execute(delete(remark).where(*nobody_asks))


def _name(expression: Searched) -> str:
    told = f"{expression.pattern.flags} {expression.pattern.pattern}"
    return _NAMES + sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _standing(connection: Connection, rows: Mapping[int, bytes]) -> dict[int, bytes]:
    """Those of some articles that are as they were, and not taken down since."""
    query = select(article.c.id, article.c.seen).where(
        article.c.id.in_(_listed(rows)),
        article.c.state.in_([State.PUBLISHED.value, State.HELD.value]),
    )
    return {row: seen for row, seen in connection.execute(query) if rows[row] == seen}


def _listed(rows: Iterable[int]) -> Select[Any]:
    return select(func.json_each(json.dumps(sorted(rows))).table_valued("value").c.value)
