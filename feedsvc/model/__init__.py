"""The values that travel through feedsvc, in the order the article walks.

    Document -> Draft -> Article -> Entry
    Response -> Reading (a SourceHead and many Drafts) -> Article -> Entry

All are frozen. Times are aware and in UTC; text is NFC and free of characters XML cannot hold once
a draft has passed `filters/`. One file for each subject; everybody imports from here.

documents.py   what a source holds
reading.py     what a parser read of a remote feed
articles.py    the article itself: draft, stored, in a feed
feeds.py       what we publish
telling.py     what operators and other servers are told
moments.py     times
"""

from __future__ import annotations

from feedsvc.model.articles import (
    Article,
    Draft,
    Enclosure,
    Entry,
    Image,
    Origin,
    Person,
    State,
    Verdict,
)
from feedsvc.model.documents import Document, FileStat, Harvest, Hints, Unreadable
from feedsvc.model.feeds import ArchiveLinks, FeedHead, Format, Podcast
from feedsvc.model.moments import iso_utc, utc
from feedsvc.model.reading import Pace, Reading, SourceHead, Tombstone
from feedsvc.model.telling import LEVELS, Finding, LogEntry, Problem, Word

__all__ = [
    "LEVELS",
    "ArchiveLinks",
    "Article",
    "Document",
    "Draft",
    "Enclosure",
    "Entry",
    "FeedHead",
    "FileStat",
    "Finding",
    "Format",
    "Harvest",
    "Hints",
    "Image",
    "LogEntry",
    "Origin",
    "Pace",
    "Person",
    "Podcast",
    "Problem",
    "Reading",
    "SourceHead",
    "State",
    "Tombstone",
    "Unreadable",
    "Verdict",
    "Word",
    "iso_utc",
    "utc",
]
