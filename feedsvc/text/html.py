"""HTML that a feed may carry: an allow-list for bodies, and their plain text.

`sanitise` is the last word on every body, whatever parser it came from. The tree is built by a real
HTML5 parser (nh3), because readers build theirs with one: what a pattern thinks it sees is not what
a browser executes.
"""

from __future__ import annotations

import re
import unicodedata
from contextvars import ContextVar
from functools import cache
from html import unescape
from urllib.parse import unquote

import nh3

from feedsvc.regex import compiled
from feedsvc.text import urls
from feedsvc.text.allowed import ATTRIBUTES, DROPPED, TAGS, attribute
from feedsvc.text.clean import (
    has_more_than_punctuation,
    normalise,
    oddities,
    repaired,
    xml_safe,
)
from feedsvc.text.letters import letters_end
from feedsvc.text.orderly import ODD_REFERENCE, orderly

_TAG = re.compile(r"</?[a-z][a-z0-9]*")
_PASSES = 4

# A run that may hold combining marks: there are none in Latin-1 (Unicode §7.9).
_AFTER_TAG = re.compile(">[^\0-\u02ff]+")
_STROKE = "\u0338"
_TO_MEND = re.compile(r"<(?:img|source|pre|audio|video|bdo)\b")
# Not characters at all (Unicode §23.7): XML holds them, for HTML they are parse errors.
_NO_CHARACTER = re.compile(
    "[\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)
_NO_CHARACTER_ENDS = re.compile(b"\xbf[\xbe\xbf]")  # in UTF-8, but for U+FDD0 and those after it
_PRE = re.compile(r"(<pre(?: [^>]*)?>)\n")
_NO_SOURCE = re.compile(r'<(?:img|source)(?![^>]* src(?:set)?=")([^>]*)>')
_ALT = re.compile(r' alt="([^"]*)"')
_BDO = re.compile(r"(</?)bdo\b")
_PLAYER = re.compile(r"<(audio|video)\b.*?</\1>", re.DOTALL)
_SOURCE = re.compile(r'<(?:audio|video|source)[^>]* src="([^"]*)"')


def sanitise(html: str, base: str | None) -> str:
    """`html` reduced to what a feed reader may show, with every address absolute.

    Relative addresses are resolved against `base`, or dropped without one. The result is
    well-nested, free of characters XML cannot hold, and comes out of a second call unchanged.
    Markup made to exhaust a parser is given up for its text.
    """
    html = _normalised(html).strip()
    if "<" not in html and "&" not in html:
        return html.replace(">", "&gt;")
    result = orderly(html, base)
    if result is not None:
        return result
    if _suspicious(html):
        html = _FOREIGN.sub(" ", html)
        if exhausts(html):
            return _as_text(html)
    result = by_parser(html, base)
    if result is None or exhausts(result):
        return _as_text(html)
    return result


def by_parser(html: str, base: str | None) -> str | None:
    """What a parser makes of `html`, so that a second reading changes nothing; None if there is no
    end to it.
    """
    token = _BASE.set(base)
    try:
        return _cleaned_until_stable(html)
    finally:
        _BASE.reset(token)


def _cleaned_until_stable(html: str) -> str | None:
    result = _clean(html)
    # Where the parser had nothing to repair it reads its own output as it read the input. Else it
    # may not: HTML §13.3 "the output … will not return the original tree structure".
    if result == html or _TAG.findall(result) == _TAG.findall(html):
        return result
    for _ in range(_PASSES):
        again = _clean(result)
        if again == result:
            return result
        result = again
    return None


# Where the addresses of the body in hand start. Every thread has its own, and nh3 asks for an
# attribute in the thread that called it.
_BASE: ContextVar[str | None] = ContextVar("base of the body in hand", default=None)


@cache
def _cleaner() -> nh3.Cleaner:
    """One for all bodies: to make it takes half as long as to clean one of 4 KB."""
    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags=DROPPED,
        attributes=ATTRIBUTES,
        attribute_filter=_attribute,
        link_rel=None,
        url_schemes=urls.LINKS,
    )


def _clean(html: str) -> str:
    result = _cleaner().clean(html)
    # `&#13;`, `e&#769;`, `e</x>&#769;`: what was removed comes back, and marks meet letters.
    if ODD_REFERENCE.search(html) is not None or not unicodedata.is_normalized("NFC", result):
        result = _normalised(result)
    if _TO_MEND.search(result) is None:
        return result.strip()
    before = result
    result = _NO_SOURCE.sub(_alternative, result)
    if "<bdo" in result:
        result = _BDO.sub(r"\1bdi", result)  # keeps the direction, and no validator warns of it
    if "<audio" in result or "<video" in result:
        result = _with_links(result)
    if "<pre" in result:
        # HTML §13.1.2.5: a parser drops the newline after <pre>; without a second one each reading
        # would eat a line.
        result = _PRE.sub(r"\1\n\n", result)
    return (result if result == before else _normalised(result)).strip()


