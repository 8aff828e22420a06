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
from typing import Final


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code means: does it hold the publication, and which clause says so."""

    error: bool
    clause: str


def _error(clause: str) -> Rule:
    return Rule(True, clause)


def _warning(clause: str) -> Rule:
    return Rule(False, clause)


_GENERAL: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        # -- the bytes ---------------------------------------------------------------------------
        "document-empty": _error("a publication has content"),
        "document-too-complex": _error("own limit: bytes, elements and depth a reader can hold"),
        "format-unknown": _error("a publication is Atom, RSS, JSON Feed, OPML, HTML or a sitemap"),
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
        "atom-name-address": _warning("RFC 4287 §3.2.3: a person's address has its own element"),
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
        "history-current-archived": _error("RFC 5005 §4: what is still written is no archive"),
        "history-archive-unmarked": _warning("RFC 5005 §4: an archive says so, by fh:archive"),
        "history-loop": _error("RFC 5005 §3, §4: a page that leads to itself is walked for ever"),
        "deleted-entry-live": _error("RFC 6721 §3: deleted, and in the same document not"),
        "deleted-entry-duplicate": _error("RFC 6721 §3: one ref and when, one deleted-entry"),
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
        "podcast-incomplete": _warning("Apple: language, category, explicit, an owner's address"),
        "podcast-guid": _error("podcast namespace, guid: a UUID"),
        "podcast-text-long": _warning("podcast namespace: 128 characters; Apple: 255, 4,000"),
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
        "page-discovery-relative": _warning("feed autodiscovery: an absolute address"),
        # -- sitemaps ----------------------------------------------------------------------------
        "sitemap-size": _error("sitemaps.org 0.9: 50 MB (52,428,800 bytes) at most"),
        "sitemap-urls-many": _error("sitemaps.org 0.9: 50,000 addresses at most"),
        "sitemap-empty": _warning("sitemaps.org 0.9, sitemap.xsd: one address or more"),
        "sitemap-loc-missing": _error("sitemaps.org 0.9 <loc>"),
        "sitemap-loc-long": _error("sitemaps.org 0.9 <loc>: less than 2,048 characters"),
        "sitemap-loc-repeated": _warning("own rule: an address stands in a sitemap once"),
        "sitemap-host": _error("sitemaps.org 0.9, location: one scheme and host, the sitemap's"),
        "news-element-missing": _error("Google news sitemap: publication, date and title"),
        "news-language": _error("Google news sitemap: an ISO 639 code, zh-cn or zh-tw"),
        "news-urls-many": _error("Google news sitemap: 1,000 addresses at most"),
        "news-date-old": _warning("Google news sitemap: articles of the last two days"),
    }
)

# What partners ask on top of that, see `profiles/`: what they require is an error, what they advise
# is a warning.
_MSN: Final = "MSN feed item metadata requirements"
_START: Final = "Microsoft Start partner help"
_SMARTNEWS: Final = "SmartFormat 2.1, SmartNews publisher help"
_FLIPBOARD: Final = "Flipboard RSS specification"
_APPLE: Final = "A Podcaster's Guide to RSS"

PROFILE_RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "reader-home-missing": _warning("RFC 4287 §4.2.7.2; JSON Feed 1.1, home_page_url"),
        # -- MSN ---------------------------------------------------------------------------------
        "msn-format": _error(f"{_START} 7: Atom or RSS"),
        "msn-id-missing": _error(f"{_MSN}: a durable id"),
        "msn-id-repeated": _error(f"{_MSN}: a unique id"),
        "msn-title-missing": _error(f"{_MSN}: title"),
        "msn-title-length": _error(f"{_MSN}: title, over 20 and at most 150 characters"),
        "msn-title-html": _error(f"{_MSN}: title, no HTML tags"),
        "msn-body-missing": _error(f"{_MSN}: body"),
        "msn-link-missing": _error(f"{_MSN}: link"),
        "msn-date-missing": _error(f"{_MSN}: published date"),
        "msn-date-invalid": _error(f"{_MSN}: published date, RFC 822 or RFC 3339"),
        "msn-date-future": _error(f"{_MSN}: published date, in the past"),
        "msn-date-old": _error(f"{_MSN}: published date, under 365 days"),
        "msn-language-many": _error(f"{_START} 7: one language in a feed"),
        "msn-https": _error(f"{_START} 7: HTTPS only"),
        "msn-image-small": _error(f"{_START} 7: images of 150 by 150 pixels or more"),
        "msn-image-large": _error(f"{_START} 7: images of 15 MB or less"),
        "msn-types-mixed": _warning(f"{_START} 7: a feed for each type of content"),
        "msn-items-many": _warning(f"{_START} 59: about 20 items"),
        "msn-ids-changed": _error(f"{_START} 51: ids that change at every poll are rejected"),
        "msn-id-changed": _warning(f"{_START} 51: an id stays, or the item comes twice"),
        "msn-dates-changed": _error(f"{_START} 51: dates that change at every poll are rejected"),
        "msn-changed-silently": _warning(f"{_START} 51: a change is taken by its new date"),
        # -- SmartNews ---------------------------------------------------------------------------
        "smartnews-format": _error(f"{_SMARTNEWS}: RSS 2.0 or Atom"),
        "smartnews-encoding": _error(f"{_SMARTNEWS}: UTF-8"),
        "smartnews-title-missing": _error(f"{_SMARTNEWS}: channel, title"),
        "smartnews-link-missing": _error(f"{_SMARTNEWS}: channel, link"),
        "smartnews-description-missing": _error(f"{_SMARTNEWS}: channel, description"),
        "smartnews-description-long": _error(f"{_SMARTNEWS}: channel, 30 characters or less"),
        "smartnews-date-missing": _error(f"{_SMARTNEWS}: channel, pubDate"),
        "smartnews-language-missing": _error(f"{_SMARTNEWS}: channel, language"),
        "smartnews-logo-missing": _error(f"{_SMARTNEWS}: channel, snf:logo"),
        "smartnews-content-missing": _error(f"{_SMARTNEWS}: item, content:encoded"),
        "smartnews-thumbnail-missing": _error(f"{_SMARTNEWS}: item, media:thumbnail"),
        # -- Flipboard ---------------------------------------------------------------------------
        "flipboard-format": _error(f"{_FLIPBOARD}: RSS 2.0"),
        "flipboard-body-missing": _error(f"{_FLIPBOARD}: the entire body of the article"),
        "flipboard-image-missing": _error(f"{_FLIPBOARD}: an image for each article"),
        "flipboard-image-small": _error(f"{_FLIPBOARD}: an image of 400 pixels in width or more"),
        "flipboard-image-unknown": _warning(f"{_FLIPBOARD}: an image whose width nobody says"),
        "flipboard-media-missing": _warning(f"{_FLIPBOARD}: images as Media RSS"),
        "flipboard-items-few": _error(f"{_FLIPBOARD}: 30 items or more"),
        "flipboard-hub-missing": _error(f"{_FLIPBOARD}: updates pushed by WebSub"),
        # -- Apple Podcasts ----------------------------------------------------------------------
        "apple-format": _error(f"{_APPLE}: RSS 2.0"),
        "apple-title-missing": _error(f"{_APPLE}: title"),
        "apple-description-missing": _error(f"{_APPLE}: description"),
        "apple-description-long": _error(f"{_APPLE}: description, 4,000 bytes at most"),
        "apple-artwork-missing": _error(f"{_APPLE}: itunes:image"),
        "apple-artwork-format": _error(f"{_APPLE}: itunes:image, JPEG or PNG"),
        "apple-artwork-size": _error(f"{_APPLE}: itunes:image, square, 1400 to 3000 pixels"),
        "apple-category-missing": _error(f"{_APPLE}: itunes:category"),
        "apple-category-unknown": _error(f"{_APPLE}: itunes:category, one of the list"),
        "apple-explicit-missing": _error(f"{_APPLE}: itunes:explicit"),
        "apple-explicit-value": _error(f"{_APPLE}: itunes:explicit, true or false"),
        "apple-language-missing": _error(f"{_APPLE}: language"),
        "apple-guid-missing": _error("PRX help 360023748473: a guid for each episode"),
        "apple-guid-repeated": _error("PRX help 360023748473: a guid of its own"),
        "apple-enclosure-missing": _error(f"{_APPLE}: enclosure"),
        "apple-enclosure-incomplete": _error(f"{_APPLE}: enclosure, url, length and type"),
        "apple-enclosure-length": _warning(f"{_APPLE}: enclosure length, in bytes"),
        "apple-enclosure-repeated": _error("PRX help 360023748473: no enclosure URL twice"),
        "apple-new-feed-url": _error(f"{_APPLE}: itunes:new-feed-url, the address of a feed"),
    }
)

# What servers say of a document, see `served.py`.
SERVED_RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "media-type-unexpected": _warning("RFC 4287 §7; RSS profile; JSON Feed 1.1; RFC 7303 §9"),
        "charset-mismatch": _warning("RFC 7303 §3.2: BOM, then charset, then the declaration"),
    }
)

RULES: Final[Mapping[str, Rule]] = MappingProxyType({**_GENERAL, **PROFILE_RULES, **SERVED_RULES})
