"""Which addresses readers know: the documents of all feeds, and those of the site."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from feedsvc.app.doctor.case import Case
from feedsvc.errors import FeedsvcError
from feedsvc.settings import Settings

_ARCHIVED = re.compile(r"(?:.*/)?archive/[0-9]+/[^/]+", re.DOTALL)
_PAGES = "_pages"  # the pages of articles: nobody polls them
_FIRST = ("atom", "rss", "json", "html", "opml", "sitemap")


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One of our documents, and where readers find it."""

    path: str  # in the output directory
    url: str
    format: str  # atom | rss | json | opml | html | sitemap
    private: bool = False
    file: Path

    @property
    def is_feed(self) -> bool:
        return self.format in {"atom", "rss", "json"}

    def body(self) -> bytes | None:
        """What lies on the disk; None if nothing does that we may read."""
        try:
            return self.file.read_bytes()
        except OSError:
            return None


def documents(case: Case) -> tuple[Document, ...]:
    """Every document that is asked for by itself, those that readers poll first."""
    settings = case.settings
    if settings is None:
        return ()
    found = _published(case, settings) or _configured(settings)
    return tuple(sorted(found, key=lambda one: (_FIRST.index(one.format), one.private, one.path)))


def _published(case: Case, settings: Settings) -> list[Document]:
    """What the ledger says; nothing if it cannot be read."""
    look = case.look
    if look is None or not look.path.exists():
        return []
    from feedsvc.store.look import NEWEST

    private = {feed.name for feed in settings.feeds if feed.private}
    try:
        if look.revision() != NEWEST:
            return []
        with look.store(settings.feeds) as store:
            ledger = store.ledger()
    except FeedsvcError:  # which the checks of the database tell
        return []
    return [
        _document(settings, path, line.format, private=_group(line.feed) in private)
        for path, line in ledger.items()
        if line.feed != _PAGES and line.format in _FIRST and not _ARCHIVED.fullmatch(path)
    ]


def _group(feed: str | None) -> str:
    return (feed or "").partition("/")[0]


def _configured(settings: Settings) -> list[Document]:
    """What there has to be by the configuration alone."""
    feeds = [feed for feed in settings.feeds if feed.per is None and not feed.private]
    return [
        *(
            _document(settings, f"{feed.name}/{format.filename}", format.value)
            for feed in feeds
            for format in feed.formats
        ),
        _document(settings, "index.html", "html"),
        _document(settings, "opml.xml", "opml"),
    ]


def _document(settings: Settings, path: str, format: str, *, private: bool = False) -> Document:
    # The page of a folder is known by the address of that.
    shown = path.removesuffix("index.html") if format == "html" else path
    return Document(
        path=path,
        url=f"{settings.site.base_url}/{quote(shown)}",
        format=format,
        private=private or path.startswith("_ops/"),
        file=settings.publish.directory / path,
    )
