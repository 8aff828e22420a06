"""Values of a feed that others prescribe: partners, podcast directories, hubs."""

from __future__ import annotations

import re
from typing import Literal
from uuid import UUID

from feedsvc.config.addresses import web_url
from feedsvc.config.shapes import Reader, WrongValueError, choice, flag, many, text

PROFILES = ("reader", "msn", "smartnews", "flipboard", "apple-podcasts")

# The podcast namespace, <podcast:medium>.
MEDIUMS = (
    "podcast", "music", "video", "film", "audiobook", "newsletter", "blog", "publisher", "course",
)  # fmt: skip

profile: Reader[str] = choice(*PROFILES)

_hubs = many(web_url, '"https://hub.example.org/"')
_category = text("Society & Culture > Documentary")


def full_text(value: object) -> bool | Literal["given"]:
    """Whether entries hold the text, an excerpt, or exactly what their source gave."""
    if value == "given":
        return "given"
    try:
        return flag(value)
    except WrongValueError as wrong:
        raise WrongValueError('true, false or "given"') from wrong


def websub(value: object) -> bool | tuple[str, ...]:
    """Whether hubs are announced, or which."""
    if isinstance(value, bool):
        return value
    try:
        return _hubs(value)
    except WrongValueError as wrong:
        if wrong.at:
            raise
        raise WrongValueError('true, false or a hub such as "https://hub.example.org/"') from wrong


def category(value: object) -> tuple[str, ...]:
    """A category of a podcast directory, with the one below it behind a `>`."""
    words = tuple(part.strip() for part in _category(value).split(">"))
    if not 1 <= len(words) <= 2 or not all(words):
        raise WrongValueError('a category such as "News" or "Society & Culture > Documentary"')
    return words


def podcast_guid(value: object) -> str:
    """The UUID that a podcast got where it was published first."""
    try:
        return str(UUID(str(value).strip()))
    except ValueError as error:
        example = "917393e3-1b1e-5cef-ace4-edaa54e1f810"
        raise WrongValueError(f'a UUID such as "{example}"') from error


def funding(value: object) -> tuple[tuple[str, str], ...]:
    """Where listeners may give: an address, or tables of `url` and `text`."""
    expected = 'an address, or a table such as { url = "https://example.org/give", text = "Danke" }'
    found = []
    for number, item in enumerate(value if isinstance(value, list) else [value]):
        table = {"url": item} if isinstance(item, str) else item
        if not isinstance(table, dict) or not {"url"} <= table.keys() <= {"url", "text"}:
            raise WrongValueError(expected)
        try:
            words = text("Danke")(table["text"]) if "text" in table else ""
            # The podcast namespace, <podcast:funding>: 128 characters at most
            found.append((web_url(table["url"]), re.sub(r"(?s)(.{125}).{4,}", r"\1…", words)))
        except WrongValueError as wrong:
            wrong.at = (number, *wrong.at) if isinstance(value, list) else wrong.at
            raise
    return tuple(found)
