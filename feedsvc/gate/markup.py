"""What stands inside contents and titles: scanned by regexes that look at each character once.

Contents are not parsed: the gate runs before every publication, and `filters/` has sanitised the
HTML with a real parser. This is the second look, with the W3C validator's eyes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lxml import etree

from feedsvc.gate.report import Report, Where, line_of, shown
from feedsvc.regex import compiled

# Quoted values are skipped as one, so that `alt="a > b"` does not end a tag. Possessive: a quote
# that never closes is tried from at most three places, and the scan stays linear on any input.
_TAG: Final = compiled(r"<([a-zA-Z][a-zA-Z0-9:-]*)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_ANY_TAG: Final = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)(?=[\s/>])")
_ATTRIBUTE: Final = re.compile(
    r"([a-zA-Z_:][-\w:.]*+)\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'>]++))"
)
# The attributes of nearly every tag, as a sanitiser writes them: nothing to look at one by one
_HARMLESS: Final = compiled(
    r"(?:\s++(?:"
    r"(?:href|src|poster|cite)=\"(?:https?://[a-zA-Z0-9\[]|mailto:|tel:)[^\"]*+\""
    r"|(?!on|style|src|href|poster|cite|action|formaction|background|longdesc|data[=\s]"
    r"|aria-|controls|role)[a-z][a-z-]*+(?:=\"[^\"]*+\")?))*+\s*+/?"
)
_ADDRESS_ATTRIBUTES: Final = frozenset(
    "href src poster cite action formaction background longdesc data xlink:href".split()
)
_HTML: Final = frozenset(
    "a abbr acronym address applet area article aside audio b base basefont bdi bdo big blink "
    "blockquote body br button canvas caption center cite code col colgroup data datalist dd "
    "del details dfn dialog dir div dl dt em embed fieldset figcaption figure font footer "
    "form frame frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html i iframe img input ins "
    "kbd label legend li link main map mark marquee menu meta meter nav noframes noscript "
    "object ol optgroup option output p param picture pre progress q rb rp rt rtc ruby s samp "
    "script search section select slot small source span strike strong style sub summary sup "
    "svg table tbody td template textarea tfoot th thead time title tr track tt u ul var "
    "video wbr xmp plaintext math".split()
)
_DANGEROUS: Final = frozenset(
    "applet base basefont bdo blink body embed frame frameset head html iframe link meta noframes "
    "object param script style title xmp plaintext svg math".split()
)
# Harmless, but the W3C validator's list of safe attributes is older than they are
_UNLISTED: Final = re.compile(r"controls|role|aria-[a-z]+")
# Where an HTML parser finds no tag and no reference: HTML §13.2.5.1, §13.2.5.6
_STRAY: Final = re.compile(
    r"<(?![a-zA-Z/!?])|&(?!#[0-9]+;|#[xX][0-9a-fA-F]+;|[a-zA-Z][a-zA-Z0-9]*;|[\s<&]|$)"
)
_SCRIPT: Final = re.compile(
    r"(?:javascript|vbscript|livescript|mocha):|data:(?!image/)", re.IGNORECASE
)
_INVISIBLE: Final = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028\u2029\ufeff]+")
_SCHEME: Final = re.compile(r"[a-zA-Z][\w+.-]*:")
_SIDES: Final = ("", "-top", "-right", "-bottom", "-left")
_CSS_PROPERTIES: Final = frozenset(  # how a box and its text look, never where they stand
    [f"border{side}{part}" for side in _SIDES for part in ("", "-color", "-style", "-width")]
    + [f"{box}{side}" for box in ("margin", "padding") for side in _SIDES]
    + [f"font{part}" for part in ("", "-family", "-size", "-style", "-variant", "-weight")]
    + [f"text-{part}" for part in ("align", "decoration", "indent")]
    + "background background-color border-collapse border-spacing clear color cursor direction "
    "display float height letter-spacing line-height list-style-type overflow unicode-bidi "
    "vertical-align white-space width".split()
)
_CSS_SHAPE: Final = re.compile(r"[\w\s:;,.#%!()'\"-]*")
_CSS_CALL: Final = re.compile(r"(?:url|expression|attr|var|image)\s*\(", re.IGNORECASE)
_CSS_BOX: Final = re.compile(r"(?:background|border|margin|padding)(?:-[a-z-]+)?")
_CSS_BOX_VALUE: Final = re.compile(
    r"(?:#[0-9a-f]{3,8}|-?(?:[0-9]{1,3}(?:\.[0-9]{1,2})?|\.[0-9]{1,2})(?:cm|em|ex|in|mm|pc|pt|px|%)?|rgb\([0-9,%]+\)"
    r"|!important|(?!mso)[a-z]+)",
    re.IGNORECASE,
)
_END_TAG: Final = re.compile(r"</(\w+)>")
_ENTITY: Final = re.compile(r"&(#?\w+)")
_RSS_MARKUP: Final = re.compile(r"&#[x0-9]|<[/a-zA-Z]")


def scan_html(report: Report, html: str, where: str, at: Where, *, based: bool = False) -> None:
    """Look for what readers strip or cannot resolve; `based`: an absolute xml:base is in scope."""
    if found := _STRAY.search(html):
        sign = html[found.start() : found.start() + 12]
        report.add("html-invalid", f"{where} holds {shown(sign)} as it is", at)
    if "<" not in html:
        return
    for tag, attributes in _TAG.findall(html):
        name = tag.lower()
        if name not in _HTML:
            report.add("html-unknown-tag", f"{where} holds <{shown(tag)[1:-1]}>", at)
        elif name in _DANGEROUS:
            report.add("html-dangerous-tag", f"{where} holds <{name}>", at)
        if attributes and _HARMLESS.fullmatch(attributes) is None:
            _scan_attributes(report, attributes, f"<{name}> in {where}", at, based)


def tags_of(html: str) -> Iterator[str]:
    """The names of the HTML elements that begin or end in a text, in lower case."""
    for found in _ANY_TAG.finditer(html):
        if (name := found[1].lower()) in _HTML:
            yield name


def attributes_of(html: str, name: str) -> Iterator[list[tuple[str, str]]]:
    """The attributes of each `<name …>` in a text, as they are written; their names in lower case.

    Of two attributes with one name the first one counts (HTML §13.2.5.33), so it comes last.
    """
    if f"<{name}" not in html.lower():
        return
    for tag, attributes in _TAG.findall(html):
        if tag.lower() == name:
            found = list(_ATTRIBUTE.finditer(attributes))
            yield [(one[1].lower(), one[2] or one[3] or one[4] or "") for one in reversed(found)]


def _scan_attributes(report: Report, text: str, where: str, at: Where, based: bool) -> None:
    for found in _ATTRIBUTE.finditer(text):
        value = found[2] or found[3] or found[4] or ""
        check_attribute(report, found[1].lower(), value, where, at, escaped=True, based=based)


def check_attribute(
    report: Report,
    name: str,
    value: str,
    where: str,
    at: Where,
    *,
    escaped: bool,
    based: bool,
) -> None:
    """One attribute of HTML or XHTML; `escaped`: its value may hold character references."""
    if name.startswith("on") or _UNLISTED.fullmatch(name):
        report.add("html-dangerous-attribute", f"{where} has {name}", at)
        return
    if name not in ("style", "srcset") and name not in _ADDRESS_ATTRIBUTES:
        return
    if escaped and "&" in value:
        import html  # noqa: PLC0415 - its table of entities is large, and seldom needed

        value = html.unescape(value)
    if name == "style":
        if _dangerous_style(value):
            report.add("html-style", f"{where} has style={shown(value)}", at)
        return
    if name == "srcset":
        # HTML §4.8.4.2.1: candidates are separated by a comma and white space
        addresses = [part.split()[0] for part in re.split(r",\s+", value) if part.strip()]
    else:
        addresses = [value]
    for address in addresses:
        bare = _INVISIBLE.sub("", address)
        if _SCRIPT.match(bare):
            report.add("html-dangerous-url", f"{where} has {name}={shown(address)}", at)
        elif not _SCHEME.match(address.strip()) and not based:
            report.add("html-relative-url", f"{where} has {name}={shown(address)}", at)


def _dangerous_style(style: str) -> bool:
    if len(style) > 10_000 or _CSS_SHAPE.fullmatch(style) is None or _CSS_CALL.search(style):
        return True
    for declaration in style.split(";"):
        name, colon, value = declaration.strip().partition(":")
        if not name:
            continue
        name = name.strip().lower()
        if not colon or ":" in value or name not in _CSS_PROPERTIES:
            return True
        if _CSS_BOX.fullmatch(name) and not all(
            _CSS_BOX_VALUE.fullmatch(word) for word in value.replace(",", " ").split()
        ):
            return True
    return False


def scan_xhtml(
    report: Report, root: etree._Element, where: str, namespace: str, *, based: bool
) -> None:
    """The same look at elements of `namespace` below `root`, and what stands there without one."""
    prefix = "{" + namespace + "}"
    for element in root.iterdescendants("*"):
        tag = str(element.tag)
        if not tag.startswith(prefix):
            continue
        name = tag[len(prefix) :]
        if name.lower() in _DANGEROUS:
            report.add("html-dangerous-tag", f"{where} holds <{name}>", element)
        for key, value in element.attrib.items():
            local = str(key).rpartition("}")[2].lower()
            check_attribute(
                report, local, str(value), f"<{name}> in {where}", element,
                escaped=False, based=based,
            )  # fmt: skip


def check_plain(
    report: Report, value: str, where: str, at: etree._Element, *, rss: bool = False
) -> None:
    """Plain text that a reader would take for markup: `</b>`, `&amp;`; in RSS also a lone `<b`."""
    if "&" not in value and "<" not in value:
        return
    found = next((tag for tag in _END_TAG.findall(value) if tag.lower() in _HTML), None)
    if found is not None:
        # The validator lets no way of writing excuse an end tag
        report.add("text-contains-html", f"{where} is plain text but holds '</{found}>'", at)
        return
    sign = None
    if "&" in value:
        from html.entities import name2codepoint  # noqa: PLC0415 - see above

        sign = next(
            (
                f"&{name}"
                for name in _ENTITY.findall(value)
                if name in name2codepoint or name == "apos" or not name.isalpha()
            ),
            None,
        )
    if sign is None and rss and (markup := _RSS_MARKUP.search(value)):
        sign = markup.group()
    if sign is not None and not report.escaped_in_hex(line_of(at)):
        report.add("text-contains-html", f"{where} is plain text but holds {shown(sign)}", at)
