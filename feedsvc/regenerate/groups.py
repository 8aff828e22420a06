"""Groups: one `[[feed]]` with `per` that is published as many, one for each tag, author or source.

The feed of a word is a feed like any other, called `<group>/<slug>`; the group itself is a page
that leads to all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from feedsvc.ports import Facet, FeedRow
from feedsvc.regenerate.press import title_of
from feedsvc.settings import Feed, Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A feed of a group, as the page of the group lists it."""

    name: str
    title: str  # of its word alone
    entries: int
    newest: datetime | None
    updated: datetime | None  # None: it was never built


@lru_cache(maxsize=4_000)  # asked for all of a group in every build
def child_of(parent: Feed, facet: Facet, site: Site | None = None) -> Feed:
    """The feed of one word of a group; with `site`, a group without a title is called as it is."""
    if parent.per is None:
        raise ValueError(f"feed '{parent.name}' is no group")
    called = parent.title or (title_of(parent, site) if site else parent.name)
    podcast = parent.podcast
    if podcast is not None:
        # An id is one podcast's own, and so is the address it moves to.
        podcast = replace(podcast, guid=None, new_feed_url=None)
    return replace(
        parent,
        name=child_name(parent.name, facet.slug),
        title=f"{called}: {facet.title}",
        description=None,  # that of the group is not its own
        per=None,
        facet=(parent.per, facet.word),
        podcast=podcast,
    )


def child_name(group: str, slug: str) -> str:
    """What the feed of a word is called: in the store, and as a folder."""
    return f"{group}/{slug}"


def group_of(name: str) -> tuple[str, str | None]:
    """The `[[feed]]` that a feed belongs to, and its slug in that if it is a group."""
    group, slash, slug = name.partition("/")
    return group, slug if slash else None


def overview(
    parent: Feed, facets: Sequence[Facet], rows: Mapping[str, FeedRow]
) -> tuple[Child, ...]:
    """What the page of a group lists, in the order of `facets`; `rows` are the feeds by name."""
    found = []
    for facet in facets:
        name = child_name(parent.name, facet.slug)
        row = rows.get(name, FeedRow(name=name))
        found.append(
            Child(
                name=name, title=facet.title, entries=row.entries, newest=row.newest,
                updated=row.updated,
            )
        )  # fmt: skip
    return tuple(found)
