"""What machines are told of an article's page: Open Graph for previews, JSON-LD for search engines.

The lines stand in the head of the page. JSON-LD is data in an element called script: nothing is
executed, so that it needs no leave of a Content-Security-Policy (HTML §4.12.1, data blocks).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from feedsvc.feeds.layout import words
from feedsvc.feeds.origin import credit
from feedsvc.feeds.values import address, people, safe, type_of
from feedsvc.feeds.words import categories
from feedsvc.model import Article, Enclosure, Image
from feedsvc.settings import Site
from feedsvc.text.html import cut, escape

_HEADLINE = 110  # characters that Google shows of one

# Signs that could end the element (HTML §13.1.2.1) or, in old readers, a line of script.
_UNSAFE = MappingProxyType({ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"})

# The territory that CLDR (likelySubtags) gives a language that states none: Open Graph asks for
# both.
_TERRITORIES = MappingProxyType(
    dict(
        pair.split("_")
        for pair in (
            "af_ZA ar_EG az_AZ be_BY bg_BG bn_BD bs_BA ca_ES cs_CZ cy_GB da_DK de_DE el_GR en_US"
            " es_ES et_EE eu_ES fa_IR fi_FI fr_FR fy_NL ga_IE gl_ES gsw_CH he_IL hi_IN hr_HR hu_HU"
            " hy_AM id_ID is_IS it_IT ja_JP ka_GE kk_KZ km_KH ko_KR lb_LU lt_LT lv_LV mk_MK mn_MN"
            " ms_MY mt_MT nb_NO nds_DE ne_NP nl_NL nn_NO no_NO pl_PL pt_BR rm_CH ro_RO ru_RU sk_SK"
            " sl_SI sq_AL sr_RS sv_SE sw_TZ ta_IN te_IN th_TH tr_TR uk_UA ur_PK uz_UZ vi_VN zh_CN"
        ).split()
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a page says of its article, as it says it everywhere on it."""

    article: Article
    url: str
    title: str
    description: str
    image: Image | None
    language: str | None
    published: str  # RFC 3339
    updated: str


def preview(facts: Facts, site: Site) -> Iterator[str]:
    """The lines for the head of the page."""
    if facts.description:
        yield f'<meta name="description" content="{words(facts.description)}">'
    for one in people(facts.article):
        yield f'<meta name="author" content="{words(one["name"])}">'
    for name, value in _open_graph(facts, site):
        yield f'<meta property="{name}" content="{escape(value)}">'
    text = json.dumps(_linked_data(facts, site), ensure_ascii=False, separators=(",", ":"))
    yield f'<script type="application/ld+json">{text.translate(_UNSAFE)}</script>'


def _open_graph(facts: Facts, site: Site) -> Iterator[tuple[str, str]]:
    yield "og:type", "article"
    yield "og:title", safe(facts.title)
    yield "og:url", facts.url
    yield "og:site_name", safe(site.title)
    if facts.description:
        yield "og:description", safe(facts.description)
    if facts.image is not None:
        yield "og:image", facts.image.url
        if facts.image.width and facts.image.height:
            yield "og:image:width", str(facts.image.width)
            yield "og:image:height", str(facts.image.height)
        if caption := safe(facts.image.caption or ""):
            yield "og:image:alt", caption
    for medium in _played(facts.article):
        family = _family(medium)
        yield f"og:{family}", medium.url
        yield f"og:{family}:type", type_of(medium) or ""
    if locale := locale_of(facts.language):
        yield "og:locale", locale
    yield "article:published_time", facts.published
    yield "article:modified_time", facts.updated
    for one in people(facts.article):
        # ogp.me: a profile, by its address; those who have none are still worth a name.
        yield "article:author", one.get("uri") or one["name"]
    if section := safe(facts.article.section or ""):
        yield "article:section", section
    for tag in _tags(facts.article):
        yield "article:tag", tag


def _tags(article: Article) -> list[str]:
    section = safe(article.section or "")
    return [term for term in categories(article) if term != section]


def locale_of(language: str | None) -> str | None:
    """The language as `language_TERRITORY`; None where no territory is known for it."""
    if language is None:
        return None
    first, *rest = language.split("-")
    # BCP 47 §2.1: script and variants have four letters or more.
    stated = (part.upper() for part in rest if len(part) == 2 and part.isalpha())
    territory = next(stated, None)
    if territory is None and any(part.lower() == "hant" for part in rest):
        territory = "TW"
    territory = territory or _TERRITORIES.get(first.lower())
    return f"{first.lower()}_{territory}" if territory else None


def _linked_data(facts: Facts, site: Site) -> dict[str, Any]:
    """The article in the words of schema.org."""
    article = facts.article
    publisher = _kept(
        {
            "@type": "Organization",
            "name": safe(site.title),
            "url": f"{site.base_url}/",
            "logo": address(site.icon),
        }
    )
    origin = credit(article.origin)
    # What names an agency or a place of its report is news; any article may be none.
    is_news = article.agency is not None or article.location is not None
    return _kept(
        {
            "@context": "https://schema.org",
            "@type": "NewsArticle" if is_news else "Article",
            "identifier": article.guid,
            "headline": cut(safe(facts.title), _HEADLINE),
            "description": safe(facts.description),
            "url": facts.url,
            "mainEntityOfPage": {"@type": "WebPage", "@id": facts.url},
            "datePublished": facts.published,
            "dateModified": facts.updated,
            "author": [_person(one) for one in people(article)] or publisher,
            "publisher": publisher,
            "image": _image(facts.image) if facts.image else None,
            "associatedMedia": [_medium(one) for one in _played(article)],
            "inLanguage": facts.language,
            "articleSection": safe(article.section or ""),
            "keywords": _tags(article),
            "dateline": safe(article.location or "") if is_news else None,
            "copyrightNotice": safe(article.rights or site.rights or ""),
            "isBasedOn": origin and (origin.link or origin.url),
        }
    )


def _person(one: dict[str, str]) -> dict[str, Any]:
    return _kept({"@type": "Person", "name": one["name"], "url": one.get("uri")})


def _image(image: Image) -> dict[str, Any]:
    return _kept(
        {
            "@type": "ImageObject",
            "url": image.url,
            "width": image.width,
            "height": image.height,
            "caption": safe(image.caption or ""),
            "creditText": safe(image.credit or ""),
        }
    )


def _medium(one: Enclosure) -> dict[str, Any]:
    return _kept(
        {
            "@type": f"{_family(one).title()}Object",
            "contentUrl": one.url,
            "encodingFormat": type_of(one),
            "contentSize": str(one.length) if one.length else None,
            "duration": f"PT{one.duration}S" if one.duration else None,
        }
    )


def _played(article: Article) -> list[Enclosure]:
    """What is to be heard or seen moving."""
    return [one for one in article.enclosures if _family(one) in ("audio", "video")]


def _family(one: Enclosure) -> str:
    return (type_of(one) or "").partition("/")[0]


def _kept(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
