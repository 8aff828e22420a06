"""Work done aside, with real child processes: what they run is the standard library's."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from feedsvc.aside import Aside, AsideError, AsideTimeoutError
from feedsvc.errors import ConfigError, FeedsvcError, ParseError, SourceError

MIB = 1024 * 1024


def aside_run(
    work: Callable[[Aside], Awaitable[Any]],
    *,
    seconds: float = 30.0,
    memory: int = 300 * MIB,
    answer: int = 64 * MIB,
) -> Any:
    """What `work` returns; the Aside is closed behind it, and nothing of it may be left."""

    async def main() -> Any:
        async with Aside(seconds=seconds, memory=memory, answer=answer) as aside:
            return await work(aside)

    result = asyncio.run(main())
    gc.collect()  # an unclosed transport would warn now
    return result


def call(target: str, *args: Any, **options: Any) -> Any:
    """The result of one call in a child of its own."""
    return aside_run(lambda aside: aside.call(target, *args), **options)


def execute(script: str, **options: Any) -> Any:
    return call("builtins:exec", script, **options)


def alive(pid: int) -> bool:
    """Whether there is such a process, even as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# --- results


def test_the_result_comes_from_another_process() -> None:
    assert call("os:getpid") != os.getpid()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="nothing"),
        pytest.param(b"\0\xff" * 1_000, id="bytes"),
        pytest.param("Gr\u00fc\u00dfe \ud800", id="text-with-a-lone-surrogate"),
        pytest.param(b"x" * (15 * MIB), id="fifteen-mebibytes"),
        pytest.param([{"a": (1, 2.5)}, frozenset({3})], id="a-nest-of-containers"),
    ],
)
def test_values_come_back_as_they_went(value: object) -> None:
    assert call("copy:copy", value) == value


def test_keywords_are_passed() -> None:
    answer = aside_run(lambda aside: aside.call("builtins:sorted", [1, 3, 2], reverse=True))

    assert answer == [3, 2, 1]


def test_one_child_serves_many_calls() -> None:
    async def work(aside: Aside) -> set[int]:
        return {await aside.call("os:getpid") for _ in range(200)}

    assert len(aside_run(work)) == 1


def test_calls_at_the_same_time_take_turns_in_one_child() -> None:
    async def work(aside: Aside) -> list[list[int]]:
        calls = (f"[{n}, __import__('os').getpid()]" for n in range(20))
        return list(await asyncio.gather(*(aside.call("builtins:eval", one) for one in calls)))

    answers = aside_run(work)

    assert [number for number, _ in answers] == list(range(20))
    assert len({pid for _, pid in answers}) == 1


def test_an_answer_that_we_are_too_busy_to_take_is_not_too_late() -> None:
    async def work(aside: Aside) -> Any:
        await aside.call("os:getpid")  # its start is not what is measured
        answer = asyncio.create_task(aside.call("time:sleep", 0.1))
        await asyncio.sleep(0.05)
        time.sleep(2)  # reading a large document does the same to the loop
        return await answer

    assert aside_run(work, seconds=1.0) is None


def test_no_child_is_started_before_the_first_call() -> None:
    script = (
        "import asyncio, os\n"
        "from feedsvc.aside import Aside\n"
        "async def main():\n"
        "    async with Aside():\n"
        "        os.waitpid(-1, os.WNOHANG)\n"
        "asyncio.run(main())\n"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)

    assert b"ChildProcessError" in done.stderr


def test_what_a_function_prints_is_swallowed(capfd: pytest.CaptureFixture[str]) -> None:
    async def work(aside: Aside) -> int:
        await aside.call("builtins:exec", "import sys; print('x' * 300_000)")
        await aside.call("builtins:exec", "import sys; sys.stderr.write('y\\n' * 300_000)")
        await aside.call("os:write", 1, b"past the buffers")
        answer: int = await aside.call("builtins:len", "four")
        return answer

    answer = aside_run(work)

    assert answer == 4
    assert capfd.readouterr() == ("", "")


