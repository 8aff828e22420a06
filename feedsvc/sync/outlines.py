"""An OPML file -> the sources it lists: new ones, those still called as before, those that went.

A source keeps its name for as long as its address stands in the file, wherever it moves in there:
the name is its identity. New ones are named by their address, without scheme and `www.`: one that
moved to https is the one that it was.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2s

from feedsvc.config.names import of_address
from feedsvc.decide import believable_loss
from feedsvc.ports import OutlineRow
from feedsvc.sync.remote_plan import Listed, Outlines, RemotePlan
from feedsvc.text.canonical import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What becomes of the sources of an OPML file."""

    rows: tuple[OutlineRow, ...]  # all that stand in it from now on
    problems: tuple[str, ...]
    new: int
    gone: int


def listing(plan: RemotePlan, found: Outlines, before: Sequence[OutlineRow]) -> Listing:
    """The sources that a file lists, without those that are asked already.

    `before` are the sources of all OPML files as they were until now.
    """
    known = {one.place: one.name for one in before if one.parent == plan.name}
    elsewhere = {one.place for one in before if one.parent != plan.name}
    problems = list(found.problems)
    new = [one for one in found.listed if canonical(one.url) not in plan.asked]
    if more := len(found.listed) - len(new):
        problems.append(f"{more} of its feeds are sources of the configuration already")
    listed = [one for one in new if one.url not in elsewhere]
    if more := len(new) - len(listed):
        problems.append(f"{more} of its feeds stand in another OPML file already")
    taken = {plan.name, *(one.name for one in before if one.parent != plan.name)}
    rows = name_outlines(plan.name, listed, known, taken | plan.others)
    here = {one.name for one in rows}
    # What the configuration took over did not leave the file.
    ours = {url: name for url, name in known.items() if canonical(url) not in plan.asked}
    doubt = doubtful_loss(ours.values(), here, whole=found.whole)
    if doubt is not None:
        problems.append(doubt)
        rows += tuple(o for o in before if ours.get(o.place) == o.name and o.name not in here)
    return Listing(
        rows=rows,
        problems=tuple(problems),
        new=sum(one.name not in known.values() for one in rows),
        gone=len(set(known.values()) - {one.name for one in rows}),
    )


def name_outlines(
    parent: str, listed: Sequence[Listed], known: Mapping[str, str], taken: Collection[str]
) -> tuple[OutlineRow, ...]:
    """The sources of an OPML file; `known` are the names by address, `taken` those of others."""
    here = {one.url for one in listed}
    left = {name.lower(): name for url, name in known.items() if url not in here}
    names = {name.lower() for name in (*taken, *known.values())}
    found: dict[str, OutlineRow] = {}
    for one in listed:
        if one.url in found:
            continue
        made = of_address(one.url)
        name = known.get(one.url) or left.pop(made.lower(), None) or _free(made, one.url, names)
        names.add(name.lower())
        told = {"title": one.title, "tags": list(one.tags)}
        extra = {key: value for key, value in told.items() if value}
        found[one.url] = OutlineRow(
            name, parent, one.url, json.dumps(extra, ensure_ascii=False) if extra else None
        )
    return tuple(found.values())


def _free(name: str, url: str, taken: Collection[str]) -> str:
    if name.lower() not in taken:
        return name
    # By its address, not by a number: that would depend on who came first.
    return f"{name}-{blake2s(url.encode(), digest_size=4).hexdigest()}"


def doubtful_loss(known: Collection[str], listed: Collection[str], *, whole: bool) -> str | None:
    """Why the sources (by name) that are missing now are kept; None if that is believed."""
    lost = len(set(known) - set(listed))
    if lost and not whole:
        return f"is broken and lacks {lost} of {len(known)} feeds: their sources stay"
    if not listed and known:
        return f"lists no feed any more: its {len(known)} sources stay"
    if believable_loss(len(known), lost):
        return None
    return f"{lost} of {len(known)} feeds are missing at once: their sources stay"
