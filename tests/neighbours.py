"""The neighbours that `config/examples/planet.toml` reads, each with another way to say its news.

stadtblatt     RSS 2.0 with full texts, sound files and several authors
rathaus        RSS 2.0 in windows-1252 that does not say so, with dates of no zone
radverein      a page that announces an Atom feed in English
wetterdienst   Atom for whoever has the password
presseportal   JSON Feed for whoever has the token; some of it is what stadtblatt wrote
eigenes        a folder of our own
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from email.utils import format_datetime
from html import escape
from pathlib import Path

from tests.examples import Example, authors, dated, markdown, shipped, story, tags, title
from tests.feedserver import Answer, Answerable, FeedServer, Request
from tests.support import NOON

HOSTS = ("stadtblatt", "rathaus", "radverein", "wetter", "presse")
SECRETS = {"WETTER_PASSWORD": "sieben möwen", "PRESSE_KEY": "k-77", "FEEDSVC_OPS_TOKEN": "t" * 32}
BEARER = "b-1234567890"
COPIED = 20  # stories of presseportal that lead to stadtblatt
FEWER = 10  # stories that slide out of stadtblatt's feed
ALIKE = 5  # notices of rathaus that radverein repeats word by word


def planet(root: Path, server: FeedServer) -> Example:
    """The planet and its neighbours; `SECRETS` have to be in the environment."""
    port = server.site().port
    site = Example(root=root, resolve=_loopback, server=server)
    site.configure(
        shipped(
            "planet",
            **{
                '# allow_networks = ["192.168.10.0/24"]': 'allow_networks = ["127.0.0.1/32"]',
                **{f"https://{host}.example/": f"http://{host}.example:{port}/" for host in HOSTS},
            },
        )
    )
    site.put("secrets/presseportal", BEARER + "\n")
    for number in range(10):
        site.put(f"articles/eigenes-{number}.md", markdown(number + 400))
    server["/lokales/feed.xml"] = stadtblatt(range(130))
    server["/rss"] = rathaus(range(200, 240))
    server["/"] = PAGE
    server["/rad.atom"] = radverein(range(260, 310))
    server["/feeds/warnungen.atom"] = _if(_has_password, warnings(5))
    server["/api/feed.json"] = _if(_has_token, presseportal([*range(COPIED), *range(320, 380)]))
    server["/hook"] = Answer(status=204)
    return site


async def _loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def _if(knows: Callable[[Request], bool], page: bytes) -> Answerable:
    def answer(request: Request, /) -> Answer:
        return Answer(body=page) if knows(request) else Answer(status=401)

    return answer


def _has_password(request: Request) -> bool:
    login = f"planet:{SECRETS['WETTER_PASSWORD']}"
    return request.headers.get("authorization") == f"Basic {b64encode(login.encode()).decode()}"


def _has_token(request: Request) -> bool:
    asked = [request.headers.get(name) for name in ("authorization", "x-client", "x-api-key")]
    return asked == [f"Bearer {BEARER}", "planet", SECRETS["PRESSE_KEY"]]


def _html(language: str, number: int) -> str:
    return "".join(f"<p>{escape(one)}</p>" for one in story(language, number))


def stadtblatt(numbers: Sequence[int], *, corrected: int | None = None, more: str = "") -> bytes:
    """RSS 2.0; every ninth story is an advertisement that the planet leaves out."""
    items = []
    for number in numbers:
        word = " (sponsored)" if number % 9 == 8 else ""
        words = _html("de", number) + (f"<p>{more}</p>" if number == corrected else "")
        sound = (
            f'<enclosure url="https://stadtblatt.example/ton/{number}.mp3" type="audio/mpeg" '
            f'length="{500_000 + number}"/>'
        )
        items.append(
            f"<item><title>{escape(escape(title('de', number) + word))}</title>"
            f"<link>https://stadtblatt.example/lokales/{number}</link>"
            f'<guid isPermaLink="true">https://stadtblatt.example/lokales/{number}</guid>'
            f"<pubDate>{format_datetime(dated(number))}</pubDate>"
            + "".join(f"<dc:creator>{name}</dc:creator>" for name in authors(number))
            + "".join(f"<category>{tag}</category>" for tag in tags("de", number))
            + f"<description>{escape(escape(title('de', number)))}.</description>"
            f"<content:encoded><![CDATA[{words}]]></content:encoded>"
            f"{sound if number % 4 == 0 else ''}</item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        "<title>Stadtblatt: Lokales</title><link>https://stadtblatt.example/lokales/</link>"
        "<description>Was in der Stadt geschieht</description><language>de-AT</language>"
        f"<copyright>© Stadtblatt</copyright>{''.join(items)}</channel></rss>"
    ).encode()


def rathaus(numbers: Sequence[int]) -> bytes:
    """RSS 2.0 of a town hall, with what its program does not say."""
    items = "".join(
        f"<item><title>{escape(title('de', number))}</title>"
        f"<link>https://rathaus.example/bekanntmachung?nr={number}&amp;druck=0</link>"
        f'<guid isPermaLink="false">{number}</guid>'
        f"<pubDate>{dated(number - 150):%d.%m.%Y %H:%M}</pubDate>"
        f"<description>{escape(_notice(number))}</description></item>"
        for number in numbers
    )
    return (
        '<?xml version="1.0"?><rss version="2.0"><channel><title>Rathaus für alle</title>'
        "<link>https://rathaus.example/</link><description>Bekanntmachungen</description>"
        f"{items}</channel></rss>"
    ).encode("windows-1252")


def _notice(number: int) -> str:
    told = " ".join(f"Absatz {part}: {one}" for part, one in enumerate(story("de", number)))
    return f"<p>Nummer {number}. {escape(told)} {escape(title('de', number + 3))}.</p>"


PAGE = (
    b"<!DOCTYPE html><html lang=en><head><title>The bicycle club</title><link rel=alternate "
    b'type="application/atom+xml" href="/rad.atom"></head><body><p>Hello</p></body></html>'
)


def radverein(numbers: Sequence[int]) -> bytes:
    """Atom in English; the first entries are notices of the town hall."""
    entries = []
    for place, number in enumerate(numbers):
        date = dated(number - 240).astimezone(UTC)
        notice = _notice(200 + place) if place < ALIKE else _html("en", number)
        named = title("de", 200 + place) if place < ALIKE else title("en", number)
        language = ' xml:lang="de"' if place < ALIKE else ""
        entries.append(
            f"<entry{language}><id>tag:radverein.example,2020:{number}</id>"
            f"<title>{escape(named)}</title>"
            f'<link href="https://radverein.example/{number}"/>'
            f"<published>{date.isoformat()}</published>"
            f"<updated>{(date + timedelta(hours=number % 3)).isoformat()}</updated>"
            "<author><name>Ann Wheeler</name><email>ann@radverein.example</email></author>"
            f"<author><name>Bo</name></author>"
            f'<content type="html">{escape(notice)}</content></entry>'
        )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>The bicycle club</title>'
        '<id>tag:radverein.example,2020:feed</id><link href="https://radverein.example/"/>'
        '<link rel="self" href="https://radverein.example/rad.atom"/>'
        f"<updated>{NOON.isoformat()}</updated><rights>CC BY 4.0</rights>"
        f"{''.join(entries)}</feed>"
    ).encode()


def warnings(count: int) -> bytes:
    """Atom of the weather service: one warning every twelve hours, without an author."""
    entries = "".join(
        f"<entry><id>urn:x-wetter:{number}</id><title>Windwarnung {number}</title>"
        f'<link href="https://wetter.example/w/{number}"/>'
        f"<updated>{(NOON - timedelta(hours=1 + 12 * number)).isoformat()}</updated>"
        f"<summary>Böen aus Nordwest, Stufe {number}.</summary></entry>"
        for number in range(count)
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>Wetterdienst</title>'
        f"<id>urn:x-wetter:feed</id><updated>{NOON.isoformat()}</updated>{entries}</feed>"
    ).encode()


def presseportal(numbers: Sequence[int]) -> bytes:
    """JSON Feed; the first stories lead to those of stadtblatt."""
    items = []
    for number in numbers:
        copied = number < COPIED
        home = "https://stadtblatt.example/lokales" if copied else "https://presse.example"
        items.append(
            {
                "id": f"presse-{number}",
                "url": f"{home}/{number}",
                "title": title("de", number),
                "content_html": _html("de", number),
                "date_published": (dated(number % 300) + timedelta(minutes=30)).isoformat(),
                "authors": [{"name": name} for name in authors(number + 1)],
                "tags": ["Presse"],
                "attachments": [
                    {
                        "url": f"https://presse.example/m/{number}.pdf",
                        "mime_type": "application/pdf",
                        "size_in_bytes": 9_000 + number,
                    }
                ][: number % 2],
            }
        )
    return json.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": "Presseportal",
            "home_page_url": "https://presse.example/",
            "feed_url": "https://presse.example/api/feed.json",
            "language": "de",
            "items": items,
        }
    ).encode()
