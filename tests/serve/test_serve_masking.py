"""Keys in paths: shortened wherever they stand."""

from __future__ import annotations

import secrets

import pytest

from feedsvc.serve.masking import masked

KEY = "MvwBuTUMauaYJ_XdtYXYYvUgyhsPRLh5"
PRIVATE = frozenset({"/premium/", "/_ops/"})


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(f"/premium/{KEY}/atom.xml", "/premium/MvwB.../atom.xml", id="a-private-feed"),
        pytest.param(f"/premium/{KEY}/oepnv/rss.xml", "/premium/MvwB.../oepnv/rss.xml", id="group"),
        pytest.param(f"/premium/{KEY}", "/premium/MvwB...", id="its-folder"),
        pytest.param("/premium/short/atom.xml", "/premium/.../atom.xml", id="a-bad-copy"),
        pytest.param("/premium/index.html", "/premium/index.html", id="its-page"),
        pytest.param("/premium/", "/premium/", id="its-own-folder"),
        pytest.param(f"/premium//{KEY}/x", "/premium//MvwB.../x", id="two-slashes"),
        pytest.param(f"/site/premium/{KEY}/x", "/site/premium/MvwB.../x", id="below-a-prefix"),
        pytest.param(f"/former/{KEY}/atom.xml", "/former/MvwB.../atom.xml", id="a-feed-that-went"),
        pytest.param(f"/{KEY}", "/MvwB...", id="alone"),
        pytest.param(f"/x\\{KEY}\\y", "/x\\MvwB...\\y", id="other-slashes"),
        pytest.param(f"/a.{KEY}.b", "/a.MvwB....b", id="inside-a-name"),
        pytest.param(
            "/_websub/callback/0123456789abcdef0123", "/_websub/callback/0123...", id="a-callback"
        ),
        pytest.param("/_ops/operations-of-mine-1/atom.xml", "/_ops/oper.../atom.xml", id="ops"),
        pytest.param("/_OPS//operations-of-mine-1", "/_OPS//oper...", id="ops-otherwise"),
        pytest.param("/x/_ops/operations-of-mine-1/a", "/x/_ops/oper.../a", id="ops-below"),
        pytest.param("/_websub/hub", "/_websub/hub", id="the-hub"),
        pytest.param("/all/atom.xml", "/all/atom.xml", id="a-public-feed"),
        pytest.param(
            "/a/grosse-plaene-fuer-den-norden-2025/",
            "/a/grosse-plaene-fuer-den-norden-2025/",
            id="a-long-slug",
        ),
        pytest.param(
            "/NorddeutscherRundfunkNachrichten/atom.xml",
            "/NorddeutscherRundfunkNachrichten/atom.xml",
            id="a-long-name-of-a-feed",
        ),
        pytest.param(
            "/Kultur-und-Gesellschaft-im-Norden/atom.xml",
            "/Kultur-und-Gesellschaft-im-Norden/atom.xml",
            id="another-one",
        ),
        pytest.param("", "", id="nothing"),
    ],
)
def test_a_key_is_shortened(path: str, expected: str) -> None:
    assert masked(path, PRIVATE) == expected


def test_no_key_that_we_make_is_written_even_where_none_is_expected() -> None:
    for _ in range(3_000):
        key = secrets.token_urlsafe(24)

        assert key[5:] not in masked(f"/feed/{key}/atom.xml")
        assert key[5:] not in masked(f"/premium/{key}/atom.xml", PRIVATE)
        assert key[5:] not in masked(f"/_websub/callback/{key}")
