"""The sites of `config/examples/`, each in a folder of its own and with a few hundred articles.

    newsroom   here           planet   neighbours.py           podcast   episodes.py

The configurations are taken as they are shipped, but for paths and the addresses of others, which
lead into the folder and to a server on loopback. What their articles say is made of the words in
`tests/app/data/words.toml`; all is the same in every run.
"""

from __future__ import annotations

import asyncio
import os
import tomllib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from feedsvc.app import App
from feedsvc.config import load
from feedsvc.sync import Options
from tests.feedserver import FeedServer
from tests.support import NOON, Service

EXAMPLES = Path(__file__).parents[1] / "config" / "examples"
WORDS: Mapping[str, Any] = tomllib.loads(
    (Path(__file__).parent / "app" / "data" / "words.toml").read_text("utf-8")
)
BERLIN = ZoneInfo("Europe/Berlin")
PEOPLE = ("Mara Öhm", "Tom Wex", "Ida van der Laan", "Jonas Grün", "Liv")

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


def shipped(name: str, **exchanged: str) -> str:
    """An example configuration; every word that is to be exchanged has to be there."""
    text = (EXAMPLES / f"{name}.toml").read_text("utf-8")
    for old, new in exchanged.items():
        assert old in text, f"{name}.toml no longer holds {old}"
        text = text.replace(old, new)
    return text


