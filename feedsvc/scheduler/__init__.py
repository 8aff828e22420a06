"""`feedsvc run`: APScheduler decides when, the store knows who.

daemon.py      the life of the process: lock, signals, ticks, reload, end
rounds.py      what a tick does with one configuration
chores.py      jobs at times of day: backup, prune, integrity
notify.py      what systemd is told
clockwork.py   the clock when it is set, or sleeps
folders.py     what happens in folders: told by the system, by way of mounts.py and stirred.py
reloading.py   the configuration file, and what a reload cannot change
"""

from __future__ import annotations

from feedsvc.scheduler.daemon import Daemon
from feedsvc.scheduler.notify import Notifier

__all__ = ["Daemon", "Notifier"]
