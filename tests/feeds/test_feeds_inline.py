"""Which pictures of a text can stand for the article: those that show something somewhere."""

from __future__ import annotations

import pytest

from feedsvc.feeds.inline import pictures_in
from feedsvc.model import Image

FERRY = "https://images.example.org/ferry.jpg"


@pytest.mark.parametrize(
    ("html", "found"),
    [
        pytest.param(f'<p><img src="{FERRY}"></p>', Image(url=FERRY), id="of-any-size"),
        pytest.param(f'<img alt="a > b" src="{FERRY}">', Image(url=FERRY), id="a-sign-in-a-value"),
        pytest.param(f'<img alt=" src=" src="{FERRY}">', Image(url=FERRY), id="a-name-in-a-value"),
        pytest.param(
            f'<img src="{FERRY}?a=1&amp;b=2" height="480" width="640">',
            Image(url=f"{FERRY}?a=1&b=2", width=640, height=480),
            id="with-its-size",
        ),
        pytest.param(
            f'<img src="{FERRY}" width="100%" height="1e9">', Image(url=FERRY), id="no-pixels"
        ),
        pytest.param(f'<img src="{FERRY}" width="1">', None, id="what-counts-readers"),
        pytest.param(f'<img src="{FERRY}" width="640" height="99">', None, id="a-line"),
        pytest.param('<img alt="x">', None, id="without-address"),
        pytest.param('<img src="data:image/png;base64,x">', None, id="without-a-place"),
        pytest.param(f"<p>{FERRY}</p>", None, id="none"),
    ],
)
def test_the_first_picture(html: str, found: Image | None) -> None:
    assert next(pictures_in(html), None) == found
