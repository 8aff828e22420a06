"""Where `feedsvc` and `python -m feedsvc` begin."""

from __future__ import annotations

import gc
import sys

from feedsvc.errors import EXIT_INTERRUPTED


def start() -> int:
    """Run the command line; a Ctrl-C ends quietly even while it is still being imported."""
    try:
        from feedsvc.cli.main import main  # noqa: PLC0415

        # Hundreds of thousands of values live until the end of a sync: looking through them for
        # cycles after every few hundred new ones took a fifth of its time.
        gc.set_threshold(100_000, 50, 100)
        gc.freeze()
        return main()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(start())
