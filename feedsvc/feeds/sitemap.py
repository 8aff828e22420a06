"""Sitemaps for search engines (sitemaps.org 0.9), and the one of the last two days for Google News.

An address may stand in a sitemap only if it is on the sitemap's own host, and once: whoever lists
addresses sees to the first, the other is seen to here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

from feedsvc.feeds.values import safe
from feedsvc.feeds.words import title_of
from feedsvc.model import Article
from feedsvc.ports import Listed
from feedsvc.settings import Site
from feedsvc.text.html import escape, plain
from feedsvc.text.language import guess_language

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>'
_CHINESE = {"hans": "zh-cn", "cn": "zh-cn", "sg": "zh-cn", "hant": "zh-tw", "tw": "zh-tw"}
_READ = 2_000  # characters of a text that tell its language


def sitemap(places: Iterable[tuple[str, datetime]]) -> bytes:
    """The addresses, each with when it last changed."""
    return _document("urlset", "url", places)


def sitemap_index(parts: Iterable[tuple[str, datetime]]) -> bytes:
    """Where the parts of a sitemap are, each with when it last changed."""
    return _document("sitemapindex", "sitemap", parts)


def news_sitemap(
    listed: Sequence[Listed], articles: Mapping[int, Article], *, site: Site
) -> bytes | None:
    """The articles of the last two days; None if none of them can be listed.

    `articles` are those of which `listed` tells no title, or neither they nor the site a language:
    one whose language nobody knows is left out, since Google asks for it.
    """
    found = [entry for one in _once(listed) if (entry := _news(one, articles.get(one.row), site))]
    if not found:
        return None
    top = f'<urlset xmlns="{_NAMESPACE}" xmlns:news="{_NEWS}">'
    return "\n".join((_DECLARATION, top, *found, "</urlset>\n")).encode()


def _document(root: str, item: str, places: Iterable[tuple[str, datetime]]) -> bytes:
    lines = [_DECLARATION, f'<{root} xmlns="{_NAMESPACE}">']
    seen: set[str] = set()
    for url, changed in places:
        if url not in seen:
            seen.add(url)
            lines.append(
                f"<{item}><loc>{escape(url)}</loc><lastmod>{_date(changed)}</lastmod></{item}>"
            )
    return "\n".join((*lines, f"</{root}>\n")).encode()


def _once(listed: Sequence[Listed]) -> Iterator[Listed]:
    seen: set[str] = set()
    for one in listed:
        if one.url not in seen:
            seen.add(one.url)
            yield one


def _news(one: Listed, article: Article | None, site: Site) -> str | None:
    title = safe(one.title) or (title_of(article) if article else "")
    language = one.language or site.language
    if language is None and article is not None:
        language = guess_language(plain(article.html, _READ))
    if not (title and language):
        return None
    return (
        f"<url><loc>{escape(one.url)}</loc><news:news><news:publication>"
        f"<news:name>{escape(safe(site.title))}</news:name>"
        f"<news:language>{news_language(language)}</news:language></news:publication>"
        f"<news:publication_date>{_date(one.published)}</news:publication_date>"
        f"<news:title>{escape(title)}</news:title></news:news></url>"
    )


def news_language(language: str) -> str:
    """The language as Google News writes it: ISO 639, but `zh-cn` and `zh-tw` for Chinese."""
    first, *rest = language.lower().split("-")
    if first != "zh":
        return first
    return next((_CHINESE[part] for part in rest if part in _CHINESE), "zh-cn")


def _date(moment: datetime) -> str:
    """W3C Datetime, in UTC."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
