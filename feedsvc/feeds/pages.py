"""The pages for people: one per feed and one for the site, each announcing its feeds to readers.

Plain HTML, readable without a style sheet, light or dark as the reader's system is; no script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from feedsvc.feeds.values import local, safe
from feedsvc.model import FeedHead, Format
from feedsvc.text.html import escape

_NAMES = {Format.ATOM: "Atom", Format.RSS: "RSS", Format.JSON: "JSON Feed"}

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #5a6570; --line: #d9dee3;
  --paper: #fdfdfc; --accent: #b3470b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --soft: #9ba6b0; --line: #353c43;
  --paper: #16191c; --accent: #ff9d5c; } }
body { max-width: 42rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; color: var(--ink);
  background: var(--paper); font: 1.0625rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.125rem; line-height: 1.35; margin: 0; font-weight: 600; }
p { margin: .25rem 0; } a { color: var(--accent); text-underline-offset: .15em; }
.soft, time { color: var(--soft); font-size: .9375rem; }
.formats a { margin-right: .9em; }
ul { list-style: none; padding: 0; margin: 2rem 0 0; }
li { padding: .9rem 0; border-top: 1px solid var(--line); }
"""


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
    shown = "\n".join(_entry(head, line) for line in lines)
    listed = f"<ul>\n{shown}\n</ul>" if lines else '<p class="soft" lang="en">No entries yet.</p>'
    described = "" if head.description == head.title else f"<p>{_text(head.description)}</p>\n"
    return _page(
        title=head.title,
        language=head.language,
        links=[_announce(head, format) for format in head.urls],
        icon=head.icon,
        body=f"""<header>
<p class="soft"><a href="{escape(site_url)}/">{_text(site_title)}</a></p>
<h1>{_text(head.title)}</h1>
{described}{_formats(head)}
</header>
<main>
{listed}
</main>""",
    )


def site_page(heads: Sequence[FeedHead], *, title: str, language: str | None, url: str) -> bytes:
    """The page of the whole site: every feed."""
    shown = "\n".join(
        f'<li>\n<h2><a href="{escape(head.home)}">{_text(head.title)}</a></h2>\n'
        + ("" if head.description == head.title else f"<p>{_text(head.description)}</p>\n")
        + f"{_formats(head)}\n</li>"
        for head in heads
    )
    links = [_announce(head, format) for head in heads for format in head.urls]
    return _page(
        title=title,
        language=language,
        links=links,
        icon=next((head.icon for head in heads), None),
        body=f"""<header>
<h1>{_text(title)}</h1>
<p class="soft" lang="en">Subscribe with any feed reader, or take
<a href="{escape(url)}/opml.xml">all feeds as OPML</a>.</p>
</header>
<main>
<ul>
{shown}
</ul>
</main>""",
    )


def _page(
    *, title: str, language: str | None, links: Sequence[str], icon: str | None, body: str
) -> bytes:
    spoken = f' lang="{escape(language)}"' if language else ""
    head = "\n".join((*links, *([f'<link rel="icon" href="{escape(icon)}">'] if icon else ())))
    return f"""<!DOCTYPE html>
<html{spoken}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{_text(title)}</title>
{head}
<style>{_STYLE}</style>
</head>
<body>
{body}
</body>
</html>
""".encode()


def _announce(head: FeedHead, format: Format) -> str:
    # Autodiscovery: what a reader looks for when it is given the page's address.
    return (
        f'<link rel="alternate" type="{format.media_type}" '
        f'title="{_text(head.title)} ({_NAMES[format]})" href="{escape(head.urls[format])}">'
    )


def _formats(head: FeedHead) -> str:
    links = "\n".join(
        f'<a href="{escape(url)}">{_NAMES[format]}</a>' for format, url in head.urls.items()
    )
    return f'<p class="formats">{links}</p>'


def _entry(head: FeedHead, line: Line) -> str:
    when = local(line.published, head.zone)
    # A day without a time is stored as its midnight: that hour would be news to its author.
    shown = "%Y-%m-%d %H:%M" if when.hour or when.minute else "%Y-%m-%d"
    title, below = _text(line.title), f'<time datetime="{when.isoformat()}">{when:{shown}}</time>'
    if title:
        title = f"<h2>{_linked(title, line.link)}</h2>\n"
    else:  # a short post: its date leads to it, or nothing would
        below = _linked(below, line.link)
    if origin := _text(line.origin or ""):
        below += f' <span class="soft">· <bdi>{origin}</bdi></span>'
    spoken = f' lang="{escape(line.language)}"' if line.language else ""
    # HTML §3.2.6.4: an entry may be in another script than its feed, whatever language it states.
    return f'<li{spoken} dir="auto">\n{title}{below}\n</li>'


def _linked(shown: str, link: str | None) -> str:
    return f'<a href="{escape(link)}">{shown}</a>' if link else shown


def _text(text: str) -> str:
    return escape(safe(text))
