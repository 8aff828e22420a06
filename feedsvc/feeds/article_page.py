"""The page of an article that has none of its own: public/a/<slug>/index.html.

For people as plain HTML; for readers and other sites as an h-entry (microformats2), for those who
show a preview as Open Graph (`preview.py`), for search engines as JSON-LD (`preview.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from feedsvc.feeds.inline import pictures_in
from feedsvc.feeds.layout import announce, canonical, page, spoken, words
from feedsvc.feeds.origin import credit
from feedsvc.feeds.preview import Facts, preview
from feedsvc.feeds.values import local, people, safe, type_of
from feedsvc.feeds.words import categories, picture_of, summary_of, title_of
from feedsvc.model import Article, Enclosure, Entry, FeedHead, Image
from feedsvc.settings import Site
from feedsvc.text.clean import xml_safe
from feedsvc.text.html import cut, escape, plain
from feedsvc.text.likeness import shows

_DESCRIPTION = 300  # characters; more is shown nowhere

# In sanitised HTML a `<` that begins no tag is written as a reference.
_HEADING = re.compile(r"(</?h)([1-6])(?=[\s>])")
_SHOWN_PLAYER = re.compile(r"<(audio|video)(?=[\s>])")

_STYLE = """
article { margin: 2rem 0 3rem; } time { white-space: nowrap; }
h1 + p { font-size: 1.1875rem; }
.e-content { margin-top: 1.5rem; }
.e-content > :is(p, ul, ol, dl, pre, table), blockquote, blockquote p { margin: 0 0 1em; }
.e-content :is(h2, h3, h4, h5, h6) { font-size: 1.1875rem; line-height: 1.35;
  margin: 1.75em 0 .5em; }
img, video { max-width: 100%; height: auto; } audio { width: 100%; }
figure { margin: 1.5rem 0; } figcaption { color: var(--soft); font-size: .9375rem; }
pre, table { overflow-x: auto; } table { display: block; overflow-wrap: normal; }
td, th { padding: .15rem .9rem .15rem 0; text-align: start; vertical-align: top; }
blockquote { padding-inline-start: 1rem; border-inline-start: 3px solid var(--line);
  margin-inline: 0; }
.media, .tags { list-style: none; padding: 0; } .tags li { display: inline-block;
  margin-inline-end: .9em; }
footer { border-top: 1px solid var(--line); padding-top: .9rem; }
@media print { pre { white-space: pre-wrap; } table { display: table; overflow-wrap: anywhere; } }
"""


def article_page(entry: Entry, url: str, feeds: Sequence[FeedHead], *, site: Site) -> bytes:
    """The page at `url`; `feeds` are those that hold the article and that anybody may read."""
    article = entry.article
    language = article.language or site.language
    # WCAG 3.1.2: what frames an article in another language is in that of the site.
    of_site = spoken(site.language, inside=language) if language != site.language else ""
    facts = Facts(
        article=article,
        url=url,
        title=title_of(article),
        description=cut(
            summary_of(article).replace("\n", " ") or plain(article.html, _DESCRIPTION),
            _DESCRIPTION,
        ),
        image=picture_of(article) or next(pictures_in(article.html), None),
        language=language,
        published=local(article.published, entry.zone).isoformat(),
        updated=local(article.updated, entry.zone).isoformat(),
    )
    return page(
        title=facts.title if facts.title == site.title else f"{facts.title} · {site.title}",
        language=facts.language,
        links=[
            canonical(url),
            *preview(facts, site),
            *(announce(head, format) for head in feeds for format in head.urls),
        ],
        icon=site.icon,
        style=_STYLE,
        body=f"""<header{of_site}>
