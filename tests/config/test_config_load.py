"""Which file is read, where its paths start, what is filled in."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from feedsvc.config import find, load, show
from feedsvc.errors import ConfigError
from feedsvc.model import Format, Person
from feedsvc.settings import Feed, Server, Settings, Source

Loaded = Callable[..., Settings]
MINIMAL = '[[source]]\npath = "articles"\n'


# -- discovery -----------------------------------------------------------------------------------


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A configuration at each place there is, in the order of their rank."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    files = {
        "option": tmp_path / "option.toml",
        "variable": tmp_path / "variable.toml",
        "folder": tmp_path / "cwd" / "feedsvc.toml",
        "config": tmp_path / "cwd" / "config" / "feedsvc.toml",
        "user": tmp_path / "home" / "feedsvc" / "feedsvc.toml",
        "system": tmp_path / "etc" / "feedsvc" / "feedsvc.toml",
    }
    for file in files.values():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(MINIMAL)
    return files


@pytest.mark.parametrize("rank", range(6))
def test_the_first_place_wins(rank: int, places: dict[str, Path], tmp_path: Path) -> None:
    names = list(places)
    for name in names[:rank]:
        places[name].unlink()
    option = places["option"] if rank == 0 else None
    environ = {"FEEDSVC_CONFIG": str(places["variable"])} if rank <= 1 else {"FEEDSVC_CONFIG": ""}

    found = find(option, cwd=tmp_path / "cwd", environ=environ)

    assert found == places[names[rank]]


def test_nowhere_names_the_places_and_init(places: dict[str, Path], tmp_path: Path) -> None:
    for file in places.values():
        file.unlink()

    with pytest.raises(ConfigError) as caught:
        find(None, cwd=tmp_path / "cwd", environ={})

    assert str(caught.value) == (
        "no configuration found: looked for feedsvc.toml, config/feedsvc.toml, "
        f"{places['user']}, {places['system']}\n`feedsvc init` writes one"
    )


def test_the_variable_names_a_missing_file(places: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^FEEDSVC_CONFIG names x\.toml, and there is no such"):
        find(None, cwd=tmp_path / "cwd", environ={"FEEDSVC_CONFIG": "x.toml"})


def test_names_are_relative_to_where_we_are(tmp_path: Path) -> None:
    (tmp_path / "x.toml").touch()

    assert find(Path("x.toml"), cwd=tmp_path, environ={}) == tmp_path / "x.toml"
    assert find(None, cwd=tmp_path, environ={"FEEDSVC_CONFIG": "x.toml"}) == tmp_path / "x.toml"


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "x.toml").write_text('[[source]]\npath = "~/texts"\n')

    settings = load(Path("~/x.toml"), cwd=Path("/"), environ={})

    assert settings.path == tmp_path / "x.toml"
    assert settings.sources[0].path == tmp_path / "texts"


def test_a_way_up_ends_at_a_folder_with_a_name(tmp_path: Path) -> None:
    (tmp_path / "config" / "deep").mkdir(parents=True)
    (tmp_path / "config" / "feedsvc.toml").write_text(MINIMAL)

    settings = load(Path("../feedsvc.toml"), cwd=tmp_path / "config" / "deep", environ={})

    assert settings.sources[0].path == tmp_path / "articles"


# -- paths ---------------------------------------------------------------------------------------

PATHS = """
[store]
url = "sqlite:///data/x.db"
[publish]
directory = "out"
[[source]]
path = "articles"
[[source]]
path = "/srv/texts"
"""


@pytest.mark.parametrize(
    ("file", "root"),
    [
        pytest.param("feedsvc.toml", ".", id="the-folder-of-the-file"),
        pytest.param("config/feedsvc.toml", ".", id="its-parent-if-it-is-named-config"),
        pytest.param("config/deep/x.toml", "config/deep", id="only-the-folder-itself-counts"),
        pytest.param("conf/feedsvc.toml", "conf", id="only-that-name-counts"),
    ],
)
def test_relative_paths_start_at(file: str, root: str, tmp_path: Path) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(PATHS)
    base = tmp_path / root

    settings = load(tmp_path / file, cwd=Path("/"), environ={})

    assert settings.store.url == f"sqlite:///{base}/data/x.db"
    assert settings.publish.directory == base / "out"
    assert [source.path for source in settings.sources] == [base / "articles", Path("/srv/texts")]


def test_named_from_inside_the_config_folder(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "feedsvc.toml").write_text(PATHS)

    settings = load(Path("feedsvc.toml"), cwd=tmp_path / "config", environ={})

    assert settings.publish.directory == tmp_path / "out"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("sqlite:////abs/x.db", "sqlite:////abs/x.db", id="absolute"),
        pytest.param("sqlite:///~/x.db", "sqlite:///{home}/x.db", id="home"),
        pytest.param("sqlite:///x.db", "sqlite:///{root}/x.db", id="relative"),
    ],
)
def test_store(
    url: str, expected: str, loaded: Loaded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")

    settings = loaded(f'[store]\nurl = "{url}"\n{MINIMAL}')

    assert settings.store.url == expected.format(home="/home/somebody", root=tmp_path)


def test_what_feedsvc_writes_is_no_article_of_its_own(loaded: Loaded) -> None:
    settings = loaded("""
        [store]
        url = "sqlite:///var [1]/x.db"
        [[source]]
        path = "."
        exclude = ["drafts/**"]
        [[source]]
        path = "articles"
        """)

    assert settings.sources[0].exclude == (
        "drafts/**",
        "public/**",
        "var [[]1]/x.db*",
        "feedsvc.toml",
    )
    assert settings.sources[1].exclude == ()


# -- what is filled in ---------------------------------------------------------------------------


def test_two_lines_are_enough(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded(MINIMAL)

    assert settings.path == tmp_path / "feedsvc.toml"
    assert settings.sources == (
        Source(name="articles", path=tmp_path / "articles", timezone=ZoneInfo("UTC")),
    )
    assert settings.feeds == (Feed(name="all"),)
    assert settings.store.url == f"sqlite:///{tmp_path}/var/feedsvc.db"
    assert settings.publish.directory == tmp_path / "public"
    assert settings.site.base_url == "http://127.0.0.1:8080"
    assert settings.site.id_domain == "127.0.0.1"
    assert settings.site.timezone == ZoneInfo("UTC")
    assert settings.sync.timeout == timedelta(seconds=20)


def test_the_zone_of_the_machine_does_not_matter(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        settings = loaded(MINIMAL)
    finally:
        monkeypatch.delenv("TZ")
        time.tzset()

    assert settings.sources[0].timezone == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        pytest.param("articles", "articles", id="plain"),
        pytest.param("/srv/texts/", "texts", id="last-part"),
        pytest.param("./texts/.", "texts", id="dots"),
        pytest.param("Größere Städte", "Groessere-Staedte", id="umlauts"),
        pytest.param("café & crème", "cafe-creme", id="accents"),
        pytest.param("2024.05", "2024.05", id="digits"),
        pytest.param(".hidden", "hidden", id="hidden"),
        pytest.param("archive", "archive-source", id="a-folder-of-the-output"),
        pytest.param("Media", "Media-source", id="a-folder-of-the-output-in-another-case"),
        pytest.param("~", "somebody", id="home"),
        pytest.param("x" * 120, "x" * 80, id="long"),
    ],
)
def test_the_name_of_a_source_follows_from_its_path(
    path: str, name: str, loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")

    assert loaded(f'[[source]]\npath = "{path}"\n').sources[0].name == name


@pytest.mark.parametrize("path", [".", ".."])
def test_a_folder_named_by_dots_is_known_by_its_name(
    path: str, loaded: Loaded, tmp_path: Path
) -> None:
    settings = loaded(f'[[source]]\npath = "{path}"\n')

    assert settings.sources[0].name == ((tmp_path / path).resolve().name)


def test_every_key_of_a_site(loaded: Loaded) -> None:
    site = loaded(f"""
        [site]
        title = "  Neues\\n vom Tage "
        base_url = "HTTPS://News.Example.org/feeds/"
        language = "DE-at"
        timezone = "Europe/Vienna"
        author = {{ name = "Redaktion", email = "news@example.org", uri = "https://example.org/" }}
        rights = "Gru\u0308ße"
        id_domain = "Example.ORG"
        id_since = 2025-03-15
        icon = "/icon.png"
        {MINIMAL}""").site

    assert site.title == "Neues vom Tage"
    assert site.base_url == "https://news.example.org/feeds"
    assert site.language == "de-AT"
    assert site.timezone == ZoneInfo("Europe/Vienna")
    assert site.author == Person(
        name="Redaktion", email="news@example.org", uri="https://example.org/"
    )
    assert site.rights == "Gr\u00fc\u00dfe"  # NFC
    assert site.id_domain == "example.org"
    assert site.id_since == "2025-03-15"
    assert site.icon == "https://news.example.org/icon.png"


@pytest.mark.parametrize(
    ("base_url", "id_domain"),
    [
        pytest.param("https://news.example.org:8443/x", "news.example.org", id="without-the-port"),
        pytest.param("http://[::1]:8080", "localhost", id="an-ipv6-address-is-no-authority"),
    ],
)
def test_ids_are_of_the_host_unless_said(base_url: str, id_domain: str, loaded: Loaded) -> None:
    assert loaded(f'[site]\nbase_url = "{base_url}"\n{MINIMAL}').site.id_domain == id_domain


@pytest.mark.parametrize(
    ("listen", "base_url"),
    [
        pytest.param("localhost:9000", "http://localhost:9000", id="host"),
        pytest.param("0.0.0.0:80", "http://127.0.0.1:80", id="every-ipv4-address"),
        pytest.param("[::]:80", "http://[::1]:80", id="every-ipv6-address"),
    ],
)
def test_an_unset_base_url_is_the_listen_address(
    listen: str, base_url: str, loaded: Loaded
) -> None:
    assert loaded(f'[server]\nlisten = "{listen}"\n{MINIMAL}').site.base_url == base_url


def test_defaults_reach_sources_and_feeds_that_say_nothing(loaded: Loaded) -> None:
    settings = loaded("""
        [site]
        timezone = "Europe/Berlin"
        [defaults]
        every = "1h30m"
        full_text = false
        limit = 7
        max_bytes = "1MiB"
        [[source]]
        path = "a1"
        [[source]]
        path = "b"
        every = "10s"
        max_bytes = 5
        timezone = "Europe/Vienna"
        [[feed]]
        name = "x"
        [[feed]]
        name = "y"
        full_text = true
        limit = 9
        """)

    first, second = settings.sources
    assert (first.every, first.max_bytes) == (timedelta(minutes=90), 1024 * 1024)
    assert (second.every, second.max_bytes) == (timedelta(seconds=10), 5)
    assert first.timezone == ZoneInfo("Europe/Berlin")
    assert second.timezone == ZoneInfo("Europe/Vienna")
    assert [(feed.full_text, feed.limit) for feed in settings.feeds] == [(False, 7), (True, 9)]


def test_defaults_reach_the_feed_nobody_wrote(loaded: Loaded) -> None:
    settings = loaded(f"[defaults]\nlimit = 7\nfull_text = false\n{MINIMAL}")

    assert settings.feeds == (Feed(name="all", limit=7, full_text=False),)


def test_size_of_requests_bounds_documents_too(loaded: Loaded) -> None:
    assert loaded(f'[sync]\nmax_bytes = "1KB"\n{MINIMAL}').sources[0].max_bytes == 1000


def test_every_key_of_a_source(loaded: Loaded, tmp_path: Path) -> None:
    settings = loaded(
        """
        source = [{ name = "Wire_1.de", was = "wire", kind = "mailbox", path = "w", every = "1d",
          title = "Agentur", language = "de", timezone = "UTC", encoding = "CP1252",
          markup = "none", tags = ["a", " b  c ", "a"], include = "*.txt", exclude = ["x/**"],
          future = "clamp", on_delete = "keep", link = "https://example.org/{path}/",
          max_bytes = 9, settle = "0s" }]
        """.replace("\n", " ")
    )

    assert settings.sources == (
        Source(
            name="Wire_1.de",
            was="wire",
            kind="mailbox",
            path=tmp_path / "w",
            every=timedelta(days=1),
            title="Agentur",
            language="de",
            timezone=ZoneInfo("UTC"),
            encoding=("cp1252",),
            markup="none",
            tags=("a", "b c"),
            include=("*.txt",),
            exclude=("x/**",),
            future="clamp",
            on_delete="keep",
            link="https://example.org/{path}/",
            max_bytes=9,
            settle=timedelta(0),
        ),
    )


def test_every_key_of_a_feed(loaded: Loaded) -> None:
    (feed,) = loaded(f"""
        {MINIMAL}
        [[feed]]
        name = "x"
        title = "X"
        description = "Alles mit X"
        sources = ["articles"]
        tags = ["a"]
        authors = ["A. Muster"]
        language = "en"
        since = "7d"
        match = 'Haus(halt)?'
        exclude = '[[a]'
        limit = 3
        max_per_source = 2
        full_text = false
        formats = ["json", "atom"]
        """).feeds

    assert feed == Feed(
        name="x",
        title="X",
        description="Alles mit X",
        sources=("articles",),
        tags=("a",),
        authors=("A. Muster",),
        language="en",
        since=timedelta(days=7),
        match=re.compile("Haus(halt)?", re.IGNORECASE),
        exclude=feed.exclude,
        limit=3,
        max_per_source=2,
        full_text=False,
        formats=(Format.JSON, Format.ATOM),
    )
    assert feed.match is not None
    assert feed.match.search("DER HAUSHALT")
    assert feed.exclude is not None
    assert feed.exclude.search("[")


def test_a_kind_nobody_knows_is_left_to_the_registry(loaded: Loaded) -> None:
    settings = loaded('[[source]]\nname = "x"\nkind = "carrier-pigeon"\n')

    assert settings.sources[0].kind == "carrier-pigeon"
    assert settings.sources[0].path is None


# -- show ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", ["newsroom", "opml", "planet", "podcast", "tags"])
def test_show_writes_what_load_reads(example: str, loaded: Loaded) -> None:
    examples = Path(__file__).parents[2] / "config" / "examples"
    text = (examples / f"{example}.toml").read_text(encoding="utf-8")
    # a secret in the file itself is not written; "…" is no Latin-1 and so no header either
    first = loaded(text.replace('"planet", X-Api-Key', '{ env = "CLIENT" }, X-Api-Key'))

    second = loaded(_toml(show(first)))

    assert second == first
    assert list(show(first)) == [
        "path", "site", "store", "publish", "server", "maintenance", "sync", "ops", "websub",
        "source", "feed",
    ]  # fmt: skip


def test_show_is_plain_and_in_written_form(loaded: Loaded) -> None:
    shown = show(
        loaded(f"[sync]\ntimeout = '90s'\n{MINIMAL}[[feed]]\nname = 'x'\nmatch = 'a+'\nsince='2w'")
    )

    assert shown["sync"]["timeout"] == "1m30s"
    assert shown["server"] == {
        "listen": "127.0.0.1:8080", "admin_token": None, "trusted_proxies": [], "access_log": None,
        "access_log_addresses": False,
    }  # fmt: skip
    assert shown["maintenance"] == {"at": "30 3 * * *", "backup": None, "keep_backups": 7}
    assert shown["feed"][0]["match"] == "a+"
    assert shown["feed"][0]["since"] == "14d"
    assert shown["feed"][0]["formats"] == ["atom", "rss", "json"]
    assert shown["source"][0]["timezone"] == "UTC"


def test_show_keeps_passwords(loaded: Loaded) -> None:
    from dataclasses import replace

    from feedsvc.settings import Store

    settings = replace(loaded(MINIMAL), store=Store(url="x://user:geheim@db.example.org/f"))

    assert show(settings)["store"]["url"] == "x://user:***@db.example.org/f"


def test_listen_round_trips() -> None:
    assert Server(host="::1", port=80).listen == "[::1]:80"


def _toml(shown: dict[str, Any]) -> str:
    """What `show` gave, written as TOML; keys that are not set are left out."""
    import json

    def value(each: object) -> str:
        if isinstance(each, dict):
            return "{" + ", ".join(f"{key(k)} = {value(v)}" for k, v in each.items()) + "}"
        if isinstance(each, list):
            return f"[{', '.join(map(value, each))}]"
        return json.dumps(each, ensure_ascii=False)

    key = json.dumps
    lines = []
    for name, table in shown.items():
        if name == "path":
            continue
        for item in table if isinstance(table, list) else [table]:
            lines.append(f"[[{name}]]" if isinstance(table, list) else f"[{name}]")
            lines += [f"{k} = {value(v)}" for k, v in item.items() if v not in (None, [])]
    return "\n".join(lines)
