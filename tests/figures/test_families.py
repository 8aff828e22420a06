"""Measurements as Prometheus reads them, and on their way between processes."""

from __future__ import annotations

import json

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from feedsvc.figures.families import (
    OPENMETRICS,
    TEXT,
    Family,
    Histogram,
    accepts_openmetrics,
    by,
    counter,
    gauge,
    histogram,
    packed,
    render,
    unpacked,
)
from feedsvc.figures.process import process


def sizes(*values: float) -> Histogram:
    found = Histogram(0.1, 1, 10)
    for value in values:
        found.observe(value)
    return found


FAMILIES = [
    counter("polls", "Polls.", 3),
    gauge("lag_seconds", 'With "quotes" \\ and\nlines.', 1.5),
    by("counter", "answers", "Answers.", ("kind", "status"),
       [(("rss", "304"), 2), (("atom", 'a"\\\nb'), 1)]),
    by("gauge", "nothing", "No sample yet.", ("state",), []),
    histogram("took_seconds", "Durations.", sizes(0.05, 0.1, 0.5, 99)),
]  # fmt: skip


@pytest.mark.parametrize("openmetrics", [False, True], ids=["text", "openmetrics"])
def test_what_is_measured_is_read(openmetrics: bool) -> None:
    media_type, text = render(FAMILIES, openmetrics=openmetrics)

    assert media_type == (OPENMETRICS if openmetrics else TEXT)
    assert text.endswith(b"# EOF\n") == openmetrics
    found = (read_openmetrics if openmetrics else read_text)(text.decode())
    samples = {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in found
        for sample in family.samples
    }
    assert samples == {
        ("polls_total",): 3,
        ("lag_seconds",): 1.5,
        ("answers_total", ("kind", "rss"), ("status", "304")): 2,
        ("answers_total", ("kind", "atom"), ("status", 'a"\\\nb')): 1,
        ("took_seconds_bucket", ("le", "0.1")): 2,
        ("took_seconds_bucket", ("le", "1.0")): 3,
        ("took_seconds_bucket", ("le", "10.0")): 3,
        ("took_seconds_bucket", ("le", "+Inf")): 4,
        ("took_seconds_count",): 4,
        ("took_seconds_sum",): 99.65,
    }


def test_families_pass_from_one_process_to_another() -> None:
    there: list[Family] = unpacked(json.loads(json.dumps(packed(FAMILIES))))

    assert render(there, openmetrics=True) == render(FAMILIES, openmetrics=True)


def test_samples_stand_in_one_order() -> None:
    values = [(("b",), 1), (("a",), 2), (("c",), 3)]

    assert by("gauge", "x", "X.", ("k",), values) == by("gauge", "x", "X.", ("k",), values[::-1])


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        pytest.param(None, False, id="nothing-said"),
        pytest.param("*/*", False, id="anything"),
        pytest.param("text/plain;version=0.0.4", False, id="the-text"),
        pytest.param(
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2", True, id="both"
        ),
        pytest.param("Application/OpenMetrics-Text", True, id="in-capitals"),
        pytest.param("application/openmetrics-text; q=0", False, id="refused"),
        pytest.param("application/openmetrics-text; q=0.000", False, id="refused-at-length"),
        pytest.param("application/openmetrics-text;version=\r\nx", True, id="a-strange-version"),
        pytest.param(",;,q=,", False, id="garbage"),
    ],
)
def test_which_form_is_asked_for(accept: str | None, expected: bool) -> None:
    assert accepts_openmetrics(accept) is expected


def test_a_process_tells_what_it_uses() -> None:
    told = {family.name: family.samples[0][1] for family in process("it", "process")}

    assert told["it_cpu_seconds"] > 0
    assert told["it_memory_bytes"] > 1024 * 1024
    assert told["it_start_time_seconds"] > 1_600_000_000
