"""Which addresses of sources are somebody's own: to tell them on would give away who may read.

A password or a token stands where one is named as such, or is a run of characters that nobody has
written by hand. Long ids that everybody may know are neither: a channel, a playlist, a title.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import parse_qsl, unquote, urlsplit

_USER = re.compile(r"://[^/?#]*@")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_SECRET = frozenset(
    "token tokens secret secrets auth authorization password passwd passphrase pass pwd pw jwt"
    " signature sig hmac session sessionid credential credentials apikey accesskey authkey"
    " privatekey userkey feedkey rsskey accesstoken authtoken feedtoken rsstoken".split()
)
_PLAIN = re.compile(r"[a-z]*|[0-9]{1,4}")  # `key=politics`

# What stands behind these is as public as the name of a place.
_PUBLIC = frozenset("channel channel_id channelid playlist playlist_id playlistid list plc".split())
_RUN = re.compile(r"[A-Za-z0-9_=~-]+")
_SEPARATOR = re.compile(r"[-_=~]+")
_PARTS = re.compile(r"[A-Za-z]+|[0-9]+")
_HUMPS = re.compile(r"[A-Z]+[a-z]*|[a-z]+")  # of NorthernHarbourNews
_UNSPEAKABLE = re.compile(r"[b-df-hj-np-tv-xz]{5}", re.IGNORECASE)
_LEAST = 12  # characters that were drawn by lot; ids of videos have 11
_LONGEST = 500


def is_private(url: str) -> bool:
    """Whether an address may be a reader's own: with a password, or with something drawn by lot."""
    try:
        parts = urlsplit(url)
        # As if the query of an address in the query were its own: `?url=https%3A…%3Ftoken%3D…`
        given = parse_qsl(unquote(parts.query).replace("?", "&"), keep_blank_values=True)
    except ValueError:
        return True
    if _USER.search(unquote(url)) or any(_tells_secret(name, value) for name, value in given):
        return True
    # A bare query, `?9f8a…`, is a name without a value.
    told = (value or name for name, value in given if name.lower() not in _PUBLIC)
    texts = (parts.path, parts.fragment, *told)
    return any(_is_drawn(run) for text in texts for run in _beside_public(text))


def _tells_secret(name: str, value: str) -> bool:
    """Whether a value is given as one that opens a door."""
    words = {word.lower() for word in _WORDS.findall(name)} | {name.lower()}
    if words & _SECRET:
        return value != ""
    return "key" in words and _PLAIN.fullmatch(value) is None


def _beside_public(text: str) -> Iterator[str]:
    """The runs of a part of an address, but for those that a word tells to be public."""
    runs = _RUN.findall(unquote(text))
    if "public" not in runs:
        yield from (run for before, run in pairwise(("", *runs)) if before.lower() not in _PUBLIC)


def _is_drawn(run: str) -> bool:
    """Whether enough of a run is what nobody writes: `9f8a7b6c5d4e`, but not `base64_of_2025`."""
    if len(run) > _LONGEST:
        return True
    odd = sum(len(word) for word in _SEPARATOR.split(run) if not _is_written(word))
    return odd >= _LEAST or 3 * odd >= len(run) >= _LEAST


def _is_written(word: str) -> bool:
    """Whether people write so: few changes between letters and digits, words long enough to speak.

    What is drawn by lot changes its kind with every other character.
    """
    parts = _PARTS.findall(word)
    if len(parts) > 3:
        return False
    if len(parts) == 3 and parts[1].isalpha() and max(len(parts[0]), len(parts[2])) > 4:
        return False  # a year at most on either side
    humps = [_HUMPS.findall(part) for part in parts]
    if sum(map(len, humps)) + len(parts) <= 2:  # a word, a number
        return True
    return _UNSPEAKABLE.search(word) is None and all(
        len(part) <= 3 or 4 * len(found) <= len(part) + 1
        for part, found in zip(parts, humps, strict=True)
    )