def test_reading_standard_input_takes_nothing_from_the_calls() -> None:
    async def work(aside: Aside) -> tuple[str, int]:
        return await aside.call("builtins:eval", "__import__('sys').stdin.read()"), 1

    assert aside_run(work) == ("", 1)


def test_the_child_imports_only_what_is_asked_for() -> None:
    loaded = call("builtins:eval", "set(__import__('sys').modules)")

    assert not loaded & {"asyncio", "feedsvc", "lxml", "feedparser", "email"}


# --- errors of the function


def test_our_own_errors_arrive_as_they_were_raised() -> None:
    with pytest.raises(ParseError) as caught:
        call("feedsvc.text.encoding:decode", b"\x1f\x8b\x08")

    assert type(caught.value) is ParseError
    assert str(caught.value) == "not a text file: it is a gzip archive"
    assert caught.value.hint is not None


def test_the_class_of_our_own_error_is_kept() -> None:
    script = "from feedsvc.errors import ConfigError; raise ConfigError('wrong', hint='right')"

    with pytest.raises(ConfigError) as caught:
        execute(script)

    assert caught.value.line == "wrong (right)"


def test_an_error_that_cannot_be_pickled_keeps_its_message() -> None:
    script = (
        "from feedsvc.errors import FeedsvcError\n"
        "class Odd(FeedsvcError):\n"
        "    def __init__(self, a, b): super().__init__(a + b, hint='so')\n"
        "raise Odd('on', 'e')"
    )

    with pytest.raises(ParseError) as caught:
        call("builtins:exec", script, {})

    assert caught.value.line == "one (so)"


