"""What stands beside the feeds must not keep them from going out, nor one another."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from feedsvc.errors import FeedsvcError, StoreError
from feedsvc.regenerate.due import RETRY
from feedsvc.regenerate.press import Press
from feedsvc.regenerate.report import PublicationReport

log = logging.getLogger(__name__)


def guarded(
    press: Press,
    name: str,
    path: str,
    format: str,
    run: Callable[[], list[PublicationReport]],
    *,
    check: bool,
) -> list[PublicationReport]:
    """What `run` built; if it cannot, a report that says so, and its row `name` notes it.

    With `check` nothing is written.
    """
    try:
        return run()
    except StoreError:
        raise
    except Exception as error:
        log.debug("%s", path, exc_info=True)
        reason = error.line if isinstance(error, FeedsvcError) else repr(error)
        reason = f"could not be built: {reason}"
        if not check:
            before = press.store.feed(name)
            row = replace(before, held=reason, retry_at=press.clock.now() + RETRY)
            press.store.settle_feed(row, read=before, members=None, lines=())
        return [
            PublicationReport(
                feed=None, format=format, path=path, outcome="held", entries=0, bytes=0, digest="",
                reason=reason,
            )
        ]  # fmt: skip
