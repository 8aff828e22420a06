"""One picture in many sizes is one picture; two pictures are two."""

from __future__ import annotations

import pytest

from feedsvc.text.likeness import shows

LEAD = "https://blatt.example.org/2025/03/kai.jpg"


@pytest.mark.parametrize(
    ("shown", "lead"),
    [
        pytest.param(LEAD, LEAD, id="the-same-address"),
        pytest.param("https://blatt.example.org/2025/03/kai-1024x683.jpg", LEAD, id="smaller"),
        pytest.param(LEAD, "https://blatt.example.org/2025/03/kai-150x150.jpg", id="a-thumbnail"),
        pytest.param("https://blatt.example.org/2025/03/kai-scaled.jpg", LEAD, id="scaled"),
        pytest.param("https://blatt.example.org/2025/03/KAI@2x.webp", LEAD, id="twice-as-dense"),
        pytest.param("https://blatt.example.org/2025/03/kai.jpg.webp", LEAD, id="another-kind"),
        pytest.param(
            "https://i0.cdn.example.net/blatt.example.org/2025/03/kai.jpg?resize=640%2C427&amp;s=1",
            LEAD,
            id="from-another-server",
        ),
        pytest.param(
            "https://cdn.example.net/976/_12345_nebelhorn.jpg",
            "https://cdn.example.net/240/_12345_nebelhorn.jpg",
            id="a-name-of-its-own-in-the-folder-of-a-size",
        ),
        pytest.param(
            "https://blatt.example.org/f%C3%A4hre/f%C3%A4hre-300x200.png",
            "https://blatt.example.org/f%C3%A4hre/f%C3%A4hre.png",
            id="percent-encoded",
        ),
        pytest.param(
            "https://x.example.org/i?id=1&amp;w=9", "https://x.example.org/i?id=1", id="w"
        ),
        pytest.param(
            "https://x.example.org/kai.jpg?id=1&amp;w=640",
            "https://x.example.org/kai.jpg?w=99&id=1",
            id="asked-for-by-the-same-id",
        ),
    ],
)
def test_it_is_shown_already(shown: str, lead: str) -> None:
    assert shows(f'<p>Am Kai: <img alt="a > b" src="{shown}"></p>', lead)


@pytest.mark.parametrize(
    ("shown", "lead"),
    [
        pytest.param("https://blatt.example.org/2025/03/turm.jpg", LEAD, id="another-name"),
        pytest.param("https://blatt.example.org/2025/04/1.jpg", LEAD[:-7] + "1.jpg", id="folder"),
        pytest.param("https://x.example.org/i?id=1", "https://x.example.org/i?id=2", id="scripts"),
        pytest.param("https://x.example.org/i?id=12", "https://x.example.org/i?id=1", id="longer"),
        pytest.param(
            "https://x.example.org/kai.jpg?id=1", "https://x.example.org/kai.jpg?id=2", id="asked"
        ),
        pytest.param("https://x.example.org/a-1.jpg", "https://x.example.org/a-2.jpg", id="number"),
        pytest.param("https://x.example.org/1.jpg", "https://y.example.org/1.jpg", id="host"),
        pytest.param(
            "https://x.example.org/img/0b7/master/2000.jpg",
            "https://x.example.org/img/9d3/master/2000.jpg",
            id="a-folder-further-up",
        ),
        pytest.param(
            "https://x.example.org/eis/featured-image.jpg",
            "https://x.example.org/kai/featured-image.jpg",
            id="a-name-that-many-have",
        ),
        pytest.param("https://x.example.org/", LEAD, id="no-file"),
        pytest.param("https://[x/kai.jpg", LEAD, id="no-address"),
        pytest.param(
            "https://x.example.org/a/-1x1.jpg", "https://x.example.org/a/-2x2.jpg", id="-"
        ),
    ],
)
def test_it_is_another(shown: str, lead: str) -> None:
    assert not shows(f'<p><img src="{shown}"></p>', lead)


def test_a_word_of_the_text_shows_nothing() -> None:
    assert not shows("<p>kai-1024x683.jpg</p>", LEAD)
