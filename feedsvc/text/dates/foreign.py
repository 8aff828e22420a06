"""The last resort: dates in languages that our own tables do not know."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from feedsvc.text.clean import trim
from feedsvc.text.dates.stated import as_utc


def by_dateparser(value: str, zone: ZoneInfo, language: str | None) -> datetime | None:
    """Languages the tables do not know. Costs 1 ms, and 100 ms the first time."""
    value = trim(value)
    words = value.split()
    if not (
        8 <= len(value) <= 64
        and 2 <= len(words) <= 8
        and any(c.isalpha() for c in value)  # digits alone are never its business
        and re.search(r"(?<!\d)\d{4}(?!\d)", value)
        and re.search(r"(?<!\d)\d{1,2}(?!\d)", value)
    ):
        return None
    import dateparser  # noqa: PLC0415 - heavy, and seldom needed

    primary = re.split("[-_]", language)[0].lower() if language else None
    settings = {
        "PARSERS": ["absolute-time"],
        "REQUIRE_PARTS": ["day", "month", "year"],
        "RELATIVE_BASE": datetime(2000, 1, 1),  # noqa: DTZ001 - theirs is naive, and is not used
    }
    if primary == "en":
        settings["DATE_ORDER"] = "MDY" if (language or "").lower().endswith("us") else "DMY"
    for languages in ([primary], None) if primary else (None,):
        try:
            found = dateparser.parse(value, languages=languages, settings=settings)
        # It raises ValueError for a language it does not know and many things for odd input.
        except Exception:  # noqa: S112
            continue
        if found is not None:
            try:
                return as_utc(found, zone)
            except (ValueError, OverflowError):
                return None
    return None
