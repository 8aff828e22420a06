"""Groups of checks: none waits for another, none harms another, none tells a secret."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from feedsvc.app.doctor import Case, Check, Outcome, examine, exit_code, totals
from feedsvc.app.doctor.report import doubtful, in_bytes, in_time, left_out, well, wrong
from feedsvc.app.doctor.running import Group, run
from feedsvc.errors import StoreError
from feedsvc.ports import DAEMON
from tests.app.doctor.conftest import Ward
from tests.support import DEFAULT_CONFIG, Service


def group(name: str, *checks: Check, then: Callable[[], object] = lambda: None) -> Group:
    def examine(case: Case) -> Iterator[Check]:
        yield from checks
        then()

    return Group(name, examine, 30.0)


def test_checks_are_told_in_the_order_of_their_groups(ward: Ward) -> None:
    first_may_end = threading.Event()
    groups = [
        group("a", well("a", "1"), then=lambda: first_may_end.wait(30)),
        group("b", well("b", "2"), well("b.more", "3"), then=first_may_end.set),
    ]
    seen: list[tuple[int, int]] = []

    found = run(ward.case(), groups, lambda what, done, total: seen.append((done, total)))

    assert [check.name for check in found] == ["a", "b", "b.more"]
    assert (0, 2) in seen
    assert (1, 2) in seen


def _raise(error: Exception) -> Callable[[], object]:
    def work() -> None:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        pytest.param(StoreError("it is gone", hint="find it"), 6, "it is gone", id="one-of-ours"),
        pytest.param(OSError(5, "Input/output error", "/dev/sda"), 1, "/dev/sda: Input/output",
                     id="of-the-system"),
        pytest.param(KeyError("x"), 1, "the check itself failed: KeyError", id="a-fault"),
    ],
)  # fmt: skip
def test_a_group_that_fails_harms_no_other(
    error: Exception, code: int, words: str, ward: Ward
) -> None:
    groups = [group("a", well("a.1", "1"), then=_raise(error)), group("b", well("b", "2"))]

    found = run(ward.case(), groups)

    assert [check.name for check in found] == ["a.1", "a", "b"]
    assert (found[1].outcome, found[1].exit_code) == (Outcome.FAILED, code)
    assert words in found[1].message


def test_a_group_that_hangs_is_not_waited_for(ward: Ward) -> None:
    never = threading.Event()
    hanging = group("a", well("a.1", "1"), then=lambda: never.wait(60))._replace(seconds=0.3)

    found = run(ward.case(), [hanging, group("b", well("b", "2"))])
    never.set()

    assert [check.name for check in found] == ["a.1", "a", "b"]
    assert found[1].outcome is Outcome.FAILED
    assert "no answer within 0.3 seconds" in found[1].message


def test_exit_codes_by_their_rank() -> None:
    every = {code: wrong("x", "m", code=code) for code in (1, 3, 4, 5, 6, 8)}

    assert [
        exit_code(tuple(every[code] for code in codes))
        for codes in ([4], [4, 5], [4, 5, 8], [4, 5, 8, 6], [4, 5, 6, 3], [3, 6, 1])
    ] == [4, 5, 8, 6, 3, 1]
    assert exit_code([doubtful("x", "m"), well("x", "m"), left_out("x", "m")]) == 0


def test_totals() -> None:
    found = totals([well("a", ""), well("b", ""), doubtful("c", ""), wrong("d", "", code=5)])

    assert found == {"ok": 2, "warning": 1, "failed": 1, "skipped": 0}


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (in_bytes(0), "0 bytes"), (in_bytes(1023), "1023 bytes"), (in_bytes(1536), "1.5 KiB"),
        (in_bytes(5 * 1024**5), "5120.0 TiB"), (in_time(1), "1 second"),
        (in_time(90), "90 seconds"),
        (in_time(150), "2 minutes"), (in_time(86_400), "24 hours"), (in_time(200_000), "2 days"),
    ],
)  # fmt: skip
def test_numbers_in_words(told: str, words: str) -> None:
    assert told == words


# -- secrets -------------------------------------------------------------------------------------

SECRETS = {
    "PLANET_TOKEN": "tok-en-of-the-planet",
    "OPS": "ops-token-0123456789abcdef",
    "ADMIN": "admin-token-0123456789abcdef",
}
CONFIG = """
[ops]
feed = true
token = { env = "OPS" }
webhook = "https://hooks.example.org/T0P/s3cr3t-hook"
[server]
admin_token = { env = "ADMIN" }
[[source]]
name = "planet"
url = "https://reader:pa55word@planet.example.org/feed"
headers = { X-Api-Key = { env = "PLANET_TOKEN" } }
"""


def test_no_secret_is_told_wherever_it_stands(ward: Ward, service: Service) -> None:
    service.configure(DEFAULT_CONFIG + CONFIG)
    ward.environ.update(SECRETS)
    (ward.root / "feedsvc.toml").chmod(0o600)
    hook = "https://hooks.example.org/T0P/s3cr3t-hook"
    leaks = [*SECRETS.values(), hook, "https://reader:pa55word@planet.example.org/feed"]
    told: dict[str, Any] = {"pid": 1, "began": "", "refused": " ".join(leaks)}
    service.app.store.leave_remark(DAEMON, told, service.clock.now())

    with service.app.store.lock("daemon", timeout=0):
        found = examine(ward.case(offline=True))
    spoken = run(ward.case(), [group("a", well("a", f"line\n{leaks}\r\nline"))])

    said = json.dumps([[check.message, check.hint] for check in (*found, *spoken)])
    assert "refused the configuration" in said
    for secret in (*SECRETS.values(), "s3cr3t-hook", "pa55word"):
        assert secret not in said
    assert "\\n" not in said
    assert "\\r" not in said