@pytest.mark.parametrize(
    ("target", "args", "message"),
    [
        pytest.param(
            "operator:truediv", (1, 0), "ZeroDivisionError: division by zero", id="its-type-is-told"
        ),
        pytest.param(
            "builtins:exec", ("raise ValueError",), "it cannot be read: ValueError", id="no-words"
        ),
        pytest.param(
            "builtins:exec",
            ("raise ValueError('\\x1b[31m' + 'w' * 10_000)",),
            "ValueError: [31m" + "w" * 295,
            id="control-characters-and-length-are-bounded",
        ),
        pytest.param(
            "builtins:exec",
            ("def deep(): deep()\ndeep()", {}),
            "RecursionError: maximum recursion depth exceeded",
            id="endless-recursion",
        ),
        pytest.param("builtins:eval", ("lambda: 0",), "pickle", id="no-value-to-send"),
        pytest.param("nowhere.at.all:read", (), "ModuleNotFoundError", id="no-such-module"),
    ],
)
def test_any_other_exception_is_a_parse_error(
    target: str, args: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(ParseError, match="it cannot be read: ") as caught:
        call(target, *args)

    assert message in str(caught.value)
    assert not isinstance(caught.value, AsideError)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_a_child_survives_the_errors_of_its_functions() -> None:
    async def work(aside: Aside) -> tuple[int, int]:
        first = await aside.call("os:getpid")
        for _ in range(20):
            with pytest.raises(ParseError):
                await aside.call("operator:truediv", 1, 0)
        return first, await aside.call("os:getpid")

    first, last = aside_run(work)

    assert first == last


def test_an_argument_that_cannot_be_sent_is_the_callers_mistake() -> None:
    with pytest.raises((TypeError, AttributeError), match="pickle"):
        call("builtins:len", (n for n in "x"))


# --- bounds


def test_a_call_that_takes_too_long_is_killed() -> None:
    async def work(aside: Aside) -> tuple[int, int]:
        first = await aside.call("os:getpid")
        with pytest.raises(AsideTimeoutError, match="longer than 2 s"):
            await aside.call("time:sleep", 600)
        assert not alive(first)
        return first, await aside.call("os:getpid")

    first, second = aside_run(work, seconds=2)

    assert first != second


def test_a_loop_inside_c_is_killed_too() -> None:
    with pytest.raises(AsideTimeoutError):
        call("re:match", "(a*)*b", "a" * 40, seconds=1)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the address space")
@pytest.mark.parametrize(
    "script",
    [
        pytest.param("bytearray(400 << 20)", id="at-once"),
        pytest.param("[bytes(1 << 20) for _ in range(400)]", id="bit-by-bit"),
        pytest.param("'ab' * (1 << 60)", id="more-than-there-is"),
    ],
)
def test_a_call_that_takes_too_much_memory_fails(script: str) -> None:
    async def work(aside: Aside) -> int:
        with pytest.raises(AsideError, match="more than 300 MiB of memory"):
            await aside.call("builtins:eval", script)
        answer: int = await aside.call("builtins:len", "four")
        return answer

    assert aside_run(work) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the address space")
def test_a_child_that_has_grown_is_exchanged() -> None:
    async def work(aside: Aside) -> list[int]:
        grow = "import sys; sys.modules['kept'] = bytearray(200 << 20)"
        first = await aside.call("os:getpid")
        await aside.call("builtins:exec", grow)
        return [first, await aside.call("os:getpid")]

    first, second = aside_run(work)

    assert first != second


def test_a_result_that_is_too_large_is_refused_in_the_child() -> None:
    async def work(aside: Aside) -> tuple[int, int]:
        first = await aside.call("os:getpid")
        with pytest.raises(ParseError, match="larger than 1 MiB"):
            await aside.call("builtins:bytes", 2 * MIB)
        return first, await aside.call("os:getpid")

    first, second = aside_run(work, answer=MIB)

    assert first == second


@pytest.mark.parametrize(
    ("target", "args", "ending"),
    [
        pytest.param("os:_exit", (7,), "ended with exit code 7", id="it-exits"),
        pytest.param("os:_exit", (0,), "ended with exit code 0", id="it-exits-as-if-all-were-well"),
        pytest.param("sys:exit", (3,), "ended with exit code 3", id="it-leaves-in-order"),
        pytest.param("os:abort", (), "was killed by SIGABRT", id="it-aborts"),
        pytest.param("ctypes:string_at", (0,), "was killed by SIGSEGV", id="it-has-no-such-memory"),
        pytest.param("signal:raise_signal", (9,), "was killed by SIGKILL", id="somebody-kills-it"),
        pytest.param("signal:raise_signal", (40,), "was killed by signal 40", id="no-name"),
        pytest.param(
            "builtins:exec",
            ("import os; os.write(2, b'one\\n\\x1b[1mtwo\\n\\n'); os._exit(1)",),
            "ended with exit code 1:  [1mtwo",
            id="its-last-line-is-told",
        ),
        pytest.param(
            "builtins:exec",
            ("import os; os.write(2, b'z' * 500_000); os._exit(1)",),
            "ended with exit code 1: " + "z" * 200,
            id="its-last-line-is-bounded",
        ),
        pytest.param("os:closerange", (3, 50), "ended with exit code 1", id="it-loses-its-pipes"),
    ],
)
def test_a_crash_fails_its_own_call_only(target: str, args: tuple[Any, ...], ending: str) -> None:
    async def work(aside: Aside) -> tuple[str, int]:
        with pytest.raises(AsideError) as caught:
            await aside.call(target, *args)
        return str(caught.value), await aside.call("builtins:len", "four")

    message, answer = aside_run(work)

    assert message.startswith(f"the process that read it {ending}")
    assert message.isprintable()
    assert len(message) < 300
    assert answer == 4


def test_a_child_killed_between_two_calls_is_replaced() -> None:
    async def work(aside: Aside) -> tuple[int, int]:
        first = await aside.call("os:getpid")
        os.kill(first, signal.SIGKILL)
        while alive(first):  # until the loop has collected it
            await asyncio.sleep(0.01)
        return first, await aside.call("os:getpid")

    first, second = aside_run(work)

    assert first != second


# --- ends


def test_a_cancelled_call_kills_the_child_and_the_next_has_its_own_answer() -> None:
    async def work(aside: Aside) -> tuple[int, str]:
        first = await aside.call("os:getpid")
        task = asyncio.create_task(aside.call("time:sleep", 600))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return first, await aside.call("copy:copy", "mine")

    first, answer = aside_run(work)

    assert not alive(first)
    assert answer == "mine"


def test_a_call_cancelled_while_the_child_starts_leaves_nothing() -> None:
    async def work(aside: Aside) -> None:
        for turns in range(12):
            task = asyncio.create_task(aside.call("time:sleep", 600))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    before = children()
    aside_run(work)

    assert children() <= before


def test_closing_ends_the_child_and_a_call_under_way() -> None:
    async def work() -> tuple[int, BaseException | None]:
        aside = Aside()
        pid = await aside.call("os:getpid")
        task = asyncio.create_task(aside.call("time:sleep", 600))
        await asyncio.sleep(0.1)
        await aside.close()
        await asyncio.wait([task])
        await aside.close()
        return pid, task.exception()

    pid, error = asyncio.run(work())

    assert not alive(pid)
    assert isinstance(error, SourceError)
    assert error.retryable
    assert "end of the run" in str(error)


def test_closing_while_the_child_starts_leaves_nothing() -> None:
    async def work() -> BaseException | None:
        aside = Aside()
        task = asyncio.create_task(aside.call("time:sleep", 600))
        await asyncio.sleep(0)
        await aside.close()
        await asyncio.wait([task])
        return task.exception()

    before = children()
    error = asyncio.run(work())

    assert isinstance(error, SourceError)
    assert children() <= before


def test_a_closed_aside_is_not_opened_again() -> None:
    async def work() -> None:
        aside = Aside()
        await aside.close()
        await aside.call("os:getpid")

    with pytest.raises(RuntimeError, match="after close"):
        asyncio.run(work())


PARENT = """
import asyncio, sys
from feedsvc.aside import Aside
async def main():
    aside = Aside(seconds=2)
    print(await aside.call("os:getpid"), flush=True)
    if {busy}:
        await aside.call("time:sleep", 600)
    await asyncio.sleep(600)
asyncio.run(main())
"""


@pytest.mark.parametrize(
    "busy", [pytest.param(False, id="an-idle-child"), pytest.param(True, id="a-busy-child")]
)
def test_a_child_ends_with_its_killed_parent(busy: bool) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT.format(busy=busy)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        if busy:
            time.sleep(0.5)  # until it sleeps: then only its own alarm can end it
        parent.kill()

    until = time.monotonic() + 30
    while running(child) and time.monotonic() < until:
        time.sleep(0.05)

    assert not running(child)


def running(pid: int) -> bool:
    """Whether a process that is no child of ours still works: nobody may collect an orphan here."""
    told = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(told.stdout.strip()) and not told.stdout.startswith("Z")


def test_an_interrupt_at_the_terminal_does_not_reach_the_child() -> None:
    async def work(aside: Aside) -> bool:
        pid = await aside.call("os:getpid")
        return os.getsid(pid) != os.getsid(0) and os.getpgid(pid) != os.getpgid(0)

    assert aside_run(work)


def test_nothing_is_left_after_hundreds_of_children() -> None:
    async def work(aside: Aside) -> int:
        with pytest.raises(FeedsvcError):
            await aside.call("os:_exit", 1)
        before = descriptors()
        for number in range(100):
            with pytest.raises(FeedsvcError):
                await aside.call("os:_exit", number)
        return descriptors() - before

    before = children()
    more = aside_run(work)

    assert more <= 0
    assert children() <= before


def children() -> set[int]:
    """The child processes of this one, zombies too: other tests may have left a server running."""
    with subprocess.Popen(
        ["ps", "-o", "pid=", "--ppid", str(os.getpid())], stdout=subprocess.PIPE, text=True
    ) as asked:
        told, _ = asked.communicate()
    return {int(pid) for pid in told.split()} - {asked.pid}


def descriptors() -> int:
    """How many files this process has open."""
    for place in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return len(list(Path(place).iterdir()))
    pytest.skip("open files cannot be counted here")


def test_a_working_directory_is_no_place_to_import_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "copy.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)

    assert call("copy:copy", 5) == 5
