"""The names of sources and feeds: parts of paths and addresses, and words of the command line."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

from feedsvc.config.shapes import WrongValueError

_EXPECTED = 'a name of letters, digits and "-_." such as "politik"'
_VALID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,99}", re.ASCII)
_SIDECARS = (".gz", ".br", ".zst")
# what lies beside the feeds in the output directory, or will
_RESERVED = {"a", "archive", "index.html", "opml.xml", "sitemap.xml", "_ops", "_websub", "media"}
_SPELLED = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss", "ẞ": "SS",
     "æ": "ae", "Æ": "Ae", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
)  # fmt: skip
_LONGEST_MADE = 80
_TELLS_NOTHING = {"feed", "feeds", "index"}
# Patterns as texts: most sources have a name of their own, and compile none of these.
_ENDING = r"(?i)\.(?:xml|php|html?|aspx?|cgi|opml)\Z"
_WORD = r"[A-Za-z0-9._~-]+"
# A number drawn by lot, as in the addresses of private feeds: nothing may give it away.
_DRAWN = (
    r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_=]{16,}"
    r"|(?=.*[0-9])(?=.*[A-Z])(?=.*[a-z])[A-Za-z0-9_=-]{16,}"
    r"|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
)


def of_feed(value: object) -> str:
    """A name that can also be a folder of the output directory."""
    given = name(value)
    if _is_reserved(given):
        raise WrongValueError(_EXPECTED, "that name is taken by the output directory")
    return given


def name(value: object) -> str:
    """A name that can be a part of an address and an argument."""
    expected = _EXPECTED
    if not isinstance(value, str):
        raise WrongValueError(expected)
    if _VALID.fullmatch(value):
        return value
    meant = made_of(value)
    raise WrongValueError(expected, f"did you mean '{meant}'?" if meant else None)


def made_of(words: str) -> str | None:
    """A valid name for `words`, such as the last part of a path; None if nothing is left."""
    spelled = unicodedata.normalize("NFC", words).translate(_SPELLED)
    letters = unicodedata.normalize("NFKD", spelled).encode("ascii", "ignore").decode()
    made = re.sub(r"[^A-Za-z0-9._-]+", "-", letters)[:_LONGEST_MADE].strip("-._")
    if not made:
        return None
    return f"{made}-source" if _is_reserved(made) else made


def of_address(url: str) -> str:
    """The name of a source that has only a `url` as `remote.py` reads it: its host and the telling
    part of its path, `example.org-blog` for `https://www.example.org/blog/feed.xml`.

    It depends on this address alone. A number in the order of the file, or a mark that one of two
    equal names gets, would change when another source comes, goes or moves; and since a name is an
    identity, one feed would take over the articles of another. So that addresses that differ differ
    in name too, a digest stands for what cannot be part of one: a query, random characters, another
    script. Scheme and `www.` are no part of it, so that a feed may move to https.
    """
    authority, _, tail = url.partition("://")[2].removeprefix("www.").partition("/")
    path, _, query = tail.partition("?")
    parts = [_host(authority)]
    whole = not query
    for segment in filter(None, path.split("/")):
        word = unquote(segment) if "%" in segment else segment
        stem = re.sub(_ENDING, "", word)
        if stem.lower() in _TELLS_NOTHING:
            continue
        first, dot, kind = stem.rpartition(".")  # feed.json
        if dot and first.lower() in _TELLS_NOTHING:
            stem = kind
        if is_drawn(stem):
            whole = False
        elif re.fullmatch(_WORD, stem):
            parts.append(stem)
        else:
            made = made_of(stem)
            whole = whole and _letters(made or "") >= _letters(stem)
            parts += [made] if made else []
    readable = "-".join(parts)
    made = made_of(readable)
    if made is not None and whole and len(readable) <= _LONGEST_MADE:
        return made
    from hashlib import blake2s  # most addresses need no digest

    digest = blake2s(f"{authority}/{tail}".encode(), digest_size=4).hexdigest()
    return f"{(made or 'source')[: _LONGEST_MADE - 9].rstrip('-._')}-{digest}"


def is_drawn(word: str) -> bool:
    """Whether part of an address looks drawn by lot: who knows it may be its only reader."""
    return re.fullmatch(_DRAWN, word) is not None


def _host(authority: str) -> str:
    """Host and port, in the letters of its language where those can be written in ASCII."""
    if "xn--" in authority:
        try:
            spoken = authority.encode().decode("idna")
        except UnicodeError:
            return authority
        made = made_of(spoken) or ""
        return made if _letters(made) >= _letters(spoken) else authority
    return authority


def _letters(words: str) -> int:
    return sum(map(str.isalnum, words))


def _is_reserved(word: str) -> bool:
    bare = word.lower()
    for ending in _SIDECARS:
        bare = bare.removesuffix(ending)
    return bare in _RESERVED
