"""What HTML a feed may carry: the elements, their attributes, and what these may say.

For whoever cleans a body, whether by a parser (`html`) or without one (`orderly`).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from feedsvc.text import urls

TAGS = frozenset(
    """
a abbr address article aside audio b bdi bdo blockquote br caption center cite code col
colgroup dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header
hgroup hr i img ins kbd li main mark nav ol p picture pre q rp rt ruby s samp section
small source span strong sub summary sup table tbody td tfoot th thead time tr u ul var
video wbr
""".split()
)
# What stands inside these is not prose.
DROPPED = frozenset(
    "script style template title textarea select option datalist button iframe noscript noembed"
    " noframes svg math".split()
)
ATTRIBUTES = {
    "*": {"lang", "dir"},
    "a": {"href", "hreflang", "title"},
    "abbr": {"title"},
    "audio": {"src"},
    "blockquote": {"cite"},
    "col": {"span"},
    "colgroup": {"span"},
    "del": {"cite", "datetime"},
    "details": {"open"},
    "dfn": {"title"},
    "img": {"src", "srcset", "sizes", "alt", "title", "width", "height"},
    "ins": {"cite", "datetime"},
    "li": {"value"},
    "ol": {"start", "reversed", "type"},
    "q": {"cite"},
    "source": {"src", "srcset", "sizes", "type", "media"},
    "td": {"colspan", "rowspan", "align", "headers"},
    "th": {"colspan", "rowspan", "align", "scope", "abbr"},
    "time": {"datetime"},
    "video": {"src", "poster", "width", "height"},
}
ADDRESSES = frozenset({"href", "src", "poster", "cite"})

Rule = Callable[[str, str | None], str | None]


def attribute(name: str, value: str, base: str | None) -> str | None:
    """What an attribute of `ATTRIBUTES` may say, None for nothing; addresses start at `base`."""
    rule = RULES.get(name)
    return value if rule is None else rule(value, base)


def _link(value: str, base: str | None) -> str | None:
    # An empty one names the page itself: no picture, and no link worth following.
    return urls.absolute(value, base, schemes=urls.LINKS) if value.strip() else None


def _web(value: str, base: str | None) -> str | None:
    return urls.absolute(value, base) if value.strip() else None


_NUMBER = re.compile(r"-?[0-9]{1,5}%?")


def _number(value: str, _: str | None) -> str | None:
    value = value.strip()
    return value if _NUMBER.fullmatch(value) else None


_CANDIDATE = re.compile(r"([^\s,]\S*)([^,]*)")
_DESCRIPTOR = re.compile(r"[0-9]{1,6}(?:\.[0-9]{1,6})?[wxh](?: [0-9]{1,6}[wh])?")


def _srcset(value: str, base: str | None) -> str | None:
    """The image candidates with absolute addresses (HTML §4.8.4.2.1), without the bad ones."""
    found = []
    for match in _CANDIDATE.finditer(value[:20_000]):
        address, descriptor = match[1], " ".join(match[2].split())
        if address.endswith(","):
            address = address.rstrip(",")
        url = urls.absolute(address, base)
        if (
            url is None
            or url.endswith(",")
            or (descriptor and not _DESCRIPTOR.fullmatch(descriptor))
        ):
            continue
        found.append(f"{url} {descriptor}".strip())
    return ", ".join(found) or None


# For attributes that may not say just anything: the value, and where addresses start -> what is
# kept.
RULES: dict[str, Rule] = {
    "href": _link,
    "cite": _web,
    "poster": _web,
    "src": _web,
    "srcset": _srcset,
    **dict.fromkeys(("colspan", "height", "rowspan", "span", "start", "value", "width"), _number),
}
