"""`feedsvc service`: let systemd or cron keep it running.

install.py, uninstall.py, status.py   the verbs, with options.py
plan.py                               what is asked for, settled -> Plan
units.py, crontab.py                  Plan -> the texts, their words quoted by quoting.py
files.py, systemctl.py                where they lie, and who is told of them
"""

from __future__ import annotations

import argparse

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.service import install, status, uninstall

_EXAMPLES = """\
  feedsvc service install --print            what would be written
  sudo feedsvc -c /etc/feedsvc/feedsvc.toml service install --run-as feedsvc --now
  feedsvc service status
  feedsvc service uninstall --now
"""


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "service",
        None,
        help="let systemd or cron keep it running",
        description="Install feedsvc as a service of systemd, as timers or as lines of cron, with "
        "the paths of this installation and its configuration.",
        examples=_EXAMPLES,
    )
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb in (install, uninstall, status):
        verb.register(verbs, common)
