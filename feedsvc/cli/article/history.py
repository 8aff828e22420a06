"""`feedsvc article history`: how an article read before, and what was corrected when."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console, shown, when
from feedsvc.model import Article, iso_utc

if TYPE_CHECKING:
    from feedsvc.ports import Standing, Version
    from feedsvc.text.compare import Piece

    Changes = Mapping[str, Sequence[Sequence[Piece]]]

_EXAMPLES = """\
  feedsvc article history news/harbour
  feedsvc article history news/harbour --json
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the verb on the command line."""
    parser = add_command(
        commands,
        common,
        "history",
        _history,
        help="what changed in an article, and when",
        description="Show the revisions of an article with what differs between them: [-words "
        "that went-] and {+words that came+}.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "id", metavar="ID", help="as `article list` prints it, or the address it is read at"
    )


def _history(console: Console) -> int:
    from feedsvc.cli.article.documents import named

    with console.app() as app:
        articles = app.store.of_ids(named(app, console.args.id))
        versions = [app.store.history(one) for one in articles]
        standings = app.store.standings(articles)
    told = list(zip(articles, versions, standings, strict=True))
    if console.args.json:
        console.document("history", {"articles": [_document(*one) for one in told]})
        return 0
    for number, one in enumerate(told):
        if number:
            console.result("")
        for line in _lines(console, *one):
            console.result(shown(line))
    return 0


# -- for people ------------------------------------------------------------------------------------


def _lines(
    console: Console, article: Article, versions: Sequence[Version], standing: Standing
) -> Iterator[str]:
    from feedsvc.text.compare import marked

    zone = console.settings.site.timezone
    yield f"{article.guid} ({article.source})"
    for before, version in pairwise((None, *versions)):
        if version is None:
            continue
        word = "first seen" if before is None else "changed"
        yield f"revision {version.number}, {word} {when(version.since, zone)}: {version.title}"
        if before is None:
            continue
        changes = _changes(before, version)
        for name, paragraphs in changes.items():
            for pieces in paragraphs:
                yield f"  {name}: {marked(pieces)}"
        others = [name for name in _others(before, version, changes) if name not in changes]
        if others:
            yield f"  also: {', '.join(others)}"
        elif not changes:
            yield "  nothing that is read"
    if standing.pruned is not None:
        yield f"pruned {when(standing.pruned, zone)}: what it said is no longer kept"
    if standing.verdict is not None and standing.at is not None:
        reason = f": {standing.reason}" if standing.reason else ""
        yield f"{standing.verdict.value} {when(standing.at, zone)}{reason}"


# -- for scripts -----------------------------------------------------------------------------------


def _document(article: Article, versions: Sequence[Version], standing: Standing) -> dict[str, Any]:
    return {
        "id": article.guid,
        "source": article.source,
        "verdict": standing.verdict.value if standing.verdict else None,
        "verdict_at": iso_utc(standing.at) if standing.at else None,
        "reason": standing.reason,
        "pruned_at": iso_utc(standing.pruned) if standing.pruned else None,
        "revisions": [
            _revision(before, version)
            for before, version in pairwise((None, *versions))
            if version is not None
        ],
    }


def _revision(before: Version | None, version: Version) -> dict[str, Any]:
    changes = {} if before is None else _changes(before, version)
    return {
        "number": version.number,
        "since": iso_utc(version.since),
        "until": iso_utc(version.until) if version.until else None,
        "updated": iso_utc(version.updated),
        "title": version.title,
        "summary": version.summary,
        "content_html": version.html,
        "changes": {
            name: [[piece._asdict() for piece in pieces] for pieces in paragraphs]
            for name, paragraphs in changes.items()
        },
        "others": [] if before is None else _others(before, version, changes),
    }


# -- for both --------------------------------------------------------------------------------------


def _changes(before: Version, version: Version) -> Changes:
    """What changed in the title, the paragraphs of summary and text, the authors and the tags."""
    from feedsvc.text.compare import compare_all, paragraphs

    found = {
        "title": compare_all([before.title], [version.title]),
        "summary": compare_all(_lines_of(before.summary), _lines_of(version.summary)),
        "text": compare_all(paragraphs(before.html), paragraphs(version.html)),
        "authors": _exchanged(_authors(before), _authors(version)),
        "tags": _exchanged(before.fields.get("tags"), version.fields.get("tags")),
    }
    return {name: changed for name, changed in found.items() if changed}


def _lines_of(text: str | None) -> list[str]:
    return [line for line in (text or "").splitlines() if line.strip()]


def _authors(version: Version) -> list[str]:
    return [name for name, *_ in version.fields.get("authors", ()) if name]


def _exchanged(before: Sequence[str] | None, now: Sequence[str] | None) -> list[tuple[Piece, ...]]:
    """What went from a list and what came into it, in one line; nothing for another order."""
    from feedsvc.text.compare import Piece

    gone = [Piece("delete", one) for one in before or () if one not in (now or ())]
    come = [Piece("insert", one) for one in now or () if one not in (before or ())]
    return [(*gone, *come)] if gone or come else []


def _others(before: Version, version: Version, changes: Changes) -> list[str]:
    """What differs beside the words: who wrote it, pictures, markup that does not change a word."""
    names = sorted(before.fields.keys() | version.fields.keys())
    found = [name for name in names if before.fields.get(name) != version.fields.get(name)]
    if before.html != version.html and "text" not in changes:
        found.append("markup")
    return found
