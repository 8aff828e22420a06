"""A feed for a partner that breaks one of its rules is held with the rule's name; others go out."""

from __future__ import annotations

from pathlib import Path

import pytest

from feedsvc.regenerate import held_back
from tests.support import Service

CONFIG = """
[site]
title = "Harbour News"
base_url = "{base}"
language = "en"
timezone = "Europe/Berlin"
id_domain = "news.example.org"
id_since = "2025-01-01"

[[source]]
name = "desk"
path = "articles"

[[feed]]
name = "all"

[[feed]]
name = "partner"
formats = ["rss"]
{partner}
"""

LONG = "The new ferry leaves the old harbour"


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return Service(root=tmp_path)


def _configure(service: Service, partner: str, base: str = "https://news.example.org") -> None:
    service.configure(CONFIG.format(base=base, partner=partner))


def _outcomes(service: Service) -> dict[str, tuple[str, str | None]]:
    built = service.sync().build
    assert built is not None
    return {
        report.path: (report.outcome, report.reason)
        for report in built.publications
        if report.format == "rss"
    }


@pytest.mark.parametrize(
    ("partner", "title", "base", "code"),
    [
        pytest.param('profile = "msn"', "Ferry", None, "msn-title-length", id="msn"),
        pytest.param('profile = "msn"', LONG, "http://news.example.org", "msn-https", id="http"),
        pytest.param(
            'profile = "smartnews"', LONG, None, "smartnews-logo-missing", id="smartnews"
        ),
        pytest.param('profile = "flipboard"', LONG, None, "flipboard-", id="flipboard"),
        pytest.param(
            'profile = "apple-podcasts"\npodcast = { author = "Harbour" }',
            LONG, None, "apple-", id="apple-podcasts",
        ),
    ],
)  # fmt: skip
def test_what_breaks_a_rule_is_held_and_the_others_go_out(
    service: Service, partner: str, title: str, base: str | None, code: str
) -> None:
    _configure(service, partner, base or "https://news.example.org")
    service.write("a.txt", f"{title}\n2025-05-30\n\nIt leaves every half hour.")

    outcomes = _outcomes(service)

    assert outcomes["all/rss.xml"] == ("written", None)
    outcome, reason = outcomes["partner/rss.xml"]
    assert outcome == "held"
    assert reason is not None
    assert code in reason
    assert not (service.public / "partner/rss.xml").exists()


def test_every_rule_that_is_broken_is_named_at_once(service: Service) -> None:
    _configure(service, 'profile = "smartnews"')
    for name in ("a", "b"):
        service.write(f"{name}.txt", f"{LONG} {name}\n2025-05-30\n\nIt leaves every half hour.")

    _, reason = _outcomes(service)["partner/rss.xml"]

    assert reason is not None
    assert reason.startswith("smartnews-logo-missing: ")
    assert reason.endswith(", and 2 more (smartnews-thumbnail-missing)")


def test_nobody_is_led_to_what_was_never_published(service: Service) -> None:
    _configure(service, 'profile = "msn"')
    service.write("a.txt", "Short\n2025-05-30\n\nIt leaves every half hour.")
    service.sync()

    for path in ("index.html", "opml.xml", "a/short/index.html", ".feedsvc/serving.json"):
        assert b"partner/" not in service.published(path), path
    assert not (service.public / "partner").exists()


def test_a_page_leads_to_the_formats_that_are_there(service: Service) -> None:
    _configure(service, 'profile = "msn"')
    service.configure(
        (service.root / "feedsvc.toml").read_text().replace('["rss"]', '["rss", "json"]')
    )
    service.write("a.txt", "Short\n2025-05-30\n\nIt leaves every half hour.")
    service.sync()

    for path in ("index.html", "partner/index.html"):
        assert b"partner/feed.json" in service.published(path), path
        assert b"partner/rss.xml" not in service.published(path), path
    assert b"partner/feed.json" in service.published("opml.xml")


def test_it_is_listed_as_soon_as_it_goes_out(service: Service) -> None:
    _configure(service, 'profile = "msn"')
    service.write("a.txt", "Short\n2025-05-30\n\nIt leaves every half hour.")
    service.sync()
    service.clock.tick(hours=1)

    service.write("a.txt", f"{LONG}\n2025-05-30\n\nIt leaves every half hour.")
    service.sync()

    for path in ("index.html", "opml.xml", "partner/index.html"):
        assert b"partner/rss.xml" in service.published(path), path


def test_what_keeps_the_rules_goes_out(service: Service) -> None:
    _configure(service, 'profile = "msn"')
    service.write("a.txt", f"{LONG}\n2025-05-30\n\nIt leaves every half hour.")

    assert _outcomes(service)["partner/rss.xml"] == ("written", None)


def test_the_last_good_file_stays_until_the_rule_is_kept_again(service: Service) -> None:
    _configure(service, 'profile = "msn"')
    service.write("a.txt", f"{LONG}\n2025-05-30\n\nIt leaves every half hour.")
    service.sync()
    good = service.published("partner/rss.xml")
    service.clock.tick(hours=1)

    service.write("b.txt", "Short\n2025-05-31\n\nA title that is too short for them.")
    held = _outcomes(service)

    assert held["partner/rss.xml"][0] == "held"
    assert service.published("partner/rss.xml") == good
    service.clock.tick(hours=1)
    service.write("b.txt", "Short no more, by the editor\n2025-05-31\n\nA longer title.")
    assert _outcomes(service)["partner/rss.xml"] == ("written", None)


def test_articles_too_old_for_a_partner_are_not_meant_for_it(service: Service) -> None:
    _configure(service, 'profile = "msn"')
    service.write("a.txt", f"{LONG}\n2023-05-30\n\nIt left every half hour.")
    service.write("b.txt", f"{LONG} again\n2025-05-30\n\nIt leaves every half hour.")

    assert _outcomes(service)["partner/rss.xml"] == ("written", None)
    assert b"left every" not in service.published("partner/rss.xml")


def test_no_key_to_a_private_feed_is_told_with_what_is_held(service: Service) -> None:
    _configure(service, 'profile = "msn"\nprivate = true')
    service.write("a.txt", "Short\n2025-05-30\n\nIt leaves every half hour.")

    built = service.sync().build

    assert built is not None
    (key,) = service.app.store.tokens("partner")
    (line,) = held_back(built.publications)
    assert line.startswith(f"partner/{key[:4]}.../rss.xml: msn-title-length: ")
    assert service.app.store.feed("partner").held == line
    assert all(key not in entry.message for entry in service.app.store.journal(limit=50))


def test_a_title_too_long_for_a_description_is_cut_for_the_partner_that_minds(
    service: Service,
) -> None:
    _configure(
        service, 'profile = "smartnews"\nlogo = "/logo.png"\ntitle = "' + "Harbour " * 5 + '"'
    )
    picture = "https://news.example.org/a.png"
    service.write("a.md", f"---\ntitle: {LONG}\ndate: 2025-05-30\n---\nIt.\n\n![F]({picture})\n")

    assert _outcomes(service)["partner/rss.xml"] == ("written", None)
    document = service.published("partner/rss.xml")
    assert b"<title>Harbour Harbour Harbour Harbour Harbour</title>" in document
    assert "<description>Harbour Harbour Harbour…</description>".encode() in document
    assert f'<media:thumbnail url="{picture}"/>'.encode() in document
