"""Every rule of the gate in one place: its code, whether it holds a publication, and the clause.

An **error** is what a specification forbids with a MUST, or what the W3C feed validator calls an
error; it holds the publication. A **warning** is what a specification advises against or what costs
readers; it is reported. Accepted by name, so without a rule: equal `updated` of two entries and the
namespace of deleted entries (RFC 6721).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means: does it hold the publication, and which clause says so."""

    error: bool
    clause: str


def _error(clause: str) -> Rule:
    return Rule(True, clause)


def _warning(clause: str) -> Rule:
    return Rule(False, clause)


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        # -- the bytes ---------------------------------------------------------------------------
        "document-empty": _error("a publication has content"),
        "document-too-complex": _error("own limit: bytes, elements and depth a reader can hold"),
        "format-unknown": _error("a publication is Atom, RSS, JSON Feed, OPML or HTML"),
        "encoding-not-utf8": _error("RFC 8259 §8.1; RFC 7303 §3: publish UTF-8 and say so"),
        "encoding-broken": _error("XML 1.0 §4.3.3: the bytes are what the declaration says"),
        "xml-doctype": _error("own rule: no DTD, no entities; RSS profile, character data"),
        "xml-not-well-formed": _error("XML 1.0 §2.1; Namespaces in XML 1.0 §7"),
        "characters-suspicious": _warning("XML 1.0 §2.2: C1 controls and U+FFFD tell of mojibake"),
        "size-large": _warning("own rule: readers poll the whole document, 512 KiB are plenty"),
        "size-huge": _warning("several readers refuse documents of more than 5 MB"),
        # -- names -------------------------------------------------------------------------------
        "root-wrong": _error("RFC 4287 §4.1.1; RSS 2.0 <rss>; OPML 2.0 <opml>"),
        "namespace-wrong": _error("RFC 4287 §1.2: the Atom namespace, to the letter"),
        "namespace-unknown": _warning("own rule: readers ignore what nobody knows"),
        "prefix-unusual": _warning("Namespaces: some readers match on the usual prefix"),
        "prefix-reserved": _warning("Namespaces: a usual prefix is bound to something else"),
        "element-unknown": _error("RFC 4287 §6.4; RSS 2.0 'Extending RSS'"),
        "element-duplicate": _error("RFC 4287 §4.1; RSS 2.0: at most once"),
        "element-empty": _warning("RSS profile; RFC 4287 §4.2: a reader would show nothing"),
        "attribute-unknown": _error("RFC 4287 §6.4: extensions have a namespace"),
        "attribute-missing": _error("the specification of the element requires the attribute"),
        "children-unexpected": _error("RFC 4287 §3.1.1, §4.1.3.3: text holds no elements"),
        "whitespace-around": _error("RFC 4287 §2, §3.3: no white space around an IRI or a date"),
        "text-contains-html": _warning("RSS profile, character data; RFC 4287 §3.1.1.1"),
        # -- values ------------------------------------------------------------------------------
        "date-invalid": _error("RFC 3339 §5.6; RFC 822 §5; W3CDTF"),
        "date-naive": _error("RFC 3339 §5.6: a date names its zone"),
        "date-weekday": _error("RFC 822 §5.2: the weekday fits the date"),
        "date-lax": _warning("RSS profile: RFC 822 allows it, readers trip over it"),
        "date-implausible": _warning("own rule: before 1990, or in the future"),
        "url-relative": _error("RFC 3986 §4.3: absolute, or below an absolute xml:base"),
        "url-invalid": _error("RFC 3986 §2, §3; RFC 3987 §2.2"),
        "url-not-ascii": _error("RSS 2.0: a URI, not an IRI: RFC 3987 §3.1 maps it"),
        "url-percent": _warning("RFC 3986 §2.1: % and two hexadecimal digits"),
        "language-invalid": _error("BCP 47 §2.1"),
        "media-type-invalid": _error("RFC 6838 §4.2: type/subtype"),
        "email-invalid": _error("RFC 4287 §3.2.3; RFC 2822 addr-spec"),
        "number-invalid": _error("the specification of the element asks for a number"),
        "value-unknown": _error("the specification of the element lists its values"),
        # -- ids ---------------------------------------------------------------------------------
        "id-invalid": _error("RFC 4287 §4.2.6: an absolute IRI"),
        "id-not-canonical": _warning("RFC 4287 §4.2.6: normalised when minted"),
        "id-tag-uri": _error("RFC 4151 §2.1"),
        "id-urn": _error("RFC 8141 §2; RFC 4122 §3"),
        "entry-id-duplicate": _error("RFC 4287 §4.1.1: one id, one entry"),
        # -- Atom --------------------------------------------------------------------------------
        "atom-id-missing": _error("RFC 4287 §4.1.1, §4.1.2"),
        "atom-title-missing": _error("RFC 4287 §4.1.1, §4.1.2"),
        "atom-updated-missing": _error("RFC 4287 §4.1.1, §4.1.2"),
        "atom-author-missing": _error("RFC 4287 §4.1.1: on the feed or on every entry"),
        "atom-name-missing": _error("RFC 4287 §3.2.1"),
        "atom-text-type": _error("RFC 4287 §3.1.1: text, html or xhtml"),
        "atom-xhtml-div": _error("RFC 4287 §3.1.1.3: one div of the XHTML namespace"),
        "atom-content-missing": _error("RFC 4287 §4.1.2: content or an alternate link"),
        "atom-summary-missing": _error("RFC 4287 §4.1.2: with content@src or base64"),
        "atom-words-missing": _warning("RFC 4287 §4.1.1.1: neither content nor summary"),
        "atom-content-src": _error("RFC 4287 §4.1.3.2: empty beside src"),
        "atom-link-href": _error("RFC 4287 §4.2.7.1"),
        "atom-link-rel": _warning("RFC 4287 §4.2.7.2: registered, or an IRI"),
        "atom-alternate-duplicate": _error("RFC 4287 §4.1.1, §4.1.2: same type and hreflang"),
        "atom-category-term": _error("RFC 4287 §4.2.2.1"),
        "atom-source-incomplete": _warning("RFC 4287 §4.2.11: id, title and updated"),
        "atom-feed-updated-early": _warning("RFC 4287 §4.2.15: older than an entry of it"),
        "atom-published-late": _warning("RFC 4287 §4.2.9: published after updated"),
        "history-rel-in-entry": _warning("RFC 5005 §3, §4: paging belongs to the feed"),
        "history-complete-paged": _error("RFC 5005 §2: a complete feed has no pages"),
        "history-past-end": _error("RFC 5005 §3: the first page has no previous one"),
        "history-archive-current": _warning("RFC 5005 §4: an archive names the current feed"),
        # -- both XML formats --------------------------------------------------------------------
        "self-missing": _warning("RFC 4287 §4.1.1; RSS profile, atom:link"),
        "self-mismatch": _error("RFC 4287 §4.2.7.2; WebSub §4: the address it is served at"),
        "html-relative-url": _warning("RSS profile: readers have no base to resolve against"),
        "html-dangerous-tag": _warning("RFC 4287 §8.1: readers strip it"),
        "html-dangerous-attribute": _warning("RFC 4287 §8.1: readers strip it"),
        "html-dangerous-url": _warning("RFC 4287 §8.1: a script in an address"),
        "html-style": _warning("RFC 4287 §8.1: CSS outside what readers keep"),
        "html-invalid": _warning("HTML §13.2.2: a lone < or &, which parsers guess about"),
        "html-unknown-tag": _warning("HTML: no such element"),
        # -- RSS ---------------------------------------------------------------------------------
        "rss-version": _error("RSS 2.0 <rss version='2.0'>"),
        "rss-channel-missing": _error("RSS 2.0: one channel"),
        "rss-title-missing": _error("RSS 2.0, required channel elements; <image>; <textInput>"),
        "rss-link-missing": _error("RSS 2.0, required channel elements; <image>; <textInput>"),
        "rss-description-missing": _error("RSS 2.0, required channel elements; <textInput>"),
        "rss-item-empty": _error("RSS 2.0, items: a title or a description"),
        "rss-guid-missing": _warning("RSS profile, guid"),
        "rss-guid-weak": _warning("RSS profile, guid: a short number is not unique"),
        "rss-guid-permalink": _error("RSS 2.0 guid: without isPermaLink='false' it is a URL"),
        "rss-author-form": _warning("RSS profile, e-mail: user@example.org (Real Name)"),
        "rss-same-meaning": _warning("RSS profile: an element and its module twin"),
        "rss-description-order": _warning("RSS profile: description before content:encoded"),
        "rss-enclosure-many": _warning("RSS profile: one enclosure"),
        "rss-image-mismatch": _warning("RSS profile: image title and link are the channel's"),
        "rss-image-size": _error("RSS 2.0 <image>: 144 by 400 pixels at most"),
        "rss-image-format": _warning("RSS 2.0 <image>: GIF, JPEG or PNG"),
        "rss-skip": _error("RSS 2.0 skipHours, skipDays: 0-23 or a day, each once"),
        "rss-text-input": _warning("RSS profile: avoid textInput"),
        "rss-link-is-feed": _warning("RSS 2.0 channel link: the site, not the feed"),
        "rss-comments-undated": _warning("RSS profile, slash:comments: needs lastBuildDate"),
        "media-url-missing": _error("Media RSS: url or player"),
        "media-group-small": _error("Media RSS: a group holds two or more"),
        # -- JSON Feed ---------------------------------------------------------------------------
        "json-invalid": _error("RFC 8259 §2; RFC 7493 §2.1"),
        "json-bom": _error("RFC 8259 §8.1: no byte order mark"),
        "json-duplicate-key": _error("RFC 7493 §2.3"),
        "json-surrogate": _error("RFC 7493 §2.1: no lone surrogates"),
        "json-type": _error("JSON Feed 1.1: the type of the key"),
        "json-version": _error("JSON Feed 1.1, version"),
        "json-title-missing": _error("JSON Feed 1.1, title"),
        "json-items-missing": _error("JSON Feed 1.1, items"),
        "json-id-missing": _error("JSON Feed 1.1, items: id"),
        "json-content-missing": _error("JSON Feed 1.1, items: content_html or content_text"),
        "json-author-empty": _error("JSON Feed 1.1, authors: at least one of its keys"),
        "json-author-old": _warning("JSON Feed 1.1: authors; author alone is version 1"),
        "json-attachment": _error("JSON Feed 1.1, attachments: url and mime_type"),
        "json-next-url": _error("JSON Feed 1.1, next_url: never the same as feed_url"),
        "json-key-unknown": _warning("JSON Feed 1.1, extensions: keys begin with _"),
        # -- OPML and pages ----------------------------------------------------------------------
        "opml-version": _error("OPML 2.0 <opml version='2.0'>"),
        "opml-order": _error("OPML 2.0: one head, then one body"),
        "opml-text-missing": _error("OPML 2.0 <outline>: text"),
        "opml-xml-url": _error("OPML 2.0, subscription lists: xmlUrl"),
        "opml-type": _warning("OPML 2.0 <outline>: a type that readers know"),
        "opml-empty": _warning("OPML 2.0 <body>: one outline or more"),
        "page-title-missing": _error("HTML: a document has a title"),
        "page-discovery-relative": _error("feed autodiscovery: an absolute address"),
    }
)
