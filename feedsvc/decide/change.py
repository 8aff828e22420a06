"""What happened to an article: its dates, its revision, whether it is news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

from feedsvc.decide.digests import digest, digest_of, said, seen, seen_of
from feedsvc.model import Article, Draft, Origin, State

# What a reader notices: RFC 4287 §4.2.15 leaves "significant" to the publisher.
_NEWS = ("title", "summary", "html", "enclosures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a source's configuration decides about its dates and links."""

    future: Literal["hold", "clamp"] = "hold"
    link: str | None = None  # a template for articles that state no link


def first_seen(
    draft: Draft,
    *,
    source: str,
    key: str,
    guid: str,
    link: str | None,
    policy: Policy,
    now: datetime,
    words: bytes | None = None,
) -> Article:
    """The article of a document never seen before.

    `words` is the digest of what the source said, where that is known already.
    """
    now = now.replace(microsecond=0)
    stated = _whole(draft.updated)
    # "As of 6 January" and no other date: then it was there at the latest.
    undated = stated if stated and stated < now else now
    published, due = _publication(draft, policy, undated=undated, now=now)
    values = _values(
        draft,
        source=source,
        key=key,
        guid=guid,
        link=link,
        published=published,
        updated=max(published, stated) if stated and stated <= max(now, published) else published,
        first_seen=now,
        due=due,
    )
    values["said"] = said(draft) if words is None else words
    # What was said decides what is seen of it, but for what we add.
    values["seen"] = seen_of(values) if words is None else _seen_beside(words, values)
    return Article(**values)


def _seen_beside(words: bytes, values: Mapping[str, Any]) -> bytes:
    """A digest of what a reader sees that does not look at the text a second time."""
    added = (
        words.hex(),
        values["guid"],
        values["link"] or "",
        values["published"].isoformat(),
        values["updated"].isoformat(),
        values["language"] or "",
        *values["tags"],
        _credit(values["origin"]),
    )
    return digest("\n".join(added).encode("utf-8", "surrogatepass"))


@lru_cache(maxsize=64)  # all entries of a feed have the same
def _credit(origin: Origin | None) -> str:
    return digest_of(origin).hex() if origin is not None else ""


def revise(
    stored: Article,
    draft: Draft,
    *,
    link: str | None,
    policy: Policy,
    now: datetime,
    reread: bool,
    words: bytes | None = None,
) -> Article | None:
    """The stored article with what the source says now, or None if nothing changed.

    `reread` tells that the bytes are the same and only our reading of them differs, as after an
    upgrade or a change of configuration: that is not news, so `updated` stays.
    """
    now = now.replace(microsecond=0)
    returned = stored.state in (State.WITHDRAWN, State.GONE)
    words = said(draft) if words is None else words
    if words == stored.said and link == stored.link and not returned and not reread:
        return None
    waits = stored.due is not None and stored.due > now
    # An undated draft that its author releases today was not published when we first saw the file,
    # and a date of the future that is taken back no longer counts.
    released = stored.state is State.HELD and not draft.unreleased
    taken_back = waits and stored.published > now
    undated = now if released or taken_back else stored.published
    published, due = _publication(draft, policy, undated=undated, now=now)
    values = _values(
        draft,
        source=stored.source,
        key=stored.key,
        guid=stored.guid,
        link=link,
        published=published,
        updated=stored.updated,
        first_seen=stored.first_seen,
        due=due,
    )
    article = Article(**values)
    news = any(getattr(article, name) != getattr(stored, name) for name in _NEWS)
    updated, noticed = stored.updated, max(now, stored.updated + timedelta(seconds=1))
    if waits:
        # Nobody has seen it yet: a date of the future that it was to bear does not bind it.
        updated, noticed = min(updated, now), now
    if news and not reread:
        stated = _whole(draft.updated)
        updated = stated if stated and updated < stated <= noticed else noticed
    article = replace(
        article,
        updated=max(updated, published),
        state=State.HIDDEN if stored.state is State.HIDDEN else article.state,
        revision=stored.revision + (1 if words != stored.said else 0),
        said=words,
    )
    article = replace(article, seen=seen(article))
    return None if article == stored else article


def _publication(
    draft: Draft, policy: Policy, *, undated: datetime, now: datetime
) -> tuple[datetime, datetime | None]:
    """When the article is published, and until when it has to wait."""
    stated, due = _whole(draft.published), _whole(draft.embargo)
    if stated is None:
        return undated, due
    if stated > now:
        if policy.future == "clamp":
            return undated, due
        due = max(due, stated) if due else stated
    return stated, due


def _whole(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.replace(microsecond=0)


def _values(
    draft: Draft,
    *,
    source: str,
    key: str,
    guid: str,
    link: str | None,
    published: datetime,
    updated: datetime,
    first_seen: datetime,
    due: datetime | None,
) -> dict[str, Any]:
    """The fields of an article but for its digests and its revision."""
    return {
        "source": source,
        "key": key,
        "guid": guid,
        "title": draft.title,
        "html": draft.html,
        "link": link,
        "summary": draft.summary,
        "subtitle": draft.subtitle,
        "published": published,
        "updated": updated,
        "first_seen": first_seen,
        "due": due,
        "expires": _whole(draft.expires),
        "authors": draft.authors,
        "tags": draft.tags,
        "section": draft.section,
        "language": draft.language,
        "image": draft.image,
        "enclosures": draft.enclosures,
        "rights": draft.rights,
        "location": draft.location,
        "agency": draft.agency,
        "extra": draft.extra,
        "origin": draft.origin,
        "state": State.HELD if draft.unreleased else State.PUBLISHED,
    }
