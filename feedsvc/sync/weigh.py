"""The entries of one document -> what to write about them.

    drafts --match--> known or new --clean, decide--> EntryChange

What a source said of an entry is compared before anything is cleaned: of a document that changed,
most entries did not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from feedsvc.decide import believable_loss, digest, first_seen, revise, said
from feedsvc.decide.entries import (
    Identity,
    Item,
    Matching,
    free_keys,
    is_flood,
    item,
    keys_of,
    match,
    next_identity,
)
from feedsvc.model import Article, Draft, Origin, Reading, State
from feedsvc.ports import EntryChange, KnownEntry, Memory, RemoteStore
from feedsvc.sync.remote_plan import Job
from feedsvc.text.canonical import canonical
from feedsvc.text.html import plain

BELIEVED = b"believed"
"""Instead of a digest in `Memory.held`: the operator says that the ids are right."""

SILENCE = 24
"""Changes in a row that change no word; after that an entry is left as it is until one does."""


@dataclass(slots=True)
class Weighed:
    """What a document came to."""

    changes: list[EntryChange] = field(default_factory=list)
    withdrawn: list[tuple[int, str]] = field(default_factory=list)
    new: int = 0
    changed: int = 0
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
        head = reading.head
        self._origin = Origin(
            id=head.id, title=head.title, url=url, link=head.link, updated=head.updated,
            rights=head.rights,
        )  # fmt: skip

    def run(self) -> None:
        dead = self._deleted()
        items = [item(draft, said(draft)) for draft in self._reading.drafts if draft.id not in dead]
        known = self._known(items)
        found = match(items, known.values(), self.out.identity)
        found = self._judge_flood(items, known, found)
        self._add(items, found, known)
        self._update(items, found)
        self._take_out(items, found, dead)

    # -- what is stored ------------------------------------------------------------------------

    def _known(self, items: Sequence[Item]) -> dict[int, KnownEntry]:
        """The stored articles that the items may be; nothing is asked of a source without any."""
        if self._job.source.last_ok is None and not self._memory.digest:
            return {}
        row = self._job.source.row
        ids = [one.declared for one in items if one.declared]
        known = self._store.entries(row, declared=ids) if self.out.identity != "content" else {}
        declared = {one.declared for one in known.values()}
        left = [one for one in items if one.declared is None or one.declared not in declared]
        if not left:
            return known
        dated = {int(one.draft.published.timestamp()) for one in left if one.draft.published}
        more = self._store.entries(
            row,
            links=sorted({one.link for one in left if one.link}),
            words=sorted({one.words for one in left if one.words}),
            keys=keys_of(left, self.out.identity),
            moments=sorted(dated),
        )
        return known | more

    # -- ids that are not believed -------------------------------------------------------------

    def _judge_flood(
        self, items: Sequence[Item], known: dict[int, KnownEntry], found: Matching
    ) -> Matching:
        """Hold back old content under new ids, unless it is believed by now."""
        memory, out = self._memory, self.out
        flood = is_flood(found)
        ids = sorted(str(items[index].declared or items[index].link) for index in found.risen)
        told = digest("\n".join(ids).encode("utf-8", "surrogatepass"))
        again = flood and memory.held not in (b"", BELIEVED, told)
        before = out.identity
        out.identity = next_identity(before, found, items=len(items), flood_again=again)
        if out.identity != before and out.identity[-1:] != "?":
            found = match(items, known.values(), out.identity)
            flood = is_flood(found)
        if flood and memory.held != BELIEVED:
            out.held = told
            out.flood = (
                f"{len(found.risen)} of {len(items)} entries are known articles under new ids: "
                f"they wait for `feedsvc source resume {self._plan.name}`"
            )
        else:
            found.known |= found.risen
        if out.identity in ("link", "content"):
            out.notes.append(
                f"its ids are others at every visit: its entries are told apart by {out.identity}"
            )
        return found

    # -- new ones ------------------------------------------------------------------------------

    def _add(self, items: Sequence[Item], found: Matching, known: dict[int, KnownEntry]) -> None:
        if not found.fresh:
            return
        wanted = keys_of(items, self.out.identity)
        keys = free_keys([wanted[i] for i in found.fresh], [one.key for one in known.values()])
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
                EntryChange(one.declared, one.words, article, canon=_canon(draft.link))
            )
            self.out.new += 1

    def _cleaned(self, draft: Draft) -> Draft:
        draft = self._plan.clean(draft, self._url, self._reading.head.language)
        return replace(draft, origin=draft.origin or self._origin)

    # -- known ones ----------------------------------------------------------------------------

    def _update(self, items: Sequence[Item], found: Matching) -> None:
        changed = {
            stored.row: (items[index], stored)
            for index, stored in found.known.items()
            if self._reread
            or items[index].said != stored.said
            or stored.state in (State.WITHDRAWN.value, State.GONE.value)
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
        revised = revise(
            stored,
            draft,
            link=draft.link,
            policy=self._plan.policy,
            now=self._now,
            reread=self._reread and one.said == known.said,
            words=one.said,
        )
        if revised is None:
            return
        change = EntryChange(
            one.declared, one.words, revised, row=known.row, canon=_canon(draft.link)
        )
        if replace(revised, said=stored.said, revision=stored.revision) == stored:
            self.out.changes.append(change._replace(noise=known.noise, quiet=True))
            return
        noise = 0
        if stored.state is revised.state and _wording(revised) == _wording(stored):
            noise = known.noise + 1
            if noise > SILENCE:
                return
        self.out.changes.append(change._replace(noise=noise))
        self.out.changed += 1

    # -- those that went -----------------------------------------------------------------------

    def _deleted(self) -> set[str]:
        """RFC 6721 §3: what is deleted, unless it stands there still and was updated since."""
        updated = {draft.id: draft.updated or draft.published for draft in self._reading.drafts}
        dead = set()
        for stone in self._reading.deleted:
            alive = updated.get(stone.ref)
            if stone.ref not in updated or (alive and stone.when and alive <= stone.when):
                dead.add(stone.ref)
        return dead

    def _take_out(self, items: Sequence[Item], found: Matching, dead: set[str]) -> None:
        row = self._job.source.row
        if dead:
            self._withdraw(
                [
                    one.row
                    for one in self._store.entries(row, declared=sorted(dead)).values()
                    if one.state == State.PUBLISHED.value
                ],
                "its source deleted it",
            )
        dates = [one.draft.published for one in items if one.draft.published is not None]
        if self._plan.on_delete != "withdraw" or self.out.flood or not dates:
            return
        # What is older than all there is slid out of the feed's window, which is no deletion.
        window = self._store.published_since(row, min(dates))
        alive = {stored.row for stored in found.known.values()}
        gone = [row for row in window if row not in alive]
        if believable_loss(len(window), len(gone)):
            self._withdraw(gone, "it is no longer in the feed")
        else:
            self.out.notes.append(f"{len(gone)} of {len(window)} entries went at once: they stay")

    def _withdraw(self, rows: Sequence[int], why: str) -> None:
        taken = {row for row, _ in self.out.withdrawn}
        self.out.withdrawn += [(row, why) for row in rows if row not in taken]


def _wording(article: Article) -> str:
    """The words of an article, without the markup around them."""
    text = plain(f"{article.html}", None)
    files = [enclosure.url for enclosure in article.enclosures]
    return "\n".join((article.title, article.summary or "", text, *files))


def _canon(link: str | None) -> bytes | None:
    """The digest of a link's canonical form; the home page of a site is no article's own."""
    if not link or "/" not in (page := canonical(link)):
        return None
    return digest(page.encode("utf-8", "surrogatepass"))[:8]
