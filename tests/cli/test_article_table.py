"""The table of articles for people; scripts take `--json`."""

from __future__ import annotations

from tests.support import Shell


def test_an_endless_title_does_not_push_the_other_columns_away(shell: Shell) -> None:
    shell.write("long.txt", f"{'Hafen ' * 100}\n2025-03-16\n\nText.\n")
    shell.run("sync")

    lines = shell.run("article", "list").out.splitlines()

    assert "Hafen…" in lines[1]
    assert lines[1].endswith("desk/long")
    assert max(map(len, lines)) < 200


def test_json_has_the_whole_title(shell: Shell) -> None:
    shell.write("long.md", f"---\ntitle: {'Hafen ' * 100}\ndate: 2025-03-16\n---\nText.\n")
    shell.run("sync")

    titles = [a["title"] for a in shell.run("article", "list", "--json").json["articles"]]

    assert any(len(title) > 500 for title in titles)
