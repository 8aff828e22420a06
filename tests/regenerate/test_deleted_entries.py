"""`deleted_entries`: what documents say of entries that were taken down (RFC 6721)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from tests.support import DEFAULT_CONFIG, Service

DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"
ENTRY = "{http://www.w3.org/2005/Atom}entry"
NEWEST = '\n[[feed]]\nname = "all"\ndeleted_entries = true\n'
ARCHIVED = f"{NEWEST}archive = true\nlimit = 1\n"


class Desk:
    """A newsroom with two articles, and the words of its operator."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def judge(self, verdict: str, key: str = "ferry") -> None:
        """One `feedsvc article VERDICT KEY`, an hour later."""
        self.service.clock.tick(hours=1)
        store, now = self.service.app.store, self.service.clock.now()
        more = {} if verdict == "restore" else {"reason": None}
        getattr(store, verdict)(store.named(f"desk/{key}"), now=now, **more)
        self.service.regenerate(verify=False)

    def says(self) -> dict[str, list[str]]:
        """What stands in the document and what it says to be deleted, by the end of their ids."""
        root = etree.fromstring(self.service.published("all/atom.xml"))
        told = {
            "there": [entry.findtext("{*}id") for entry in root.iterfind(ENTRY)],
            "deleted": [one.get("ref") for one in root.iterfind(DELETED)],
        }
        return {what: [str(id).rpartition("/")[2] for id in ids] for what, ids in told.items()}


@pytest.fixture(params=[NEWEST, ARCHIVED], ids=["newest-alone", "archive"])
def desk(request: Any, make_service: Callable[..., Service], told: Callable[..., str]) -> Desk:
    service = make_service(DEFAULT_CONFIG + request.param)
    service.write("ferry.txt", told("Ferry"))
    service.write("quay.txt", told("Quay"))
    service.sync()
    return Desk(service)


@pytest.mark.parametrize("verdict", ["withdraw", "purge"])
def test_what_is_taken_down_for_good_is_told(desk: Desk, verdict: str) -> None:
    desk.judge(verdict)

    assert desk.says() == {"there": ["quay"], "deleted": ["ferry"]}


def test_of_what_is_hidden_for_a_while_no_reader_is_told_to_delete_it(desk: Desk) -> None:
    before = desk.says()

    desk.judge("hide")
    hidden = desk.says()
    desk.service.regenerate(everything=True)
    still = desk.says()
    desk.judge("restore")

    assert hidden == still == {"there": ["quay"], "deleted": []}
    assert desk.says() == before


def test_what_was_hidden_first_is_told_when_it_is_withdrawn(desk: Desk) -> None:
    desk.judge("hide")
    desk.judge("withdraw")

    assert desk.says() == {"there": ["quay"], "deleted": ["ferry"]}


def test_what_was_withdrawn_first_is_told_no_longer_when_it_is_but_hidden(desk: Desk) -> None:
    desk.judge("withdraw")
    desk.judge("hide")

    assert desk.says() == {"there": ["quay"], "deleted": []}


def test_what_is_restored_is_not_deleted(desk: Desk) -> None:
    before = desk.says()
    desk.judge("withdraw")
    desk.judge("withdraw", "quay")
    both = desk.says()

    desk.judge("restore")
    one = desk.says()
    desk.judge("restore", "quay")

    assert both == {"there": [], "deleted": ["quay", "ferry"]}
    assert one == {"there": ["ferry"], "deleted": ["quay"]}
    assert desk.says() == before
