"""Times: always aware, always in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def utc(moment: datetime) -> datetime:
    """The same instant in UTC; raises ValueError for a naive `moment`."""
    if moment.tzinfo is None:
        raise ValueError(f"a date without a time zone: {moment.isoformat()}")
    return moment.astimezone(UTC)


def iso_utc(moment: datetime) -> str:
    """`YYYY-MM-DDTHH:MM:SSZ`, the form of every time in `--json` documents."""
    return utc(moment).strftime("%Y-%m-%dT%H:%M:%SZ")
