"""Where `feedsvc` and `python -m feedsvc` begin."""

from __future__ import annotations

import sys

from feedsvc.errors import EXIT_INTERRUPTED


def start() -> int:
    """Run the command line; a Ctrl-C ends quietly even while it is still being imported."""
    try:
        from feedsvc.cli.main import main  # noqa: PLC0415

        return main()
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED


if __name__ == "__main__":
    sys.exit(start())
