"""What site generators and note programs add to Markdown, turned into plain CommonMark.

    Obsidian   [[Target|label]]  ![[image.png]]  %%comment%%  #tag
    Jekyll     {% tag %}  {{ site.baseurl }}  {: .class}
    Hugo       {{< shortcode >}}  {{% shortcode %}}  # Heading {#id}

Code stays as it is. Every pattern ends at a brace, a bracket or a line, so that none reads a text
twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

_BRACKETS = re.compile(r"\[(?:\[|toc\]|TOC\])")


def to_commonmark(source: str) -> str:
    """`source` with the dialects' own notations replaced by what they show, or taken out."""
    # One character is found a hundred times faster than two, and most texts lack even that.
    if "{" not in source and "%" not in source and _BRACKETS.search(source) is None:
        return source
    source = _CODE_TAG.sub(_fence, source)
    return "".join(text if code else _replaced(text) for code, text in _pieces(source))


_MOST_TAGS = 100
_TAG = re.compile(r"#(?<![^\s(]#)(?=[\w/-]*[^\W\d_])([\w/-]{1,80})")
_COLOUR = re.compile(r"(?=.*\d)(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")
_MARKUP = re.compile(r"<[A-Za-z/!][^<>]*>|\]\([^()\n]*\)|^ {0,3}\[[^\]\n]*\]:.*$|%%", re.MULTILINE)


def inline_tags(source: str) -> list[str]:
    """The `#tags` of the running text; not in code, links and markup, and no `#1`."""
    if _TAG.search(source) is None:
        return []
    found: dict[str, str] = {}
    for code, text in _pieces(source):
        if code:
            continue
        for match in _TAG.finditer(_MARKUP.sub(" ", text)):
            tag = match[1].strip("-/_")
            if tag and not _COLOUR.fullmatch(tag) and len(found) < _MOST_TAGS:
                found.setdefault(tag.casefold(), tag)
    return list(found.values())


# --- code

_FENCE = re.compile(r" {0,3}(?:(?:[-*+]|\d{1,9}[.)]) {1,3}|> ?)*(`{3,}|~{3,})([^\n]*)")
_ITEM = re.compile(r"\s*(?:[-*+]|\d{1,9}[.)])\s")
_TICKS = re.compile(r"`+")


def _pieces(source: str) -> Iterator[tuple[bool, str]]:
    """`source` in pieces that are code (fenced, indented or in backticks) or not."""
    for code, block in _blocks(source):
        if code or "`" not in block:
            yield code, block
        else:
            yield from _spans(block)


def _blocks(source: str) -> Iterator[tuple[bool, str]]:
    run: list[str] = []
    mark = ""  # of the open fence
    indented = listed = False
    blank = True
    for line in source.splitlines(keepends=True):
        fence = _FENCE.match(line)
        if mark:
            run.append(line)
            stripped = line.strip(" >\n")
            if stripped.startswith(mark) and not stripped.strip(mark[0]):
                yield True, "".join(run)
                run, mark = [], ""
            continue
        if fence is not None and not (fence[1][0] == "`" and "`" in fence[2]):
            if run:
                yield indented, "".join(run)
            run, mark, indented = [line], fence[1], False
            continue
        inner = line.startswith(("    ", "\t"))
        if line.strip():
            now = inner and not listed and (blank or indented)
            if now != indented:
                if run:
                    yield indented, "".join(run)
                run, indented = [], now
            if not inner:
                listed = _ITEM.match(line) is not None or (listed and not blank)
            elif _ITEM.match(line) and listed:
                listed = True
        blank = not line.strip()
        run.append(line)
    if run:
        yield bool(mark) or indented, "".join(run)


def _spans(block: str) -> Iterator[tuple[bool, str]]:
    """CommonMark §6.1: a run of backticks is closed by the next run of the same length."""
    runs = [(found.start(), found.end()) for found in _TICKS.finditer(block)]
    later: dict[int, list[int]] = {}
    for index in range(len(runs) - 1, -1, -1):
        later.setdefault(runs[index][1] - runs[index][0], []).append(index)
    at = index = 0
    while index < len(runs):
        start, end = runs[index]
        same = later[end - start]
        while same and same[-1] <= index:
            same.pop()
        # A paragraph ends a code span; a blank line between the two is seen once per pair.
        if same and "\n\n" not in block[end : runs[same[-1]][0]]:
            index = same[-1]
            yield False, block[at:start]
            yield True, block[start : runs[index][1]]
            at = runs[index][1]
        index += 1
    yield False, block[at:]


