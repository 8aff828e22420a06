"""Bytes of a feed -> the same document in UTF-8, for both tiers of the XML reader and for JSON.

BOM -> UTF-16/32 by pattern -> UTF-8 -> the charset of the answer -> the XML declaration -> the
source's list -> detection

RFC 7303 §3 puts the charset of the answer above everything but the BOM. One case is decided against
it: bytes beyond ASCII that are valid UTF-8 are UTF-8, because no text in another encoding looks so,
while servers that add `charset=iso-8859-1` to every answer are common.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence
from dataclasses import dataclass

from feedsvc.errors import ParseError
from feedsvc.parsers.feed.refusals import NotAFeedError, binary
from feedsvc.text.encoding import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Recoded:
    """A document in UTF-8 without a BOM, and what it was written in.

    `sound` is False when bytes had to be replaced or the encoding had to be guessed; `remarks` are
    for the operator.
    """

    data: bytes
    encoding: str
    sound: bool = True
    remarks: tuple[str, ...] = ()


def to_utf8(data: bytes, charset: str | None, encodings: Sequence[str] = ()) -> Recoded:
    """Recode `data`; `charset` is the answer's, `encodings` are the source's own."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _wide(data[len(bom) :], encoding)
    for opening, encoding in _OPENINGS:
        if data.startswith(opening):
            return _wide(data, encoding)
    remarks: list[str] = []
    declared = declared_encoding(data)
    said = [
        name
        for name in (
            _known(charset, "the charset of the answer", remarks),
            _known(declared, "the XML declaration", remarks),
        )
        if name is not None
    ]
    # A name nobody knows may hide the true encoding, but UTF-8 bytes speak for themselves.
    sound = not remarks
    for name in said:
        if name in _SEVEN_BIT and (b"\x1b" in data or b"~{" in data):
            return _decoded(data, name, remarks)
    if data.isascii():
        return Recoded(
            data=data,
            encoding=said[0] if said else "utf-8",
            sound=sound,
            remarks=tuple(remarks),
        )
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return _by_ladder(data, said, encodings, remarks)
    if said and said[0] != "utf-8":
        remarks.append(f"said to be {said[0]}, but it is UTF-8")
    return Recoded(data=data, encoding="utf-8", sound=sound, remarks=tuple(remarks))


# The longest first: the mark of UTF-32 LE begins with that of UTF-16 LE.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# XML 1.0 Appendix F.1, and the same for the brace that opens JSON. The widest first, here too.
_OPENINGS = tuple(
    (mark.encode(encoding), encoding)
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
    for mark in "<{"
)

_DECLARATION = re.compile(
    rb"\s{0,200}<\?xml[^>]{0,200}?\bencoding\s{0,20}=\s{0,20}[\"']?([A-Za-z0-9._:-]{1,40})"
)


def declared_encoding(data: bytes) -> str | None:
    """What the XML declaration says, if there is one."""
    found = _DECLARATION.match(data)
    return found[1].decode("ascii") if found else None


_SEVEN_BIT = frozenset({"iso2022_jp", "iso2022_kr", "hz"})
# Codecs that are no encodings of a document, or that let markup hide in other characters.
_REFUSED = re.compile(r"utf-?_?7|idna|punycode|unicode.escape|undefined|mbcs|oem|utf-8-sig|cp65001")
_WIDE = re.compile(r"utf-(?:16|32)")
# WHATWG Encoding §4.2: who says GB 2312 means what contains it.
_LABELS = {"gb2312": "gb18030", "gbk": "gb18030"}


def _known(label: str | None, where: str, remarks: list[str]) -> str | None:
    """The canonical name of an encoding, or None for one that cannot be meant."""
    if label is None or not (label := label.strip(" \t\"'")):
        return None
    try:
        name = codecs.lookup(label[:40]).name
        b"a".decode(name)  # refuses codecs that are no text encodings, such as `hex`
    except UnicodeError:
        pass  # one letter is no UTF-16: the name is known
    except (LookupError, ValueError):
        remarks.append(f"{where} names an unknown encoding: {label[:40]!r}")
        return None
    if _REFUSED.fullmatch(name.replace("_", "-")) is not None:
        remarks.append(f"{where} names an encoding that no feed may have: {name}")
        return None
    if _WIDE.match(name) is not None:
        return None  # it would have shown: XML 1.0 §4.3.3 wants a BOM, and `<` has NULs
    return "utf-8" if name == "ascii" else _LABELS.get(name, name)


def _wide(data: bytes, encoding: str) -> Recoded:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text, sound = data.decode(encoding, "replace"), False
    else:
        sound = True
    remarks = () if sound else (f"some bytes are not {encoding.upper()} and became U+FFFD",)
    return Recoded(
        data=text.encode("utf-8", "replace"), encoding=encoding, sound=sound, remarks=remarks
    )


def _decoded(data: bytes, encoding: str, remarks: list[str]) -> Recoded:
    text = data.decode(encoding, "replace")
    sound = "\ufffd" not in text
    if not sound:
        remarks.append(f"some bytes are not {encoding.upper()} and became U+FFFD")
    return Recoded(
        data=text.encode("utf-8", "replace"),
        encoding=encoding,
        sound=sound,
        remarks=tuple(remarks),
    )


# The same set as `text.encoding` counts; a feed may hold them, and `mend` takes them out.
_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r\x1b") + b"\x7f"


def _by_ladder(
    data: bytes, said: list[str], encodings: Sequence[str], remarks: list[str]
) -> Recoded:
    first = said[0] if said else "utf-8"  # XML 1.0 §4.3.3: what says nothing is UTF-8
    text = data.translate(None, _CONTROLS)
    if len(data) - len(text) > len(data) // 20:
        raise binary()
    try:
        found = decode(text, [*said, *encodings])
    except ParseError as error:
        raise NotAFeedError(f"the document is no text: {error}", hint=error.hint) from error
    sound = not remarks and found.warning is None and first != "utf-8"
    if found.warning is not None:
        remarks.append(found.warning)
    elif first != _plain(found.encoding) and not sound:
        claim = f"said to be {first}, but it is" if said else "nothing says that it is"
        remarks.append(f"{claim} {found.encoding}")
    return Recoded(
        data=found.text.encode("utf-8", "replace"),
        encoding=found.encoding,
        sound=sound,
        remarks=tuple(remarks),
    )


def _plain(name: str) -> str:
    return codecs.lookup(name).name
