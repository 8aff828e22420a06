"""`feedsvc completion`: what shells offer when a person presses TAB."""

from __future__ import annotations

import argparse
import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from feedsvc.cli.completion.tree import levels_of
from feedsvc.cli.main import build_parser
from tests.support import Shell

BIN = Path(sys.executable).parent
Offers = Callable[[str], list[str]]


@pytest.fixture
def here(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """A newsroom with a second configuration, files to be named, and `feedsvc` on the path."""
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    other = (shell.root / "feedsvc.toml").read_text().replace('"desk"', '"night-desk"')
    (shell.root / "other.toml").write_text(other)
    (shell.root / "two words.xml").write_text("x")
    (shell.root / "folder").mkdir()
    return shell


def offered_by_bash(line: str) -> list[str]:
    """What bash's own machinery is given for the last word of a line."""
    # As bash takes a line apart: at spaces, and at each = (COMP_WORDBREAKS).
    words = [
        part for word in line.split(" ") for part in re.split(r"(=)", word) if part or not word
    ]
    if line.endswith("="):
        words.append("")
    script = (
        f"source <(feedsvc completion bash)\nCOMP_WORDS=({shlex.join(words)})\n"
        f"COMP_CWORD={len(words) - 1}\n__feedsvc\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return done.stdout.split()


def offered_by_fish(line: str) -> list[str]:
    script = f"feedsvc completion fish | source; complete -C {shlex.quote(line)}"
    done = subprocess.run(
        ["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True
    )
    return [offer.partition("\t")[0].removesuffix("/") for offer in done.stdout.splitlines()]


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(name) is None, reason=f"{name} is not installed")


SHELLS = [
    pytest.param(offered_by_bash, id="bash"),
    pytest.param(offered_by_fish, id="fish", marks=needs("fish")),
]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("offered", SHELLS)
@pytest.mark.parametrize(
    ("line", "some", "others"),
    [
        pytest.param("feedsvc ", {"sync", "source", "make"}, {"list", "--json"}, id="commands"),
        pytest.param("feedsvc so", {"source"}, {"sync"}, id="the-beginning-of-one"),
        pytest.param("feedsvc source ", {"add", "list"}, {"sync"}, id="verbs"),
        pytest.param("feedsvc -q source ", {"add", "list"}, {"sync"}, id="behind-an-option"),
        pytest.param("feedsvc -C source ", {"sync"}, {"add"}, id="a-value-is-no-command"),
        pytest.param("feedsvc -c other.toml sync --", {"--source", "--force"}, {"--feed"},
                     id="options"),
        pytest.param("feedsvc status --j", {"--json"}, {"--debug"}, id="one-option"),
        pytest.param("feedsvc log --level ", {"info", "error"}, {"desk"}, id="choices"),
        pytest.param("feedsvc log --level=e", {"error"}, {"info"}, id="choices-behind-a-sign"),
        pytest.param("feedsvc completion ", {"bash", "zsh", "fish"}, {"--names"}, id="an-argument"),
        pytest.param("feedsvc completion z", {"zsh"}, {"bash"}, id="its-beginning"),
        pytest.param("feedsvc source show ", {"desk"}, {"all", "ferry"}, id="sources"),
        pytest.param("feedsvc sync --source ", {"desk"}, {"ferry"}, id="sources-of-an-option"),
        pytest.param("feedsvc sync --source desk --source d", {"desk"}, {"ferry"}, id="again"),
        pytest.param("feedsvc -c other.toml source show ", {"night-desk"}, {"desk"},
                     id="of-another-configuration"),
        pytest.param("feedsvc source show -c other.toml n", {"night-desk"}, {"desk"},
                     id="wherever-it-is-named"),
        pytest.param("feedsvc feed show f", {"ferry"}, {"all", "desk"}, id="feeds"),
        pytest.param("feedsvc regenerate --feed ", {"all", "ferry"}, {"desk"}, id="feeds-too"),
        pytest.param("feedsvc -c none.toml source show ", set(), {"desk"}, id="no-configuration"),
    ],
)  # fmt: skip
def test_offers(line: str, some: set[str], others: set[str], offered: Offers) -> None:
    offers = {offer.rpartition("=")[2] for offer in offered(line)}  # fish repeats the option

    assert some <= offers
    assert not others & offers


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("line", ["feedsvc init --title ", "feedsvc article show ",
                                  "feedsvc config show x "])  # fmt: skip
def test_nothing_is_offered_where_nothing_is_known(line: str) -> None:
    assert offered_by_bash(line) == []


class Terminal:
    """A shell as a person uses it."""

    def __init__(self, command: list[str], **environ: str) -> None:
        self._pid, self._screen = pty.fork()
        if self._pid == 0:
            os.execvpe(command[0], command, {**os.environ, "TERM": "dumb", **environ})
        self.read_until("READY> ")

    def press(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def read_until(self, sign: str) -> str:
        seen, end = "", time.monotonic() + 30
        while sign not in seen:
            assert time.monotonic() < end, f"{sign!r} never came: {seen!r}"
            if select.select([self._screen], [], [], 0.1)[0]:
                seen += os.read(self._screen, 4096).decode(errors="replace")
                seen = re.sub(r"[^\x08]\x08", "", seen)  # what was taken back
        return seen

    def close(self) -> None:
        os.close(self._screen)
        os.waitpid(self._pid, 0)


@pytest.fixture
def bash(here: Shell, tmp_path: Path) -> Terminal:
    (tmp_path / "bashrc").write_text("PS1='READY> '\nsource <(feedsvc completion bash)\n")
    return Terminal(["bash", "--noprofile", "--rcfile", str(tmp_path / "bashrc"), "-i"])


@pytest.fixture
def zsh(here: Shell, tmp_path: Path) -> Terminal:
    (tmp_path / ".zshrc").write_text(
        "PS1='READY> '; unsetopt zle_bracketed_paste beep\n"
        "autoload -Uz compinit && compinit -D -u\nsource <(feedsvc completion zsh)\n"
    )
    return Terminal(["zsh", "-i"], ZDOTDIR=str(tmp_path))


TYPED = [
    pytest.param("feedsvc sour\tli\t", "feedsvc source list ", id="commands"),
    pytest.param("feedsvc log --lev\twarn\t", "feedsvc log --level warning ", id="choices"),
    pytest.param("feedsvc log --level=warn\t", "feedsvc log --level=warning ", id="behind-a-sign"),
    pytest.param("feedsvc source show de\t", "feedsvc source show desk ", id="names"),
    pytest.param("feedsvc -c oth\t", "feedsvc -c other.toml ", id="files"),
    pytest.param("feedsvc validate two\t", "feedsvc validate two\\ words.xml ", id="with-a-space"),
    pytest.param("feedsvc -C fold\t", "feedsvc -C folder/", id="folders"),
]


@pytest.mark.parametrize(("keys", "line"), TYPED)
def test_a_person_at_bash(keys: str, line: str, bash: Terminal) -> None:
    bash.press(keys)

    assert line in bash.read_until(line)
    bash.close()


@needs("zsh")
@pytest.mark.parametrize(("keys", "line"), TYPED)
def test_a_person_at_zsh(keys: str, line: str, zsh: Terminal) -> None:
    zsh.press(keys)

    # A dumb terminal is told of blanks by moving about: only what is typed counts.
    assert line.rstrip() in zsh.read_until(line.rstrip())
    zsh.close()


@pytest.mark.parametrize(
    "name", [pytest.param(name, id=name, marks=needs(name)) for name in ("bash", "zsh", "fish")]
)
def test_the_shell_can_read_it(name: str, empty: Shell, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(empty.run("completion", name).out)

    done = subprocess.run([name, "-n", str(script)], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_and_option_is_in_every_script(empty: Shell) -> None:
    levels = list(levels_of(build_parser()))

    assert len(levels) > 40
    for name in ("bash", "zsh", "fish"):
        script = empty.run("completion", name).out
        for level in levels:
            assert " ".join(level.path) in script
            for option in level.options:
                for spelled in option.names:
                    assert spelled.lstrip("-") in script


def test_what_a_place_takes_is_told_by_its_metavar() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("-x", "--exact", action="store_true", help="100%% of\n  it")
    parser.add_argument("--out", metavar="FILE")
    parser.add_argument("--watch", nargs="?", metavar="SECONDS")
    parser.add_argument("--hidden", help=argparse.SUPPRESS)
    parser.add_argument("what", nargs="+", metavar="FEED|FILE|URL")

    (level,) = levels_of(parser)

    assert [(one.names, one.help) for one in level.options] == [
        (("-x", "--exact"), "100% of it"), (("--out",), ""), (("--watch",), ""),
    ]  # fmt: skip
    kinds = [one.value.kind if one.value else None for one in level.options]
    assert kinds == [None, "file", None]
    assert [(one.kind, one.repeated) for one in level.places] == [("file", True)]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param((), 2, id="which-shell"),
        pytest.param(("tcsh",), 2, id="a-shell-we-do-not-know"),
        pytest.param(("--names", "article"), 2, id="too-many-to-tell"),
        pytest.param(("--names", "source"), 0, id="no-configuration-no-names"),
    ],
)
def test_codes(arguments: tuple[str, ...], code: int, empty: Shell) -> None:
    done = empty.run("completion", *arguments)

    assert (done.code, done.out) == (code, "")


def test_as_json(empty: Shell) -> None:
    told = empty.run("completion", "bash", "--json").json

    assert told["schema"] == "feedsvc.completion/1"
    assert told["script"].endswith("complete -F __feedsvc feedsvc\n")
