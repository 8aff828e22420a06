"""What the keys of front matter mean: Hugo's, Jekyll's, Pelican's, Obsidian's and Zola's -> Draft.

One bad value costs one value and leaves a warning. A value nobody knows is kept in `extra`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from functools import lru_cache

from feedsvc.model import Draft, Enclosure, Hints, Image, Person
from feedsvc.parsers.bylines import read_authors
from feedsvc.parsers.labels import Field, fields_of
from feedsvc.text import urls
from feedsvc.text.clean import one_line
from feedsvc.text.dates import as_utc, parse_date
from feedsvc.text.html import plain
from feedsvc.text.language import normalise_language

# Per field the keys in order of rank, without case, `_`, `-`, `.` and spaces.
_KEYS = {
    "title": "title headline ogtitle",
    "subtitle": "subtitle subheadline alternativeheadline tagline kicker dek",
    "summary": "summary description excerpt abstract teasertext lead standfirst ogdescription"
    " metadescription seodescription",
    "id": "id guid uuid uid articleid",
    "link": "canonical canonicalurl canonicallink canonicaluri permalink url link slug",
    "published": "date published datepublished publishedat publisheddate publicationdate pubdate"
    " pubdatetime publishdate posted postedat created createdat datecreated creationdate",
    "updated": "updated lastmod lastmodified lastmodifiedat modified modifiedat modifieddate"
    " datemodified dateupdated updatedat updateddate lastupdated lastupdatedat moddatetime",
    "embargo": "embargo embargoeduntil embargodate embargountil notbefore",
    "expires": "expirydate expires expiry expiresat expirationdate expiredate unpublish"
    " unpublishdate unpublishat validuntil",
    "status": "draft unreleased status state publish unpublished private",
    "authors": "author authors byline writer writers creator creators writtenby",
    "authoremail": "authoremail email",
    "authoruri": "authoruri authorurl authorlink authorwebsite",
    "tags": "tags tag keywords keyword categories topics taxonomiestags taxonomiescategories",
    "section": "section category articlesection",
    "language": "language lang locale langcode languagecode inlanguage oglocale",
    "image": "image images cover coverimage featuredimage featureimage featured heroimage hero"
    " banner bannerimage headerimage header ogimage socialimage shareimage previewimage"
    " thumbnail thumb teaserimage photo feature resources",
    "caption": "imagecaption covercaption coveralt imagealt caption thumbnailcaption heroalt"
    " herocaption imagedescription bannercaption featuredimagecaption featuredimagealt",
    "credit": "imagecredit imagecredits covercredit photocredit imagesource photographer credit",
    "enclosure": "enclosure enclosures audio audiourl audiofile podcast podcasturl podcastfile"
    " podcastaudio episodeurl mp3 mp3url video videourl videofile media mediaurl attachments",
    "duration": "duration audioduration podcastduration audiolength itunesduration",
    "length": "audiosize podcastlength podcastsize podcastbytes enclosurelength filesize"
    " audiobytes",
    "type": "audiotype podcasttype podcastmimetype enclosuretype audiomimetype",
    "rights": "rights copyright license licence",
    "location": "location place dateline",
    "agency": "agency source",
    # about the rendering of a site, not about the article
    "ignored": "layout weight aliases alias translationkey cssclass cssclasses",
}
_FIELD_OF = {key: name for name, keys in _KEYS.items() for key in keys.split()}
_RANK = {key: rank for keys in _KEYS.values() for rank, key in enumerate(keys.split())}
_NESTS = frozenset({"params", "taxonomies", "extra", "seo", "opengraph", "og", "meta", "article"})

_MOST_EXTRA = 100
_LONGEST_EXTRA = 2_000
_MOST_ITEMS = 500

Value = tuple[str, object]  # the key as written, and its value


def fields(meta: Mapping[str, object], hints: Hints) -> Draft:
    """A draft with everything `meta` says; the title is empty if it says none."""
    return _Reading(hints).read(meta)


@lru_cache(maxsize=512)
def _normal(key: str) -> str:
    return re.sub(r"[\s_.:-]+", "", key.casefold())


@lru_cache(maxsize=512)
def _field(key: str) -> str | None:
    normal = _normal(key)
    if normal in _FIELD_OF:
        return _FIELD_OF[normal]
    # Words of other languages are those of plain texts: `titel:`, `schlagwörter:`.
    labels = fields_of(key.replace("_", " "))
    return _LABELS.get(labels[0]) if labels else None


_LABELS = {
    Field.TITLE: "title",
    Field.SUBTITLE: "subtitle",
    Field.AUTHOR: "authors",
    Field.DATE: "published",
    Field.UPDATED: "updated",
    Field.EMBARGO: "embargo",
    Field.SUMMARY: "summary",
    Field.TAGS: "tags",
    Field.SECTION: "section",
    Field.IMAGE: "image",
    Field.CAPTION: "caption",
    Field.CREDIT: "credit",
    Field.LINK: "link",
    Field.ID: "id",
    Field.LANGUAGE: "language",
    Field.LOCATION: "location",
    Field.AGENCY: "agency",
    Field.STATUS: "status",
    Field.RIGHTS: "rights",
}


def is_known(key: str) -> bool:
    """Whether a key has a meaning, for heads that nothing else marks as such."""
    return _field(key) is not None


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
            values.sort(key=lambda value: _RANK.get(_normal(value[0]), len(_RANK)))
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
            name = _field(prefix + key) or (_field(key) if prefix else None)
            if isinstance(value, Mapping) and not prefix and _normal(key) in _NESTS:
                nested.append((key, value))
            elif _empty(value) or name == "ignored":
                continue
            elif name is not None:
                # What stands at the top outranks what is nested, so it comes first.
                self.values.setdefault(name, []).append((key, value))
            else:
                self._keep(prefix + key, value)
        for key, value in nested:
            self._collect(value, f"{key}.")

    def _keep(self, key: str, value: object) -> None:
        if isinstance(value, Mapping):
            for name, one in list(value.items())[:_MOST_ITEMS]:
                if (text := _scalar(one)) is not None:
                    self._keep(f"{key}.{name}", text)
            return
        text = _scalar(value)
        if text is None and isinstance(value, list):
            text = ", ".join(filter(None, map(_scalar, value[:_MOST_ITEMS])))
        if text:
            self.extra.append((key[:100], text[:_LONGEST_EXTRA]))

    def _warn(self, key: str, value: object, what: str) -> None:
        shown = _scalar(value) or type(value).__name__
        self.warnings.append(f"{key}: {shown[:80]!r} {what}; left out")

    # --- texts

    def _text(self, name: str) -> str | None:
        """The first text of a field; the others are not lost."""
        found: str | None = None
        for key, value in self.values.get(name, ()):
            text = _scalar(value)
            if text is None and isinstance(value, list) and value:
                text = _scalar(value[0])
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
            text = _scalar(value) or ""
            address = text.startswith("/") or urls.absolute(text, None) is not None
            # Jekyll: "/:categories/:title/" is a template
            if found is None and address and "/:" not in text:
                found = text
            elif text != found:
                self._keep(key, value)
        return found

    def _agency(self) -> str | None:
        texts = self.values.get("agency", [])
        for key, value in [v for v in texts if urls.absolute(_scalar(v[1]) or "", None)]:
            texts.remove((key, value))
            self._keep(key, value)
        return self._text("agency")

    def _language(self) -> str | None:
        for key, value in self.values.get("language", ()):
            text = _scalar(value)
            if text is not None and (language := normalise_language(text)) is not None:
                return language
            self._warn(key, value, "is no language")
        return None

    # --- times and release

    def _moment(self, name: str, language: str | None) -> datetime | None:
        for key, value in self.values.get(name, ()):
            if name == "published" and (_normal(key) == "publishdate" or _flag(value) is not None):
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
            if _normal(key) != "publishdate" or _flag(value) is not None:
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
            if _flag(value) is False:
                continue
            moment = self._read_moment(value, language)
            if moment is not None:
                return moment, False
            # Too late can be mended, too early cannot.
            shown = _scalar(value) or ""
            self.warnings.append(f"{key}: {shown[:80]!r} is no date; held back as a draft")
            return None, True
        return None, False

    def _unreleased(self) -> bool:
        held = False
        for key, value in self.values.get("status", ()):
            normal, flag = _normal(key), _flag(value)
            if normal in {"draft", "unreleased", "unpublished", "private"}:
                if flag is None and (moment := self._read_moment(value, None)) is not None:
                    self.values.setdefault("expires", []).append((key, moment))
                    continue
                held = held or flag is not False
            elif flag is not None:
                held = held or not flag
            else:
                word = one_line(_scalar(value) or "").casefold()
                held = held or word in _UNRELEASED
                if word not in _UNRELEASED | _RELEASED:
                    self._keep(key, value)
        return held or any(_flag(value) is False for _, value in self.values.get("published", ()))

    # --- people, tags

    def _authors(self) -> tuple[Person, ...]:
        people: list[Person] = []
        for key, value in self.values.get("authors", ()):
            found = list(_people(value))
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
            found += _words(value)
        for _, value in self.values.get("section", ()):
            if isinstance(value, list) and len(value) > 1:
                found += _words(value)
        unique: dict[str, str] = {}
        for tag in found:
            unique.setdefault(tag.casefold(), tag)
        return tuple(unique.values())

    def _section(self) -> str | None:
        for _, value in self.values.get("section", ()):
            for word in _words(value) if isinstance(value, list) else filter(None, [_label(value)]):
                return word
        return None

    # --- media

    def _image(self) -> Image | None:
        found: Image | None = None
        for key, value in self.values.get("image", ()):
            if _flag(value) is not None or (
                found is not None and isinstance(value, list | Mapping)
            ):
                continue
            image = next(_images(value), None)
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
            media = list(_media(value))
            if not media and _flag(value) is None:
                self._warn(key, value, "is no address of a media file")
            found += [one for one in media if all(one.url != known.url for known in found)]
        beside = {
            name: (pair[0][1] if (pair := self.values.get(name)) else None)
            for name in ("duration", "length", "type")
        }
        if found:
            first = found[0]
            found[0] = Enclosure(
                url=first.url,
                type=first.type or _media_type(beside["type"]),
                length=_first(first.length, _bytes(beside["length"])),
                duration=_first(first.duration, _seconds(beside["duration"])),
            )
        else:
            for name, value in beside.items():
                if value is not None:
                    self._keep(name, value)
        return tuple(
            Enclosure(
                url=one.url,
                type=one.type or urls.media_type(one.url),
                length=one.length,
                duration=one.duration,
            )
            for one in found
        )


# --- values

_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|&(?:#\d+|#x[0-9a-fA-F]+|[A-Za-z]+\d*);")
_TRUE = frozenset({"true", "yes", "on", "1", "y", "ja", "wahr", "oui", "si"})
_FALSE = frozenset({"false", "no", "off", "0", "n", "nein", "falsch", "non", "never", "none"})
_UNRELEASED = frozenset(
    "draft entwurf hidden skip unpublished private pending review future scheduled archived trash"
    " brouillon borrador bozza wip idea in-progress".split()
) | {"in arbeit", "in progress", "in review", "nicht freigegeben"}
_RELEASED = frozenset(
    "published publish public live final frei freigegeben veröffentlicht done".split()
)


def _empty(value: object) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _flag(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    if isinstance(value, str | int):
        word = str(value)[:10].strip().casefold()
        return True if word in _TRUE else False if word in _FALSE else None
    return None


def _scalar(value: object) -> str | None:
    """A value as text; None for what is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int):
        return str(value) if value.bit_length() < 10_000 else None
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, date | time):
        return value.isoformat()
    return None


