"""The configuration: found, meant, and of use to readers elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from feedsvc.app.doctor import Outcome, examine
from feedsvc.app.doctor.report import several
from tests.app.doctor.conftest import Ward, snapshot
from tests.support import DEFAULT_CONFIG, FrozenClock, Service

SOURCE = '[[source]]\nname = "desk"\npath = "articles"\n'


@pytest.fixture
def bare(tmp_path: Path, clock: FrozenClock) -> Ward:
    """A folder with nothing in it."""
    root = tmp_path / "bare"
    root.mkdir()
    return Ward(root, clock)


def test_a_configuration_that_is_well(ward: Ward) -> None:
    found = ward.look("configuration")

    assert {check.outcome for check in found.values()} == {Outcome.OK}
    assert found["configuration"].message == "feedsvc.toml: 1 source, 1 feed"


def test_no_configuration(bare: Ward) -> None:
    check = bare.look("configuration")["configuration"]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 3)
    assert check.message.startswith("no configuration found: looked for feedsvc.toml")
    assert check.hint == "`feedsvc init` writes one"


@pytest.mark.parametrize(
    ("text", "words", "hint"),
    [
        pytest.param("[site", "feedsvc.toml:1:", "config check", id="no-toml"),
        pytest.param(SOURCE + "pth = 1", "no key 'pth'", "config check", id="an-unknown-key"),
        pytest.param(SOURCE + "pth = 1\nulr = 2", "no key 'pth'", "and 1 more mistake",
                     id="two-mistakes"),
        pytest.param(SOURCE.replace("path", "kind"), "'articles'", "", id="an-unknown-kind"),
        pytest.param("\ufeff", "byte order mark", "", id="a-byte-order-mark"),
    ],
)  # fmt: skip
def test_a_configuration_that_is_wrong(text: str, words: str, hint: str, bare: Ward) -> None:
    (bare.root / "feedsvc.toml").write_text(text)

    check = bare.look("configuration")["configuration"]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 3)
    assert words in check.message
    assert hint in (check.hint or "")


@pytest.mark.parametrize("text", [None, "[site", "\0", "[store]\nurl = 5"])
def test_everything_else_is_told_without_one(text: str | None, bare: Ward) -> None:
    if text is not None:
        (bare.root / "feedsvc.toml").write_text(text)
    bare.clock.at = datetime.now(UTC)
    before = snapshot(bare.root)

    checks = {check.name: check for check in examine(bare.case(public=True))}

    assert {name for name, check in checks.items() if check.exit_code} == {"configuration"}
    assert checks["clock"].outcome is Outcome.OK
    assert checks["network.certificates"].outcome is Outcome.OK
    for name in ("places", "rights", "output", "disk", "database", "sources", "daemon", "public"):
        assert checks[name].outcome is Outcome.SKIPPED
    assert snapshot(bare.root) == before


# -- another one, and variables ------------------------------------------------------------------


def test_a_second_configuration_in_the_folder(ward: Ward) -> None:
    (ward.root / "config").mkdir()
    (ward.root / "config" / "feedsvc.toml").write_text(SOURCE)

    check = ward.look("configuration")["configuration.files"]

    assert check.outcome is Outcome.WARNING
    assert check.message == "feedsvc.toml is used, and there is config/feedsvc.toml"


def test_a_link_to_the_same_one_is_no_second(ward: Ward) -> None:
    (ward.root / "config").mkdir()
    (ward.root / "config" / "feedsvc.toml").symlink_to(ward.root / "feedsvc.toml")

    assert ward.look("configuration")["configuration.files"].outcome is Outcome.OK


@pytest.mark.parametrize(
    ("variable", "message", "hint"),
    [
        pytest.param("FEEDSVC_LISTEN", "sets nothing", "FEEDSVC_SERVER__LISTEN", id="no-table"),
        pytest.param("FEEDSVC_SITE_TITLE", "sets nothing", "FEEDSVC_SITE__TITLE",
                     id="one-underscore"),
        pytest.param("FEEDSVC_SITE_TITEL", "sets nothing", "FEEDSVC_SITE__TITLE", id="mistyped"),
        pytest.param("FEEDSVC_NOVEMBER", "sets nothing", "unset it", id="of-nobody"),
    ],
)  # fmt: skip
def test_a_variable_that_sets_nothing(variable: str, message: str, hint: str, ward: Ward) -> None:
    ward.environ[variable] = "x"

    check = ward.look("configuration")["configuration.environment"]

    assert check.outcome is Outcome.WARNING
    assert check.message == f"{variable} {message}"
    assert hint in (check.hint or "")


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        pytest.param({"FEEDSVC_SITE__TITLE": "Other"}, "FEEDSVC_SITE__TITLE overrides",
                     id="an-override"),
        pytest.param({"FEEDSVC_LISTEN": ""}, "no variable", id="an-empty-one-is-unset"),
        pytest.param({"FEEDSVC_PLANET_KEY": "abc"}, "no variable", id="a-secret-of-ours"),
        pytest.param({"FEEDSVCX_LISTEN": "1"}, "no variable", id="of-somebody-else"),
    ],
)  # fmt: skip
def test_a_variable_that_is_meant(
    environ: dict[str, str], message: str, ward: Ward, service: Service
) -> None:
    service.configure(
        DEFAULT_CONFIG
        + """
