"""Where else an entry was found: a link of relation `via` as a line that the article keeps."""

from __future__ import annotations

import json

VIA = "atom:via"
LONGEST_LINE = 2_000
"""Characters of a line. Whoever stores a longer one cuts it, and a cut address or JSON is none."""

_LONGEST = 200  # characters of a title


def via_line(url: str, title: str) -> str:
    """The address; with what stands there, if that is said, in the form of `feed.extras`."""
    name = " ".join(title.split())[:_LONGEST]
    if not name:
        return url
    return json.dumps({"href": url, "title": name}, ensure_ascii=False, separators=(",", ":"))