_WIKILINK = re.compile(r"!?\[\[([^\[\]|]{1,500})(?:\|([^\[\]]{0,500}))?\]\]")


def _label(value: object) -> str | None:
    """The name in a value: text, `[[Target|label]]`, or a map with a name."""
    if isinstance(value, Mapping):
        lowered = {_normal(str(key)): one for key, one in value.items()}
        for key in ("name", "label", "title", "term", "slug"):
            if (text := _scalar(lowered.get(key))) is not None:
                return one_line(text) or None
        return None
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        # `[[Target]]` unquoted is a list in a list to YAML
        return _label(value[0][0]) if value[0] else None
    text = _scalar(value)
    if text is None:
        return None
    text = _WIKILINK.sub(lambda m: m[2] or m[1].rpartition("/")[2].partition("#")[0], text)
    return one_line(text) or None


def _words(value: object) -> Iterator[str]:
    """The tags in a value: a list, or a text with commas."""
    if isinstance(value, list):
        items: list[object] = list(value[:_MOST_ITEMS])
    elif isinstance(value, str):
        items = list(re.split(r"[,;，、\n]", value)[:_MOST_ITEMS])
        if len(items) == 1 and re.fullmatch(r"\s*#\S+(?:\s+#\S+)+\s*", value):
            items = list(value.split()[:_MOST_ITEMS])
    else:
        items = [value]
    for item in items:
        word = _label(item)
        if word is not None and (word := word.lstrip("#").strip()):
            yield word


