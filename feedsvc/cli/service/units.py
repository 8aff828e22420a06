"""The texts of systemd units: the daemon, or a timer for each thing that is done now and then.

Everything a unit names is absolute: this Python, this configuration, the folders it writes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from feedsvc.cli.service.plan import Plan
from feedsvc.cli.service.quoting import comment, unit_line, unit_word
from feedsvc.errors import ConfigError, UsageError

MARK = "# Written by `feedsvc service install`"

_HEADING = (
    f"{MARK}. To change a setting, `systemctl edit` adds\n"
    "# to this file and is kept; after the paths of the configuration have changed, write it anew\n"
    "# with --force.\n"
)

WATCHDOG = "2min"
STOP = 15  # seconds; the daemon itself takes up to ten


def daemon(plan: Plan) -> dict[str, str]:
    """`feedsvc run`, kept alive; texts by the names of the files."""
    wanted_by = "multi-user.target" if plan.system else "default.target"
    return {
        f"{plan.name}.service": _text(
            _unit(plan, f"feedsvc: {comment(plan.title)}"),
            [
                "[Service]",
                "Type=notify",
                "NotifyAccess=main",
                f"ExecStart={_command(plan, 'run')}",
                "ExecReload=/bin/kill -HUP $MAINPID",
                *_identity(plan),
                "Restart=on-failure",
                "RestartSec=10",
                "# A mistake in the command line or the configuration stays one.",
                "RestartPreventExitStatus=2 3",
                "# The first sync of a large folder, or a migration, may take its time.",
                "TimeoutStartSec=15min",
                f"WatchdogSec={WATCHDOG}",
                "# The daemon ends its server in order; what is left after that is killed.",
                "KillMode=mixed",
                f"TimeoutStopSec={STOP}",
                "LimitNOFILE=65536",
            ],
            hardening(plan),
            ["[Install]", f"WantedBy={wanted_by}"],
        )
    }


def timers(plan: Plan) -> dict[str, str]:
    """One round every five minutes, and what is done at night."""
    nightly = (*([("backup", "--rotate")] if plan.backup else []), ("prune",))
    calendar, remark = _nightly_calendar(plan)
    return {
        **_timed(plan, plan.name, "one round of syncing", (("sync",),), "*:0/5", "1min"),
        **_timed(plan, f"{plan.name}-nightly", "maintenance", nightly, calendar, "10min", remark),
    }


def _timed(
    plan: Plan,
    name: str,
    what: str,
    verbs: Iterable[tuple[str, ...]],
    calendar: str,
    spread: str,
    remark: str | None = None,
) -> dict[str, str]:
    service = _text(
        _unit(plan, f"feedsvc: {comment(plan.title)}, {what}"),
        [
            "[Service]",
            "Type=oneshot",
            *(f"ExecStart={_command(plan, *verb, '-q')}" for verb in verbs),
            *_identity(plan),
            "# Some sources failed: those of others do now and then; `feedsvc status` tells.",
            "SuccessExitStatus=4",
            "TimeoutStartSec=1h",
            f"TimeoutStopSec={STOP}",
            "LimitNOFILE=65536",
        ],
        hardening(plan, serves=False),
    )
    timer = _text(
        ["[Unit]", f"Description=feedsvc: {comment(plan.title)}, {what}"],
        [
            "[Timer]",
            *([f"# {remark}"] if remark else []),
            f"OnCalendar={calendar}",
            "# Not everybody at the same second; and once after the machine was off.",
            f"RandomizedDelaySec={spread}",
            "Persistent=true",
        ],
        ["[Install]", "WantedBy=timers.target"],
    )
    return {f"{name}.service": service, f"{name}.timer": timer}


def _nightly_calendar(plan: Plan) -> tuple[str, str | None]:
    minute, hour, *rest = plan.nightly.split()
    if minute.isdecimal() and hour.isdecimal() and rest == ["*", "*", "*"]:
        return f"*-*-* {int(hour):02}:{int(minute):02}:00 {plan.zone}", None
    return (
        f"*-*-* 03:30:00 {plan.zone}",
        "What [maintenance] says in `at` is for the daemon; a timer of every night does as well.",
    )


# -- parts -----------------------------------------------------------------------------------------


def _text(*sections: list[str]) -> str:
    first, *others = ["\n".join(section) + "\n" for section in sections]
    return "\n".join([_HEADING + "\n" + first, *others])


def _unit(plan: Plan, description: str) -> list[str]:
    lines = ["[Unit]", f"Description={description}"]
    if plan.system:  # a user's own manager knows nothing of the network
        lines += ["Wants=network-online.target", "After=network-online.target"]
    # Without it, five failures in a row would end it for good.
    return [*lines, "StartLimitIntervalSec=0"]


def _command(plan: Plan, *words: str) -> str:
    command = plan.command(*words)
    if not set(command[0]).isdisjoint("\"'\\"):
        # systemd takes no program with one of these in its path, but takes them as arguments.
        command = ("/bin/sh", "-c", 'exec "$0" "$@"', *command)
    # systemd.service(5): after a colon a dollar is a dollar, also in the name of the program.
    return " ".join(unit_word(word) for word in (f":{command[0]}", *command[1:]))


def _identity(plan: Plan) -> Iterator[str]:
    if plan.system and plan.user:
        yield f"User={plan.user}"
    yield "# Secrets that the configuration takes from the environment, as lines of NAME=value."
    yield f"EnvironmentFile=-{unit_line(str(plan.environment))}"
    yield f"SyslogIdentifier={plan.name}"
    yield "UMask=0022"


def hardening(plan: Plan, *, serves: bool = True) -> list[str]:
    """What the service is kept from: all it does not need."""
    lines = [
        "# What it does not need.",
        "NoNewPrivileges=true",
        "LockPersonality=true",
        "RestrictRealtime=true",
        "RestrictSUIDSGID=true",
        "RestrictNamespaces=true",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "SystemCallArchitectures=native",
        "SystemCallFilter=@system-service",
        "SystemCallErrorNumber=EPERM",
    ]
    if not plan.system:
        if serves and plan.low_port:
            raise UsageError(
                f"port {plan.port} is reserved for the administrator",
                hint="`listen` on a port above 1023, or install with --system",
            )
        # systemd.exec(5): a user's manager can hide parts of the file system only where users may
        # make namespaces, which many systems forbid; then the service would not start at all.
        return [*lines, "# This is a user's service, which may write where its user may."]
    capability = "CAP_NET_BIND_SERVICE" if serves and plan.low_port else ""
    return [
        *lines,
        f"CapabilityBoundingSet={capability}",
        *([f"AmbientCapabilities={capability}"] if capability else []),
        "PrivateDevices=true",
        "ProtectClock=true",
        "ProtectControlGroups=true",
        "ProtectHostname=true",
        "ProtectKernelLogs=true",
        "ProtectKernelModules=true",
        "ProtectKernelTunables=true",
        *_homes(plan),
        *_temporary(plan),
        "# It writes to these folders and to no other.",
        "ProtectSystem=strict",
        f"ReadWritePaths={' '.join(unit_word(str(path)) for path in _writable(plan))}",
    ]


def _homes(plan: Plan) -> Iterator[str]:
    if any(_below(path, ("/home", "/root", "/run/user")) for path in plan.needed):
        yield "# Python, the configuration or articles lie there."
        yield "ProtectHome=read-only"
    else:
        yield "ProtectHome=true"


def _temporary(plan: Plan) -> Iterator[str]:
    if any(_below(path, ("/tmp", "/var/tmp")) for path in plan.needed):  # noqa: S108 - of others
        yield "# PrivateTmp would hide what it needs: something of it lies below /tmp."
        yield "PrivateTmp=false"
    else:
        yield "PrivateTmp=true"


def _below(path: Path, folders: Iterable[str]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _writable(plan: Plan) -> Iterator[Path]:
    for path in plan.writable:
        if path == Path("/"):
            raise ConfigError(
                "the configuration lets feedsvc write into the root folder",
                hint="give store and output folders of their own",
            )
        # One in another is written by that one's leave.
        if not any(path != other and path.is_relative_to(other) for other in plan.writable):
            yield path
