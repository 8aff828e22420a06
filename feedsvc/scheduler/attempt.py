"""Each on its own: what goes wrong with one thing keeps the daemon from no other."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from feedsvc.app.journal import Journal
from feedsvc.errors import FeedsvcError

log = logging.getLogger(__name__)


async def attempt(journal: Journal, who: str, step: Callable[[], Awaitable[None]]) -> bool:
    """Do one thing; what goes wrong is told once. Returns whether it went well."""
    try:
        await step()
    except FeedsvcError as error:  # the store may be locked or the disk full for a while
        journal.trouble("daemon", who, error.line)
    except Exception as error:
        log.debug("%s failed", who, exc_info=True)
        journal.trouble("daemon", who, f"unexpected: {error!r}")
    else:
        journal.trouble("daemon", who, None)
        return True
    return False
