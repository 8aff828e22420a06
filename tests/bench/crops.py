"""The feeds that `farm.py` serves: generated, equal for an equal seed, and of the usual kinds.

    crop = crops(1000, seed=1)[7]
    crop.entry(3, version=0)        the fourth oldest
    crop.links(version=1)           of every entry in the first two states

Each version has one entry more, and another one edited. Sizes and counts are those of real feeds:
22 entries on average, 16 KB in the middle, 500 KB in one document of a hundred; bodies hold links,
pictures, entities, umlauts and what editors leave. `dialects.py` writes them down.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import exp
from random import Random
from typing import Literal
from xml.sax.saxutils import escape

Form = Literal["rss", "atom", "json"]

PRESENT = datetime(2025, 5, 1, 6, 0, tzinfo=UTC)
"""When version 0 was published; nothing depends on the day on which the farm is run."""

_FORMS: tuple[Form, ...] = (
    "rss",
    "atom",
    "rss",
    "rss",
    "json",
    "rss",
    "atom",
    "rss",
    "atom",
    "rss",
)
_FILES = {"rss": "rss.xml", "atom": "atom.xml", "json": "feed.json"}
_FEWEST, _SPREAD = 10, 41  # entries: 10 to 50 …
_BEND = 2.28  # … and 22 on average, most feeds having fewer
_LARGE = 500_000  # bytes of one document in a hundred
_MEDIAN, _SIGMA = 9_500, 0.8  # bytes of the others: log-normal, up to …
_MOST = 200_000
_MARKUP = 560  # bytes of an entry that are no body, and half a paragraph that comes on top


@dataclass(frozen=True, slots=True)
class Entry:
    """What all formats say of an entry."""

    id: str
    link: str
    title: str
    html: str
    teaser: str
    published: datetime
    author: str
    tags: tuple[str, ...]
    media: str | None  # address of a picture or a recording


@dataclass(frozen=True, slots=True)
class Crop:
    """One feed in all its states."""

    number: int
    seed: int
    form: Form
    entries: int  # in one document
    share: int  # bytes for each of them
    german: bool
    habits: int  # of its editor: bits that choose between the dialects

    @property
    def name(self) -> str:
        return f"farm-{self.number:05}"

    @property
    def path(self) -> str:
        return f"/{self.number:05}/{_FILES[self.form]}"

    @property
    def site(self) -> str:
        return f"https://s{self.number}.example.org"

    @property
    def title(self) -> str:
        return f"{'Küstenblatt' if self.german else 'Harbour News'} {self.number}"

    def habit(self, bit: int) -> bool:
        """Whether the editor does things one way or the other."""
        return bool(self.habits >> bit & 1)

    def links(self, version: int) -> list[str]:
        """Of every entry in any document so far."""
        return [self._link(serial) for serial in range(self.entries + version)]

    def entry(self, serial: int, version: int) -> Entry:
        """The entry `serial`, counted from the oldest, as it stands in `version`."""
        random = Random(f"{self.seed}/{self.number}/{serial}")
        words = _GERMAN if self.german else _ENGLISH
        age = self.entries - 1 - serial  # negative: came after version 0
        rhythm = timedelta(minutes=90 + self.habits % 9000)
        published = PRESENT - timedelta(minutes=self.number % 600 + random.randrange(80))
        published -= rhythm * age if age > 0 else timedelta(hours=age)
        html = _body(self, random, words, int(self.share * random.uniform(0.55, 1.45)) - _MARKUP)
        # With each version the third entry from the top is edited, and stays so.
        if self.entries - 2 <= serial <= self.entries + version - 3:
            html += f"<p><strong>{words.update}</strong> {random.choice(words.sentences)}</p>"
        link = self._link(serial)
        kinds = (link, f"{self.site}/?p={1000 + serial}", f"tag:example.org,2025:{link[8:]}")
        picture = f"{self.site}/{'audio' if self.podcast else 'img'}/{serial}"
        return Entry(
            id=kinds[self.habits % 3],
            link=link,
            title=_title(random.choice(words.sentences)),
            html=html,
            teaser=random.choice(words.sentences),
            published=published,
            author=random.choice(words.people),
            tags=tuple(random.sample(words.tags, max(0, random.randrange(6) - 2))),
            media=picture + (".mp3" if self.podcast else ".jpg") if self.illustrated else None,
        )

    @property
    def podcast(self) -> bool:
        return self.form == "rss" and self.number % 10 == 3

    @property
    def illustrated(self) -> bool:
        return self.podcast or self.habits % 6 == 0

    def _link(self, serial: int) -> str:
        return f"{self.site}/{2021 + serial % 5}/{serial:04}-{_SLUGS[serial % len(_SLUGS)]}/"


def crops(count: int, *, seed: int) -> list[Crop]:
    """`count` feeds: six of ten are RSS, three Atom, one JSON Feed."""
    ranks = Random(f"{seed}/ranks").sample(range(count), count)
    found = []
    for number, rank in enumerate(ranks):
        random = Random(f"{seed}/{number}")
        entries = _FEWEST + int(_SPREAD * ((rank + 0.5) / count) ** _BEND)
        size = min(int(_MEDIAN * exp(random.gauss(0, _SIGMA))), _MOST)
        found.append(
            Crop(
                number=number,
                seed=seed,
                form=_FORMS[number % len(_FORMS)],
                entries=entries,
                share=(_LARGE if number % 100 == 50 else size) // entries,
                german=random.random() < 0.5,
                habits=random.getrandbits(24),
            )
        )
    return found


# --- words


@dataclass(frozen=True, slots=True)
class _Words:
    sentences: tuple[str, ...]
    people: tuple[str, ...]
    tags: tuple[str, ...]
    update: str
    more: str


def _sentences(*parts: str) -> tuple[str, ...]:
    first, middle, last = ([piece.strip() for piece in part.split("|")] for part in parts)
    return tuple(f"{a} {b} {c}." for a in first for b in middle for c in last)


_ENGLISH = _Words(
    _sentences(
        """The harbour master | A baker from the old market | The town council | Our small library
        | The evening ferry | A class of nine-year-olds | The repair café | The weather station
        | A patient gardener | The brass band | The lighthouse museum""",
        """opens its doors earlier than planned | has counted more guests than last year
        | looks for helpers with steady hands | moves the summer fair to another field
        | shows maps nobody had seen for decades | waits for spare parts and better weather
        | plants forty apple trees & a hedge | explains why the bridge stays closed
        | celebrates with soup, songs and lanterns | mends what others would throw away""",
        """behind the station | before the first frost | in spite of the rain | along the quay
        | between river and railway | on the second Saturday of the month
        | until the tide turns | without asking for a fee | next to the ferry landing""",
    ),
    ("Ada Quill", "Ben Harbour", "Cleo Marsh", "the desk", "D. O’Tide", "Zoë Fjord"),
    ("harbour", "culture", "weather", "transport", "food & drink", "history", "schools", "sea"),
    "Update:",
    "Read on",
)
_GERMAN = _Words(
    _sentences(
        """Der Hafenmeister | Die Bäckerei am Markt | Der Gemeinderat | Unsere kleine Bücherei
        | Die letzte Fähre | Eine dritte Klasse | Das Reparaturcafé | Die Wetterwarte
        | Eine geduldige Gärtnerin | Die Blaskapelle | Das Leuchtturmmuseum""",
        """öffnet früher als geplant | zählt mehr Gäste als im Vorjahr
        | sucht Helfer mit ruhigen Händen | verlegt das Sommerfest auf die große Wiese
        | zeigt Karten, die jahrzehntelang niemand sah | wartet auf Ersatzteile & besseres Wetter
        | pflanzt vierzig Apfelbäume und eine Hecke | erklärt, weshalb die Brücke gesperrt bleibt
        | feiert mit Suppe, Liedern und Laternen | flickt, was andere wegwürfen""",
        """hinter dem Bahnhof | vor dem ersten Frost | trotz des Regens | längs der Kaimauer
        | zwischen Fluss und Gleisen | am zweiten Samstag des Monats
        | bis die Flut kommt | ohne Gebühr | neben dem Fähranleger""",
    ),
    ("Jule Möwe", "Käthe Priel", "Sören Deich", "die Redaktion", "A. Wöhrmann-Watt"),
    ("Hafen", "Kultur", "Wetter", "Verkehr", "Küche & Garten", "Geschichte", "Schule", "Übersee"),
    "Nachtrag:",
    "Weiterlesen",
)


def _title(sentence: str) -> str:
    """The first words of a sentence, as a headline has them."""
    return " ".join(sentence.rstrip(".,").split()[:7])


_SLUGS = "morning-ferry open-library apple-trees bridge-closed old-maps lantern-night".split()


def _body(crop: Crop, random: Random, words: _Words, size: int) -> str:
    """HTML of about `size` characters, as this editor writes it."""
    opening = '<p class="wp-block-paragraph" style="margin:0">' if crop.habits % 4 == 1 else "<p>"
    dash, quotes = ("&#8211;", "&#8222;{}&#8220;") if crop.habit(2) else ("–", "&bdquo;{}&ldquo;")
    parts: list[str] = []
    length = 0
    while length < size or not parts:
        chosen = [escape(one) for one in random.sample(words.sentences, 3)]
        kind = random.randrange(12)
        target = f"{crop.site}/t/{random.randrange(900)}?a=1&amp;b={kind}"
        if kind < 5:
            text = f'{chosen[0]} {dash} <a href="{target}">{chosen[1].rpartition(" ")[2]}</a>'
        elif kind == 5:
            text = f'{chosen[0]} <em><a href="/archive/{kind}">{words.more}</a></em>'
        elif kind == 6:
            text = f"{quotes.format(chosen[0])}<br />\n&nbsp;{chosen[1]}"
        elif kind == 7:
            image = f"{crop.site}/img/{random.randrange(900)}.jpg"
            text = f'<img src="{image}" alt="{chosen[0]}" width="640" height="360" />'
        elif kind == 8:
            text = f"<strong>{chosen[0].replace('ü', '&uuml;')}</strong>"
        else:
            text = chosen[0]
        part = f"{opening}{text}</p>"
        if kind == 9:
            part = f"<ul>\n<li>{chosen[0]}</li>\n<li>{chosen[1]}</li>\n</ul>"
        elif kind == 10 and length:
            part = f"<blockquote>{opening}{text}</p></blockquote>\n<h3>{chosen[2]}</h3>"
        parts.append(part)
        length += len(part)
    if crop.number % 9 == 0:
        parts.append('<img src="https://stats.example.org/p.gif" width="1" height="1" alt="" />')
    return "\n".join(parts)
