"""Where `feedsvc` and `python -m feedsvc` begin."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from feedsvc.errors import EXIT_INTERRUPTED


def start() -> int:
    """Run the command line; a Ctrl-C ends quietly even while it is still being imported."""
    try:
        from feedsvc.cli.main import main  # noqa: PLC0415

        # Hundreds of thousands of values live until the end of a sync: looking through them for
        # cycles after every few hundred new ones took a fifth of its time.
        gc.set_threshold(100_000, 50, 100)
        gc.freeze()
        code = main()
    except KeyboardInterrupt:
        code = EXIT_INTERRUPTED
    if code == EXIT_INTERRUPTED:
        # Python remembers a Ctrl-C that came while it ran a text as code, as it does to make a
        # dataclass, and in the end dies of the signal although somebody caught it.
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    sys.exit(start())
