"""Which hubs each feed announces and tells of its publications (WebSub §4), out of the settings.

Everything that is told is a `Word`: for the hubs of others a `ping`, for our own a `fan`, which it
passes on to its subscribers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from feedsvc.model import Format, Word
from feedsvc.settings import Feed, Settings

HUB = "/_websub/hub"
CALLBACK = "/_websub/callback/"
"""Where a hub reaches a subscription of ours; its token follows."""

_DOCUMENTS = {format.filename for format in Format}
# Archive documents do not change (RFC 5005 §4): nobody needs to hear of them.
_ARCHIVED = re.compile(r"/archive/[0-9]+/[^/]+\Z")


def own_hub(settings: Settings) -> str:
    """The address of our own hub, whether it is on or not."""
    return settings.site.base_url + HUB


def hubs_of(feed: Feed, settings: Settings) -> tuple[str, ...]:
    """The hubs that the documents of a feed announce, absolute, ours first if it is one of them.

    Whoever knows the address of a private feed may subscribe at our own; to a hub of others that
    address would be given away.
    """
    own, told = own_hub(settings), settings.websub
    usual = ((own,) if told.hub else ()) + told.hubs
    if isinstance(feed.websub, tuple):
        hubs = feed.websub
    elif feed.websub is False:
        hubs = ()
    else:
        hubs = usual or ((own,) if feed.websub else ())
    if feed.private:
        hubs = (own,) if own in hubs else ()
    return tuple(dict.fromkeys(sorted(hubs, key=lambda hub: hub != own)))


def distributing(settings: Settings) -> tuple[Feed, ...]:
    """The feeds that our own hub distributes; none if it is off."""
    own = own_hub(settings)
    return tuple(feed for feed in settings.feeds if own in hubs_of(feed, settings))


def hubs_of_others(settings: Settings) -> frozenset[str]:
    """All hubs but ours that any feed announces."""
    found = {hub for feed in settings.feeds for hub in hubs_of(feed, settings)}
    return frozenset(found - {own_hub(settings)})


def words_of(feed: Feed, settings: Settings, paths: Iterable[str]) -> tuple[Word, ...]:
    """What is to be told when these files of a feed were written: for `store.settle_feed`."""
    hubs = hubs_of(feed, settings)
    if not hubs:
        return ()
    own, base = own_hub(settings), settings.site.base_url
    return tuple(
        Word("fan" if hub == own else "ping", hub, f"{base}/{path}")
        for path in sorted(paths)
        if is_topic(path)
        for hub in hubs
    )


def is_topic(path: str) -> bool:
    """Whether a file of the output directory is a document that one may subscribe to."""
    return path.rpartition("/")[2] in _DOCUMENTS and _ARCHIVED.search(path) is None
