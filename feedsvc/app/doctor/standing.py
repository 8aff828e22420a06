"""How sources and feeds stand: what `status` lists, as far as somebody has to do something."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.report import (
    PUBLISHING,
    SOURCES,
    Check,
    counted,
    doubtful,
    in_time,
    left_out,
    several,
    well,
    wrong,
)
from feedsvc.errors import FeedsvcError
from feedsvc.manners import every_of
from feedsvc.manners.standing import late
from feedsvc.model import Problem
from feedsvc.ports import FeedRow, SourceRow
from feedsvc.settings import Settings, Source

if TYPE_CHECKING:
    from feedsvc.store.look import Look

_NAMES = ("sources", "sources.late", "feeds", "problems")


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    why = _why_not(case.look)
    if why is not None or case.settings is None or case.look is None:
        for name in _NAMES:
            yield left_out(name, why or "there is no configuration that can be used")
        return
    with case.look.store(case.settings.feeds) as store:
        rows, feeds = store.sources(), store.feeds()
        problems = (*store.problems(), *(p for row in feeds for p in row.left_out),
                    *store.outbox_problems())  # fmt: skip
    now = case.clock.now()
    yield of_sources(rows)
    yield _late(rows, case.settings, now)
    yield _feeds(feeds, case.settings)
    yield _problems(problems)


def _why_not(look: Look | None) -> str | None:
    if look is None:
        return "there is no configuration that can be used"
    if not look.path.exists():
        return "nothing was synced yet: `feedsvc sync` does"
    from feedsvc.store.look import NEWEST

    try:
        if look.revision() != NEWEST:
            return "the database is not of this version"
    except FeedsvcError:
        return "the database cannot be read"
    return None


# -- sources -------------------------------------------------------------------------------------


def of_sources(rows: Sequence[SourceRow]) -> Check:
    """Whom we gave up, whom we doubt, and whom we go on asking in vain."""
    name = "sources"
    states: dict[str, list[SourceRow]] = {}
    for row in rows:
        states.setdefault("paused" if row.paused is not None else row.state, []).append(row)
    if parked := states.get("parked"):
        return wrong(
            name, f"{_said(parked)} asked no more{_also(states, 'quarantined', 'failing')}",
            f"`feedsvc source resume {parked[0].name}` asks it again, `feedsvc source remove "
            f"{parked[0].name}` gives it up for good", code=SOURCES,
        )  # fmt: skip
    if doubted := states.get("quarantined"):
        return wrong(
            name, f"{_said(doubted)} not believed{_also(states, 'failing')}",
            f"look at what it says: `feedsvc source test {doubted[0].name}`; if that is right, "
            f"`feedsvc source resume {doubted[0].name}` believes it", code=SOURCES,
        )  # fmt: skip
    if failing := states.get("failing"):
        hint = (
            f"`feedsvc source test {failing[0].name}` asks it now; it is tried again by itself, "
            f"and `feedsvc source pause {failing[0].name}` leaves it alone"
        )
        if len(failing) == len(rows) - len(states.get("paused", ())) and len(failing) > 1:
            return wrong(name, f"all sources fail: {_said(failing)} failing", hint, code=SOURCES)
        return doubtful(name, f"{_said(failing)} failing", hint)
    paused = f", {len(states['paused'])} paused" if "paused" in states else ""
    return well(name, f"{counted(len(states.get('ok', ())), 'source')} well{paused}")


def _said(rows: Sequence[SourceRow]) -> str:
    """The first of them with its reason, and how many there are: `a (410), b and 3 more are`."""
    first = rows[0]
    since = f" since {first.since:%Y-%m-%d}" if first.since else ""
    shown = f"{first.name} ({first.reason or 'for no reason that it told'}{since})"
    if len(rows) == 1:
        return f"{shown} is"
    return f"{shown}, {several([row.name for row in rows[1:]], 2)} are"


def _also(states: dict[str, list[SourceRow]], *names: str) -> str:
    told = [f"{len(states[name])} {name}" for name in names if name in states]
    return f"; {' and '.join(told)}" if told else ""


def _late(rows: Sequence[SourceRow], settings: Settings, now: datetime) -> Check:
    from feedsvc.app.reading import DEFAULT_EVERY, is_remote

    name = "sources.late"
    known = {source.name: source for source in settings.sources}
    waiting = []
    for row in rows:
        source: Source | None = known.get(row.parent or row.name)
        if source is None or row.paused is not None or row.state == "parked":
            continue
        if not (is_remote(source) or source.every is not None):
            continue  # it is looked at whenever there is a sync
        if late(row.next_due, now, every_of(source.every or DEFAULT_EVERY, source.timezone)):
            waiting.append(row)
    never = [name for name in known if name not in {row.name for row in rows}]
    if waiting:
        oldest = min((row for row in waiting), key=lambda row: row.next_due or now)
        ago = in_time((now - (oldest.next_due or now)).total_seconds())
        verb = "was" if len(waiting) == 1 else "were"
        return doubtful(
            name,
            f"{several([row.name for row in waiting])} {verb} to be asked up to {ago} ago",
            "is `feedsvc run` at work, or the cron line of `feedsvc sync`?",
        )
    if never:
        return doubtful(
            name, f"{several(never)} never synced since it stands in the configuration",
            "`feedsvc sync` does so; a daemon takes it over by itself, or after a restart",
        )  # fmt: skip
    return well(name, "none is waiting for longer than it should")


# -- feeds ---------------------------------------------------------------------------------------


def _feeds(rows: Sequence[FeedRow], settings: Settings) -> Check:
    name = "feeds"
    known = {row.name: row for row in rows}
    held = [row for row in rows if row.held is not None]
    if held:
        first = held[0]
        more = f", and {several([row.name for row in held[1:]])}" if len(held) > 1 else ""
        return wrong(
            name,
            f"{first.name} is held back: {first.held}{more}; what was published before stays",
            "mend what it names; `feedsvc regenerate` tries again",
            code=PUBLISHING,
        )
    unbuilt = [
        feed.name
        for feed in settings.feeds
        if feed.per is None and (feed.name not in known or known[feed.name].built is None)
    ]
    if unbuilt:
        return doubtful(
            name, f"{several(unbuilt)} never built", "`feedsvc regenerate` builds what is missing"
        )
    return well(name, f"{counted(len(settings.feeds), 'feed')} published")


def _problems(problems: Sequence[Problem]) -> Check:
    name = "problems"
    if not problems:
        return well(name, "no file and no article needs a look")
    first = problems[0]
    where = f"{first.source}: {first.path}" if first.path else first.source
    need = "needs" if len(problems) == 1 else "need"
    return doubtful(
        name,
        f"{counted(len(problems), 'thing')} {need} a look; the first: {where}: {first.reason}",
        "`feedsvc status` lists them",
    )
