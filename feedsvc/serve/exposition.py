"""What the server process measures of itself, for `/metrics`."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import version

from feedsvc import __version__
from feedsvc.figures.families import Family, by, gauge, render
from feedsvc.figures.process import process
from feedsvc.serve.counting import Ledger, answers, sent


def families(ledgers: Iterable[Ledger]) -> list[Family]:
    """Everything this process knows."""
    ledgers = tuple(ledgers)
    build = (__version__, platform.python_version(), version("granian"))
    return [
        by("gauge", "feedsvc_build_info", "What is running.", ("version", "python", "engine"),
           [(build, 1)]),
        by("counter", "feedsvc_server_answers",
           "Answers to requests; 304 among them is what a reader had already.", ("kind", "status"),
           answers(ledgers).items()),
        by("counter", "feedsvc_server_sent_bytes",
           "Bytes of bodies handed to the engine to be sent.", ("kind",), sent(ledgers).items()),
        *process("feedsvc_server", "server process"),
    ]  # fmt: skip


def alone(own: Iterable[Family], *, openmetrics: bool) -> tuple[str, bytes]:
    """The media type and the text where nobody else has something to tell."""
    silent = gauge("feedsvc_up", "Whether the process that owns the store told of itself.", 0)
    return render([*own, silent], openmetrics=openmetrics)
