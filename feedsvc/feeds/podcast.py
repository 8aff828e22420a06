"""What a podcast's RSS says of the whole: Apple's itunes tags, and the podcast namespace.

Only feeds that are podcasts say it. One such tag makes a feed a podcast to validators, who then ask
for all that a directory needs.
"""

from __future__ import annotations

from uuid import UUID, uuid5

from lxml import etree

from feedsvc.feeds.lines import LONGEST_WORDS
from feedsvc.feeds.prefixes import ITUNES, MEDIA
from feedsvc.feeds.prefixes import PODCAST as NAMESPACE
from feedsvc.feeds.values import address, is_file_address, person, safe
from feedsvc.feeds.words import as_label
from feedsvc.model import FeedHead, Format, Podcast
from feedsvc.text.html import cut
from feedsvc.text.urls import media_type

# The podcast namespace, <podcast:guid>: of the feed's address without scheme and last slashes.
_GUIDS = UUID("ead4c236-bf58-58c6-a2c6-a6b28d128cb6")

_COVERS = (None, "image/jpeg", "image/png")  # Apple; no ending tells nothing
_LONGEST_NAME = 255  # characters, for validators


def prefixes(head: FeedHead) -> dict[str, str]:
    """The prefix of the podcast namespace, which the W3C validator does not know."""
    return {"podcast": NAMESPACE} if head.podcast is not None else {}


def cover(url: str | None) -> str | None:
    """A picture as directories take it; None for what validators or directories refuse."""
    found = address(url)
    return found if found and is_file_address(found) and media_type(found) in _COVERS else None


def add_head(channel: etree._Element, head: FeedHead) -> None:
    """All that the feed says of itself as a podcast."""
    if head.podcast is not None:
        _add_itunes(channel, head, head.podcast)
        _add_podcast(channel, head, head.podcast)


def _add_itunes(channel: etree._Element, head: FeedHead, podcast: Podcast) -> None:
    def say(name: str, text: str) -> None:
        etree.SubElement(channel, f"{{{ITUNES}}}{name}").text = text

    if author := safe(podcast.author or "") or safe(head.author.name):
        say("author", cut(as_label(author), _LONGEST_NAME))
    if owner := _owner(head, podcast):
        element = etree.SubElement(channel, f"{{{ITUNES}}}owner")
        etree.SubElement(element, f"{{{ITUNES}}}name").text = cut(owner["name"], _LONGEST_NAME)
        etree.SubElement(element, f"{{{ITUNES}}}email").text = owner["email"]
    if image := cover(podcast.image) or cover(head.image):
        etree.SubElement(channel, f"{{{ITUNES}}}image", href=image)
        _add_size(channel, head, image)
    _add_categories(channel, podcast)
    say("explicit", "true" if podcast.explicit else "false")
    say("type", podcast.type)
    if podcast.complete:
        say("complete", "Yes")  # Apple's, though the W3C validator's list lacks it
    if podcast.block or head.private:
        say("block", "Yes")
    if moved := address(podcast.new_feed_url):
        say("new-feed-url", moved)


def _add_size(channel: etree._Element, head: FeedHead, image: str) -> None:
    """How large the artwork is, which Apple's rules look at; not in an archive, which is closed."""
    seen, archived = head.artwork, head.archive is not None and head.archive.number is not None
    if seen is None or archived or cover(seen.url) != image:
        return
    if seen.width and seen.height:
        width, height = str(seen.width), str(seen.height)
        name = f"{{{MEDIA}}}thumbnail"
        etree.SubElement(channel, name, url=image, width=width, height=height)


def _owner(head: FeedHead, podcast: Podcast) -> dict[str, str] | None:
    """Whom directories write to: the owner, else the author of the feed, if they have an email."""
    known = (person(one) for one in (podcast.owner, head.author) if one)
    return next((one for one in known if one and "email" in one), None)


def _add_categories(channel: etree._Element, podcast: Podcast) -> None:
    """Each category once, those below it inside."""
    outer: dict[str, etree._Element] = {}
    told: set[tuple[str, ...]] = set()
    for words in podcast.categories:
        name, *below = (safe(word) for word in words)
        if name not in outer:
            outer[name] = etree.SubElement(channel, f"{{{ITUNES}}}category", text=name)
        if below and (name, below[0]) not in told:
            told.add((name, below[0]))
            etree.SubElement(outer[name], f"{{{ITUNES}}}category", text=below[0])


def _add_podcast(channel: etree._Element, head: FeedHead, podcast: Podcast) -> None:
    def say(name: str, text: str, **attributes: str) -> None:
        etree.SubElement(channel, f"{{{NAMESPACE}}}{name}", attributes).text = text

    say("guid", podcast.guid or guid_of(head))
    if podcast.locked is not None:
        owner = _owner(head, podcast)
        mail = {"owner": owner["email"]} if owner else {}
        say("locked", "yes" if podcast.locked else "no", **mail)
    if podcast.medium:
        say("medium", podcast.medium)
    for url, words in podcast.funding:
        if target := address(url):
            say("funding", cut(safe(words) or safe(head.title), LONGEST_WORDS), url=target)
    if podcast.block or head.private:
        say("block", "yes")


def guid_of(head: FeedHead) -> str:
    """The same in every document of the feed: in its archive, and for each key of a private one."""
    if head.private:
        return str(uuid5(_GUIDS, head.id))
    current = head.archive.current if head.archive else {}
    url = current.get(Format.RSS) or head.urls[Format.RSS]
    return str(uuid5(_GUIDS, url.partition("://")[2].rstrip("/")))
