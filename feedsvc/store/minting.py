"""What a word of a group is called: its slug in addresses, its title as it is written.

Decided once, when the word first appears; `facets.py` remembers it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from itertools import chain, count
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from feedsvc.ports import Facet
from feedsvc.settings import Feed
from feedsvc.store.schema import body, remote, source
from feedsvc.text.slug import slugify

_TAKEN = frozenset({"archive"})
"""What else lies in the folder of a group; its files all have a dot, which no slug has."""


def minted(
    connection: Connection,
    feed: Feed,
    newest: Mapping[str, int],
    known: Mapping[str, Facet],
    titles: Mapping[str, str],
) -> list[Facet]:
    """Facets for the words that have none; `newest` are the rows of the articles that used each
    last, `titles` those of sources in the configuration.
    """
    fresh = sorted(newest.keys() - known.keys())
    spelled = _spelled(connection, feed, {word: newest[word] for word in fresh})
    taken = _TAKEN | {one.slug for one in known.values()}
    found: list[Facet] = []
    for word in fresh:
        slug = _free(slugify(word, word), taken)
        taken |= {slug}
        found.append(Facet(word, slug, titles.get(word) or spelled.get(word) or word))
    return found


def _free(slug: str, taken: Collection[str]) -> str:
    """The slug, or the first numbered one that is free."""
    numbered = chain((slug,), (f"{slug}-{number}" for number in count(2)))
    return next(one for one in numbered if one not in taken)


def _spelled(connection: Connection, feed: Feed, rows: Mapping[str, int]) -> dict[str, str]:
    """How the articles spell their words; what sources call themselves."""
    if feed.per == "source":
        query = select(source.c.name, func.json_extract(remote.c.head, "$.title")).join(
            remote, remote.c.source_id == source.c.id
        )
        return {name: title for name, title in connection.execute(query) if title}
    wanted = {"rows": json.dumps(sorted(set(rows.values())))}
    query = select(body.c.article_id, body.c.fields).where(body.c.article_id.in_(_rows()))
    fields = {row: json.loads(held) for row, held in connection.execute(query, wanted)}
    found = {}
    for word, row in rows.items():
        said = fields.get(row, {})
        if feed.per == "author":
            written = [name for name, *_ in said.get("authors", ())]
        else:
            written = [*said.get("tags", ()), said.get("section") or ""]
        found[word] = next((one for one in written if one.casefold() == word), word)
    return found


def _rows() -> Select[Any]:
    # One parameter: to bind many rows costs more than to find them.
    return select(func.json_each(bindparam("rows")).table_valued("value").c.value)
