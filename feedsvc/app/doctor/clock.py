"""Is it the time that it seems to be? Feeds, embargoes and the schedule hang on it."""

from __future__ import annotations

import ctypes
import errno
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import feedsvc
from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.report import (
    PUBLISHING,
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

BORN = datetime(2025, 1, 1, tzinfo=UTC)
"""No version of feedsvc is older; `id_since` of a site that names none."""

_LONGEST = timedelta(days=20 * 365)  # nobody runs a version for longer
_SLACK = timedelta(minutes=1)
_INSTALLED = timedelta(days=1)  # a build machine may be in another time zone, and say so wrongly
_TOLD = timedelta(minutes=1)


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    now = case.clock.now()
    yield plausible(now, _installed())
    yield _against_store(case, now)
    yield synchronised(_kernel())
    yield _zones(case)


def plausible(now: datetime, installed: datetime | None) -> Check:
    """Whether it can be that time at all; `installed` is when our files were put here."""
    name, shown = "clock", f"{now:%Y-%m-%d %H:%M:%SZ}"
    hint = "set the clock (`timedatectl set-ntp true`), and look at its battery"
    if now < BORN:
        return wrong(name, f"it is said to be {shown}, before there was a feedsvc", hint,
                     code=PUBLISHING)  # fmt: skip
    if now > BORN + _LONGEST:
        return wrong(name, f"it is said to be {shown}", hint, code=PUBLISHING)
    if installed is not None and installed - now > _INSTALLED:
        return wrong(
            name,
            f"it is said to be {shown}, and feedsvc was installed on {installed:%Y-%m-%d}",
            hint,
            code=PUBLISHING,
        )
    return well(name, f"it is {shown}")


def _installed() -> datetime | None:
    """When our files were put in place; packers who want the same bytes every time say 1980."""
    try:
        told = Path(feedsvc.__file__).stat()
        return datetime.fromtimestamp(told.st_mtime, UTC)
    except (OSError, OverflowError, ValueError):
        return None


def _against_store(case: Case, now: datetime) -> Check:
    name = "clock.store"
    look = case.look
    if look is None or not look.path.exists():
        return left_out(name, "there is no store yet to compare it with")
    from feedsvc.store.look import NEWEST

    try:
        newest = look.newest() if look.revision() == NEWEST else None
    except FeedsvcError:  # which the checks of the database tell
        return left_out(name, "the store cannot be read")
    if newest is None:
        return well(name, "nothing in the store is later than now")
    return against(newest[0], newest[1], now)


def against(at: datetime, what: str, now: datetime) -> Check:
    """Whether something that has happened has happened later than now."""
    name = "clock.store"
    ahead = at - now
    if ahead > _SLACK:
        return wrong(
            name,
            f"the store notes {what} at {at:%Y-%m-%d %H:%M:%SZ}, {in_time(ahead.total_seconds())} "
            "from now: the clock was ahead then, or is behind now",
            "set the clock; sources that were due then are asked as soon as it is right",
            code=PUBLISHING,
        )
    age = in_time(max(-ahead, timedelta()).total_seconds())
    return well(name, f"the newest in the store ({what}) is {age} old")


# -- who keeps it --------------------------------------------------------------------------------

_ERROR = 5  # TIME_ERROR: nobody has set it for long


def synchronised(state: bool | None) -> Check:
    """Whether somebody keeps the clock right."""
    name = "clock.synchronised"
    if state is None:
        return left_out(name, "this system does not tell whether its clock is kept")
    if not state:
        return doubtful(
            name,
            "nobody keeps this clock right",
            "`timedatectl set-ntp true`, or install chrony; a guest's host may do it, too",
        )
    return well(name, "it is kept by the network")


def _kernel() -> bool | None:
    """What the kernel knows of its clock (adjtimex(2)); nobody is waited for."""
    if sys.platform != "linux":
        return None
    told = (ctypes.c_int * 128)()  # struct timex, larger than any; with `modes` 0 it is only read
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        answer = int(libc.adjtimex(told))
    except (OSError, AttributeError):
        return None
    if answer < 0:
        return None if ctypes.get_errno() in {errno.EPERM, errno.ENOSYS, errno.EFAULT} else False
    return answer != _ERROR


def _zones(case: Case) -> Check:
    name = "clock.zones"
    wanted = {"UTC", "Europe/Berlin", "America/New_York"}
    if case.settings is not None:
        wanted |= {source.timezone.key for source in case.settings.sources}
        wanted.add(case.settings.site.timezone.key)
    missing = []
    for key in sorted(wanted):
        try:
            ZoneInfo.no_cache(key)
        except (ZoneInfoNotFoundError, OSError, ValueError):
            missing.append(key)
    if missing:
        return doubtful(
            name,
            f"there is no data of the time zone {several(missing)}",
            "install the package tzdata of the system, or that of Python: pip install tzdata",
        )
    return well(name, f"data of {counted(len(wanted), 'time zone')} that may be needed is there")


# -- against others ------------------------------------------------------------------------------


def against_others(skews: dict[str, timedelta]) -> Check:
    """Whether hosts agree that it is another time; `skews` are how far they are ahead."""
    name = "clock.network"
    if not skews:
        return left_out(name, "nobody told the time")
    ordered = sorted(skews.values())
    middle = ordered[len(ordered) // 2] if len(ordered) % 2 else min(
        ordered[len(ordered) // 2 - 1 : len(ordered) // 2 + 1], key=abs
    )  # fmt: skip
    if abs(middle) > _TOLD:
        way = "behind" if middle > timedelta() else "ahead"
        return wrong(
            name,
            f"this clock is {in_time(abs(middle).total_seconds())} {way}, by that of "
            f"{several(sorted(skews), 2)}",
            "set the clock: `timedatectl set-ntp true`",
            code=PUBLISHING,
        )
    return well(name, f"it agrees with {several(sorted(skews), 2)}")
