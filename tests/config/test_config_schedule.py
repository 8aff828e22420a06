"""How often sources are asked, and what the daemon does by the day: what is read, and shown."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from feedsvc.config import load, show
from feedsvc.settings import Cron, Every, Maintenance, Secret, Settings

Loaded = Callable[..., Settings]


@pytest.fixture
def loaded(tmp_path: Path) -> Loaded:
    def read(text: str, environ: dict[str, str] | None = None) -> Settings:
        (tmp_path / "feedsvc.toml").write_text(text, encoding="utf-8")
        return load(None, cwd=tmp_path, environ=environ or {})

    return read


@pytest.mark.parametrize(
    ("written", "every"),
    [
        pytest.param("0 6 * * *", Cron("0 6 * * *"), id="times-of-day"),
        pytest.param("  0\t6  * * * ", Cron("0 6 * * *"), id="however-they-are-spaced"),
        pytest.param("*/15 8-18 * * MON-FRI", Cron("*/15 8-18 * * mon-fri"), id="names-of-days"),
        pytest.param("0 0 1 JAN,jul *", Cron("0 0 1 jan,jul *"), id="names-of-months"),
        pytest.param("0 0 L * *", Cron("0 0 l * *"), id="the-last-of-a-month"),
        pytest.param("0 9 * * 1#1", Cron("0 9 * * 1#1"), id="the-first-monday"),
        pytest.param("0 6 * * 7", Cron("0 6 * * 7"), id="seven-is-sunday-too"),
        pytest.param("0 0 29 2 *", Cron("0 0 29 2 *"), id="a-day-of-leap-years"),
        pytest.param("0 0 31 2 1", Cron("0 0 31 2 1"), id="no-such-day-or-a-monday"),
        pytest.param("@daily", Cron("0 0 * * *"), id="a-word"),
        pytest.param("@Hourly", Cron("0 * * * *"), id="in-any-case"),
        pytest.param("@weekly", Cron("0 0 * * 0"), id="weekly"),
        pytest.param("@annually", Cron("0 0 1 1 *"), id="annually"),
        pytest.param("1w 2d 3h 4m 5s", timedelta(9, 11_045), id="five-words-of-a-duration"),
        pytest.param("90s", timedelta(seconds=90), id="a-duration"),
        pytest.param("auto", "auto", id="auto"),
    ],
)
def test_how_often(written: str, every: Every, loaded: Loaded) -> None:
    settings = loaded(f'[[source]]\nurl = "https://a.example.org/feed"\nevery = "{written}"\n')

    assert settings.sources[0].every == every


def test_times_of_day_for_all_reach_folders_and_feeds(loaded: Loaded) -> None:
    settings = loaded(
        '[defaults]\nevery = "0 6 * * *"\n[[source]]\npath = "a"\n'
        '[[source]]\nurl = "https://a.example.org/feed"\n'
        '[[source]]\npath = "b"\nevery = "1h"\n'
    )

    assert [one.every for one in settings.sources] == [
        Cron("0 6 * * *"), Cron("0 6 * * *"), timedelta(hours=1),
    ]  # fmt: skip


def test_they_are_shown_as_they_were_written(loaded: Loaded) -> None:
    shown = show(
        loaded(
            '[maintenance]\nat = "15 2 * * *"\nbackup = "copies"\nkeep_backups = 3\n'
            '[[source]]\npath = "a"\nevery = "@hourly"\nkeep = 500\nkeep_for = "1w"\n'
        )
    )

    source = shown["source"][0]
    assert (source["every"], source["keep"], source["keep_for"]) == ("0 * * * *", 500, "7d")
    assert shown["maintenance"]["at"] == "15 2 * * *"
    assert Path(shown["maintenance"]["backup"]).is_absolute()
    assert shown["maintenance"]["keep_backups"] == 3


def test_what_the_daemon_does_by_the_day(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded(
        '[maintenance]\nat = "0 4 * * sun"\nbackup = "copies"\nkeep_backups = 30\n'
        '[defaults]\nkeep_for = "90d"\n[[source]]\npath = "a"\n'
        '[[source]]\npath = "b"\nkeep = 10\nkeep_for = "1d"\n'
    )

    assert settings.maintenance == Maintenance(
        at=Cron("0 4 * * sun"), backup=tmp_path / "copies", keep_backups=30
    )
    assert [(one.keep, one.keep_for) for one in settings.sources] == [
        (None, timedelta(days=90)), (10, timedelta(days=1)),
    ]  # fmt: skip


def test_what_the_server_is_told(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded(
        '[server]\nadmin_token = { env = "ADMIN" }\ntrusted_proxies = ["127.0.0.1", "fd00::/8"]\n'
        'access_log = "logs/access.log"\naccess_log_addresses = true\n[[source]]\npath = "a"\n'
    )

    server = settings.server
    assert server.admin_token == Secret(env="ADMIN")
    assert server.trusted_proxies == (ip_network("127.0.0.1/32"), ip_network("fd00::/8"))
    assert server.access_log == tmp_path / "logs/access.log"
    assert server.access_log_addresses


def test_the_environment_says_it_too(loaded: Loaded) -> None:
    settings = loaded(
        '[[source]]\npath = "a"\n',
        {
            "FEEDSVC_DEFAULTS__EVERY": "0 6 * * *",
            "FEEDSVC_MAINTENANCE__AT": "@weekly",
            "FEEDSVC_SERVER__TRUSTED_PROXIES": "10.0.0.0/8",
        },
    )

    assert settings.sources[0].every == Cron("0 6 * * *")
    assert settings.maintenance.at == Cron("0 0 * * 0")
    assert settings.server.trusted_proxies == (ip_network("10.0.0.0/8"),)
