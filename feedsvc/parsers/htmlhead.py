"""What the head of a page says: `<meta>` of all families, Open Graph, links, JSON-LD.

The families repeat each other; per field the most deliberate one comes first.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from feedsvc.model import Enclosure, Image, Person
from feedsvc.parsers.jsonld import Thing, find_article
from feedsvc.text.clean import one_line

_MOST = 500


@dataclass(frozen=True, slots=True)
class Head:
    """The statements of a page about itself."""

    metas: dict[str, list[str]]
    links: dict[str, list[str]]
    article: Thing | None
    title: str | None = None  # of <title>
    language: str | None = None  # of <html lang>
    base: str | None = None  # of <base href>
    feeds: list[str] = field(default_factory=list)

    def meta(self, *names: str) -> str | None:
        """The first text under any of these names."""
        return next((value for name in names for value in self.metas.get(name, ())), None)

    def said(self, *names: str) -> str | None:
        """The first text of these properties of the JSON-LD article."""
        return self.article.text(*names) if self.article is not None else None

    def link(self, rel: str) -> str | None:
        return next(iter(self.links.get(rel, ())), None)

    def authors(self) -> list[Person]:
        if self.article is not None:
            for name in ("author", "creator"):
                people = list(self.article.people(name))
                if people:
                    return people
        for name in (
            "author",
            "article:author",
            "dc.creator",
            "dcterms.creator",
            "parsely-author",
            "byl",
        ):
            # `article:author` is meant to be the address of a profile: that is no name.
            names = [n for n in self.metas.get(name, ()) if not re.match(r"https?:|www\.", n)]
            people = [Person(name=part) for one in names for part in _names(one)]
            if people:
                return people
        return []

    def published(self) -> list[str]:
        """Dates of publication, the surest first."""
        named = self.metas_of(
            "article:published_time", "datepublished", "og:article:published_time",
            "article:published", "dcterms.issued", "dc.date.issued", "dc.date", "dcterms.date",
            "dcterms.created", "parsely-pub-date", "sailthru.date", "publish-date", "publish_date",
            "publication_date", "publication-date", "pubdate", "date",
        )  # fmt: skip
        stated = [self.said("datePublished")] if self.article is not None else []
        return [*filter(None, stated), *named, *filter(None, [self.said("dateCreated")])]

    def updated(self) -> list[str]:
        named = self.metas_of(
            "article:modified_time", "og:updated_time", "datemodified", "dcterms.modified",
            "dc.date.modified", "last-modified", "revised", "lastmod",
        )  # fmt: skip
        return [*filter(None, [self.said("dateModified")]), *named]

    def metas_of(self, *names: str) -> list[str]:
        return [value for name in names for value in self.metas.get(name, ())]

    def tags(self) -> list[str]:
        found = self.metas_of("article:tag", "og:article:tag", "parsely-tags")
        if self.article is not None:
            found += self.article.texts("keywords")
        found += self.metas_of("keywords", "news_keywords", "dc.subject", "dcterms.subject")
        return [tag for text in found[:_MOST] for tag in re.split(r"[,;，、]", text)]

    def image(self) -> Image | None:
        url = self.meta("og:image:secure_url", "og:image", "og:image:url")
        if url is not None:
            stated = self.article.image() if self.article is not None else None
            return Image(
                url=url,
                caption=self.meta("og:image:alt") or (stated.caption if stated else None),
                credit=stated.credit if stated else None,
            )
        image = self.article.image() if self.article is not None else None
        if image is not None:
            return image
        url = self.meta("twitter:image", "twitter:image:src", "thumbnail", "image") or self.link(
            "image_src"
        )
        return Image(url=url, caption=self.meta("twitter:image:alt")) if url else None

    def enclosures(self) -> list[Enclosure]:
        found = list(self.article.media()) if self.article is not None else []
        audio = self.meta("og:audio:secure_url", "og:audio", "og:audio:url")
        if audio is not None:
            found.append(Enclosure(url=audio, type=self.meta("og:audio:type")))
        known: dict[str, Enclosure] = {}
        for one in found:
            known.setdefault(one.url, one)
        return list(known.values())


def _names(text: str) -> list[str]:
    parts = re.split(r"\s*[,;|]\s*|\s+(?:und|and|et|&)\s+", text)
    # "Muster, Anna" has no space in either half: one name.
    if len(parts) == 2 and "," in text and not any(" " in part for part in parts):
        parts = [text]
    return [re.sub(r"^(?:von|by|par)\s+", "", part, flags=re.IGNORECASE) for part in parts if part]


def read_head(page: HtmlElement) -> Head:
    """Collect what `page` states; nothing of it is believed yet."""
    metas: dict[str, list[str]] = {}
    for meta in page.iter("meta"):
        content = one_line(meta.get("content") or "")
        if content:
            for attribute in ("property", "name", "itemprop", "http-equiv"):
                for name in (meta.get(attribute) or "").lower().split():
                    values = metas.setdefault(name, [])
                    if len(values) < _MOST and content not in values[-20:]:
                        values.append(content)
    links: dict[str, list[str]] = {}
    for link in page.iter("link"):
        href = (link.get("href") or "").strip()
        for rel in (link.get("rel") or "").lower().split():
            if href:
                links.setdefault(rel, []).append(href)
    scripts = [
        script.text or ""
        for script in page.iter("script")
        if (script.get("type") or "").lower().partition(";")[0].strip() == "application/ld+json"
    ]
    title = next(
        (t for e in page.iter("title") if _in_head(e) and (t := one_line(e.text_content()))), None
    )
    base = next((b.get("href") for b in page.iter("base") if b.get("href")), None)
    return Head(
        metas=metas,
        links=links,
        article=find_article(scripts),
        title=title,
        language=page.get("lang")
        or page.get("{http://www.w3.org/XML/1998/namespace}lang")
        or page.get("xml:lang"),
        base=base.strip() if base else None,
    )


def _in_head(element: HtmlElement) -> bool:
    parent = element.getparent()
    return parent is None or parent.tag != "svg"
