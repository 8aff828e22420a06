"""Stage 1: what a source holds becomes articles in the store.

    source --documents--> parser --drafts--> filters --drafts--> decide --changes--> store

One source's trouble is its own: it is recorded, and the others go on. Documents are written in
batches, each in one transaction together with the marks of the feeds it touches, so that a crash
loses nothing: what was not recorded is simply still new.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice
from typing import Literal, TypeVar

from feedsvc.decide import (
    Authority,
    Candidates,
    Claim,
    Match,
    Policy,
    believable_loss,
    digest,
    first_seen,
    free_key,
    path_key,
    revise,
    stable_key,
    value_of,
)
from feedsvc.errors import FeedsvcError, LockedError, ParseError, SourceError
from feedsvc.model import Article, Document, Draft, Hints, State, Unreadable
from feedsvc.ports import Change, Clock, KnownFile, Parser, Progress, Source, Store

log = logging.getLogger(__name__)

BATCH = 200  # documents in one transaction
LOCK_TIMEOUT = 60.0  # seconds one sync of a source waits for another
LOCK_PAUSE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one source is synced, apart from what it holds."""

    name: str
    every: timedelta
    on_delete: Literal["withdraw", "keep"]
    hints: Hints
    policy: Policy
    authority: Authority
    clean: Callable[[Draft, str | None], Draft]  # the filter: draft and link
    parser: Callable[[str], Parser]  # by the form of a document
    fingerprint: bytes  # of everything above that decides how a document is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How this one run was asked for."""

    patient: bool = True  # wait for files that are still being written
    trust_loss: bool = False  # believe that many missing files are deleted
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceReport:
    """How the sync of one source ended; the contract's JSON has the same fields."""

    name: str
    outcome: Literal["ok", "unchanged", "failed", "skipped"]
    new: int = 0
    changed: int = 0
    withdrawn: int = 0
    status: int | None = None  # of HTTP; none for a folder
    reason: str | None = None
    hint: str | None = None
    seconds: float = 0.0
    problems: int = 0  # documents that could not be read, now or before
    restless: int = 0  # documents left for the next time, still being written


@dataclass(slots=True)
class _Tally:
    new: int = 0
    changed: int = 0
    withdrawn: int = 0


@dataclass
class _Run:
    """One sync of one source while it goes on."""

    plan: Plan
    store: Store
    row: int | None  # none in a dry run of a source never synced
    known: dict[str, KnownFile]
    now: datetime
    reread: bool
    paths: frozenset[str]  # all that there are now
    minted: dict[str, str] = field(default_factory=dict)  # key -> path of articles new in this run
    taken: set[str] = field(default_factory=set)  # what ids were minted from, as far as met
    judged: set[str] = field(default_factory=set)  # paths whose article is settled
    postponed: list[_Read] = field(default_factory=list)  # until all the others are judged
    left: set[int] = field(default_factory=set)  # articles whose file holds another one now
    problems: set[str] = field(default_factory=set)
    tally: _Tally = field(default_factory=_Tally)
    parsers: dict[str, Parser] = field(default_factory=dict)  # by the form they read

    @cached_property
    def live(self) -> dict[int, str]:
        """At which path the file of each article lies; one that is fine before one that is not."""
        found: dict[int, str] = {}
        for path, file in self.known.items():
            if file.article is None or path not in self.paths:
                continue
            if file.problem is None:
                found[file.article] = path
            else:
                found.setdefault(file.article, path)
        return found


async def sync_source(
    plan: Plan,
    source: Source,
    store: Store,
    clock: Clock,
    options: Options,
    progress: Progress | None = None,
) -> SourceReport:
    """Sync one source and note how it ended; never raises for trouble of the source itself."""
    began = clock.now()
    async with _lock(store, plan.name, clock):
        try:
            report = await _sync(plan, source, store, clock, options, progress)
        except SourceError as error:
            log.debug("source %s failed", plan.name, exc_info=True)
            report = SourceReport(
                name=plan.name, outcome="failed", reason=str(error), hint=error.hint
            )
            if not options.dry_run:
                store.finish(
                    store.source(plan.name).row,
                    now=clock.now(),
                    next_due=clock.now() + plan.every,
                    failure=str(error),
                )
    return replace(report, seconds=round((clock.now() - began).total_seconds(), 3))


