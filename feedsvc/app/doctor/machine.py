"""What the machine allows: kinds of disks, open files, watched folders."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.places import places_of
from feedsvc.app.doctor.report import Check, doubtful, left_out, several, well
from feedsvc.settings import Settings

NETWORK = frozenset(
    """nfs nfs4 cifs smb smb2 smb3 smbfs afs ncpfs 9p ceph glusterfs fuse.glusterfs fuse.sshfs
    fuse.s3fs fuse.rclone fuse.gcsfuse fuse.goofys fuse.mergerfs lustre beegfs ocfs2 gfs2 davfs
    fuse.davfs2 virtiofs vboxsf prl_fs fuse.grpcfuse fuse.osxfs""".split()
)
"""File systems that other machines change, or whose locks and events may not be told of."""

_SERVED = 256  # descriptors for readers and files, beside the requests of a sync
_MOST_FOLDERS = 50_000
_SECONDS = 5.0
_WATCHES = Path("/proc/sys/fs/inotify/max_user_watches")


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    if case.settings is None:
        yield left_out("machine", "there is no configuration that can be used")
        return
    yield _store_on(case.settings)
    yield _sources_on(case.settings)
    yield open_files(case.settings, _limit())
    yield _watches(case.settings)


# -- file systems --------------------------------------------------------------------------------


def _store_on(settings: Settings) -> Check:
    name = "machine.store-disk"
    store = places_of(settings)[0].path
    kind = kind_of(store, mounts())
    if kind in NETWORK:
        return doubtful(
            name,
            f"{store} lies on a network file system ({kind}), where SQLite's journal is not safe: "
            "two machines can damage it",
            "put the store on a disk of this machine; the output directory may stay",
        )
    return well(name, f"{store} lies on {kind or 'a disk of this machine'}")


def _sources_on(settings: Settings) -> Check:
    name = "machine.source-disks"
    table = mounts()
    folders = [(s.name, s.path) for s in settings.sources if s.path is not None]
    far = [name for name, path in folders if kind_of(path, table) in NETWORK]
    if far:
        return well(
            name,
            f"{several(far)} on a network file system, which tells of no changes: "
            "looked at by the clock (`every`)",
        )
    return well(name, "source folders tell of their changes")


def mounts(table: Path = Path("/proc/self/mounts")) -> dict[str, str]:
    """Where which kind of file system is mounted; nothing where that cannot be told."""
    try:
        rows = [line.split(" ") for line in table.read_text().splitlines()]
    except OSError:
        return {}
    # proc(5): spaces and such stand there in octal
    return {
        row[1].encode().decode("unicode_escape", "replace"): row[2] for row in rows if len(row) > 2
    }


def kind_of(path: Path, table: dict[str, str]) -> str | None:
    """The kind of file system a path lies on, or would."""
    real = Path(os.path.realpath(path))
    for place in (real, *real.parents):
        if str(place) in table:
            return table[str(place)]
    return None


# -- limits --------------------------------------------------------------------------------------


def _limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft if soft != resource.RLIM_INFINITY else sys.maxsize


def open_files(settings: Settings, limit: int) -> Check:
    """Whether a process may hold open what a sync and its readers need."""
    name = "machine.open-files"
    remote = any(source.url is not None for source in settings.sources)
    wanted = _SERVED + (2 * settings.sync.concurrency if remote else 0)
    if limit < wanted:
        return doubtful(
            name,
            f"a process may open {limit} files here, and {wanted} may be needed",
            "raise it: LimitNOFILE= of the systemd unit, or `ulimit -n`",
        )
    return well(name, f"a process may open {'any number of' if limit == sys.maxsize else limit} "
                "files here")  # fmt: skip


def _watches(settings: Settings) -> Check:
    name = "machine.watches"
    folders = [s.path for s in settings.sources if s.path is not None]
    if not folders:
        return well(name, "no source is a folder")
    try:
        limit = int(_WATCHES.read_text())
    except (OSError, ValueError):
        return left_out(name, "this system does not tell how many folders may be watched")
    return watched(_count(folders), limit)


def watched(folders: int, limit: int) -> Check:
    """Whether so many folders may be watched."""
    name = "machine.watches"
    if folders > 0.9 * limit:
        return doubtful(
            name,
            f"sources have {folders:,} folders, and {limit:,} may be watched by all programs of a "
            "user: changes are found by the clock",
            f"sysctl fs.inotify.max_user_watches={max(2 * folders, 65_536)}",
        )
    return well(name, f"{folders:,} of {limit:,} folders that may be watched")


def _count(roots: list[Path]) -> int:
    """Folders below some, as far as there is time to count."""
    count, end = 0, time.monotonic() + _SECONDS
    for root in roots:
        for _ in os.walk(root):
            count += 1
            if count >= _MOST_FOLDERS or time.monotonic() > end:
                return count
    return count
