"""Files and rights, what lies in the output directory, disks, and what the machine allows."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from feedsvc.app.doctor import Outcome
from feedsvc.app.doctor.disk import judge
from feedsvc.app.doctor.machine import kind_of, mounts, open_files, watched
from feedsvc.settings import Publish, Settings, Site, Source, Store
from tests.app.doctor.conftest import Ward, powerless
from tests.support import DEFAULT_CONFIG, Service

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")

# -- rights --------------------------------------------------------------------------------------


def test_all_rights_are_there(ward: Ward) -> None:
    found = ward.look("rights")

    assert {check.outcome for check in found.values()} == {Outcome.OK}


@pytest.mark.parametrize(
    ("place", "mode", "name", "code", "words"),
    [
        pytest.param("var/feedsvc.db", 0o444, "rights.store", 6, "may not read and write",
                     id="a-store-to-be-read"),
        pytest.param("var/feedsvc.db", 0o000, "rights.store", 6, "may not read and write",
                     id="a-store-of-others"),
        pytest.param("var", 0o555, "rights.store", 6, "may not make files in",
                     id="a-store-without-room-for-its-journal"),
        pytest.param("public", 0o555, "rights.output", 5, "may not write", id="the-output"),
        pytest.param("articles", 0o000, "rights.sources", 4, "may not read", id="a-source"),
    ],
)  # fmt: skip
def test_rights_that_lack(
    place: str, mode: int, name: str, code: int, words: str, ward: Ward
) -> None:
    path = ward.root / place
    path.chmod(mode)
    if os.geteuid() == 0 and place == "var":
        (path / "feedsvc.db").chmod(0o666)

    with powerless(ward.root):
        check = ward.look("rights")[name]
    path.chmod(0o755)

    assert (check.outcome, check.exit_code) == (Outcome.FAILED, code)
    assert words in check.message
    assert str(path) in check.message
    assert "belongs to" in (check.hint or "")


@ROOT_ONLY
def test_rights_that_others_have_given(ward: Ward) -> None:
    for path in (ward.root / "var", ward.root / "public", *(ward.root / "var").iterdir()):
        path.chmod(0o777)

    with powerless(ward.root):
        found = ward.look("rights")

    assert {name for name, one in found.items() if one.outcome is not Outcome.OK} == {"rights.user"}


@ROOT_ONLY
def test_another_user_than_the_owner_of_the_store(ward: Ward) -> None:
    os.chown(ward.root / "var" / "feedsvc.db", 65_534, 65_534)

    check = ward.look("rights")["rights.user"]

    assert check.outcome is Outcome.WARNING
    assert check.message.startswith("this is root, and the store belongs to nobody")


@pytest.mark.parametrize(
    ("config", "name", "words"),
    [
        pytest.param('[store]\nurl = "sqlite:///articles/ferry.txt/x.db"\n', "rights.store",
                     "is no folder", id="a-store-below-a-file"),
        pytest.param('[publish]\ndirectory = "articles/ferry.txt"\n', "rights.output",
                     "is no folder", id="an-output-that-is-a-file"),
        pytest.param('[store]\nurl = "sqlite:///articles"\n', "rights.store", "is no file",
                     id="a-store-that-is-a-folder"),
        pytest.param('[maintenance]\nbackup = "articles/ferry.txt"\n', "rights.backup",
                     "is no folder", id="backups-in-a-file"),
        pytest.param('[[source]]\nname = "gone"\npath = "gone"\n', "rights.sources",
                     "source 'gone': there is no", id="a-source-that-is-not-there"),
    ],
)  # fmt: skip
def test_places_that_are_something_else(
    config: str, name: str, words: str, ward: Ward, service: Service
) -> None:
    service.configure(DEFAULT_CONFIG + config)

    check = ward.look("rights")[name]

    assert check.outcome is Outcome.FAILED
    assert words in check.message


def test_places_that_are_still_to_be_made(ward: Ward, service: Service) -> None:
    service.configure(
        DEFAULT_CONFIG
        + """
