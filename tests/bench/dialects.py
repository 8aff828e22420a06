"""How the feeds of the farm are written: RSS 2.0, Atom 1.0 or JSON Feed 1.1, each in its habits.

document(crop, version=0).body
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from hashlib import blake2b
from xml.sax.saxutils import escape, quoteattr

from tests.bench.crops import PRESENT, Crop, Entry

_TYPES = {
    "rss": "application/rss+xml; charset={}",
    "atom": "application/atom+xml; charset={}",
    "json": "application/feed+json",
}


@dataclass(frozen=True, slots=True)
class Document:
    """One state of one feed, as it is served."""

    body: bytes
    type: str
    etag: str  # strong
    modified: datetime


def document(crop: Crop, version: int) -> Document:
    """The newest entries after `version` changes: each added one and edited one."""
    serials = range(crop.entries + version - 1, version - 1, -1)
    entries = [crop.entry(serial, version) for serial in serials]
    charset = "utf-8"
    if crop.form == "json":
        body = _json_feed(crop, entries).encode()
    elif crop.form == "atom":
        body = _atom(crop, entries).encode()
    else:
        latin = crop.number % 50 == 7 and not crop.habit(0)  # not inside CDATA
        charset = "iso-8859-1" if latin else charset
        body = _rss(crop, entries, charset).encode(charset, "xmlcharrefreplace")
    return Document(
        body=body,
        type=_TYPES[crop.form].format(charset),
        etag=f'"{blake2b(body, digest_size=10).hexdigest()}"',
        modified=PRESENT + timedelta(hours=version, seconds=crop.number % 3600),
    )


def _rss(crop: Crop, entries: list[Entry], charset: str) -> str:
    cdata = crop.habit(0)
    full = crop.habits % 5 == 3  # content:encoded beside a short description
    zone = timezone(timedelta(hours=crop.habits % 4 - 1))

    def html(text: str) -> str:
        return f"<![CDATA[{text}]]>" if cdata else escape(text)

    def item(entry: Entry) -> str:
        permalink = "" if entry.id == entry.link else ' isPermaLink="false"'
        lines = [
            f"<title>{escape(entry.title)}</title>",
            f"<link>{escape(entry.link)}</link>",
            f"<guid{permalink}>{escape(entry.id)}</guid>",
            f"<pubDate>{format_datetime(entry.published.astimezone(zone))}</pubDate>",
            *(f"<category>{html(tag)}</category>" for tag in entry.tags),
            f"<description>{html(entry.teaser if full else entry.html)}</description>",
        ]
        if crop.habit(5):
            lines.append(f"<dc:creator>{escape(entry.author)}</dc:creator>")
        elif crop.habit(7):
            lines.append(f"<author>desk@example.org ({escape(entry.author)})</author>")
        if full:
            lines.append(f"<content:encoded>{html(entry.html)}</content:encoded>")
        if crop.habits % 11 == 6:
            lines.append(f"<comments>{escape(entry.link)}#comments</comments>")
            lines.append(f"<slash:comments>{len(entry.title) % 7}</slash:comments>")
        if crop.podcast:
            lines.append(f'<enclosure url="{entry.media}" length="9123456" type="audio/mpeg"/>')
            lines.append("<itunes:duration>00:24:07</itunes:duration>")
            lines.append("<itunes:explicit>no</itunes:explicit>")
        elif entry.media:
            lines.append(f'<media:content url="{entry.media}" medium="image" width="640">')
            lines.append(f"<media:title>{escape(entry.title)}</media:title></media:content>")
        return "<item>\n" + "\n".join(lines) + "\n</item>\n"

    itunes = ""
    if crop.podcast:
        itunes = (
            "<itunes:author>the desk</itunes:author>\n<itunes:category text='News'/>\n"
            f"<itunes:image href='{crop.site}/cover.jpg'/>\n"
        )
    return (
        f'<?xml version="1.0" encoding="{charset}"?>\n<rss version="2.0"\n'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"\n'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom"\n'
        ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/"\n'
        ' xmlns:media="http://search.yahoo.com/mrss/"\n'
        ' xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">\n<channel>\n'
        f"<title>{crop.title}</title>\n<link>{crop.site}/</link>\n"
        f'<atom:link href="{crop.site}/rss.xml" rel="self" type="application/rss+xml"/>\n'
        f"<description>{crop.title}: {'Nachrichten' if crop.german else 'news'}</description>\n"
        f"<language>{'de-DE' if crop.german else 'en'}</language>\n"
        f"<lastBuildDate>{format_datetime(entries[0].published)}</lastBuildDate>\n{itunes}"
        + "".join(map(item, entries))
        + "</channel>\n</rss>\n"
    )


def _atom(crop: Crop, entries: list[Entry]) -> str:
    language = "de" if crop.german else "en"
    cdata = crop.habit(0)
    base = f' xml:base="{crop.site}/"' if crop.habit(6) else ""

    def html(text: str) -> str:
        return f"<![CDATA[{text}]]>" if cdata else escape(text)

    def entry_(entry: Entry) -> str:
        stamp = entry.published.strftime("%Y-%m-%dT%H:%M:%SZ")
        published = f"  <published>{stamp}</published>\n" if crop.habit(5) else ""
        tags = "".join(f"\n  <category term={quoteattr(tag)}/>" for tag in entry.tags)
        author = f"\n  <author><name>{escape(entry.author)}</name></author>"
        author = author if crop.habit(7) else ""
        summary = f"\n  <summary>{escape(entry.teaser)}</summary>" if crop.habits % 5 == 3 else ""
        media = (
            f'\n  <media:thumbnail url="{entry.media}" width="320"/>'
            if entry.media and crop.habit(6)
            else f'\n  <link rel="enclosure" type="image/jpeg" length="4321" href="{entry.media}"/>'
            if entry.media
            else ""
        )
        return (
            f"<entry>\n  <id>{escape(entry.id)}</id>\n"
            f'  <title type="html">{escape(escape(entry.title))}</title>\n'
            f'  <link rel="alternate" href={quoteattr(entry.link)}/>\n'
            f"{published}  <updated>{stamp}</updated>"
            f"{author}{tags}{summary}{media}\n"
            f'  <content type="html"{base}>{html(entry.html)}</content>\n'
            "</entry>\n"
        )

    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"'
        f' xmlns:media="http://search.yahoo.com/mrss/" xml:lang="{language}">\n'
        f"<id>{crop.site}/</id>\n<title>{crop.title}</title>\n"
        f'<link href="{crop.site}/"/>\n<link rel="self" href="{crop.site}/atom.xml"/>\n'
        f"<updated>{entries[0].published.isoformat()}</updated>\n"
        "<author><name>Press</name></author>\n"
        f'<generator uri="https://example.org/press" version="2.1">Press</generator>\n'
        + "".join(map(entry_, entries))
        + "</feed>\n"
    )


def _json_feed(crop: Crop, entries: list[Entry]) -> str:
    items = []
    for entry in entries:
        item: dict[str, object] = {
            "id": entry.id,
            "url": entry.link,
            "title": entry.title,
            "content_html": entry.html,
            "date_published": entry.published.isoformat(),
            "authors": [{"name": entry.author}],
            "tags": list(entry.tags),
        }
        if crop.habit(3):
            item["summary"] = entry.teaser
        if entry.media:
            item["image"] = entry.media
        items.append(item)
    head = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": crop.title,
        "home_page_url": f"{crop.site}/",
        "feed_url": f"{crop.site}/feed.json",
        "language": "de" if crop.german else "en",
        "items": items,
    }
    return json.dumps(head, ensure_ascii=crop.habit(0), indent=1 if crop.habit(1) else None)
