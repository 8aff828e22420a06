"""The entries of one document -> what to write about them.

    drafts --match--> known or new --clean, decide--> EntryChange

What a source said of an entry is compared before anything is cleaned: of a document that changed,
most entries did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from feedsvc.decide import believable_loss, canon_of, first_seen, revise, said
from feedsvc.decide.entries import (
    Identity,
    Item,
    declared_id,
    free_keys,
    item,
    keys_of,
    spellings,
)
from feedsvc.decide.matching import Matching, match
from feedsvc.decide.stability import are_others, is_flood, marks_of, next_identity
from feedsvc.model import Article, Draft, Reading, State, Verdict
from feedsvc.ports import BELIEVED, EntryChange, KnownEntry, Memory, RemoteStore
from feedsvc.sync.origin import kept_origin, origin_of
from feedsvc.sync.remote_plan import Job
from feedsvc.sync.window import window_start
from feedsvc.text.html import plain

SILENCE = 24
"""Changes in a row that change no word; after that an entry is left as it is until one does."""

_RECENT = 50  # articles beyond the window of the feed that an entry without id and link may be


@dataclass(slots=True)
class Weighed:
    """What a document came to."""

    changes: list[EntryChange] = field(default_factory=list)
    withdrawn: list[tuple[int, str]] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    lost: int = 0  # of the withdrawn ones, those that readers saw
    identity: Identity = "id"
    held: bytes = b""
    flood: str | None = None  # why entries are held back
    notes: list[str] = field(default_factory=list)


def weigh(
    job: Job, reading: Reading, store: RemoteStore, *, url: str, now: datetime, reread: bool
) -> Weighed:
    """What to write about the entries of a document fetched from `url`.

    `reread` tells that our reading may differ though the source says the same.
    """
    weigher = _Weigher(job, reading, store, url, now, reread=reread)
    weigher.run()
    return weigher.out


class _Weigher:
    def __init__(
        self,
        job: Job,
        reading: Reading,
        store: RemoteStore,
        url: str,
        now: datetime,
        *,
        reread: bool,
    ) -> None:
        self._job = job
        self._plan = job.plan
        self._memory: Memory = job.memory
        self._reading = reading
        self._store = store
        self._url = url
        self._now = now
        self._reread = reread
        self.out = Weighed(identity=cast("Identity", job.memory.identity))
        self._first = job.source.last_ok is None and not job.memory.digest
        self._origin = origin_of(reading.head, url, secret=job.plan.secret)

    def run(self) -> None:
        dead = self._deleted()
        home = self._reading.head.link
        items = [
            item(draft, said(draft), home=home)
            for draft in self._reading.drafts
            if draft.id is None or declared_id(draft.id) not in dead
        ]
        found = match(items, self._known(items), self.out.identity, home=home)
        found = self._judge_flood(items, found, home)
        self._add(items, found)
        self._update(items, found)
        self._take_out(items, found, dead)

    # -- what is stored ------------------------------------------------------------------------

    def _known(self, items: Sequence[Item]) -> Iterable[KnownEntry]:
        """The stored articles that the items may be; nothing is asked of a source without any."""
        if self._first:
            return ()
        row, by_content = self._job.source.row, self.out.identity == "content"
        ids = [] if by_content else sorted({one.declared for one in items if one.declared})
        known = self._store.entries(row, declared=ids)
        declared = {one.declared for one in known.values()} - {None}
        left = [one for one in items if by_content or one.declared not in declared]
        if left:
            bare = by_content or any(not (one.declared or one.page) for one in left)
            known |= self._store.entries(
                row,
                links=sorted(spellings({one.link for one in left if one.link and one.page})),
                words=sorted({one.words for one in left if one.words}),
                moments=sorted({one.moment for one in left if one.moment is not None}),
                newest=2 * len(items) + _RECENT if bare else 0,
            )
        return known.values()

    # -- ids that are not believed -------------------------------------------------------------

    def _judge_flood(self, items: Sequence[Item], found: Matching, home: str | None) -> Matching:
        """Hold back old content under new ids, unless it is believed by now."""
        memory, out = self._memory, self.out
        before = out.identity
        marks = _marks(items, found)
        again = is_flood(found) and memory.held not in (b"", BELIEVED)
        again = again and are_others(marks, memory.held)
        out.identity = next_identity(before, found, items=len(items), flood_again=again)
        if out.identity != before and out.identity in ("link", "content"):
            found = match(items, self._known(items), out.identity, home=home)
        if is_flood(found) and memory.held != BELIEVED:
            out.held = _marks(items, found)
            out.flood = (
                f"{len(found.risen) + len(found.echoes)} of {len(items)} entries are known"
                f" articles under new ids: they wait for `feedsvc source resume {self._plan.name}`"
            )
            found.fresh = [index for index in found.fresh if index not in found.echoes]
        else:
            found.known |= found.risen
        if out.identity in ("link", "content"):
            out.notes.append(
                f"its ids are others at every visit: its entries are told apart by {out.identity}"
            )
        return found

    # -- new ones ------------------------------------------------------------------------------

    def _add(self, items: Sequence[Item], found: Matching) -> None:
        if not found.fresh:
            return
        doubles = set(found.doubles)
        kept = [index for index in range(len(items)) if index not in doubles]
        wanted = dict(zip(kept, keys_of([items[i] for i in kept], self.out.identity), strict=True))
        keys = self._free_keys([wanted[index] for index in found.fresh])
        fresh: list[Article] = []
        for index, key in zip(found.fresh, keys, strict=True):
            one = items[index]
            draft = self._cleaned(one.draft)
            article = first_seen(
                draft,
                source=self._plan.name,
                key=key,
                guid=self._plan.authority.mint(self._plan.name, key),
                link=draft.link,
                policy=self._plan.policy,
                now=self._now,
                words=one.said,
            )
            self.out.changes.append(
                EntryChange(one.declared, one.words, article, canon=canon_of(draft.link))
            )
            fresh.append(article)
        # What its operator has taken down already is no news, under whatever name it comes.
        self.out.new += len(fresh) - len(self._store.struck(self._job.source.row, fresh))

    def _free_keys(self, wanted: Sequence[str]) -> list[str]:
        """The keys, or numbered variants of them: two articles never share one."""
        taken: set[str] = set()
        asked: set[str] = set()
        while True:
            keys = free_keys(wanted, taken)
            unknown = sorted(set(keys) - asked)
            if self._first or not unknown:
                return keys
            asked.update(unknown)
            stored = self._store.entries(self._job.source.row, keys=unknown).values()
            if not stored:
                return keys
            taken.update(one.key for one in stored)

    def _cleaned(self, draft: Draft) -> Draft:
        return self._plan.clean(draft, self._url, self._reading.head.language, self._origin)

    # -- known ones ----------------------------------------------------------------------------

    def _update(self, items: Sequence[Item], found: Matching) -> None:
        changed = {
            stored.row: (items[index], stored)
            for index, stored in found.known.items()
            if stored.verdict != Verdict.PURGED
            and not stored.pruned
            and (
                self._reread
                or items[index].said != stored.said
                or stored.state in (State.WITHDRAWN.value, State.GONE.value)
            )
        }
        if not changed:
            return
        whole = self._store.find(
            self._job.source.row,
            declared=(), links=(), keys=(), rows=sorted(changed), documents=(),
        )  # fmt: skip
        for stored in whole:
            one, known = changed[stored.row]
            self._revise(one, known, stored.article)

    def _revise(self, one: Item, known: KnownEntry, stored: Article) -> None:
        draft = self._cleaned(one.draft)
        revised = self._revised(one, known, stored, kept_origin(draft, stored))
        if revised is None:
            return
        change = EntryChange(
            one.declared or known.declared,
            one.words,
            revised,
            row=known.row,
            canon=canon_of(draft.link),
        )
        same = replace(revised, said=stored.said, seen=stored.seen, revision=stored.revision)
        if same == stored:
            self.out.changes.append(change._replace(noise=known.noise, quiet=True))
            return
        noise = 0
        if stored.state is not revised.state:
            pass  # it is back, or released
        elif _wording(revised) == _wording(stored):
            noise = known.noise + 1
            if noise > SILENCE:
                return
        elif draft.origin != revised.origin:  # it is news, and so its credit may be, too
            revised = self._revised(one, known, stored, draft) or revised
        self.out.changes.append(change._replace(article=revised, noise=noise))
        self.out.changed += known.verdict is None

    def _revised(
        self, one: Item, known: KnownEntry, stored: Article, draft: Draft
    ) -> Article | None:
        return revise(
            stored,
            draft,
            link=draft.link,
            policy=self._plan.policy,
            now=self._now,
            reread=self._reread and one.said == known.said,
            words=one.said,
        )

    # -- those that went -----------------------------------------------------------------------

    def _deleted(self) -> set[str]:
        """RFC 6721 §3: what is deleted, unless it stands there still and was updated since."""
        if not self._reading.deleted:
            return set()
        updated: dict[str | None, datetime | None] = {}
        for draft in self._reading.drafts:
            stated, ref = draft.updated or draft.published, declared_id(draft.id)
            before = updated.get(ref)
            updated[ref] = max(stated, before) if stated and before else stated or before
        dead = set()
        for stone in self._reading.deleted:
            gone = declared_id(stone.ref)
            alive = updated.get(gone)
            if gone is not None and (
                gone not in updated or (alive and stone.when and alive <= stone.when)
            ):
                dead.add(gone)
        return dead

    def _take_out(self, items: Sequence[Item], found: Matching, dead: set[str]) -> None:
        row = self._job.source.row
        if dead:
            self._withdraw(
                [
                    one
                    for one in self._store.entries(row, declared=sorted(dead)).values()
                    if one.state == State.PUBLISHED.value
                ],
                "its source deleted it",
            )
        if self._plan.on_delete != "withdraw" or self.out.flood or not self._reading.well_formed:
            return
        if len(self._reading.drafts) >= self._plan.max_entries:
            return  # what stands behind them was not read, and is not gone
        since = window_start([one.draft.published for one in items])
        if since is None:
            return
        window = self._store.published_since(row, since)
        alive = {stored.row for stored in found.known.values()}
        gone = [one for row, one in window.items() if row not in alive]
        if believable_loss(len(window), len(gone)):
            self._withdraw(gone, "it is no longer in the feed")
        else:
            self.out.notes.append(f"{len(gone)} of {len(window)} entries went at once: they stay")

    def _withdraw(self, gone: Sequence[KnownEntry], why: str) -> None:
        taken = {row for row, _ in self.out.withdrawn}
        fresh = [one for one in gone if one.row not in taken]
        self.out.withdrawn += [(one.row, why) for one in fresh]
        self.out.lost += sum(one.verdict is None for one in fresh)


def _wording(article: Article) -> str:
    """The words of an article, without the markup around them."""
    text = plain(article.html, None)
    files = [enclosure.url for enclosure in article.enclosures]
    return "\n".join((article.title, article.summary or "", text, *files))


def _marks(items: Sequence[Item], found: Matching) -> bytes:
    return marks_of(
        str(items[index].declared or items[index].link) for index in (*found.risen, *found.echoes)
    )