[store]
url = "sqlite:///new/deep/x.db"
[publish]
directory = "out/there"
[maintenance]
backup = "copies"
"""
    )

    found = ward.look("rights")

    assert {check.outcome for check in found.values()} == {Outcome.OK}
    assert "will be made" in found["rights.store"].message
    assert not (ward.root / "new").exists()
    assert not (ward.root / "copies").exists()


# -- the output directory ------------------------------------------------------------------------


def test_an_output_directory_that_is_clean(ward: Ward) -> None:
    found = ward.look("output")

    assert {check.outcome for check in found.values()} == {Outcome.OK}


@pytest.mark.parametrize(
    ("age", "outcome"),
    [pytest.param(3700, "warning", id="an-hour-ago"), pytest.param(60, "ok", id="just-now")],
)
def test_what_a_killed_build_left(age: float, outcome: str, ward: Ward, service: Service) -> None:
    half = ward.root / "public" / "all" / ".atom.xml.tmp-0a1b2c3d"
    half.write_bytes(b"<feed>")
    os.utime(half, (time.time() - age, time.time() - age))

    check = ward.look("output")["output.unfinished"]

    assert check.outcome == outcome
    assert ("1 unfinished file: all/.atom.xml.tmp-0a1b2c3d" in check.message) == (
        outcome == "warning"
    )
    service.write("ferry.txt", "The ferry stays\n2025-03-14\n\nFog.\n", age=30)
    service.sync(force=True)
    assert not half.exists()  # as the hint says


@pytest.mark.parametrize(
    ("target", "outcome", "words"),
    [
        pytest.param("/etc/hostname", "warning", "all/link leads out", id="out-of-it"),
        pytest.param("../../feedsvc.toml", "warning", "all/link leads out", id="to-what-is-ours"),
        pytest.param("nowhere", "warning", "all/link leads nowhere", id="nowhere"),
        pytest.param("atom.xml", "ok", "no link", id="inside"),
        pytest.param("../index.html", "ok", "no link", id="to-another-folder-inside"),
    ],
)
def test_links(target: str, outcome: str, words: str, ward: Ward) -> None:
    (ward.root / "public" / "all" / "link").symlink_to(target)

    check = ward.look("output")["output.links"]

    assert check.outcome == outcome
    assert words in check.message


@ROOT_ONLY
def test_files_of_another_user(ward: Ward) -> None:
    os.chown(ward.root / "public" / "all" / "rss.xml", 65_534, 65_534)

    check = ward.look("output")["output.owner"]

    assert check.outcome is Outcome.WARNING
    assert check.message == "all/rss.xml belongs to nobody, the rest to root"


@ROOT_ONLY
def test_a_folder_that_cannot_be_looked_into(ward: Ward) -> None:
    (ward.root / "public" / "all").chmod(0o700)

    with powerless(ward.root):
        check = ward.look("output")["output.owner"]

    assert check.outcome is Outcome.WARNING
    assert check.message.startswith("all cannot be looked into")


# -- room ----------------------------------------------------------------------------------------

MIB, GIB = 1024**2, 1024**3


@pytest.mark.parametrize(
    ("room", "inodes", "needed", "outcome", "words"),
    [
        pytest.param(100 * GIB, 10**6, 0, "ok", "100.0 GiB free for it", id="plenty"),
        pytest.param(100 * GIB, None, 0, "ok", "free", id="a-disk-without-inodes"),
        pytest.param(31 * MIB, 10**6, 0, "failed", "only 31.0 MiB free", id="full"),
        pytest.param(0, 10**6, 0, "failed", "only 0 bytes free", id="to-the-last-byte"),
        pytest.param(300 * MIB, 10**6, 0, "warning", "only 300.0 MiB free", id="nearly"),
        pytest.param(600 * MIB, 10**6, 0, "ok", "free", id="not-yet"),
        pytest.param(100 * GIB, 0, 0, "failed", "no inodes are left", id="no-inodes"),
        pytest.param(100 * GIB, 500, 0, "warning", "only 500 inodes", id="few-inodes"),
        pytest.param(2 * GIB, 10**6, 3 * GIB, "warning", "takes 3.0 GiB", id="not-for-a-migration"),
        pytest.param(4 * GIB, 10**6, 3 * GIB, "ok", "free", id="for-a-migration"),
    ],
)  # fmt: skip
def test_room(room: int, inodes: int | None, needed: int, outcome: str, words: str) -> None:
    check = judge("disk", "it", room=room, whole=500 * GIB, inodes=inodes, needed=needed, code=6)

    assert check.outcome == outcome
    assert check.exit_code == (6 if outcome == "failed" else 0)
    assert words in check.message


def test_a_small_disk_is_not_nearly_full_for_being_small() -> None:
    check = judge("disk", "it", room=200 * MIB, whole=GIB, inodes=10**6, needed=0, code=6)

    assert check.outcome is Outcome.OK


def test_a_full_disk(ward: Ward, tmp_path: Path, service: Service) -> None:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(place)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        service.configure(f'{DEFAULT_CONFIG}[publish]\ndirectory = "{place}/public"\n')
        found = ward.look("disk")
    finally:
        subprocess.run(["umount", "-l", place], check=True)

    assert (found["disk.2"].outcome, found["disk.2"].exit_code) == (Outcome.FAILED, 5)
    assert found["disk.2"].message == f"only 3.0 MiB free for the output directory on {place}"
    assert found["disk"].message.endswith(f"for the store on {mounted(ward.root)}")


def mounted(path: Path) -> Path:
    return next(place for place in (path, *path.parents) if place.is_mount())


# -- the machine ---------------------------------------------------------------------------------

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
nas:/news /srv/news nfs4 rw,vers=4.2 0 0
//nas/photos /srv/my\\040photos cifs rw 0 0
tmpfs /srv/news/quick tmpfs rw 0 0
broken
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        pytest.param("/srv/news/var/feedsvc.db", "nfs4", id="below-a-share"),
        pytest.param("/srv/my photos/x", "cifs", id="with-a-space"),
        pytest.param("/srv/news/quick/x", "tmpfs", id="a-disk-within-a-share"),
        pytest.param("/srv/newsroom/x", "ext4", id="a-name-that-begins-alike"),
    ],
)
def test_the_kind_of_a_disk(path: str, kind: str, tmp_path: Path) -> None:
    table = tmp_path / "mounts"
    table.write_text(MOUNTS)

    assert kind_of(Path(path), mounts(table)) == kind


def test_a_system_that_does_not_tell_what_is_mounted(tmp_path: Path) -> None:
    assert kind_of(Path("/srv"), mounts(tmp_path / "none")) is None


def test_the_machine_of_these_tests(ward: Ward) -> None:
    found = ward.look("machine")

    assert found["machine.store-disk"].outcome is Outcome.OK
    assert found["machine.source-disks"].outcome is Outcome.OK


@pytest.mark.parametrize(
    ("limit", "remote", "outcome"),
    [
        pytest.param(256, False, "ok", id="enough-for-folders"),
        pytest.param(200, False, "warning", id="too-few"),
        pytest.param(256, True, "warning", id="too-few-for-feeds"),
        pytest.param(1024, True, "ok", id="enough-for-feeds"),
    ],
)
def test_open_files(limit: int, remote: bool, outcome: str, service: Service) -> None:
    given = service.app.settings
    if remote:
        zone = given.site.timezone
        source = Source(name="x", kind="feed", url="https://planet.example.org/", timezone=zone)
        given = Settings(
            site=Site(base_url="https://example.org", id_domain="example.org"),
            store=Store(url="sqlite:///x.db"), publish=Publish(directory=Path("/x")),
            sources=(source,),
        )  # fmt: skip

    assert open_files(given, limit).outcome == outcome


@pytest.mark.parametrize(
    ("folders", "limit", "outcome"),
    [
        pytest.param(100, 8192, "ok", id="few"),
        pytest.param(8000, 8192, "warning", id="nearly-all"),
        pytest.param(20_000, 8192, "warning", id="more-than-all"),
    ],
)
def test_watches(folders: int, limit: int, outcome: str) -> None:
    check = watched(folders, limit)

    assert check.outcome == outcome
    assert ("max_user_watches" in (check.hint or "")) == (outcome == "warning")
