"""Broken XML of a feed -> well-formed XML of the same feed: the work before the forgiving parse.

libxml2's own recovery closes whatever is open at any end tag, so that one unclosed `<br>` nests
each entry in the one before it. Here end tags are matched as HTML does it, within their entry. One
pass over the bytes (UTF-8), linear in their number; a search that fails once is not made again.

    junk | prolog, DOCTYPE | <root> … text, references, tags, CDATA … </root> | junk
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.entities import html5

from feedsvc.parsers.feed.names import USUAL

_DEEPEST = 200  # libxml2 gives up at 256
_LONGEST_TEXT = 9_000_000  # bytes; libxml2 gives up at 10,000,000
# Elements and attributes take 120 bytes each in libxml2's tree, beside their texts; what is no
# markup after all counts too, since it takes time.
_MOST_NODES = 500_000
_MOST_REFERENCES = 300_000  # that have to be mended
_MOST_PREFIXES = 200
_LONGEST_ATTRIBUTES = 1_000_000  # of one tag
_MOST_ATTRIBUTES = 300  # of one tag that has to be put right
_PROLOG = 5_000  # tags, comments and the like among which the root is looked for

ROOTS = frozenset({b"rss", b"rdf", b"feed", b"channel", b"entry"})
_ENTRIES = frozenset({b"item", b"entry"})
_CONTAINERS = frozenset({b"rss", b"rdf", b"feed", b"channel", b"items"})
_VOID = frozenset({b"br", b"hr", b"img", b"wbr", b"input"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A document that a parser can read; `touched` unless it was fit but for a DOCTYPE."""

    data: bytes
    touched: bool
    remarks: tuple[str, ...] = ()


def mend(data: bytes) -> Mended | None:
    """`data` made well-formed, or None if no root of a feed is in it."""
    clean = data.translate(None, _CONTROLS)
    if b"\xef\xbf" in clean:
        clean = _NO_CHARACTERS.sub(b"", clean)
    start, sound = _root(clean)
    if start is None:
        return None
    prolog = sound and len(clean) == len(data) and clean[:start].lstrip()[:1] in (b"<", b"")
    job = _Mending(clean, touched=not prolog)
    try:
        job.run(start)
    except _TangledError:  # only then may an entry be thought to end where the next begins
        job = _Mending(clean, touched=True, tangled=True)
        job.run(start)
    return Mended(
        data=job.document(), touched=job.touched, remarks=tuple(dict.fromkeys(job.remarks))
    )


_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r")
_NO_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")  # U+FFFE and U+FFFF: XML 1.0 §2.2

# --- the prolog

_OPENING = re.compile(rb"<(?:!--|\?|!DOCTYPE\b|([A-Za-z_][^\s<>/]*))", re.IGNORECASE)
_DOCTYPE = re.compile(
    rb"<!DOCTYPE(?:[^\[\]<>\"']++|\"[^\"]*+\"|'[^']*+')*+"
    rb"(?:\[(?:[^\]\"'<]++|\"[^\"]*+\"|'[^']*+'|<!--.*?(?:-->|\Z)|<)*+\]\s*+)?+>",
    re.DOTALL | re.IGNORECASE,
)


def _root(data: bytes) -> tuple[int | None, bool]:
    """Where the root of a feed begins, and whether nothing but a prolog stands before it."""
    at, sound = 0, True
    marks = {b"<!--": b"-->", b"<?": b"?>"}
    for _ in range(_PROLOG):
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


# --- the pass

_MARKUP = re.compile(
    rb"<(?:(?P<special>!--|!\[CDATA\[|[?!])"
    rb"|(?P<end>/)?(?P<name>[A-Za-z_\x80-\xff][^\s<>/=\"'&;]*+)"
    rb"(?P<rest>(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+'|[\"'])*+)(?P<closed>>)?)"
)
_NAME = re.compile(rb"[A-Za-z_\x80-\xff][\w.\x80-\xff-]*(?::[A-Za-z_\x80-\xff][\w.\x80-\xff-]*)?")
_REFERENCES = rb"&(?:amp|lt|gt|quot|apos|#[0-9]{2,6});"
_ATTRIBUTES = re.compile(
    rb"(?:\s++[A-Za-z_\x80-\xff][\w.:\x80-\xff-]*+\s*+=\s*+"
    rb"(?:\"(?:[^\"<&]++|" + _REFERENCES + rb")*+\"|'(?:[^'<&]++|" + _REFERENCES + rb")*+'))*+\s*+"
)
_ATTRIBUTE = re.compile(
    rb"([A-Za-z_\x80-\xff][^\s=<>/\"']*+)"
    rb"(?:\s*+=\s*+(?:\"([^\"<]*+)\"|'([^'<]*+)'|([^\s\"'<>]*+)))?"
)
_PREFIX = re.compile(
    rb"\s([A-Za-z_][\w.-]*+):([A-Za-z_][\w.-]*+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)')"
)


