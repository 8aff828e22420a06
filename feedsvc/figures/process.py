"""What this process uses of the machine: numbers of the kernel, as far as it tells them."""

from __future__ import annotations

import os
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path

from feedsvc.figures.families import Family, counter, gauge

_IMPORTED = time.time()


def process(prefix: str, what: str) -> list[Family]:
    """CPU time, memory, open files and start of this process, with names that begin `prefix`."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    families = [
        counter(
            f"{prefix}_cpu_seconds",
            f"CPU time used by the {what}.",
            used.ru_utime + used.ru_stime,
        ),
        gauge(f"{prefix}_memory_bytes", f"Resident memory of the {what}.", _resident(used)),
        gauge(f"{prefix}_start_time_seconds", f"When the {what} started.", _started()),
    ]
    with suppress(OSError):  # only where /proc tells
        files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - they are only counted
        families.append(
            gauge(f"{prefix}_open_files", f"Files and connections open in the {what}.", files)
        )
    return families


def _started() -> float:
    """When this process began, in seconds since 1970."""
    try:
        # After the name, which may hold anything but ends with the last bracket.
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        since_boot = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return round(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + since_boot, 1)
    except (OSError, AttributeError):  # not Linux
        return round(_IMPORTED, 1)


def _resident(used: resource.struct_rusage) -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:  # not Linux: the most it ever was, in bytes there and kilobytes elsewhere
        return used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return pages * resource.getpagesize()
