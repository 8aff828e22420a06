"""What a digest of a day or a week is called, in the language of its feed."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple


class _Words(NamedTuple):
    """One language."""

    day: str  # the title of a digest of a day
    week: str
    more: str  # how many articles are only counted
    months: str
    date: str = "{day} {month}"
    year: str = "{date} {year}"
    number: str = "{}"  # of a day in its month
    first: str = "{}"  # of the first one


_LANGUAGES = {
    "de": _Words(
        "Tagesüberblick: {}",
        "Wochenüberblick: {}",
        "und {} weitere",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        number="{}.",
        first="{}.",
    ),
    "en": _Words(
        "Daily digest: {}",
        "Weekly digest: {}",
        "and {} more",
        "January February March April May June July August September October November December",
    ),
    "es": _Words(
        "Resumen del día: {}",
        "Resumen de la semana: {}",
        "y {} más",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        date="{day} de {month}",
        year="{date} de {year}",
    ),
    "fr": _Words(
        "L’essentiel du jour\u00a0: {}",
        "L’essentiel de la semaine\u00a0: {}",
        "et encore {}",
        "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
        first="{}er",
    ),
    "it": _Words(
        "Riepilogo del giorno: {}",
        "Riepilogo della settimana: {}",
        "e altri {}",
        "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
        "dicembre",
        first="{}º",
    ),
    "nl": _Words(
        "Dagoverzicht: {}",
        "Weekoverzicht: {}",
        "en nog {}",
        "januari februari maart april mei juni juli augustus september oktober november december",
    ),
}


def digest_title(first: date, last: date, language: str | None) -> str:
    """The title of a digest of the days from `first` to `last`."""
    words = _words(language)
    return (words.day if first == last else words.week).format(_span(first, last, words))


def and_more(count: int, language: str | None) -> str:
    """That there are so many more."""
    return _words(language).more.format(count)


def _words(language: str | None) -> _Words:
    primary = (language or "en").partition("-")[0].lower()
    return _LANGUAGES.get(primary, _LANGUAGES["en"])


def _span(first: date, last: date, words: _Words) -> str:
    until = words.year.format(date=_date(last, words), year=last.year)
    if first == last:
        return until
    if first.year != last.year:
        return f"{words.year.format(date=_date(first, words), year=first.year)} – {until}"
    if first.month != last.month:
        return f"{_date(first, words)} – {until}"
    return f"{_number(first, words)}–{until}"


def _date(day: date, words: _Words) -> str:
    return words.date.format(day=_number(day, words), month=words.months.split()[day.month - 1])


def _number(day: date, words: _Words) -> str:
    return (words.first if day.day == 1 else words.number).format(day.day)
