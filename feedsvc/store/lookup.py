"""Finding articles: by an id, a part of one or a link, by words, and by what they once said."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from html import unescape
from unicodedata import normalize

from sqlalchemy import Connection, Engine, RowMapping, func, or_, select

from feedsvc.decide import canon_of
from feedsvc.errors import NotFoundError
from feedsvc.model import Article, Verdict
from feedsvc.ports import Standing, Version
from feedsvc.store.engine import chunks, reading
from feedsvc.store.rows import instant, moment, read_article, whole_articles
from feedsvc.store.schema import article, body, revision, slug, source
from feedsvc.text.canonical import canonical
from feedsvc.text.html import plain
from feedsvc.text.urls import encode_path

_SHOWN = 5  # articles that an error names

_TAG = re.compile(r"<[^>]*>")
_BLANK = re.compile(r"\s+")


class Lookup:
    """What people ask the store for by name."""

    _engine: Engine

    def named(self, name: str, *, home: str | None = None) -> tuple[str, ...]:
        """The ids of the one story that is meant by an id, by its beginning or end, or by a link.

        One that has no link goes by the address of its page, which lies below `home`. One story has
        several ids when several sources have it. Raises NotFoundError if there is none, or more
        than one.
        """
        # An argument may hold bytes that are no text; no id does.
        name = name.encode("utf-8", "replace").decode("utf-8")
        with reading(self._engine) as connection:
            found = _of_id(connection, name) or _of_page(connection, name, home)
            found = found or _of_link(connection, name)
            if not found and name:
                found = _of_part(connection, name)
                if len(found) > 1:
                    raise _ambiguous(name, found)
        if not found:
            raise NotFoundError(f"no article '{name}'", hint="`feedsvc article list` shows them")
        return tuple(found)

    def of_ids(self, guids: Sequence[str]) -> tuple[Article, ...]:
        """The articles of these ids, in their order; several sources may have one id."""
        found: dict[str, list[Article]] = {}
        with reading(self._engine) as connection:
            for some in chunks(guids):
                query = whole_articles().where(article.c.guid.in_(some)).order_by(article.c.id)
                for row in connection.execute(query).mappings():
                    found.setdefault(row["guid"], []).append(read_article(row))
        return tuple(one for guid in dict.fromkeys(guids) for one in found.get(guid, ()))

    def standings(self, articles: Sequence[Article]) -> list[Standing]:
        """Why each of these articles stands where it does."""
        columns = (
            source.c.name, article.c.key, article.c.verdict, article.c.verdict_at,
            article.c.state_reason, article.c.pruned,
        )  # fmt: skip
        query = select(*columns).join(source, source.c.id == article.c.source_id)
        told = or_(article.c.verdict.is_not(None), article.c.state_reason.is_not(None))
        found: dict[tuple[str, str], Standing] = {}
        with reading(self._engine) as connection:
            for some in chunks([one.guid for one in articles]):
                for name, key, verdict, at, reason, pruned in connection.execute(
                    query.where(article.c.guid.in_(some), told)
                ):
                    found[name, key] = Standing(
                        Verdict(verdict) if verdict else None, moment(at), reason, moment(pruned)
                    )
        return [found.get((one.source, one.key), Standing()) for one in articles]

    def search(self, words: Sequence[str], *, limit: int | None = None) -> tuple[Article, ...]:
        """The articles whose title, summary and text hold all of these words, newest first.

        Case does not count, and a word may be several: then they stand together.
        """
        wanted = [_squeezed(normalize("NFC", word)).casefold() for word in words]
        bare = [_BLANK.sub("", word) for word in wanted]
        query = (
            select(article.c.id, article.c.title, body.c.summary, body.c.html)
            .join(body, body.c.article_id == article.c.id)
            .order_by(article.c.released.desc(), article.c.guid, article.c.id)
        )
        rows: list[int] = []
        with reading(self._engine) as connection:
            result = connection.execute(query.execution_options(yield_per=200))
            for row, title, summary, html in result:
                # To read a text as people do takes long: it has to hold the letters at least.
                letters = _letters(title, summary or "", unescape(_TAG.sub("", html)))
                if not all(word in letters for word in bare):
                    continue
                told = (title, summary or "", plain(html, None))
                text = "\n".join(map(_squeezed, told)).casefold()
                if all(word in text for word in wanted):
                    rows.append(row)
                    if len(rows) == limit:
                        break
            result.close()
            found = {
                row["id"]: read_article(row)
                for some in chunks(rows)
                for row in connection.execute(
                    whole_articles().where(article.c.id.in_(some))
                ).mappings()
            }
        return tuple(found[row] for row in rows)

    def history(self, one: Article) -> tuple[Version, ...]:
        """How an article read from its first revision to the present one; nothing if erased."""
        own = select(article, body, source.c.name).join(body, body.c.article_id == article.c.id)
        own = own.join(source, source.c.id == article.c.source_id)
        named = (source.c.name == one.source, article.c.key == one.key)
        with reading(self._engine) as connection:
            row = connection.execute(own.where(*named)).mappings().first()
            if row is None or row["verdict"] == Verdict.PURGED or row["pruned"] is not None:
                return ()
            query = select(revision).where(revision.c.article_id == row["id"])
            before = connection.execute(query.order_by(revision.c.number)).mappings().all()
        began = [row["first_seen"], *(old["replaced"] for old in before)]
        ended = [*began[1:], None]
        numbers = [*(old["number"] for old in before), row["revision"]]
        return tuple(
            _version(said, number, since, until)
            for said, number, since, until in zip(
                [*before, row], numbers, began, ended, strict=True
            )
        )


def _version(row: RowMapping, number: int, since: int, until: int | None) -> Version:
    return Version(
        number=number,
        since=instant(since),
        until=moment(until),
        updated=instant(row["updated"]),
        title=row["title"],
        summary=row["summary"],
        html=row["html"],
        fields=json.loads(row["fields"]),
    )


# -- names -----------------------------------------------------------------------------------------


def _of_id(connection: Connection, name: str) -> list[str]:
    query = select(article.c.guid).where(article.c.guid == name).limit(1)
    return list(connection.execute(query).scalars())


def _of_page(connection: Connection, name: str, home: str | None) -> list[str]:
    """The id of the article with this page, whether it stands or is gone, or was renamed."""
    if home is None or "://" not in name:
        return []
    folder, _, found = canonical(name).rpartition("/")
    if folder != f"{canonical(home)}/a":
        return []
    query = select(article.c.guid).join(slug, slug.c.article_id == article.c.id)
    return list(connection.execute(query.where(slug.c.slug == found)).scalars())


def _of_link(connection: Connection, name: str) -> list[str]:
    """The ids of the articles on a page; NotFoundError if these are several stories."""
    if "://" not in name:
        return []
    page = canon_of(name)
    # With each source the index of its links can be used.
    everywhere = article.c.source_id.in_(select(source.c.id))
    rows = connection.execute(
        select(article.c.guid, article.c.source_id, article.c.id).where(
            everywhere, article.c.link == name
        )
    ).all()
    if page is not None:
        query = select(article.c.guid, article.c.source_id, article.c.id)
        rows = [*rows, *connection.execute(query.where(article.c.canon == page)).all()]
    distinct = sorted(set(rows), key=lambda row: row.id)
    guids = list(dict.fromkeys(row.guid for row in distinct))
    if (page is None and len(guids) > 1) or len({r.source_id for r in distinct}) < len(distinct):
        raise _ambiguous(name, guids)
    return guids


def _of_part(connection: Connection, name: str) -> list[str]:
    """The ids that begin or end so; as people write it, or as an id does."""
    parts = {name, encode_path(name)}
    either = [
        func.substr(article.c.guid, start, len(part)) == part
        for part in parts
        for start in (1, -len(part))
    ]
    query = select(article.c.guid).where(or_(*either)).distinct().order_by(article.c.guid)
    return list(connection.execute(query).scalars())


def _ambiguous(name: str, guids: Sequence[str]) -> NotFoundError:
    more = f" and {len(guids) - _SHOWN} more" if len(guids) > _SHOWN else ""
    return NotFoundError(
        f"'{name}' may be {len(guids)} articles: {', '.join(guids[:_SHOWN])}{more}",
        hint="give the whole id, as `feedsvc article list` prints it",
    )


# -- words -----------------------------------------------------------------------------------------


def _squeezed(text: str) -> str:
    return " ".join(text.split())


def _letters(*texts: str) -> str:
    """The texts in one, without what stands between words."""
    return _BLANK.sub("", "".join(texts)).casefold()
