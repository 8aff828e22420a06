"""How the gate agrees with the W3C feed validator, over the validator's own test cases.

`data/events.toml` says which code answers which event, and names each case where we differ and why.
The corpus is not part of the project: FEEDSVC_CORPUS names its folder.
"""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from feedsvc.gate import check

DATA = Path(__file__).parent / "data"
EVENTS: dict[str, Any] = tomllib.loads((DATA / "events.toml").read_text("utf-8"))
DIFFERENCES: dict[str, str] = EVENTS.pop("differences")
CORPUS = os.environ.get("FEEDSVC_CORPUS")

pytestmark = pytest.mark.skipif(not CORPUS, reason="FEEDSVC_CORPUS does not name a corpus")


def _cases() -> Iterator[tuple[str, bytes, str, bool]]:
    corpus = Path(CORPUS or "")
    expectations = json.loads((corpus / "expectations.json").read_text("utf-8"))
    for name, case in expectations.items():
        if name.startswith("feedvalidator/"):
            event = case["expect"]["validator"]
            body = (corpus / name).read_bytes()
            yield name.removeprefix("feedvalidator/"), body, event["event"], event["present"]


def _raises(body: bytes, event: str) -> bool:
    found = check(body, "auto")
    codes = {finding.code for finding in found}
    if event in ("Error", "Warning"):
        return any(finding.error for finding in found)
    answers = EVENTS[event]
    if answers and answers[0].startswith("!"):
        return not codes & {answer[1:] for answer in answers}
    return bool(codes & set(answers))


def test_the_gate_agrees_with_the_validator_but_for_the_differences_we_name() -> None:
    covered = [case for case in _cases() if case[2] in EVENTS or case[2] in ("Error", "Warning")]

    differing = {name for name, body, event, present in covered if _raises(body, event) != present}

    assert differing == set(DIFFERENCES)
    assert len(differing) < len(covered) / 10


def test_atom_that_the_gate_lets_pass_is_valid_by_the_grammar_of_rfc_4287() -> None:
    grammar = etree.RelaxNG(etree.parse(str(Path(CORPUS or "") / "schemas" / "atom.rng")))
    passed = 0
    for name, body, _, _ in _cases():
        if name.startswith("atom/") and not any(finding.error for finding in check(body, "atom")):
            passed += 1
            assert grammar.validate(etree.fromstring(body)), f"{name}: {grammar.error_log}"

    assert passed > 30
    assert grammar.validate(etree.fromstring((DATA / "atom.xml").read_bytes()))


def test_the_good_json_feed_is_valid_by_its_schema() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(CORPUS or "") / "schemas" / "jsonfeed-1.1.schema.json").read_text())

    jsonschema.validate(json.loads((DATA / "feed.json").read_text("utf-8")), schema)


@pytest.mark.parametrize(("name", "schema"), [("opml.xml", "opml-2.0-nons.xsd")])
def test_the_good_opml_is_valid_by_its_schema(name: str, schema: str) -> None:
    grammar = etree.XMLSchema(etree.parse(str(Path(CORPUS or "") / "schemas" / schema)))

    assert grammar.validate(etree.fromstring((DATA / name).read_bytes())), grammar.error_log
