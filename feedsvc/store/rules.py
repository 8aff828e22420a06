"""What a feed asks of an article: the one place where that is written, in SQL.

Marking feeds as touched, filling them and explaining them use the same rules, so that they cannot
disagree. `words.py` has what SQL cannot say.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, FromClause, Select, and_, exists, func, not_, or_, select

from feedsvc.model import State
from feedsvc.settings import Feed
from feedsvc.store.schema import article, body, label, source
from feedsvc.store.words import asks_words, fits
from feedsvc.text.clean import LONGEST_NAME, normalise, one_line
from feedsvc.text.html import cut

Moment: TypeAlias = int | ColumnElement[int]
"""Seconds since 1970, or the parameter that holds them."""


class Rule(NamedTuple):
    """One thing that is asked; it is called as its key in the configuration, where it has one."""

    name: str
    met: ColumnElement[bool]


def rules(feed: Feed, article: FromClause = article, source: FromClause = source) -> list[Rule]:
    """What an article has to fulfil at any time; `article` joined with `source`."""
    found = [Rule("state", article.c.state == State.PUBLISHED.value)]
    if feed.facet is not None:
        found.append(Rule("per", _of_facet(*feed.facet, article)))
    # A source named in an OPML file counts as part of that one.
    if feed.sources:
        names = or_(source.c.name.in_(feed.sources), source.c.parent.in_(feed.sources))
        found.append(Rule("sources", names))
    if feed.exclude_sources:
        alone = or_(source.c.parent.is_(None), source.c.parent.not_in(feed.exclude_sources))
        found.append(
            Rule("exclude_sources", and_(source.c.name.not_in(feed.exclude_sources), alone))
        )
    if feed.language:
        found.append(Rule("language", _spoken(feed.language, article)))
    if feed.exclude_languages:
        spoken = or_(*(_spoken(tag, article) for tag in feed.exclude_languages))
        found.append(Rule("exclude_languages", or_(article.c.language.is_(None), not_(spoken))))
    for name, kind, words in (
        ("tags", "tag", feed.tags),
        ("authors", "author", feed.authors),
    ):
        if words:
            found.append(Rule(name, _labelled(kind, words, article)))
    for name, kind, words in (
        ("exclude_tags", "tag", feed.exclude_tags),
        ("exclude_authors", "author", feed.exclude_authors),
    ):
        if words:
            found.append(Rule(name, not_(_labelled(kind, words, article))))
    return found


def conditions(
    feed: Feed, article: FromClause = article, source: FromClause = source
) -> list[ColumnElement[bool]]:
    """The same as conditions of a query."""
    return [rule.met for rule in rules(feed, article, source)]


def time_rules(feed: Feed, at: Moment, article: FromClause = article) -> list[Rule]:
    """What time asks of an article."""
    found = [
        Rule("due", or_(article.c.due.is_(None), article.c.due <= at)),
        Rule("expires", or_(article.c.expires.is_(None), article.c.expires > at)),
    ]
    if feed.since:
        oldest = at - int(feed.since.total_seconds())
        # Nothing is released before it is published: the second one only lets the index be used.
        found.append(Rule("since", and_(article.c.published > oldest, article.c.released > oldest)))
    return found


def shown_at(feed: Feed, at: Moment, article: FromClause = article) -> list[ColumnElement[bool]]:
    """The same as conditions of a query."""
    return [rule.met for rule in time_rules(feed, at, article)]


def first_of_its_kind(
    feed: Feed, at: Moment, without: Collection[int] | Select[Any]
) -> list[ColumnElement[bool]]:
    """No other source had the same link before, in this feed.

    The one that was stored first stands for all: it is the same one whatever is edited later. (Of
    one id the newest stands for all, as readers take it: see `members`.)
    """
    return [~came_before(feed, at, without).exists()]


def came_before(
    feed: Feed, at: Moment, without: Any = (), beyond: ColumnElement[str] | None = None
) -> Select[Any]:
    """The articles of other sources that stand for `article`, since they had its link before.

    `without` are rows that count as not there. `beyond` is JSON of `[source, released, guid, row]`:
    a source that may have no more than so many articles in the feed has those up to that one, and
    what it does not show cannot stand for anything.
    """
    other, its_source, its_body = (
        article.alias("other"), source.alias("its_source"), body.alias("its_body"),
    )  # fmt: skip
    joined = other.join(its_source, its_source.c.id == other.c.source_id)
    same = [
        other.c.canon == article.c.canon,
        other.c.id < article.c.id,
        other.c.source_id != article.c.source_id,
        other.c.id.not_in(without),
        *conditions(feed, other, its_source),
        *shown_at(feed, at, other),
    ]
    if beyond is not None:
        same.append(not_(_lies_beyond(other, beyond)))
    if asks_words(feed):
        joined = joined.join(its_body, its_body.c.article_id == other.c.id)
        same.append(fits(feed, other, its_body))
    return select(other.c.id, other.c.published).select_from(joined).where(*same)


def _lies_beyond(other: FromClause, beyond: ColumnElement[str]) -> ColumnElement[bool]:
    last = func.json_each(beyond).table_valued("value", name="last").c.value
    source_id, released, guid, row = (func.json_extract(last, f"$[{n}]") for n in range(4))
    return exists().where(source_id == other.c.source_id, is_behind(other, released, guid, row))


def is_behind(article: FromClause, released: Any, guid: Any, row: Any) -> ColumnElement[bool]:
    """That `article` comes after a place in the order of feeds: newest first, then by id."""
    return and_(
        article.c.released <= released,
        or_(
            article.c.released < released,
            article.c.guid > guid,
            and_(article.c.guid == guid, article.c.id > row),
        ),
    )


def _of_facet(kind: str, word: str, article: FromClause) -> ColumnElement[bool]:
    if kind == "source":
        # Its row first, so that the index of articles by source is used: there are as many feeds
        # of such a group as there are sources.
        named = source.alias("named")
        row = select(named.c.id).where(named.c.name == word).scalar_subquery()
        return article.c.source_id == row
    return _has_label(kind, [word], article)


def _spoken(language: str, article: FromClause) -> ColumnElement[bool]:
    """RFC 4647 §3.3.1 basic filtering: "de" takes "de-AT", never "den"."""
    wanted, spoken = language.lower(), func.lower(article.c.language)
    return or_(spoken == wanted, spoken.startswith(f"{wanted}-", autoescape=True))


def _labelled(kind: str, words: Collection[str], article: FromClause) -> ColumnElement[bool]:
    return _has_label(kind, [as_label(word) for word in words], article)


def _has_label(kind: str, words: Collection[str], article: FromClause) -> ColumnElement[bool]:
    # An alias: whoever looks for words has labels in the query around this one.
    held = label.alias("held")
    return exists().where(
        held.c.article_id == article.c.id, held.c.kind == kind, held.c.word.in_(words)
    )


def as_label(word: str) -> str:
    """A word of the configuration as `label` holds those of articles (`filters/clean.py`)."""
    return cut(one_line(normalise(word)), LONGEST_NAME).casefold()
