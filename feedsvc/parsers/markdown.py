"""Markdown articles: front matter, then CommonMark with GitHub's extensions, as site generators and
note programs write it.

    decode -> split off the front matter -> `dialects.to_commonmark` -> render -> title, summary
"""

from __future__ import annotations

import re
from dataclasses import replace

from feedsvc.errors import ParseError
from feedsvc.model import Document, Draft, Hints
from feedsvc.parsers.dialects import inline_tags, to_commonmark
from feedsvc.parsers.filenames import read_name
from feedsvc.parsers.frontmatter import fields, split
from feedsvc.text.clean import normalise, one_line
from feedsvc.text.commonmark import render
from feedsvc.text.dates import as_utc
from feedsvc.text.encoding import decode
from feedsvc.text.html import plain
from feedsvc.text.language import guess_language

_SAMPLE = 800  # characters of the body: with title and summary enough to tell its language


def parse(document: Document, hints: Hints) -> Draft:
    """What a Markdown file says of its article; ParseError if nothing, or if its head is broken."""
    decoded = decode(document.data, hints.encodings)
    meta, source = split(normalise(decoded.text))
    draft = fields(meta, hints)
    if not source.strip() and not draft.title:
        raise ParseError("the file holds no text", hint="leave it out with `exclude`")
    known = {tag.casefold() for tag in draft.tags}
    tags = [tag for tag in inline_tags(source) if tag.casefold() not in known]
    html = _listed(render(to_commonmark(source)))
    title, html = _titled(draft.title, html)
    day, name = read_name(document.path)
    published = draft.published
    if published is None and day is not None:
        published = as_utc(day, hints.zone)
    title = title or name
    language = draft.language
    if language is None and hints.language is None:
        language = guess_language(f"{title}\n{draft.summary or ''}\n{plain(html, _SAMPLE)}")
    return replace(
        draft,
        title=title,
        html=html.strip(),
        summary=draft.summary or _summary(html),
        published=published,
        tags=(*draft.tags, *tags),
        language=language,
        warnings=(decoded.warning, *draft.warnings) if decoded.warning else draft.warnings,
    )


# --- what the renderer leaves

_BOX = re.compile(r'<input type="checkbox" (checked="" )?disabled="" /> (\n<p>)?')
_FOOTNOTE = re.compile(
    r'<sup class="footnote-ref"><a [^>]*>([^<]*)</a></sup>|'
    r' ?<a href="#fnref-[^>]*class="footnote-backref"[^>]*>(?:[^<]|<sup[^>]*>[^<]*</sup>)*</a>'
)


def _listed(html: str) -> str:
    """Task boxes as characters, and footnotes without links that lead nowhere in a feed."""
    if '<input type="checkbox"' in html:
        html = _BOX.sub(lambda box: f"{box[2] or ''}{'☑' if box[1] else '☐'} ", html)
    if 'class="footnote' in html:
        html = _FOOTNOTE.sub(lambda note: f"<sup>{note[1]}</sup>" if note[1] else "", html)
    return html


# --- title and summary


def _titled(stated: str, html: str) -> tuple[str, str]:
    """The title, and the body without it: a feed shows the title above the body anyway."""
    start = html.find("<h1")
    end = html.find("</h1>", start)
    if start < 0 or end < 0:
        return stated, html
    heading = plain(html[start:end])
    if stated and heading.casefold() != one_line(stated).casefold():
        return stated, html
    if not heading:  # a logo
        return stated, html
    return stated or heading, html[:start] + html[end + len("</h1>") :].lstrip("\n")


_MORE = re.compile(
    r"<!--\s*(?:more|truncate|excerpt|summary|teaser)\b[^<>]{0,200}-->", re.IGNORECASE
)


def _summary(html: str) -> str | None:
    """What stands above `<!--more-->`."""
    more = _MORE.search(html) if "<!--" in html else None
    return plain(html[: more.start()]) or None if more is not None else None
