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
        pytest.param(
            "guests: [Liv, {name: Tom, href: /tom}]\nhost: Jana",
            [
                ("podcast:person", '{"role":"guest","":"Liv"}'),
                ("podcast:person", '{"href":"/tom","role":"guest","":"Tom"}'),
                ("podcast:person", '{"role":"host","":"Jana"}'),
            ],
            id="hosts-and-guests",
        ),
        pytest.param(
            "season: {number: 2, name: Winter}\nepisode: {number: 7, display: 7a}",
            [
                ("itunes:season", "2"),
                ("podcast:season", '{"name":"Winter","":"2"}'),
                ("itunes:episode", "7"),
                ("podcast:episode", '{"display":"7a","":"7"}'),
            ],
            id="names-beside-numbers",
        ),
        pytest.param("season: {name: Winter}", [("season.name", "Winter")], id="a-name-alone"),
        pytest.param("itunes_title: Nebel", [("itunes:title", "Nebel")], id="title-for-apple"),
        pytest.param("itunes_block: yes", [("itunes:block", "Yes")], id="blocked"),
        pytest.param("itunes_block: no", [("itunes_block", "no")], id="not-blocked"),
        pytest.param(
            "soundbites:\n- {start: 73.5, duration: 60, title: Das Horn}\n- {startTime: 1}",
            [("podcast:soundbite", '{"startTime":"73.5","duration":"60","":"Das Horn"}')],
            id="soundbites",
        ),
        pytest.param(
            "podcast_location: {name: Kiel, geo: 'geo:54.3,10.1'}",
            [("podcast:location", '{"":"Kiel","geo":"geo:54.3,10.1"}')],
            id="place",
        ),
        pytest.param(
            "alternateEnclosure: {url: 7.opus, bitrate: 64000}",
            [
                ("podcast:alternateEnclosure", '{"bitrate":"64000","type":"audio/ogg"}'),
                ("podcast:alternateEnclosure/source", '{"uri":"7.opus"}'),
            ],
            id="another-form",
        ),
        pytest.param(
            "alternateEnclosure: {url: 7, bitrate: 1}",
            [("alternateEnclosure.url", "7"), ("alternateEnclosure.bitrate", "1")],
            id="another-form-of-no-type",
        ),
        pytest.param("extra:\n  episode: 3", [("itunes:episode", "3")], id="nested"),
        pytest.param(
            "Staffel: 2\nfolge: 7\nfolgen_typ: full\nfolgentyp: full\ngäste: [Liv]",
            [
                ("itunes:season", "2"),
                ("itunes:episode", "7"),
                ("folgen_typ", "full"),
                ("itunes:episodeType", "full"),
                ("podcast:person", '{"role":"guest","":"Liv"}'),
            ],
            id="in-the-words-of-plain-texts",
        ),
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


@pytest.mark.parametrize(
    ("head", "length", "duration"),
    [
        pytest.param("length: 24986239", 24_986_239, None, id="length"),
        pytest.param("length: 24986239\nduration: 60", 24_986_239, 60, id="both"),
        pytest.param("length: '24:10'", None, 1_450, id="a-length-that-is-a-duration"),
        pytest.param("bytes: 7", 7, None, id="bytes"),
    ],
)
def test_what_stands_beside_the_recording(
    head: str, length: int | None, duration: int | None
) -> None:
    text = f"---\naudio: https://audio.example.org/7.mp3\n{head}\n---\n# Folge\n\nText."
    (audio,) = parse(Document(source="s", path="folge.md", data=text.encode()), Hints()).enclosures

    assert (audio.length, audio.duration) == (length, duration)


def test_apples_names_for_what_any_article_has() -> None:
    head = (
        "itunes_image: /7.png\nitunes_author: Liv\nitunes_keywords: Hafen, Nebel\n"
        "itunes_summary: Warum es still ist.\nitunes_subtitle: Ein Horn"
    )
    text = f"---\n{AUDIO}\n{head}\n---\n# Folge\n\nText."
    draft = parse(Document(source="s", path="folge.md", data=text.encode()), Hints())

    assert draft.image is not None
    assert draft.image.url == "/7.png"
    assert [one.name for one in draft.authors] == ["Liv"]
    assert draft.tags == ("Hafen", "Nebel")
    assert (draft.summary, draft.subtitle) == ("Warum es still ist.", "Ein Horn")


def test_german_words_tell_of_a_recording() -> None:
    text = "---\nAudiodatei: 7.mp3\nDauer: 25:36\nDateigröße: 31415926\n---\n# Folge\n\nText."
    (audio,) = parse(Document(source="s", path="folge.md", data=text.encode()), Hints()).enclosures

    assert (audio.url, audio.length, audio.duration) == ("7.mp3", 31415926, 25 * 60 + 36)


def test_what_belongs_to_no_recording_keeps_its_word() -> None:
    draft = parse(
        Document(source="s", path="weg.md", data=b"---\nDauer: 3 Tage\n---\n# Weg\n\nText."),
        Hints(),
    )

    assert draft.extra == (("Dauer", "3 Tage"),)


def test_words_of_every_day_make_no_head_of_a_paragraph() -> None:
    text = "Dauer: 90 Minuten\nGast: Liv\n\nText."
    draft = parse(Document(source="s", path="weg.md", data=text.encode()), Hints())

    assert "Dauer: 90 Minuten" in draft.html
