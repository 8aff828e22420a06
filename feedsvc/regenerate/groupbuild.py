"""The build of a group (`per`): the feeds that a change touches, and the page that leads to all.

    what changed -> words it has and had -> their feeds -> page of the group

A feed whose word no article has any more stays where its subscribers know it, without entries; only
the page no longer leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from feedsvc.model import FeedHead, Format, Problem
from feedsvc.ports import Facet, FeedRow
from feedsvc.regenerate.due import is_to_wait, was_built
from feedsvc.regenerate.feed import FeedBuild
from feedsvc.regenerate.groups import Child, child_name, child_of, overview
from feedsvc.regenerate.press import PAGE, Press, head_of
from feedsvc.regenerate.proof import Proof
from feedsvc.regenerate.report import BuildOptions, PublicationReport, held_back
from feedsvc.settings import Feed


@dataclass(kw_only=True)
class GroupBuild:
    """The build of one group; `rows` are those of all feeds by name, and are kept up to date."""

    press: Press
    feed: Feed
    rows: dict[str, FeedRow]
    options: BuildOptions
    reports: list[PublicationReport] = field(default_factory=list)
    left_out: list[Problem] = field(default_factory=list)

    @cached_property
    def row(self) -> FeedRow:
        """What was remembered of the group itself."""
        return self.rows.get(self.feed.name, FeedRow(name=self.feed.name))

    @cached_property
    def _titles(self) -> Mapping[str, str]:
        return self.press.titles if self.feed.per == "source" else {}

    @cached_property
    def _fingerprint(self) -> bytes:
        # Whatever decides which feeds there are, beside articles; each has one of its own as well.
        return FeedBuild(
            press=self.press, feed=self.feed, row=self.row, options=self.options
        ).fingerprint

    def run(self) -> None:
        """Build what is touched; fills the lists above."""
        store, row = self.press.store, self.row
        now = self.press.clock.now()
        newest = store.newest_change()
        anew = row.fingerprint != self._fingerprint or not was_built(row, now)
        every = anew or self.options.everything or self.options.check or self.options.verify
        touched: set[str] = set()
        # An article that falls due may bring a word that no article had before.
        passed = row.next_change is not None and row.next_change <= now
        # A check writes nothing, and to look for words would give slugs to new ones.
        if (anew or passed or row.touched is not None) and not self.options.check:
            facets: list[Facet] = []
            if anew or passed or not row.seen:
                facets.extend(store.facets(self.feed, now, titles=self._titles))
            if row.seen:
                # A word that no article has any more is found from the articles that had it.
                news = store.news(row.seen, now)
                facets.extend(store.facets_of(self.feed, news, now, titles=self._titles))
            touched = {child_name(self.feed.name, facet.slug) for facet in facets}
        known = store.known_facets(self.feed)
        for facet in known:
            self._build(facet, touched, every=every)
        children = overview(self.feed, known, self.rows)
        page = self._publish_page([child for child in children if child.entries])
        held = "; ".join(held_back([*page]))
        self.reports.extend(page)
        after = replace(
            row,
            touched=row.touched if held else None,
            next_change=store.next_word(self.feed, now),
            fingerprint=self._fingerprint,
            entries=sum(child.entries for child in children),
            newest=max((c.newest for c in children if c.newest is not None), default=None),
            updated=max((c.updated for c in children if c.updated is not None), default=None),
            held=held or None,
            built=row.built if was_built(row, now) and not touched else now,
            seen=newest,
        )
        if not self.options.check:
            store.settle_feed(after, read=row, members=(), lines=())
            self.rows[self.feed.name] = after

    def _build(self, facet: Facet, touched: set[str], *, every: bool) -> None:
        feed = child_of(self.feed, facet, self.press.site)
        row = self.rows.get(feed.name, FeedRow(name=feed.name))
        now = self.press.clock.now()
        if feed.name in touched and row.touched is None:
            row = replace(row, touched=self.row.touched or now.replace(microsecond=0))
        passed = row.next_change is not None and row.next_change <= now
        waits = is_to_wait(row, now) and not self.options.verify
        due = every or passed or row.touched is not None or not was_built(row, now) or row.held
        if not due or waits:
            return
        built = FeedBuild(press=self.press, feed=feed, row=row, options=self.options).run()
        self.rows[feed.name] = built.row
        if row.built is None and built.row.built is not None and not self.options.check:
            # Nothing of its articles need have changed: it was held back until now, or not asked.
            self.press.store.tell_pages(feed)
        self.reports.extend(built.reports)
        self.left_out.extend(built.row.left_out)

    def _publish_page(self, children: Sequence[Child]) -> list[PublicationReport]:
        """Put the page of the group in place; a private one has none, since anybody may find it."""
        store, name = self.press.store, self.feed.name
        lines = store.ledger(feeds=[name])
        path = f"{name}/{PAGE}"
        # What it published before it became a group, or private.
        stale = [one for one in lines if one != path or self.feed.private]
        if stale and not self.options.check:
            self.press.publisher.remove(stale)
            store.settle_feed(self.row, read=self.row, members=None, lines=(), removed=stale)
            store.forget_archive(name)
        if self.feed.private:
            return []
        head = group_head(self.press, self.feed, self.row)
        proof = Proof(self.press, self.feed, lines, self.options)
        # What the group is about stands above the list, and need not stand below each word.
        heads = [self._child_head(head, child) for child in children]
        body = self.press.pages.group(head, heads)
        reports, placed = proof.publish([proof.checked(path, "html", body, len(children))])
        if placed:
            store.settle_feed(self.row, read=self.row, members=None, lines=placed)
        return reports

    def _child_head(self, head: FeedHead, child: Child) -> FeedHead:
        """What the page of the group says of one of its feeds."""
        home = f"{self.press.site.base_url}/{child.name}/"
        urls = {each: home + each.filename for each in Format if each in self.feed.formats}
        title = child.title
        return replace(head, name=child.name, title=title, description=title, home=home, urls=urls)


def group_head(press: Press, feed: Feed, row: FeedRow) -> FeedHead:
    """What is said of a group as a whole: it has a page, and no document of its own."""
    return replace(head_of(press, feed, row.updated, guid=row.guid), urls={}, hubs=())


def children_of(
    press: Press, feed: Feed, rows: Mapping[str, FeedRow]
) -> list[tuple[Feed, FeedRow]]:
    """The feeds of a group that are published."""
    found = []
    for facet in press.store.known_facets(feed):
        child = child_of(feed, facet, press.site)
        row = rows.get(child.name)
        if row is not None and row.built is not None:
            found.append((child, row))
    return found
