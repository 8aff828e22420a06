"""Names and what they stand for."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from feedsvc import registry
from feedsvc.errors import ConfigError


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder on the import path that holds a foreign distribution and its modules."""
    _distribution(
        tmp_path,
        "acme-feeds",
        """\
        [feedsvc.sources]
        mailbox = acme_feeds:Mailbox
        broken = acme_broken:Source
        lost = acme_feeds:NoSuchThing
        folder = acme_feeds:Mailbox
        twice = acme_feeds:Mailbox
        """,
    )
    _distribution(tmp_path, "umbrella-feeds", "[feedsvc.sources]\ntwice = umbrella:Mailbox\n")
    (tmp_path / "acme_feeds.py").write_text("class Mailbox: ...\n")
    (tmp_path / "acme_broken.py").write_text("raise RuntimeError('no licence\\nat all')\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield_modules = {"acme_feeds", "acme_broken"}
    for name in yield_modules:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return tmp_path


def _distribution(folder: Path, name: str, entry_points: str) -> None:
    info = folder / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    lines = [line.strip() for line in entry_points.splitlines()]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    ("group", "name", "target"),
    [
        pytest.param(group, name, target, id=f"{group}-{name}")
        for group, names in registry.BUILT_IN.items()
        for name, target in names.items()
    ],
)
def test_every_built_in_is_there(group: str, name: str, target: str) -> None:
    module, _, attribute = target.partition(":")
    assert find_spec(module) is not None

    found = registry.resolve(group, name)

    assert found is getattr(sys.modules[module], attribute)


@pytest.mark.parametrize(
    ("group", "name", "message"),
    [
        pytest.param(
            registry.SOURCES,
            "foldr",
            "feedsvc.sources: no 'foldr': did you mean 'folder'?",
            id="nearest",
        ),
        pytest.param(
            registry.FORMATS,
            "quux",
            "feedsvc.formats: no 'quux': there are atom, rss, json",
            id="far-from-any",
        ),
        pytest.param(
            registry.PARSERS,
            "",
            "feedsvc.parsers: no '': there are plaintext, markdown, html",
            id="empty",
        ),
    ],
)
def test_unknown(group: str, name: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        registry.resolve(group, name)

    assert str(caught.value) == message


def test_other_distributions_add_names(installed: Path) -> None:
    found = registry.resolve(registry.SOURCES, "mailbox")

    assert getattr(found, "__name__", None) == "Mailbox"
    built_in = ("folder", "feed", "opml")
    assert registry.names(registry.SOURCES) == (*built_in, "broken", "lost", "mailbox", "twice")


def test_a_foreign_name_may_be_the_nearest(installed: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'mailbox'"):
        registry.resolve(registry.SOURCES, "mailbocks")


def test_a_built_in_keeps_its_name(installed: Path) -> None:
    found = registry.resolve(registry.SOURCES, "folder")

    assert getattr(found, "__module__", None) == "feedsvc.sources.folder"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        pytest.param("broken", "RuntimeError: no licence", id="fails-at-import"),
        pytest.param(
            "lost",
            "AttributeError: module 'acme_feeds' has no attribute 'NoSuchThing'",
            id="names-nothing",
        ),
    ],
)
def test_a_broken_entry_point_names_its_distribution(name: str, said: str, installed: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        registry.resolve(registry.SOURCES, name)

    assert str(caught.value) == (
        f"feedsvc.sources: {name!r} of acme-feeds 1.2 cannot be loaded: {said}"
    )
    assert caught.value.hint == "repair or uninstall acme-feeds"
    assert caught.value.__cause__ is not None


def test_two_distributions_with_one_name(installed: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        registry.resolve(registry.SOURCES, "twice")

    assert str(caught.value) == (
        "feedsvc.sources: 'twice' is provided by acme-feeds 1.2 and umbrella-feeds 1.2"
    )


def test_every_kind_of_source_is_named_to_who_misspells_one() -> None:
    with pytest.raises(ConfigError, match="did you mean 'feed'"):
        registry.resolve(registry.SOURCES, "feeed")

    assert {"folder", "feed", "opml"} <= set(registry.names(registry.SOURCES))
