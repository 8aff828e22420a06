"""How a folder is looked into and read: joined here from the rooms that do it.

plan(source) -> Plan: parser (parsers), clean (filters)
adapter(source) -> Source (sources)
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, cast

from feedsvc.decide import Authority, Policy, digest_of
from feedsvc.manners import Calendar, every_of
from feedsvc.model import Draft, Hints
from feedsvc.ports import Clock, Parser, Source
from feedsvc.registry import PARSERS, SOURCES, names, resolve
from feedsvc.settings import Settings
from feedsvc.settings import Source as SourceSettings
from feedsvc.sync import Plan

READING = "2"
"""The version of our reading of documents: a new one reads every file again."""

RESCAN = timedelta(seconds=5)
"""How often the daemon looks into a folder that has no `every` of its own."""

RESCAN_WATCHED = timedelta(minutes=1)
"""The same, where the system tells at once what happens in it: to be sure only."""


def plan(
    source: SourceSettings, settings: Settings, authority: Authority, *, watched: bool = False
) -> Plan:
    """How a folder is synced; `watched` if the system tells at once what happens in it."""
    from feedsvc.filters.clean import clean  # brings in nh3

    site = settings.site
    hints = Hints(language=source.language, zone=source.timezone, encodings=source.encoding)
    language = source.language or site.language

    def cleaned(draft: Draft, link: str | None) -> Draft:
        base = link or f"{site.base_url}/"
        return clean(draft, base=base, tags=source.tags, language=language)

    return Plan(
        name=source.name,
        every=_rescan(source, watched=watched),
        on_delete=source.on_delete or "withdraw",
        hints=hints,
        policy=Policy(future=source.future or "hold", link=source.link),
        authority=authority,
        clean=cleaned,
        parser=partial(_parser, source),
        fingerprint=digest_of(
            [
                READING,
                [
                    source.language,
                    language,
                    source.timezone.key,
                    source.encoding,
                    source.markup,
                ],
                [
                    source.tags,
                    source.future or "hold",
                    source.link,
                    source.max_bytes,
                    site.base_url,
                ],
            ]
        ),
    )


def _rescan(source: SourceSettings, *, watched: bool) -> timedelta | Calendar:
    """How often a folder is looked into; with `every` as its operator says."""
    if source.every is None or source.every == "auto":
        return RESCAN_WATCHED if watched else RESCAN
    return cast("timedelta | Calendar", every_of(source.every, source.timezone))


def _parser(source: SourceSettings, form: str) -> Parser:
    parser = cast("Any", resolve(PARSERS, form))
    if form == "plaintext":
        return cast("Parser", partial(parser, markup=source.markup))
    return cast("Parser", parser)


def adapter(source: SourceSettings, clock: Clock) -> Source:
    """What looks into a source of this kind."""
    make = cast("Callable[..., Source]", resolve(SOURCES, source.kind))
    return make(source, clock, partial(names, PARSERS))
