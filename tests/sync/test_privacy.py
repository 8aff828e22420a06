"""Which addresses are told in `atom:source` and RSS `source`, and which are somebody's own."""

from __future__ import annotations

import random
import string

import pytest

from feedsvc.sync.privacy import is_private

HOST = "https://feeds.example.org"


@pytest.mark.parametrize(
    "address",
    [
        pytest.param("https://mara:geheim@feeds.example.org/rss", id="user-and-password"),
        pytest.param("https://mara@feeds.example.org/rss", id="user"),
        pytest.param("https://[feeds.example.org/rss", id="no-address-at-all"),
        pytest.param(f"{HOST}/rss?token=abc", id="a-short-token"),
        pytest.param(f"{HOST}/rss?feed_token=glft-Xy1", id="a-token-of-a-forge"),
        pytest.param(f"{HOST}/rss?accessToken=kurz", id="camel-case"),
        pytest.param(f"{HOST}/rss?user=mara&password=geheim", id="password"),
        pytest.param(f"{HOST}/rss?auth=x1", id="auth"),
        pytest.param(f"{HOST}/rss?expires=1&sig=0a1b", id="signature"),
        pytest.param(f"{HOST}/rss?key=a1b2c3d4", id="key"),
        pytest.param(f"{HOST}/rss?api_key=ABC-DEF", id="api-key"),
        pytest.param(f"{HOST}/.rss?feed=0f1e2d3c4b5a69788796a5b4c3d2e1f0&user=mara", id="no-name"),
        pytest.param(f"{HOST}/rss?0f1e2d3c4b5a6978", id="a-bare-query"),
        pytest.param(f"{HOST}/rss#0f1e2d3c4b5a6978", id="a-fragment"),
        pytest.param(f"{HOST}/9f8a7b6c5d4e3f2a1b0c/feed.xml", id="hex-in-the-path"),
        pytest.param(f"{HOST}/rss.9f8a7b6c5d4e3f2a1b0c.xml", id="between-dots"),
        pytest.param(f"{HOST}/cal/private-0a1b2c3d4e5f6a7b/basic.ics", id="behind-a-word"),
        pytest.param(f"{HOST}/f/Zk3_pQ-81xvB7tLm2dRw0A/rss", id="base64url"),
        pytest.param(f"{HOST}/f/kZqWbXrTmLpVnCdF/rss", id="letters-of-both-cases"),
        pytest.param(f"{HOST}/f/7c9e6679-7425-40de-944b-e07fc1f90ae7", id="uuid"),
        pytest.param(f"{HOST}/%39f8a7b6c5d4e3f2a1b0c/rss", id="percent-encoded"),
        pytest.param(
            f"{HOST}/read?url=https%3A%2F%2Fblog.example.org%2Frss%3Ftoken%3Dabc", id="inside"
        ),
        pytest.param(
            f"{HOST}/read?url=https%3A%2F%2Fmara%3Ageheim%40blog.example.org", id="user-inside"
        ),
        pytest.param(f"{HOST}/{'a' * 501}", id="endless"),
        pytest.param(f"{HOST}/?a={'://b?a=' * 5000}&token=abc", id="one-in-the-other"),
    ],
)
def test_what_opens_a_door_is_private(address: str) -> None:
    assert is_private(address)


@pytest.mark.parametrize(
    "address",
    [
        pytest.param(f"{HOST}/feeds/videos.xml?channel_id=UCx7Qm2Lk9Zt4Vb8Nw3Rj5Yg", id="channel"),
        pytest.param(f"{HOST}/feeds/videos.xml?playlist_id=PLx7Qm2Lk9Zt4Vb8Nw", id="playlist"),
        pytest.param(f"{HOST}/channel/UCx7Qm2Lk9Zt4Vb8Nw3Rj5Yg/rss", id="channel-in-the-path"),
        pytest.param(f"{HOST}/profile/did:plc:x72m7hdynqk6r22z27h6tvur/rss", id="decentral-id"),
        pytest.param(f"{HOST}/public/shows/7c9e6679-7425-40de-944b-e07fc1f90ae7", id="public"),
        pytest.param(f"{HOST}/entry_title_base64.xml", id="a-name-with-a-number"),
        pytest.param(f"{HOST}/bundestagswahl2025.xml", id="a-word-with-a-year"),
        pytest.param(f"{HOST}/Die-neue-Faehre-2025/feed", id="a-title"),
        pytest.param(f"{HOST}/NorthernHarbourNews24/rss", id="camel-case"),
        pytest.param(f"{HOST}/TAGESBLATT24/rss", id="capitals"),
        pytest.param(f"{HOST}/2025/03/14/covid19-b2b-mp3-report/feed", id="short-words"),
        pytest.param(f"{HOST}/VMP5705694065", id="letters-and-a-number"),
        pytest.param(f"{HOST}/alerts/01234567890123456789/98765432109876", id="numbers"),
        pytest.param(f"{HOST}/rss?author=mara&key=politics&pass=", id="words"),
        pytest.param(f"{HOST}/rss?page=2&format=atom&monkey=banane1", id="plain-query"),
        pytest.param(f"{HOST}/watch?v=dQ4w9WgXcQ_", id="video"),
        pytest.param(f"{HOST}/read?url=https%3A%2F%2Fblog.example.org%2Frss", id="inside"),
        pytest.param("https://blog.example.org/@mara/feed?mail=mara@example.org", id="at-signs"),
        pytest.param("https://blog.example.org/", id="a-host"),
    ],
)
def test_what_everybody_may_know_is_told(address: str) -> None:
    assert not is_private(address)


@pytest.mark.parametrize(
    ("letters", "length"),
    [
        pytest.param("0123456789abcdef", 32, id="hex"),
        pytest.param(string.ascii_letters + string.digits, 20, id="base62"),
        pytest.param(string.ascii_letters + string.digits + "-_", 22, id="base64url"),
        pytest.param(string.ascii_lowercase + string.digits, 24, id="lower-case"),
        pytest.param(string.ascii_uppercase + "234567", 32, id="base32"),
    ],
)
def test_nearly_all_that_is_drawn_by_lot_is_found(letters: str, length: int) -> None:
    lot = random.Random(7)
    drawn = ["".join(lot.choices(letters, k=length)) for _ in range(500)]

    told = [token for token in drawn if not is_private(f"{HOST}/{token}/feed.xml")]

    assert len(told) <= 10
