"""What the daemon counts, and what of it the dashboard shows."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from feedsvc.app.exposition import families
from feedsvc.app.inside import answer
from feedsvc.config import load
from feedsvc.figures.families import packed, render
from feedsvc.ports import Call, Chore
from feedsvc.serve.counting import Ledger
from feedsvc.serve.exposition import families as families_of_server
from tests.support import Service

DASHBOARD = Path(__file__).parents[2] / "config" / "grafana" / "feedsvc.json"


def scrape(service: Service) -> dict[tuple[str, ...], float]:
    _, text = render(families(service.app), openmetrics=False)
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


@pytest.fixture
def busy(service: Service) -> Service:
    """A service in which something of everything has happened."""
    service.write("a.txt", "Title\n2025-05-01\n\nText.\n")
    service.sync()
    service.write("a.txt", "Title\n2025-05-01\n\nAnother text.\n", age=30)
    service.sync(force=True)
    service.app.metrics.ticked(0.003)
    service.app.metrics.reloaded(ok=True)
    now = service.clock.now()
    service.app.store.keep_chore(Chore(name="backup", ran=now, outcome="ok"))
    return service


def test_what_was_done_is_counted(busy: Service) -> None:
    found = scrape(busy)

    assert found["feedsvc_up",] == 1
    assert found["feedsvc_syncs_total", "ok"] == 2
    assert found["feedsvc_sync_seconds_count",] == 2
    assert found["feedsvc_article_changes_total", "new"] == 1
    assert found["feedsvc_article_changes_total", "changed"] == 1
    assert found["feedsvc_publications_total", "written"] >= 6
    assert found["feedsvc_build_seconds_count",] == 2
    assert found["feedsvc_tick_seconds_bucket", "0.005"] == 1
    assert found["feedsvc_tick_seconds_bucket", "0.0025"] == 0
    assert found["feedsvc_tick_age_seconds",] < 60
    assert found["feedsvc_sources", "ok"] == 1
    assert found["feedsvc_articles", "published"] == 1
    assert found["feedsvc_feeds",] == 1
    assert found["feedsvc_chore_ok", "backup"] == 1
    stamp = busy.clock.now().timestamp()
    assert found["feedsvc_chore_success_timestamp_seconds", "backup"] == stamp
    assert found["feedsvc_config_reloads_total", "ok"] == 1


def test_a_refused_configuration_is_told(service: Service) -> None:
    read = service.clock.now().timestamp()
    service.app.metrics.reloaded(ok=True)
    service.clock.tick(hours=1)
    service.app.metrics.reloaded(ok=False)

    found = scrape(service)

    assert found["feedsvc_config_last_reload_ok",] == 0
    assert found["feedsvc_config_last_reload_success_timestamp_seconds",] == read
    assert found["feedsvc_config_reloads_total", "refused"] == 1


def test_a_configuration_read_again_goes_on_counting(busy: Service) -> None:
    settings = load(busy.root / "feedsvc.toml", cwd=busy.root, environ={})
    renewed = busy.app.renewed(settings)
    try:
        assert renewed.metrics is busy.app.metrics
    finally:
        renewed.close()


def test_a_source_that_waits_is_told_of(service: Service) -> None:
    service.configure(
        """
        [site]
        base_url = "https://news.example.org"
        [[source]]
        name = "desk"
        path = "articles"
        every = "10m"
        """
    )
    service.write("a.txt", "Title\n2025-05-01\n\nText.\n")
    service.sync()
    service.clock.tick(hours=3, minutes=10)

    found = scrape(service)

    assert found["feedsvc_sources_due",] == 1
    assert found["feedsvc_due_lag_seconds",] == pytest.approx(
        timedelta(hours=3).total_seconds(), abs=60
    )
    assert (found["feedsvc_sources", "late"], found["feedsvc_sources", "ok"]) == (1, 0)


def test_the_store_is_not_asked_at_every_scrape(service: Service) -> None:
    service.write("a.txt", "Title\n2025-05-01\n\nText.\n")
    before = scrape(service)
    service.sync()

    assert scrape(service)["feedsvc_articles", "published"] == 0
    assert before["feedsvc_articles", "published"] == 0


def test_a_store_in_trouble_hides_nothing_of_the_process(service: Service) -> None:
    service.app.store.close()
    (service.root / "var" / "feedsvc.db").write_bytes(b"no database" * 1000)

    found = scrape(service)

    assert found["feedsvc_up",] == 0
    assert found["feedsvc_daemon_memory_bytes",] > 0
    assert ("feedsvc_syncs_total", "ok") in found


def test_labels_stay_few_however_many_sources_and_feeds_there_are(service: Service) -> None:
    sources = "".join(f'[[source]]\nname = "s{n}"\npath = "a{n}"\n' for n in range(1_500))
    feeds = "".join(f'[[feed]]\nname = "f{n}"\n' for n in range(1_500))
    service.configure(f'[site]\nbase_url = "https://news.example.org"\n{sources}{feeds}')
    service.app.sources()
    take(service, {f"f{number}": {"requests": 1} for number in range(1_500)})

    found = scrape(service)

    assert found["feedsvc_sources", "ok"] == 1_500
    assert sum(key[0] == "feedsvc_feed_readers" for key in found) == 1_000
    assert len(found) < 1_200


def take(service: Service, feeds: dict[str, Any], day: str = "2025-06-01") -> None:
    told = {"from": "a server", "number": 1, "day": day, "feeds": feeds}
    reply = asyncio.run(
        answer(service.app, Call("ASK", "audience/batch", "", {}, json.dumps(told).encode()))
    )
    assert reply.status == 204


@pytest.fixture
def whole(busy: Service) -> Callable[[], str]:
    """The text that Prometheus would get of both processes."""
    take(busy, {"all": {"requests": 3, "aggregators": {"Feedly#1": 42}}})

    def ask() -> str:
        ledger = Ledger()
        ledger.note("/all/atom.xml", 304, 0)
        told = {"openmetrics": False, "families": packed(families_of_server([ledger]))}
        call = Call("ASK", "metrics", "", {}, json.dumps(told).encode())
        return asyncio.run(answer(busy.app, call)).body.decode()

    return ask


def test_one_text_tells_of_both_processes(whole: Callable[[], str]) -> None:
    text = whole()

    assert 'feedsvc_server_answers_total{kind="atom",status="304"} 1.0' in text
    assert 'feedsvc_feed_readers{feed="all"} 42.0' in text
    names = re.findall(r"^# TYPE (\S+)", text, re.MULTILINE)
    assert len(names) == len(set(names))


def _expressions(told: Any) -> list[str]:
    """Every expression of a dashboard, wherever it stands."""
    if isinstance(told, dict):
        own = [told[key] for key in ("expr", "query") if isinstance(told.get(key), str)]
        return own + [one for value in told.values() for one in _expressions(value)]
    return [one for value in told for one in _expressions(value)] if isinstance(told, list) else []


def test_the_dashboard_shows_what_there_is(whole: Callable[[], str]) -> None:
    samples = {
        sample.name
        for family in text_string_to_metric_families(whole())
        for sample in family.samples
    }
    expressions = _expressions(json.loads(DASHBOARD.read_text()))
    shown = {name for one in expressions for name in re.findall(r"\bfeedsvc_\w+", one)}

    assert len(expressions) > 30
    assert shown - samples == set()
    hidden = {re.sub(r"_(bucket|sum|count)$", "", name) for name in samples - shown}
    assert hidden - {re.sub(r"_(bucket|sum|count)$", "", name) for name in shown} == set()


def test_the_dashboard_is_one_for_any_data_source() -> None:
    told = json.loads(DASHBOARD.read_text())

    ids = [panel["id"] for panel in told["panels"]]
    assert len(ids) == len(set(ids))
    sources = {
        target["datasource"]["uid"]
        for panel in told["panels"]
        for target in panel.get("targets", [])
    }
    assert sources == {"${datasource}"}
    assert {one["name"] for one in told["templating"]["list"]} == {"datasource", "job"}
    taken: set[tuple[int, int]] = set()
    for panel in told["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= 24
        assert not cells & taken
        taken |= cells
