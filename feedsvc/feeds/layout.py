"""What all pages for people share: the document around them, its look, and how feeds are announced.

Plain HTML, readable without a style sheet, light or dark as the reader's system is; no script.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from feedsvc.feeds.values import safe
from feedsvc.model import FeedHead, Format
from feedsvc.text.html import escape

NAMES = {Format.ATOM: "Atom", Format.RSS: "RSS", Format.JSON: "JSON Feed"}

NOINDEX = '<meta name="robots" content="noindex">'

# BCP 47: the languages that are written from right to left unless a script is named, and scripts.
_LEFTWARDS = re.compile(
    r"(?:ar|arc|ckb|dv|fa|he|iw|ks|nqo|ps|sd|syr|ug|ur|yi)(?:-(?!(?:latn|cyrl|deva)\b).*)?"
    r"|.*-(?:arab|hebr|nkoo|syrc|thaa)(?:-.*)?",
    re.IGNORECASE,
)

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2329; --soft: #5a6570; --line: #d9dee3;
  --paper: #fdfdfc; --accent: #b3470b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8ea; --soft: #9ba6b0; --line: #353c43;
  --paper: #16191c; --accent: #ff9d5c; } }
body { max-width: 42rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; color: var(--ink);
  background: var(--paper); font: 1.0625rem/1.6 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.75rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.125rem; line-height: 1.35; margin: 0; font-weight: 600; }
h1, h2 { -webkit-hyphens: auto; hyphens: auto; hyphenate-limit-chars: 15 5 4; }
p { margin: .25rem 0; } a { color: var(--accent); text-underline-offset: .15em; }
.soft, time { color: var(--soft); font-size: .9375rem; }
.formats a { margin-inline-end: .9em; }
"""
LIST = """
ul { list-style: none; padding: 0; margin: 2rem 0 0; }
li { padding: .9rem 0; border-top: 1px solid var(--line); }
"""


def page(
    *,
    title: str,
    language: str | None,
    links: Sequence[str],
    icon: str | None,
    body: str,
    style: str = LIST,
) -> bytes:
    """The document around `body`; `links` are lines for its head, `style` is added to that of all.

    `title` may hold any text, the other values are as they are to stand there.
    """
    head = "\n".join((*links, *([f'<link rel="icon" href="{escape(icon)}">'] if icon else ())))
    return f"""<!DOCTYPE html>
<html{spoken(language)}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{words(title)}</title>
{head}
<style>{_STYLE}{style.removeprefix(chr(10))}</style>
</head>
<body>
{body}
</body>
</html>
""".encode()


def canonical(url: str) -> str:
    """RFC 6596: the one address of a page that `index.html` and queries lead to as well."""
    return f'<link rel="canonical" href="{escape(url)}">'


def spoken(language: str | None, *, inside: str | None = None) -> str:
    """The attributes of an element in this language; the direction where it turns."""
    if not language:
        return ""
    rightwards, leftwards = not _is_leftwards(inside), _is_leftwards(language)
    turned = f' dir="{"rtl" if leftwards else "ltr"}"' if rightwards == leftwards else ""
    return f' lang="{escape(language)}"{turned}'


def _is_leftwards(language: str | None) -> bool:
    return language is not None and _LEFTWARDS.fullmatch(language) is not None


def announce(head: FeedHead, format: Format) -> str:
    """Autodiscovery: what a reader looks for when it is given the page's address."""
    return (
        f'<link rel="alternate" type="{format.media_type}" '
        f'title="{words(head.title)} ({NAMES[format]})" href="{escape(head.urls[format])}">'
    )


def formats(head: FeedHead) -> str:
    """Where to subscribe to a feed."""
    links = "\n".join(
        f'<a href="{escape(url)}">{NAMES[format]}</a>' for format, url in head.urls.items()
    )
    return f'<p class="formats">{links}</p>'


def words(text: str) -> str:
    """Any text as HTML, on one line."""
    return escape(safe(text))