@asynccontextmanager
async def _lock(store: Store, name: str, clock: Clock) -> AsyncIterator[None]:
    """Hold a source against another sync, letting others go on meanwhile; raises LockedError."""
    waited = 0.0
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(store.lock(f"source-{name}", timeout=0))
                break
            except LockedError:
                if waited >= LOCK_TIMEOUT:
                    raise
            await clock.sleep(LOCK_PAUSE)
            waited += LOCK_PAUSE
        yield


async def _sync(
    plan: Plan,
    source: Source,
    store: Store,
    clock: Clock,
    options: Options,
    progress: Progress | None,
) -> SourceReport:
    memory = next((row for row in store.sources() if row.name == plan.name), None)
    known = store.files(memory.row) if memory else {}
    reread = memory is not None and bool(known) and memory.fingerprint != plan.fingerprint
    harvest = await source.collect(
        known, reread=reread, patient=options.patient, trust_loss=options.trust_loss
    )
    run = _Run(
        plan=plan,
        store=store,
        row=memory.row if memory else None,
        known=known,
        now=clock.now(),
        reread=reread,
        paths=harvest.paths,
        problems={path for path, file in known.items() if file.problem and path in harvest.paths},
    )
    done = 0
    for batch in _batches(harvest.documents):
        _record(run, _decide(run, batch), options)
        done += len(batch)
        if progress is not None:
            progress(plan.name, done, len(harvest.paths))
        await asyncio.sleep(0)  # let a signal stop us between batches
    # Those that declare their id come first: theirs is the better claim.
    for postponed in _batches(iter(sorted(run.postponed, key=lambda item: not item.draft.id))):
        _record(run, _judge_all(run, postponed, finally_=True), options)

    notice = _lose(run, harvest.missing, options)
    notices = [f"{problem.path}: {problem.reason}" for problem in harvest.problems]
    if notice:
        notices.insert(0, notice)
    if not options.dry_run and run.row is not None:
        store.finish(
            run.row,
            now=clock.now(),
            # Files still being written are looked at again as soon as they may be quiet.
            next_due=clock.now() + (min(plan.every, _SOON) if harvest.restless else plan.every),
            failure=None,
            notice="\n".join(notices) or None,
            fingerprint=plan.fingerprint,
        )
    tally = run.tally
    idle = not (tally.new or tally.changed or tally.withdrawn)
    return SourceReport(
        name=plan.name,
        outcome="unchanged" if idle else "ok",
        new=tally.new,
        changed=tally.changed,
        withdrawn=tally.withdrawn,
        reason=notice,
        problems=len(run.problems) + len(harvest.problems),
        restless=len(harvest.restless),
    )


_SOON = timedelta(seconds=2)


T = TypeVar("T")


