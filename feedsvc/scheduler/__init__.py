"""`feedsvc run`: APScheduler decides when, the store knows who.

daemon.py     the tick, and the life of the process
telling.py    what is said of it
"""

from __future__ import annotations

from feedsvc.scheduler.daemon import Daemon

__all__ = ["Daemon"]
