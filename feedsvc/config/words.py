"""Readers for words that others define: time zones, languages, encodings, patterns."""

from __future__ import annotations

import codecs
import re
import unicodedata
import warnings
from functools import lru_cache
from zoneinfo import ZoneInfo

from feedsvc.config.nearest import nearest
from feedsvc.config.shapes import WrongValueError, text

# RFC 5646 §2.1 langtag, without the eight-letter primary languages nobody ever registered
_LANGUAGE = re.compile(
    r"""
    (?P<language> [a-z]{2,3} (?:-[a-z]{3}){0,3} )
    (?: - (?P<script> [a-z]{4} ) )?
    (?: - (?P<region> [a-z]{2} | [0-9]{3} ) )?
    (?P<rest>
        (?: - (?: [a-z0-9]{5,8} | [0-9][a-z0-9]{3} ) )*
        (?: - [0-9a-wy-z] (?: - [a-z0-9]{2,8} )+ )*
        (?: - x (?: - [a-z0-9]{1,8} )+ )?
    )
    """,
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_LANGUAGE_NAMES = {
    "german": "de", "deutsch": "de", "ger": "de", "deu": "de", "english": "en", "englisch": "en",
    "eng": "en", "french": "fr", "französisch": "fr", "italian": "it", "italienisch": "it",
    "spanish": "es", "spanisch": "es", "dutch": "nl", "polish": "pl", "polnisch": "pl",
}  # fmt: skip
# codecs of Python that no document is written in
_NO_DOCUMENT = {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs"}


def zone(value: object) -> ZoneInfo:
    """A time zone of the IANA database."""
    expected = 'a time zone such as "Europe/Berlin"'
    if not isinstance(value, str):
        raise WrongValueError(expected)
    key = value.strip()
    if key.casefold() in {"localtime", "posixrules", "factory"}:
        # what is published must not depend on where feedsvc runs
        raise WrongValueError(expected, "it would differ from machine to machine")
    try:
        return ZoneInfo(key)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder, "Europe"
        raise WrongValueError(expected, _meant(_nearest_zone(key))) from error


def language(value: object) -> str:
    """A language tag of BCP 47, in its usual case: `de-AT`, `zh-Hant`."""
    expected = 'a language tag such as "de" or "en-GB"'
    if not isinstance(value, str):
        raise WrongValueError(expected)
    tag = value.strip()
    if meant := _LANGUAGE_NAMES.get(tag.casefold()):
        raise WrongValueError(expected, _meant(meant))
    if (found := _LANGUAGE.fullmatch(tag)) is None:
        dashed = tag.split(".")[0].replace("_", "-")  # de_DE.UTF-8
        meant = dashed if dashed != tag and _LANGUAGE.fullmatch(dashed) else None
        raise WrongValueError(expected, _meant(language(meant) if meant else None))
    parts = [found["language"].lower()]
    if found["script"]:
        parts.append(found["script"].title())
    if found["region"]:
        parts.append(found["region"].upper())
    return "-".join(parts) + found["rest"].lower()


def encoding(value: object) -> str:
    """A text encoding that Python can read, in lower case as it was written."""
    expected = 'an encoding such as "windows-1252"'
    if not isinstance(value, str):
        raise WrongValueError(expected)
    name = value.strip().lower()
    try:
        known = codecs.lookup(name)
    except (LookupError, ValueError) as error:
        from encodings.aliases import aliases  # start-up: only mistakes need it

        close = nearest(name.replace("-", "_"), {*aliases, *aliases.values()})
        meant = _meant(close.replace("_", "-") if close else None)
        raise WrongValueError(expected, meant) from error
    try:
        "".encode(known.name)  # refuses "hex" and other codecs that make bytes of bytes
    except (LookupError, ValueError) as error:
        raise WrongValueError(expected, "no text is written in it") from error
    if known.name.replace("-", "_") in _NO_DOCUMENT:
        raise WrongValueError(expected, "no document is written in it")
    return name


def pattern(value: object) -> re.Pattern[str]:
    """A regular expression, searched without regard to case; `(?-i:…)` minds it."""
    expected = 'a regular expression such as "Haushalt|budget"'
    if not isinstance(value, str) or not value:
        raise WrongValueError(expected)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "possible nested set": it still means what it says
            return re.compile(unicodedata.normalize("NFC", value), re.IGNORECASE)
    except re.error as error:
        remark = f"{error.msg} at character {error.pos + 1}" if error.pos is not None else error.msg
        raise WrongValueError(expected, remark, shift=error.pos or 0) from error
    except (OverflowError, RecursionError) as error:
        raise WrongValueError(expected, str(error)) from error


def glob(value: object) -> str:
    """A file pattern relative to its source, in NFC as the paths are."""
    expected = 'a file pattern such as "*.md" or "drafts/**"'
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise WrongValueError(expected)
    if value.startswith(("/", "~")):
        raise WrongValueError(expected, "it starts at the source's own path")
    if ".." in value.split("/"):
        raise WrongValueError(expected, "it cannot leave the source's path")
    return unicodedata.normalize("NFC", value)


def tag(value: object) -> str:
    """A tag as a reader would see it."""
    return text("politik")(value)


@lru_cache(maxsize=64)  # one mistake is often made in every source
def _nearest_zone(key: str) -> str | None:
    from zoneinfo import available_timezones  # walks the disk: only mistakes need it

    zones = sorted(available_timezones())
    wanted = key.casefold().replace(" ", "_")
    for known in zones:
        if wanted in {known.casefold(), known.casefold().rpartition("/")[2]}:
            return known
    if any(known.casefold().startswith(f"{wanted}/") for known in zones):
        return None  # a part of the world: the example shows that a city follows
    return nearest(wanted, zones)


def _meant(word: str | None) -> str | None:
    return f"did you mean '{word}'?" if word else None
