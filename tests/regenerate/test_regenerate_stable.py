"""Same articles, same bytes: whatever happens around them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

Told = Callable[..., str]


def _three(service: Any, told: Told) -> None:
    service.write("a.txt", told("Ferry", "2025-05-01 08:00", Tags="sea", Autor="Jana Öhm"))
    service.write("b.txt", told("Bridge", "2025-05-02", "First.\n\nSecond & <third>."))
    service.write("c.txt", told("Lighthouse", "3. Mai 2025", Tags="sea, light", Teaser="Short."))


def _outcomes(report: Any) -> set[str]:
    return {publication.outcome for publication in report.publications}


def test_nothing_changed_so_nothing_is_written(
    service: Any, told: Told, rows: Callable[..., Any]
) -> None:
    _three(service, told)
    service.sync()
    files, stored = service.snapshot(), rows(service)
    service.clock.tick(days=3)

    synced = service.sync(force=True)
    regenerated = service.regenerate()

    assert _outcomes(synced.build) == _outcomes(regenerated) == {"unchanged"}
    assert service.snapshot() == files
    assert rows(service) == stored


def test_a_restart_changes_nothing(service: Any, told: Told, rows: Callable[..., Any]) -> None:
    _three(service, told)
    service.sync()
    files, stored = service.snapshot(), rows(service)
    service.clock.tick(days=40)

    service.restart()
    report = service.sync(force=True).build

    assert _outcomes(report) == {"unchanged"}
    assert service.snapshot() == files
    assert rows(service) == stored


def test_everything_rendered_anew_is_the_same(
    service: Any, told: Told, rows: Callable[..., Any]
) -> None:
    _three(service, told)
    service.sync()
    files, stored = service.snapshot(), rows(service)
    service.clock.tick(days=1)

    report = service.regenerate(everything=True)

    assert _outcomes(report) == {"unchanged"}
    assert service.snapshot() == files
    assert rows(service) == stored


def test_a_touched_file_is_no_news(service: Any, told: Told, rows: Callable[..., Any]) -> None:
    _three(service, told)
    service.sync()
    files, stored = service.snapshot(), rows(service, "article", "fragment", "ledger", "feed")
    service.clock.tick(hours=1)

    service.write("a.txt", told("Ferry", "2025-05-01 08:00", Tags="sea", Autor="Jana Öhm"))
    service.sync(force=True)

    assert service.snapshot() == files
    assert rows(service, "article", "fragment", "ledger", "feed") == stored


def test_a_new_store_publishes_the_same_bytes(
    make_service: Callable[..., Any], service: Any, told: Told
) -> None:
    other = make_service((service.root / "feedsvc.toml").read_text(), name="other")
    for one in (service, other):
        _three(one, told)
    service.sync()
    other.clock.tick(days=9)
    other.sync()

    bytes_of = [{path: body for path, (_, body) in s.snapshot().items()} for s in (service, other)]
    assert bytes_of[0] == bytes_of[1]


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param(
            {"TZ": "America/St_Johns", "PYTHONHASHSEED": "0"}, id="another-time-zone-and-hash-seed"
        ),
        pytest.param(
            {"LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "4711"}, id="another-locale-and-hash-seed"
        ),
        pytest.param({"LC_ALL": "POSIX", "PYTHONUTF8": "0"}, id="no-locale"),
    ],
)
def test_a_process_of_another_kind_publishes_the_same_bytes(
    service: Any, told: Told, environment: dict[str, str], rows: Callable[..., Any]
) -> None:
    _three(service, told)
    service.sync()
    files = service.snapshot()
    stored = rows(service, "article", "fragment", "ledger")
    service.restart()

    for command in (["sync", "--force"], ["regenerate", "--all"]):
        subprocess.run(
            [sys.executable, "-m", "feedsvc", "-C", str(service.root), "-q", *command],
            env={**os.environ, "NO_COLOR": "1", **environment},
            check=True,
            stdout=subprocess.DEVNULL,
        )

    assert service.snapshot() == files
    assert rows(service, "article", "fragment", "ledger") == stored


def test_an_empty_feed_is_valid_and_stable(service: Any) -> None:
    first = service.sync().build
    files = service.snapshot()
    service.clock.tick(days=400)

    second = service.regenerate(everything=True)

    assert _outcomes(first) == {"written"}
    assert _outcomes(second) == {"unchanged"}
    assert service.snapshot() == files
    assert all(publication.warnings == () for publication in first.publications)
