"""How long work in a thread is asked to end: between two steps, or in the middle of a statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from threading import Event, Lock
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from feedsvc.errors import StoreError
from feedsvc.store.engine import store_error


class StoppedError(StoreError):
    """Work was asked to end before it was done; what it has done holds."""

    retryable = True


class Halt:
    """Heard by work in another thread; what is in the middle of a statement is interrupted."""

    def __init__(self) -> None:
        self._asked = Event()
        self._lock = Lock()
        self._connections: set[Any] = set()

    def ask(self) -> None:
        """Ask for the end, from any thread."""
        with self._lock:
            self._asked.set()
            for connection in self._connections:
                connection.interrupt()

    def asked(self) -> bool:
        """Whether somebody did."""
        return self._asked.is_set()

    def check(self) -> None:
        """Raise StoppedError if somebody did."""
        if self._asked.is_set():
            raise StoppedError("was asked to end")

    def wait(self, seconds: float) -> None:
        """Pause, unless somebody asks; raises StoppedError then."""
        self._asked.wait(seconds)
        self.check()

    @contextmanager
    def connection(self, engine: Engine, *, timeout: float) -> Iterator[sqlite3.Connection]:
        """A connection of our own that can be interrupted, in autocommit mode.

        Others who write are waited for `timeout` seconds. Raises StoreError for what the database
        says, StoppedError when it was interrupted.
        """
        place = engine.url.database or ""
        self.check()
        try:
            with closing(sqlite3.connect(place, timeout=timeout, isolation_level=None)) as found:
                with self._lock:
                    self._connections.add(found)
                try:
                    self.check()
                    yield found
                finally:
                    with self._lock:
                        self._connections.discard(found)
        except sqlite3.Error as error:
            self.check()
            raise store_error(engine, DBAPIError(None, None, error)) from error
