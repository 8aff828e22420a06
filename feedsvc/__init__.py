"""feedsvc: sync article sources into a store, publish Atom, RSS and JSON feeds."""

__version__ = "0.1.0"
