"""The pictures and media files that values of front matter name, in all the shapes they come in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import time

from feedsvc.model import Enclosure, Image
from feedsvc.parsers.metavalues import MOST_ITEMS, WIKILINK, is_empty, label_of, normal_key, text_of
from feedsvc.text import urls
from feedsvc.text.clean import one_line

_MARKDOWN_IMAGE = re.compile(r"!\[([^\]]*)\]\(\s*<?([^)>\s]+)>?[^)]*\)")


def images_of(value: object) -> Iterator[Image]:
    """The pictures in a value, the likeliest for a lead image first."""
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], list):
            value = label_of(value) or ""
        else:
            listed = [item for item in value[:MOST_ITEMS] if not is_empty(item)]
            named = [item for item in listed if isinstance(item, dict) and _is_cover(item)]
            for item in named or listed:
                yield from images_of(item)
            return
    if isinstance(value, dict):
        lowered = {normal_key(str(key)): one for key, one in value.items()}
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
            inner = next(images_of(lowered.get(key)), None)
            if inner is not None:
                texts = {
                    name: next((t for k in keys if (t := label_of(lowered.get(k)))), None)
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
    text = text_of(value) or ""
    if (wiki := WIKILINK.fullmatch(text)) is not None:
        text = wiki[1].partition("#")[0].strip()
    elif (markdown := _MARKDOWN_IMAGE.fullmatch(text)) is not None:
        if _is_file(markdown[2]):
            yield Image(url=markdown[2], caption=one_line(markdown[1]) or None)
        return
    if _is_file(text):
        yield Image(url=text)


def _is_cover(item: Mapping[str, object]) -> bool:
    name = normal_key(text_of(item.get("name")) or "")
    return name.startswith(("cover", "feature", "hero", "header", "banner", "thumb"))


def _is_file(text: str) -> bool:
    """An address or a path, not a word, a colour or a template."""
    if not text or len(text) > 4_000 or "\n" in text or text.startswith(("#", "{", "<")):
        return False
    return urls.absolute(text, "https://relative.invalid/") is not None and (
        "/" in text or re.search(r"\.[A-Za-z0-9]{2,5}$", text) is not None
    )


def media_of(value: object) -> Iterator[Enclosure]:
    """The media files in a value; what is no address is passed over."""
    if isinstance(value, list):
        for item in value[:MOST_ITEMS]:
            yield from media_of(item)
    elif isinstance(value, dict):
        lowered = {normal_key(str(key)): one for key, one in value.items()}
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
            inner = next(media_of(lowered.get(key)), None)
            if inner is None:
                continue
            length, duration = lowered.get("length"), lowered.get("duration")
            if duration is None and isinstance(length, str) and ":" in length:
                length, duration = None, length
            for size in ("size", "bytes", "filesize", "contentlength", "sizeinbytes"):
                length = lowered.get(size) if length is None else length
            yield Enclosure(
                url=inner.url,
                type=media_type_of(
                    next((lowered[k] for k in ("type", "mimetype", "mime") if k in lowered), None)
                ),
                length=either(bytes_of(length), inner.length),
                duration=seconds_of(
                    duration if duration is not None else lowered.get("durationinseconds")
                ),
            )
            return
    else:
        text = text_of(value) or ""
        if (wiki := WIKILINK.fullmatch(text)) is not None:
            text = wiki[1]
        # WordPress and its exports: "address length type" in one value
        parts = text.split()
        if len(parts) == 3 and parts[1].isdigit() and "/" in parts[2]:
            if _is_file(parts[0]):
                yield Enclosure(
                    url=parts[0], length=bytes_of(parts[1]), type=media_type_of(parts[2])
                )
        elif _is_file(text):
            yield Enclosure(url=text)


def with_told(
    found: Sequence[Enclosure],
    *,
    type: object = None,
    length: object = None,
    duration: object = None,
) -> tuple[Enclosure, ...]:
    """The files, and of the first what stands beside it under keys of their own."""
    if found:
        first = found[0]
        if duration is None and isinstance(length, str) and ":" in length:
            length, duration = None, length
        told = Enclosure(
            url=first.url,
            type=first.type or media_type_of(type),
            length=either(first.length, bytes_of(length)),
            duration=either(first.duration, seconds_of(duration)),
        )
        found = (told, *found[1:])
    return tuple(replace(one, type=one.type or urls.media_type(one.url)) for one in found)


def either(one: int | None, other: int | None) -> int | None:
    """The first number that is known."""
    return one if one is not None else other


def media_type_of(value: object) -> str | None:
    """A value as a media type, if it is one."""
    text = (text_of(value) or "").lower()
    return text if re.fullmatch(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,60}", text) else None


def bytes_of(value: object) -> int | None:
    """A value as a size in bytes, if it is one."""
    if isinstance(value, bool):
        return None
    text = (text_of(value) or "").replace("_", "").removesuffix(" bytes")
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


def seconds_of(value: object) -> int | None:
    """A duration: seconds, `HH:MM:SS`, `MM:SS`, `PT31M2S` or "31 min"."""
    if isinstance(value, time):
        return value.hour * 3600 + value.minute * 60 + value.second
    if isinstance(value, float) and 0 <= value < 1e7:
        return int(value)
    text = "" if isinstance(value, bool) else (text_of(value) or "")
    if re.fullmatch(r"\d{1,7}(?:\.\d+)?", text):
        return int(text.partition(".")[0])
    for form in (_CLOCK, _ISO_DURATION, _WORDED):
        found = form.fullmatch(text)
        if found is not None and any(found.groups()):
            part = {name: int(number or 0) for name, number in found.groupdict().items()}
            return part.get("d", 0) * 86400 + part["h"] * 3600 + part["m"] * 60 + part["s"]
    return None
