"""What is told of two versions of a text."""

from __future__ import annotations

import pytest

from feedsvc.text.compare import compare, compare_all, marked, paragraphs

LONG = " ".join(f"word{number}" for number in range(40))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param("The crane", "The crane", "The crane", id="nothing-changed"),
        pytest.param(
            "The red crane", "The green crane", "The [-red-] {+green+} crane", id="a-word"
        ),
        pytest.param("The crane", "The old crane", "The {+old+} crane", id="a-word-came"),
        pytest.param("The old crane", "The crane", "The [-old-] crane", id="a-word-went"),
        pytest.param("", "The crane", "{+The crane+}", id="from-nothing"),
        pytest.param("The crane", "", "[-The crane-]", id="to-nothing"),
        pytest.param("", "", "", id="nothing-at-all"),
        pytest.param("The  crane", "The crane", "The  crane", id="spaces-are-no-change"),
        pytest.param("Größe", "Groesse", "[-Größe-] {+Groesse+}", id="umlauts"),
        pytest.param(
            LONG,
            LONG.replace("word20", "here"),
            "… word14 word15 word16 word17 word18 word19 [-word20-] {+here+}"
            " word21 word22 word23 word24 word25 word26 …",
            id="a-few-words-around-it",
        ),
        pytest.param(
            LONG,
            LONG.replace("word1 ", "a ").replace("word38", "b"),
            "word0 [-word1-] {+a+} word2 word3 word4 word5 word6 word7 …"
            " word32 word33 word34 word35 word36 word37 [-word38-] {+b+} word39",
            id="what-lies-between-is-cut",
        ),
    ],
)
def test_words_are_marked_where_they_changed(old: str, new: str, told: str) -> None:
    assert marked(compare(old, new)) == told


@pytest.mark.parametrize(
    ("old", "new"), [("a b c", "a x c"), ("a b", "b a"), ("", "a"), (LONG, "word7")]
)
def test_the_pieces_hold_both_versions(old: str, new: str) -> None:
    pieces = compare(old, new)

    kept = [piece for piece in pieces if piece.kind != "insert"]
    come = [piece for piece in pieces if piece.kind != "delete"]
    assert "".join(piece.text for piece in kept) == old
    assert "".join(piece.text for piece in come).split() == new.split()


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        pytest.param("ab", "ab", [], id="none"),
        pytest.param("abc", "ac", ["[-b-]"], id="one-went"),
        pytest.param("ac", "abc", ["{+b+}"], id="one-came"),
        pytest.param("a", "x", ["[-a-]", "{+x+}"], id="another"),
    ],
)
def test_only_paragraphs_that_changed_are_told(old: str, new: str, told: list[str]) -> None:
    assert [marked(one) for one in compare_all([*old], [*new])] == told


def test_a_corrected_paragraph_stands_beside_what_it_was() -> None:
    old = ["One two three.", "Four five six.", "Seven."]
    new = ["Zero.", "One two two.", "Four five six.", "Seven."]

    assert [marked(one) for one in compare_all(old, new)] == [
        "{+Zero.+}",
        "One two [-three.-] {+two.+}",
    ]


@pytest.mark.parametrize(
    ("html", "texts"),
    [
        pytest.param("", [], id="nothing"),
        pytest.param(
            "<p>One.</p>\n<p>Two &amp; <b>th</b>ree.</p>", ["One.", "Two & three."], id="p"
        ),
        pytest.param("<ul><li>One</li><li>Two</li></ul>", ["One", "Two"], id="list"),
        pytest.param("One<br>Two<hr>Three", ["One", "Two", "Three"], id="breaks"),
        pytest.param('<p title="a > b">One</p>', ["One"], id="an-attribute-with-a-bracket"),
        pytest.param("<pretty>One</pretty>", ["One"], id="no-element-of-ours"),
    ],
)
def test_a_body_is_read_by_paragraphs(html: str, texts: list[str]) -> None:
    assert paragraphs(html) == texts


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(["a b"] * 100_000, ["b a"] * 100_001, id="many-paragraphs"),
        pytest.param([f"{n} x" for n in range(3000)], [f"x {n}" for n in range(2990)], id="others"),
        pytest.param(["a " * 300_000], ["a b " * 300_000], id="many-words"),
        pytest.param([" ".join("ab" * 1000)], [" ".join("ba" * 1000)], id="few-words-often"),
    ],
)
def test_it_ends_soon_whatever_is_compared(old: list[str], new: list[str]) -> None:
    assert compare_all(old, new)
