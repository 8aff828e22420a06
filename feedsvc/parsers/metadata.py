"""The keys and values of front matter -> Draft: Hugo's, Jekyll's, Pelican's, Obsidian's, Zola's.

`metakeys` knows what a key means, `metavalues` and `metamedia` read what stands behind it. One bad
value costs one value and leaves a warning. A value nobody knows is kept in `extra`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from feedsvc.model import Draft, Enclosure, Hints, Image, Person
from feedsvc.parsers.episodes import episode_lines
from feedsvc.parsers.metakeys import RANK, field_of
from feedsvc.parsers.metamedia import images_of, media_of, with_told
from feedsvc.parsers.metavalues import (
    MOST_ITEMS,
    flag_of,
    is_empty,
    label_of,
    normal_key,
    people_of,
    text_of,
    words_of,
)
from feedsvc.text import urls
from feedsvc.text.clean import one_line
from feedsvc.text.dates import as_utc, parse_date
from feedsvc.text.html import plain
from feedsvc.text.language import normalise_language

_NESTS = frozenset({"params", "taxonomies", "extra", "seo", "opengraph", "og", "meta", "article"})

_MOST_EXTRA = 100
_LONGEST_EXTRA = 2_000

Value = tuple[str, object]  # the key as written, and its value


def fields(meta: Mapping[str, object], hints: Hints) -> Draft:
    """A draft with everything `meta` says; the title is empty if it says none."""
    return _Reading(hints).read(meta)


_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[A-Za-z]+\d*);")
_UNRELEASED = frozenset(
    "draft entwurf hidden skip unpublished private pending review future scheduled archived trash"
    " brouillon borrador bozza wip idea in-progress".split()
) | {"in arbeit", "in progress", "in review", "nicht freigegeben"}
_RELEASED = frozenset(
    "published publish public live final frei freigegeben veröffentlicht done".split()
)


@dataclass(slots=True)
class _Reading:
    """One head while it is read."""

    hints: Hints
    values: dict[str, list[Value]] = field(default_factory=dict)
    extra: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def read(self, meta: Mapping[str, object]) -> Draft:
        self._collect(meta, "")
        for values in self.values.values():
            if len(values) > 1:
                values.sort(key=lambda value: RANK.get(normal_key(value[0]), len(RANK)))
        language = self._language()
        published = self._moment("published", language)
        unreleased = self._unreleased()
        embargo, unclear = self._embargo(language)
        if embargo is None:
            published, embargo = self._publish_date(published, language)
        image = self._image()
        return Draft(
            title=self._text("title") or "",
            subtitle=self._text("subtitle"),
            summary=self._text("summary"),
            id=self._text("id"),
            link=self._link(),
            published=published,
            updated=self._moment("updated", language),
            embargo=embargo,
            expires=self._moment("expires", language),
            unreleased=unreleased or unclear,
            authors=self._authors(),
            tags=self._tags(),
            section=self._section(),
            language=language,
            image=image,
            enclosures=self._enclosures(),
            rights=self._text("rights"),
            location=self._text("location"),
            agency=self._agency(),
            extra=tuple(self.extra[:_MOST_EXTRA]),
            warnings=tuple(self.warnings),
        )

    def _collect(self, meta: Mapping[str, object], prefix: str) -> None:
        nested: list[tuple[str, Mapping[str, object]]] = []
        for key, value in meta.items():
            name = field_of(prefix + key) or (field_of(key) if prefix else None)
            if isinstance(value, dict) and not prefix and normal_key(key) in _NESTS:
                nested.append((key, value))
            elif is_empty(value) or name == "ignored":
                continue
            elif name is not None:
                # What stands at the top outranks what is nested, so it comes first.
                self.values.setdefault(name, []).append((key, value))
            elif lines := episode_lines(key, value):
                self.extra.extend(lines)
            else:
                self._keep(prefix + key, value)
        for key, value in nested:
            self._collect(value, f"{key}.")

    def _keep(self, key: str, value: object) -> None:
        if isinstance(value, dict):
            for name, one in list(value.items())[:MOST_ITEMS]:
                if (text := text_of(one)) is not None:
                    self._keep(f"{key}.{name}", text)
            return
        text = text_of(value)
        if text is None and isinstance(value, list):
            text = ", ".join(filter(None, map(text_of, value[:MOST_ITEMS])))
        if text:
            self.extra.append((key[:100], text[:_LONGEST_EXTRA]))

    def _warn(self, key: str, value: object, what: str) -> None:
        shown = text_of(value) or type(value).__name__
        self.warnings.append(f"{key}: {shown[:80]!r} {what}; left out")

    # --- texts

    def _text(self, name: str) -> str | None:
        """The first text of a field; the others are not lost."""
        found: str | None = None
        for key, value in self.values.get(name, ()):
            text = text_of(value)
            if text is None and isinstance(value, list) and value:
                text = text_of(value[0])
            if text is None or isinstance(value, bool):
                self._warn(key, value, "is no text")
                continue
            text = one_line(plain(text) if _MARKUP.search(text) else text)
            if found is None:
                found = text or None
            elif text != found:
                self._keep(key, text)
        return found

    def _link(self) -> str | None:
        found: str | None = None
        for key, value in self.values.get("link", ()):
            text = text_of(value) or ""
            address = text.startswith("/") or urls.absolute(text, None) is not None
            # Jekyll: "/:categories/:title/" is a template
            if found is None and address and "/:" not in text:
                found = text
            elif text != found:
                self._keep(key, value)
        return found

    def _agency(self) -> str | None:
        texts = self.values.get("agency", [])
        for key, value in [v for v in texts if urls.absolute(text_of(v[1]) or "", None)]:
            texts.remove((key, value))
            self._keep(key, value)
        return self._text("agency")

    def _language(self) -> str | None:
        for key, value in self.values.get("language", ()):
            text = text_of(value)
            if text is not None and (language := normalise_language(text)) is not None:
                return language
            self._warn(key, value, "is no language")
        return None

    # --- times and release

    def _moment(self, name: str, language: str | None) -> datetime | None:
        for key, value in self.values.get(name, ()):
            if name == "published" and (
                normal_key(key) == "publishdate" or flag_of(value) is not None
            ):
                continue  # Hugo's embargo; `published: false`
            moment = self._read_moment(value, language)
            if moment is not None:
                return moment
            self._warn(key, value, "is no date")
        return None

    def _read_moment(self, value: object, language: str | None) -> datetime | None:
        if isinstance(value, date):  # and datetime
            return as_utc(value, self.hints.zone)
        text = value.strip() if isinstance(value, str) else ""
        zone = self.hints.zone
        return (
            parse_date(text, zone=zone, language=language or self.hints.language) if text else None
        )

    def _publish_date(
        self, published: datetime | None, language: str | None
    ) -> tuple[datetime | None, datetime | None]:
        """Hugo: `date` is what readers see, `publishDate` when they may; alone it is both."""
        for key, value in self.values.get("published", ()):
            if normal_key(key) != "publishdate" or flag_of(value) is not None:
                continue
            moment = self._read_moment(value, language)
            if moment is None:
                self._warn(key, value, "is no date")
            elif published is None:
                return moment, None
            elif moment > published:
                return published, moment
        return published, None

    def _embargo(self, language: str | None) -> tuple[datetime | None, bool]:
        for key, value in self.values.get("embargo", ()):
            if flag_of(value) is False:
                continue
            moment = self._read_moment(value, language)
            if moment is not None:
                return moment, False
            # Too late can be mended, too early cannot.
            shown = text_of(value) or ""
            self.warnings.append(f"{key}: {shown[:80]!r} is no date; held back as a draft")
            return None, True
        return None, False

    def _unreleased(self) -> bool:
        held = False
        for key, value in self.values.get("status", ()):
            normal, flag = normal_key(key), flag_of(value)
            if normal in {"draft", "unreleased", "unpublished", "private"}:
                if flag is None and (moment := self._read_moment(value, None)) is not None:
                    self.values.setdefault("expires", []).append((key, moment))
                    continue
                held = held or flag is not False
            elif flag is not None:
                held = held or not flag
            else:
                word = one_line(text_of(value) or "").casefold()
                held = held or word in _UNRELEASED
                if word not in _UNRELEASED | _RELEASED:
                    self._keep(key, value)
        return held or any(flag_of(value) is False for _, value in self.values.get("published", ()))

    # --- people, tags

    def _authors(self) -> tuple[Person, ...]:
        people: list[Person] = []
        for key, value in self.values.get("authors", ()):
            found = list(people_of(value))
            if not found:
                self._warn(key, value, "names nobody")
            people = people or found
        email, uri = self._text("authoremail"), self._text("authoruri")
        if len(people) == 1:
            one = people[0]
            people = [Person(name=one.name, email=one.email or email, uri=one.uri or uri)]
        elif email and not people:
            self._keep("email", email)
        return tuple(people)

    def _tags(self) -> tuple[str, ...]:
        found: list[str] = []
        for _, value in self.values.get("tags", ()):
            found += words_of(value)
        for _, value in self.values.get("section", ()):
            if isinstance(value, list) and len(value) > 1:
                found += words_of(value)
        unique: dict[str, str] = {}
        for tag in found:
            unique.setdefault(tag.casefold(), tag)
        return tuple(unique.values())

    def _section(self) -> str | None:
        for _, value in self.values.get("section", ()):
            for word in (
                words_of(value) if isinstance(value, list) else filter(None, [label_of(value)])
            ):
                return word
        return None

    # --- media

    def _image(self) -> Image | None:
        found: Image | None = None
        for key, value in self.values.get("image", ()):
            if flag_of(value) is not None or (found is not None and isinstance(value, list | dict)):
                continue
            image = next(images_of(value), None)
            if image is None:
                self._keep(key, value)
            elif found is None:
                found = image
            elif image.url != found.url:
                self._keep(key, image.url)
        caption, credit = self._text("caption"), self._text("credit")
        if found is None:
            for key, text in (("caption", caption), ("credit", credit)):
                if text:
                    self._keep(key, text)
            return None
        return Image(url=found.url, caption=found.caption or caption, credit=found.credit or credit)

    def _enclosures(self) -> tuple[Enclosure, ...]:
        found: list[Enclosure] = []
        for key, value in self.values.get("enclosure", ()):
            media = list(media_of(value))
            if not media and flag_of(value) is None:
                self._warn(key, value, "is no address of a media file")
            found += [one for one in media if all(one.url != known.url for known in found)]
        names = ("duration", "length", "type")
        beside = {name: pair[0] for name in names if (pair := self.values.get(name))}
        if not found:
            for key, value in beside.values():
                self._keep(key, value)
        return with_told(found, **{name: value for name, (_, value) in beside.items()})
