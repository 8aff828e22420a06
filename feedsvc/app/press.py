"""Stage 2, joined: renderers, pages, gate, hubs and the output directory, for one configuration."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, cast

from feedsvc.app.pages import pages_of
from feedsvc.config import ops_token
from feedsvc.config.hubs import hubs_of, words_of
from feedsvc.decide import Authority
from feedsvc.feeds import RENDERING
from feedsvc.model import Finding, Format
from feedsvc.ports import Clock, Renderer
from feedsvc.publish.directory import Directory
from feedsvc.regenerate import Press
from feedsvc.registry import FORMATS, resolve
from feedsvc.settings import Settings

if TYPE_CHECKING:
    from feedsvc.store import SqlStore


def press_of(settings: Settings, store: SqlStore, clock: Clock, authority: Authority) -> Press:
    """Everything a build needs."""
    return Press(
        site=settings.site,
        authority=authority,
        store=store,
        publisher=Directory(
            settings.publish.directory, recall=lambda paths: store.ledger(paths=paths)
        ),
        renderers=_Renderers(),
        pages=pages_of(settings.site),
        gate=_gate,
        partner=_partner,
        hubs=partial(hubs_of, settings=settings),
        words=lambda feed, paths: words_of(feed, settings, paths),
        titles={source.name: source.title for source in settings.sources if source.title},
        article_pages=settings.publish.pages,
        sitemap=settings.publish.sitemap,
        # Only those that differ: all others are in the site's own.
        zones={
            source.name: source.timezone
            for source in settings.sources
            if source.timezone != settings.site.timezone
        },
        clock=clock,
        ops=ops_token(settings.ops),
        rendering=RENDERING,
    )


class _Renderers(dict[Format, Renderer]):
    """The renderers by format, each imported when it is first asked for."""

    def __missing__(self, format: Format) -> Renderer:
        make = cast("Callable[[], Renderer]", resolve(FORMATS, format.value))
        self[format] = make()
        return self[format]


def _gate(body: bytes, format: str, url: str | None) -> tuple[Finding, ...]:
    from feedsvc.gate import check  # only what is written anew is checked

    return check(body, format, url=url)


def _partner(
    body: bytes, format: str, profile: str, url: str, now: datetime, before: bytes | None
) -> tuple[Finding, ...]:
    from feedsvc.gate.profiles import check_profile, formats_of

    if format not in formats_of(profile):
        return ()  # the partner does not read it
    return check_profile(body, format, profile, url=url, now=now, before=before)
