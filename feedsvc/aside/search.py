"""Regular expressions of the configuration, searched for so that none of them can hang a build.

An expression that repeats something may try more ways than there are atoms, on a text that somebody
else wrote: `(a+)+$`, or `.*` in a line of some megabytes. No thread can be stopped at that, and it
holds up all others. Such expressions are searched for in a child process, for a bounded time.
"""

from __future__ import annotations

import atexit
import marshal
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from threading import Lock

from feedsvc.errors import SourceError

_CHILD = Path(__file__).with_name("searcher.py")
_SECONDS = 0.2  # at work, for one text; most need a thousandth of it
_MOST = 20  # texts that may take longer before an expression is not tried any more

_ESCAPED = re.compile(r"\\.", re.DOTALL)
_REPEATS = frozenset("*+{")


@lru_cache(maxsize=1_000)
def is_swift(pattern: re.Pattern[str]) -> bool:
    """Whether the time of a search can only grow with the text: nothing is repeated at will."""
    return _REPEATS.isdisjoint(_ESCAPED.sub("", pattern.pattern))


class Searcher:
    """Searches in a child process, which starts with the first question; for all threads."""

    def __init__(self, *, seconds: float = _SECONDS, most: int = _MOST) -> None:
        self._command = [sys.executable, "-I", "-S", str(_CHILD), str(seconds), str(most)]
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = Lock()

    def search(self, pattern: re.Pattern[str], texts: Sequence[str]) -> list[bool | None]:
        """Whether each text has it; None where that was not found out in time."""
        with self._turn:
            try:
                return self._ask(pattern, texts)
            except (OSError, EOFError):
                # It was killed: by an operator, or for what it needed for one of the texts.
                pass
            return [self._alone(pattern, text) for text in texts]

    def close(self) -> None:
        """End the child."""
        with self._turn:
            self._end()

    def _alone(self, pattern: re.Pattern[str], text: str) -> bool | None:
        try:
            return self._ask(pattern, [text])[0]
        except (OSError, EOFError):
            return None

    def _ask(self, pattern: re.Pattern[str], texts: Sequence[str]) -> list[bool | None]:
        child = self._child or self._start()
        assert child.stdin is not None  # noqa: S101 - both are pipes
        assert child.stdout is not None  # noqa: S101
        try:
            child.stdin.write(marshal.dumps((pattern.pattern, pattern.flags, list(texts))))
            child.stdin.flush()
            found: list[bool | None] = marshal.load(child.stdout)  # noqa: S302 - of our own child
        except BaseException:
            # Whoever is interrupted here leaves an answer in the pipe, which is none to the next.
            self._end()
            raise
        return found

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            child = subprocess.Popen(
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
        self._child = child
        return child

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        # Closes the pipes, whatever was still to be written, and waits.
        child.communicate()


@lru_cache(maxsize=1)
def _searcher() -> Searcher:
    searcher = Searcher()
    atexit.register(searcher.close)
    return searcher


def search(pattern: re.Pattern[str], texts: Sequence[str]) -> list[bool | None]:
    """Whether each text has it; None where that is not found out in bounded time."""
    if is_swift(pattern):
        return [pattern.search(text) is not None for text in texts]
    return _searcher().search(pattern, texts) if texts else []