<p class="soft"><a href="{escape(site.base_url)}/">{words(site.title)}</a></p>
</header>
<main>
{_article(facts, entry.zone)}
</main>
{_footer(feeds, article, site, of_site)}""",
    )


def _article(facts: Facts, zone: ZoneInfo) -> str:
    article, image = facts.article, picture_of(facts.article)
    # Texts have no `controls` (`text.html`): a browser would show no player, or a dead box.
    body = _SHOWN_PLAYER.sub(r'<\1 controls preload="none"', xml_safe(article.html).strip())
    if words(article.title) and "<h1" in body:
        body = _lowered(body)
    parts = [
        *_headline(article),
        f'<p class="soft">{_byline(article)}{_dates(facts, zone)}</p>',
        *_figure(image, body),
        # HTML §3.2.6.4: the text may be in another script than the title.
        f'<div class="e-content" dir="auto">\n{body}\n</div>' if body else "",
        *_media(article, body, image),
        *_tags(article),
        *_origin(article),
        f'<data class="u-uid" value="{escape(article.guid)}"></data>',
    ]
    shown = "\n".join(filter(None, parts))
    # The page as a whole is in the language of its article, but that may be in any script.
    return f'<article class="h-entry" dir="auto">\n{shown}\n</article>'


def _lowered(body: str) -> str:
    """The text with its headings below that of the page, of which there is one."""
    return _HEADING.sub(lambda tag: f"{tag[1]}{min(int(tag[2]) + 1, 6)}", body)


def _headline(article: Article) -> Iterator[str]:
    if title := words(article.title):
        yield f'<h1 class="p-name">{title}</h1>'
    if subtitle := words(article.subtitle or ""):
        yield f"<p>{subtitle}</p>"
    if summary := words(article.summary or ""):
        yield f'<p class="p-summary">{summary}</p>'


def _byline(article: Article) -> str:
    shown = []
    for one in people(article):
        name = f'<bdi class="p-name">{words(one["name"])}</bdi>'
        if uri := one.get("uri"):
            link = f'<a class="u-url" rel="author" href="{escape(uri)}">{name}</a>'
            shown.append(f'<span class="p-author h-card">{link}</span>')
        else:
            shown.append(f'<span class="p-author h-card">{name}</span>')
    if agency := words(article.agency or ""):
        shown.append(f"<bdi>{agency}</bdi>")
    if location := words(article.location or ""):
        shown.append(f'<bdi class="p-location">{location}</bdi>')
    return "".join(f"{one} · " for one in shown)


def _dates(facts: Facts, zone: ZoneInfo) -> str:
    article = facts.article
    when = f'<time class="dt-published" datetime="{facts.published}" dir="ltr">'
    found = f'<a class="u-url" href="{escape(facts.url)}">{when}'
    found += f"{_day(article.published, zone)}</time></a>"
    changed = f'<time class="dt-updated" datetime="{facts.updated}" dir="ltr">'
    if article.updated > article.published:
        changed += f"{_day(article.updated, zone)}</time>"
        return f'{found} · <span lang="en">updated</span> {changed}'
    return found


def _day(moment: datetime, zone: ZoneInfo) -> str:
    when = local(moment, zone)
    # A day without a time is stored as its midnight: that hour would be news to its author.
    return f"{when:%Y-%m-%d %H:%M}" if when.hour or when.minute else f"{when:%Y-%m-%d}"


def _figure(image: Image | None, body: str) -> Iterator[str]:
    if image is None or shows(body, image.url):
        return
    caption, rights = words(image.caption or ""), words(image.credit or "")
    below = " ".join(filter(None, (caption, rights and f"({rights})")))
    below = f"\n<figcaption>{below}</figcaption>" if below else ""
    # With its size the text does not jump when it comes.
    size = f' width="{image.width}" height="{image.height}"' if image.width and image.height else ""
    shown = f'<img class="u-photo" src="{escape(image.url)}" alt="{caption}"{size}>'
    yield f"<figure>\n{shown}{below}\n</figure>"


def _media(article: Article, body: str, image: Image | None) -> Iterator[str]:
    """Players and links for media files that the text does not show itself."""
    shown = [
        f"<li>{_player(one)}</li>"
        for one in article.enclosures
        if not (image is not None and one.url == image.url)
        and one.url not in body
        and escape(one.url) not in body
    ]
    if shown:
        yield "\n".join(('<ul class="media">', *shown, "</ul>"))


def _player(one: Enclosure) -> str:
    kind, url = type_of(one) or "", escape(one.url)
    family = kind.partition("/")[0]
    name = words(one.url.partition("?")[0].rstrip("/").rpartition("/")[2]) or url
    told = " · ".join(filter(None, (words(kind), _size(one.length), _length(one.duration))))
    after = f' <span class="soft">{told}</span>' if told else ""
    if family in ("audio", "video"):
        # The link in it is for readers that have no player.
        link = f'<a href="{url}">{name}</a>'
        return (
            f'<{family} class="u-{family}" controls preload="none" src="{url}">{link}</{family}>'
            f"<br>{link}{after}"
        )
    if family == "image":
        return f'<img class="u-photo" src="{url}" alt="" loading="lazy">'
    typed = f' type="{escape(kind)}"' if kind else ""
    return f'<a href="{url}"{typed}>{name}</a>{after}'


def _size(length: int | None) -> str:
    if not length:
        return ""
    return f"{length / 1_000_000:.1f} MB" if length >= 100_000 else f"{-(-length // 1_000)} kB"


def _length(duration: int | None) -> str:
    if not duration:
        return ""
    hours, rest = divmod(duration, 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _tags(article: Article) -> Iterator[str]:
    found = [f'<li class="p-category">{words(term)}</li>' for term in categories(article)]
    if found:
        yield "\n".join(('<ul class="tags soft">', *found, "</ul>"))


def _origin(article: Article) -> Iterator[str]:
    origin = credit(article.origin)
    if origin is None:
        return
    title = f"<bdi>{words(origin.title)}</bdi>"
    where = origin.link or origin.url
    yield (
        f'<p class="soft"><a href="{escape(where)}">{title}</a></p>'
        if where
        else (f'<p class="soft">{title}</p>')
    )


def _footer(feeds: Sequence[FeedHead], article: Article, site: Site, spoken: str) -> str:
    listed = [f'<a href="{escape(head.home)}">{words(head.title)}</a>' for head in feeds]
    rights = safe(article.rights or site.rights or "")
    lines = [
        f'<p class="formats">{" ".join(listed)}</p>' if listed else "",
        f'<p class="soft">{escape(rights)}</p>' if rights else "",
    ]
    shown = "\n".join(filter(None, lines))
    return f"<footer{spoken}>\n{shown}\n</footer>" if shown else ""
