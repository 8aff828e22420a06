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

from feedsvc.parsers.feed.names import USUAL
from feedsvc.parsers.feed.prolog import find_root
from feedsvc.parsers.feed.references import BROKEN, mended_reference
from feedsvc.regex import compiled

_DEEPEST = 200  # libxml2 gives up at 256
_LONGEST_TEXT = 9_000_000  # bytes; libxml2 gives up at 10,000,000
# Elements and attributes take 120 bytes each in libxml2's tree, beside their texts; what is no
# markup after all counts too, since it takes time.
_MOST_NODES = 500_000
_MOST_REFERENCES = 300_000  # that have to be mended
_MOST_PREFIXES = 200
_LONGEST_ATTRIBUTES = 1_000_000  # of one tag
_MOST_ATTRIBUTES = 300  # of one tag that has to be put right

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
    start, sound = find_root(clean)
    if start is None:
        return None
    prolog = sound and len(clean) == len(data) and clean[:start].lstrip()[:1] in (b"<", b"")
    job = _Mending(clean, touched=not prolog)
    try:
        job.run(start)
    except _TangledError:  # only then may an entry be thought to end where the next begins
        job = _Mending(clean, touched=True, tangled=True)
        job.run(start)
    if not job.out:
        return None
    return Mended(
        data=job.document(), touched=job.touched, remarks=tuple(dict.fromkeys(job.remarks))
    )


_CONTROLS = bytes(c for c in range(32) if c not in b"\t\n\r")
_NO_CHARACTERS = re.compile(rb"\xef\xbf[\xbe\xbf]")  # U+FFFE and U+FFFF: XML 1.0 §2.2

# --- the pass

_MARKUP = compiled(
    rb"<(?:(?P<special>!--|!\[CDATA\[|[?!])"
    rb"|(?P<end>/)?(?P<name>[A-Za-z_\x80-\xff][^\s<>/=\"'&;]*+)"
    rb"(?P<rest>(?:[^<>\"']++|\"[^\"<]*+\"|'[^'<]*+'|[\"'])*+)(?P<closed>>)?)"
)
_NAME = re.compile(rb"[A-Za-z_\x80-\xff][\w.\x80-\xff-]*(?::[A-Za-z_\x80-\xff][\w.\x80-\xff-]*)?")
_REFERENCES = rb"&(?:amp|lt|gt|quot|apos|#[0-9]{2,6});"
_ATTRIBUTES = compiled(
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
        mended, count = BROKEN.subn(mended_reference, text, count=self.references)
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
        # Of the root even half a tag is taken, for without it there is no feed.
        whole = found["closed"] or not self.stack or _ATTRIBUTES.fullmatch(rest)
        if _NAME.fullmatch(name) is None or not whole:
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
        # Half an entry may have half an id: it would come back as another article.
        if self.stack and self.stack[0][1].rpartition(b":")[2] in _ENTRIES:
            self.out.clear()
            return
        if self.stack and self.outside is not None:
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
