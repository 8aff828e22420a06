"""`feedsvc run`: APScheduler decides when, the store knows who.

daemon.py      the life of the process: its ticks, its configuration, its end
rounds.py      what a tick does with one configuration: visits.py, building.py, and
chores.py      jobs at times of day: backup, prune, integrity
pace.py        ticks go on when the clock is set (clockwork.py), and are watched
beside.py      the server beside it
signals.py     what it obeys
remark.py      how it is, for other commands
notify.py      what systemd is told
folders.py     what happens in folders: told by the system, by way of mounts.py and stirred.py
reloading.py   the configuration file, and what a reload cannot change
"""

from __future__ import annotations

from feedsvc.scheduler.daemon import Daemon
from feedsvc.scheduler.notify import Notifier

__all__ = ["Daemon", "Notifier"]