def _normalised(html: str) -> str:
    odd = oddities(html)
    if not odd:
        return html
    if has_more_than_punctuation(odd):
        # To look at each character for one of 66 costs more than all the rest.
        data = html.encode("utf-8", "surrogatepass")
        if b"\xef" in data or (b"\xbf" in data and _NO_CHARACTER_ENDS.search(data)):
            html = _NO_CHARACTER.sub("", html)
        if _STROKE in html:
            # What `normalise` drops must not stand between the two.
            html = _AFTER_TAG.sub(_without_stroke, repaired(html))
    return normalise(html)


def _without_stroke(run: re.Match[str]) -> str:
    """A `>` that keeps its end: NFC would make one character of it and of U+0338.

    The two need not be neighbours: NFC moves it before marks of a higher combining class.
    """
    text = run[0]
    end = next((at for at in range(1, len(text)) if not unicodedata.combining(text[at])), len(text))
    return text[:end].replace(_STROKE, "") + text[end:]


def _with_links(html: str) -> str:
    """Every player followed by a link to what it plays, unless the text has one.

    Feed validators warn of `controls`, without which a browser shows no player; readers that bring
    their own controls show it, and in all others the link stands for it.
    """
    text = _PLAYER.sub("", html)

    def linked(match: re.Match[str]) -> str:
        source = _SOURCE.search(match[0])
        if source is None or f'href="{source[1]}"' in text:
            return match[0]
        name = unquote(unescape(re.split("[?#]", source[1])[0].rstrip("/").rpartition("/")[2]))
        return f'{match[0]} <a href="{source[1]}">{escape(name)}</a>'

    return _PLAYER.sub(linked, html)


def _alternative(match: re.Match[str]) -> str:
    alt = _ALT.search(match[1])
    return alt[1] if alt else ""


def _attribute(_: str, name: str, value: str) -> str | None:
    return attribute(name, value, _BASE.get())


# --- markup made to exhaust a parser

_DEEPEST = 256  # html5ever walks the open elements for many tags: cost grows with depth × tags
_MOST_COPIES = 1_000_000  # of formatting elements, reopened in block after block
_MOST_COPIED = 20_000_000  # characters of their attributes: one unclosed <a title="…"> is enough
_MOST_ATTRIBUTES = 500  # of one tag: each is compared with all before it
_MOST_ROOTS = 20  # <html> and <body> tags: each adds its attributes to the first
_MOST_REFERENCES = 50_000  # html5ever reads each `&` at a cost that grows with their number

