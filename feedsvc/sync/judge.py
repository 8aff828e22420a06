"""Drafts -> changes: which stored article each one is, and what happened to it.

The rules are in `decide.py`; here they meet the store and the other files of the same run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from feedsvc.decide import (
    Candidates,
    Claim,
    Match,
    first_seen,
    free_key,
    path_key,
    revise,
    stable_key,
    value_of,
)
from feedsvc.model import Article, Unreadable
from feedsvc.ports import Change
from feedsvc.sync.run import Read, Run, keep, unreadable


def judge_all(run: Run, read: Sequence[Read], *, finally_: bool) -> list[Change]:
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
            keep(run, changes, change)
    _count_struck(run, changes)
    return changes


def _count_struck(run: Run, changes: Sequence[Change]) -> None:
    """What its operator has taken down already is no news, under whatever name it comes."""
    fresh = [one for one in changes if one.row is None and one.article is not None]
    if fresh:
        articles = [one.article for one in fresh if one.article is not None]
        run.tally.new -= len(run.store.struck(run.row, articles, [one.digest for one in fresh]))


def _candidates(run: Run, read: Iterable[Read]) -> Candidates:
    """The stored articles that the documents of a batch may be."""
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


def _judge(run: Run, item: Read, candidates: Candidates, *, finally_: bool) -> Change | None:
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
        return unreadable(run, failed, item.digest)
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
    if found.stored.erased:
        # Known, and never written again: not even what its parser complains of.
        silent = replace(item, draft=replace(draft, warnings=()))
        return _change(silent, found.stored.row, None)
    revised = revise(
        found.stored.article,
        draft,
        link=item.link,
        policy=plan.policy,
        now=run.now,
        reread=run.reread and found.stored.document == item.digest,
    )
    if revised is not None and found.stored.verdict is None:
        run.tally.changed += 1
    return _change(item, found.stored.row, revised)


def _change(item: Read, row: int | None, article: Article | None) -> Change:
    return Change(
        path=item.document.path,
        stat=item.document.stat,
        digest=item.digest,
        declared=item.draft.id,
        row=row,
        article=article,
        warnings=item.draft.warnings,
    )


def _doubtful(run: Run, item: Read, found: Match) -> bool:
    """Whether a file that is still to be read may have more right to the article, or less."""
    if found.rival is not None:
        return found.rival not in run.judged  # it may declare another id by now
    # It declares nothing, its article does: that article may lie in another file by now.
    return found.stored is not None and found.stored.declared is not None and not item.draft.id


def _twin(run: Run, item: Read, key: str) -> str | None:
    """The file of an article new in this run whose id would be the same."""
    same = (key, f"path:{item.draft.id}") if item.draft.id else (key,)
    return next((run.minted[one] for one in same if one in run.minted), None)


def _free(run: Run, key: str) -> str:
    """`key`, or a numbered variant of it that no article of the source has."""
    if value_of(key) in run.taken:
        # Rare: an article moved away and another came to its path, perhaps more than once.
        kinds = {key.partition(":")[0], "id"}
        variants = [f"{kind}:{value_of(key)};{n}" for kind in kinds for n in range(2, 1000)]
        stored = run.store.find(
            run.row, declared=(), links=(), keys=variants, rows=(), documents=()
        )
        run.taken |= {value_of(one.article.key) for one in stored}
    return free_key(key, run.taken)
