"""CommonMark with GitHub's extensions, as the renderer is asked for it."""

from __future__ import annotations

import pytest

from feedsvc.text.commonmark import render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Am *Hafen*.", "<p>Am <em>Hafen</em>.</p>", id="no-address-no-link"),
        pytest.param(
            "Mehr: www.example.org.",
            '<p>Mehr: <a href="http://www.example.org">www.example.org</a>.</p>',
            id="www-is-an-address",
        ),
        pytest.param(
            "Mehr: https://example.org/a.",
            '<p>Mehr: <a href="https://example.org/a">https://example.org/a</a>.</p>',
            id="a-scheme-is-an-address",
        ),
        pytest.param(
            "An post@example.org.",
            '<p>An <a href="mailto:post@example.org">post@example.org</a>.</p>',
            id="an-at-sign-is-an-address",
        ),
        pytest.param("~~weg~~", "<p><del>weg</del></p>", id="tildes-strike"),
        pytest.param(
            "a | b\n--|--\n1 | 2",
            "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n"
            "<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>",
            id="pipes-make-a-table",
        ),
        pytest.param("<b>x</b>", "<p><b>x</b></p>", id="raw-html-is-left-to-the-filter"),
        pytest.param(
            "a &#xFFFE; b &#xFFFF;", "<p>a \ufffd b \ufffd</p>", id="no-character-is-replaced"
        ),
    ],
)
def test_render(text: str, expected: str) -> None:
    assert render(text).strip() == expected


def test_an_address_in_one_text_links_nothing_in_the_next() -> None:
    linked, plain = render("www.example.org"), render("w w w")

    assert "<a " in linked
    assert plain == "<p>w w w</p>\n"
