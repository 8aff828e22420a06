"""What feedsvc remembers: articles, files, feeds, fragments and the ledger, in SQL.

    open_store(url, feeds) -> SqlStore     fits `ports.Store`

The tables are in `schema/`. Stage 1 works with `sources.py` and `intake.py`, stage 2 with
`output.py`.
"""

from __future__ import annotations

from feedsvc.store.sql import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
