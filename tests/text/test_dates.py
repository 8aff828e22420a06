"""Written dates, by language and by rule; a moment without a zone is local time in Berlin."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.text.dates import as_utc, parse_date, parse_strict

BERLIN = ZoneInfo("Europe/Berlin")
DAY = "2025-01-06T00:00"
TIME = "2025-01-06T14:30"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-01-06", DAY),
        ("20250106", DAY),
        ("2025-1-6", DAY),
        ("2025/01/06", DAY),
        ("2025-W02-1", DAY),
        ("2025-01-06 (Mon)", DAY),
        ("2025-01-06T14:30", TIME),
        ("2025-01-06 14:30 Uhr", TIME),
        ("202501061430", TIME),
        ("20250106T143000Z", "2025-01-06T14:30Z"),
        ("2025-01-06 14:30:00 +0100", TIME),
        ("2025-01-06T14:30:00.123456789+01:00", "2025-01-06T14:30:00.123456+01:00"),
        ("2025-01-06T14:30[America/New_York]", "2025-01-06T14:30-05:00"),
        ("2025-01-06T24:00Z", "2025-01-07T00:00Z"),
        ("2025-06-30T23:59:60Z", "2025-06-30T23:59:59Z"),
        ("Mon, 06 Jan 2025 14:30:00 GMT", "2025-01-06T14:30Z"),
        ("Mon, 06 Jan 2025 14:30:00 CET", TIME),
        ("Mon, 6 Jan 25 14:30:00 EST", "2025-01-06T14:30-05:00"),
        ("06 Jan 2025 14:30 +0100 (CET)", TIME),
        ("Mon Jan  6 14:30:00 2025", TIME),
        ("Mon Jan 06 2025 14:30:00 GMT+0100 (Central European Standard Time)", TIME),
        ("6. Januar 2025", DAY),
        ("6. Jänner 2025", DAY),
        ("6.Jan.2025", DAY),
        ("Montag, den 6. Januar 2025", DAY),
        ("Montag, 6. Januar 2025, 14.30 Uhr", TIME),
        ("14.30 Uhr, 6. Januar 2025", TIME),
        ("Stand: 06.01.2025 um 9 Uhr", "2025-01-06T09:00"),
        ("Veröffentlicht am 6. Januar 2025 um 14:30 Uhr MEZ", TIME),
        ("06.01.25", DAY),
        ("06.01.2025, 14:30 (MESZ)", "2025-01-06T14:30+02:00"),
        ("05.03.2024", "2024-03-05T00:00"),
        ("05/03/2024", "2024-03-05T00:00"),
        ("05/13/2024", "2024-05-13T00:00"),
        ("January 6th, 2025 at 2:30 pm", TIME),
        ("Monday 6 January 2025 12:05 a.m.", "2025-01-06T00:05"),
        ("Jan. 6, 2025, 2:30 p.m. ET", "2025-01-06T14:30-05:00"),
        ("6th of January, 2025", DAY),
        ("6 janvier 2025 à 14h30", TIME),
        ("lundi 6 janvier 2025", DAY),
        ("mar. 1er avril 2025", "2025-04-01T00:00"),
        ("Mis à jour le 6 janvier 2025 à 14 h 30", TIME),
        ("6 de enero de 2025", DAY),
        ("lunes, 6 de enero de 2025 a las 14:30 h", TIME),
        ("6 gennaio 2025 ore 14.30", TIME),
        ("lunedì 6 gennaio 2025", DAY),
        ("6 januari 2025 14.30 uur", TIME),
        ("maandag 6 januari 2025 om 14u30", TIME),
        ("6 de janeiro de 2025 às 14h30", TIME),
        ("den 6 januari 2025 kl. 14.30", TIME),
        ("6 stycznia 2025", DAY),
        ("6 января 2025 г., 14:30", TIME),
        ("2025年1月6日 14時30分", TIME),
        ("２０２５年１月６日", DAY),
    ],
)
def test_forms(text: str, moment: str) -> None:
    expected = datetime.fromisoformat(moment)
    expected = expected if expected.tzinfo else expected.replace(tzinfo=BERLIN)

    assert parse_strict(text, zone=BERLIN) == expected
    assert parse_date(text, zone=BERLIN) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "2024", "1.2.3", "1.2.13", "v2024.1.15", "11.000 Soldaten", "1736172000"),
        *("2025-01", "Januar 2025", "6. Januar", "Montag", "14:30", "6 January 2025 9"),
        *("2025-13-01", "31.02.2025", "32.01.2025", "0001-01-01", "1899-12-31", "9999-12-31"),
        *("gestern", "yesterday", "now", "in 3 days", "vor 2 Stunden", "12345678", "25-01-06"),
        *("Haushalt 2025 mit 12 Mio", "Der 6. Januar 2025 war kalt", "6 Jan 2025 14:30 XYZ"),
        *("2025-01-06T14:30[Nowhere/None]", "6 Januar 2025 13 am", "2025-01-06T25:00"),
    ],
)
def test_what_is_no_date(text: str) -> None:
    assert parse_date(text, zone=BERLIN) is None
    assert parse_date(text, zone=BERLIN, language="en") is None


@pytest.mark.parametrize(
    ("language", "month"),
    [("en-US", 5), ("en_US", 5), ("en", 3), ("en-GB", 3), ("de", 3), (None, 3)],
)
def test_the_order_of_slashes(language: str | None, month: int) -> None:
    found = parse_date("05/03/2024", zone=ZoneInfo("UTC"), language=language)

    assert found is not None
    assert found.month == month


def test_dots_are_day_first_even_in_america() -> None:
    found = parse_date("05.03.2024", zone=ZoneInfo("UTC"), language="en-US")

    assert found == datetime(2024, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        pytest.param("2025-03-30 02:30", "2025-03-30T01:30Z", id="skipped-moves-forward"),
        pytest.param("2025-10-26 02:30", "2025-10-26T00:30Z", id="twice-is-the-first"),
        pytest.param("2025-07-06", "2025-07-05T22:00Z", id="summer"),
    ],
)
def test_changes_of_the_clocks(text: str, utc: str) -> None:
    assert parse_date(text, zone=BERLIN) == datetime.fromisoformat(utc)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("6. siječnja 2025", "hr", id="told-the-language"),
        pytest.param("6 Ocak 2025", None, id="untold"),
        pytest.param("6 Ocak 2025", "xx", id="told-one-nobody-knows"),
    ],
)
def test_the_last_resort_knows_more_languages(text: str, language: str | None) -> None:
    assert parse_strict(text, zone=BERLIN, language=language) is None

    assert parse_date(text, zone=BERLIN, language=language) == datetime(2025, 1, 6, tzinfo=BERLIN)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(date(2025, 1, 6), datetime(2025, 1, 5, 23, tzinfo=UTC), id="a-day"),
        pytest.param(
            datetime(2025, 1, 6, 14), datetime(2025, 1, 6, 13, tzinfo=UTC), id="naive-is-local"
        ),
        pytest.param(
            datetime(2025, 1, 6, tzinfo=UTC), datetime(2025, 1, 6, tzinfo=UTC), id="aware-stays"
        ),
        pytest.param(date(1, 1, 1), None, id="zero-date"),
        pytest.param(datetime(9999, 12, 31, 23, 59), None, id="end-of-time"),
    ],
)
def test_as_utc(value: date | datetime, expected: datetime | None) -> None:
    assert as_utc(value, BERLIN) == expected


PIECES = st.sampled_from(
    [
        "6",
        ".",
        "/",
        "-",
        "2025",
        "Januar",
        "jan",
        " ",
        ":",
        "14",
        "30",
        "T",
        "Z",
        "+01:00",
        "Uhr",
        "pm",
    ]
)


@given(st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join)))
def test_never_raises_and_is_always_utc(text: str) -> None:
    found = parse_strict(text, zone=BERLIN, language="en-US")

    assert found is None or found.tzinfo is UTC


@given(
    st.datetimes(datetime(1900, 1, 2), datetime(2200, 12, 30)),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_the_shapes_of_machines_lose_nothing(naive: datetime, zone: timezone) -> None:
    moment = naive.replace(microsecond=0, tzinfo=zone)
    usual = format_datetime(moment)
    unusual = usual.replace(", ", ",  ").lower()  # read by the rules for people

    assert parse_strict(usual, zone=BERLIN) == moment
    assert parse_strict(usual[5:], zone=BERLIN) == moment
    assert parse_strict(unusual, zone=BERLIN) == moment
    assert parse_strict(moment.isoformat(), zone=BERLIN) == moment