def _people(value: object) -> Iterator[Person]:
    if isinstance(value, Mapping):
        lowered = {_normal(str(key)): one for key, one in value.items()}
        name = next(
            (n for k in ("name", "displayname", "title") if (n := _label(lowered.get(k)))), None
        )
        given, family = _label(lowered.get("firstname")), _label(lowered.get("lastname"))
        name = name or " ".join(filter(None, (given, family)))
        email = _scalar(lowered.get("email")) or _scalar(lowered.get("mail"))
        uri = next(
            (
                u
                for k in ("url", "uri", "link", "homepage", "website", "web")
                if (u := _scalar(lowered.get(k)))
            ),
            None,
        )
        if name or email:
            yield Person(name=name or email or "", email=email or None, uri=uri)
        elif value and all(isinstance(one, Mapping) for one in value.values()):
            for one in list(value.values())[:_MOST_ITEMS]:  # {anna: {name: Anna}}
                yield from _people(one)
    elif isinstance(value, list):
        for item in value[:_MOST_ITEMS]:
            yield from _people(item) if isinstance(item, Mapping) else _people_of_item(item)
    elif isinstance(value, str):
        yield from read_authors((_label(value) or "")[:2_000]).authors


def _people_of_item(item: object) -> Iterator[Person]:
    name = _label(item)
    if name is None:
        return
    # An item is one person: "Muster, Anna" is not two.
    found = read_authors(name[:500].replace(",", "\ue000")).authors
    for person in found:
        yield Person(name=person.name.replace("\ue000", ","), email=person.email, uri=person.uri)


