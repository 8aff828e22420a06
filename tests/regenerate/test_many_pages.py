"""Thousands of pages of articles: a run that looks at everything does not read all there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import Service

COUNT = 2_050  # more than are looked at closely in every run
CONFIG = """
[site]
title = "Harbour News"
base_url = "https://news.example.org"
id_domain = "news.example.org"
id_since = "2025-01-01"

[publish]
sitemap = false

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "all"
formats = ["json"]
limit = 2050
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(root=tmp_path_factory.mktemp("many"))
    service.configure(CONFIG)
    for number in range(COUNT):
        text = f"Tide table {number}\n2025-03-01\n\nThe tide of day {number} comes and goes. " * 6
        service.write(f"t{number:04}.txt", text)
    service.sync()
    yield service
    service.restart()


def _page(service: Service, number: int) -> Path:
    return service.public / "a" / f"tide-table-{number}" / "index.html"


def _written(service: Service) -> set[str]:
    report = service.regenerate()
    return {one.path for one in report.publications if one.outcome == "written"}


@pytest.mark.timeout(180)
def test_each_article_has_its_page(service: Service) -> None:
    assert len(list(service.public.glob("a/*/index.html"))) == COUNT
    assert _written(service) == set()


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(lambda path: path.unlink(), id="deleted"),
        pytest.param(lambda path: path.write_text("tampered"), id="overwritten"),
    ],
)
def test_whatever_page_is_damaged_is_put_back(
    service: Service, harm: Callable[[Path], object]
) -> None:
    pages = [_page(service, number) for number in (0, 1_234, COUNT - 1)]
    before = [page.read_bytes() for page in pages]
    for page in pages:
        harm(page)

    written = _written(service)

    assert [page.read_bytes() for page in pages] == before
    assert written == {str(page.relative_to(service.public)) for page in pages}


def test_sidecars_are_looked_at_in_turn(service: Service) -> None:
    lost = [_page(service, number).with_name("index.html.br") for number in range(0, COUNT, 41)]
    for sidecar in lost:
        sidecar.unlink()

    found = []
    for _ in range(30):
        service.clock.tick(days=1)
        found.append(len(_written(service)))

    assert all(sidecar.exists() for sidecar in lost)
    assert sum(found) == len(lost)
    assert max(found) < len(lost) // 2
    assert _written(service) == set()


def test_the_page_of_an_article_that_nobody_knows_goes(service: Service) -> None:
    path = _page(service, 7)
    with service.app.store._engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM slug WHERE slug = 'tide-table-7'")

    service.regenerate()

    assert not path.exists()


def test_what_was_taken_down_does_not_come_back_with_an_old_copy(service: Service) -> None:
    page = _page(service, 77)
    old = page.read_bytes()
    (guid,) = (one.guid for one in service.stored().values() if one.title == "Tide table 77")
    service.app.store.withdraw([guid], reason=None, now=service.clock.now())
    service.regenerate()
    page.parent.mkdir()
    page.write_bytes(old)

    service.regenerate()

    assert not page.exists()
