"""Regular expressions of the configuration, searched for so that none of them can hang a build.

An expression that repeats something may try more ways than there are atoms, on a text that somebody
else wrote: `(a+)+$`, or `.*` in a line of some megabytes. No thread can be stopped at that, and it
holds up all others. Such expressions are searched for in a child process, which is ended where it
takes too long, and has a successor for the texts behind.
"""

from __future__ import annotations

import atexit
import marshal
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from threading import Lock

from feedsvc.aside.searcher import HAS, LACKS, TOO_LARGE
from feedsvc.errors import SourceError

_CHILD = Path(__file__).with_name("searcher.py")
_SECONDS = 0.2  # at work, for one text; most need a thousandth of it
_FOUND = {LACKS: False, HAS: True, TOO_LARGE: None}

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_REPEATS = frozenset("*+{")
_CHOICES = 12  # places of an expression with more than one way on, each of which may double them


@lru_cache(maxsize=1_000)
def is_swift(pattern: re.Pattern[str]) -> bool:
    """Whether the time of a search can only grow with the text: nothing is repeated at will."""
    signs = _ESCAPED.sub("", pattern.pattern)
    return _REPEATS.isdisjoint(signs) and signs.count("?") + signs.count("(") <= _CHOICES


class Searcher:
    """Searches in a child process, which starts with the first question; for all threads."""

    def __init__(self, *, seconds: float = _SECONDS) -> None:
        self._command = [sys.executable, "-I", "-S", str(_CHILD), str(seconds)]
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = Lock()

    def search(
        self, pattern: re.Pattern[str], texts: Sequence[str], *, most: int
    ) -> list[bool | None]:
        """Whether each text has it; None where that takes too long.

        Those behind the text that is the last of `most` such are not searched, and not answered.
        """
        found: list[bool | None] = []
        with self._turn:
            while len(found) < len(texts) and found.count(None) < most:
                found += self._some(pattern, texts[len(found) :])
        return found

    def close(self) -> None:
        """End the child."""
        with self._turn:
            self._end()

    def _some(self, pattern: re.Pattern[str], texts: Sequence[str]) -> list[bool | None]:
        """The answers for one text or more: up to the first one that takes too long."""
        for _ in range(2):
            found, ended = self._ask(pattern, texts)
            if ended == -signal.SIGVTALRM:
                return [*found, None]
            if found:
                return found
        return [None]  # it was killed twice at this text, perhaps for the memory that takes

    def _ask(
        self, pattern: re.Pattern[str], texts: Sequence[str]
    ) -> tuple[list[bool | None], int | None]:
        """The answers of the child, and if these are not all, how it ended."""
        child = self._child or self._start()
        assert child.stdin is not None  # noqa: S101 - both are pipes
        assert child.stdout is not None  # noqa: S101
        told = b""
        try:
            with suppress(BrokenPipeError):  # it was killed long ago, or while this was written
                child.stdin.write(marshal.dumps((pattern.pattern, pattern.flags, list(texts))))
                child.stdin.flush()
                told = child.stdout.read(len(texts))
        except BaseException:
            # Whoever is interrupted here leaves an answer in the pipe, which is none to the next.
            self._end()
            raise
        ended = self._end(at_once=False) if len(told) < len(texts) else None
        return [_FOUND[one] for one in told], ended

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # a Ctrl-C is for the parent, whose end is the child's
            )
        except OSError as error:
            raise SourceError(
                f"no process could be started to search texts: {error.strerror}"
            ) from error
        return self._child

    def _end(self, *, at_once: bool = True) -> int | None:
        """Make sure that there is no child; says how the last one ended."""
        child, self._child = self._child, None
        if child is None:
            return None
        if at_once:
            child.kill()
        # Closes the pipes, whatever was still to be written, and waits.
        child.communicate()
        return child.returncode


@lru_cache(maxsize=1)
def _searcher() -> Searcher:
    searcher = Searcher()
    atexit.register(searcher.close)
    return searcher


def search(pattern: re.Pattern[str], texts: Sequence[str], *, most: int) -> list[bool | None]:
    """Whether each text has it; None where that is not found out in bounded time.

    Those behind the text that is the last of `most` such are not searched, and not answered.
    """
    if is_swift(pattern):
        return [pattern.search(text) is not None for text in texts]
    return _searcher().search(pattern, texts, most=most)
