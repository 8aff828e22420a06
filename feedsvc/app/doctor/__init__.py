"""`feedsvc doctor`: what is wrong with a service, where, and what to do about it.

    open_case -> Case -> examine: groups of checks beside one another -> Check, Check …

    case.py            the configuration, as far as there is one
    running.py         threads, time limits, faults of the checks themselves
    report.py          a check and its exit code          masking.py   what no line may show

    configuration.py   secrecy.py   places.py             the configuration
    rights.py   output.py   machine.py   disk.py          files, rights, disks, limits
    clock.py   database.py   backups.py   standing.py     time, store, sources and feeds
    daemon.py   server.py   network.py   public/                      who answers

It changes nothing: no store is made or migrated, no lock taken, no file written. Each check is told
of by itself, whatever became of the others, and one that cannot be made says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module

from feedsvc.app.doctor.case import Case, open_case
from feedsvc.app.doctor.report import Check, Outcome, exit_code, totals
from feedsvc.app.doctor.running import Group, run
from feedsvc.ports import Progress

__all__ = ["Case", "Check", "Outcome", "examine", "exit_code", "open_case", "totals"]

_USUAL = 30.0  # seconds; a look that takes longer is one at a disk that does not answer
_WHOLE = 1_900.0  # for `--full`: two looks at all of the database
_PUBLIC = 180.0


def examine(case: Case, progress: Progress | None = None) -> tuple[Check, ...]:
    """Everything that can be said of this case."""
    return run(case, _groups(case), progress)


_SHARED = ("feedsvc.gate", "feedsvc.store.look", "feedsvc.web.transport", "feedsvc.web.probe")
"""What several groups use: imported before there are threads, which would meet half of it."""


def _groups(case: Case) -> list[Group]:
    names = ["configuration", "secrecy", "places", "rights", "output", "disk", "machine", "clock",
             "database", "backups", "standing", "daemon", "server", "network"]  # fmt: skip
    limits = {"database": _WHOLE if case.full else 2 * _USUAL, "public": _PUBLIC}
    if case.public:
        names.append("public")
    if case.settings is not None:
        from feedsvc.web import lean  # noqa: F401  httpx is slow to import

        for name in _SHARED:
            import_module(name)
    return [Group(name, _examiner(name), limits.get(name, _USUAL)) for name in names]


def _examiner(name: str) -> Callable[[Case], Iterable[Check]]:
    examine: Callable[[Case], Iterable[Check]] = import_module(f"{__name__}.{name}").examine
    return examine
