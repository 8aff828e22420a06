"""One exception tree for everything feedsvc reports.

Each class knows whether trying again can help (`retryable`) and which exit code a command that ends
with it returns (`exit_code`). The message says what happened and where; `hint` says what to do.
"""

from __future__ import annotations

EXIT_INTERRUPTED = 130
"""The exit code of a command that a Ctrl-C ended: 128 and the number of the signal."""


class FeedsvcError(Exception):
    """Something the operator is told in at most three lines, without a traceback."""

    retryable: bool = False
    exit_code: int = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __str__(self) -> str:
        message: str = self.args[0]
        return message

    @property
    def line(self) -> str:
        """What happened and what to do, where one line has to hold both."""
        return f"{self} ({self.hint})" if self.hint else str(self)


class UsageError(FeedsvcError):
    """The command line asks for something that does not fit together."""

    exit_code = 2


class ConfigError(FeedsvcError):
    """The configuration cannot be used."""

    exit_code = 3


class SourceError(FeedsvcError):
    """A source, or one document of it, cannot be used now."""

    retryable = True
    exit_code = 4


class FetchError(SourceError):
    """What a source holds could not be read."""


class ParseError(SourceError):
    """A document was read but is not an article."""

    retryable = False


class RenderError(FeedsvcError):
    """An article or a feed cannot be expressed in a format."""

    exit_code = 5


class PublishError(FeedsvcError):
    """A publication could not be put in its place; the last one is still there."""

    retryable = True
    exit_code = 5


class StoreError(FeedsvcError):
    """The store is locked, unreadable, or of another version."""

    exit_code = 6


class LockedError(StoreError):
    """Another process is at work on this part of the store."""

    retryable = True


class NotFoundError(FeedsvcError):
    """No source, feed or article has this name."""

    exit_code = 7


class ClockError(FeedsvcError):
    """The clock of the machine cannot be right."""

    retryable = True


class OfflineError(FeedsvcError):
    """There is no network at all, or `--offline` forbids it."""

    retryable = True
    exit_code = 8
