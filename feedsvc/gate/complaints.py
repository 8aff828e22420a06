"""What is wrong with a document that is no XML, in words that tell its author what to write."""

from __future__ import annotations

import re
from typing import Final

from feedsvc.gate.report import shown

_HUGE: Final = "XML_PARSE_HUGE"
_ADVICE: Final = (
    (re.compile(r"EntityRef: expecting ';'|EntityRef: no name"), "an & of a text is written &amp;"),
    (
        re.compile(r"Entity '.*' not defined"),
        "XML knows amp, lt, gt, quot and apos only, so write the character itself",
    ),
    (re.compile(r"Unescaped '<'|StartTag: invalid"), "a < of a text is written &lt;"),
    (re.compile(r"invalid Char value|Char 0x.* out of allowed range"), "leave the character out"),
    (re.compile(r"Namespace prefix (\S+) .*not defined"), r"declare xmlns:\1"),
    (re.compile(r"XML declaration allowed only"), "take away what stands before <?xml"),
    (re.compile(r"Premature end of data"), "the document is cut off"),
)


def complaint(error: Exception) -> str:
    """The message of the parser, with the column it names, and what to do about it."""
    message = str(error).split(", line ")[0].strip() or "no element found"
    message = shown(message.replace(f", use {_HUGE} option", ""), 200)[1:-1]
    for pattern, advice in _ADVICE:
        if found := pattern.search(message):
            message = f"{message}: {found.expand(advice)}"
            break
    column = getattr(error, "position", (None, None))[1]
    return f"column {column}: {message}" if column else message


def is_limit(error: Exception) -> bool:
    """Whether it was not the document, but a limit of the parser that stopped it."""
    return _HUGE in str(error)
