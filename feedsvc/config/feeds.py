"""The `[[feed]]` tables as feeds: defaults filled in, sources known, keys that fit one another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

from feedsvc.config.addresses import at_root
from feedsvc.config.locate import KeyPath
from feedsvc.config.nearest import nearest
from feedsvc.config.problems import Problems
from feedsvc.config.sources import claim
from feedsvc.config.tables import Item
from feedsvc.model import Person, Podcast
from feedsvc.settings import DEFAULT_FEED, Feed, Site

_MOST_GUESSED = 20  # a guess compares with every source, of which there may be tens of thousands

# Beside `archive`: an archive holds every article for good, and these let some go again or choose
# by what else is there at the moment.
_NO_ARCHIVE = {
    "since": "an archive keeps what `since` would drop",
    "offset": "an archive begins with the newest",
    "max_per_source": "an archive holds all of every source",
    "digest": "a digest is no archive of articles",
}
# What a feed for a partner is, unless it says otherwise: what the partner would not take anyway.
_FOR_PARTNER: Mapping[str, Mapping[str, Any]] = {
    "msn": {"since": timedelta(days=364), "limit": 20},
}
_APART = {"per": {"digest": "cut the digest by `tags` or `sources` instead"}}


def read_feeds(
    listed: list[Item],
    *,
    site: Site,
    known: Collection[str],
    given: Mapping[str, Any],
    problems: Problems,
) -> tuple[Feed, ...]:
    """The feeds; without any, the one that holds everything. `known` are the sources."""
    if not listed:
        return (Feed(name=DEFAULT_FEED, **given),)
    feeds = []
    taken: dict[str, KeyPath] = {}
    unknown = 0
    for path, written, values in listed:
        for key in ("sources", "exclude_sources"):
            for number, source in enumerate(_as_list(written[key]) if key in values else ()):
                if source not in known:
                    unknown += 1
                    says = f"no source {source!r}"
                    if unknown <= _MOST_GUESSED:
                        says += f": {_guess(source, known)}"
                    problems.add((*path, key, number), says, value=True)
        if "name" not in written and not problems.any_below(path):
            problems.add(path, 'a feed needs a name, such as name = "politik"')
        if (name := values.get("name")) is None:
            continue
        claim(name, (*path, "name"), taken, "feed", problems)
        _check_together(path, values, problems)
        if "podcast" in values:
            values["podcast"] = _podcast(values["podcast"], site, path, problems)
        for key in ("image", "logo", "dark_logo"):
            if key in values:
                values[key] = at_root(values[key], site.base_url)
        partner = {} if values.get("archive") else _FOR_PARTNER.get(values.get("profile", ""), {})
        feeds.append(Feed(**{**given, **partner, **values}))
    return tuple(feeds)


def _check_together(path: KeyPath, values: Mapping[str, Any], problems: Problems) -> None:
    """Keys that contradict one another."""
    if values.get("archive"):
        for key, why in _NO_ARCHIVE.items():
            if values.get(key):
                problems.add((*path, key), f"{key!r} does not go with 'archive': {why}")
        if values.get("dedupe") == "text":
            says = "dedupe = \"text\" does not go with 'archive': it compares within one document"
            problems.add((*path, "dedupe"), says)
    elif "page_size" in values:
        problems.add((*path, "page_size"), "'page_size' is that of an archive: add archive = true")
    for key, others in _APART.items():
        for other, way_out in others.items():
            if values.get(key) and values.get(other):
                problems.add((*path, other), f"{other!r} does not go with {key!r}: {way_out}")


def _podcast(values: dict[str, Any], site: Site, path: KeyPath, problems: Problems) -> Podcast:
    owner = values.pop("owner", None)
    if owner is not None and not {"name", "email"} <= owner.keys():
        if not problems.any_below((*path, "podcast", "owner")):
            problems.add((*path, "podcast", "owner"), "an owner needs a name and an email")
        owner = None
    image = at_root(values.pop("image", None), site.base_url)
    return Podcast(**values, image=image, owner=Person(**owner) if owner else None)


def _guess(source: str, known: Collection[str]) -> str:
    """Which source was meant, or which there are."""
    if not known:
        return "there is none"
    if meant := nearest(source, known):
        return f"did you mean {meant!r}?"
    more = len(known) - _MOST_GUESSED
    first = ", ".join(list(known)[:_MOST_GUESSED])
    return f"there are {first}" + (f" and {more} more" if more > 0 else "")


def _as_list(value: object) -> list[str]:
    """What a list of texts held before equal items became one."""
    return value if isinstance(value, list) else [str(value)]
