"""Durations and sizes: `"1h30m"` and `"15MiB"`, read and written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from feedsvc.config.shapes import Reader, WrongValueError
from feedsvc.settings import Cron, Every

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_LONGEST = 36_500 * 86_400  # a century: beyond it dates overflow
_BYTES = {
    "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30,
}  # fmt: skip
_SIZE = re.compile(r"(\d+(?:\.\d+)?)[ ]?([a-z]+)", re.ASCII | re.IGNORECASE)
_LARGEST = 2**40
_CLOCK = re.compile(r"\s*([01]?\d|2[0-3]):([0-5]\d)\s*", re.ASCII)
# What is meant to be times of day, right or wrong.
_CRON = re.compile(r"\s*@.*|.*\*.*|\s*\S+(?:\s+\S+){4,}\s*|\s*\d\d?:\d\d\s*", re.DOTALL)
_CRON_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


def duration(example: str, *, zero: bool = False) -> Reader[timedelta]:
    """A number with a unit, or several from the largest to the smallest: `"1h30m"`."""
    expected = f'a duration such as "{example}"'

    def read(value: object) -> timedelta:
        if isinstance(value, int) and not isinstance(value, bool):
            raise WrongValueError(expected, "it needs a unit: w, d, h, m or s")
        written = value.replace(" ", "").lower() if isinstance(value, str) else ""
        found = _DURATION.fullmatch(written)
        if found is None or not written or max(map(len, found.groups(""))) > 12:
            raise WrongValueError(expected)
        amounts = zip(found.groups("0"), _SECONDS.values(), strict=True)
        seconds = sum(int(number) * unit for number, unit in amounts)
        if seconds > _LONGEST:
            raise WrongValueError(expected, "that is more than a hundred years")
        if not seconds and not zero:
            raise WrongValueError(expected, "it cannot be zero")
        return timedelta(seconds=seconds)

    return read


_interval = duration("15m")


def interval(value: object) -> Every:
    """How often: a duration, times of day, or as often as it changes."""
    if value == "auto":
        return "auto"
    if isinstance(value, str) and _CRON.fullmatch(value) and not _is_duration(value):
        return cron(value)
    return _interval(value)


def _is_duration(value: str) -> bool:
    """Also one of five words, as times of day are: `1w 2d 3h 4m 5s`."""
    return _DURATION.fullmatch(value.replace(" ", "").lower()) is not None


def cron(value: object) -> Cron:
    """Times of day as cron(5) writes them, five fields or a word such as `@daily`."""
    from cronsim import CronSim, CronSimError  # few configurations have any

    expected = 'times of day such as "0 6 * * *"'
    written = " ".join(value.split()).lower() if isinstance(value, str) else ""
    fields = _CRON_WORDS.get(written, written)
    if (clock := _CLOCK.fullmatch(written)) is not None:
        hour, minute = map(int, clock.groups())
        raise WrongValueError(expected, f"did you mean '{minute} {hour} * * *'?")
    if written.startswith("@") and fields == written:
        raise WrongValueError(expected, f"there are {', '.join(_CRON_WORDS)}")
    if len(fields.split()) != 5:
        raise WrongValueError(expected, "five fields: minute, hour, day, month, day of the week")
    try:
        next(CronSim(fields, datetime(2024, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise WrongValueError(expected, str(error).lower()) from error
    except StopIteration:
        raise WrongValueError(expected, "there is no such day") from None
    return Cron(fields)


def write_every(value: Every) -> str:
    """As the configuration has it."""
    if isinstance(value, Cron):
        return value.fields
    return value if isinstance(value, str) else write_duration(value)


def write_duration(value: timedelta) -> str:
    """The shortest written form: `"1h30m"`."""
    rest = int(value.total_seconds())
    written = ""
    for unit, seconds in _SECONDS.items():
        if unit == "w":
            continue  # "14d" is read more easily than "2w"
        number, rest = divmod(rest, seconds)
        written += f"{number}{unit}" if number else ""
    return written or "0s"


def size(value: object) -> int:
    """A number of bytes, as a number or with a unit: `"15MiB"`."""
    expected = 'a size such as "15MiB", "200KB" or 4096'
    number: float
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        written = value.strip() if isinstance(value, str) else ""
        if written.isdecimal() and written.isascii() and len(written) <= 15:
            number = int(written)
        else:
            found = _SIZE.fullmatch(written)
            unit = _BYTES.get(found[2].lower()) if found else None
            if found is None or unit is None:
                raise WrongValueError(expected)
            number = float(found[1]) * unit
    if not 1 <= number <= _LARGEST:
        raise WrongValueError(expected, "it must be from 1 byte to 1024 GiB")
    return int(number)
