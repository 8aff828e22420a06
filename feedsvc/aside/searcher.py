"""The child of `search.py`: searches texts for an expression, each for so long and no longer.

    searcher.py SECONDS

A question is `(pattern, flags, texts)` as marshal writes it; the answer is one byte for each text,
written as soon as it is known. At a text that takes too long this process ends (SIGVTALRM), and the
number of its bytes says at which: an exception would come late, since `re` looks at signals seldom.
It is run as a file and needs next to nothing of the standard library, so that it starts in no time.
"""

from __future__ import annotations

import marshal
import os
import re
import signal
import sys
from contextlib import suppress

LACKS, HAS, TOO_LARGE = 0, 1, 2
"""What a byte of an answer says; the last one: there was no memory for the search."""


def main(seconds: float) -> None:
    """Answer questions until the parent closes the pipe."""
    # Who started us may block or ignore what is to end us, and that is inherited.
    signal.signal(signal.SIGVTALRM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGVTALRM])
    with suppress(EOFError, BrokenPipeError):
        while True:
            pattern, flags, texts = marshal.load(sys.stdin.buffer)  # noqa: S302 - of our own parent
            expression = re.compile(pattern, flags)
            for text in texts:
                os.write(1, bytes([_search(expression, text, seconds)]))


def _search(expression: re.Pattern[str], text: str, seconds: float) -> int:
    # Time at work, not time of the clock, of which a busy machine needs more for the same.
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        return HAS if expression.search(text) else LACKS
    except MemoryError:
        return TOO_LARGE
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


if __name__ == "__main__":
    main(float(sys.argv[1]))
