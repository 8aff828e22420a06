"""What we ship and what `init` writes can be used."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedsvc.config import load, show, unreadable_secrets
from feedsvc.config.template import new_config
from feedsvc.model import Person
from feedsvc.settings import Auth, Secret, Settings

CONFIG = Path(__file__).parents[2] / "config"
SHIPPED = sorted(CONFIG.rglob("*.toml"))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_example(file: Path, tmp_path: Path) -> None:
    settings = load(file, cwd=tmp_path, environ={})

    assert settings.sources
    assert settings.feeds[0].name == "all"
    assert show(settings)["path"] == str(file)


def test_the_examples_are_those_the_readme_names() -> None:
    names = {file.relative_to(CONFIG).as_posix() for file in SHIPPED}

    assert names >= {
        "feedsvc.toml",
        "examples/minimal.toml",
        "examples/newsroom.toml",
        "examples/opml.toml",
        "examples/planet.toml",
        "examples/podcast.toml",
        "examples/tags.toml",
    }


def test_the_default_reads_the_seeds_and_serves_this_machine_only() -> None:
    settings = load(CONFIG / "feedsvc.toml", cwd=CONFIG, environ={})

    assert settings.sources[0].path == CONFIG.parent / "seeds"
    assert settings.publish.directory == CONFIG.parent / "public"
    assert settings.server.listen == "127.0.0.1:8080"
    assert [feed.name for feed in settings.feeds[:3]] == ["all", "deutsch", "english"]


def test_the_minimal_example_has_two_lines() -> None:
    assert (CONFIG / "examples" / "minimal.toml").read_text().count("\n") == 2


def written(tmp_path: Path, **values: object) -> Settings:
    defaults = {"title": "Neues", "id_domain": "example.org", "id_since": date(2025, 3, 15)}
    (tmp_path / "feedsvc.toml").write_text(
        new_config(**(defaults | values)),  # type: ignore[arg-type]
        encoding="utf-8",
    )
    return load(None, cwd=tmp_path, environ={})


def test_template_with_little(tmp_path: Path) -> None:
    settings = written(tmp_path)

    assert settings.site.title == "Neues"
    assert settings.site.id_domain == "example.org"
    assert settings.site.id_since == "2025-03-15"
    assert settings.site.language is None
    assert settings.site.base_url == "http://127.0.0.1:8080"
    assert [(source.name, source.path) for source in settings.sources] == [
        ("articles", tmp_path / "articles")
    ]
    assert [feed.name for feed in settings.feeds] == ["all"]


def test_a_planet_asks_as_it_is_told() -> None:
    settings = load(CONFIG / "examples" / "planet.toml", cwd=CONFIG, environ={})

    assert [source.name for source in settings.sources] == [
        "stadtblatt.example-lokales",
        "rathaus",
        "radverein",
        "wetterdienst",
        "presseportal",
        "eigenes",
    ]
    assert {source.kind for source in settings.sources} == {"feed", "folder"}
    assert [feed.dedupe for feed in settings.feeds] == ["link", "text", "none", "link"]
    assert [
        str(error).partition(": ")[0] for error in unreadable_secrets(settings, environ={})
    ] == [
        "ops.token",
        "ops.webhook",
        "source 'wetterdienst'",
        "source 'presseportal'",
        "source 'presseportal'",
    ]


def test_template_with_everything(tmp_path: Path) -> None:
    settings = written(
        tmp_path,
        title='Die "Große" \\ Zeitung',
        base_url="https://example.org/news",
        language="de",
        timezone="Europe/Berlin",
        author="Redaktion",
        email="news@example.org",
        articles_path="Texte & Bilder",
    )

    assert settings.site.title == 'Die "Große" \\ Zeitung'
    assert settings.site.base_url == "https://example.org/news"
    assert settings.site.language == "de"
    assert settings.site.timezone.key == "Europe/Berlin"
    assert settings.site.author == Person(name="Redaktion", email="news@example.org")
    assert settings.sources[0].path == tmp_path / "Texte & Bilder"


@given(title=st.text(alphabet=st.characters(exclude_categories=["C", "Z"]), min_size=1))
def test_template_with_any_title(title: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    from unicodedata import normalize

    settings = written(tmp_path_factory.getbasetemp(), title=title)

    assert settings.site.title == normalize("NFC", title)


def test_what_the_template_suggests_is_right(tmp_path: Path) -> None:
    """Each commented key can be put to use by taking its # away."""
    lines = new_config(title="x", id_domain="example.org", id_since=date(2025, 1, 1)).splitlines()
    used = [
        line.removeprefix("# ") if line.startswith("# ") and _is_code(line) else line
        for line in lines
    ]
    (tmp_path / "feedsvc.toml").write_text("\n".join(used), encoding="utf-8")

    settings = load(None, cwd=tmp_path, environ={})

    assert settings.site.author == Person(name="Newsroom", email="news@example.org")
    assert settings.sources[0].tags == ("news",)
    assert settings.sources[0].exclude == ("drafts/**",)
    neighbours = settings.sources[1]
    assert neighbours.url == "https://example.org/feed.xml"
    assert neighbours.auth == Auth(user="reader", password=Secret(env="FEED_PASSWORD"))
    assert [feed.name for feed in settings.feeds] == ["all", "politics"]
    assert settings.maintenance.backup == tmp_path / "backups"


def _is_code(line: str) -> bool:
    return line.startswith("# [") or line[2:].partition(" = ")[0].replace("_", "").isalpha()
