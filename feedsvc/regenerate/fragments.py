"""The entries of one feed as bytes: rendered once, kept, and taken from the store ever after."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from zoneinfo import ZoneInfo

from feedsvc.decide import digest, digest_of
from feedsvc.errors import RenderError
from feedsvc.model import Article, Entry, FeedHead, Format
from feedsvc.ports import Fragment, Member
from feedsvc.regenerate.press import Press, open_pages
from feedsvc.regenerate.report import BuildOptions
from feedsvc.regenerate.standing import Parts, Standing
from feedsvc.settings import Feed, FullText

_VARIANTS: Mapping[FullText, str] = {True: "full", False: "excerpt", "given": "given"}


_OWN_ENTRIES = ("smartnews", "flipboard")
"""Partners whose entries are written otherwise than those of everybody."""


class Fragments:
    """The fragments of a feed's entries, in every format it has."""

    def __init__(
        self, press: Press, feed: Feed, options: BuildOptions, *, keep: bool = True
    ) -> None:
        """With `keep` the store keeps what had to be rendered."""
        self._keep = keep and not options.check
        self._press = press
        self._feed = feed
        self._options = options
        self._partner = feed.profile if feed.profile in _OWN_ENTRIES else None
        self._analytics = feed.analytics if feed.profile == "smartnews" else None
        self._variant = self._named_variant()
        self._found: dict[Format, dict[int, bytes]] = {format: {} for format in feed.formats}
        self._articles: dict[int, Article] = {}

    def bring(self, articles: Sequence[Article]) -> tuple[Member, ...]:
        """Members for articles that are not stored; their rows are none, and are told by that."""
        self._keep = False
        self._articles = {-number: article for number, article in enumerate(articles, 1)}
        return tuple(
            Member(
                row=row, source=one.source, guid=one.guid, seen=one.seen, title=one.title,
                link=one.link, published=one.published, updated=one.updated,
                released=one.published, language=one.language,
            )
            for row, one in self._articles.items()
        )  # fmt: skip

    def addressed(self, members: Sequence[Member]) -> tuple[Member, ...]:
        """The members, each with an address: one without a link of its own gets a page.

        Only in public feeds, whose articles anybody may see; a private one leads to what they have.
        """
        if not self._press.article_pages:
            return tuple(replace(m, slug=None) if m.slug else m for m in members)
        # Those that have one, too: their source may ask for another by now.
        wanted = [m.row for m in members if m.row > 0 and not m.link]
        if self._feed.private:
            standing = open_pages(self._press.store, [m.row for m in members if m.slug])
            return tuple(m if m.row in standing else replace(m, slug=None) for m in members)
        if not wanted or self._options.check:
            return tuple(members)
        slugs = self._press.store.mint_slugs(wanted, self._press.clock.now())
        return tuple(
            m if slugs.get(m.row, m.slug) == m.slug else replace(m, slug=slugs[m.row])
            for m in members
        )

    def of(self, format: Format, members: Sequence[Member]) -> list[bytes]:
        """The fragments of these members; `gather` has to have found them."""
        found = self._found[format]
        return [found[member.row] for member in members]

    def parts(self, format: Format, members: Sequence[Member], head: FeedHead) -> Parts:
        """What a document of these members is made of."""
        ages = [(member.updated, number) for number, member in enumerate(members)]
        return Parts(
            fragments=self.of(format, members),
            newest=max(ages)[1] if ages else 0,
            document=partial(self._press.renderers[format].document, head),
        )

    def adopt(
        self,
        standing: Standing,
        path: Callable[[Format], str],
        members: Sequence[Member],
        news: Collection[int] | None,
    ) -> None:
        """Take over what stands in the published documents, but for articles that are `news`.

        One that stands for copies, or whose page has moved, is rendered anew; all if `news` is
        None.
        """
        if news is None or not standing.trusted:
            return
        old = [member for member in members if member.row not in news and not member.via]
        pages = {one.row: (self._page(one, one.link) or "").encode() for one in old}
        for format, found in self._found.items():
            published = standing.entries(path(format), format)
            for member in old:
                body = published.get(member.guid)
                if body is not None and pages[member.row] in body:
                    found[member.row] = body

    def gather(self, members: Sequence[Member]) -> dict[int, str]:
        """Find or render what is missing; returns, by row, why an article cannot be rendered."""
        if not self._options.everything:
            self._recall(members)
        failed: dict[int, str] = {}
        fresh: dict[tuple[str, int], Fragment] = {}
        for format in self._found:
            failed |= self._render(format, self._missing(format, members), fresh)
        if self._keep:
            self._press.store.keep_fragments(self._variant, fresh)
        return failed

    def _missing(self, format: Format, members: Sequence[Member]) -> list[Member]:
        return [member for member in members if member.row not in self._found[format]]

    def _recall(self, members: Sequence[Member]) -> None:
        """Take what the store kept, of all formats at once."""
        keys = {
            (format, m.row): self._key(format, m.seen, m.source, m, m.link)
            for format in self._found
            for m in self._missing(format, members)
        }
        if not keys:
            return
        formats = sorted({format.value for format, _ in keys})
        kept = self._press.store.fragments(self._variant, formats, sorted({row for _, row in keys}))
        for (format, row), key in keys.items():
            one = kept.get((format.value, row))
            if one is not None and one.key == key:
                self._found[format][row] = one.body

    def _named_variant(self) -> str:
        """What the feed makes of its entries: feeds of one variant share their fragments."""
        parts = [_VARIANTS[self._feed.full_text]]
        if self._feed.podcast is not None:
            parts.append("podcast")
        if self._partner:
            parts.append(self._partner)
        if self._analytics:
            parts.append(digest_of(self._analytics).hex())
        return "+".join(parts)

    def _key(
        self, format: Format, seen: bytes, source: str, member: Member, link: str | None
    ) -> bytes:
        """Of everything that a fragment is a function of."""
        parts = [format.value, self._variant, self._press.rendering, self._zone(source).key]
        if (page := self._page(member, link)) is not None:
            parts.append(page)
        if member.via:
            parts.append(digest_of(member.via).hex())
        return digest(seen + "\0".join(parts).encode())

    def _page(self, member: Member, link: str | None) -> str | None:
        """The address of the page we made for an article without a link."""
        if link is not None or member.slug is None:
            return None
        return f"{self._press.site.base_url}/a/{member.slug}/"

    def _zone(self, source: str) -> ZoneInfo:
        return self._press.zones.get(source, self._press.site.timezone)

    def _render(
        self,
        format: Format,
        members: Sequence[Member],
        fresh: dict[tuple[str, int], Fragment],
    ) -> dict[int, str]:
        """Render these, noting in `fresh` what is to be kept; returns what failed, and why."""
        if not members:
            return {}
        store, rows = self._press.store, [member.row for member in members]
        self._articles |= store.articles([row for row in rows if row not in self._articles])
        articles = [self._articles[row] for row in rows]
        results = self._press.renderers[format].fragments(
            [
                self._entry(member, article)
                for member, article in zip(members, articles, strict=True)
            ],
            # How much of the texts there is was decided when the edition was made of them.
            full_text=True if self._feed.digest else self._feed.full_text,
        )
        failed: dict[int, str] = {}
        for member, article, result in zip(members, articles, results, strict=True):
            if isinstance(result, RenderError):
                failed[member.row] = f"could not be rendered: {result}"
            else:
                # The article may be newer than the member it was asked for: keyed by what it is.
                key = self._key(format, article.seen, article.source, member, article.link)
                fresh[format.value, member.row] = Fragment(key=key, body=result)
                self._found[format][member.row] = result
        return failed

    def _entry(self, member: Member, article: Article) -> Entry:
        return Entry(
            article=article,
            zone=self._zone(article.source),
            page=self._page(member, article.link),
            via=member.via,
            podcast=self._feed.podcast is not None,
            profile=self._partner,
            analytics=self._analytics,
        )
