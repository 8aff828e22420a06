"""Where the root of a feed begins, behind whatever stands before it; for the mending of broken XML.

junk | <?xml …?> <!-- … --> <!DOCTYPE … [ … ]> junk | <rss …
"""

from __future__ import annotations

import re

from feedsvc.regex import compiled

ROOTS = frozenset({b"rss", b"rdf", b"feed", b"channel", b"entry"})

_MOST = 5_000  # tags, comments and the like among which the root is looked for

_OPENING = re.compile(rb"<(?:!--|\?|!DOCTYPE\b|([A-Za-z_][^\s<>/]*))", re.IGNORECASE)
_DOCTYPE = compiled(
    rb"<!DOCTYPE(?:[^\[\]<>\"']++|\"[^\"]*+\"|'[^']*+')*+"
    rb"(?:\[(?:[^\]\"'<]++|\"[^\"]*+\"|'[^']*+'|<!--.*?(?:-->|\Z)|<)*+\]\s*+)?+>",
    re.DOTALL | re.IGNORECASE,
)


def find_root(data: bytes) -> tuple[int | None, bool]:
    """Where the root of a feed begins, and whether nothing but a prolog stands before it."""
    at, sound = 0, True
    marks = {b"<!--": b"-->", b"<?": b"?>"}
    for _ in range(_MOST):
        found = _OPENING.search(data, at)
        if found is None:
            break
        at = found.end()
        if found[1] is not None:
            if found[1].rpartition(b":")[2].lower() in ROOTS:
                return found.start(), sound
            sound = False
        elif found[0] not in (b"<!--", b"<?"):  # a DOCTYPE; more than one is no prolog
            whole = _DOCTYPE.match(data, found.start()) if sound else None
            sound = whole is not None
            at = whole.end() if whole else at
        elif (mark := marks.get(found[0])) is not None:
            end = data.find(mark, at)
            if end < 0:
                sound = False
                del marks[found[0]]  # nor is there one further on
            else:
                at = end + len(mark)
    return None, False
