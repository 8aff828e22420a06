"""Article <-> columns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, Select, select

from feedsvc.model import Article, Enclosure, Image, Origin, Person, State
from feedsvc.store import schema

_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

_PLAIN = ("subtitle", "section", "rights", "location", "agency")


def seconds(moment: datetime | None) -> int | None:
    """The column form of a moment."""
    return None if moment is None else int(moment.timestamp())


def moment(value: int | None) -> datetime | None:
    """The moment of a column."""
    return None if value is None else datetime.fromtimestamp(value, UTC)


def instant(value: int) -> datetime:
    """The moment of a column that is never empty."""
    return datetime.fromtimestamp(value, UTC)


class ArticleRow(NamedTuple):
    """The columns of `article` but `id` and `source_id`, in the order in which they are written."""

    key: str
    declared: str | None
    document: bytes
    guid: str
    link: str | None
    title: str
    language: str | None
    published: int
    updated: int
    first_seen: int
    released: int
    due: int | None
    expires: int | None
    state: str
    state_reason: str | None
    said: bytes
    seen: bytes
    revision: int
    canon: bytes | None
    noise: int


class BodyRow(NamedTuple):
    """The columns of `body` but its key, in the order in which they are written."""

    summary: str | None
    html: str
    fields: str  # JSON


def article_row(
    article: Article,
    *,
    declared: str | None,
    document: bytes,
    canon: bytes | None = None,
    noise: int = 0,
) -> ArticleRow:
    """What `article` holds of an article."""
    published, due = int(article.published.timestamp()), seconds(article.due)
    return ArticleRow(
        key=article.key,
        declared=declared,
        document=document,
        guid=article.guid,
        link=article.link,
        title=article.title,
        language=article.language,
        published=published,
        updated=int(article.updated.timestamp()),
        first_seen=int(article.first_seen.timestamp()),
        released=published if due is None else max(published, due),
        due=due,
        expires=seconds(article.expires),
        state=article.state.value,
        state_reason=None,
        said=article.said,
        seen=article.seen,
        revision=article.revision,
        canon=canon,
        noise=noise,
    )


def body_row(article: Article) -> BodyRow:
    """What `body` holds of an article."""
    fields: dict[str, Any] = {}
    for name in _PLAIN:
        if value := getattr(article, name):
            fields[name] = value
    if article.authors:
        fields["authors"] = [(one.name, one.email, one.uri) for one in article.authors]
    if article.tags:
        fields["tags"] = article.tags
    if article.extra:
        fields["extra"] = article.extra
    if article.enclosures:
        fields["enclosures"] = [(e.url, e.type, e.length, e.duration) for e in article.enclosures]
    if article.image:
        fields["image"] = (article.image.url, article.image.caption, article.image.credit)
    if article.origin is not None and (origin := _origin_fields(article.origin)):
        fields["origin"] = origin
    return BodyRow(article.summary, article.html, _JSON.encode(fields))


@lru_cache(maxsize=64)  # all entries of a feed have one
def _origin_fields(origin: Origin) -> Mapping[str, Any]:
    found = {
        "id": origin.id, "title": origin.title, "url": origin.url, "link": origin.link,
        "updated": seconds(origin.updated), "rights": origin.rights,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value is not None}


def _origin(fields: dict[str, Any] | None) -> Origin | None:
    if fields is None:
        return None
    return Origin(**{**fields, "updated": moment(fields.get("updated"))})


def labels(article: Article) -> set[tuple[str, str]]:
    """What the article is found by in feeds cut by tag or author."""
    words = {("tag", tag.casefold()) for tag in article.tags}
    if article.section:
        words.add(("tag", article.section.casefold()))
    words.update(("author", person.name.casefold()) for person in article.authors)
    return words


def whole_articles() -> Select[Any]:
    """The query whose rows `read_article` reads; it lacks only which ones."""
    return (
        select(schema.article, schema.body, schema.source.c.name.label("source"))
        .join(schema.body, schema.body.c.article_id == schema.article.c.id)
        .join(schema.source, schema.source.c.id == schema.article.c.source_id)
    )


def read_article(row: RowMapping) -> Article:
    """The article of a row of `whole_articles`."""
    fields: dict[str, Any] = json.loads(row["fields"])
    image = fields.get("image")
    return Article(
        source=row["source"],
        key=row["key"],
        guid=row["guid"],
        title=row["title"],
        html=row["html"],
        link=row["link"],
        summary=row["summary"],
        published=instant(row["published"]),
        updated=instant(row["updated"]),
        first_seen=instant(row["first_seen"]),
        due=moment(row["due"]),
        expires=moment(row["expires"]),
        authors=tuple(Person(name=n, email=e, uri=u) for n, e, u in fields.get("authors", ())),
        tags=tuple(fields.get("tags", ())),
        language=row["language"],
        image=Image(url=image[0], caption=image[1], credit=image[2]) if image else None,
        enclosures=tuple(
            Enclosure(url=url, type=kind, length=length, duration=duration)
            for url, kind, length, duration in fields.get("enclosures", ())
        ),
        extra=tuple((name, value) for name, value in fields.get("extra", ())),
        origin=_origin(fields.get("origin")),
        state=State(row["state"]),
        said=row["said"],
        seen=row["seen"],
        revision=row["revision"],
        **{name: fields.get(name) for name in _PLAIN},
    )
