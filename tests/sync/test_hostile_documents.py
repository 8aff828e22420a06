"""Documents written to do harm: whatever they hold, what is published of them is valid and inert.

All of them keep the articles that their source had before, as entries beside the hostile one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import pytest

from tests.feedserver import Answer, Answerable
from tests.siege import (
    BEFORE,
    NEWS,
    Case,
    Siege,
    assert_endured,
    assert_in_order,
    assert_readable,
    assert_valid,
    failing,
    mended,
    start,
)

HOME = "https://harbour.example.org/"
SPACES = " ".join(
    f'xmlns:{prefix}="{url}"'
    for prefix, url in {
        "atom": "http://www.w3.org/2005/Atom",
        "content": "http://purl.org/rss/1.0/modules/content/",
        "dc": "http://purl.org/dc/elements/1.1/",
        "dcterms": "http://purl.org/dc/terms/",
        "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
        "media": "http://search.yahoo.com/mrss/",
        "sy": "http://purl.org/rss/1.0/modules/syndication/",
        "at": "http://purl.org/atompub/tombstones/1.0",
        "xlink": "http://www.w3.org/1999/xlink",
    }.items()
)


def item(title: str, more: str = "", *, id: str | None = None) -> str:
    """An entry, as `tests.guest` writes them."""
    return (
        f"<item><title>{title}</title><link>{HOME}{title}</link><guid>{id or HOME + title}</guid>"
        f"<description>What happened at the pier: {title}.</description>{more}</item>"
    )


OLD = "".join(map(item, BEFORE))


def doc(first: str = item(NEWS), *, head: str = "", prolog: str = "", attributes: str = "") -> str:
    """A document with a hostile part, followed by the known entries."""
    return (
        f'{prolog}<rss version="2.0" {SPACES} {attributes}><channel><title>Harbour</title>'
        f"<link>{HOME}</link><description>News</description>{head}{first}{OLD}</channel></rss>"
    )


def rss(name: str, document: str | bytes, told: str = "", *takes: str, **fields: str) -> Case:
    """A document that is read, with headers such as `content_type`."""
    return mended(name, _answer(document, fields), told, *takes)


def any_title(name: str, document: str | bytes, told: str = "", **fields: str) -> Case:
    """The same; what its new entries are called is not looked at."""
    return Case(name=name, answer=_answer(document, fields), told=told, takes=None, failed=False)


def _answer(document: str | bytes, fields: dict[str, str]) -> Answer:
    body = document if isinstance(document, bytes) else document.encode("utf-8", "surrogatepass")
    return Answer(body=body, headers={name.replace("_", "-"): v for name, v in fields.items()})


# -- letters ---------------------------------------------------------------------------------------

SCRIPT_IN_UTF_7 = "+ADw-script+AD4-alert(1)+ADw-/script+AD4-"


def declared(encoding: str) -> str:
    return f'<?xml version="1.0" encoding="{encoding}"?>'


LETTERS = (
    rss("declared-as-utf-16-but-utf-8", doc(prolog=declared("utf-16")), "", NEWS),
    rss("declared-as-nothing-known", doc(prolog=declared("klingon")), "klingon", NEWS),
    *(
        any_title(
            f"declared-as-{name.replace('_', '-')}",
            doc(prolog=declared(name)),
            name.replace("_", "-"),
        )
        for name in ("hex", "rot13", "zlib", "bz2", "idna", "unicode_escape", "undefined", "mbcs")
    ),
    rss("a-charset-that-is-no-charset", doc(), "hex", NEWS, content_type="text/xml; charset=hex"),
    rss("a-charset-that-is-wrong", doc(), "", NEWS, content_type="text/xml; charset=utf-16"),
    any_title(
        "a-charset-of-utf-7",
        doc(item(SCRIPT_IN_UTF_7)),
        "utf-7",
        content_type="text/xml; charset=utf-7",
    ),
    any_title("a-script-in-utf-7", doc(item(SCRIPT_IN_UTF_7), prolog=declared("utf-7")), "utf-7"),
    any_title(
        "latin-1-called-utf-8",
        doc(item("Fähre")).encode("latin-1"),
        "cp1252, which is a guess",
        content_type="text/xml; charset=utf-8",
    ),
    any_title(
        "utf-8-with-half-a-letter",
        doc(item("F\udce4hre")).encode("utf-8", "surrogateescape"),
        "cp1252, which is a guess",
    ),
    rss("utf-16", doc(prolog=declared("utf-16")).encode("utf-16"), "", NEWS),
    rss("utf-16-without-a-mark", doc(prolog=declared("utf-8")).encode("utf-16-be"), "", NEWS),
    rss("utf-16-with-half-a-letter", doc().encode("utf-16") + b"\xd8", "not well-formed", NEWS),
    rss("utf-32", doc().encode("utf-32"), "", NEWS),
    any_title("surrogates", doc(item("\ud83d\ude00 \udfff")), "some bytes are not UTF-8"),
    any_title("surrogates-by-number", doc(item("&#xD83D;&#xDE00;")), "not well-formed"),
    any_title(
        "numbers-of-no-character",
        doc(item("&#0;&#11;&#xFFFF;&#x110000;&#99999999999;")),
        "not well-formed",
    ),
    rss("nuls-all-over", doc(item("do\0ck")).replace(">", ">\0"), "not well-formed", NEWS),
    any_title(
        "every-control-character",
        doc(item("".join(map(chr, range(32))) + "\x7f")),
        "not well-formed",
    ),
    any_title("control-characters-of-1-byte", doc(item("\x9b2J\x9d0;owned\x9c\x85"))),
    any_title("no-characters", doc(item("\ufffe\uffff\ufdd0\U0010ffff")), "not well-formed"),
    any_title("directions", doc(item("\u202egnp.exe\u2066\u2069\u200f"))),
    any_title("10,000-accents", doc(item("a" + "\u0301" * 10_000)), "is no address"),
    any_title("lines-that-are-none", doc(item("a\u2028b\u2029c\x0b")), "not well-formed"),
)


# -- declarations ----------------------------------------------------------------------------------

LAUGHS = "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "laugh">' for n in range(12)
)


def entity(name: str, declared: str, more: str = "&bomb;" * 50) -> Case:
    prolog = f'<?xml version="1.0"?><!DOCTYPE rss [{declared}]>'
    described = f"<description>{more}</description>"
    return any_title(name, doc(item(NEWS, described), prolog=prolog), "not well-formed")


def asking(name: str, document: Callable[[str], str]) -> Case:
    """A document that would have us ask the machine inside."""

    def at(siege: Siege, number: int) -> Answerable:
        return document(siege.server.url("/inside", host="127.0.0.1")).encode()

    return Case(name=name, at=at, takes=None, failed=False, told=None)


DECLARED = (
    entity("a-billion-laughs", LAUGHS.replace("l11", "bomb")),
    entity("a-long-entity-used-often", f'<!ENTITY bomb "{"x" * 100_000}">'),
    entity("an-entity-that-holds-itself", '<!ENTITY bomb "&bomb;">'),
    entity("an-entity-with-markup", '<!ENTITY bomb "<![CDATA[<script>alert(1)</script>]]>">'),
    entity("an-entity-that-is-a-file", '<!ENTITY bomb SYSTEM "file:///etc/passwd">'),
    entity("an-entity-in-an-attribute", '<!ENTITY bomb "x">', '<a href="&bomb;">x</a>'),
    asking(
        "an-entity-elsewhere",
        lambda url: doc(item("&x;"), prolog=f'<!DOCTYPE rss [<!ENTITY x SYSTEM "{url}">]>'),
    ),
    asking(
        "a-parameter-elsewhere",
        lambda url: doc(prolog=f'<!DOCTYPE rss [<!ENTITY % x SYSTEM "{url}"> %x;]>'),
    ),
    asking("a-dtd-elsewhere", lambda url: doc(prolog=f'<!DOCTYPE rss SYSTEM "{url}">')),
    asking(
        "an-inclusion",
        lambda url: doc(
            item(NEWS, f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{url}"/>')
        ),
    ),
    asking(
        "a-style-sheet", lambda url: doc(prolog=f'<?xml-stylesheet type="text/xsl" href="{url}"?>')
    ),
    asking(
        "a-schema",
        lambda url: doc(
            attributes='xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
            f' xsi:schemaLocation="x {url}"'
        ),
    ),
    asking(
        "a-hub-and-a-self-inside",
        lambda url: doc(
            head=f'<atom:link rel="self" href="{url}"/><atom:link rel="hub" href="{url}"/>'
            '<cloud domain="127.0.0.1" port="80" path="/" protocol="http-post"/>'
        ),
    ),
    asking(
        "a-page-of-archives-inside",
        lambda url: doc(
            head=f'<atom:link rel="next" href="{url}"/><atom:link rel="prev-archive" href="{url}"/>'
            f"<itunes:new-feed-url>{url}</itunes:new-feed-url>"
        ),
    ),
)


# -- dates -----------------------------------------------------------------------------------------

YEARS = (
    *("0000-00-00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "-0001-01-01T00:00:00Z"),
    *("1582-10-10", "1899-12-31", "1900-01-01T00:00:00+14:00", "2200-12-31T23:59:59-14:00"),
    *("9999-12-31T23:59:59-14:00", "10000-01-01", "99999-12-31T23:59:59Z", "2025-13-01"),
    *("2025-02-30", "2025-01-01T25:61:61Z", "2016-12-31T23:59:60Z", "9" * 5_000, "-1", "0"),
    *("Mon, 00 Jan 0000 00:00:00 GMT", "Mon, 99 Xyz 99999 99:99:99 +9999", "1e308", "NaN", "now"),
    *("Sun, 06 Nov 94 08:49:37 GMT", "2025-01-06T09:30:00+99:99", "+275760-09-13T00:00:00Z", "T"),
    *("٢٠٢٥-٠١-٠٦", "2099-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT", "W" * 300),
)


def dated(name: str) -> str:
    """An entry for every odd date."""
    return "".join(
        item(f"{name.replace(':', '-')}-{number}", f"<{name}>{year}</{name}>")
        for number, year in enumerate(YEARS)
    )


DATES = (
    *(
        any_title(f"odd-dates-in-{name.replace(':', '-')}", doc(dated(name)), "is no date")
        for name in ("pubDate", "dc:date", "atom:published", "atom:updated", "dcterms:modified")
    ),
    any_title("odd-dates-in-valid", doc(dated("dcterms:valid")), "is no date"),
    *(
        any_title(
            f"a-head-of-the-year-{year}",
            doc(
                head=f"<lastBuildDate>{year}-01-01T00:00:00Z</lastBuildDate><pubDate>{year}</pubDate>"
            ),
            "is no date",
        )
        for year in ("0000", "0001", "9999", "10000", "99999")
    ),
    any_title(
        "a-pace-beyond-all-numbers",
        doc(
            head=f"<ttl>{'9' * 400}</ttl><sy:updatePeriod>x</sy:updatePeriod>"
            "<sy:updateFrequency>1e999</sy:updateFrequency>"
            f"<skipHours>{'<hour>99</hour>' * 99}</skipHours>"
        ),
    ),
    any_title(
        "a-pace-of-nothing",
        doc(
            head="<ttl>-1</ttl><sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>"
        ),
    ),
    any_title(
        "tombstones-of-the-year-99999",
        doc(
            head='<at:deleted-entry ref="x" when="99999-01-01"/>'
            '<at:deleted-entry ref=""/><at:deleted-entry/>'
        ),
    ),
)


# -- what others would run -------------------------------------------------------------------------

ATTACKS = {
    "a-script": "<script>alert(1)</script>",
    "a-picture-with-a-handler": '"><img src=x onerror=alert(1)>',
    "a-drawing-with-a-handler": "<svg/onload=alert(1)><svg><script href=data:,alert(1) />",
    "a-frame": "<iframe srcdoc='<script>alert(1)</script>'></iframe><object data=x><embed src=x>",
    "an-address-that-is-a-script": "javascript:alert(1)",
    "an-address-in-disguise": "java\nscript&colon;alert(1)",
    "an-address-behind-a-control-character": "\x01javascript:alert(1)",
    "links-that-are-scripts": '<a href="&#106;avascript&colon;alert(1)">a</a>'
    '<a href=" vbscript:x">b</a>',
    "a-link-of-xlink": '<svg><a xlink:href="javascript:alert(1)"><text>x</text></a></svg>',
    "a-form": '<form action="javascript:alert(1)"><input formaction="javascript:alert(1)"></form>',
    "a-refresh": '<meta http-equiv="refresh" content="0;url=javascript:alert(1)"><base href="//x">',
    "a-style": '<style>@import "//x";</style><p style="background:url(javascript:alert(1))">x',
    "a-comment-that-does-not-end": "<!--><img src=x onerror=alert(1)>-->",
    "mathematics": "<math><mtext><table><mglyph><style><!--</style>"
    "<img title='--&gt;&lt;img src=1 onerror=alert(1)&gt;'>",
    "a-text-that-does-not-end": "<plaintext><xmp><noscript>"
    "<p title='</noscript><img src=x onerror=alert(1)>'>",
    "a-template-of-html": "<template><script>alert(1)</script></template><slot onfocus=alert(1)>",
    "templates": "{{7*7}}${7*7}<%= 7*7 %>#{7*7}{%raw%}{0.__class__}%s%n%(x)s$(id)`id`",
    "a-terminal": "\x1b[2J\x1b]0;owned\x07\x1b]8;;http://x\x07\x9b31m",
    "a-terminal-by-number": "&#27;[2J&#155;31m&#7;",
    "a-path": "../../../etc/passwd\x00.xml",
    "a-query": "' OR 1=1; DROP TABLE article; --",
    "a-header": "x\r\nSet-Cookie: a=b\r\n\r\n<script>alert(1)</script>",
    "an-end-of-cdata": "]]><script>alert(1)</script><![CDATA[",
    "an-end-of-everything": "</title></item></channel></rss><script>alert(1)</script>",
    "a-file": "file:///etc/passwd",
    "data": "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "a-formula": "=cmd|'/c calc'!A1",
}

_TEXTS = """title link guid description author category comments pubDate source content:encoded
    dc:creator dc:date dc:subject dc:rights dc:language dc:identifier itunes:author itunes:summary
    itunes:subtitle itunes:duration itunes:keywords media:title media:description media:credit
    atom:id atom:rights atom:summary""".split()
_HEAD = """language copyright managingEditor webMaster pubDate lastBuildDate category generator docs
    ttl rating itunes:author itunes:summary dc:publisher atom:id atom:icon atom:logo""".split()


def in_rss(attack: str) -> str:
    """An attack in every field of an RSS document, as text of it, and once as markup."""
    text, value = escape(attack), quoteattr(attack)
    fields = "".join(f"<{name}>{text}</{name}>" for name in _TEXTS)
    return doc(
        f"<item>{fields}<enclosure url={value} type={value} length={value}/>"
        f"<media:content url={value} type={value} medium={value}/><itunes:image href={value}/>"
        f"<media:thumbnail url={value}/><atom:link rel={value} href={value} type={value}/>"
        f"<atom:link rel='enclosure' href={value}/><source url={value}>{text}</source>"
        f'<category domain={value}>{text}</category><guid isPermaLink="true">{text}</guid>'
        f"</item>{item('body', f'<content:encoded>{text}</content:encoded>')}"
        f"<item xml:lang={value} xml:base={value}><title>{text} again</title><guid>again</guid>"
        f"<link>{HOME}again</link><description>{text}</description></item>",
        head="".join(f"<{name}>{text}</{name}>" for name in _HEAD)
        + f"<image><url>{text}</url><title>{text}</title><link>{text}</link></image>"
        + f"<title>{text}</title><link>{text}</link><description>{text}</description>"
        + f"<atom:link rel='self' href={value}/>",
    )


def in_atom(attack: str) -> str:
    """An attack in every field of an Atom document."""
    text, value = escape(attack), quoteattr(attack)
    texts = "".join(
        f"<{name} type={kind}>{text}</{name}>"
        for name in ("title", "summary", "rights", "content")
        for kind in ('"html"', '"text"', value)
    )
    person = f"<name>{text}</name><uri>{text}</uri><email>{text}</email>"
    known = "".join(
        f'<entry><title>{title}</title><link href="{HOME}{title}"/><id>{HOME}{title}</id>'
        f"<summary>What happened at the pier: {title}.</summary></entry>"
        for title in BEFORE
    )
    return (
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang={value} xml:base={value}>'
        f"<title type='html'>{text}</title><subtitle>{text}</subtitle><id>{text}</id>"
        f"<icon>{text}</icon><logo>{text}</logo><generator uri={value}>{text}</generator>"
        f"<author>{person}</author><link href={value}/><link rel='self' href={value}/>"
        f"<entry>{texts}<id>{text}</id><updated>{text}</updated><published>{text}</published>"
        f"<author>{person}</author><contributor>{person}</contributor>"
        f"<category term={value} label={value} scheme={value}/><link href={value} rel={value}/>"
        f"<link rel='enclosure' href={value} type={value} length={value} title={value}/>"
        f"<source><title>{text}</title><id>{text}</id><link href={value}/></source></entry>"
        f"<entry><id>again</id><title type='html'>{text} again</title>"
        f"<content src={value} type={value}/><link href='{HOME}again'/></entry>"
        f"<entry><id>third</id><title>third</title><content type='xhtml'>"
        f"<div xmlns='http://www.w3.org/1999/xhtml' onclick={value}><a href={value}>x</a>"
        f"<img src={value} onerror='x'/><script>{text}</script></div></content></entry>"
        f"{known}</feed>"
    )


def jsonfeed(*items: Any, **head: Any) -> str:
    """A JSON Feed with the known entries at its end."""
    known = [
        {
            "id": HOME + title,
            "url": HOME + title,
            "title": title,
            "content_text": f"What happened at the pier: {title}.",
        }
        for title in BEFORE
    ]
    version = "https://jsonfeed.org/version/1.1"
    return json.dumps({"version": version, "title": "Harbour", "items": [*items, *known], **head})


def in_json(attack: str) -> str:
    """An attack in every field of a JSON Feed."""
    author = {"name": attack, "url": attack, "avatar": attack}
    file = {"url": attack, "mime_type": attack, "title": attack, "size_in_bytes": attack}
    every: dict[str, Any] = dict.fromkeys(
        """id url external_url title content_html content_text summary image banner_image language
        date_published date_modified""".split(),
        attack,
    )
    lists = {"tags": [attack], "authors": [author], "attachments": [file], "author": author}
    return jsonfeed(
        every | lists,
        {"id": "again", "title": f"{attack} again", "content_html": attack, "url": HOME + "again"},
        title=attack, home_page_url=attack, feed_url=attack, description=attack, icon=attack,
        favicon=attack, authors=[author], language=attack, next_url=attack, hubs=[{"url": attack}],
    )  # fmt: skip


RUNNING = tuple(
    Case(
        name=f"{name}-in-every-field-of-{form}",
        answer=_answer(make(attack), {}),
        takes=None,
        failed=False,
        told=None,
    )
    for name, attack in ATTACKS.items()
    for form, make in (("rss", in_rss), ("atom", in_atom), ("json", in_json))
)


# -- ids, numbers, shapes --------------------------------------------------------------------------


def jf(
    name: str, document: str, told: str | None = None, takes: Sequence[str] | None = None
) -> Case:
    return Case(
        name=name,
        answer=_answer(document, {"Content-Type": "application/feed+json"}),
        told=told,
        takes=None if takes is None else tuple(takes),
        failed=False,
    )


def text_of(size: int, word: str = "pier ") -> str:
    return word * (size // len(word))


SHAPES = (
    rss("ids-of-the-good-source", doc(item(NEWS, id=HOME + "anchor-of-good")), "", NEWS),
    any_title("an-id-of-100-kib", doc(item(NEWS, id=text_of(100_000)))),
    any_title(
        "an-id-of-control-characters", doc(item(NEWS, id="\x01\x1b[2J&#155;")), "not well-formed"
    ),
    any_title(
        "500-entries-with-one-id", doc("".join(item(f"n{n}", id="same") for n in range(500)))
    ),
    any_title("500-entries-that-are-one", doc(item(NEWS) * 500)),
    any_title(
        "500-entries-that-say-nothing",
        doc("<item><title/><link/><guid> </guid></item>" * 500),
        "nothing; left out",
    ),
    any_title(
        "2,500-entries", doc("".join(item(f"n{n}") for n in range(2_500))), "entries were left out"
    ),
    any_title(
        "5,000-categories",
        doc(item(NEWS, "".join(f"<category>c{n}</category>" for n in range(5_000)))),
        "<category> than are kept",
    ),
    any_title(
        "1,000-authors",
        doc(item(NEWS, "".join(f"<dc:creator>a{n}</dc:creator>" for n in range(1_000)))),
        "than are kept",
    ),
    any_title(
        "1,000-enclosures",
        doc(item(NEWS, "".join(f'<enclosure url="{HOME}{n}.mp3"/>' for n in range(1_000)))),
        "than are kept",
    ),
    *(
        any_title(
            f"an-enclosure-of-{name}-bytes",
            doc(
                item(
                    NEWS,
                    f'<enclosure url="{HOME}a.mp3" type="audio/mpeg" length="{length}"/>'
                    f"<itunes:duration>{length}</itunes:duration>",
                )
            ),
            "is no size",
        )
        for name, length in (
            ("minus-5", "-5"),
            ("1e400", "1e400"),
            ("endless", "9" * 900),
            ("arabic", "٣"),
        )
    ),
    any_title("depth-3,000", doc(item(NEWS, "<a>" * 3_000 + "x" + "</a>" * 3_000)), "deep"),
    any_title(
        "depth-3,000-of-html",
        doc(item(NEWS, f"<content:encoded>{escape('<div>' * 3_000 + 'x')}</content:encoded>")),
    ),
    any_title(
        "30,000-ends-of-nothing",
        doc(item(NEWS, f"<content:encoded>{escape('</p></b>' * 15_000)}</content:encoded>")),
    ),
    any_title(
        "a-table-in-a-table-in-a-table",
        doc(item(NEWS, f"<content:encoded>{escape('<table><a><p>' * 800)}</content:encoded>")),
    ),
    any_title("a-title-of-100-kib", doc(item(text_of(100_000))), "is no address"),
    any_title("a-link-of-300-kib", doc(item(NEWS, f"<link>{HOME}{'x' * 300_000}</link>"))),
    any_title("a-language-of-300-kib", doc(head=f"<language>{'x-' * 150_000}</language>")),
    any_title(
        "a-head-of-300-kib-in-every-field",
        doc(head="".join(f"<{n}>{text_of(40_000)}</{n}>" for n in _HEAD[:7])),
        "is no date",
    ),
    any_title("500-kib-of-less-than", doc(item(NEWS, "<" * 500_000)), "not well-formed"),
    any_title("500-kib-of-ampersands", doc(item(NEWS, "&" * 500_000)), "not well-formed"),
    any_title(
        "500-kib-of-brackets-in-a-text",
        doc(item(NEWS, f"<content:encoded>{'&lt;' * 120_000}</content:encoded>")),
    ),
    any_title(
        "5,000-attributes",
        doc(item(NEWS, "<a " + "".join(f'a{n}="b" ' for n in range(5_000)) + "/>")),
    ),
    any_title(
        "5,000-namespaces",
        doc(item(NEWS, "".join(f'<p{n}:a xmlns:p{n}="urn:{n}"/>' for n in range(5_000)))),
        "than are kept",
    ),
    any_title("a-prefix-nobody-declared", doc(item(NEWS, "<nope:x>1</nope:x>")), "not well-formed"),
    any_title(
        "a-base-that-is-a-script",
        doc(
            f'<item xml:base="javascript:alert(1)//"><title>{NEWS}</title><guid>x</guid>'
            '<link>a</link><description>&lt;a href="b"&gt;c&lt;/a&gt;</description></item>'
        ),
    ),
    any_title("two-documents", doc() + doc(item("second")), "not well-formed"),
    any_title(
        "entries-in-entries",
        doc(f"<item><title>{NEWS}</title><guid>o</guid>{item('inner')}</item>"),
    ),
    any_title(
        "an-entry-that-is-over-before-it-is-seen",
        doc(item(NEWS, "<dcterms:valid>2001-01-01</dcterms:valid>")),
    ),
    jf(
        "a-json-feed-of-the-wrong-types",
        jsonfeed(
            {
                "id": 5,
                "url": True,
                "title": [1],
                "content_html": {"a": 1},
                "tags": "x",
                "authors": {"name": 7},
                "attachments": "y",
                "date_published": 5,
            },
            7,
            None,
            [],
            "text",
            {},
            title={"x": 1},
            authors=5,
            home_page_url=[],
            hubs="x",
        ),
    ),
    jf(
        "a-json-feed-with-lone-surrogates",
        jsonfeed(
            {
                "id": "\ud800",
                "url": HOME + "\udfff",
                "title": "\ud800 dock",
                "content_html": "<p>\udc00</p>",
                "tags": ["\udead"],
            },
            title="\ud800",
            language="\udfff",
        ),
    ),
    jf(
        "a-json-feed-with-nuls",
        jsonfeed({"id": "a\0b", "title": "do\0ck", "content_text": "\0\x01\x1b[2J"}, title="\0"),
    ),
    jf(
        "a-json-feed-with-numbers-beyond-all",
        jsonfeed({"id": "n", "title": "n"}).replace(
            '"title": "n"', f'"title": "n", "x": {"9" * 5_000}, "y": 1e999, "z": -1e-999'
        ),
    ),
    jf(
        "a-json-feed-with-what-is-no-json",
        jsonfeed({"id": "n", "title": "n", "x": float("nan"), "y": float("inf")}),
    ),
    jf(
        "a-json-feed-with-keys-twice",
        jsonfeed({"id": "n", "title": "n"}).replace(
            '"title": "n"', '"title": "n", "title": "m", "id": "k"'
        ),
    ),
    jf(
        "a-json-feed-that-wants-to-be-an-object",
        jsonfeed(
            {"__proto__": {"x": 1}, "constructor": "x", "id": "__class__", "title": "toString"}
        ),
    ),
    failing("a-root-in-disguise", "<\u202erss\x9b31m>x".encode(), "not a feed"),
    failing("a-root-of-100-kib", f"<{'x' * 100_000}/>".encode(), "its root is"),
    failing("json-whose-keys-are-escapes", json.dumps({"a\u202eb\x1b[2J": 1}).encode(), "JSON"),
    failing("json-whose-keys-are-long", json.dumps({"x" * 100_000: 1}).encode(), "JSON"),
    jf(
        "a-json-feed-that-is-cut",
        jsonfeed({"id": "n", "title": "n"})[:-9],
        "unterminated string",
        ["n"],
    ),
    jf(
        "a-json-feed-of-depth-100,000",
        '{"version": "https://jsonfeed.org/version/1.1", "items": ' + "[" * 100_000,
        "nested too deeply",
        [],
    ),
    jf("a-json-feed-whose-items-are-none", jsonfeed(items={"id": "x"}), "items is an object", [""]),
)

CASES = (*LETTERS, *DECLARED, *DATES, *RUNNING, *SHAPES)


@pytest.fixture(scope="module")
def siege(tmp_path_factory: pytest.TempPathFactory) -> Siege:
    return start(tmp_path_factory.mktemp("documents"), CASES)


each = pytest.mark.parametrize("case", CASES, ids=str)


@each
def test_what_is_wrong_is_named_and_nobody_is_harmed(siege: Siege, case: Case) -> None:
    assert_endured(siege, case)


@each
def test_what_is_said_of_it_is_plain_words(siege: Siege, case: Case) -> None:
    assert_readable(siege, case)


@each
def test_what_is_published_of_it_is_valid_and_inert(siege: Siege, case: Case) -> None:
    assert_valid(siege[case.source].files)


def test_nobody_was_asked_whom_a_document_named(siege: Siege) -> None:
    assert siege.server.asked("/inside") == []
    assert siege.server.site("127.0.0.1").connections == 0


def test_all_of_them_together_are_no_worse_than_one(siege: Siege) -> None:
    assert_in_order(siege)
