"""What an edition of a digest says: its articles one below the other, and a title for the day.

Where there is very much, it is bounded: after so much text there are only titles, then a count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from feedsvc.decide import seen
from feedsvc.decide.periods import Period
from feedsvc.model import Article
from feedsvc.ports import Edition, Released, Store
from feedsvc.settings import Feed, Site
from feedsvc.text.daywords import and_more, digest_title
from feedsvc.text.html import cut, escape, plain

FORM = "2"
"""The version of what an edition looks like: another one is another content."""

MOST = 1_000
"""Articles that one edition names; the others it counts."""

_WHOLE = 200_000  # characters of HTML, after which an edition only names titles
_AT_ONCE = 50  # articles read together
_EXCERPT = 300  # characters of a text whose source gave no summary
_TITLE = 100  # characters of a text that stand for a title
_SUMMARY = 1_000  # characters of titles


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """One edition before its texts are read."""

    period: Period
    edition: Edition
    members: Sequence[Released]  # in order of publication
    pages: Mapping[int, str]  # addresses of pages, for those without a link


def language_of(feed: Feed, site: Site) -> str | None:
    """The language an edition is written in, around its articles."""
    return feed.language or site.language


def article_of(store: Store, feed: Feed, site: Site, guid: str, issue: Issue) -> Article:
    """The edition as an article, with the texts of those it tells of."""
    period, language = issue.period, language_of(feed, site)
    titles: list[str] = []
    parts: list[str] = []
    size = 0
    for some in _some(issue.members[:MOST]):
        # Of what is named only, the title is known already, if it has one.
        rows = [one.row for one in some if size < _WHOLE or not one.title.strip()]
        read = store.articles(rows) if rows else {}
        for one in some:
            whole = read.get(one.row)
            title = _title(one, whole)
            head = _head(title, one.link or issue.pages.get(one.row))
            text = "" if whole is None else _byline(whole) + _text(feed, whole)
            part = _spoken(head + (text if size + len(text) <= _WHOLE else ""), whole, language)
            titles.append(title)
            parts.append(part)
            size += len(part)
    if len(issue.members) > MOST:
        parts.append(f"<p>{escape(and_more(len(issue.members) - MOST, language))}</p>")
    article = Article(
        source=f"feed:{feed.name}",  # no source can be called so
        key=f"digest:{period.name}",
        guid=f"{guid}/{period.name}",
        title=digest_title(period.first, period.last, language),
        # Of a private feed the page has a secret address, another one for each key.
        link=None if feed.private else f"{site.base_url}/{feed.name}/#{period.name}",
        html="\n".join(parts),
        summary=cut(" · ".join(titles), _SUMMARY),
        published=period.end,
        updated=issue.edition.updated,
        first_seen=period.end,
        language=language,
    )
    return replace(article, seen=seen(article))


def _some(members: Sequence[Released]) -> Iterator[Sequence[Released]]:
    for start in range(0, len(members), _AT_ONCE):
        yield members[start : start + _AT_ONCE]


def _head(title: str, address: str | None) -> str:
    words = escape(title)
    return f'<h2><a href="{escape(address)}">{words}</a></h2>' if address else f"<h2>{words}</h2>"


def _title(one: Released, whole: Article | None) -> str:
    """Its title, or what may stand for one."""
    words = one.title.strip()
    if not words and whole is not None:
        words = whole.summary or whole.subtitle or plain(whole.html, _TITLE)
    return cut(" ".join((words or one.link or one.guid).split()), 3 * _TITLE)


def _byline(one: Article) -> str:
    names = ", ".join(person.name for person in one.authors)
    return f"<p><em>{escape(names)}</em></p>" if names else ""


def _text(feed: Feed, one: Article) -> str:
    """What the feed gives of its text; of `given`, what there is."""
    summary = one.summary or ""
    if feed.full_text:
        whole = one.html.strip()
        if whole:
            return whole
    else:
        summary = summary or plain(one.html, _EXCERPT)
    return f"<p>{escape(summary)}</p>" if summary.strip() else ""


def _spoken(part: str, one: Article | None, language: str | None) -> str:
    """A part in another language than the rest says so."""
    if one is None or not one.language or one.language == language:
        return part
    return f'<div lang="{escape(one.language)}">{part}</div>'
