"""Documents -> drafts, and what to write about those that are no articles."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from feedsvc.decide import digest, path_key
from feedsvc.errors import FeedsvcError, ParseError
from feedsvc.model import Document, Unreadable
from feedsvc.ports import Change, KnownFile
from feedsvc.sync.judge import judge_all
from feedsvc.sync.run import Read, Run, keep, unreadable

log = logging.getLogger(__name__)


def read_batch(run: Run, batch: Sequence[Document | Unreadable]) -> list[Change]:
    """What to write about a batch of documents."""
    changes: list[Change] = []
    read: list[Read] = []
    for document in batch:
        if isinstance(document, Unreadable):
            keep(run, changes, unreadable(run, document))
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
            failed = Unreadable(path=document.path, reason=error.line, stat=document.stat)
            keep(run, changes, unreadable(run, failed, data_digest))
    changes.extend(judge_all(run, read, finally_=False))
    return changes


def _file_only(document: Document, data_digest: bytes, before: KnownFile) -> Change:
    return Change(path=document.path, stat=document.stat, digest=data_digest, row=before.article)


def _parse(run: Run, document: Document, data_digest: bytes) -> Read:
    try:
        parser = run.parsers.get(document.form)
        if parser is None:
            parser = run.parsers[document.form] = run.plan.parser(document.form)
        draft = parser(document, run.plan.hints)
        link = draft.link or _templated(run.plan.policy.link, document.path)
        draft = run.plan.clean(draft, link)
    except ParseError:
        raise
    except FeedsvcError as error:  # the parser of this form cannot be had, or says it its own way
        raise ParseError(str(error), hint=error.hint) from error
    except Exception as error:
        # Parsers and filters never end the sync of the other files, whatever a file holds.
        log.debug("%s: %s", document.source, document.path, exc_info=True)
        raise ParseError(f"cannot be parsed: {type(error).__name__}: {error}") from error
    return Read(document=document, digest=data_digest, draft=draft, link=draft.link or link)


def _templated(template: str | None, path: str) -> str | None:
    """The link of an article that states none; `{path}` and `{name}` are without extension."""
    if template is None:
        return None
    from urllib.parse import quote  # most sources have no template

    whole = path_key(path).removeprefix("path:")
    name = whole.rpartition("/")[2]
    return template.replace("{path}", quote(whole)).replace("{name}", quote(name, safe=""))
