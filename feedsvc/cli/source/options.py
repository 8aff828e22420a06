"""Options that are written into the configuration: read as it reads them."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TypeVar

from feedsvc.config.shapes import NotYetError, WrongValueError

T = TypeVar("T")


def name(text: str) -> str:
    """The name of a source."""
    from feedsvc.config import names

    return _read(names.name, text)


def tag(text: str) -> str:
    """A tag."""
    from feedsvc.config import words

    return _read(words.tag, text)


def every(text: str) -> str:
    """A duration in its shortest form, times of day, or `auto`."""
    from feedsvc.config import units

    return units.write_every(_read(units.interval, text))


def _read(reader: Callable[[object], T], text: str) -> T:
    try:
        return reader(text)
    except WrongValueError as error:
        remark = f" ({error.remark})" if error.remark else ""
        raise argparse.ArgumentTypeError(f"{text!r} is not {error.expected}{remark}") from error
    except NotYetError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not available yet") from error
