"""Days on end with servers of every temper, each of which judges its guest by its own rules.

The judge shares no code with `feedsvc.manners`: it remembers what it answered, and from that when
the next request may come and what it has to carry.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest

from tests.feedserver import Answer, Answerable, Raw, Request, http_date
from tests.guest import Guest, rss

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVERY, STEP = 15 * MINUTE, 15 * MINUTE
NIGHT = frozenset({22, 23, 0, 1, 2, 3, 4})


class Temper:
    """A server of moods; whatever its guest does wrong stands in `complaints`."""

    def __init__(self, name: str, seed: int) -> None:
        self.complaints: list[str] = []
        self.visits = 0
        self._name = name
        self._dice = random.Random(f"{name} {seed}")
        self._sleeps = self._dice.random() < 0.3
        self._earliest: datetime | None = None
        self._latest: datetime | None = None
        self._sent: tuple[str | None, str | None] = (None, None)
        self._ttl = timedelta()
        self._rules_known = False
        self._edition = 0

    def __call__(self, request: Request) -> Answerable:
        self.visits += 1
        self._judge(request)
        moods = [self._news, self._old_news, self._nothing_new, self._busy, self._broken]
        (mood,) = self._dice.choices(moods, weights=[4, 2, 6, 1, 2])
        if mood == self._nothing_new and self._sent == (None, None):
            mood = self._news
        return mood(request)

    def _judge(self, request: Request) -> None:
        at = request.at
        if self._earliest is not None and at < self._earliest:
            self._complain(at, f"early by {self._earliest - at}")
        if self._latest is not None and at > self._latest:
            self._complain(at, f"late by {at - self._latest}")
        if self._rules_known and self._sleeps and at.hour in NIGHT:
            self._complain(at, "at night")
        given = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
        if given != self._sent:
            self._complain(at, f"came with {given}, not {self._sent}")

    def _complain(self, at: datetime, what: str) -> None:
        self.complaints.append(f"{self._name} at {at:%d %H:%M}: {what}")

    # -- moods -----------------------------------------------------------------------------------

    def _news(self, request: Request) -> Answer:
        self._edition += 1
        self._ttl = self._dice.choice([0, 0, 10, 60, 120]) * MINUTE
        self._rules_known = True
        return self._document(request)

    def _old_news(self, request: Request) -> Answer:
        """The same bytes, and perhaps other validators."""
        return self._document(request) if self._edition else self._news(request)

    def _document(self, request: Request) -> Answer:
        head = f"<ttl>{self._ttl // MINUTE}</ttl>" if self._ttl else ""
        if self._sleeps:
            hours = "".join(f"<hour>{hour}</hour>" for hour in sorted(NIGHT))
            head += f"<skipHours>{hours}</skipHours>"
        body = rss(*(f"ferry-{number}" for number in range(self._edition, 0, -1)), head=head)
        headers, fresh = self._headers(request.at)
        self._sent = headers.get("ETag"), headers.get("Last-Modified")
        self._expect(request.at, max(EVERY, self._ttl, fresh))
        return Answer(body=body, headers=headers, chunked=self._dice.random() < 0.3)

    def _nothing_new(self, request: Request) -> Answer:
        headers, fresh = self._headers(request.at)
        tag, date = self._sent  # RFC 9111 §4.3.4: what a 304 does not repeat stays as it was
        self._sent = headers.get("ETag", tag), headers.get("Last-Modified", date)
        self._expect(request.at, max(EVERY, self._ttl, fresh))
        return Answer(status=304, headers=headers)

    def _busy(self, request: Request) -> Answer:
        wait = self._dice.choice([0, 5, 60, 300]) * MINUTE
        self._expect(request.at, max(EVERY, wait))
        said = self._dice.choice([str(int(wait.total_seconds())), http_date(request.at + wait)])
        return Answer(status=self._dice.choice([429, 503]), headers={"Retry-After": said})

    def _broken(self, request: Request) -> Answerable:
        self._expect(request.at, EVERY, at_most=DAY)
        false = {"ETag": '"false"', "Last-Modified": http_date(request.at)}
        whole = b"HTTP/1.1 200 OK\r\nETag: false\r\nContent-Length: 9999\r\n\r\n" + rss("x")
        answers: list[Answerable] = [
            Answer(status=500, headers=false),
            Answer(status=404, body=rss("x"), headers=false),
            Answer(body=b"<html><title>Sorry</title></html>", headers=false),
            Answer(headers=false),
            Raw([whole]),
        ]
        return self._dice.choice(answers)

    # -- what follows from them ------------------------------------------------------------------

    def _headers(self, at: datetime) -> tuple[dict[str, str], timedelta]:
        """Headers of a good answer, and how long they ask to wait."""
        found = {
            "ETag": self._dice.choice([None, None, f'"{at:%d%H%M}"', f"W/{at:%d%H%M}", "odd one"]),
            "Last-Modified": self._dice.choice([None, http_date(at), f"{at:%Y-%m-%d}"]),
        }
        headers = {name: value for name, value in found.items() if value is not None}
        fresh = self._dice.choice([0, 0, 1, 30, 180]) * MINUTE
        if fresh and self._dice.random() < 0.5:
            headers["Cache-Control"] = f"max-age={int(fresh.total_seconds())}"
        elif fresh:
            headers["Expires"] = http_date(at + fresh)
        return headers, fresh

    def _expect(self, at: datetime, wait: timedelta, *, at_most: timedelta | None = None) -> None:
        self._earliest = at + wait
        self._latest = at + (at_most or wait) + STEP
        if self._sleeps:
            self._latest += len(NIGHT) * HOUR


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(2))
def test_nobody_has_anything_to_complain_about(guest: Guest, seed: int) -> None:
    tempers = {f"/{number}": Temper(f"/{number}", seed) for number in range(12)}
    for path, temper in tempers.items():
        guest.server[path] = temper
    guest.configure(*tempers)

    guest.cron(4 * DAY, step=STEP, restart_each=7)

    assert [said for temper in tempers.values() for said in temper.complaints] == []
    assert min(temper.visits for temper in tempers.values()) > 15
    assert guest.server.site().most_connections == 2