# --- the notations

_CODE_TAG = re.compile(
    r"^[ \t]*\{(?:%-?|\{[<%]) */?(end)?highlight\b([^{}\n]{0,80})[%>]\}?\}[ \t]*$", re.MULTILINE
)


def _fence(tag: re.Match[str]) -> str:
    closing = tag[1] or tag[0].lstrip().startswith(("{{< /", "{{% /", "{{</"))
    language = re.match(r"\s*([\w+#-]+)", tag[2])
    return "```" if closing or language is None else f"```{language[1]}"


_NOTATION = re.compile(
    r"%%(?P<comment>.*?)%%"
    r"|(?P<embed>!?)\[\[(?P<target>[^\[\]|\n]{1,500}?)\\?(?:\|(?P<label>[^\[\]\n]{0,500}))?\]\]"
    r"|\{\{[<%]\s*(?P<short>/?[\w/.-]+)(?P<arguments>[^{}]*?)/?[%>]\}\}"
    r"|\{%-?\s*(?P<liquid>[\w-]+)[^{}\n]*%\}"
    r"|\{\{-?\s*(?P<value>[^{}\n]*?)\s*-?\}\}"
    r"|(?P<attributes>^[ \t]*\{:[^{}\n]*\}[ \t]*$|(?<![\s{])[ \t]*\{[:#.][^{}\n]*\}[ \t]*$)"
    r"|(?P<contents>^\[toc\]$)",
    re.DOTALL | re.MULTILINE | re.IGNORECASE,
)


def _replaced(text: str) -> str:
    if text.count("%%") == 1:  # no pair: do not look for its end
        text = text.replace("%%", "%\ufdd0%")
        return _NOTATION.sub(_shown, text).replace("%\ufdd0%", "%%")
    return _NOTATION.sub(_shown, text)


_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif", ".bmp")


def _shown(found: re.Match[str]) -> str:
    if found["target"] is not None:
        return _wikilink(found)
    if found["short"] is not None:
        return _figure(found["arguments"]) if found["short"] in {"figure", "img", "image"} else ""
    if found["value"] is not None:
        return _output(found["value"], found[0])
    return ""


def _wikilink(found: re.Match[str]) -> str:
    target, label = found["target"].strip(), (found["label"] or "").strip()
    path, _, heading = target.partition("#")
    if found["embed"] and path.lower().endswith(_PICTURES):
        # `![[image.png|300]]` sets a width
        alt = "" if re.fullmatch(r"\d+(?:x\d+)?", label) else label
        address = re.sub(r"[<>\n]", "", path)
        return f"![{alt}](<{address}>)"
    return label or path.rpartition("/")[2] or heading.lstrip("^").rpartition("#")[2]


_ARGUMENT = re.compile(r"""(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)'|`([^`]*)`|([^\s"'`]+))""")


def _figure(arguments: str) -> str:
    """Hugo's own shortcode for pictures; others run templates that only the site has."""
    named = {
        m[1].lower(): m[2] or m[3] or m[4] or m[5] or "" for m in _ARGUMENT.finditer(arguments)
    }
    if not named.get("src"):
        return ""
    caption = named.get("caption") or named.get("title") or ""
    alt = named.get("alt") or caption
    image = f'<img src="{escape(named["src"])}" alt="{escape(alt)}">'
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{image}{below}</figure>"


_QUOTED = re.compile(
    r"""["']([^"'{}]*)["']\s*\|\s*(?:relative_url|absolute_url|relURL|absURL)\b.*"""
)
_BASE = re.compile(r"(?:site|page)\.(?:base_?url|url|BaseURL)|\.Site\.BaseURL", re.IGNORECASE)


def _output(value: str, whole: str) -> str:
    """Addresses are worked out, as links hang on them; any other value stays to be seen."""
    quoted = _QUOTED.fullmatch(value)
    if quoted is not None:
        return quoted[1]
    return "" if _BASE.fullmatch(value.partition("|")[0].strip()) else whole
