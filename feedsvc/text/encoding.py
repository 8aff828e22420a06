"""Bytes -> text, for every parser that reads text: what is certain first, guesses last and named.

BOM -> UTF-16/32 without one -> UTF-8 -> the source's list -> detection, with a warning
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from feedsvc.errors import ParseError


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A text, the encoding it was read in, and what the operator should know about that."""

    text: str
    encoding: str
    warning: str | None = None


def decode(data: bytes, encodings: Sequence[str] = ()) -> Decoded:
    """Read `data` as text, or raise ParseError if it is none.

    `encodings` are the source's own, tried in order when the bytes are neither marked nor UTF-8.
    """
    if (marked := _by_bom(data)) is not None:
        return marked
    _refuse_known_binary(data)
    if b"\0" in data:
        return _with_nuls(data, encodings)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        _refuse_control_bytes(data, most=0.05)
    else:
        _refuse_control_bytes(data, most=0.3)
        return Decoded(text=text, encoding="utf-8")
    return _damaged_utf8(data) or _by_list(data, encodings) or _by_detection(data)


# The longest first: the mark of UTF-32 LE begins with that of UTF-16 LE.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _by_bom(data: bytes) -> Decoded | None:
    for bom, encoding in _BOMS:
        if not data.startswith(bom):
            continue
        body = data[len(bom) :]
        try:
            return _decoded(body.decode(encoding), encoding)
        except UnicodeDecodeError:
            if encoding != "utf-32-le":  # could still be UTF-16 that begins with a NUL
                return _decoded(body.decode(encoding, "replace"), encoding, damaged=True)
    return None


def _decoded(text: str, encoding: str, *, damaged: bool = False) -> Decoded:
    if "\0" in text:
        raise _binary("it holds NUL characters")
    # Joined files leave a second mark behind the first.
    warning = f"some bytes are not {encoding.upper()} and became U+FFFD" if damaged else None
    return Decoded(text=text.lstrip("\ufeff"), encoding=encoding, warning=warning)


# Files that end up beside articles. Each mark holds a byte no text has, or is long enough.
_MAGIC = (
    (b"\x89PNG\r\n", "PNG image"),
    (b"\xff\xd8\xff", "JPEG image"),
    (b"GIF87a", "GIF image"),
    (b"GIF89a", "GIF image"),
    (b"%PDF-", "PDF document"),
    (b"PK\x03\x04", "ZIP archive or office document"),
    (b"PK\x05\x06", "ZIP archive"),
    (b"\x7fELF", "program"),
    (b"\x1f\x8b", "gzip archive"),
    (b"BZh91AY", "bzip2 archive"),
    (b"\xfd7zXZ", "xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"\x28\xb5\x2f\xfd", "zstd archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "old office document"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"OggS\0", "audio file"),
    (b"ID3\x02", "audio file"),
    (b"ID3\x03", "audio file"),
    (b"ID3\x04", "audio file"),
    (b"{\\rtf1", "RTF document"),
)


def _refuse_known_binary(data: bytes) -> None:
    for mark, name in _MAGIC:
        if data.startswith(mark):
            raise _binary(f"it is a {name}")


_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\x0b\x0c\r\x1a\x1b") + b"\x7f"


def _refuse_control_bytes(data: bytes, *, most: float) -> None:
    found = len(data) - len(data.translate(None, _CONTROLS))
    # A stray byte in a short text is not "mostly"; `clean.normalise` drops it.
    if found > len(data) * 0.3 or (found >= 4 and found > len(data) * most):
        raise _binary("much of it is control characters")


def _binary(why: str) -> ParseError:
    return ParseError(
        f"not a text file: {why}",
        hint="save the article as plain text in UTF-8, or leave the file out with `exclude`",
    )


def _with_nuls(data: bytes, encodings: Sequence[str]) -> Decoded:
    """No 8-bit text holds NULs: this is UTF-16, UTF-32 or no text at all."""
    for encoding in _wide_by_pattern(data):
        whole = data[: len(data) - len(data) % (4 if "32" in encoding else 2)]
        try:
            text = whole.decode(encoding)
        except UnicodeDecodeError:
            continue
        return _decoded(text, encoding, damaged=len(whole) != len(data))
    for encoding in _known(encodings):
        if encoding.startswith(("utf-16", "utf-32")):
            try:
                return _decoded(data.decode(encoding), encoding)
            except UnicodeDecodeError:
                continue
    raise _binary("it holds NUL bytes and is neither UTF-16 nor UTF-32")


def _wide_by_pattern(data: bytes) -> list[str]:
    """The encodings whose pattern of NULs `data` shows beyond doubt; mostly none."""
    if len(data) >= 8 and not any(data[3::4]) and max(data[2::4]) <= 0x10:
        return ["utf-32-le"]
    if len(data) >= 8 and not any(data[0::4]) and max(data[1::4]) <= 0x10:
        return ["utf-32-be"]
    if len(data) < 4:
        return []
    for high, low, encoding in (
        (data[1::2], data[0::2], "utf-16-le"),
        (data[0::2], data[1::2], "utf-16-be"),
    ):
        # Text in one script has NUL (Latin, spaces, newlines) and at most one or two other values
        # in its high bytes, and no NUL in its low bytes.
        if 0 in low:
            continue
        counts = Counter(high)
        if counts[0] * 20 >= len(high) and sum(n for _, n in counts.most_common(2)) >= 0.9 * len(
            high
        ):
            return [encoding]
    return []


