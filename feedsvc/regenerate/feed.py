"""The build of one feed: select, render what is missing, stitch, check, publish, commit."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property, partial

from feedsvc.errors import FeedsvcError, RenderError, StoreError
from feedsvc.model import ArchiveLinks, FeedHead, Format, Problem, Tombstone
from feedsvc.ports import ArchivePage, FeedRow, LedgerLine, Member, Selection, Shelf
from feedsvc.regenerate.archive import ArchiveBuild, archive_paths, subscription_links
from feedsvc.regenerate.definition import content_of, content_of_digest, fingerprint_of
from feedsvc.regenerate.due import RETRY, was_built
from feedsvc.regenerate.editions import Editions, editions
from feedsvc.regenerate.fragments import Fragments
from feedsvc.regenerate.pace import rhythm
from feedsvc.regenerate.press import PAGE, Press, beginning, head_of
from feedsvc.regenerate.proof import Proof, Publication
from feedsvc.regenerate.report import BuildOptions, PublicationReport, held_back
from feedsvc.regenerate.standing import Standing
from feedsvc.regenerate.takedown import clear_held
from feedsvc.settings import Feed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """What became of a feed, and what is to be remembered of it."""

    row: FeedRow
    reports: tuple[PublicationReport, ...]


@dataclass(kw_only=True)
class FeedBuild:
    """The build of one feed, in every folder that it is published in."""

    press: Press
    feed: Feed
    row: FeedRow
    options: BuildOptions
    left_out: dict[int, Problem] = field(default_factory=dict)

    def run(self) -> Built:
        """Build it, if there is anything to build; whatever happens, it is told."""
        built = self._built()
        if built.row.held and not self.options.check:
            held = [report.path for report in built.reports if report.outcome == "held"]
            clear_held(self.press, self.feed, built.row, held)
        return built

    def _built(self) -> Built:
        try:
            if self._is_current():
                return Built(row=self.row, reports=tuple(self._proof.unchanged(self._paths())))
            return self._build()
        except StoreError:
            raise
        except Exception as error:
            # One feed's trouble must not keep the others from going out.
            log.debug("feed %s", self.feed.name, exc_info=True)
            reason = error.line if isinstance(error, FeedsvcError) else repr(error)
            return self._all_held(f"could not be built: {reason}")

    @cached_property
    def now(self) -> datetime:
        """When the build began."""
        return self.press.clock.now()

    @cached_property
    def guid(self) -> str:
        """The id of the feed: minted once, whatever it is called later."""
        store, mint = self.press.store, self.press.authority.feed
        return self.row.guid or store.feed_id(self.feed.name, mint)

    @cached_property
    def folders(self) -> tuple[str, ...]:
        """Where its documents lie: a private feed has a folder for each of its keys."""
        name, store = self.feed.name, self.press.store
        if not self.feed.private:
            return (name,)
        check = self.options.check
        tokens = store.tokens(name) if check else store.ensure_token(name, self.now)
        return tuple(f"{name}/{token}" for token in tokens)

    @cached_property
    def _formats(self) -> tuple[Format, ...]:
        return tuple(format for format in Format if format in self.feed.formats)

    @cached_property
    def _fragments(self) -> Fragments:
        return Fragments(self.press, self.feed, self.options)

    @cached_property
    def _proof(self) -> Proof:
        return Proof(self.press, self.feed, self.lines, self.options, self._standing)

    @cached_property
    def _standing(self) -> Standing:
        row, asked = self.row, self.options.everything or self.options.check
        same = row.fingerprint == self.fingerprint and row.held is None
        return Standing(self.press, self.lines, trusted=same and not asked)

    @cached_property
    def _whole(self) -> bool:
        """Whether all of the feed's files are looked at, not only those that a change touches."""
        asked = self.options.verify or self.options.everything or self.options.check
        return asked or self.row.fingerprint != self.fingerprint

    @cached_property
    def lines(self) -> Mapping[str, LedgerLine]:
        """What is published now, of the files that this build looks at."""
        if self._whole:
            return self.press.store.ledger(feeds=[self.feed.name])
        paths = [path for path, _ in self._newest_paths()]
        if self._shelf is not None:
            touched = sorted(self._shelf.touched)
            paths += archive_paths(self.folders, self._formats, touched)
        return self.press.store.ledger(paths=paths)

    @cached_property
    def _size(self) -> int:
        """Articles on a page of the archive: whatever is configured later, as it began."""
        return self.row.page_size or self.feed.page_size or self.feed.limit

    @cached_property
    def _shelf(self) -> Shelf | None:
        """The archive as it stands; None for a feed without one."""
        return self.press.store.shelf(self.feed, self._size) if self.feed.archive else None

    def _newest_paths(self) -> Iterator[tuple[str, str]]:
        """The documents that change with the feed, and their formats."""
        for folder in self.folders:
            for format in self._formats:
                yield f"{folder}/{format.filename}", format.value
            yield f"{folder}/{PAGE}", "html"

    def _path(self, format: Format) -> str:
        return f"{self.folders[0]}/{format.filename}"

    def _paths(self) -> list[str]:
        """All of the feed's files."""
        found = [path for path, _ in self._newest_paths()]
        if self._shelf is not None:
            pages = range(1, self._shelf.closed + 1)
            found.extend(archive_paths(self.folders, self._formats, pages))
        return found

    @cached_property
    def fingerprint(self) -> bytes:
        """Of everything but articles and time that the feed's bytes depend on."""
        return fingerprint_of(self.press, self.feed, self.guid, self.folders)

    def _is_current(self) -> bool:
        row = self.row
        return (
            not self.options.everything
            and not self.options.check
            and was_built(row, self.now)
            and row.touched is None
            and row.held is None
            and (row.next_change is None or row.next_change > self.now)
            and row.fingerprint == self.fingerprint
            and (not self.options.verify or self._lies_there())
        )

    def _lies_there(self) -> bool:
        lines = self.lines.values()
        complete = set(self._paths()) == self.lines.keys()
        return complete and all(self.press.publisher.lies(line) for line in lines)

    def _build(self) -> Built:
        # Read before anything else: what comes after it is looked at by the next build.
        newest = self.press.store.newest_change()
        self.press.store.recall_given_up(self.feed)
        if (digest := self._digest_stands(newest)) is not None:
            return digest
        shelf = self._shelf = self._shelve()
        deleted = self._deleted()
        while True:
            selection = self._select(shelf)
            members = selection.members
            content = self._content(members, deleted)
            updated = self._updated(members, content)
            documents = self._documents(updated, members, shelf, deleted)
            # Each round leaves out at least one article more, so that this comes to an end.
            if not self._leave_out_faulty(documents, members):
                break
        archive = self._build_archive(shelf)
        publications = [publication for publication, _ in documents]
        reports, lines = self._proof.publish(publications)
        reports.extend(archive.reports if archive else ())
        held = "; ".join(held_back(reports))
        # As long as nobody has seen the change, what was published last stands.
        newest_paths = {path for path, format in self._newest_paths() if format != "html"}
        seen = not held or any(line.path in newest_paths for line in lines)
        if archive is not None:
            lines.extend(archive.placed)
            self.left_out |= {**archive.left_out, **self._given_up()}
        row = replace(
            self.row,
            touched=self.row.touched if held else None,
            updated=updated if seen else self.row.updated,
            next_change=selection.next_change,
            # A page of the archive that is still the old one is to be built by the new definition.
            fingerprint=self.row.fingerprint if archive and archive.held else self.fingerprint,
            content=content if seen else self.row.content,
            entries=len(members),
            newest=max((member.released for member in members), default=None),
            held=held or None,
            retry_at=self.now + RETRY if held else None,
            left_out=self._problems(),
            guid=self.guid,
            page_size=self._size if shelf else None,
            rhythm=rhythm([member.released for member in members]),
        )
        if not held:
            # A change that is not published yet is looked at again.
            row = replace(row, seen=newest)
        unlike = replace(row, seen=self.row.seen) != self.row
        if lines or unlike or not was_built(self.row, self.now):
            row = replace(row, built=self.now)
        if shelf and not held:
            row = replace(row, looked=self.now.replace(microsecond=0))
        self._commit(row, members, lines, shelf, archive.pages if archive else ())
        if self.options.verify and archive is not None:
            told = {report.path for report in reports}
            rest = [path for path in self._paths() if path not in told]
            reports.extend(self._proof.unchanged(rest))
        return Built(row=row, reports=tuple(reports))

    # -- what the feed holds ---------------------------------------------------------------------

    def _shelve(self) -> Shelf | None:
        """The archive with what has entered the feed."""
        store, row = self.press.store, self.row
        if not self.feed.archive or self.options.check:
            return self._shelf
        # By other rules every article is looked at, and every page.
        same = row.fingerprint == self.fingerprint and row.page_size
        known = row.seen if same and not (row.looked and row.looked > self.now) else 0
        since = 0 if self.options.everything else known
        return store.shelve(self.feed, self._size, self.now, since=since, looked=row.looked)

    def _deleted(self) -> tuple[Tombstone, ...]:
        if not self.feed.deleted_entries:
            return ()
        return self.press.store.removals(
            self.feed, since=self.row.seen, now=self.now, keep=not self.options.check
        )

    def _select(self, shelf: Shelf | None) -> Selection:
        """The members, with a fragment for each; what cannot be rendered is left out and named."""
        store, without = self.press.store, self.left_out.keys()
        while True:
            if self.feed.digest:
                selection = self._select_editions()
            elif shelf is None:
                selection = store.select(self.feed, self.now, without=without)
            else:
                selection = store.select_archived(self.feed, shelf, self.now, without=without)
            self.left_out |= self._given_up()
            if (rule := store.rule_put_off(self.feed)) is not None:
                # Without those that are not searched yet it would be another feed.
                raise RenderError(
                    f"its '{rule}' takes too long on many articles",
                    hint="say it with fewer repetitions; the next build goes on with the others",
                )
            members = self._fragments.addressed(selection.members)
            if shelf is not None and self.folders:
                self._fragments.adopt(self._standing, self._path, members, shelf.news)
            failed = self._fragments.gather(members)
            if not failed:
                return replace(selection, members=members)
            for member in members:
                if member.row in failed:
                    self._leave_out(member, failed[member.row])

    def _given_up(self) -> Mapping[int, Problem]:
        return self.press.store.given_up(self.feed, self.now, keep=not self.options.check)

    @cached_property
    def _editions(self) -> Editions:
        """The editions of a digest."""
        due = self.row.next_change
        passed = due if due is not None and due <= self.now else None
        return editions(
            self.press.store, self.feed, self.press.site, self.now, guid=self.guid,
            noticed=self.row.touched or passed, pages=self.press.article_pages,
            keep=not self.options.check,
        )  # fmt: skip

    def _digest_stands(self, newest: int) -> Built | None:
        """What became of a digest whose editions are as they were: their texts need no reading.

        Nearly every new article touches a digest, and most editions are over by then.
        """
        row = self.row
        if not self.feed.digest or self.options.everything or self.options.check or row.held:
            return None
        same = row.fingerprint == self.fingerprint and row.content == self._content((), ())
        if not same or not self._lies_there():
            return None
        if not {one.path for one in self._given_up().values()} <= {p.path for p in row.left_out}:
            return None  # which is to be told
        after = replace(row, touched=None, next_change=self._editions.next_change, seen=newest)
        self.press.store.settle_feed(after, read=row, members=None, lines=())
        return Built(row=after, reports=tuple(self._proof.unchanged(self._paths())))

    def _select_editions(self) -> Selection:
        """Articles that are made of others, and are not stored."""
        found = self._editions
        members = self._fragments.bring(found.articles)
        kept = tuple(member for member in members if member.row not in self.left_out)
        return Selection(members=kept, next_change=found.next_change)

    def _leave_out(self, member: Member, reason: str) -> None:
        self.left_out[member.row] = Problem(
            source=member.source, path=member.guid, reason=f"left out of {self.feed.name}: {reason}"
        )

    def _problems(self) -> tuple[Problem, ...]:
        since = {(p.path, p.reason): p.since for p in self.row.left_out}
        return tuple(
            replace(problem, since=since.get((problem.path, problem.reason), self.now))
            for _, problem in sorted(self.left_out.items())
        )

    def _content(self, members: Sequence[Member], deleted: Sequence[Tombstone]) -> bytes:
        """The digest of what a reader is told, whatever the formats and however it is written."""
        if self.feed.digest:
            return content_of_digest(self.press, self.feed, self.guid, self._editions.content)
        return content_of(self.press, self.feed, self.guid, members, deleted)

    def _updated(self, members: Sequence[Member], content: bytes) -> datetime:
        """The feed's `updated`: that of its newest entry, and later than it was before.

        When no entry explains the change (one went, or the feed was redefined) it is the moment at
        which it became due or was noticed, as stored: the same after a crash in between.
        """
        before = self.row.updated
        if before is not None and content == self.row.content:
            return before
        newest = max((max(m.updated, m.released) for m in members), default=None)
        if before is None:
            return newest or beginning(self.press.site)
        if newest is not None and newest > before:
            return newest
        return max(before + timedelta(seconds=1), self._noticed)

    @property
    def _noticed(self) -> datetime:
        """When a change came that no entry explains."""
        due = self.row.next_change
        passed = due if due is not None and due <= self.now else None
        now = self.now.replace(microsecond=0)
        # A mark may lie seconds ahead: many batches of one sync move it by one each.
        return min(self.row.touched or passed or now, now)

    # -- documents -------------------------------------------------------------------------------

    def _documents(
        self,
        updated: datetime,
        members: Sequence[Member],
        shelf: Shelf | None,
        deleted: tuple[Tombstone, ...],
    ) -> list[tuple[Publication, FeedHead]]:
        """The newest documents in each folder, each with what it says of the feed."""
        found: list[tuple[Publication, FeedHead]] = []
        for folder in self.folders:
            head = head_of(
                self.press, self.feed, updated, guid=self.guid, folder=folder,
                archive=self._links(folder, shelf), deleted=deleted,
            )  # fmt: skip
            absent: set[Format] = set()  # held back, and never published
            for format in self._formats:
                path = f"{folder}/{format.filename}"
                parts = self._fragments.parts(format, members, head)
                publication = self._proof.checked(
                    path, format.value, parts.document(parts.fragments), len(members),
                    # Which entries were deleted is compared with all that are there.
                    parts=None if deleted else parts, partner=True,
                )  # fmt: skip
                found.append((publication, head))
                if publication.errors and path not in self.lines:
                    absent.add(format)
            # Its page leads to what is there, and nobody to a page that leads nowhere.
            head = replace(head, urls={f: u for f, u in head.urls.items() if f not in absent})
            if head.urls:
                page = self.press.pages.feed(head, members)
                checked = self._proof.checked(f"{folder}/{PAGE}", "html", page, len(members))
                found.append((checked, head))
        return found

    def _links(self, folder: str, shelf: Shelf | None) -> ArchiveLinks | None:
        return subscription_links(self.press, self.feed, folder, shelf) if shelf else None

    def _stitched(self, head: FeedHead, format: Format, members: Sequence[Member]) -> bytes:
        return self.press.renderers[format].document(head, self._fragments.of(format, members))

    def _leave_out_faulty(
        self, documents: Sequence[tuple[Publication, FeedHead]], members: Sequence[Member]
    ) -> bool:
        """Leave out the entries that make a document invalid; says whether there were any."""
        before = len(self.left_out)
        for publication, head in documents:
            if publication.format != "html":
                stitch = partial(self._stitched, head)
                for member, why in self._proof.at_fault(publication, stitch, members).items():
                    self._leave_out(member, why)
        return len(self.left_out) > before

    # -- publishing ------------------------------------------------------------------------------

    def _build_archive(self, shelf: Shelf | None) -> ArchiveBuild | None:
        if shelf is None:
            return None
        archive = ArchiveBuild(
            press=self.press, feed=replace(self.feed, formats=self._formats), guid=self.guid,
            folders=self.folders, shelf=shelf, lines=self.lines, options=self.options,
            noticed=self._noticed, whole=self._whole, trusted=self._standing.trusted,
        )  # fmt: skip
        archive.run()
        return archive

    def _commit(
        self,
        row: FeedRow,
        members: Sequence[Member],
        lines: Sequence[LedgerLine],
        shelf: Shelf | None,
        pages: Sequence[ArchivePage],
    ) -> None:
        if self.options.check:
            return
        paths = set(self._paths()) if self._whole else self.lines.keys()
        removed = [path for path in self.lines if path not in paths]
        if removed:
            self.press.publisher.remove(removed)
        self.press.store.settle_feed(
            row,
            read=self.row,
            members=[member.row for member in members if member.row > 0],
            lines=lines,
            removed=removed,
            pages=pages,
            tell=self.press.words(self.feed, [line.path for line in lines]),
        )
        if shelf is None:
            self.press.store.forget_archive(self.feed.name)

    def _all_held(self, reason: str) -> Built:
        row = replace(self.row, held=reason, retry_at=self.now + RETRY)
        if not self.options.check:
            self.press.store.settle_feed(row, read=self.row, members=None, lines=())
        reports = tuple(
            PublicationReport(
                feed=self.feed.name, format=format, path=path, outcome="held",
                entries=self.row.entries, bytes=0, digest="", reason=reason,
            )
            for path, format in self._newest_paths()
        )  # fmt: skip
        return Built(row=row, reports=reports)
