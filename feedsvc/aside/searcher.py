"""The child of `search.py`: searches texts for an expression, each for so long and no longer.

    searcher.py SECONDS MOST

A question is `(pattern, flags, texts)` as marshal writes it, the answer a list of True, False and
None: it did not come to an end. After MOST of those an expression is not tried any more. It is run
as a file and needs next to nothing of the standard library, so that it starts in no time.
"""

from __future__ import annotations

import marshal
import re
import signal
import sys
from collections import Counter
from types import FrameType


def main(seconds: float, most: int) -> None:
    """Answer questions until the parent closes the pipe."""
    # Time at work, not time of the clock: how busy the machine is changes no answer. The module
    # `re` looks at signals while it searches.
    signal.signal(signal.SIGVTALRM, _stop)
    endless: Counter[tuple[str, int]] = Counter()
    while True:
        try:
            asked = marshal.load(sys.stdin.buffer)  # noqa: S302 - of our own parent
        except EOFError:
            return
        pattern, flags, texts = asked
        expression, found = re.compile(pattern, flags), list[bool | None]()
        for text in texts:
            tired = endless[pattern, flags] >= most
            found.append(None if tired else _search(expression, text, seconds))
            endless[pattern, flags] += found[-1] is None
        marshal.dump(found, sys.stdout.buffer)
        sys.stdout.buffer.flush()


def _search(expression: re.Pattern[str], text: str, seconds: float) -> bool | None:
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        try:
            return expression.search(text) is not None
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    except (TimeoutError, MemoryError):
        return None


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