_MARKDOWN_IMAGE = re.compile(r"!\[([^\]]*)\]\(\s*<?([^)>\s]+)>?[^)]*\)")


def _images(value: object) -> Iterator[Image]:
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], list):
            value = _label(value) or ""
        else:
            listed = [item for item in value[:_MOST_ITEMS] if not _empty(item)]
            named = [item for item in listed if isinstance(item, Mapping) and _is_cover(item)]
            for item in named or listed:
                yield from _images(item)
            return
    if isinstance(value, Mapping):
        lowered = {_normal(str(key)): one for key, one in value.items()}
        for key in (
            "image",
            "src",
            "url",
            "path",
            "file",
            "relative",
            "href",
            "feature",
            "overlayimage",
            "teaser",
        ):
            inner = next(_images(lowered.get(key)), None)
            if inner is not None:
                texts = {
                    name: next((t for k in keys if (t := _label(lowered.get(k)))), None)
                    for name, keys in (
                        ("caption", ("caption", "alt", "description", "title")),
                        (
                            "credit",
                            (
                                "credit",
                                "credits",
                                "attribution",
                                "photographer",
                                "author",
                                "source",
                                "copyright",
                            ),
                        ),
                    )
                }
                yield Image(
                    url=inner.url,
                    caption=texts["caption"] or inner.caption,
                    credit=texts["credit"] or inner.credit,
                )
                return
        return
    text = _scalar(value) or ""
    if (wiki := _WIKILINK.fullmatch(text)) is not None:
        text = wiki[1].partition("#")[0].strip()
    elif (markdown := _MARKDOWN_IMAGE.fullmatch(text)) is not None:
        if _is_file(markdown[2]):
            yield Image(url=markdown[2], caption=one_line(markdown[1]) or None)
        return
    if _is_file(text):
        yield Image(url=text)


def _is_cover(item: Mapping[str, object]) -> bool:
    name = _normal(_scalar(item.get("name")) or "")
    return name.startswith(("cover", "feature", "hero", "header", "banner", "thumb"))


