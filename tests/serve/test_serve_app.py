"""The application without its engine: what it answers when the machine fails it."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from feedsvc.serve.app import Application, send_file
from feedsvc.serve.files import Library, UnavailableError
from feedsvc.serve.headers import Fields
from feedsvc.serve.resource import OpenFile, Redirect, Resource
from tests.asking import Asked, asked


class Recorder:
    """Keeps the answer it is given."""

    status = 0
    fields: Fields = ()
    body = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b""

    def response_empty(self, status: int, headers: Fields, /) -> None:
        self.response_bytes(status, headers, b"")

    def response_bytes(self, status: int, headers: Fields, body: bytes, /) -> None:
        self.status, self.fields, self.body = status, headers, body

    def response_file_range(
        self, status: int, headers: Fields, file: str, start: int, stop: int, /
    ) -> None:
        raise AssertionError("nothing can be opened anew here")


class Failing(Library):
    """A directory on a disk that fails."""

    def __init__(self, error: Exception) -> None:
        super().__init__(Path("nowhere"))
        self._error = error

    async def get(self, path: str) -> Resource | Redirect | None:
        raise self._error


def answer(library: Library, request: Asked) -> Recorder:
    recorder = Recorder()
    asyncio.run(Application(library).__rsgi__(request, recorder))
    return recorder


def test_45_what_cannot_be_read_now_is_503_with_retry_after() -> None:
    recorder = answer(Failing(UnavailableError("disk")), asked("/all/atom.xml", host="localhost"))

    assert recorder.status == 503
    assert dict(recorder.fields)["retry-after"] == "30"
    assert dict(recorder.fields)["cache-control"] == "no-store"


def test_a_fault_of_ours_is_500_and_one_line_for_the_operator(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fault = OSError(errno.EIO, "a fault")

    recorder = answer(Failing(fault), asked("/all/atom.xml", host="localhost"))

    assert recorder.status == 500
    assert capsys.readouterr().err == f"GET '/all/atom.xml': {fault!r}\n"


def test_a_fault_tells_a_reader_nothing_of_the_machine() -> None:
    recorder = answer(
        Failing(OSError(errno.EIO, "secret", "/srv/secret")), asked("/all/", host="localhost")
    )

    assert b"secret" not in recorder.body


def test_where_descriptors_cannot_be_reopened_a_part_is_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    file = OpenFile(os.open(tmp_path / "a", os.O_RDONLY))
    recorder = Recorder()

    send_file(recorder, 206, (), file, 2, 5, reopen=False)

    assert (recorder.status, recorder.body) == (206, b"234")
