"""Front matter that tells of an episode: the same lines as a feed's podcast tags make."""

from __future__ import annotations

import pytest

from feedsvc.model import Document, Hints
from feedsvc.parsers.markdown import parse

AUDIO = "audio: https://audio.example.org/7.mp3\nduration: '25:36'"


def _extra(head: str) -> tuple[tuple[str, str], ...]:
    text = f"---\n{AUDIO}\n{head}\n---\n# Folge\n\nText."
    return parse(Document(source="s", path="folge.md", data=text.encode()), Hints()).extra


@pytest.mark.parametrize(
    ("head", "extra"),
    [
        pytest.param("episode: 7", [("itunes:episode", "7")], id="episode"),
        pytest.param("season: '02'", [("itunes:season", "02")], id="season"),
        pytest.param("itunes_episode: 7", [("itunes:episode", "7")], id="with-a-prefix"),
        pytest.param("explicit: true", [("itunes:explicit", "true")], id="explicit"),
        pytest.param("explicit: nein", [("itunes:explicit", "false")], id="not-explicit"),
        pytest.param("explicit: Clean", [("itunes:explicit", "false")], id="clean"),
        pytest.param("episodeType: Bonus", [("itunes:episodeType", "bonus")], id="type"),
        pytest.param(
            "transcript: https://t.example.org/7.vtt",
            [("podcast:transcript", '{"url":"https://t.example.org/7.vtt"}')],
            id="transcript",
        ),
        pytest.param(
            "transcripts:\n- 7.vtt\n- {src: 7.srt, type: application/srt, lang: de}",
            [
                ("podcast:transcript", '{"url":"7.vtt"}'),
                (
                    "podcast:transcript",
                    '{"url":"7.srt","type":"application/srt","language":"de"}',
                ),
            ],
            id="transcripts",
        ),
        pytest.param(
            "chapters: /7.json", [("podcast:chapters", '{"url":"/7.json"}')], id="chapters"
        ),
        pytest.param("person: Jana Öhm", [("podcast:person", "Jana Öhm")], id="person"),
        pytest.param("person: [[Liv]]", [("podcast:person", "Liv")], id="person-as-a-note"),
        pytest.param(
            "person:\n- {name: Liv, role: guest, url: 'https://liv.example.org/'}\n- Tom",
            [
                ("podcast:person", '{"role":"guest","href":"https://liv.example.org/","":"Liv"}'),
                ("podcast:person", "Tom"),
            ],
            id="persons",
        ),
        pytest.param("extra:\n  episode: 3", [("itunes:episode", "3")], id="nested"),
        pytest.param("season: winter", [("season", "winter")], id="a-season-that-is-no-number"),
        pytest.param("transcript: yes", [("transcript", "yes")], id="a-transcript-that-is-none"),
        pytest.param("episode: 0", [("episode", "0")], id="an-episode-that-is-none"),
        pytest.param("person: {role: guest}", [("person.role", "guest")], id="nobody"),
    ],
)
def test_what_front_matter_says_of_an_episode(head: str, extra: list[tuple[str, str]]) -> None:
    assert _extra(head) == tuple(extra)


def test_the_recording_is_an_enclosure() -> None:
    text = f"---\n{AUDIO}\n---\n# Folge\n\nText."
    (audio,) = parse(Document(source="s", path="folge.md", data=text.encode()), Hints()).enclosures

    assert (audio.url, audio.type) == ("https://audio.example.org/7.mp3", "audio/mpeg")
    assert audio.duration == 25 * 60 + 36
