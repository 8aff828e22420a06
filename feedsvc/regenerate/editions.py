"""The editions of a digest: one entry for each day or week that had articles.

    store.released -> periods that are over -> store.articles -> one Article for each

An edition appears when its period ends, and is made anew from the store at every build. It is about
the articles released in its period that are in the feed now: one that is withdrawn leaves it, one
that arrives later joins the edition of its own day. Its `updated` moves when an article in it did,
or when they are others; the store remembers it before the edition goes out, so that a crash in
between changes nothing.

What an edition says is written in `issue.py`. Whether it says anything else than before is known
from narrow rows (`Editions.content`), before a single text is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial

from feedsvc.decide import digest_of
from feedsvc.decide.periods import Period, Rhythm, period_at
from feedsvc.model import Article
from feedsvc.ports import Edition, Released, Store
from feedsvc.regenerate.issue import FORM, MOST, Issue, article_of, language_of
from feedsvc.regenerate.press import open_pages
from feedsvc.settings import Feed, Site

_LONGEST = timedelta(days=8)  # of a period: a week, and the hour by which clocks are put back


@dataclass(frozen=True, kw_only=True)
class Editions:
    """The editions of a digest, and when time alone changes them.

    `content` is the digest of all that `articles` are made from: while it stays, they do.
    """

    content: bytes
    next_change: datetime | None
    make: Callable[[], tuple[Article, ...]] = field(compare=False, repr=False)

    @cached_property
    def articles(self) -> tuple[Article, ...]:
        """The editions, newest first; their texts are read when this is first asked for."""
        return self.make()


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
    issues: list[Issue] = []
    for period, members in chosen:
        edition = _remembered(period, members, known.get(period.name), min(noticed or now, now))
        addresses = _addresses(store, feed, site, members, now, mint=keep) if pages else {}
        issues.append(Issue(period=period, edition=edition, members=members, pages=addresses))
    if keep:
        fresh = [one.edition for one in issues if one.edition != known.get(one.period.name)]
        store.keep_editions(feed.name, fresh)
    told = [
        (
            issue.period.end,
            issue.edition.updated,
            [(one.guid, one.seen.hex(), issue.pages.get(one.row)) for one in issue.members],
        )
        for issue in issues
    ]
    return Editions(
        content=digest_of([FORM, guid, language_of(feed, site), feed.full_text, feed.digest, told]),
        next_change=min(events, default=None),
        make=lambda: tuple(map(partial(article_of, store, feed, site, guid), issues)),
    )


def told_of(
    store: Store, feed: Feed, site: Site, now: datetime
) -> tuple[tuple[Period, tuple[Released, ...]], ...]:
    """The periods whose editions are shown at `now`, newest first, and the articles of each."""
    chosen, _ = _chosen(store, feed, site, now.replace(microsecond=0))
    return tuple((period, tuple(members)) for period, members in chosen)


def oldest_in_use(store: Store, feed: Feed, site: Site, now: datetime) -> datetime | None:
    """From when on an article stands in an edition that is shown or to come.

    None: whatever its age, since there are fewer editions than there may be.
    """
    chosen, _ = _chosen(store, feed, site, now)
    if len(chosen) >= feed.limit:
        return chosen[-1][0].start
    return now - feed.since - _LONGEST if feed.since else None


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
    """The addresses of the pages of articles without a link; a private feed gives them none.

    It leads to those that stand, since a public one takes the article, too.
    """
    rows = [one.row for one in members[:MOST] if one.link is None]
    if not rows:
        return {}
    if feed.private:
        slugs = store.slugs_of(sorted(open_pages(store, rows)))
    else:
        slugs = store.mint_slugs(rows, now) if mint else store.slugs_of(rows)
    return {row: f"{site.base_url}/a/{slug}/" for row, slug in slugs.items() if slug}
