"""The podcast of `config/examples/podcast.toml`: a folder of episodes, and a server with the sound.

Nobody says how large the files are but their server, and some of their addresses tell no type.
"""

from __future__ import annotations

import struct
from datetime import datetime, timedelta
from pathlib import Path

from tests.examples import BERLIN, Example, authors, shipped, story, title
from tests.feedserver import Answer, Answerable, FeedServer, Request

COUNT = 70


def sound(number: int) -> bytes:
    """The file of an episode."""
    return bytes(20_000 + 37 * number)


def podcast(root: Path, server: FeedServer) -> Example:
    """A folder of episodes whose files lie on a server; nobody says how large they are."""
    site = Example(root=root, server=server)
    site.configure(
        shipped(
            "podcast",
            **{
                "https://hub.example.org/": server.url("/hub"),
                "https://podcast.example.org/cover.jpg": server.url("/cover.jpg"),
                "[[source]]": '[sync]\nallow_networks = ["127.0.0.1/32"]\n\n[[source]]',
            },
        )
    )
    server["/hub"] = Answer(status=202)
    server["/cover.jpg"] = Answer(body=_COVER, headers={"Content-Type": "image/jpeg"})
    for number in range(COUNT):
        site.put(f"episoden/{_friday(number):%Y-%m-%d}-folge-{number}.md", episode(server, number))
        server[f"/folgen/{number}"] = _file(number)
        server[f"/folgen/{number}.mp3"] = _file(number)
    return site


def _friday(number: int) -> datetime:
    """Every second Friday at six, the last one two days before noon."""
    last = datetime(2025, 5, 30, 6, tzinfo=BERLIN)
    return last - timedelta(days=14 * (COUNT - 1 - number))


def episode(server: FeedServer, number: int, *, words: str = "") -> str:
    """The notes of an episode; of every third, the address of its file tells no type."""
    ending = "" if number % 3 == 0 else ".mp3"
    head = [
        f"title: {title('de', number)}",
        f"date: {_friday(number).isoformat()}",
        f"audio: {server.url(f'/folgen/{number}{ending}')}",
        f"duration: {20 + number % 30}:{number % 60:02}",
        f"episode: {1 + number % 26}",
        f"season: {1 + number // 26}",
        f"authors: [{', '.join(authors(number) or ['Hafenrunde'])}]",
    ]
    if number % 5 == 0:
        head += [f"transcript: https://podcast.example.org/texte/{number}.vtt"]
        head += [f"chapters: https://podcast.example.org/kapitel/{number}.json"]
        head += ["person:", "  - name: Ida van der Laan", "    role: host", "  - name: Bo"]
    if number % 10 == 9:
        head += ["explicit: true", "episodeType: bonus"]
    if number % 4 == 0:
        head += [f"summary: '{title('de', number)}: ein Gespräch.'"]
    return "\n".join(["---", *head, "---", "", "\n\n".join([*story("de", number), words])])


def _file(number: int) -> Answerable:
    def answer(request: Request, /) -> Answer:
        return Answer(body=sound(number), headers={"Content-Type": "audio/mpeg"})

    return answer


# The head of a JPEG of 3000 by 3000 pixels: all that anybody reads who measures it.
_COVER = (
    b"\xff\xd8\xff\xe0" + struct.pack(">H5sHBHHBB", 16, b"JFIF\0", 0x0101, 0, 1, 1, 0, 0)
    + b"\xff\xc0" + struct.pack(">HBHHB", 17, 8, 3000, 3000, 3) + b"\1\x22\0\2\x11\1\3\x11\1"
    + b"\xff\xd9"
)  # fmt: skip
