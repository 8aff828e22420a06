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


def test_what_has_expired_is_told_to_people(shell: Shell) -> None:
    shell.write("ferry.txt", "Ferry\n2025-03-10\nExpires: 2025-03-12\n\nText.\n")
    shell.write("pier.txt", "Pier\n2025-03-11\nExpires: 2099-01-01\n\nText.\n")
    shell.run("sync")

    lines = shell.run("article", "list").out.splitlines()

    assert ["expired" in line for line in lines if "Ferry" in line] == [True]
    assert ["published" in line for line in lines if "Pier" in line] == [True]
    assert "state: expired" in shell.run("article", "show", "desk/ferry").out
    told = {a["title"]: a for a in shell.run("article", "list", "--json").json["articles"]}
    assert told["Ferry"]["state"] == told["Pier"]["state"] == "published"
    assert told["Ferry"]["expires"] == "2025-03-11T23:00:00Z"
