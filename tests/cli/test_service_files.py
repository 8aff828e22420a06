"""The files of a service, as systemd and cron read them, for paths that nobody would choose."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from feedsvc.cli.main import build_parser
from feedsvc.cli.service import crontab, units
from feedsvc.cli.service.plan import Plan
from feedsvc.cli.service.quoting import LONGEST_LINE, comment, cron_line, unit_line, unit_word
from feedsvc.errors import ConfigError, UsageError

CONFIG = Path(__file__).parents[2] / "config"
ANALYZE = shutil.which("systemd-analyze")

# As on a machine that was set up by hand: what config/systemd and config/cron.example show.
USUAL = Plan(
    name="feedsvc",
    system=True,
    user="feedsvc",
    python=Path("/opt/feedsvc/bin/python"),
    config=Path("/etc/feedsvc/feedsvc.toml"),
    title="Harbour News",
    writable=(Path("/var/lib/feedsvc"), Path("/var/backups/feedsvc")),
    needed=(Path("/opt/feedsvc/bin/python"), Path("/etc/feedsvc/feedsvc.toml")),
    backup=True,
    zone="Europe/Berlin",
)
ODD = [
    pytest.param("plain", id="plain"),
    pytest.param("two words  ", id="spaces"),
    pytest.param("100%s of %h", id="specifiers-of-systemd"),
    pytest.param("$HOME and ${USER}", id="variables"),
    pytest.param('it\'s "so"', id="quotes"),
    pytest.param("back\\slash\\\\es\\", id="backslashes"),
    pytest.param("a\\%b\\\\%c", id="backslashes-before-percent"),
    pytest.param("; rm -rf #", id="the-end-of-a-command"),
    pytest.param("`id` $(id) & * ? [a] ~ {b,c} | < >", id="a-shell-would-love-it"),
    pytest.param("Fähre ⛴ 渡", id="beyond-ascii"),
    pytest.param("-c", id="looks-like-an-option"),
]


def odd(plan: Plan, folder: Path) -> Plan:
    """The plan of somebody who keeps everything in a folder of that name."""
    return replace(
        plan,
        python=folder / "bin" / "python",
        config=folder / "feedsvc.toml",
        writable=(folder / "var", folder / "public"),
        needed=(folder,),
    )


# -- systemd -------------------------------------------------------------------------------------


def words_of(line: str) -> list[str]:
    """A line of a unit as systemd.syntax(7) splits it: quotes, backslashes, then specifiers."""
    words = [word[0] for word in re.finditer(r"""(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*")+""", line)]
    assert "".join(words).replace(" ", "") == line.replace(" ", "")
    plain = [re.sub(r'\\(.)|"', lambda found: found[1] or "", word) for word in words]
    assert not any(re.search(r"(?<!%)(?:%%)*%(?!%)", word) for word in plain), "a specifier"
    return [word.replace("%%", "%") for word in plain]


def setting(text: str, name: str) -> str:
    (found,) = re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)
    return str(found)


@pytest.mark.parametrize("name", ODD)
def test_systemd_reads_every_path_as_it_is(name: str) -> None:
    plan = odd(USUAL, Path("/srv") / name)

    (text,) = units.daemon(plan).values()

    program, *others = words_of(setting(text, "ExecStart"))
    assert program[0] == ":"  # no variables in what follows
    by_shell = ["/bin/sh", "-c", 'exec "$0" "$@"'] if set(name) & set("\"'\\") else []
    assert [program[1:], *others] == [*by_shell, *plan.command("run")]
    assert words_of(setting(text, "ReadWritePaths")) == [str(path) for path in plan.writable]
    assert setting(text, "EnvironmentFile").replace("%%", "%") == f"-/srv/{name}/feedsvc.env"


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("system", [True, False], ids=["system", "user"])
def test_systemd_finds_nothing_to_complain_of(name: str, system: bool, tmp_path: Path) -> None:
    """It looks for the program, too: so it has read its path as we meant it."""
    plan = odd(replace(USUAL, system=system, user="root" if system else None), tmp_path / name)
    plan.python.parent.mkdir(parents=True)
    plan.python.symlink_to(sys.executable)
    (tmp_path / "daemon").mkdir()
    (tmp_path / "timers").mkdir()
    for file, text in units.daemon(plan).items():
        (tmp_path / "daemon" / file).write_text(text, encoding="utf-8")
    for file, text in units.timers(plan).items():
        (tmp_path / "timers" / file).write_text(text, encoding="utf-8")

    for folder in ("daemon", "timers"):
        done = subprocess.run(
            [str(ANALYZE), "verify", *([] if system else ["--user"]),
             *map(str, (tmp_path / folder).iterdir())],
            capture_output=True, text=True, check=False,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        )  # fmt: skip

        assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
