"""References of HTML and stray signs, as XML can hold them; for the mending of broken XML.

Only the names of HTML are known. What a DOCTYPE declares is never expanded: its references are
text.
"""

from __future__ import annotations

import re
from html.entities import html5

BROKEN = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos);)"
    rb"(?:#(?:[0-9]{1,8}|[xX][0-9a-fA-F]{1,7});|[A-Za-z][A-Za-z0-9]{1,31};)?"
)


def mended_reference(found: re.Match[bytes]) -> bytes:
    """What XML can hold of a reference that is none of its own five."""
    written = found[0]
    if written[1:2] == b"#":
        number = written[2:-1]
        code = int(number[1:], 16) if number[:1] in b"xX" else int(number)
        if not _is_character(code):
            return b""
        return written.replace(b"X", b"x", 1)
    character = html5.get(written[1:].decode("ascii")) if len(written) > 1 else None
    if character is None:
        return b"&amp;" + written[1:]
    return character.replace("&", "&amp;").replace("<", "&lt;").encode()


def _is_character(code: int) -> bool:
    """XML 1.0 §2.2 `Char`."""
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
    )
