"""Titles of digests in the languages that have a table."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from feedsvc.text.daywords import and_more, digest_title


@pytest.mark.parametrize(
    ("language", "day", "expected"),
    [
        ("de", "2025-03-05", "Tagesüberblick: 5. März 2025"),
        ("de-AT", "2025-01-01", "Tagesüberblick: 1. Januar 2025"),
        ("DE", "2025-12-31", "Tagesüberblick: 31. Dezember 2025"),
        ("en", "2025-03-05", "Daily digest: 5 March 2025"),
        ("fr", "2025-03-01", "L’essentiel du jour\u00a0: 1er mars 2025"),
        ("fr-CA", "2025-08-02", "L’essentiel du jour\u00a0: 2 août 2025"),
        ("es", "2025-03-05", "Resumen del día: 5 de marzo de 2025"),
        ("it", "2025-05-01", "Riepilogo del giorno: 1º maggio 2025"),
        ("it", "2025-12-08", "Riepilogo del giorno: 8 dicembre 2025"),
        ("nl", "2025-03-05", "Dagoverzicht: 5 maart 2025"),
        ("ja", "2025-03-05", "Daily digest: 5 March 2025"),
        (None, "2025-03-05", "Daily digest: 5 March 2025"),
    ],
)
def test_a_day(language: str | None, day: str, expected: str) -> None:
    moment = date.fromisoformat(day)

    assert digest_title(moment, moment, language) == expected


@pytest.mark.parametrize(
    ("language", "monday", "expected"),
    [
        ("de", "2025-03-03", "Wochenüberblick: 3.–9. März 2025"),
        ("de", "2025-02-24", "Wochenüberblick: 24. Februar – 2. März 2025"),
        ("de", "2024-12-30", "Wochenüberblick: 30. Dezember 2024 – 5. Januar 2025"),
        ("en", "2025-03-03", "Weekly digest: 3–9 March 2025"),
        ("en", "2024-12-30", "Weekly digest: 30 December 2024 – 5 January 2025"),
        ("fr", "2024-07-01", "L’essentiel de la semaine\u00a0: 1er–7 juillet 2024"),
        ("es", "2025-02-24", "Resumen de la semana: 24 de febrero – 2 de marzo de 2025"),
        ("it", "2025-08-25", "Riepilogo della settimana: 25–31 agosto 2025"),
        ("nl", "2025-04-28", "Weekoverzicht: 28 april – 4 mei 2025"),
    ],
)
def test_a_week(language: str, monday: str, expected: str) -> None:
    first = date.fromisoformat(monday)

    assert digest_title(first, first + timedelta(days=6), language) == expected


def test_the_rest_is_counted_in_the_language_of_the_feed() -> None:
    assert and_more(12, "de") == "und 12 weitere"
    assert and_more(12, "sv") == "and 12 more"
