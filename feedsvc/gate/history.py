"""What a document says of the rest of its feed: its pages and archives, and what was deleted.

Both XML formats link their pages alike (RFC 5005); only Atom can say which entries were deleted
(RFC 6721).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from lxml import etree

from feedsvc.gate import values
from feedsvc.gate.document import ATOM, HISTORY, TOMBSTONES
from feedsvc.gate.report import Report, shown

_ARCHIVES: Final = frozenset({"prev-archive", "next-archive"})
PAGES: Final = frozenset({"first", "last", "previous", "next", "current"}) | _ARCHIVES
"""The relations of links that lead to other documents of one feed."""

_DELETED: Final = f"{{{TOMBSTONES}}}deleted-entry"


def check_history(report: Report, head: etree._Element, links: Sequence[etree._Element]) -> None:
    """The marks and links of a feed or channel."""
    targets = {element.get("rel"): element for element in links}
    hrefs = {relation: element.get("href") for relation, element in targets.items()}
    own = hrefs.get("self") or report.url
    for relation in sorted(rel for rel in hrefs if rel in PAGES):
        leads_on = relation in _ARCHIVES or relation in ("previous", "next")
        if leads_on and hrefs[relation] == own:
            says = f"rel={relation} leads to the document itself"
            report.add("history-loop", says, targets[relation])
    archive = head.find(f"{{{HISTORY}}}archive")
    if head.find(f"{{{HISTORY}}}complete") is not None:
        if archive is not None:
            report.add("history-complete-paged", "a complete feed that is an archive", archive)
        for relation in sorted(PAGES - {"current"} & {rel for rel in hrefs if rel}):
            says = f"a complete feed with rel={relation}"
            report.add("history-complete-paged", says, targets[relation])
    if "first" in hrefs and hrefs["first"] == hrefs.get("self") and "previous" in hrefs:
        says = "the first page has a previous one"
        report.add("history-past-end", says, targets["previous"])
    if "last" in hrefs and hrefs["last"] == hrefs.get("self") and "next" in hrefs:
        report.add("history-past-end", "the last page has a next one", targets["next"])
    if archive is None:
        if "next-archive" in hrefs:
            says = "rel=next-archive in a document without fh:archive"
            report.add("history-archive-unmarked", says, targets["next-archive"])
    elif "current" not in hrefs:
        report.add("history-archive-current", "an archive without rel=current", archive)
    elif hrefs["current"] == own:
        says = "the current document says that it is an archive"
        report.add("history-current-archived", says, archive)


def check_no_pages(report: Report, links: Sequence[etree._Element]) -> None:
    """The links of an entry or item, which has no pages."""
    for element in links:
        if (relation := element.get("rel")) in PAGES:
            report.add("history-rel-in-entry", f"link rel={relation} in an entry", element)


def check_deleted(report: Report, feed: etree._Element, entries: Sequence[etree._Element]) -> None:
    """No entry is deleted twice, or deleted and there."""
    deleted = list(feed.iterchildren(_DELETED))
    if not deleted:
        return
    live: dict[str, str] = {}
    for entry in entries:
        identity = (entry.findtext(f"{{{ATOM}}}id") or "").strip()
        live[identity] = (entry.findtext(f"{{{ATOM}}}updated") or "").strip()
    seen: set[tuple[str | None, str | None]] = set()
    for element in deleted:
        reference, when = element.get("ref"), element.get("when")
        if (reference, when) in seen:
            says = f"{shown(reference or '')} is deleted twice at one moment"
            report.add("deleted-entry-duplicate", says, element)
        seen.add((reference, when))
        if reference in live:
            newer = _is_newer(live[reference], when or "")
            why = "was updated after that" if newer else "stands in the document all the same"
            report.add("deleted-entry-live", f"{shown(reference)} {why}", element)


def _is_newer(updated: str, when: str) -> bool:
    changed, deleted = values.rfc3339(updated), values.rfc3339(when)
    return isinstance(changed, datetime) and isinstance(deleted, datetime) and changed > deleted
