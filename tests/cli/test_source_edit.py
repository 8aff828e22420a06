"""Edits of the configuration file: what changes, and what has to stay byte for byte."""

from __future__ import annotations

import threading
import time
import tomllib
from pathlib import Path

import pytest

from feedsvc.cli.edit import NewSource, with_sources, without_source
from feedsvc.cli.rewriting import rewrite
from feedsvc.errors import ConfigError

NEW = NewSource(
    name="hafen", url="https://hafen.example/feed.xml", title='Der "Hafen"', tags=("Fähre",)
)
TABLE = """\
[[source]]
name = "hafen"
url = "https://hafen.example/feed.xml"
title = "Der \\"Hafen\\""
tags = ["Fähre"]
"""

CONFIG = '''\
# Where articles come from.
[site]
title = "x"  # [[source]]
author = { name = "[[source]]" }

# one
[[source]]
name = "desk"  # ours
path = "articles"
# tags = ["news"]

# two
[[source]]
name = "planet"
url = "https://planet.example/"

[source.auth]  # for two
user = "reader"
password = """
[[source]]
"""
# of auth

# feeds
[[feed]]
name = "all"
sources = [
  "desk",
  # [[source]]
  "planet",
]
'''


class TestPuttingIn:
    def test_goes_behind_the_last_source_and_its_comments(self) -> None:
        edited = with_sources(CONFIG, [NEW])

        before, after = CONFIG.split("# feeds")
        assert edited == f"{before}{TABLE}\n# feeds{after}"

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("", TABLE, id="an-empty-file"),
            pytest.param(
                '[site]\ntitle = "x"', f'[site]\ntitle = "x"\n\n{TABLE}', id="no-line-end"
            ),
            pytest.param("# only this\n", f"# only this\n\n{TABLE}", id="only-a-comment"),
            pytest.param(
                '[[source]]\npath = "a"\n', f'[[source]]\npath = "a"\n\n{TABLE}', id="at-the-end"
            ),
            pytest.param(
                '[["source"]]\npath = "a"\n[site]\n',
                f'[["source"]]\npath = "a"\n\n{TABLE}\n[site]\n',
                id="a-quoted-header",
            ),
            pytest.param(
                '[[ source ]] # c\npath = "a"\n',
                f'[[ source ]] # c\npath = "a"\n\n{TABLE}',
                id="a-header-with-spaces",
            ),
        ],
    )
    def test_wherever_the_sources_stand(self, text: str, expected: str) -> None:
        assert with_sources(text, [NEW]) == expected

    def test_keeps_the_line_ends_of_the_file(self) -> None:
        edited = with_sources(CONFIG.replace("\n", "\r\n"), [NEW])

        assert edited == with_sources(CONFIG, [NEW]).replace("\n", "\r\n")

    def test_sources_among_feeds_keep_their_order(self) -> None:
        text = f'{CONFIG}\n[[source]]\nname = "late"\npath = "late"\n\n[[feed]]\nname = "two"\n'

        names = [one["name"] for one in tomllib.loads(with_sources(text, [NEW]))["source"]]

        assert names == ["desk", "planet", "late", "hafen"]

    @pytest.mark.parametrize("text", ['source = [{ path = "a" }]\n', "source = []\n"])
    def test_sources_in_a_list_are_left_to_their_owner(self, text: str) -> None:
        with pytest.raises(ConfigError, match="cannot edit"):
            with_sources(text, [NEW])

    def test_any_title_is_written_as_it_is(self) -> None:
        title = 'tab\t "quotes" \\u0041 \x7f end\'\'\' """'

        edited = with_sources(CONFIG, [NewSource(name="a", url="https://a.example/", title=title)])

        assert tomllib.loads(edited)["source"][2]["title"] == title

    def test_thousands_take_no_time(self) -> None:
        many = [NewSource(name=f"s{n}", url=f"https://s{n}.example/feed") for n in range(2_000)]
        began = time.process_time()

        edited = with_sources(CONFIG, many)

        assert time.process_time() - began < 3
        assert edited.count("[[source]]") == CONFIG.count("[[source]]") + 2_000


class TestTakingOut:
    def test_what_was_put_in_goes_without_a_trace(self) -> None:
        assert without_source(with_sources(CONFIG, [NEW]), 2) == CONFIG

    def test_its_own_tables_and_comments_go_with_it_and_no_others(self) -> None:
        edited = without_source(CONFIG, 1)

        first, rest = CONFIG.split("# two\n")
        assert edited == f"{first}# two\n\n# feeds{rest.split('# feeds')[1]}"

    def test_the_first_of_several(self) -> None:
        edited = without_source(CONFIG, 0)

        assert [one["name"] for one in tomllib.loads(edited)["source"]] == ["planet"]
        assert "# one\n\n# two\n" in edited
        assert "# tags" not in edited

    def test_a_list_is_left_to_its_owner(self) -> None:
        with pytest.raises(ConfigError, match="cannot edit"):
            without_source('source = [{ path = "a" }, { path = "b" }]\n', 0)


class TestTheFile:
    def test_mode_and_link_stay(self, tmp_path: Path) -> None:
        file, link = tmp_path / "real.toml", tmp_path / "feedsvc.toml"
        file.write_text(CONFIG)
        file.chmod(0o640)
        link.symlink_to(file)

        rewrite(link, lambda text: with_sources(text, [NEW]))

        assert link.is_symlink()
        assert file.read_text() == with_sources(CONFIG, [NEW])
        assert file.stat().st_mode & 0o777 == 0o640
        assert sorted(tmp_path.iterdir()) == [link, file]

    def test_a_change_that_fails_changes_nothing(self, tmp_path: Path) -> None:
        file = tmp_path / "feedsvc.toml"
        file.write_text(CONFIG)

        def fail(text: str) -> str:
            raise ConfigError("no")

        with pytest.raises(ConfigError):
            rewrite(file, fail)

        assert file.read_text() == CONFIG
        assert list(tmp_path.iterdir()) == [file]

    def test_edits_at_one_time_follow_one_another(self, tmp_path: Path) -> None:
        file = tmp_path / "feedsvc.toml"
        file.write_text(CONFIG)

        def add(number: int) -> None:
            new = NewSource(name=f"s{number}", url=f"https://s{number}.example/")
            rewrite(file, lambda text: with_sources(text, [new]))

        threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        names = {one["name"] for one in tomllib.loads(file.read_text())["source"]}
        assert names == {"desk", "planet", *(f"s{number}" for number in range(8))}
