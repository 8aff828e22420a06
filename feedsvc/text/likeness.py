"""Whether a text shows a picture already, be it in another size.

Programs that write articles keep each picture in many sizes: `ferry.jpg` as the lead image,
`ferry-1024x683.jpg` or `ferry.jpg?w=640` in the text. A reader who saw both would see it twice.
"""

from __future__ import annotations

import re
from html import escape, unescape
from urllib.parse import unquote

_KIND = re.compile(r"(.+?)((?:\.(?:jpe?g|png|gif|webp|avif)){1,2})")
_SIZE = re.compile(r"(?:[-_][0-9]{2,5}x[0-9]{2,5}|-scaled|@[0-9]x){1,2}\Z")
_LONGEST = 255  # characters of a file name; what is longer is none
_SHOWN = re.compile(r'\ssrc="([^"]+)"')
_DISTINCT = 12  # characters of a name that no other picture has, in whichever folder it lies


def shows(html: str, url: str) -> bool:
    """Whether sanitised `html` shows the picture at `url`, or leads to it."""
    if url in html or escape(url) in html:
        return True
    name = _name(url)
    return name is not None and any(
        _name(unescape(found[1])) == name for found in _SHOWN.finditer(html)
    )


def _name(url: str) -> tuple[str, str] | None:
    """What is the same of a picture in all its sizes; None where the address does not tell.

    A query only asks for a size where the path names a file. Short names, such as `1.jpg`, are
    those of one folder.
    """
    path = url.partition("#")[0].partition("?")[0]
    *_, folder, file = ("", *path.split("/"))
    named = _KIND.fullmatch(unquote(file).lower()) if len(file) <= _LONGEST else None
    if named is None:
        return None
    stem = _SIZE.sub("", named[1]) or named[1]
    return ("" if len(stem) >= _DISTINCT else folder.lower()), stem
