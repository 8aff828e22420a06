"""What feedsvc remembers: articles, files, feeds, fragments and the ledger, in SQL.

    open_store(url, feeds) -> SqlStore     fits `ports.Store`

The schema is in `schema.py`; `intake.py` is written by stage 1, `output.py` by stage 2.
"""

from __future__ import annotations

from feedsvc.store.sql import SqlStore, open_store

__all__ = ["SqlStore", "open_store"]