_FOREIGN = re.compile(r"<(svg|math)\b(?:[^>]*/>|.*?(?:</\1\s*>|\Z))", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(r"<(/?)([A-Za-z][^\s/>]*)")
_VOID = frozenset(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track"
    " wbr image".split()
)
# Closed by the next of their kind, so they never nest by themselves.
_IMPLIED = frozenset("p li dd dt tr td th tbody thead tfoot body html head".split())
_ROOTS = frozenset({"html", "body"})
# HTML §13.2.4.3: these are reopened in every following block until they are closed.
_FORMATTING = frozenset("a b big code em font i nobr s small strike strong tt u".split())
_SCOPES = frozenset(
    "applet caption html table td th marquee object template svg math select".split()
)
_SPECIAL = _SCOPES | frozenset(
    "address article aside blockquote button center details dir div dl fieldset figcaption figure"
    " footer form frameset h1 h2 h3 h4 h5 h6 header hgroup iframe li main menu nav noscript ol p"
    " pre section summary ul".split()
)


def _suspicious(html: str) -> bool:
    """Whether it is large enough to be looked at; below that nothing can nest or multiply far."""
    return len(html) > 20_000 or html.count("<") > 512


def exhausts(html: str) -> bool:
    """Whether a parser would nest or multiply this beyond measure; linear, and never too low.

    Follows the open elements roughly as HTML §13.2.6 does. Where the rules are intricate an element
    counts as still open, so that an attack cannot hide behind an end tag that a parser ignores.
    """
    if not _suspicious(html):
        return False
    if html.count("&") > _MOST_REFERENCES:
        return True
    sizes = _sizes(html)
    if sizes is None:
        return True
    stack: list[str] = []
    reopened: dict[str, list[tuple[int, int]]] = {}  # size, and depth of the stack at its start
    formatting = copies = size = copied = steps = roots = 0
    for match in _MARKUP.finditer(html):
        closing, name = match[1], match[2].lower()
        copies += formatting
        copied += size
        if name in _FORMATTING:
            same = reopened.setdefault(name, [])
            # `a` is closed by `a`; no end tag reaches out of a table cell.
            if same and (closing or name == "a"):
                steps += len(stack) - same[-1][1]
                if _SCOPES.isdisjoint(stack[same[-1][1] :]):
                    formatting -= 1
                    size -= same.pop()[0]
            if not closing:
                same.append((sizes.get(match.start(), 0), len(stack)))
                formatting += 1
                size += same[-1][0]
        elif name in _VOID or name in _IMPLIED:
            roots += name in _ROOTS
        elif not closing:
            stack.append(name)
        else:
            barrier = _SCOPES if name in _SPECIAL else _SPECIAL
            for depth in range(len(stack) - 1, -1, -1):
                steps += 1
                if stack[depth] == name:
                    del stack[depth:]
                    break
                if stack[depth] in barrier:
                    break
        if (
            len(stack) + formatting > _DEEPEST
            or copies + steps > _MOST_COPIES
            or copied > _MOST_COPIED
            or roots > _MOST_ROOTS
        ):
            return True
    return False


# HTML §13.2.5.32-40. Possessive: what is read is not read again.
_ATTRIBUTE_OF_TAG = (
    r"""[\s/]*+[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^\s>]*+))?+"""
)
_ATTRIBUTE_RE = compiled(_ATTRIBUTE_OF_TAG)
_START_TAG = compiled(rf"<([A-Za-z][^\s/>]*+)((?:{_ATTRIBUTE_OF_TAG})*+)")


def _sizes(html: str) -> dict[int, int] | None:
    """The length of the attributes of each formatting element; None if any tag has too many."""
    sizes: dict[int, int] = {}
    for match in _START_TAG.finditer(html):
        size = len(match[2])
        if size > 2 * _MOST_ATTRIBUTES and len(_ATTRIBUTE_RE.findall(match[2])) > _MOST_ATTRIBUTES:
            return None
        if size and match[1].lower() in _FORMATTING:
            sizes[match.start()] = size
    return sizes


def _as_text(html: str) -> str:
    text = plain(html)
    return _normalised(f"<p>{escape(text).replace('&quot;', chr(34))}</p>") if text else ""


# --- plain text

_TOKEN = compiled(
    # Each alternative ends at the end of the text at the latest, so that nothing is read twice.
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|template|title|textarea|select|noscript|svg|math|iframe)\b.*?(?:</\1\s*>|\Z)"
    rf"|</?([A-Za-z][^\s/>]*+)(?:{_ATTRIBUTE_OF_TAG})*+[^>]*+(?:>|\Z)"
    r"|<[!?/][^>]*(?:>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_INLINE = frozenset(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark nobr q rb ruby s"
    " samp small span strike strong sub sup time tt u var wbr".split()
)
_ELLIPSIS = "…"


def plain(html: str, limit: int | None = None) -> str:
    """The text of `html` on one line, for summaries and titles; cut at a word with an ellipsis.

    Reads no further than it must: a summary of a long body costs as much as one of a short body.
    """
    if "<" not in html and "&" not in html:
        line = " ".join(xml_safe(html).split())
        return line if limit is None else cut(line, limit)
    text = ""
    parts: list[str] = []
    size = start = 0
    for match in _TOKEN.finditer(html):
        at, end = match.span()
        parts.append(html[start:at])
        size += at - start
        start = end
        name = match[2]
        if name is None or name.lower() not in _INLINE:
            parts.append(" ")
        # White space and entities shrink: read some more than `limit` before looking.
        if limit is not None and size > limit + limit // 4 + 100:
            text = _squeezed(text, parts)
            if len(text) > limit + 1:
                return cut(text, limit)
            parts, size = [], 0
    parts.append(html[start:])
    text = _squeezed(text, parts).strip()
    return text if limit is None else cut(text, limit)


def _squeezed(text: str, parts: list[str]) -> str:
    """`text` and the raw `parts` on one line; a space at the end is kept for what may follow."""
    raw = unescape("".join(parts))
    line = " ".join((text + xml_safe(raw)).split())
    return f"{line} " if line and (raw[-1:] or text[-1:]).isspace() else line


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` characters, cut between words; an ellipsis tells of it."""
    if len(text) <= limit:
        return text
    head = text[: max(limit - 1, 0)]
    if not text[len(head)].isspace():
        word = head.rpartition(" ")[0]
        # A language without spaces, or one very long word: cut inside it, but not inside a letter.
        if len(word) * 2 < len(head):
            word = head[: letters_end(text, len(head))]
        head = word
    return head.rstrip(" ,;:–-") + _ELLIPSIS if limit > 0 else ""


def escape(text: str) -> str:
    """`text` as HTML, for a body or a quoted attribute value."""
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )
