"""The hubs that a document announces in its HTTP header (WebSub §4), before those inside it."""

from __future__ import annotations

from dataclasses import replace

from feedsvc.model import SourceHead
from feedsvc.parsers.feed.linkheader import links
from feedsvc.text.urls import absolute

_MOST = 20


def with_header(head: SourceHead, value: str, url: str) -> SourceHead:
    """The head with what its `Link` header says of hubs and of its own address."""
    found: dict[str, list[str]] = {"hub": [], "self": []}
    for link in links(value):
        target = absolute(link.attributes["href"].strip(), url)
        for relation in set(link.attributes.get("rel", "").lower().split()) & found.keys():
            if target is not None:
                found[relation].append(target)
    # §4: the header comes first; what it does not say is looked for in the document.
    return replace(
        head,
        hubs=tuple(dict.fromkeys(found["hub"][:_MOST])) or head.hubs,
        self_link=next(iter(found["self"]), head.self_link),
    )
