"""Keeping the service: one file from which it can be restored, anywhere, as it was.

    store --snapshot--> copy --check--> manifest + copy + configuration --archive--> one file
    one file --verify--> copy --check, migrate--> store          then: `feedsvc regenerate`

What is in it: the store with all that was ever minted or promised (ids, slugs, archives, keys of
private feeds, subscribers, verdicts, what was published when) and the configuration file with the
subscription lists beside it. What is not: secrets that have files of their own, the articles of
folders, which are somebody's own files, and the output directory, which is made from the store.

The format is in `archive.py`, what it says of itself in `manifest.py`; `writing.py` and
`rotation.py` are what the daemon does, `restoring.py` is for when it matters.
"""

from __future__ import annotations

from feedsvc.app.keeping.manifest import Manifest
from feedsvc.app.keeping.places import backup_folder
from feedsvc.app.keeping.restoring import Request, RestoreReport, restore
from feedsvc.app.keeping.rotation import rotate
from feedsvc.app.keeping.writing import BackupReport, stream_backup, write_backup

__all__ = [
    "BackupReport", "Manifest", "Request", "RestoreReport", "backup_folder", "restore", "rotate",
    "stream_backup", "write_backup",
]  # fmt: skip
