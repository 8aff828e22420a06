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
    vmhgfs virtiofs drvfs prl_fs davfs ncpfs beegfs orangefs""".split()
)
_MOUNTS = Path("/proc/self/mountinfo")  # proc_pid_mountinfo(5)
_ESCAPED = re.compile(rb"\\([0-7]{3})")


def reach_of(path: str, mounts: Path = _MOUNTS) -> Reach:
    """Of the file system of a path, and of all that is mounted below it; unsure elsewhere.

    Nothing is asked of that file system itself: one whose server is away would not answer.
    """
    try:
        lines = mounts.read_bytes().splitlines()
    except OSError:
        return Reach.UNSURE
    holds, kind = b"", b""
    worst = Reach.LOCAL
    here = os.fsencode(path).rstrip(b"/")
    for line in lines:
        before, _, after = line.partition(b" - ")
        fields = before.split()
        if len(fields) < 5 or not after:
            continue
        point = _ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), fields[4]).rstrip(b"/")
        if point == here or here.startswith(point + b"/"):
            if len(point) >= len(holds):  # what was mounted last lies on top
                holds, kind = point, after.split()[0]
        elif point.startswith(here + b"/") and _reach(after.split()[0]) is not Reach.LOCAL:
            worst = Reach.UNSURE
    reach = _reach(kind)
    return worst if reach is Reach.LOCAL else reach


def _reach(kind: bytes) -> Reach:
    name = kind.decode("ascii", "replace")
    if name in _LOCAL:
        return Reach.LOCAL
    return Reach.REMOTE if name in _REMOTE or name.startswith("fuse") else Reach.UNSURE
