"""The pages for people: of a feed, of a group, and of the site; they announce feeds to readers.

The page of an article is in `article_page.py`, what all pages share in `layout.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from feedsvc.feeds.layout import NOINDEX, announce, canonical, formats, page, words
from feedsvc.feeds.values import local
from feedsvc.model import FeedHead
from feedsvc.text.html import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """An entry as a page lists it; `origin` is the title of the feed it was copied from."""

    title: str
    link: str | None
    published: datetime
    language: str | None = None
    origin: str | None = None


def feed_page(head: FeedHead, lines: Sequence[Line], *, site_title: str, site_url: str) -> bytes:
    """The page of one feed: what it is, where to subscribe, and its newest entries."""
    shown = "\n".join(_entry(head.home, head.zone, line) for line in lines)
    listed = f"<ul>\n{shown}\n</ul>" if lines else '<p class="soft" lang="en">No entries yet.</p>'
    described = "" if head.description == head.title else f"<p>{words(head.description)}</p>\n"
    return page(
        title=head.title,
        language=head.language,
        links=[
            NOINDEX if head.private else canonical(head.home),
            *(announce(head, format) for format in head.urls),
        ],
        icon=head.icon,
        body=f"""<header>
<p class="soft"><a href="{escape(site_url)}/">{words(site_title)}</a></p>
<h1>{words(head.title)}</h1>
{described}{formats(head)}
</header>
<main>
{listed}
</main>""",
    )


def group_page(
    head: FeedHead, heads: Sequence[FeedHead], *, site_title: str, site_url: str
) -> bytes:
    """The page of a group: its feeds. It announces none, since nobody wants all of them."""
    listed = _feeds(heads) if heads else '<p class="soft" lang="en">No feeds yet.</p>'
    described = "" if head.description == head.title else f"\n<p>{words(head.description)}</p>"
    return page(
        title=head.title,
        language=head.language,
        links=[canonical(head.home)],
        icon=head.icon,
        body=f"""<header>
<p class="soft"><a href="{escape(site_url)}/">{words(site_title)}</a></p>
<h1>{words(head.title)}</h1>{described}
</header>
<main>
{listed}
</main>""",
    )


def site_page(heads: Sequence[FeedHead], *, title: str, language: str | None, url: str) -> bytes:
    """The page of the whole site: every feed."""
    links = [canonical(f"{url}/")]
    links += [announce(head, format) for head in heads for format in head.urls]
    return page(
        title=title,
        language=language,
        links=links,
        icon=next((head.icon for head in heads), None),
        body=f"""<header>
<h1>{words(title)}</h1>
<p class="soft" lang="en">Subscribe with any feed reader, or take
<a href="{escape(url)}/opml.xml">all feeds as OPML</a>.</p>
</header>
<main>
{_feeds(heads)}
</main>""",
    )


def _feeds(heads: Sequence[FeedHead]) -> str:
    shown = "\n".join(
        f'<li>\n<h2><a href="{escape(head.home)}">{words(head.title)}</a></h2>\n'
        + ("" if head.description == head.title else f"<p>{words(head.description)}</p>\n")
        + (f"{formats(head)}\n</li>" if head.urls else "</li>")
        for head in heads
    )
    return f"<ul>\n{shown}\n</ul>"


@lru_cache(maxsize=2048)  # the daemon writes a page again for one entry in fifty that changed
def _entry(home: str, zone: ZoneInfo, line: Line) -> str:
    when = local(line.published, zone)
    # A day without a time is stored as its midnight: that hour would be news to its author.
    shown = "%Y-%m-%d %H:%M" if when.hour or when.minute else "%Y-%m-%d"
    title, below = words(line.title), f'<time datetime="{when.isoformat()}">{when:{shown}}</time>'
    if title:
        title = f"<h2>{_linked(title, line.link)}</h2>\n"
    else:  # a short post: its date leads to it, or nothing would
        below = _linked(below, line.link)
    if origin := words(line.origin or ""):
        below += f' <span class="soft">· <bdi>{origin}</bdi></span>'
    spoken = f' lang="{escape(line.language)}"' if line.language else ""
    # HTML §3.2.6.4: an entry may be in another script than its feed, whatever language it states.
    return f'<li{_anchor(home, line)}{spoken} dir="auto">\n{title}{below}\n</li>'


def _anchor(home: str, line: Line) -> str:
    """The mark of an entry that has its place on this very page, as the edition of a digest."""
    here, _, mark = (line.link or "").partition("#")
    return f' id="{escape(mark)}"' if mark and here == home else ""


def _linked(shown: str, link: str | None) -> str:
    return f'<a href="{escape(link)}">{shown}</a>' if link else shown
