"""What a check says: one line for the operator, and the exit code it stands for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from feedsvc.errors import ConfigError, FetchError, OfflineError, PublishError, StoreError

CONFIGURATION = ConfigError.exit_code
STORE = StoreError.exit_code
NETWORK = OfflineError.exit_code
PUBLISHING = PublishError.exit_code
SOURCES = FetchError.exit_code
UNEXPECTED = 1

# What the contract says of several, with the two that it does not name: a configuration that is
# wrong explains most of the rest, and so does a store that cannot be used.
_ORDER = (UNEXPECTED, CONFIGURATION, STORE, NETWORK, PUBLISHING, SOURCES)


class Outcome(StrEnum):
    """How a check ended, in the words of the `--json` document."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: what was found, where, and what to do about it."""

    name: str
    outcome: Outcome
    message: str
    hint: str | None = None
    seconds: float = 0.0
    exit_code: int = 0  # of a command that ends because of it; 0 for what ends none


def well(name: str, message: str) -> Check:
    """Nothing is wrong there."""
    return Check(name=name, outcome=Outcome.OK, message=message)


def doubtful(name: str, message: str, hint: str | None = None) -> Check:
    """Something works and may not for long, or not as it was meant."""
    return Check(name=name, outcome=Outcome.WARNING, message=message, hint=hint)


def wrong(name: str, message: str, hint: str | None = None, *, code: int) -> Check:
    """Something does not work."""
    return Check(name=name, outcome=Outcome.FAILED, message=message, hint=hint, exit_code=code)


def left_out(name: str, why: str) -> Check:
    """It could not be looked at, or was not to be."""
    return Check(name=name, outcome=Outcome.SKIPPED, message=why)


def exit_code(checks: Iterable[Check]) -> int:
    """The exit code of all: that of the gravest failure, 0 where nothing failed."""
    found = {check.exit_code for check in checks if check.outcome is Outcome.FAILED}
    return next((code for code in _ORDER if code in found), 0)


def totals(checks: Sequence[Check]) -> dict[str, int]:
    """How many checks ended in which way."""
    return {one.value: sum(check.outcome is one for check in checks) for one in Outcome}


# -- words ---------------------------------------------------------------------------------------


def several(names: Collection[str], most: int = 3) -> str:
    """Some names for a sentence, and how many more there are."""
    shown = list(names)[:most]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 feed`, `2 feeds`."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def in_bytes(number: int) -> str:
    """`1.5 GiB`."""
    value, unit = float(number), "bytes"
    for unit in ("bytes", "KiB", "MiB", "GiB", "TiB"):
        if value < 1024 or unit == "TiB":
            break
        value /= 1024
    return f"{int(value)} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"


def in_time(seconds: float) -> str:
    """`3 days`, as precisely as anybody wants to know."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * size:
            return f"{int(seconds // size)} {name}s"
    return counted(int(seconds), "second")
