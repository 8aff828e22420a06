"""The documents that are not feeds, put together for one site; each is imported when it is made."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from feedsvc.model import Article, Entry, FeedHead
from feedsvc.ports import Listed, Member
from feedsvc.regenerate import Pages
from feedsvc.regenerate.press import page_url
from feedsvc.settings import Site


def pages_of(site: Site) -> Pages:
    """The pages and lists of a site, for the press."""

    def feed(head: FeedHead, members: Sequence[Member]) -> bytes:
        from feedsvc.feeds.pages import Line, feed_page

        lines = [
            Line(
                title=m.title,
                link=m.link or (page_url(site, m.slug) if m.slug else None),
                published=m.published,
                language=m.language,
                origin=m.origin,
            )
            for m in members
        ]
        return feed_page(head, lines, site_title=site.title, site_url=site.base_url)

    def group(head: FeedHead, heads: Sequence[FeedHead]) -> bytes:
        from feedsvc.feeds.pages import group_page

        return group_page(head, heads, site_title=site.title, site_url=site.base_url)

    def home(heads: Sequence[FeedHead]) -> bytes:
        from feedsvc.feeds.pages import site_page

        return site_page(heads, title=site.title, language=site.language, url=site.base_url)

    def opml(heads: Sequence[FeedHead]) -> bytes:
        from feedsvc.feeds.opml import opml

        return opml(heads, title=site.title)

    def article(entry: Entry, url: str, feeds: Sequence[FeedHead]) -> bytes:
        from feedsvc.feeds.article_page import article_page

        return article_page(entry, url, feeds, site=site)

    def sitemap(places: Iterable[tuple[str, datetime]]) -> bytes:
        from feedsvc.feeds.sitemap import sitemap

        return sitemap(places)

    def sitemap_index(parts: Iterable[tuple[str, datetime]]) -> bytes:
        from feedsvc.feeds.sitemap import sitemap_index

        return sitemap_index(parts)

    def sitemap_news(listed: Sequence[Listed], articles: Mapping[int, Article]) -> bytes | None:
        from feedsvc.feeds.sitemap import news_sitemap

        return news_sitemap(listed, articles, site=site)

    return Pages(
        feed=feed,
        group=group,
        site=home,
        opml=opml,
        article=article,
        sitemap=sitemap,
        sitemap_index=sitemap_index,
        sitemap_news=sitemap_news,
    )
