"""The PyPI package `reader` doing what `feedsvc sync` does, for `syncing.py` to compare with.

    PYTHON tests/bench/peer.py STORE OPML [WORKERS]

Adds the feeds of an OPML file that it does not know yet, asks all of them, and prints how many
entries it holds. It needs nothing of ours, so that any interpreter which has `reader` runs it.
"""

from __future__ import annotations

import sys
from xml.etree import ElementTree

from reader import make_reader  # type: ignore[import-not-found, unused-ignore]


def main() -> None:
    """One run, as a cron line would do it."""
    store, opml, workers = sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 1
    reader = make_reader(store)
    for outline in ElementTree.parse(opml).iter("outline"):
        reader.add_feed(outline.attrib["xmlUrl"], exist_ok=True)
    reader.update_feeds(scheduled=False, workers=workers)  # as `--force` does
    print(reader.get_entry_counts().total)
    reader.close()


if __name__ == "__main__":
    main()
