"""One small site, byte for byte: a change of what is published is a change of `golden/`.

After a deliberate change: `FEEDSVC_GOLDEN=write pytest tests/regenerate/test_regenerate_golden.py`,
look at the difference, and give the renderer a new `version`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

GOLDEN = Path(__file__).parent / "golden"
DOCUMENTS = (
    "all/atom.xml", "all/rss.xml", "all/feed.json", "all/index.html",
    "short/atom.xml", "short/feed.json", "short/index.html", "index.html", "opml.xml",
    "sitemap.xml", "a/licht/index.html", "a/die-faehre-faehrt-wieder/index.html",
)  # fmt: skip


@pytest.fixture
def site(make_service: Callable[..., Any]) -> Any:
    service = make_service((GOLDEN / "feedsvc.toml").read_text("utf-8"), name="golden")
    for path in (GOLDEN / "articles").iterdir():
        service.write(path.name, path.read_bytes())
    return service


def test_the_site_is_published_byte_for_byte(site: Any) -> None:
    site.sync()

    published = {name: site.published(name) for name in DOCUMENTS}
    if os.environ.get("FEEDSVC_GOLDEN") == "write":
        for name, body in published.items():
            (GOLDEN / "public" / name).parent.mkdir(parents=True, exist_ok=True)
            (GOLDEN / "public" / name).write_bytes(body)
    for name, body in published.items():
        assert body.decode() == (GOLDEN / "public" / name).read_text("utf-8"), name
    beside = (".gz", ".br", ".zst", ".feedsvc/serving.json")
    assert {name for name in site.snapshot() if not name.endswith(beside)} == set(DOCUMENTS)