@dataclass(kw_only=True)
class Example(Service):
    """A service whose configuration was shipped."""

    resolve: Resolve | None = None
    server: FeedServer | None = None  # of whoever it asks

    @property
    def app(self) -> App:
        if self._app is None:
            settings = load(self.root / "feedsvc.toml", cwd=self.root, environ={})
            self._app = App(settings, self.clock, resolve=self.resolve)
        return self._app

    def put(self, name: str, text: str | bytes) -> None:
        """Put a file into the site's folder; it was last changed an hour ago."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        moment = self.clock.at.timestamp() - 3600
        os.utime(path, (moment, moment))

    def run(self, *, force: bool = True) -> None:
        """What one `feedsvc sync` of cron does: sync, build, errands, and what they ask for."""
        report = asyncio.run(self.app.sync(force=force, options=Options()))
        assert [one.name for one in report.sources if one.outcome == "failed"] == []
        while self.app.errands_due():
            again, unheard = asyncio.run(self.app.run_errands())
            assert unheard == ()
            if again:
                self.regenerate()


def title(language: str, number: int) -> str:
    """The title of a story: no two numbers below 512 have one."""
    words = WORDS[language]
    return " ".join(
        words[part][number // step % 8] for part, step in (("who", 1), ("does", 8), ("where", 64))
    )


def story(language: str, number: int) -> list[str]:
    """The paragraphs of a story; those of two stories have next to nothing in common."""
    said: list[str] = WORDS[language]["said"]
    others = [title(language, number * step + step) for step in (7, 31, 53, 101, 211)]
    return [
        f"{title(language, number)}.",
        f"{said[number % len(said)]} {number}: {'. '.join(others)}.",
        *(said[(number + step) % len(said)] for step in range(1, number % 3)),
    ]


def authors(number: int) -> list[str]:
    """One author, two or three; of some stories nobody knows who wrote them."""
    return [PEOPLE[(number + step) % len(PEOPLE)] for step in range(number % 4)]


def tags(language: str, number: int) -> list[str]:
    """Two of the words of a language."""
    known: list[str] = WORDS[language]["tags"]
    return [known[number % len(known)], known[(number + 2) % len(known)]]


def dated(number: int) -> datetime:
    """The newest twelve days each have a story; before them there is one every eight days."""
    if number < 12:
        return NOON.astimezone(BERLIN) - timedelta(days=number, hours=2)
    return NOON.astimezone(BERLIN) - timedelta(days=12 + 8 * (number - 12), hours=number % 24)


def when(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S%z")


# -- a newsroom ------------------------------------------------------------------------------------

NEWS = "https://news.example.org"


def newsroom(root: Path) -> Example:
    """Two desks, an agency and an archive, with some hundred articles over years."""
    site = Example(root=root)
    site.configure(
        shipped(
            "newsroom",
            **{
                "/var/lib/feedsvc/feedsvc.db": f"/{root}/feedsvc.db",
                '"/srv/feeds"': f'"{root}/public"',
                '"/srv/desks/': f'"{root}/desks/',
                '"/srv/agentur"': f'"{root}/agentur"',
                '"/srv/archive"': f'"{root}/archive"',
            },
        )
    )
    for number in range(120):
        site.put(f"desks/politik/{dated(number):%Y/%m}/p{number:03}.md", markdown(number))
    for number in range(80):
        site.put(f"desks/wirtschaft/w{number:03}.txt", plaintext(number + 128))
    for number in range(50):
        site.put(f"agentur/hda{number:03}.txt", wire(number + 256))
    for number in range(60):
        site.put(f"archive/{number:03}.html", page(number + 320))
    site.put("desks/politik/entwuerfe/offen.md", "# Noch nicht fertig\n\nHier fehlt alles.\n")
    site.put("desks/politik/tagebuch.md.bak", "# Tagebuch\n\nNiemand soll es lesen.\n")
    site.put("desks/politik/brief.md", markdown(500, date=NOON, embargo=NOON + timedelta(hours=18)))
    site.put("desks/politik/dose.md", markdown(501, date=NOON, embargo=datetime(2099, 1, 1, 9)))
    return site


def markdown(
    number: int,
    *,
    date: datetime | None = None,
    updated: datetime | None = None,
    embargo: datetime | None = None,
    more: str = "",
) -> str:
    """A text with front matter; some have a picture, files beside it, another language."""
    language = "en" if number % 5 == 3 else "de"
    date = date or dated(number)
    head = [f"title: {title(language, number)}", f"date: {when(date)}", f"lang: {language}"]
    head += [f"tags: {tags(language, number)}"]
    if names := authors(number):
        head += ["authors:", *(f"  - name: {name}" for name in names)]
        head += ["    email: liv@news.example.org"] if names[-1] == "Liv" else []
    if number % 2:
        head += [f"description: {WORDS[language]['said'][number % 4]}"]
    if number % 3 == 0:
        head += [
            "cover:",
            f"  image: {NEWS}/bilder/{number}.jpg",
            "  caption: Blick über das Becken",
        ]
    if number % 7 == 0:
        head += ["enclosures:"]
        for part, length in (("plan", 48_000), ("liste", 1_200))[: 1 + number % 2]:
            head += [f"  - url: {NEWS}/akten/{number}-{part}.pdf", f"    length: {length + number}"]
    if updated is not None or number % 11 == 0:
        head += [f"updated: {when(updated or date + timedelta(minutes=90))}"]
    if embargo is not None:
        head += [f"embargo: {when(embargo)}"]
    body = [*story(language, number), f"## Was bleibt\n\n- *Teil {number}*", more]
    return "\n".join(["---", *head, "---", "", "\n\n".join(body)])


def plaintext(number: int) -> str:
    """A text with the labels of a newsroom."""
    date = dated(number - 128)
    lines = [title("de", number), f"Datum: {date.day}.{date.month}.{date.year}, {date:%H:%M} Uhr"]
    if names := authors(number):
        lines.append(f"Von {' und '.join(names)}")
    lines += [f"Schlagwörter: {', '.join(tags('de', number))}"]
    if number % 4 == 0:
        lines += [f"Bild: {NEWS}/bilder/{number}.jpg", "Fotograf: Ida"]
    return "\n".join([*lines, "", "\n\n".join(story("de", number))])


def wire(number: int) -> bytes:
    """What an agency drops: no link, another encoding, signs that are meant as such."""
    date = dated(number - 256)
    tag = ("Politik", "Wirtschaft", "Sport")[number % 3]
    lines = [title("de", number), f"Datum: {date:%d.%m.%Y %H:%M}", f"Schlagwörter: {tag}", ""]
    return "\n\n".join(["\n".join(lines), f"* * * {number} _eilt_", *story("de", number)]).encode(
        "windows-1252"
    )


def page(number: int) -> str:
    """A page of the old site; one of them says to be of a year that is yet to come."""
    date = dated(number) if number % 60 != 19 else datetime(2031, 5, 5, 8, tzinfo=BERLIN)
    named = escape(title("en", number))
    text = "".join(f"<p>{escape(one)}</p>" for one in story("en", number))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{named}</title>'
        f'<link rel="canonical" href="{NEWS}/alt/{number}">'
        f'<meta property="article:published_time" content="{date.isoformat()}">'
        f'<meta name="author" content="{PEOPLE[number % 5]}"></head>'
        f"<body><article><h1>{named}</h1>{text}</article></body></html>"
    )