def _damaged_utf8(data: bytes) -> Decoded | None:
    """UTF-8 with a few bad bytes (a copy cut short, a pasted line), not text in another encoding.

    Bytes of an 8-bit encoding next to never form valid sequences, so ten good ones for each bad one
    leave no doubt. Nor do two kinds of damage that have a form of their own: halves of surrogate
    pairs, as in CESU-8, and a last sequence cut short behind valid ones.
    """
    joined = _SURROGATES.sub(_one_character, data)
    try:
        whole = codecs.getincrementaldecoder("utf-8")().decode(joined)
    except UnicodeDecodeError:
        pass
    else:
        if not whole.isascii():
            return _decoded(joined.decode("utf-8", "replace"), "utf-8", damaged=True)
    text = data.decode("utf-8", "replace")
    bad = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    beyond_ascii = len(text) - len(text.encode("ascii", "ignore"))
    if beyond_ascii - bad < 10 * bad:
        return None
    return _decoded(text, "utf-8", damaged=True)


# In runs of bounded length: 15 MiB of them in one would stand in memory thirty times over.
_SURROGATES = re.compile(rb"(?:\xed[\xa0-\xbf][\x80-\xbf]){1,512}")


def _one_character(halves: re.Match[bytes]) -> bytes:
    """Pairs become the character they stand for, single halves U+FFFD."""
    wide = halves[0].decode("utf-8", "surrogatepass").encode("utf-16-le", "surrogatepass")
    return wide.decode("utf-16-le", "replace").encode()


# The web's reading of labels (WHATWG Encoding §4.2): who says Latin-1 mostly has Windows-1252. The
# wider encoding is tried first, the named one after it.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
}


def _by_list(data: bytes, encodings: Sequence[str]) -> Decoded | None:
    for encoding in _known(encodings):
        if encoding.startswith(("utf-16", "utf-32")):
            continue  # without a single NUL it is neither, though the bytes would decode
        for name in filter(None, (_WIDER.get(encoding), encoding)):
            try:
                return Decoded(text=data.decode(name), encoding=name)
            except UnicodeError:
                continue
    return None


def _known(encodings: Sequence[str]) -> list[str]:
    """The canonical names, so that a typo is told as one, even behind an encoding that fits."""
    names = []
    for encoding in encodings:
        try:
            names.append(codecs.lookup(encoding).name)
            b"a".decode(encoding)  # refuses codecs that are no text encodings, such as `hex`
        except UnicodeError:
            continue  # one letter is no UTF-16: the name is known
        except (LookupError, ValueError) as error:
            raise ParseError(
                f"unknown encoding {encoding!r}",
                hint="correct `encoding` of the source; usual names are cp1252, iso-8859-2, koi8-r",
            ) from error
    return names


# Detection needs no more, and its cost grows with what it gets.
_SAMPLE = 64 * 1024


def _by_detection(data: bytes) -> Decoded:
    name = "cp1252" if _reads_western(data) else _detect(data)
    text = data.decode(name, "replace")
    warning = f"no known encoding fits; read as {name}, which is a guess: set `encoding`"
    return Decoded(text=text, encoding=name, warning=warning)


_WESTERN = (
    r"[\x00-\x7fÄÖÜäöüßẞÀÂÆÇÈÉÊËÎÏÔŒÙÛŸàâæçèéêëîïôœùûÁÍÑÓÚáíñóúÌÒìòÅØåøÃÕãõ"
    r"€„“”‚‘’–—…«»‹›°§·¿¡ªº©®\u00a0\u00ad]*"
)
_TORN = r"[^\W\d_][„“”‚…«»‹›€§°·¿¡©®][^\W\d_]|[À-ÿ]{3}"


def _reads_western(data: bytes) -> bool:
    """Is this text of western Europe in Windows-1252, the usual case in newsrooms?

    charset-normalizer takes French and German of that kind for other code pages.
    """
    try:
        text = data[:_SAMPLE].decode("cp1252")
    except UnicodeDecodeError:
        return False
    return re.fullmatch(_WESTERN, text) is not None and re.search(_TORN, text) is None


# What articles are found in. Left to itself the detector also finds Polish in ISO 8859-10 and
# Russian in Shift JIS.
_CANDIDATES = [
    *("cp1250", "iso8859_2", "cp1251", "koi8_r", "iso8859_5", "cp1252", "cp1253", "cp1254"),
    *("cp1255", "cp1256", "cp1257", "mac_roman", "cp850", "gb18030", "big5", "shift_jis"),
    *("euc_jp", "euc_kr"),
]


def _detect(data: bytes) -> str:
    from charset_normalizer import from_bytes  # noqa: PLC0415 - 30 ms that few texts need

    best = from_bytes(data[:_SAMPLE], cp_isolation=_CANDIDATES).best()
    return best.encoding if best is not None else "cp1252"
