"""UTF-8 -> the tree of a feed, in two tiers that end in the same kind of tree.

strict     what a conforming parser accepts, without a DOCTYPE
repaired   everything else that has the root of a feed: `mend`, then libxml2 with what is left
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from lxml import etree

from feedsvc.parsers.feed.mend import mend
from feedsvc.parsers.feed.names import local
from feedsvc.regex import compiled

_MOST_MARKUP = 600_000  # of `<` and `=`: beyond it the tree could take hundreds of megabytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The root element of a document, and what had to be done to get it."""

    root: etree._Element
    well_formed: bool = True
    remarks: tuple[str, ...] = ()


def strict(data: bytes) -> Tree | str:
    """The tree of a well-formed document; else the parser's complaint, "" for a DOCTYPE or size."""
    if data[: _prolog(data)].endswith(b"<!DOCTYPE"):
        return ""
    if len(data) > _MOST_MARKUP and data.count(b"<") + data.count(b"=") > _MOST_MARKUP:
        return ""
    try:
        return Tree(root=etree.fromstring(_without_c1(data), _strict_parser()))
    except etree.XMLSyntaxError as error:
        return _complaint(error)


def repaired(data: bytes, complaint: str = "") -> Tree | None:
    """The tree of what can be saved of a document; None if no root of a feed is in it."""
    mended = mend(_without_c1(data))
    if mended is None:
        return None
    parser = _parser(recover=True)
    try:
        root = etree.fromstring(mended.data, parser)
    except etree.XMLSyntaxError as error:
        root, complaint = None, complaint or _complaint(error)
    if root is None:
        return None
    well_formed = not (complaint or mended.touched or len(parser.error_log))
    remarks = (
        () if well_formed else (f"not well-formed: {complaint or 'its markup had to be mended'}",)
    )
    return Tree(root=root, well_formed=well_formed, remarks=remarks + mended.remarks)


def root_name(data: bytes) -> str | None:
    """The local name of the outermost element of anything that looks like XML or HTML."""
    found = _FIRST_TAG.search(data, _prolog(data))
    return local(found[1].decode("utf-8", "replace").replace(":", "}")) if found else None


@cache
def _strict_parser() -> etree.XMLParser:
    return _parser(recover=False)


def _parser(*, recover: bool) -> etree.XMLParser:
    # `encoding` overrules the declaration, which told of the bytes before they were recoded.
    return etree.XMLParser(
        encoding="utf-8",
        recover=recover,
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


_PROLOG = compiled(rb"(?:[^<]++|<\?.*?\?>|<!--.*?-->)*+(?:<!DOCTYPE)?", re.DOTALL)
_FIRST_TAG = re.compile(rb"<([A-Za-z_][\w:.-]*)")


def _prolog(data: bytes) -> int:
    """Where the first tag begins, behind a `<!DOCTYPE` if there is one."""
    found = _PROLOG.match(data)
    return found.end() if found else 0


_C1 = re.compile(rb"&#(?:(1[2-5][0-9])|[xX](0{0,4}[89][0-9a-fA-F]));")


_MOST_C1 = 100_000


def _without_c1(data: bytes) -> bytes:
    """References to C1 controls as the characters of Windows-1252, which is always what is meant.

    HTML §13.2.5.80 reads them so; in XML they are well-formed and mean nothing.
    """
    return _C1.sub(_as_cp1252, data, count=_MOST_C1) if b"&#" in data else data


def _as_cp1252(found: re.Match[bytes]) -> bytes:
    code = int(found[1]) if found[1] else int(found[2], 16)
    if not 0x80 <= code <= 0x9F:
        return found[0]
    return b"&#%d;" % ord(bytes([code]).decode("cp1252", "replace"))


def _complaint(error: etree.XMLSyntaxError) -> str:
    message = re.sub(r" \(<string>, line \d+\)$", "", error.msg or "no element found")
    return re.sub(r"\s+", " ", message)[:200]
