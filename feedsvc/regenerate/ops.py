"""The operations feed: what happened to sources, for whoever runs the service.

It is a feed like any other to a reader, at an address nobody can guess, and nothing links to it:
errors never enter the feeds of readers, and these are nobody else's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from html import escape

from feedsvc.decide import digest, digest_of, seen
from feedsvc.errors import FeedsvcError, RenderError
from feedsvc.model import Article, Entry, FeedHead, Format, Person
from feedsvc.ports import Event, LedgerLine
from feedsvc.regenerate.press import Press, beginning
from feedsvc.regenerate.report import BuildOptions, PublicationReport, line_of, reported, why

OPS = "_ops"
"""Its name in the store, and the folder it lies in; no feed of readers can have it."""

_LIMIT = 50  # changes of state


def ops_due(press: Press) -> bool:
    """Whether something happened that the operations feed does not tell yet."""
    if press.ops is None:
        return False
    newest = press.store.events(limit=1)
    return press.store.feed(OPS).fingerprint != _fingerprint(press, newest)


def ops_files(
    press: Press, ledger: Mapping[str, LedgerLine], options: BuildOptions
) -> list[PublicationReport]:
    """The operations feed, if one is configured; one under another token is taken down."""
    known = {path: line for path, line in ledger.items() if line.feed == OPS}
    if press.ops is None:
        return []  # the feed that was there is dropped as any that is no longer configured
    path = f"{OPS}/{press.ops}/{Format.ATOM.filename}"
    before = press.store.feed(OPS)
    events = press.store.events(limit=_LIMIT)
    fingerprint = _fingerprint(press, events[:1])
    line = known.get(path)
    same = before.fingerprint == fingerprint and line is not None and press.publisher.lies(line)
    if same and line is not None and not (options.everything or options.check):
        return [reported(line, "unchanged")]
    body = _document(press, path, events)
    report = PublicationReport(
        feed=OPS, format=Format.ATOM.value, path=path, outcome="unchanged", entries=len(events),
        bytes=len(body), digest=digest(body).hex(),
    )  # fmt: skip
    if options.check:
        return [report]
    lines: list[LedgerLine] = []
    stale = [one for one in known if one != path]
    try:
        if line is None or line.digest != digest(body) or not press.publisher.lies(line):
            report = replace(report, outcome="written")
            found = press.gate(body, report.format, f"{press.site.base_url}/{path}")
            errors = [fault for fault in found if fault.error]
            if errors:
                raise RenderError(why(errors))
            own, sidecars = press.publisher.place({path: body})[path]
            lines.append(line_of(report, own, sidecars))
        press.publisher.remove(stale)
    except FeedsvcError as error:
        return [replace(report, outcome="held", reason=error.line)]
    row = replace(before, fingerprint=fingerprint, entries=len(events))
    press.store.settle_feed(row, read=before, members=None, lines=lines, removed=stale)
    return [report]


def _fingerprint(press: Press, newest: tuple[Event, ...]) -> bytes:
    site = press.site
    told = [(event.number, event.at) for event in newest]
    return digest_of([press.ops, site.title, site.base_url, press.rendering, told])


def _document(press: Press, path: str, events: tuple[Event, ...]) -> bytes:
    site = press.site
    url = f"{site.base_url}/{path}"
    head = FeedHead(
        name=OPS,
        id=press.authority.feed(OPS),
        title=f"{site.title}: operations",
        description="What happened to the sources of this service",
        home=f"{site.base_url}/",
        urls={Format.ATOM: url},
        updated=max((event.at for event in events), default=beginning(site)),
        zone=site.timezone,
        language="en",
        author=Person(name="feedsvc"),
    )
    renderer = press.renderers[Format.ATOM]
    entries = [Entry(article=_article(press, event), zone=site.timezone) for event in events]
    rendered = renderer.fragments(entries, full_text=True)
    return renderer.document(head, [one for one in rendered if isinstance(one, bytes)])


def _article(press: Press, event: Event) -> Article:
    reason = event.reason or "It answers well again."
    article = Article(
        source=event.source,
        key=f"event:{event.number}",
        guid=press.authority.mint(OPS, f"event:{event.number}"),
        title=f"{event.source}: {event.state} (was {event.was})",
        html=f"<p>{escape(reason, quote=False)}</p>",
        published=event.at,
        updated=event.at,
        first_seen=event.at,
        tags=(event.state,),
        language="en",
    )
    return replace(article, seen=seen(article))
