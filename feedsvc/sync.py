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
from itertools import islice
from typing import Literal

from feedsvc.decide import (
    Authority,
    Claim,
    Policy,
    believable_loss,
    digest,
    first_seen,
    free_key,
    match,
    path_key,
    revise,
    stable_key,
)
from feedsvc.errors import FeedsvcError, LockedError, ParseError, SourceError
from feedsvc.model import Document, Draft, Hints, State, Unreadable
from feedsvc.ports import Change, Clock, KnownFile, Parser, Progress, Source, Store, Stored

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


@dataclass(slots=True)
class _Run:
    """One sync of one source while it goes on."""

    plan: Plan
    store: Store
    row: int | None  # none in a dry run of a source never synced
    known: dict[str, KnownFile]
    now: datetime
    reread: bool
    live: dict[int, str] = field(default_factory=dict)  # article row -> path of its file
    minted: dict[str, str] = field(default_factory=dict)  # new key -> path, in this run
    problems: set[str] = field(default_factory=set)
    tally: _Tally = field(default_factory=_Tally)


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
        live={
            file.article: path
            for path, file in known.items()
            if file.article is not None and path in harvest.paths
        },
        problems={path for path, file in known.items() if file.problem and path in harvest.paths},
    )
    done = 0
    for batch in _batches(harvest.documents):
        changes = _decide(run, batch)
        if not options.dry_run and run.row is not None:
            store.record(run.row, changes, run.now)
        done += len(batch)
        if progress is not None:
            progress(plan.name, done, len(harvest.paths))
        await asyncio.sleep(0)  # let a signal stop us between batches

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


def _batches(
    documents: Iterator[Document | Unreadable],
) -> Iterator[list[Document | Unreadable]]:
    while batch := list(islice(documents, BATCH)):
        yield batch


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
    stored = _candidates(run, read)
    taken = {s.article.key for s in stored}
    for item in read:
        _add(run, changes, _judge(run, item, stored, taken))
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
        draft = run.plan.parser(document.form)(document, run.plan.hints)
    except FeedsvcError:
        raise
    except Exception as error:
        # A parser must never end the sync of the other files, whatever a file holds.
        log.debug("%s: %s", document.source, document.path, exc_info=True)
        raise ParseError(f"cannot be parsed: {type(error).__name__}: {error}") from error
    link = draft.link or _templated(run.plan.policy.link, document.path)
    draft = run.plan.clean(draft, link)
    return _Read(document=document, digest=data_digest, draft=draft, link=draft.link or link)


def _templated(template: str | None, path: str) -> str | None:
    """The link of an article that states none; `{path}` and `{name}` are without extension."""
    if template is None:
        return None
    from urllib.parse import quote  # noqa: PLC0415 - most sources have no template

    whole = path_key(path).removeprefix("path:")
    name = whole.rpartition("/")[2]
    return template.replace("{path}", quote(whole)).replace("{name}", quote(name, safe=""))


def _candidates(run: _Run, read: Iterable[_Read]) -> list[Stored]:
    """The stored articles that the documents of a batch may be."""
    if run.row is None:
        return []
    keys: set[str] = set()
    declared: set[str] = set()
    links: set[str] = set()
    rows: set[int] = set()
    documents: set[bytes] = set()
    for item in read:
        keys |= {path_key(item.document.path), stable_key(item.draft, item.document.path)}
        documents.add(item.digest)
        if item.draft.id:
            declared.add(item.draft.id)
        if item.draft.link:
            links.add(item.draft.link)
        before = run.known.get(item.document.path)
        if before and before.article is not None:
            rows.add(before.article)
    if not keys:
        return []
    return list(
        run.store.find(
            run.row,
            declared=sorted(declared),
            links=sorted(links),
            keys=sorted(keys),
            rows=sorted(rows),
            documents=sorted(documents),
        )
    )


def _judge(run: _Run, item: _Read, stored: Sequence[Stored], taken: set[str]) -> Change:
    """What happened to one article."""
    path, draft = item.document.path, item.draft
    before = run.known.get(path)
    claim = Claim(
        path=path, draft=draft, document=item.digest, row=before.article if before else None
    )
    found = match(claim, stored, run.live)
    key = stable_key(draft, path)
    rival = found.rival or (run.minted.get(key) if found.stored is None else None)
    if rival is not None:
        # Without its stat, so that it is looked at again when the other one goes.
        failed = Unreadable(
            path=path,
            reason=f"would have the same id as {rival}: rename one, or give it an `id`",
        )
        return _unreadable(run, path, failed.reason, failed, item.digest)
    change = Change(
        path=path,
        stat=item.document.stat,
        digest=item.digest,
        declared=draft.id,
        warnings=draft.warnings,
    )
    plan = run.plan
    if found.stored is None:
        run.minted[key] = path
        key = free_key(key, taken)
        taken.add(key)
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
        return replace(change, article=article)
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
    return replace(change, row=found.stored.row, article=revised)


# -- what is gone --------------------------------------------------------------------------------


def _lose(run: _Run, missing: frozenset[str], options: Options) -> str | None:
    """Take the articles of deleted files out, or say why their loss is not believed."""
    plan = run.plan
    lost = {
        path
        for path in missing
        if (row := run.known[path].article) is not None and row not in run.live
    }
    articles = sum(file.article is not None for file in run.known.values())
    if not options.trust_loss and not believable_loss(articles, len(lost)):
        return (
            f"{len(lost)} of {articles} files are missing at once: their articles stay until "
            f"`feedsvc sync --source {plan.name} --accept-loss`"
        )
    if plan.on_delete == "withdraw":
        run.tally.withdrawn = len(lost)
    if missing and not options.dry_run and run.row is not None:
        state = State.WITHDRAWN if plan.on_delete == "withdraw" else None
        taken = run.store.forget(run.row, sorted(missing), state, "its file was deleted", run.now)
        run.tally.withdrawn = taken
    return None
