"""Articles as web pages: what the page says of itself, and the part of it that is the article.

decode -> parse (lxml, bounded) -> `htmlhead` -> title, dates, people … -> the body without the site
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from lxml import etree
from lxml import html as lxml_html
from lxml.html import HtmlElement

from feedsvc.errors import ParseError
from feedsvc.model import Document, Draft, Hints, Image, Person
from feedsvc.parsers.filenames import read_name
from feedsvc.parsers.htmlhead import Head, read_head
from feedsvc.text import urls
from feedsvc.text.clean import normalise, one_line
from feedsvc.text.dates import as_utc, parse_date
from feedsvc.text.encoding import decode
from feedsvc.text.html import escape, exhausts, plain
from feedsvc.text.language import guess_language, normalise_language


def parse(document: Document, hints: Hints) -> Draft:
    """What a page says of its article; ParseError if it holds no text."""
    decoded = decode(document.data, (*_declared(document.data), *hints.encodings))
    text = normalise(decoded.text)
    page = _tree(text)
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


_CHARSET = re.compile(
    rb"<meta\b[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})"
    rb"|<\?xml\b[^>]{0,200}?encoding\s*=\s*[\"']([\w:.-]{2,40})",
    re.IGNORECASE,
)


def _declared(data: bytes) -> tuple[str, ...]:
    """The encoding a page names, if there is one of that name (WHATWG HTML §13.2.3.2)."""
    found = _CHARSET.search(data[:4_096])
    if found is None:
        return ()
    name = (found[1] or found[2]).decode("ascii", "ignore").lower()
    try:
        name = codecs.lookup(name).name
        b"".decode(name)
    except (LookupError, ValueError):
        return ()
    return (
        () if name.startswith(("utf-16", "utf-32")) else (name,)
    )  # it was read as bytes: it is none


def _tree(text: str) -> HtmlElement | None:
    """The page as a tree; one made to exhaust a parser becomes one of its text."""
    if exhausts(text):
        text = f"<body><p>{escape(plain(text))}</p></body>"
    # huge_tree: without it a text of 10 MB is dropped in silence; depth is bounded above.
    parser = lxml_html.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=True
    )
    try:
        page = lxml_html.document_fromstring(text.encode("utf-8", "ignore"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None
    return page if isinstance(page, HtmlElement) else None


class _Reading:
    """One page while it is read."""

    def __init__(self, page: HtmlElement, head: Head, hints: Hints, path: str) -> None:
        self.head, self.hints, self.path = head, hints, path
        self.warnings: list[str] = []
        self.entry = _by_class(page, "h-entry")
        self.main = _main(page, self.entry)
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
                text = _text(heading)
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
            own = _by_class(self.entry, "u-url")
            found = urls.absolute(own.get("href") or "", self.base) if own is not None else None
        if found is None and (stated := self.head.link("canonical")):
            found = urls.absolute(stated, self.base) or (stated if stated.startswith("/") else None)
        return found

    def _id(self) -> str | None:
        own = _by_class(self.entry, "u-uid") if self.entry is not None else None
        if own is not None:
            return own.get("href") or _text(own) or None
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
        value = element.get("datetime") or _text(element)
        return parse_date(value, zone=self.hints.zone, language=self._language())

    # --- people, tags, image

    def _authors(self) -> tuple[Person, ...]:
        people = self.head.authors()
        if people:
            return tuple(people)
        found: dict[str, Person] = {}
        place = self.entry if self.entry is not None else self.main
        for element in (*_all_by_class(place, "p-author"), *_marked_authors(place)):
            name = _text(
                _by_class(element, "p-name")
                if _by_class(element, "p-name") is not None
                else element
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
                tags.append(_text(element).lstrip("#"))
        if self.entry is not None:
            tags += [_text(element) for element in _all_by_class(self.entry, "p-category")]
        names: dict[str, str] = {}
        for name in filter(None, map(one_line, tags)):
            names.setdefault(name.casefold(), name)
        return tuple(names.values())

    def _image(self) -> Image | None:
        image = self.head.image()
        if image is None and self.entry is not None:
            photo = _by_class(self.entry, "u-photo")
            src = photo.get("src") or photo.get("href") if photo is not None else None
            if photo is not None and src:
                image = Image(url=src, caption=photo.get("alt") or None)
        if image is None or self.base is None:
            return image
        url = urls.absolute(image.url, self.base) or image.url
        return Image(url=url, caption=image.caption, credit=image.credit)

    def _class_text(self, name: str) -> str | None:
        found = _by_class(self.entry, name) if self.entry is not None else None
        if found is None or _inside(found, self.entry, "p-author", "h-card"):
            return None
        return _text(found) or None

    # --- body

    def _body(self, title: str) -> str:
        """The article as HTML; changes the tree, so it comes last."""
        place = self.main
        _strip(place)
        for heading in list(place.iter("h1")):
            if _text(heading).casefold() == title.casefold():
                heading.drop_tree()
                break
        _resolve(place, self.base)
        body = _inner(place)
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


def _text(element: HtmlElement | None) -> str:
    return one_line(element.text_content()) if element is not None else ""


def _all_by_class(place: HtmlElement, name: str) -> Iterator[HtmlElement]:
    for element in place.iter():
        if isinstance(element.tag, str) and name in (element.get("class") or "").split():
            yield element


def _by_class(place: HtmlElement, name: str) -> HtmlElement | None:
    return next(_all_by_class(place, name), None)


def _inside(element: HtmlElement, top: HtmlElement | None, *names: str) -> bool:
    parent = element.getparent()
    while parent is not None and parent is not top:
        if set(names) & set((parent.get("class") or "").split()):
            return True
        parent = parent.getparent()
    return False


def _marked_authors(place: HtmlElement) -> Iterator[HtmlElement]:
    for element in place.iter():
        if isinstance(element.tag, str) and (
            "author" in (element.get("rel") or "").lower().split()
            or "author" in (element.get("itemprop") or "").split()
        ):
            yield element


# --- which part of the page


def _main(page: HtmlElement, entry: HtmlElement | None) -> HtmlElement:
    """The element that holds the article: the markup's own word for it, else the whole body."""
    for place in (entry, page):
        if place is None:
            continue
        content = _by_class(place, "e-content") if place is entry else None
        if content is None:
            content = next((e for e in place.iter() if e.get("itemprop") == "articleBody"), None)
        if content is not None and _text(content):
            return content
    body = page.find("body")
    whole = body if body is not None else page
    frame = next((e for e in whole.iter() if e.tag == "main" or e.get("role") == "main"), None)
    articles = sorted(whole.iter("article"), key=_size, reverse=True)
    if articles and (size := _size(articles[0])):
        # A page of teasers is no article, however the teasers are marked up.
        around = _size(frame if frame is not None else whole)
        if len(articles) == 1 or size >= _TEASER or size * 4 >= around:
            return articles[0]
    return frame if frame is not None and _size(frame) else whole


