"""What an operator is told: `data/errors/<case>.toml` beside `<case>.txt`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from feedsvc.config import ConfigErrors, load
from feedsvc.errors import ConfigError

DATA = Path(__file__).parent / "data" / "errors"
CASES = sorted(DATA.glob("*.toml"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_message(case: Path, tmp_path: Path) -> None:
    shutil.copy(case, tmp_path / "feedsvc.toml")

    with pytest.raises(ConfigErrors) as caught:
        load(None, cwd=tmp_path, environ={})

    told = "\n".join(str(error) for error in caught.value.errors)
    assert told + "\n" == case.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.stem)
def test_message_is_the_first_error_in_three_lines_without_secrets(
    case: Path, tmp_path: Path
) -> None:
    shutil.copy(case, tmp_path / "feedsvc.toml")

    with pytest.raises(ConfigErrors) as caught:
        load(None, cwd=tmp_path, environ={})

    assert str(caught.value) == str(caught.value.errors[0])
    assert caught.value.exit_code == 3
    for error in caught.value.errors:
        assert str(error).count("\n") <= 2
        assert "geheim" not in str(error)
        assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(
            b"\xef\xbb\xbf[site]\n",
            "feedsvc.toml:1:1: the file begins with a byte order mark: save it without one",
            id="byte-order-mark",
        ),
        pytest.param(
            "[site]\n".encode("utf-16"),
            "feedsvc.toml:1:1: the file is UTF-16: save it as UTF-8",
            id="utf-16",
        ),
        pytest.param(
            b'[site]\r\ntitle = "B\xfccher"\r\n',
            "feedsvc.toml:2:11: byte 0xfc is not UTF-8: save the file as UTF-8\n"
            '  title = "B\ufffdcher"\n'
            "            ^",
            id="latin-1",
        ),
        pytest.param(
            b"[site]\r\n\r\ntittle = 1\r\n[[source]]\r\npath = 'x'\r\n",
            "feedsvc.toml:3:1: no key 'tittle' in [site]: did you mean 'title'?\n  tittle = 1\n  ^",
            id="lines-end-as-on-windows",
        ),
        pytest.param(
            b'[site]\ntitle = "a\x1b[2Jb"\n',
            "feedsvc.toml:2:11: not TOML: illegal character '\\x1b'\n"
            '  title = "a\ufffd[2Jb"\n'
            "            ^",
            id="escape-sequence-does-not-reach-the-terminal",
        ),
        pytest.param(
            b"[site]\n\trights =\t1\n[[source]]\npath = 'x'\n",
            "feedsvc.toml:2:11: 'rights' must be a text such as \"© 2025 Example\", not 1\n"
            "  \trights =\t1\n"
            "  \t        \t^",
            id="tabs-keep-the-caret-in-place",
        ),
        pytest.param(
            b"x = " + b"[" * 5000,
            "feedsvc.toml: lists or tables are nested too deeply",
            id="nested-too-deeply",
        ),
        pytest.param(
            b"x = 1" + b"0" * 5000,
            "feedsvc.toml: Exceeds the limit (4300 digits) for integer string conversion: "
            "value has 5001 digits; use sys.set_int_max_str_digits() to increase the limit",
            id="number-of-thousands-of-digits",
        ),
    ],
)
def test_unreadable_text(data: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "feedsvc.toml").write_bytes(data)

    with pytest.raises(ConfigErrors) as caught:
        load(None, cwd=tmp_path, environ={})

    assert str(caught.value) == message


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()

    with pytest.raises(ConfigError) as caught:
        load(Path("etc"), cwd=tmp_path, environ={})

    assert str(caught.value) == "etc is a folder: name the file in it, such as etc/feedsvc.toml"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to the superuser")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    file = tmp_path / "feedsvc.toml"
    file.touch(mode=0o000)

    with pytest.raises(ConfigError, match=r"^feedsvc\.toml cannot be read: Permission denied$"):
        load(None, cwd=tmp_path, environ={})


def test_a_named_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(Path("x.toml"), cwd=tmp_path, environ={})

    assert str(caught.value) == "--config names x.toml, and there is no such file"


def test_a_file_elsewhere_is_shown_with_its_whole_path(tmp_path: Path) -> None:
    file = tmp_path / "feedsvc.toml"
    file.write_text("[sit]\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    with pytest.raises(ConfigErrors) as caught:
        load(Path("../feedsvc.toml"), cwd=elsewhere, environ={})

    assert str(caught.value).startswith(f"{file}:1:2: no table [sit]")