[[source]]
name = "planet"
url = "https://planet.example.org/feed"
auth = { token = { env = "FEEDSVC_PLANET_KEY" } }
"""
    )
    ward.environ.update(environ)

    check = ward.look("configuration")["configuration.environment"]

    assert check.outcome is Outcome.OK
    assert check.message.startswith(message)


# -- addresses and ids ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "listen", "outcome", "words"),
    [
        pytest.param(None, "127.0.0.1:8080", "ok", "on this machine", id="at-home"),
        pytest.param(None, "0.0.0.0:8080", "warning", "only this machine reaches", id="unset"),
        pytest.param("http://localhost:8080", "0.0.0.0:8080", "warning", "only this machine",
                     id="loopback-while-public"),
        pytest.param("http://[::1]:8080", "[::]:8080", "warning", "only this machine",
                     id="loopback-by-ipv6"),
        pytest.param("http://news.example.org", "127.0.0.1:8080", "warning", "not encrypted",
                     id="http-while-public"),
        pytest.param("https://news.example.org", "0.0.0.0:8080", "ok", "https://news",
                     id="https"),
        pytest.param("http://192.168.1.5", "0.0.0.0:8080", "ok", "in this network",
                     id="of-a-house"),
        pytest.param("http://intranet", "0.0.0.0:8080", "ok", "in this network",
                     id="a-name-of-a-house"),
    ],
)  # fmt: skip
def test_the_address_of_the_site(
    base_url: str | None, listen: str, outcome: str, words: str, bare: Ward
) -> None:
    site = f'base_url = "{base_url}"\n' if base_url else ""
    (bare.root / "feedsvc.toml").write_text(
        f'[site]\n{site}[server]\nlisten = "{listen}"\n{SOURCE}'
    )

    check = bare.look("configuration")["configuration.address"]

    assert check.outcome == outcome
    assert words in check.message
    assert (check.hint is not None) == (outcome == "warning")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param('id_domain = "news.example.org"', 'id_domain = "example.net"',
                     "minted for example.net,2025-01-01, and those of the feeds for "
                     "news.example.org,2025-01-01", id="another-domain"),
        pytest.param('id_since = "2025-01-01"', 'id_since = "2020"', "news.example.org,2020",
                     id="another-day"),
        pytest.param('id_domain = "news.example.org"', 'id_domain = "localhost"',
                     "nobody's domain", id="of-nobody"),
    ],
)  # fmt: skip
def test_ids_of_another_authority(old: str, new: str, words: str, ward: Ward) -> None:
    config = ward.root / "feedsvc.toml"
    config.write_text(config.read_text().replace(old, new))

    check = ward.look("configuration")["configuration.ids"]

    assert check.outcome is Outcome.WARNING
    assert words in check.message


def test_another_address_with_the_same_id_domain_is_well(ward: Ward) -> None:
    config = ward.root / "feedsvc.toml"
    config.write_text(config.read_text().replace("https://news.example.org", "https://example.net"))

    assert ward.look("configuration")["configuration.ids"].outcome is Outcome.OK


# -- secrets -------------------------------------------------------------------------------------

SECRET = """
[[source]]
name = "planet"
url = "https://planet.example.org/feed"
auth = { token = %s }
"""


@pytest.fixture
def keeper(ward: Ward, service: Service) -> Ward:
    """The same, with a secret in a file."""
    (ward.root / "key").write_text("s3cr3t-of-the-planet\n")
    (ward.root / "key").chmod(0o600)
    service.configure(DEFAULT_CONFIG + SECRET % '{ file = "key" }')
    (ward.root / "feedsvc.toml").chmod(0o644)
    return ward


def test_secrets_that_are_kept(keeper: Ward) -> None:
    found = keeper.look("secrecy")

    assert {check.outcome for check in found.values()} == {Outcome.OK}


def test_a_secret_that_is_not_there(keeper: Ward) -> None:
    (keeper.root / "key").unlink()

    check = keeper.look("secrecy")["secrets"]

    assert check.outcome is Outcome.WARNING
    assert "source 'planet': auth.token" in check.message
    assert "No such file" in check.message


@pytest.mark.parametrize(
    ("name", "mode", "words"),
    [
        pytest.param("key", 0o644, "key holds a secret, and everybody", id="read-by-all"),
        pytest.param("key", 0o602, "everybody on this machine may write key", id="written-by-all"),
        pytest.param("feedsvc.toml", 0o666, "may write feedsvc.toml", id="configured-by-all"),
    ],
)  # fmt: skip
def test_a_file_that_others_may(name: str, mode: int, words: str, keeper: Ward) -> None:
    (keeper.root / name).chmod(mode)

    check = keeper.look("secrecy")["secrets.rights"]

    assert check.outcome is Outcome.WARNING
    assert words in check.message
    assert f"chmod o-{'w' if 'write' in words else 'r'} " in (check.hint or "")


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [pytest.param(0o644, "warning", id="open"), pytest.param(0o640, "ok", id="closed")],
)
def test_a_secret_in_the_configuration_itself(
    mode: int, outcome: str, ward: Ward, service: Service
) -> None:
    service.configure(DEFAULT_CONFIG + SECRET % '"s3cr3t-of-the-planet"')
    (ward.root / "feedsvc.toml").chmod(mode)

    check = ward.look("secrecy")["secrets.rights"]

    assert check.outcome == outcome
    assert "s3cr3t" not in check.message


# -- places --------------------------------------------------------------------------------------


def test_places_that_lie_apart(ward: Ward) -> None:
    found = ward.look("places")

    assert {check.outcome for check in found.values()} == {Outcome.OK}


def test_a_store_that_is_served_by_a_link(ward: Ward) -> None:
    (ward.root / "var").rename(ward.root / "public" / "data")
    (ward.root / "var").symlink_to(ward.root / "public" / "data")

    check = ward.look("places")["places"]

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, 3)
    assert "the store lies in the output directory (var/feedsvc.db), which is served" in (
        check.message
    )


@pytest.mark.parametrize(
    ("more", "outcome", "words"),
    [
        pytest.param('[maintenance]\nbackup = "public/backups"\n', "failed", "the backup folder",
                     id="backups"),
        pytest.param('[server]\naccess_log = "public/access.log"\n', "failed", "the access log",
                     id="an-access-log"),
        pytest.param('[[source]]\nname = "inner"\npath = "public/texts"\n', "warning",
                     "source 'inner' lies in the output directory", id="a-source"),
    ],
)  # fmt: skip
def test_what_is_served_though_it_should_not(
    more: str, outcome: str, words: str, ward: Ward, service: Service
) -> None:
    service.configure(DEFAULT_CONFIG + more)

    check = ward.look("places")["places"]

    assert check.outcome == outcome
    assert words in check.message


def test_an_output_directory_inside_a_source(ward: Ward, service: Service) -> None:
    (ward.root / "public").rename(ward.root / "articles" / "out")
    (ward.root / "public").symlink_to(ward.root / "articles" / "out")

    check = ward.look("places")["places"]

    assert check.outcome is Outcome.WARNING
    assert "lies in source 'desk' by a link" in check.message


def test_an_output_directory_that_is_left_out_of_its_source(ward: Ward, service: Service) -> None:
    service.configure(DEFAULT_CONFIG + '[publish]\ndirectory = "articles/out"\n')

    assert ward.look("places")["places"].outcome is Outcome.OK


@pytest.mark.parametrize(
    ("path", "outcome"),
    [
        pytest.param("../elsewhere", "warning", id="it-climbs-out"),
        pytest.param("articles/../texts", "ok", id="it-climbs-and-stays"),
        pytest.param("/srv/texts", "ok", id="absolute"),
    ],
)
def test_relative_paths(path: str, outcome: str, ward: Ward, service: Service) -> None:
    service.configure(DEFAULT_CONFIG.replace('"articles"', f'"{path}"'))

    check = ward.look("places")["places.relative"]

    assert check.outcome == outcome
    if outcome == "warning":
        assert f"source 'desk' ({ward.root.parent / 'elsewhere'})" in check.message


def test_several_names_in_a_sentence() -> None:
    assert several(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert several(["a", "b", "c"]) == "a, b, c"