def _is_file(text: str) -> bool:
    """An address or a path, not a word, a colour or a template."""
    if not text or len(text) > 4_000 or "\n" in text or text.startswith(("#", "{", "<")):
        return False
    return urls.absolute(text, "https://relative.invalid/") is not None and (
        "/" in text or re.search(r"\.[A-Za-z0-9]{2,5}$", text) is not None
    )


def _media(value: object) -> Iterator[Enclosure]:
    if isinstance(value, list):
        for item in value[:_MOST_ITEMS]:
            yield from _media(item)
    elif isinstance(value, Mapping):
        lowered = {_normal(str(key)): one for key, one in value.items()}
        for key in (
            "url",
            "src",
            "href",
            "file",
            "link",
            "path",
            "audio",
            "mp3",
            "video",
            "enclosure",
        ):
            inner = next(_media(lowered.get(key)), None)
            if inner is None:
                continue
            length, duration = lowered.get("length"), lowered.get("duration")
            if duration is None and isinstance(length, str) and ":" in length:
                length, duration = None, length
            for size in ("size", "bytes", "filesize", "contentlength", "sizeinbytes"):
                length = lowered.get(size) if length is None else length
            yield Enclosure(
                url=inner.url,
                type=_media_type(
                    next((lowered[k] for k in ("type", "mimetype", "mime") if k in lowered), None)
                ),
                length=_first(_bytes(length), inner.length),
                duration=_seconds(
                    duration if duration is not None else lowered.get("durationinseconds")
                ),
            )
            return
    else:
        text = _scalar(value) or ""
        if (wiki := _WIKILINK.fullmatch(text)) is not None:
            text = wiki[1]
        # WordPress and its exports: "address length type" in one value
        parts = text.split()
        if len(parts) == 3 and parts[1].isdigit() and "/" in parts[2]:
            if _is_file(parts[0]):
                yield Enclosure(url=parts[0], length=_bytes(parts[1]), type=_media_type(parts[2]))
        elif _is_file(text):
            yield Enclosure(url=text)


def _first(one: int | None, other: int | None) -> int | None:
    return one if one is not None else other


def _media_type(value: object) -> str | None:
    text = (_scalar(value) or "").lower()
    return text if re.fullmatch(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,60}", text) else None


def _bytes(value: object) -> int | None:
    if isinstance(value, bool):
        return None
    text = (_scalar(value) or "").replace("_", "").removesuffix(" bytes")
    return int(text) if re.fullmatch(r"[0-9]{1,15}", text) else None


_CLOCK = re.compile(r"(?:(?P<h>\d{1,3}):)?(?P<m>\d{1,3}):(?P<s>\d{1,2})(?:[.,]\d+)?")
_ISO_DURATION = re.compile(  # ISO 8601-1 §5.5.2
    r"P(?:(?P<d>\d{1,3})D)?(?:T(?:(?P<h>\d{1,4})H)?(?:(?P<m>\d{1,5})M)?(?:(?P<s>\d{1,7})(?:[.,]\d+)?S)?)?",
    re.IGNORECASE,
)
_WORDED = re.compile(
    r"(?:(?P<h>\d{1,3})\s*(?:h|std\.?|stunden?|hours?))?\s*(?:(?P<m>\d{1,4})\s*(?:m|min\.?|minuten?|minutes?))?"
    r"\s*(?:(?P<s>\d{1,6})\s*(?:s|sec\.?|sek\.?|sekunden?|seconds?))?",
    re.IGNORECASE,
)


def _seconds(value: object) -> int | None:
    """A duration: seconds, `HH:MM:SS`, `MM:SS`, `PT31M2S` or "31 min"."""
    if isinstance(value, time):
        return value.hour * 3600 + value.minute * 60 + value.second
    if isinstance(value, float) and 0 <= value < 1e7:
        return int(value)
    text = "" if isinstance(value, bool) else (_scalar(value) or "")
    if re.fullmatch(r"\d{1,7}(?:\.\d+)?", text):
        return int(text.partition(".")[0])
    for form in (_CLOCK, _ISO_DURATION, _WORDED):
        found = form.fullmatch(text)
        if found is not None and any(found.groups()):
            part = {name: int(number or 0) for name, number in found.groupdict().items()}
            return part.get("d", 0) * 86400 + part["h"] * 3600 + part["m"] * 60 + part["s"]
    return None