class _TangledError(Exception):
    """End tags do not match their start tags."""


@dataclass(slots=True)
class _Mending:
    """One document in the pass; `tangled` if its tags are known not to match."""

    data: bytes
    touched: bool = False
    tangled: bool = False
    remarks: list[str] = field(default_factory=list)
    out: list[bytes] = field(default_factory=list)
    root: bytes = b""  # the start tag of the root without its end
    stack: list[tuple[bytes, bytes]] = field(default_factory=list)  # as written, in lower case
    open: Counter[bytes] = field(default_factory=Counter)  # names inside the entry, or outside one
    outside: Counter[bytes] | None = None  # while inside an entry: the names around it
    entry_at: tuple[int, int] = (0, 0)  # depth of the stack and pieces of `out` before the entry
    nodes: int = 0
    references: int = _MOST_REFERENCES  # that may still be mended
    run_of_text: int = 0
    used: set[bytes] = field(default_factory=set)  # prefixes
    declared: dict[bytes, bytes] = field(default_factory=dict)
    missing: set[bytes] = field(default_factory=set)  # end marks that do not occur any more

    def run(self, at: int) -> None:
        data, search = self.data, _MARKUP.search
        while (found := search(data, at)) is not None:
            if found.start() > at:
                self._text(data[at : found.start()])
            at = found.end()
            special = found["special"]
            if special is not None:
                self.nodes += 1
                at = self._special(special, at)
            elif found["end"] is not None:
                self._end(found["name"].lower())
            elif not self._start(found):
                self.nodes += 1
                self._text(b"&lt;", ready=True)
                at = found.start() + 1
            if not self.stack or self.nodes > _MOST_NODES:
                break
        else:
            self._text(data[at:])
        self._finish(data, at)

    # -- what stands between tags

    def _text(self, text: bytes, *, ready: bool = False) -> None:
        if not self.stack:
            return
        if not ready:
            if b"&" in text:
                text = self._referred(text)
            if b"<" in text:
                text = text.replace(b"<", b"&lt;")
                self.touched = True
            if b"]]>" in text:
                text = text.replace(b"]]>", b"]]&gt;")
                self.touched = True
        self._put(text)

    def _put(self, text: bytes) -> None:
        self.run_of_text += len(text)
        if self.run_of_text <= _LONGEST_TEXT:
            self.out.append(text)
        else:
            self._remark("a text of more than 9 MB was left out")

    def _referred(self, text: bytes) -> bytes:
        """`text` with references that XML knows; HTML's names and stray `&` become text."""
        if self.references <= 0:
            self._remark("there are more broken references than are mended")
            return text.replace(b"&", b"&amp;")
        mended, count = _BROKEN.subn(_mended_reference, text, count=self.references)
        self.references -= count
        if self.references <= 0:
            return text.replace(b"&", b"&amp;")
        self.touched = self.touched or mended != text
        return mended

    def _special(self, mark: bytes, at: int) -> int:
        """A comment, CDATA, processing instruction or declaration; where it ends."""
        data = self.data
        if mark == b"![CDATA[":
            return self._cdata(at)
        closing = {b"!--": b"-->", b"?": b"?>"}.get(mark, b">")
        if closing not in self.missing:
            end = data.find(closing, at)
            if end >= 0:
                self.touched = self.touched or closing == b">"
                return end + len(closing)
            self.missing.add(closing)
        self.touched = True
        return at

    def _cdata(self, at: int) -> int:
        data = self.data
        end = -1 if b"]]>" in self.missing else data.find(b"]]>", at)
        behind = end + 3
        if end < 0:
            self.missing.add(b"]]>")
            end = behind = len(data)
        # A forgotten `]]>` shows by the next opening, or by the end of the document; then the end
        # tag of the element ends it.
        another = data.find(b"<![CDATA[", at, end)
        if (another >= 0 or behind == len(data)) and self.stack:
            closing = data.find(
                b"</" + self.stack[-1][0] + b">", at, another if another >= 0 else end
            )
            if closing >= 0:
                end = behind = closing
                self.touched = True
        if self.stack and end > at:
            self._put(b"<![CDATA[" + data[at:end] + b"]]>")
        return behind

    # -- tags

    def _start(self, found: re.Match[bytes]) -> bool:
        """Write a start tag; False if it is none but text."""
        name, rest = found["name"], found["rest"]
        if _NAME.fullmatch(name) is None or not (found["closed"] or _ATTRIBUTES.fullmatch(rest)):
            self.touched = True
            return False
        if not found["closed"]:
            self.touched = True
        empty = rest.endswith(b"/")
        attributes = self._attributes(rest[:-1] if empty else rest)
        lower = name.lower()
        local = lower.rpartition(b":")[2]
        if not empty and lower in _VOID:
            empty = self.touched = True
        self.nodes += 1 + attributes.count(b"=")
        self.run_of_text = 0
        self._note_prefixes(name, attributes)
        if local in _ENTRIES and self.stack and not self.open[b"content"]:
            if self.tangled:
                self._close_until_container()
            if not empty and self.outside is None:
                self.outside, self.open = self.open, Counter()
                self.entry_at = (len(self.stack), len(self.out))
        if not self.stack:
            self.root = b"<" + name + attributes
            self.out.append(b"")  # its place, until all prefixes are known
        elif len(self.stack) < _DEEPEST:
            self.out.append(b"<" + name + attributes + (b"/>" if empty else b">"))
        else:
            self._remark(
                f"elements nested deeper than {_DEEPEST} were left out; their text is kept"
            )
        if not empty or not self.stack:
            self.stack.append((name, lower))
            self.open[lower] += 1
            if empty:
                self._close()
        return True

    def _end(self, name: bytes) -> None:
        self.run_of_text = 0
        if self.stack[-1][1] == name:
            self._close()
            return
        if not self.tangled:
            raise _TangledError
        self.nodes += 1
        if not self.open[name] and self.outside is not None and self.outside[name]:
            # Only what holds entries may end one that was left open.
            if name.rpartition(b":")[2] not in _CONTAINERS:
                return
            self._close_entry()
        if self.open[name]:
            while self.stack[-1][1] != name:
                self._close()
            self._close()

    def _close(self) -> None:
        name, lower = self.stack.pop()
        self.open[lower] -= 1
        if len(self.stack) < _DEEPEST:
            self.out.append(b"</" + name + b">")
        if self.outside is not None and len(self.stack) == self.entry_at[0]:
            self.open, self.outside = self.outside, None

    def _close_entry(self) -> None:
        while self.outside is not None:
            self._close()

    def _close_until_container(self) -> None:
        self._close_entry()
        while len(self.stack) > 1 and self.stack[-1][1].rpartition(b":")[2] not in _CONTAINERS:
            self._close()

    def _attributes(self, text: bytes) -> bytes:
        if not text.strip():
            return b""
        if len(text) > _LONGEST_ATTRIBUTES:
            self._remark("a tag of more than 1 MB lost its attributes")
            return b""
        if _ATTRIBUTES.fullmatch(text) is not None:
            return text
        kept: dict[bytes, bytes] = {}
        for name, double, single, bare in _ATTRIBUTE.findall(text)[:_MOST_ATTRIBUTES]:
            if _NAME.fullmatch(name) is not None:
                value = self._referred(double or single or bare)
                kept.setdefault(name, value.replace(b'"', b"&quot;"))
        result = b"".join(b" " + name + b'="' + value + b'"' for name, value in kept.items())
        self.touched = True
        return result

    def _note_prefixes(self, name: bytes, attributes: bytes) -> None:
        if b":" in name:
            self.used.add(name.partition(b":")[0])
        if b":" in attributes:
            for prefix, local, double, single in _PREFIX.findall(attributes):
                if prefix == b"xmlns":
                    if len(self.declared) < _MOST_PREFIXES:
                        self.declared.setdefault(local, double or single)
                else:
                    self.used.add(prefix)

    # -- the end

    def _finish(self, data: bytes, at: int) -> None:
        if self.nodes > _MOST_NODES:
            self._remark(
                f"there is more markup than a feed needs: read to byte {at:,} of {len(data):,}"
            )
        elif self.stack:
            if not self.tangled:
                raise _TangledError
            self.remarks.append("it ends too early")
        if self.stack and self.outside is not None:
            # Half an entry may have half an id: it would come back as another article.
            depth, pieces = self.entry_at
            del self.out[pieces:], self.stack[depth:]
            self.remarks.append("its last entry is incomplete and was left out")
        while self.stack:
            name, _ = self.stack.pop()
            if len(self.stack) < _DEEPEST:
                self.out.append(b"</" + name + b">")

    def document(self) -> bytes:
        on_root = {
            local for prefix, local, _, _ in _PREFIX.findall(self.root) if prefix == b"xmlns"
        }
        for prefix in sorted(self.used - on_root - {b"xml", b"xmlns"})[:_MOST_PREFIXES]:
            if prefix not in self.declared:
                self.touched = True
            usual = USUAL.get(prefix.decode("utf-8", "replace"), "")
            address = self.declared.get(prefix) or usual.encode()
            self.root += (
                b" xmlns:" + prefix + b'="' + (address or b"urn:undeclared:" + prefix) + b'"'
            )
        self.out[0] = self.root + b">"
        return b"".join(self.out)

    def _remark(self, text: str) -> None:
        self.touched = True
        self.remarks.append(text)


# --- references

_BROKEN = re.compile(
    rb"&(?!(?:amp|lt|gt|quot|apos);)"
    rb"(?:#(?:[0-9]{1,8}|[xX][0-9a-fA-F]{1,7});|[A-Za-z][A-Za-z0-9]{1,31};)?"
)


def _mended_reference(found: re.Match[bytes]) -> bytes:
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
