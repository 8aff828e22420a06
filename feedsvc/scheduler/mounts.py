"""On what kind of file system a folder lies: whether everything that happens there is told here."""

from __future__ import annotations

import os
import re
from enum import Enum
from pathlib import Path


class Reach(Enum):
    """Who may write to a file system."""

    LOCAL = "local"  # this machine alone: the system tells of everything
    UNSURE = "unsure"  # it may tell of some
    REMOTE = "remote"  # others, without a word; and whoever asks may have to wait for them


_LOCAL = frozenset(
    """ext2 ext3 ext4 xfs btrfs zfs f2fs bcachefs jfs reiserfs nilfs2 tmpfs ramfs vfat exfat ntfs3
    ufs""".split()
)
_REMOTE = frozenset(
    """nfs nfs4 cifs smb2 smb3 smbfs 9p ceph glusterfs lustre gfs2 ocfs2 afs autofs vboxsf
    vmhgfs virtiofs drvfs prl_fs davfs ncpfs beegfs orangefs fuse""".split()
)
_MOUNTS = Path("/proc/self/mountinfo")  # proc_pid_mountinfo(5)
_ESCAPED = re.compile(rb"\\([0-7]{3})")


class Mounts:
    """What is mounted where; `look` reads it anew.

    Nothing is asked of the file systems themselves: one whose server is away would not answer.
    """

    def __init__(self, place: Path = _MOUNTS) -> None:
        self._place = place
        self._read: bytes | None = None
        self._mounts: list[tuple[bytes, Reach]] = []
        self._known: dict[str, Reach] = {}
        self.look()

    def look(self) -> None:
        """See what is mounted now."""
        try:
            data = self._place.read_bytes()
        except OSError:  # not Linux
            data = b""
        if data != self._read:
            self._read, self._known = data, {}
            self._mounts = [found for line in data.splitlines() if (found := _mount(line))]

    def reach(self, path: str) -> Reach:
        """That of the file system of a path, and of all that is mounted below it."""
        if path not in self._known:
            self._known[path] = self._reach(os.fsencode(path).rstrip(b"/"))
        return self._known[path]

    def _reach(self, path: bytes) -> Reach:
        longest, reach, below = -1, Reach.UNSURE, Reach.LOCAL
        for point, kind in self._mounts:
            if path == point or path.startswith(point + b"/"):
                if len(point) >= longest:  # what was mounted last lies on top
                    longest, reach = len(point), kind
            elif point.startswith(path + b"/") and kind is not Reach.LOCAL:
                below = Reach.UNSURE
        return below if reach is Reach.LOCAL else reach


def _mount(line: bytes) -> tuple[bytes, Reach] | None:
    """Where something is mounted, and of what reach it is."""
    before, _, after = line.partition(b" - ")
    fields = before.split()
    if len(fields) < 5 or not after:
        return None
    point = _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), fields[4])
    return point.rstrip(b"/"), _reach_of(after.split()[0].decode("ascii", "replace"))


def _reach_of(kind: str) -> Reach:
    if kind in _LOCAL:
        return Reach.LOCAL
    return Reach.REMOTE if kind in _REMOTE or kind.startswith("fuse.") else Reach.UNSURE
