"""What people write for a language, and what a text is in."""

from __future__ import annotations

import pytest

from feedsvc.text.language import guess_language, normalise_language


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        *[("Deutsch", "de"), ("englisch", "en"), ("Français", "fr"), ("ESPAÑOL", "es")],
        *[("de", "de"), ("en_US", "en-US"), ("DE-at", "de-AT"), ("zh-hant-tw", "zh-Hant-TW")],
        *[("de_AT.UTF-8", "de-AT"), ("deu", "de"), ("gsw", "gsw"), ("es-419", "es-419")],
        *[("de-1996", "de-1996"), (" it. ", "it"), ("日本語", "ja")],
        *[("", None), ("xx", None), ("en-", None), ("klingonisch", None), ("de;q=1", None)],
        *[("x-private", None), ("e", None), ("de--at", None), ("a" * 10_000, None)],
    ],
)
def test_normalise_language(written: str, tag: str | None) -> None:
    assert normalise_language(written) == tag


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Die Stadt hat beschlossen, dass die Brücke nicht abgerissen werden soll.", "de"),
        ("The council has decided that the old bridge is not to be torn down.", "en"),
        ("Le conseil a décidé que le pont ne sera pas détruit par la ville.", "fr"),
        ("El puente no se va a derribar y las obras son para el verano.", "es"),
        ("Il consiglio ha deciso che il ponte non sarà demolito e che è della città.", "it"),
        ("De raad heeft besloten dat de oude brug niet wordt gesloopt.", "nl"),
        ("O conselho decidiu que a ponte não vai ser demolida e as obras são para o verão.", "pt"),
        ("Rådet har beslutat att den gamla bron inte ska rivas och att det är bra.", "sv"),
        ("Rada zdecydowała, że most nie zostanie zburzony i prace są na wiosnę.", "pl"),
        pytest.param("", None, id="nothing"),
        pytest.param("Kurz und gut", None, id="too-short"),
        pytest.param("1234 5678 " * 200, None, id="numbers"),
        pytest.param("Это статья о погоде в Москве.", None, id="another-script"),
        pytest.param(
            "Die Stadt hat das nicht. The city has been.", None, id="half-and-half"
        ),
    ],
)  # fmt: skip
def test_guess_language(text: str, language: str | None) -> None:
    assert guess_language(text) == language


def test_only_the_beginning_is_looked_at() -> None:
    german = "Die Stadt hat das nicht und wird es auch nicht. " * 50

    assert guess_language(german + "The city is the city of the world. " * 10_000) == "de"
