"""What is remembered of a source between two visits: its name, where and how it is asked."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from feedsvc.model import Pace, Reading
from feedsvc.ports import Memory
from feedsvc.web import Response

_AUTO_MOMENTS = 20  # publication times that are remembered for `every = "auto"`


def head_of(reading: Reading, auto: bool) -> str:
    """What is shown of a source, and what its next visits need."""
    head = reading.head
    pace = head.pace
    told: dict[str, Any] = {
        "format": reading.format,
        "title": head.title,
        "link": head.link,
        "id": head.id,
        "description": head.description,
        "language": head.language,
        "hubs": head.hubs,
        "self": head.self_link,
        "ttl": int(pace.ttl.total_seconds()) if pace.ttl else None,
        "every": int(pace.every.total_seconds()) if pace.every else None,
        "skip_hours": sorted(pace.skip_hours),
        "skip_days": sorted(pace.skip_days),
    }
    if auto:
        dates = sorted((d.published for d in reading.drafts if d.published), reverse=True)
        told["moments"] = [int(date.timestamp()) for date in dates[:_AUTO_MOMENTS]]
    kept = {name: value for name, value in told.items() if value}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def pace_of(memory: Memory) -> Pace:
    """How often the source asked to be asked, the last time it could be read."""
    if not memory.head or not any(word in memory.head for word in _PACE_WORDS):
        return _NO_PACE
    told = json.loads(memory.head)
    return Pace(
        ttl=timedelta(seconds=told["ttl"]) if "ttl" in told else None,
        every=timedelta(seconds=told["every"]) if "every" in told else None,
        skip_hours=frozenset(told.get("skip_hours", ())),
        skip_days=frozenset(told.get("skip_days", ())),
    )


_PACE_WORDS = ('"ttl"', '"every"', '"skip_hours"', '"skip_days"')
_NO_PACE = Pace()


def moments_of(memory: Memory) -> list[datetime]:
    """When its newest entries were published, for `every = "auto"`."""
    if not memory.head or '"moments"' not in memory.head:
        return []
    return [datetime.fromtimestamp(at, UTC) for at in json.loads(memory.head)["moments"]]


def validated(memory: Memory, response: Response) -> Memory:
    """The validators of an answer; those of before, if it has none, are void."""
    return memory._replace(
        etag=response.etag, last_modified=response.last_modified, validated=response.url
    )


def is_elsewhere(memory: Memory) -> bool:
    """Whether another address is asked than the configured one: found on a page, or moved to."""
    return memory.url != memory.configured
