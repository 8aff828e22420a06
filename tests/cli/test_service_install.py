"""`feedsvc service`: what is written where, for a user, for a machine, and for an image."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from tests.support import Shell

# Programs of the system, as far as `service` speaks to them; each notes what it was asked.
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$0.log"
case "$*" in
  *is-active*) echo active ;;
  *broken*) echo "Failed to enable unit: Unit broken.service does not exist." >&2; exit 1 ;;
esac
"""
CRONTAB = """#!/bin/sh
case "$1" in
  -l) [ -f "$0.txt" ] || { echo "no crontab for mara" >&2; exit 1; }; cat "$0.txt" ;;
  -) cat > "$0.txt" ;;
esac
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with systemctl and crontab."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in {"systemctl": SYSTEMCTL, "crontab": CRONTAB}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    return tmp_path / "home/systemd/user/feedsvc.service"


def asked(programs: Path) -> list[str]:
    log = programs / "systemctl.log"
    return log.read_text().splitlines() if log.exists() else []


# -- a service of one's own ----------------------------------------------------------------------


def test_it_is_written_and_its_folders_are_made(shell: Shell, programs: Path, unit: Path) -> None:
    done = shell.run("service", "install", "--user")

    assert (done.code, done.out) == (0, f"{unit}: written\n")
    assert done.err == (
        "next: systemctl --user daemon-reload && systemctl --user enable --now feedsvc.service"
        " && loginctl enable-linger\n"
    )
    assert f"-c {shell.root}/feedsvc.toml run\n" in unit.read_text()
    assert stat.S_IMODE(unit.stat().st_mode) == 0o644
    assert (shell.root / "var").is_dir()
    assert (shell.root / "public").is_dir()
    assert asked(programs) == []
    assert [path.name for path in unit.parent.iterdir()] == ["feedsvc.service"]


def test_again_is_no_change(shell: Shell, unit: Path) -> None:
    shell.run("service", "install", "--user")
    before = unit.stat()

    done = shell.run("service", "install", "--user", "--json")

    assert done.code == 0
    assert done.json["schema"] == "feedsvc.service-install/1"
    assert done.json["files"] == [{"path": str(unit), "outcome": "unchanged"}]
    assert (unit.stat().st_mtime_ns, unit.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_what_differs_stays_without_force(shell: Shell, unit: Path) -> None:
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/mine\n")

    done = shell.run("service", "install", "--user")
    forced = shell.run("service", "install", "--user", "--force")

    assert (done.code, done.out) == (1, "")
    assert done.err == f"feedsvc: {unit} is there already, and differs\n--force overwrites it\n"
    assert (forced.code, forced.out) == (0, f"{unit}: written\n")


def test_of_several_files_none_is_written_if_one_is_somebody_elses(
    shell: Shell, unit: Path
) -> None:
    unit.parent.mkdir(parents=True)
    unit.with_name("feedsvc-nightly.timer").write_text("mine")

    done = shell.run("service", "install", "--user", "--timer")

    assert done.code == 1
    assert [path.name for path in unit.parent.iterdir()] == ["feedsvc-nightly.timer"]


def test_printing_writes_nothing(shell: Shell, unit: Path) -> None:
    done = shell.run("service", "install", "--user", "--print")
    listed = shell.run("service", "install", "--user", "--print", "--timer", "--json")

    assert done.code == 0
    assert done.out.startswith(f"# {unit}\n# Written by")
    assert [Path(file["path"]).name for file in listed.json["files"]] == [
        "feedsvc.service", "feedsvc.timer", "feedsvc-nightly.service", "feedsvc-nightly.timer",
    ]  # fmt: skip
    assert not unit.parent.exists()
    assert not (shell.root / "var").exists()


def test_now_starts_it_and_uninstall_ends_it(shell: Shell, programs: Path, unit: Path) -> None:
    started = shell.run("service", "install", "--user", "--now")
    ended = shell.run("service", "uninstall", "--user", "--now")

    assert (started.code, started.err) == (0, "")
    assert (ended.code, ended.out, ended.err) == (0, f"{unit}: removed\n", "")
    assert asked(programs) == [
        "--user daemon-reload",
        "--user enable --now feedsvc.service",
        "--user try-restart feedsvc.service",
        "--user disable --now feedsvc.service",
        "--user daemon-reload",
    ]


def test_what_systemctl_says_is_told(shell: Shell, programs: Path) -> None:
    done = shell.run("service", "install", "--user", "--now", "--name", "broken")

    assert done.code == 1
    assert "Unit broken.service does not exist." in done.err
    assert done.err.count("\n") <= 3


@pytest.mark.usefixtures("programs")
def test_uninstall_leaves_what_others_wrote(shell: Shell, unit: Path) -> None:
    nothing = shell.run("service", "uninstall", "--user")
    unit.parent.mkdir(parents=True)
    unit.write_text("[Service]\nExecStart=/bin/mine\n")
    wants = unit.parent / "default.target.wants"
    wants.mkdir()
    (wants / unit.name).symlink_to(unit)

    done = shell.run("service", "uninstall", "--user")
    forced = shell.run("service", "uninstall", "--user", "--force", "--json")

    assert nothing.code == 7
    assert done.code == 1
    assert f"{unit} was not written by" in done.err
    assert forced.json["files"] == [str(unit)]
    assert forced.json["next"][0] == "systemctl --user stop feedsvc.service"
    assert list(wants.iterdir()) == []


@pytest.mark.usefixtures("programs")
def test_status_tells_of_a_changed_configuration(shell: Shell, unit: Path) -> None:
    nothing = shell.run("service", "status", "--user")
    shell.run("service", "install", "--user", "--timer")
    current = shell.run("service", "status", "--user", "--json")
    config = (shell.root / "feedsvc.toml").read_text()
    shell.configure(config.replace('timezone = "Europe/Berlin"', 'timezone = "Asia/Tokyo"'))

    outdated = shell.run("service", "status", "--user")

    assert nothing.code == 7
    assert {(one["state"], one["active"]) for one in current.json["files"]} == {
        ("current", "active")
    }
    assert len(current.json["files"]) == 4
    rows = [line.split()[:2] for line in outdated.out.splitlines()[1:]]
    assert [unit.with_name("feedsvc-nightly.timer").as_posix(), "outdated"] in rows
    assert [unit.as_posix(), "current"] in rows
    assert "--force" in outdated.err


# -- what the service will see -------------------------------------------------------------------


def test_paths_of_the_configuration_count(shell: Shell, tmp_path: Path) -> None:
    logs, backups = tmp_path / "logs", tmp_path / "backups"
    config = (shell.root / "feedsvc.toml").read_text()
    shell.configure(
        f'{config}\n[server]\naccess_log = "{logs}/access.log"\nlisten = ":80"\n'
        f'[maintenance]\nbackup = "{backups}"\n[store]\nurl = "sqlite:///{tmp_path}/db/x.db"\n'
    )

    done = shell.run(
        "service", "install", "--system", "--run-as", "root", "--print", "--root", str(tmp_path)
    )

    assert done.code == 0, done.err
    writes = f"ReadWritePaths={tmp_path}/db {shell.root}/public {backups} {logs}\n"
    assert writes in done.out
    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" in done.out


def test_settings_of_this_terminal_are_not_those_of_the_service(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEEDSVC_PUBLISH__DIRECTORY", "elsewhere")
    monkeypatch.setenv("FEEDSVC_SERVER__LISTEN", ":81")
    (shell.root / "feedsvc.env").write_text("# ours\nFEEDSVC_SERVER__LISTEN=':82'\n")

    done = shell.run(
        "service", "install", "--system", "--run-as", "root", "--print", "--root", str(shell.root)
    )

    assert f"{shell.root}/public\n" in done.out
    assert "CAP_NET_BIND_SERVICE" in done.out
    assert "FEEDSVC_PUBLISH__DIRECTORY is set here and will not be for the service" in done.err
    assert "LISTEN" not in done.err


def test_secrets_of_the_environment_are_named_and_never_written(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, unit: Path
) -> None:
    monkeypatch.setenv("FEED_PASSWORD", "geheim")
    config = (shell.root / "feedsvc.toml").read_text()
    shell.configure(
        f'{config}\n[[source]]\nurl = "https://example.org/feed.xml"\n'
        'auth = { user = "x", password = { env = "FEED_PASSWORD" } }\n'
    )

    done = shell.run("service", "install", "--user")

    assert f"secrets: write FEED_PASSWORD as NAME=value into {shell.root}/feedsvc.env" in done.err
    assert f"EnvironmentFile=-{shell.root}/feedsvc.env\n" in unit.read_text()
    assert "geheim" not in unit.read_text() + done.out + done.err


# -- a service of the machine, in an image -------------------------------------------------------


def test_an_image_gets_its_files_below_root(shell: Shell, tmp_path: Path) -> None:
    image = tmp_path / "image"
    (image / "etc/cron.d").mkdir(parents=True)

    daemon = shell.run("service", "install", "--system", "--run-as", "nobody", "--root", str(image))
    cron = shell.run(
        "service", "install", "--system", "--run-as", "nobody", "--root", str(image), "--cron"
    )

    file = image / "etc/systemd/system/feedsvc.service"
    assert "\nUser=nobody\n" in file.read_text()
    assert daemon.err.startswith(f"next: install -d -o nobody {image}{shell.root}/var ")
    assert daemon.err.endswith(f"&& systemctl --root={image} enable feedsvc.service\n")
    assert " nobody " in (image / "etc/cron.d/feedsvc").read_text()
    assert cron.code == 0
    assert not (shell.root / "var").exists()
    gone = shell.run("service", "uninstall", "--system", "--root", str(image))
    assert gone.code == 0
    assert not file.exists()
    assert list((image / "etc/cron.d").iterdir()) == []


def test_status_of_an_image_knows_who_it_was_installed_for(shell: Shell, tmp_path: Path) -> None:
    image = str(tmp_path / "image")
    shell.run("service", "install", "--system", "--run-as", "nobody", "--root", image, "--cron")
    shell.run("service", "install", "--system", "--run-as", "nobody", "--root", image, "--timer")

    done = shell.run("service", "status", "--system", "--root", image, "--json")

    assert [one["state"] for one in done.json["files"]] == 5 * ["current"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give folders away")
def test_who_owns_the_store_runs_it(shell: Shell, tmp_path: Path) -> None:
    nobody = 65534
    refused = shell.run("service", "install", "--system", "--print", "--root", str(tmp_path))
    (shell.root / "var").mkdir()
    os.chown(shell.root / "var", nobody, nobody)

    done = shell.run("service", "install", "--system", "--print", "--root", str(tmp_path))

    assert refused.code == 2
    assert "root" in refused.err
    assert "--run-as" in refused.err
    assert "\nUser=nobody\n" in done.out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_without_the_right_it_says_so(shell: Shell) -> None:
    done = shell.run("service", "install", "--system", "--run-as", "root")

    assert done.code == 1
    assert "Permission denied" in done.err
    assert "sudo" in done.err


# -- cron ----------------------------------------------------------------------------------------


def test_lines_of_a_users_crontab(shell: Shell, programs: Path) -> None:
    (programs / "crontab.txt").write_text("MAILTO=mara\n")

    first = shell.run("service", "install", "--user", "--cron")
    again = shell.run("service", "install", "--user", "--cron")
    shell.configure((shell.root / "feedsvc.toml").read_text() + '[maintenance]\nat = "@weekly"\n')
    status = shell.run("service", "status", "--user")
    differs = shell.run("service", "install", "--user", "--cron")
    forced = shell.run("service", "install", "--user", "--cron", "--force")

    assert (first.out, again.out) == ("crontab: written\n", "crontab: unchanged\n")
    assert "outdated" in status.out
    assert (differs.code, forced.out) == (1, "crontab: written\n")
    text = (programs / "crontab.txt").read_text()
    assert text.startswith("MAILTO=mara\n# BEGIN feedsvc\n")
    assert text.count("*/5 * * * * ") == 1
    assert "\n0 0 * * 0 /" in text
    assert shell.run("service", "uninstall", "--user").out == "crontab: removed\n"
    assert (programs / "crontab.txt").read_text() == "MAILTO=mara\n"


def test_a_machine_without_cron(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(shell.root))

    done = shell.run("service", "install", "--user", "--cron")
    printed = shell.run("service", "install", "--user", "--cron", "--print")

    assert done.code == 1
    assert "no program named crontab" in done.err
    assert printed.code == 0
    assert printed.out.startswith("# Written by")


# -- what does not go together -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        pytest.param(("--user", "--system"), 2, "not allowed with", id="two-places"),
        pytest.param(("--timer", "--cron"), 2, "not allowed with", id="two-styles"),
        pytest.param(("--user", "--run-as", "x"), 2, "belongs to --system", id="another-user"),
        pytest.param(("--user", "--cron", "--now"), 2, "cron needs no start", id="cron-now"),
        pytest.param(("--user", "--name", "../x"), 2, "no name of a service", id="a-path-as-name"),
        pytest.param(("--user", "--name", "a.timer"), 2, "no name of a service", id="an-ending"),
        pytest.param(("--system", "--run-as", "a b"), 2, "no name of a user", id="no-user-name"),
        pytest.param(("--system", "--run-as", "nobody-here"), 3, "no user", id="unknown-user"),
        pytest.param(("--user", "--root", "x", "--now"), 2, "not running", id="now-in-an-image"),
        pytest.param(("--user", "--root", "x", "--cron"), 2, "no --root", id="users-crontab"),
    ],
)
def test_refused(options: tuple[str, ...], code: int, says: str, shell: Shell, unit: Path) -> None:
    done = shell.run("service", "install", *options)

    assert done.code == code
    assert says in done.err
    assert done.err.count("\n") <= 3
    assert not unit.exists()


def test_other_systems_have_cron_only(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")

    units = shell.run("service", "install", "--user")
    cron = shell.run("service", "install", "--user", "--cron", "--print")

    assert units.code == 2
    assert "launchd" in units.err
    assert cron.code == 0


def test_without_a_configuration(empty: Shell) -> None:
    assert empty.run("service", "install", "--user").code == 3
