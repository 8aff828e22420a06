"""The access log: what it says, what it never says, and that nothing keeps it from going on."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import time
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from feedsvc.serve import accesslog
from feedsvc.serve.accesslog import AccessLog
from feedsvc.serve.clients import Clients
from feedsvc.serve.options import Options
from feedsvc.serve.supervisor import ServerProcess
from tests.asking import Asked, asked

MOMENT = 1_741_154_401.9  # 2025-03-05 06:00:01 UTC
KEY = "MvwBuTUMauaYJ_XdtYXYYvUgyhsPRLh5"
COMBINED = re.compile(
    r'(\S+) (\S+) (\S+) \[([^\]]+)\] "([A-Z]+) (\S+) (HTTP/1\.[01])" (\d{3}) (\d+) '
    r'"([^"]*)" "([^"]*)"'
)


def private() -> frozenset[str]:
    return frozenset({"/premium/"})


def log_at(path: Path, clients: Clients | None = None) -> AccessLog:
    return AccessLog(path, private, clients=clients, now=lambda: MOMENT)


def written(path: Path, *requests: Asked, clients: Clients | None = None) -> list[str]:
    log = log_at(path, clients)
    for request in requests:
        log.note(request, 200, 17)
    asyncio.run(log.flush())
    return path.read_text("ascii").splitlines()


def test_a_line_is_in_the_combined_format(tmp_path: Path) -> None:
    request = asked(user_agent="newsboat/2.38", referer="https://example.org/page?a=b")

    (line,) = written(tmp_path / "var" / "access.log", request)

    assert line == (
        '- - - [05/Mar/2025:06:00:01 +0000] "GET /all/atom.xml HTTP/1.1" 200 17 '
        '"https://example.org/" "newsboat/2.38"'
    )


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param(asked(client="192.0.2.7:1"), "192.0.2.7", id="a-client"),
        pytest.param(asked(client="[2001:db8::7]:1"), "2001:db8::7", id="v6"),
        pytest.param(
            asked(client="10.0.0.1:1", x_forwarded_for="198.51.100.1, 192.0.2.7"),
            "192.0.2.7",
            id="behind-a-proxy",
        ),
        pytest.param(asked(client="10.0.0.1:1", x_forwarded_for='"\n'), "-", id="garbage"),
        pytest.param(asked(client=""), "-", id="a-unix-socket"),
    ],
)
def test_addresses_are_written_only_where_that_is_wanted(
    tmp_path: Path, request_: Asked, expected: str
) -> None:
    clients = Clients([ip_network("10.0.0.0/8")])

    assert written(tmp_path / "with", request_, clients=clients)[0].split()[0] == expected
    assert written(tmp_path / "without", request_)[0].split()[0] == "-"


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(asked(f"/premium/{KEY}/atom.xml"), id="in-the-path"),
        pytest.param(asked(f"/premium/{KEY}/atom.xml".replace("/", "//")), id="two-slashes"),
        pytest.param(asked(query=f"token={KEY}"), id="in-the-query"),
        pytest.param(asked(query=KEY), id="as-the-query"),
        pytest.param(
            asked(referer=f"https://news.example.org/premium/{KEY}/"), id="in-the-referer"
        ),
        pytest.param(asked(referer=f"https://u:{KEY}@example.org/"), id="as-a-password"),
        pytest.param(asked(referer=f"https://example.org/?{KEY}"), id="in-the-referers-query"),
        pytest.param(asked(referer=KEY), id="as-the-referer"),
        pytest.param(
            asked(f"/_websub/callback/{KEY}", query=f"hub.challenge={KEY}"), id="callback"
        ),
        pytest.param(asked(authorization=f"Bearer {KEY}"), id="as-the-token"),
    ],
)
def test_what_opens_a_door_is_never_written(tmp_path: Path, request_: Asked) -> None:
    (line,) = written(tmp_path / "access.log", request_)

    assert COMBINED.fullmatch(line)
    assert KEY[4:] not in line


@pytest.mark.parametrize(
    "evil", ["\n", "\r", '"', "\\", "\x00", "\x1b[31m", "\x7f", "ü", "\u2028", " "]
)
def test_nothing_a_client_sends_ends_a_field_or_a_line(tmp_path: Path, evil: str) -> None:
    text = f'a{evil}" 200 1 "-" "-{evil}b'
    request = asked(f"/{text}", user_agent=text, referer=f"https://{text}/")

    lines = written(tmp_path / "access.log", request, asked())

    assert len(lines) == 2
    found = COMBINED.fullmatch(lines[0])
    assert found is not None
    assert found[8] == "200"
    assert all(" " <= character <= "~" for character in lines[0])


def test_what_is_very_long_is_cut(tmp_path: Path) -> None:
    (line,) = written(tmp_path / "log", asked("/" + "ü" * 9_000, user_agent="x" * 60_000))

    assert len(line) < 10_000
    assert COMBINED.fullmatch(line)


def test_a_file_that_was_moved_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    log = log_at(path)

    async def go() -> None:
        log.note(asked("/one"), 200, 0)
        await log.flush()
        path.rename(tmp_path / "access.log.1")
        log.note(asked("/two"), 200, 0)
        await log.flush()
        path.unlink()
        log.note(asked("/three"), 200, 0)
        await log.flush()

    asyncio.run(go())

    assert "/one" in (tmp_path / "access.log.1").read_text()
    assert "/two" not in (tmp_path / "access.log.1").read_text()
    assert "/three" in path.read_text()


def test_what_a_disk_does_not_take_is_written_when_it_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "var" / "access.log"
    (tmp_path / "var").write_text("in the way")
    log = log_at(path)

    async def go() -> None:
        for name in "abc":
            log.note(asked(f"/{name}"), 200, 0)
            await log.flush()
        (tmp_path / "var").unlink()
        log.note(asked("/d"), 200, 0)
        await log.flush()

    asyncio.run(go())

    assert [line.split('"')[1].split()[1] for line in path.read_text().splitlines()] == [
        "/a", "/b", "/c", "/d",
    ]  # fmt: skip
    assert capsys.readouterr().err.count("the access log is not written") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_full_disk_costs_the_oldest_lines_in_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(accesslog, "_MOST_WAITING", 10)
    log = log_at(Path("/dev/full"))

    async def go() -> None:
        for number in range(40):
            log.note(asked(f"/{number}"), 200, 0)
            if number % 3 == 0:
                await log.flush()

    asyncio.run(go())

    assert capsys.readouterr().err == ("the access log is not written: No space left on device\n")
    waiting = [line.split()[6] for line in log._lines]
    assert waiting == [f"/{number}" for number in range(30, 40)]


# -- with a running server -------------------------------------------------------------------------


def serving(directory: Path, path: Path) -> tuple[ServerProcess, list[str]]:
    events: list[str] = []
    options = Options(access_log=path)
    server = ServerProcess(
        directory=directory, host="127.0.0.1", port=0, on_event=events.append, options=options
    )
    return server, events


def test_a_running_server_writes_it(
    tmp_path: Path,
    publish_site: Callable[[Path], None],
    ask: Callable[..., tuple[int, object, bytes]],
) -> None:
    publish_site(tmp_path / "public")
    path = tmp_path / "access.log"

    async def go() -> list[str]:
        server, events = serving(tmp_path / "public", path)
        async with server:
            port = int((server.address or "").rpartition(":")[2])
            for _ in range(2):  # the first is answered in the event loop, the second at once
                await asyncio.to_thread(ask, port, "/all/atom.xml", User_Agent="newsboat/2.38")
            await asyncio.to_thread(ask, port, "/all/atom.xml?x=y", "HEAD", Accept_Encoding="gzip")
            await asyncio.to_thread(ask, port, "/nothing%0Ahere")
            await asyncio.sleep(1.5)
            seen = path.read_text().count("\n")
            path.rename(tmp_path / "access.log.1")
            assert server.pid is not None
            os.kill(server.pid, signal.SIGHUP)
            await asyncio.to_thread(ask, port, "/health/live")
        assert seen == 4
        return events

    assert asyncio.run(go()) == []

    first = [COMBINED.fullmatch(x) for x in (tmp_path / "access.log.1").read_text().splitlines()]
    told = [(x[5], x[6], x[8], x[9], x[11]) for x in first if x]
    assert told[0][:3] == ("GET", "/all/atom.xml", "200")
    assert told[0] == told[1]
    assert int(told[0][3]) > 1000
    assert told[0][4] == "newsboat/2.38"
    assert told[2][:4] == ("HEAD", "/all/atom.xml?...", "200", "0")
    assert told[3][:3] == ("GET", "/nothing%0Ahere", "404")
    # What came last is written at the end.
    assert "GET /health/live" in path.read_text()


def test_a_log_that_cannot_be_written_keeps_no_reader_waiting(
    tmp_path: Path,
    publish_site: Callable[[Path], None],
    ask: Callable[..., tuple[int, object, bytes]],
) -> None:
    publish_site(tmp_path / "public")
    (tmp_path / "file").write_text("")

    async def go() -> list[str]:
        server, events = serving(tmp_path / "public", tmp_path / "file" / "access.log")
        async with server:
            port = int((server.address or "").rpartition(":")[2])
            for _ in range(3):
                status, _, _ = await asyncio.to_thread(ask, port, "/all/atom.xml")
                assert status == 200
                await asyncio.sleep(1.1)
        return events

    (event,) = asyncio.run(go())

    assert event == "the server says: the access log is not written: File exists"


def test_sighup_harms_no_server_without_a_log(
    tmp_path: Path,
    publish_site: Callable[[Path], None],
    ask: Callable[..., tuple[int, object, bytes]],
) -> None:
    publish_site(tmp_path)

    async def go() -> None:
        server = ServerProcess(directory=tmp_path, host="127.0.0.1", port=0)
        async with server:
            assert server.pid is not None
            os.kill(server.pid, signal.SIGHUP)
            time.sleep(0.2)
            port = int((server.address or "").rpartition(":")[2])
            assert (await asyncio.to_thread(ask, port, "/all/atom.xml"))[0] == 200

    asyncio.run(go())
