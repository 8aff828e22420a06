"""Articles as web pages: what the page says of itself, and the part of it that is the article.

decode -> `htmltree` (lxml, bounded) -> `htmlhead` -> title, dates, people … -> `htmlbody`
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from lxml.html import HtmlElement

from feedsvc.errors import ParseError
from feedsvc.model import Document, Draft, Hints, Image, Person
from feedsvc.parsers.filenames import read_name
from feedsvc.parsers.htmlbody import choose_main, inner_html, resolve_addresses, strip_site
from feedsvc.parsers.htmlhead import Head, read_head
from feedsvc.parsers.htmltree import (
    all_by_class,
    by_class,
    declared_encoding,
    is_inside,
    text_of,
    tree_of,
)
from feedsvc.text import urls
from feedsvc.text.clean import normalise, one_line
from feedsvc.text.dates import as_utc, parse_date
from feedsvc.text.encoding import decode
from feedsvc.text.html import escape, plain
from feedsvc.text.language import guess_language, normalise_language


def parse(document: Document, hints: Hints) -> Draft:
    """What a page says of its article; ParseError if it holds no text."""
    decoded = decode(document.data, (*declared_encoding(document.data), *hints.encodings))
    text = normalise(decoded.text)
    page = tree_of(text)
    if page is None:
        raise _nothing()
    head = read_head(page)
    reading = _Reading(page, head, hints, document.path)
    if decoded.warning:
        reading.warnings.insert(0, decoded.warning)
    return reading.draft()


def _nothing() -> ParseError:
    return ParseError(
        "the page holds no text",
        hint="save the page as its reader sees it; a page that scripts fill is empty in the file",
    )


class _Reading:
    """One page while it is read."""

    def __init__(self, page: HtmlElement, head: Head, hints: Hints, path: str) -> None:
        self.head, self.hints, self.path = head, hints, path
        self.warnings: list[str] = []
        self.entry = by_class(page, "h-entry")
        self.main = choose_main(page, self.entry)
        self.page = page
        base = urls.absolute(head.base, self._canonical()) if head.base else None
        self.base = base

    def draft(self) -> Draft:
        head, said = self.head, self.head.said
        title = self._title()
        language = self._language()
        published = self._date(head.published(), "published") or self._time("published")
        if published is None:
            day = read_name(self.path)[0]
            published = as_utc(day, self.hints.zone) if day is not None else None
        updated = self._date(head.updated(), "updated") or self._time("updated")
        authors, tags, image = self._authors(), self._tags(), self._image()
        summary = head.meta(
            "description", "og:description", "dcterms.description", "dc.description"
        )
        summary = summary or said("description", "abstract") or head.meta("twitter:description")
        summary = summary or self._class_text("p-summary")
        section = head.meta("article:section", "og:article:section") or said("articleSection")
        identifier = self._id()
        body = self._body(title)
        if not body and not summary:
            raise _nothing()
        if language is None and self.hints.language is None:
            language = guess_language(f"{title}\n{plain(body, 1_000)}")
        return Draft(
            title=title or read_name(self.path)[1],
            html=body,
            id=identifier,
            link=self._link(),
            summary=summary,
            subtitle=said("alternativeHeadline", "alternateName"),
            published=published,
            updated=updated,
            expires=self._date(
                [*head.metas_of("article:expiration_time"), *filter(None, [said("expires")])],
                "expires",
            ),
            authors=authors,
            tags=tags,
            section=section,
            language=language,
            image=image,
            enclosures=tuple(head.enclosures()),
            rights=head.meta("copyright", "rights", "dcterms.rights", "dc.rights")
            or said("copyrightNotice", "license")
            or head.link("license"),
            location=said("contentLocation", "dateline") or head.meta("geo.placename"),
            warnings=tuple(self.warnings),
        )

    # --- what names the article

    def _title(self) -> str:
        head = self.head
        site = head.meta("og:site_name", "application-name") or ""
        headline = self._heading(site)
        full = head.title
        if full and site:
            full = (
                re.sub(rf"{_JOINT}{re.escape(site)}$|^{re.escape(site)}{_JOINT}", "", full) or full
            )
        candidates = (
            self._class_text("p-name"),
            head.said("headline", "name"),
            head.meta("og:title", "twitter:title", "dcterms.title", "dc.title", "headline"),
            headline,
            full,
        )
        title = next(filter(None, candidates), "")
        # "Headline – Site" is the headline with something behind it.
        for shorter in (headline, head.said("headline")):
            if shorter and re.fullmatch(rf"{re.escape(shorter)}{_JOINT}.+", title):
                return shorter
        return title

    def _heading(self, site: str) -> str | None:
        for place in (self.main, self.page):
            for heading in place.iter("h1"):
                text = text_of(heading)
                if text and text != site:
                    return text
        return None

    def _canonical(self) -> str | None:
        for link in (self.head.link("canonical"), self.head.meta("og:url"), self.head.said("url")):
            if link and (found := urls.absolute(link, None)) is not None:
                return found
        return None

    def _link(self) -> str | None:
        found = self._canonical()
        if found is None and self.entry is not None:
            own = by_class(self.entry, "u-url")
            found = urls.absolute(own.get("href") or "", self.base) if own is not None else None
        if found is None and (stated := self.head.link("canonical")):
            found = urls.absolute(stated, self.base) or (stated if stated.startswith("/") else None)
        return found

    def _id(self) -> str | None:
        own = by_class(self.entry, "u-uid") if self.entry is not None else None
        if own is not None:
            return own.get("href") or text_of(own) or None
        stated = self.head.article.node.get("@id") if self.head.article is not None else None
        # "#article" and "https://example.org/#article" stand on every page of a site.
        if isinstance(stated, str) and urls.is_absolute_iri(stated):
            path = re.sub(r"^https?://[^/?#]*|#.*", "", stated)
            if path.strip("/"):
                return stated
        return self.head.said("identifier") or self.head.meta(
            "dcterms.identifier", "dc.identifier", "article:id", "article-id", "article_id"
        )

    def _language(self) -> str | None:
        stated = (
            self.main.get("lang"),
            self.head.language,
            self.head.said("inLanguage"),
            self.head.meta(
                "og:locale", "dcterms.language", "dc.language", "content-language", "language"
            ),
        )
        for value in stated:
            if value and (language := normalise_language(value)) is not None:
                return language
        return None

    # --- dates

    def _date(self, values: Iterable[str], what: str) -> datetime | None:
        for value in values:
            moment = parse_date(value, zone=self.hints.zone, language=self._language())
            if moment is not None:
                return moment
            self.warnings.append(f"{what}: {value[:80]!r} is no date; left out")
        return None

    def _time(self, what: str) -> datetime | None:
        """The date of a `<time>`: one that says what it is, else the article's first."""
        places = [place for place in (self.entry, self.main, self.page) if place is not None]
        for place in places:
            for element in place.iter("time"):
                if what in _time_marks(element) and (moment := self._moment(element)) is not None:
                    return moment
        if what != "published":
            return None
        for place in places[:-1]:
            for element in place.iter("time"):
                if not _time_marks(element) and (moment := self._moment(element)) is not None:
                    return moment
        return None

    def _moment(self, element: HtmlElement) -> datetime | None:
        value = element.get("datetime") or text_of(element)
        return parse_date(value, zone=self.hints.zone, language=self._language())

    # --- people, tags, image

    def _authors(self) -> tuple[Person, ...]:
        people = self.head.authors()
        if people:
            return tuple(people)
        found: dict[str, Person] = {}
        place = self.entry if self.entry is not None else self.main
        for element in (*all_by_class(place, "p-author"), *_marked_authors(place)):
            name = text_of(
                by_class(element, "p-name") if by_class(element, "p-name") is not None else element
            )
            name = re.sub(r"^(?:von|by|par)\s+", "", name, flags=re.IGNORECASE)
            if name and len(name) <= 100:
                href = (
                    urls.absolute(element.get("href") or "", self.base)
                    if element.get("href")
                    else None
                )
                found.setdefault(name.casefold(), Person(name=name, uri=href))
        return tuple(found.values())

    def _tags(self) -> tuple[str, ...]:
        tags = self.head.tags()
        for element in self.main.iter("a"):
            if "tag" in (element.get("rel") or "").lower().split():
                tags.append(text_of(element).lstrip("#"))
        if self.entry is not None:
            tags += [text_of(element) for element in all_by_class(self.entry, "p-category")]
        names: dict[str, str] = {}
        for name in filter(None, map(one_line, tags)):
            names.setdefault(name.casefold(), name)
        return tuple(names.values())

    def _image(self) -> Image | None:
        image = self.head.image()
        if image is None and self.entry is not None:
            photo = by_class(self.entry, "u-photo")
            src = photo.get("src") or photo.get("href") if photo is not None else None
            if photo is not None and src:
                image = Image(url=src, caption=photo.get("alt") or None)
        if image is None or self.base is None:
            return image
        url = urls.absolute(image.url, self.base) or image.url
        return Image(url=url, caption=image.caption, credit=image.credit)

    def _class_text(self, name: str) -> str | None:
        found = by_class(self.entry, name) if self.entry is not None else None
        if found is None or is_inside(found, self.entry, "p-author", "h-card"):
            return None
        return text_of(found) or None

    # --- body

    def _body(self, title: str) -> str:
        """The article as HTML; changes the tree, so it comes last."""
        place = self.main
        strip_site(place)
        for heading in list(place.iter("h1")):
            if text_of(heading).casefold() == title.casefold():
                heading.drop_tree()
                break
        resolve_addresses(place, self.base)
        body = inner_html(place)
        if not plain(body, 1) and not any(True for _ in place.iter("img", "audio", "video")):
            return self._stated_body()
        return body

    def _stated_body(self) -> str:
        article = self.head.article
        value = (
            article.node.get("articleBody") or article.node.get("text")
            if article is not None
            else None
        )
        if not isinstance(value, str):
            return ""
        text = normalise(value).strip()
        if re.search(r"<(?:p|br|div)\b", text):
            return text
        parts = re.split(r"\n\s*\n", text) if "\n\n" in text else text.split("\n")
        return "\n".join(f"<p>{escape(one_line(plain(p)))}</p>" for p in parts if p.strip())


_JOINT = r"\s*(?:[|–—·•»«:]|\s-)\s+"
_TIME_MARKS = {
    "published": ("dt-published", "datepublished", "published", "entry-date", "pubdate"),
    "updated": ("dt-updated", "datemodified", "updated", "modified"),
}


def _time_marks(element: HtmlElement) -> set[str]:
    words = f"{element.get('class') or ''} {element.get('itemprop') or ''}".lower()
    found = {what for what, marks in _TIME_MARKS.items() if any(mark in words for mark in marks)}
    return found | {"published"} if element.get("pubdate") is not None else found


def _marked_authors(place: HtmlElement) -> Iterator[HtmlElement]:
    for element in place.iter():
        if isinstance(element.tag, str) and (
            "author" in (element.get("rel") or "").lower().split()
            or "author" in (element.get("itemprop") or "").split()
        ):
            yield element
