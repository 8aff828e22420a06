"""Articles of a folder, or of one file, each with a date that no clock has told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.app.inspect import read_bytes
from feedsvc.model import Document, Draft, FileStat, Harvest, Hints
from feedsvc.settings import Settings, Source

if TYPE_CHECKING:
    from feedsvc.ports import Parser


def of_path(settings: Settings, path: Path) -> Source:
    """A folder, or a file, as a source; an article gets the same id from both."""
    from feedsvc.config.names import made_of

    whole = path.resolve()
    folder = whole if whole.is_dir() else whole.parent
    return Source(
        name=made_of(folder.name) or "articles",
        kind="folder",
        path=whole,
        timezone=settings.site.timezone,
        max_bytes=settings.sync.max_bytes,
        settle=timedelta(0),  # what is written this moment is looked at as it is
    )


def form_of(path: Path) -> str | None:
    """The parser of an article; None for what is no article by its name."""
    from feedsvc.sources.folder.names import FORMS

    return FORMS.get(path.suffix.lower())


def dated(parser: Parser) -> Parser:
    """A parser that gives an article without a date that of its file."""

    def read(document: Document, hints: Hints) -> Draft:
        draft = parser(document, hints)
        if draft.published or draft.updated or document.stat is None:
            return draft
        moment = datetime.fromtimestamp(document.stat.mtime_ns // 1_000_000_000, UTC)
        return replace(draft, published=moment)

    return read


class ArticleFile:
    """The source of one article file; fits `ports.Source`."""

    def __init__(self, source: Source) -> None:
        self._source = source

    async def collect(self, *_: object, **__: object) -> Harvest:
        """All there is, whatever is known of it."""
        path = self._source.path
        assert path is not None  # noqa: S101 - of a folder
        told = path.stat()
        document = Document(
            source=self._source.name,
            path=path.name,
            data=read_bytes(path, self._source.max_bytes),
            form=form_of(path) or "plaintext",
            stat=FileStat(told.st_size, told.st_mtime_ns, told.st_ctime_ns),
        )
        return Harvest(documents=iter([document]), paths=frozenset({path.name}))
