"""The image: what can be known of it where no container engine is."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from feedsvc.config import load

ROOT = Path(__file__).parents[2]
CONTAINER = ROOT / "config" / "container"


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, in order; comments gone, lines joined."""
    text = (CONTAINER / "Containerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(word, rest) for word, _, rest in
            (line.partition(" ") for line in joined.splitlines() if line.strip())]  # fmt: skip


def last_stage() -> dict[str, str]:
    """The last of each instruction of the image that is run."""
    everything = instructions()
    start = max(number for number, (word, _) in enumerate(everything) if word == "FROM")
    return dict(everything[start:])


def environment() -> dict[str, str]:
    return dict(word.partition("=")[::2] for word in shlex.split(last_stage()["ENV"]))


def test_it_runs_as_a_number_that_is_not_root_and_writes_to_two_volumes() -> None:
    stage = last_stage()

    assert re.fullmatch(r"[1-9][0-9]+:[1-9][0-9]+", stage["USER"])
    assert json.loads(stage["VOLUME"]) == ["/data", "/public"]
    assert stage["RUN"] == "install -d -o 10001 -g 10001 /data /public"
    assert json.loads(stage["ENTRYPOINT"]) + json.loads(stage["CMD"]) == ["feedsvc", "run"]
    assert stage["STOPSIGNAL"] == "SIGTERM"
    assert stage["EXPOSE"] == environment()["FEEDSVC_SERVER__LISTEN"].partition(":")[2]


def test_its_health_is_asked_by_a_module_of_ours() -> None:
    options, _, command = last_stage()["HEALTHCHECK"].partition(" CMD ")

    program, *arguments, module = json.loads(command)
    assert (program, arguments) == ("python", ["-P", "-m"])
    assert find_spec(module) is not None
    assert float(re.findall(r"--timeout=(\d+)s", options)[0]) > 8


def test_its_settings_are_settings_of_ours(tmp_path: Path) -> None:
    """And its volumes are where they say."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config/feedsvc.toml").write_text('[[source]]\npath = "articles"\n')
    environ = environment()
    assert environ.pop("FEEDSVC_CONFIG") == "/config/feedsvc.toml"

    settings = load(tmp_path / "config/feedsvc.toml", cwd=tmp_path, environ=environ)

    assert settings.store.url == "sqlite:////data/feedsvc.db"
    assert settings.publish.directory == Path("/public")
    assert settings.server.listen == "0.0.0.0:8080"
    assert settings.sources[0].path == tmp_path / "articles"  # which is /articles there


def test_a_build_sees_what_it_copies_and_nothing_else() -> None:
    """An ignore file that lets through as little as possible."""
    lines = (CONTAINER / "Containerfile.dockerignore").read_text().splitlines()
    allowed = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        source
        for word, rest in instructions()
        if word == "COPY" and "--from" not in rest
        for source in rest.split()[:-1]
    }

    assert "*" in lines
    assert allowed == copied
    assert all((ROOT / name).exists() for name in copied)
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = re.findall(r'^(?:readme = |license-files = \[)"([^"]+)"', project, re.MULTILINE)
    assert {*needed, "seeds", "feedsvc"} <= copied


def test_the_compose_file_takes_every_right_away() -> None:
    told = yaml.safe_load((CONTAINER / "compose.yaml").read_text(encoding="utf-8"))

    service = told["services"]["feedsvc"]
    assert (CONTAINER / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]) == CONTAINER / "Containerfile"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    mounted = dict(one.split(":")[:2][::-1] for one in service["volumes"])
    assert mounted.keys() == {"/config", "/seeds", "/data", "/public"}
    assert (CONTAINER / mounted["/config"] / "feedsvc.toml").resolve().is_file()
    assert (CONTAINER / mounted["/seeds"]).resolve() == ROOT / "seeds"
    assert {mounted["/data"], mounted["/public"]} == told["volumes"].keys()


def test_the_quadlet_gives_no_more_than_it_needs() -> None:
    text = (CONTAINER / "feedsvc.container").read_text(encoding="utf-8")

    for line in ("ReadOnly=true", "DropCapability=all", "NoNewPrivileges=true", "Notify=true"):
        assert f"\n{line}\n" in text
    volumes = re.findall(r"^Volume=([^:]+):([^:\n]+)(:ro)?$", text, re.MULTILINE)
    assert {place for _, place, read_only in volumes if not read_only} == {"/data", "/public"}


def is_root_with_namespaces() -> bool:
    if os.geteuid() != 0 or not (shutil.which("unshare") and shutil.which("setpriv")):
        return False
    tried = ["unshare", "-m", "mount", "--make-rprivate", "/"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


# Everything is read-only but the two volumes, no capability is left, and there is no home.
READ_ONLY = """\
set -eu
mount --make-rprivate /
for folder in "$@"; do mount --bind "$folder" "$folder"; done
for place in $(awk '{print $2}' /proc/self/mounts); do
  case " $* /proc " in
    *" $place "*) ;;
    *) mount -o remount,bind,ro "$place" 2>/dev/null || : ;;
  esac
done
if touch "$HERE/x" 2>/dev/null; then echo "not read-only" >&2; exit 99; fi
unset HOME HERE
exec setpriv --bounding-set=-all --no-new-privs "$PYTHON" -P -m feedsvc run
"""


@pytest.mark.skipif(not is_root_with_namespaces(), reason="needs root and mount namespaces")
def test_a_read_only_file_system_will_do(tmp_path: Path) -> None:
    """As root without a capability: the interpreter's files may be for root alone."""
    for name in ("config", "data", "public", "articles"):
        (tmp_path / name).mkdir()
    (tmp_path / "config/feedsvc.toml").write_text('[[source]]\npath = "articles"\n')
    (tmp_path / "articles/ferry.txt").write_text("The ferry sails\n2025-03-14\n\nAt nine.\n")
    os.utime(tmp_path / "articles/ferry.txt", (1_700_000_000, 1_700_000_000))
    environ = {name: value.replace("/data", f"{tmp_path}/data") for name, value
               in environment().items()}  # fmt: skip
    environ |= {
        "PATH": os.environ["PATH"],
        "PYTHON": sys.executable,
        "HERE": str(tmp_path),
        "FEEDSVC_CONFIG": str(tmp_path / "config/feedsvc.toml"),
        "FEEDSVC_PUBLISH__DIRECTORY": str(tmp_path / "public"),
        "FEEDSVC_SERVER__LISTEN": "127.0.0.1:0",
    }

    running = subprocess.Popen(
        ["unshare", "-m", "bash", "-c", READ_ONLY, "-",
         str(tmp_path / "data"), str(tmp_path / "public")],
        env=environ, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stderr is not None
    try:
        told = running.stderr.readline()
        assert told.startswith(f"serving {tmp_path}/public at http://127.0.0.1:"), told
        url = told.split()[3].rstrip("/")
        end = time.monotonic() + 60
        ready = [sys.executable, "-P", "-m", "feedsvc.serve.probe", url]
        while subprocess.run(ready, capture_output=True, check=False).returncode:
            assert time.monotonic() < end, "it did not become ready"
            time.sleep(0.2)
    finally:
        running.send_signal(signal.SIGTERM)
        _, rest = running.communicate(timeout=30)

    assert running.returncode == 0, rest
    assert b"The ferry sails" in (tmp_path / "public/all/atom.xml").read_bytes()
    assert {path.name.partition(".db")[0] for path in (tmp_path / "data").iterdir()} == {"feedsvc"}
