"""The editions of a digest: one entry for each day or week that had articles.

    store.released -> periods that are over -> store.articles -> one Article for each

An edition appears when its period ends, and is made anew from the store at every build. It is about
the articles released in its period that are in the feed now: one that is withdrawn leaves it, one
that arrives later joins the edition of its own day. Its `updated` moves when an article in it did,
or when they are others; the store remembers it before the edition goes out, so that a crash in
between changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from feedsvc.decide import digest_of, seen
from feedsvc.decide.periods import Period, Rhythm, period_at
from feedsvc.model import Article
from feedsvc.ports import Edition, Released, Store
from feedsvc.settings import Feed, Site
from feedsvc.text.daywords import and_more, digest_title
from feedsvc.text.html import cut, escape, plain

_MOST = 1_000  # articles that one edition names; the others it counts
_WHOLE = 200_000  # characters of HTML, after which an edition only names titles
_EXCERPT = 300  # characters of a text whose source gave no summary
_TITLE = 100  # characters of a text that stand for a title
_SUMMARY = 1_000  # characters of titles


@dataclass(frozen=True, slots=True, kw_only=True)
class Editions:
    """The editions of a digest, newest first, and when time alone changes them."""

    articles: tuple[Article, ...]
    next_change: datetime | None


def editions(
    store: Store,
    feed: Feed,
    site: Site,
    now: datetime,
    *,
    guid: str,
    noticed: datetime | None = None,
    pages: bool = True,
    keep: bool = True,
) -> Editions:
    """The editions of `feed`, which has a `digest`, at `now`; `limit` of them.

    `guid` is the id of the feed: theirs are made of it, so that they stay when it is called
    otherwise. `noticed` is when a change was, for which no article gives a time: the mark of the
    feed, or the moment that fell due. Articles without a link are linked to their `pages`. Without
    `keep` nothing is written.
    """
    now = now.replace(microsecond=0)
    chosen, events = _chosen(store, feed, site, now)
    known = store.editions(feed.name)
    made: list[Article] = []
    fresh: list[Edition] = []
    for period, members in chosen:
        edition = _remembered(period, members, known.get(period.name), min(noticed or now, now))
        if edition != known.get(period.name):
            fresh.append(edition)
        read = store.articles([member.row for member in members[:_MOST]])
        told = [(member.row, read[member.row]) for member in members if member.row in read]
        addresses = _addresses(store, feed, site, members, now, mint=keep) if pages else {}
        body = _body(feed, site, told, addresses, len(members))
        made.append(_article(feed, site, guid, period, edition, body, [one for _, one in told]))
    if keep:
        store.keep_editions(feed.name, fresh)
    return Editions(articles=tuple(made), next_change=min(events, default=None))


# -- which articles --------------------------------------------------------------------------------


def _chosen(
    store: Store, feed: Feed, site: Site, now: datetime
) -> tuple[list[tuple[Period, list[Released]]], set[datetime]]:
    """Periods that are over, newest first, with their articles, oldest first; and what is to come.

    `since` and `offset` are about editions: one is dropped as a whole, never an article of it.
    """
    rhythm: Rhythm = feed.digest or "daily"
    found: dict[Period, dict[int, Released]] = {}
    events: set[datetime] = set()
    per_source: Counter[tuple[str, str]] = Counter()
    period = period_at(now, rhythm, site.timezone)
    for one in store.released(replace(feed, since=None), now):
        if not period.holds(one.released):
            period = period_at(one.released, rhythm, site.timezone)
        if period.end > now:
            events.add(period.end)  # it appears when it is over
        elif feed.since and period.end + feed.since <= now:
            break
        if period not in found and _over(found, now) >= feed.offset + feed.limit:
            break
        if one.replaces is not None:
            _give_way(found, one.replaces, per_source)
        share = (period.name, one.source)
        if feed.max_per_source and per_source[share] >= feed.max_per_source:
            continue
        per_source[share] += 1
        found.setdefault(period, {})[one.row] = one
    over = [each for each in found if each.end <= now][feed.offset :]
    events |= _to_come(store, feed, site, now)
    if feed.since and over:
        events.add(over[-1].end + feed.since)
    return [(each, sorted(found[each].values(), key=_order)) for each in over], events


def _order(one: Released) -> tuple[datetime, str]:
    return (one.released, one.guid)


def _over(found: Collection[Period], now: datetime) -> int:
    return sum(each.end <= now for each in found)


def _give_way(
    found: dict[Period, dict[int, Released]], row: int, per_source: Counter[tuple[str, str]]
) -> None:
    """Drop a copy whose original came first, and an edition that held nothing else."""
    for period, members in list(found.items()):
        if (copy := members.pop(row, None)) is not None:
            per_source[period.name, copy.source] -= 1
            if not members:
                del found[period]


def _to_come(store: Store, feed: Feed, site: Site, now: datetime) -> set[datetime]:
    """What time brings: the end of the period in which one falls due, and one that expires."""
    due, expires = store.next_release(feed, now)
    ends = due and period_at(due, feed.digest or "daily", site.timezone).end
    return {moment for moment in (ends, expires) if moment is not None}


def _remembered(
    period: Period, members: Sequence[Released], known: Edition | None, noticed: datetime
) -> Edition:
    """What is to be remembered of an edition, with its `updated`."""
    content = digest_of([(one.guid, one.updated) for one in members])
    newest = max(period.end, *(one.updated for one in members))
    if known is None:
        updated = newest
    elif known.content == content:
        updated = max(known.updated, period.end)
    elif newest > known.updated:
        updated = newest
    else:
        updated = max(known.updated + timedelta(seconds=1), noticed)
    return Edition(period=period.name, updated=updated, content=content)


def _addresses(
    store: Store, feed: Feed, site: Site, members: Sequence[Released], now: datetime, *, mint: bool
) -> dict[int, str]:
    """The addresses of the pages of articles without a link; a private feed gives them none."""
    rows = [one.row for one in members[:_MOST] if not one.linked]
    if not rows:
        return {}
    slugs = store.slugs_of(rows) if feed.private or not mint else store.mint_slugs(rows, now)
    return {row: f"{site.base_url}/a/{slug}/" for row, slug in slugs.items() if slug}


# -- what it says ----------------------------------------------------------------------------------


def _article(
    feed: Feed,
    site: Site,
    guid: str,
    period: Period,
    edition: Edition,
    body: str,
    told: Sequence[Article],
) -> Article:
    language = feed.language or site.language
    article = Article(
        source=feed.name,
        key=f"digest:{period.name}",
        guid=f"{guid}/{period.name}",
        title=digest_title(period.first, period.last, language),
        html=body,
        summary=cut(" · ".join(map(_title, told)), _SUMMARY),
        published=period.end,
        updated=edition.updated,
        first_seen=period.end,
        language=language,
    )
    return replace(article, seen=seen(article))


def _body(
    feed: Feed,
    site: Site,
    told: Sequence[tuple[int, Article]],
    addresses: dict[int, str],
    count: int,
) -> str:
    """The articles one below the other: title, authors, text."""
    language = feed.language or site.language
    parts: list[str] = []
    size = 0
    for row, one in told:
        head = _head(one, one.link or addresses.get(row))
        text = _text(feed, one) if size < _WHOLE else ""
        if size + len(text) > _WHOLE:
            text = ""
        part = head + text
        if one.language and one.language != language:
            part = f'<div lang="{escape(one.language)}">{part}</div>'
        parts.append(part)
        size += len(part)
    if count > len(told):
        parts.append(f"<p>{escape(and_more(count - len(told), language))}</p>")
    return "\n".join(parts)


def _head(one: Article, address: str | None) -> str:
    title = escape(_title(one))
    if address:
        title = f'<a href="{escape(address)}">{title}</a>'
    names = ", ".join(person.name for person in one.authors)
    return f"<h2>{title}</h2>" + (f"<p><em>{escape(names)}</em></p>" if names else "")


def _title(one: Article) -> str:
    """Its title, or what may stand for one."""
    words = one.title or one.summary or one.subtitle or plain(one.html, _TITLE) or one.link
    return cut(" ".join((words or one.guid).split()), 3 * _TITLE)


def _text(feed: Feed, one: Article) -> str:
    """What the feed gives of its text; of `given`, what there is."""
    summary = one.summary or ""
    if feed.full_text:
        whole = one.html.strip()
        if whole:
            return whole
    else:
        summary = summary or plain(one.html, _EXCERPT)
    return f"<p>{escape(summary)}</p>" if summary.strip() else ""
