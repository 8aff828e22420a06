"""Measurements as Prometheus reads them: families of samples, and the text they become.

    where things are counted -> Family ... -> render -> text format 0.0.4, or OpenMetrics 1.0

Families are plain values, so that one process can hand its own to another, which writes the text of
both. `prometheus_client` writes it, imported when somebody asks for it first.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from prometheus_client import Metric

Kind = Literal["counter", "gauge", "histogram"]
Values = tuple[str, ...]

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"


class Family(NamedTuple):
    """One measurement; a sample has a value for each label.

    The value of a histogram is the upper bounds of its buckets, how many fell into each and beyond
    the last one, and their sum.
    """

    name: str  # of a counter without `_total`
    help: str
    kind: Kind
    labels: Values
    samples: tuple[tuple[Values, Any], ...]


class Histogram:
    """Counts values by size; one list of ints."""

    def __init__(self, *bounds: float) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0

    def observe(self, value: float) -> None:
        """Count a value; a bound counts what is not above it."""
        self._counts[bisect_left(self._bounds, value)] += 1
        self._sum += value

    def told(self) -> list[list[float]]:
        """As the sample of a `Family` has it."""
        return [[*self._bounds], [*self._counts], [self._sum]]


def counter(name: str, help: str, value: float) -> Family:
    """Something that only grows while a process lives."""
    return Family(name, help, "counter", (), (((), value),))


def gauge(name: str, help: str, value: float) -> Family:
    """Something as it is now."""
    return Family(name, help, "gauge", (), (((), value),))


def histogram(name: str, help: str, value: Histogram) -> Family:
    """Values by size."""
    return Family(name, help, "histogram", (), (((), value.told()),))


def by(
    kind: Kind,
    name: str,
    help: str,
    labels: Values,
    values: Iterable[tuple[Values, Any]],
) -> Family:
    """A family with labels; the samples are sorted."""
    return Family(name, help, kind, labels, tuple(sorted(values, key=lambda one: one[0])))


def packed(families: Iterable[Family]) -> list[Any]:
    """As JSON can hold them."""
    return [list(family) for family in families]


def unpacked(told: Sequence[Any]) -> list[Family]:
    """What `packed` made, after its way through JSON."""
    return [
        Family(name, help, kind, tuple(labels), tuple((tuple(of), value) for of, value in samples))
        for name, help, kind, labels, samples in told
    ]


def accepts_openmetrics(accept: str | None) -> bool:
    """Whether the Accept field asks for OpenMetrics; its parameters are not looked at but `q=0`."""
    for part in (accept or "").lower().split(","):
        kind, *parameters = (word.strip() for word in part.split(";"))
        if kind == "application/openmetrics-text":
            weight = next((word[2:] for word in parameters if word.startswith("q=")), "1")
            return weight.strip("0.") != ""
    return False


def render(families: Iterable[Family], *, openmetrics: bool) -> tuple[str, bytes]:
    """The media type and the text."""
    from prometheus_client.exposition import generate_latest
    from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

    collected: Any = _Collected(families)
    if openmetrics:
        return OPENMETRICS, generate_openmetrics(collected)  # type: ignore[no-untyped-call]
    return TEXT, generate_latest(collected)


class _Collected:
    """What the writers of the text take for a registry."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return map(_metric, self._families)


def _metric(family: Family) -> Metric:
    from prometheus_client.core import (
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    if family.kind == "histogram":
        metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
        for labels, (bounds, counts, (total,)) in family.samples:
            metric.add_metric(labels, _cumulative(bounds, counts), total)
        return metric
    make = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
    simple = make(family.name, family.help, labels=family.labels)
    for labels, value in family.samples:
        simple.add_metric(labels, value)
    return simple


def _cumulative(bounds: Sequence[float], counts: Sequence[float]) -> list[tuple[str, float]]:
    from prometheus_client.utils import floatToGoString

    total, buckets = 0.0, []
    for bound, count in zip((*bounds, math.inf), counts, strict=True):
        total += count
        buckets.append((floatToGoString(bound), total))  # type: ignore[no-untyped-call]
    return buckets