_TEASER = 500  # characters; hardly a teaser is longer


def _size(element: HtmlElement) -> int:
    return len(_text(element))


_FURNITURE = frozenset(
    "script style template nav form aside button select input textarea iframe object embed svg link"
    " meta base title head dialog menu".split()
)
_SITE = frozenset({"header", "footer"})
_ROLES = frozenset(
    {"navigation", "banner", "contentinfo", "search", "complementary", "dialog", "menu", "form"}
)
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def _strip(place: HtmlElement) -> None:
    """Take out what belongs to the site, and what nobody sees."""
    whole = place.tag in {"body", "html"}
    for element in list(place.iter()):
        if element is place or not isinstance(element.tag, str):
            continue
        tag, parent = element.tag, element.getparent()
        if parent is None:  # went with its parent
            continue
        site = tag in _SITE and (whole or tag == "footer") and not _quoted(element, place)
        hidden = (
            element.get("hidden") is not None
            or element.get("aria-hidden") == "true"
            or _UNSEEN.search(element.get("style") or "") is not None
        )
        role = (element.get("role") or "").lower()
        if site and whole and tag == "header" and _inside_tag(element, place, "article", "main"):
            site = False
        if tag in _FURNITURE or site or hidden or role in _ROLES:
            element.drop_tree()
        elif tag == "noscript":
            _unwrap(element)
        elif tag in {"img", "source"}:
            _load_lazily(element)


def _quoted(element: HtmlElement, top: HtmlElement) -> bool:
    return _inside_tag(element, top, "blockquote", "figure", "table")


def _inside_tag(element: HtmlElement, top: HtmlElement, *tags: str) -> bool:
    parent = element.getparent()
    while parent is not None and parent is not top:
        if parent.tag in tags:
            return True
        parent = parent.getparent()
    return False


def _unwrap(noscript: HtmlElement) -> None:
    """The picture for readers without scripts, unless the one before it is the same."""
    images = list(noscript.iter("img"))
    before = noscript.getprevious()
    if images and (before is None or before.tag != "img" or not before.get("src")):
        noscript.drop_tag()
    else:
        noscript.drop_tree()


def _load_lazily(image: HtmlElement) -> None:
    for name in ("src", "srcset"):
        now = image.get(name) or ""
        if not now or now.startswith("data:"):
            for lazy in (
                f"data-{name}",
                f"data-lazy-{name}",
                f"data-original-{name}",
                "data-original",
            ):
                value = image.get(lazy)
                if value and (name == "src" or lazy != "data-original"):
                    image.set(name, value)
                    break


def _resolve(place: HtmlElement, base: str | None) -> None:
    """Resolve addresses against `<base href>`, which is lost with the head."""
    if base is None:
        return
    for element in place.iter():
        for name in ("href", "src", "poster", "cite"):
            value = element.get(name)
            if value and (found := urls.absolute(value, base, schemes=urls.LINKS)) is not None:
                element.set(name, found)


def _inner(place: HtmlElement) -> str:
    parts = [escape(place.text or "")]
    parts += [etree.tostring(child, encoding="unicode", method="html") for child in place]
    return "".join(parts).strip()