def test_the_judge_of_units_does_judge(tmp_path: Path) -> None:
    (text,) = units.daemon(USUAL).values()  # with a Python that is not there
    (tmp_path / "feedsvc.service").write_text(text, encoding="utf-8")

    done = subprocess.run(
        [str(ANALYZE), "verify", str(tmp_path / "feedsvc.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode != 0
    assert "/opt/feedsvc/bin/python" in done.stderr


@pytest.mark.parametrize(
    ("change", "has", "lacks"),
    [
        pytest.param({}, ["ProtectHome=true", "PrivateTmp=true", "User=feedsvc",
                          "CapabilityBoundingSet="], ["AmbientCapabilities"], id="usual"),
        pytest.param({"port": 80}, ["CapabilityBoundingSet=CAP_NET_BIND_SERVICE",
                                    "AmbientCapabilities=CAP_NET_BIND_SERVICE"], [], id="port-80"),
        pytest.param({"port": 0}, ["CapabilityBoundingSet="], ["AmbientCapabilities"],
                     id="any-free-port-is-a-high-one"),
        pytest.param({"needed": (Path("/home/mara/articles"),)}, ["ProtectHome=read-only"],
                     ["ProtectHome=true"], id="articles-in-a-home"),
        pytest.param({"needed": (Path("/homes/mara"),)}, ["ProtectHome=true"], [],
                     id="not-everything-that-begins-so-is-a-home"),
        pytest.param({"needed": (Path("/tmp/x/bin/python"),)}, ["PrivateTmp=false"],
                     ["PrivateTmp=true"], id="python-below-tmp"),
        pytest.param({"system": False, "user": None},
                     ["NoNewPrivileges=true", "WantedBy=default.target"],
                     ["ProtectSystem", "ReadWritePaths", "User=", "network-online", "PrivateTmp"],
                     id="a-user-has-no-namespaces"),
        pytest.param({"writable": (Path("/srv/x"), Path("/srv/x/public"), Path("/srv/xy"))},
                     ["ReadWritePaths=/srv/x /srv/xy"], [], id="one-folder-in-another"),
        pytest.param({"title": "100%\nExecStart=/bin/evil \\"},
                     ["Description=feedsvc: 100%% ExecStart=/bin/evil"], ["\nExecStart=/bin"],
                     id="a-title-is-no-setting"),
    ],
)  # fmt: skip
def test_a_unit_follows_its_configuration(
    change: dict[str, object], has: list[str], lacks: list[str]
) -> None:
    (text,) = units.daemon(replace(USUAL, **change)).values()  # type: ignore[arg-type]

    lines = text.splitlines()
    assert [line for line in has if line not in lines] == []
    assert [word for word in lacks if word in text] == []


def test_a_user_cannot_listen_on_a_low_port() -> None:
    with pytest.raises(UsageError, match="port 443 is reserved"):
        units.daemon(replace(USUAL, system=False, port=443))


def test_nothing_may_write_everywhere() -> None:
    with pytest.raises(ConfigError, match="root folder"):
        units.daemon(replace(USUAL, writable=(Path("/"),)))


@pytest.mark.parametrize(
    ("fields", "calendar"),
    [
        pytest.param("5 4 * * *", "*-*-* 04:05:00 Europe/Berlin", id="at-a-time-of-day"),
        pytest.param("*/7 1-3 * * 5", "*-*-* 03:30:00 Europe/Berlin", id="otherwise-by-night"),
    ],
)
def test_the_night_of_a_timer(fields: str, calendar: str) -> None:
    text = units.timers(replace(USUAL, nightly=fields))["feedsvc-nightly.timer"]

    assert setting(text, "OnCalendar") == calendar


@pytest.mark.parametrize("write", [unit_word, unit_line, lambda word: cron_line([(word,)])])
@pytest.mark.parametrize("word", ["a\nb", "a\tb", "a\x7f", "a\udcff", "\x00"])
def test_what_no_file_can_hold_is_refused(write: object, word: str) -> None:
    with pytest.raises(ConfigError, match="control character"):
        write(word)  # type: ignore[operator]


@pytest.mark.parametrize("line", [" a", "a ", "a\\"])
def test_the_ends_of_a_line_are_not_systemds_to_change(line: str) -> None:
    with pytest.raises(ConfigError):
        unit_line(line)


def test_a_comment_is_one_line() -> None:
    assert comment("a\x1b[2J\n [Service]\u2028%n \\") == "a [2J [Service] %%n"


# -- cron ----------------------------------------------------------------------------------------


def as_cron_reads(line: str) -> str:
    """The command of a line: cron(8) ends it at a bare percent sign, and takes escapes away."""
    out, escaped = "", False
    for char in line:
        if escaped:
            out = out[:-1] + char if char == "%" else out + char
            escaped = False
        elif char == "%":
            return out
        else:
            out += char
            escaped = char == "\\"
    return out


@pytest.mark.parametrize("name", ODD)
def test_cron_and_its_shell_read_every_path_as_it_is(name: str, tmp_path: Path) -> None:
    plan = odd(USUAL, tmp_path / name)
    plan.python.parent.mkdir(parents=True)
    plan.python.write_text('#!/bin/sh\nfor one in "$@"; do printf "%s\\n" "$one"; done >&2\n')
    plan.python.chmod(0o755)
    jobs = [line for line in crontab.lines(plan).splitlines() if line and line[0] != "#"]

    verbs: list[list[tuple[str, ...]]] = [[("sync",)], [("backup", "--rotate"), ("prune",)]]
    for job, given in zip(jobs, verbs, strict=True):
        *_, user, command = job.split(" ", 6)
        done = subprocess.run(
            ["/bin/sh", "-c", as_cron_reads(command)], capture_output=True, text=True, check=True
        )

        assert user == "feedsvc"
        commands = [list(plan.command(*verb, "-q"))[1:] for verb in given]
        assert done.stderr.splitlines() == [word for words in commands for word in words]
        assert done.stdout == ""


def test_a_users_lines_name_no_user() -> None:
    lines = crontab.lines(replace(USUAL, system=False, user=None))

    assert "*/5 * * * * /opt/feedsvc/bin/python -P -m feedsvc" in lines


@pytest.mark.parametrize(
    ("fields", "written"),
    [
        pytest.param("0 4 * * 1-5", "0 4 * * 1-5", id="what-every-cron-knows"),
        pytest.param("0 4 L * *", "30 3 * * *", id="the-last-day-of-a-month-is-none"),
        pytest.param("0 4 * * 1#2", "30 3 * * *", id="nor-the-second-monday"),
    ],
)
def test_the_night_of_cron(fields: str, written: str) -> None:
    lines = crontab.lines(replace(USUAL, nightly=fields))

    assert f"\n{written} feedsvc " in lines


def test_cron_is_told_of_secrets_and_refuses_what_it_cannot_do() -> None:
    assert "# FEED_PASSWORD=… has" in crontab.lines(replace(USUAL, variables=("FEED_PASSWORD",)))
    with pytest.raises(UsageError, match="by their names"):
        crontab.lines(replace(USUAL, user="10001"))
    with pytest.raises(ConfigError, match=f"up to {LONGEST_LINE}"):
        crontab.lines(replace(USUAL, config=Path("/" + "x" * 999)))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param("", id="empty"),
        pytest.param("MAILTO=me\n1 2 * * * true\n", id="with-lines-of-others"),
        pytest.param("1 2 * * * true", id="without-a-line-end"),
        pytest.param("# BEGIN other\nx\n# END other\n", id="with-a-part-of-others"),
    ],
)
def test_our_part_of_a_crontab_comes_and_goes(before: str) -> None:
    first = crontab.with_part(before, "feedsvc", "a\n")
    second = crontab.with_part(first + "9 9 * * * later\n", "feedsvc", "b \\1\nc\n")

    assert crontab.part_of(before, "feedsvc") is None
    assert crontab.part_of(first, "feedsvc") == "a\n"
    assert crontab.part_of(second, "feedsvc") == "b \\1\nc\n"
    whole = before if not before or before.endswith("\n") else before + "\n"
    assert crontab.with_part(second, "feedsvc", "") == f"{whole}9 9 * * * later\n"


# -- what is shipped -----------------------------------------------------------------------------


def test_the_examples_are_what_would_be_written() -> None:
    for name, text in units.daemon(USUAL).items():
        assert (CONFIG / "systemd" / name).read_text(encoding="utf-8") == text
    assert (CONFIG / "cron.example").read_text(encoding="utf-8") == crontab.lines(USUAL)


@pytest.mark.parametrize(
    "verb", [("run",), ("sync", "-q"), ("backup", "--rotate", "-q"), ("prune", "-q")]
)
def test_every_command_they_give_is_one(verb: tuple[str, ...]) -> None:
    args = build_parser().parse_args(USUAL.command(*verb)[4:])

    assert args.command == verb[0]
    written = "".join(units.daemon(USUAL).values()) + "".join(units.timers(USUAL).values())
    assert shlex.join(("-m", "feedsvc", *USUAL.command(*verb)[4:])) in written
