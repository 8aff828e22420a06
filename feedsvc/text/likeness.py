"""Whether a text shows a picture already, be it in another size.

Programs that write articles keep each picture in many sizes: `ferry.jpg` as the lead image,
`ferry-1024x683.jpg` or `ferry.jpg?w=640` in the text. A reader who saw both would see it twice.
"""

from __future__ import annotations

import re
from html import escape, unescape
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_KIND = re.compile(r"(.+?)((?:\.(?:jpe?g|png|gif|webp|avif)){1,2})")
_SIZE = re.compile(r"(?:[-_][0-9]{2,5}x[0-9]{2,5}|-scaled|@[0-9]x){1,2}\Z")
_LONGEST = 255  # characters of a file name; what is longer is none
_SHOWN = re.compile(r'\ssrc="([^"]+)"')
_GOES_ON = re.compile(r"[\w.~%/-]")  # in an address: `?id=1` is not in `?id=12`
_DISTINCT = 16  # characters of a name that no other picture has, in whichever folder it lies
# Of a query, what says which picture; the rest asks for a size, where the path names a file.
_WHICH = re.compile(r"(?:^|&)(?:id|file|path|src|url|image|img|name|photo)=([^&]*)", re.IGNORECASE)


class _Picture(NamedTuple):
    """What an address tells of a picture."""

    stem: str  # of its name: the same in all sizes
    host: str
    folders: tuple[str, ...]
    asked: tuple[str, ...]


def shows(html: str, url: str) -> bool:
    """Whether sanitised `html` shows the picture at `url`, or leads to it."""
    if _stands(escape(url), html) or _stands(url, html):
        return True
    lead = _picture(url)
    return lead is not None and any(
        _same(lead, _picture(unescape(found[1]))) for found in _SHOWN.finditer(html)
    )


def _stands(address: str, html: str) -> bool:
    """Whether it stands there, and is not the beginning of a longer one."""
    at = html.find(address)
    while at >= 0:
        if not _GOES_ON.match(html, at + len(address)):
            return True
        at = html.find(address, at + 1)
    return False


def _picture(url: str) -> _Picture | None:
    """None where the address names no file of a picture."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    *folders, file = parts.path.lower().split("/")
    named = _KIND.fullmatch(unquote(file).lower()) if len(file) <= _LONGEST else None
    if named is None:
        return None
    stem = _SIZE.sub("", named[1]) or named[1]
    return _Picture(stem, parts.netloc, tuple(folders[1:]), tuple(_WHICH.findall(parts.query)))


def _same(one: _Picture, other: _Picture | None) -> bool:
    if other is None or one.stem != other.stem:
        return False
    if one.asked and other.asked and one.asked != other.asked:
        return False
    return len(one.stem) >= _DISTINCT or _same_folder(one, other)


def _same_folder(one: _Picture, other: _Picture) -> bool:
    """Short names, such as `1.jpg`, are those of one folder, which servers of copies have too."""
    fewest = min(len(one.folders), len(other.folders))
    if not fewest:
        return (one.host, one.folders) == (other.host, other.folders)
    return one.folders[-fewest:] == other.folders[-fewest:]