def _batches(items: Iterator[T]) -> Iterator[list[T]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _record(run: _Run, changes: Sequence[Change], options: Options) -> None:
    if not options.dry_run and run.row is not None:
        run.store.record(run.row, changes, run.now)


# -- one batch -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """A document that is an article."""

    document: Document
    digest: bytes
    draft: Draft
    link: str | None


def _decide(run: _Run, batch: Sequence[Document | Unreadable]) -> list[Change]:
    """What to write about a batch of documents."""
    changes: list[Change] = []
    read: list[_Read] = []
    for document in batch:
        if isinstance(document, Unreadable):
            _add(run, changes, _unreadable(run, document.path, document.reason, document))
            continue
        data_digest = digest(document.data)
        before = run.known.get(document.path)
        if before and before.digest == data_digest and not run.reread and not before.problem:
            # Only its stat changed, as after a copy or a checkout.
            changes.append(_file_only(document, data_digest, before))
            continue
        try:
            read.append(_parse(run, document, data_digest))
        except ParseError as error:
            reason = f"{error} ({error.hint})" if error.hint else str(error)
            failed = Unreadable(path=document.path, reason=reason, stat=document.stat)
            _add(run, changes, _unreadable(run, document.path, reason, failed, data_digest))
    changes.extend(_judge_all(run, read, finally_=False))
    return changes


def _judge_all(run: _Run, read: Sequence[_Read], *, finally_: bool) -> list[Change]:
    """What happened to articles; unless `finally_`, doubtful ones are postponed."""
    changes: list[Change] = []
    candidates = _candidates(run, read)
    for one in candidates:
        # An article that an earlier batch of this run has added lies where it was read.
        if one.article.key in run.minted:
            run.live.setdefault(one.row, run.minted[one.article.key])
    run.taken |= {value_of(one.article.key) for one in candidates}
    for item in read:
        change = _judge(run, item, candidates, finally_=finally_)
        if change is None:
            run.postponed.append(item)
        else:
            run.judged.add(item.document.path)
            _add(run, changes, change)
    return changes


def _add(run: _Run, changes: list[Change], change: Change) -> None:
    """Keep a change unless the store already says just that."""
    if change.problem:
        run.problems.add(change.path)
    else:
        run.problems.discard(change.path)
    before = run.known.get(change.path)
    after = KnownFile(change.stat, change.digest, change.row, change.problem)
    if change.article is None and before == after and not run.reread:
        return
    changes.append(change)


def _file_only(document: Document, data_digest: bytes, before: KnownFile) -> Change:
    return Change(path=document.path, stat=document.stat, digest=data_digest, row=before.article)


def _unreadable(
    run: _Run, path: str, reason: str, failed: Unreadable, data_digest: bytes = b""
) -> Change:
    """A file that is no article now; the one it was, if any, stays as it is."""
    before = run.known.get(path)
    return Change(
        path=path,
        stat=failed.stat,
        digest=data_digest,
        row=before.article if before else None,
        problem=reason,
    )


def _parse(run: _Run, document: Document, data_digest: bytes) -> _Read:
    try:
        parser = run.parsers.get(document.form)
        if parser is None:
            parser = run.parsers[document.form] = run.plan.parser(document.form)
        draft = parser(document, run.plan.hints)
        link = draft.link or _templated(run.plan.policy.link, document.path)
        draft = run.plan.clean(draft, link)
    except FeedsvcError:
        raise
    except Exception as error:
        # Parsers and filters never end the sync of the other files, whatever a file holds.
        log.debug("%s: %s", document.source, document.path, exc_info=True)
        raise ParseError(f"cannot be parsed: {type(error).__name__}: {error}") from error
    return _Read(document=document, digest=data_digest, draft=draft, link=draft.link or link)


def _templated(template: str | None, path: str) -> str | None:
    """The link of an article that states none; `{path}` and `{name}` are without extension."""
    if template is None:
        return None
    from urllib.parse import quote  # noqa: PLC0415 - most sources have no template

    whole = path_key(path).removeprefix("path:")
    name = whole.rpartition("/")[2]
    return template.replace("{path}", quote(whole)).replace("{name}", quote(name, safe=""))


def _candidates(run: _Run, read: Iterable[_Read]) -> Candidates:
    """The stored articles that the documents of a batch may be."""
    if run.row is None:
        return Candidates(())
    keys: set[str] = set()
    declared: set[str] = set()
    links: set[str] = set()
    rows: set[int] = set()
    documents: set[bytes] = set()
    for item in read:
        path = item.document.path
        for key in (path_key(path), stable_key(item.draft, path)):
            # Ids are minted without the kind of key: `id: foo` and foo.txt mean the same one.
            keys |= {key, f"id:{value_of(key)}", f"path:{value_of(key)}"}
        documents.add(item.digest)
        if item.draft.id:
            declared.add(item.draft.id)
        if item.draft.link:
            links.add(item.draft.link)
        before = run.known.get(item.document.path)
        if before and before.article is not None:
            rows.add(before.article)
    return Candidates(
        run.store.find(
            run.row,
            declared=sorted(declared),
            links=sorted(links),
            keys=sorted(keys),
            rows=sorted(rows),
            documents=sorted(documents),
        )
    )


def _judge(run: _Run, item: _Read, candidates: Candidates, *, finally_: bool) -> Change | None:
    """What happened to one article; None if that depends on files that were not read yet."""
    path, draft, plan = item.document.path, item.draft, run.plan
    before = run.known.get(path)
    held = before.article if before else None
    claim = Claim(path=path, draft=draft, document=item.digest, row=held)
    found = candidates.match(claim, run.live)
    row = found.stored.row if found.stored else None
    if held is not None and held != row and run.live.get(held) == path:
        del run.live[held]  # it leaves this file to another article, whatever becomes of that
        run.left.add(held)
    if not finally_ and _doubtful(run, item, found):
        if row is not None and run.live.get(row) == path:
            del run.live[row]
        return None
    key = stable_key(draft, path)
    rival = found.rival or (None if found.stored else _twin(run, item, key))
    if rival is not None:
        if held is not None:
            run.live.setdefault(held, path)
        # Without its stat, so that it is looked at again when the other one goes.
        reason = f"would have the same id as {rival}: rename one, or give it an `id`"
        failed = Unreadable(path=path, reason=reason)
        return _unreadable(run, path, reason, failed, item.digest)
    if found.stored is None:
        run.minted[key] = path
        key = _free(run, key)
        run.minted[key] = path
        run.taken.add(value_of(key))
        run.tally.new += 1
        article = first_seen(
            draft,
            source=plan.name,
            key=key,
            guid=plan.authority.mint(plan.name, key),
            link=item.link,
            policy=plan.policy,
            now=run.now,
        )
        return _change(item, None, article)
    run.live[found.stored.row] = path
    revised = revise(
        found.stored.article,
        draft,
        link=item.link,
        policy=plan.policy,
        now=run.now,
        reread=run.reread and found.stored.document == item.digest,
    )
    if revised is not None:
        run.tally.changed += 1
    return _change(item, found.stored.row, revised)


def _change(item: _Read, row: int | None, article: Article | None) -> Change:
    return Change(
        path=item.document.path,
        stat=item.document.stat,
        digest=item.digest,
        declared=item.draft.id,
        row=row,
        article=article,
        warnings=item.draft.warnings,
    )


def _doubtful(run: _Run, item: _Read, found: Match) -> bool:
    """Whether a file that is still to be read may have more right to the article, or less."""
    if found.rival is not None:
        return found.rival not in run.judged  # it may declare another id by now
    # It declares nothing, its article does: that article may lie in another file by now.
    return found.stored is not None and found.stored.declared is not None and not item.draft.id


def _twin(run: _Run, item: _Read, key: str) -> str | None:
    """The file of an article new in this run whose id would be the same."""
    same = (key, f"path:{item.draft.id}") if item.draft.id else (key,)
    return next((run.minted[one] for one in same if one in run.minted), None)


def _free(run: _Run, key: str) -> str:
    """`key`, or a numbered variant of it that no article of the source has."""
    if value_of(key) in run.taken and run.row is not None:
        # Rare: an article moved away and another came to its path, perhaps more than once.
        kinds = {key.partition(":")[0], "id"}
        variants = [f"{kind}:{value_of(key)};{n}" for kind in kinds for n in range(2, 1000)]
        stored = run.store.find(
            run.row, declared=(), links=(), keys=variants, rows=(), documents=()
        )
        run.taken |= {value_of(one.article.key) for one in stored}
    return free_key(key, run.taken)


# -- what is gone --------------------------------------------------------------------------------


def _lose(run: _Run, missing: frozenset[str], options: Options) -> str | None:
    """Take the articles of deleted files out, or say why their loss is not believed."""
    plan = run.plan
    lost = {
        path
        for path in missing
        if (row := run.known[path].article) is not None and row not in run.live
    }
    notice = None
    articles = sum(file.article is not None for file in run.known.values()) if lost else 0
    if not options.trust_loss and not believable_loss(articles, len(lost)):
        notice = (
            f"{len(lost)} of {articles} files are missing at once: their articles stay until "
            f"`feedsvc sync --source {plan.name} --accept-loss`"
        )
        missing, lost = missing - lost, set()
    # A file that holds another article now says itself that it was not lost by accident.
    left = run.left - run.live.keys()
    if plan.on_delete == "withdraw":
        run.tally.withdrawn = len(lost) + len(left)
    if (missing or left) and not options.dry_run and run.row is not None:
        state = State.WITHDRAWN if plan.on_delete == "withdraw" else None
        taken = run.store.forget(run.row, sorted(missing), state, "its file was deleted", run.now)
        run.tally.withdrawn = taken
    return notice
