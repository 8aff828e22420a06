"""A tree of any XML feed -> a reading: which dialect it is, its head, its entries, its bounds."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from feedsvc.model import Draft, Hints, Reading, SourceHead, Tombstone
from feedsvc.parsers.feed.dialect import dialect_of
from feedsvc.parsers.feed.entry import read_entry
from feedsvc.parsers.feed.head import inherited_authors, read_head
from feedsvc.parsers.feed.markup import based
from feedsvc.parsers.feed.moments import Moments
from feedsvc.parsers.feed.names import Names
from feedsvc.parsers.feed.scope import Fields, Scope
from feedsvc.parsers.feed.tree import Tree

_MOST_TOMBSTONES = 5_000
_MOST_REMARKS = 50
_ENTRIES = frozenset({"item", "atom:entry", "entry"})


def read_tree(
    tree: Tree, *, data: bytes, encoding: str, url: str | None, hints: Hints, max_entries: int
) -> Reading | None:
    """What the feed in `tree` says, or None if its root is no feed's; `data` is its document."""
    found = dialect_of(tree.root)
    if found is None:
        return None
    form, names = found
    scope = Scope(
        names=names,
        url=url,
        base=url,
        moments=Moments(hints.zone, hints.language),
        old_atom=form == "atom03",
        has_base=b"xml:base" in data,
        has_lang=b"xml:lang" in data,
        remarks=list(tree.remarks),
    )
    holder, entries = _parts(tree.root, names)
    head_base = _base_of(holder, scope)
    fields = Fields(holder, scope, head_base)
    if holder is not tree.root and "image" not in fields.found:
        # RSS 1.0 §5.4: the image stands beside the channel
        fields.found["image"] = [one for one in tree.root if names[str(one.tag)] == "image"][:1]
    head = read_head(fields)
    scope.authors = inherited_authors(fields)
    scope.moments.language = head.language or hints.language
    scope.remarks.extend(fields.warnings)
    drafts = _drafts(entries, scope, max_entries)
    return Reading(
        format=form,
        encoding=encoding,
        well_formed=tree.well_formed,
        head=head,
        drafts=drafts,
        deleted=_deleted(fields),
        problems=_problems(scope.remarks),
    )


def says_nothing(draft: Draft) -> bool:
    """Whether an entry holds nothing that could be shown or named: it is counted, never stored."""
    return not (
        draft.title
        or draft.html
        or draft.link
        or draft.id
        or draft.summary
        or draft.enclosures
        or draft.image
    )


def is_empty(reading: Reading) -> bool:
    """Whether not a single field was made out, which is less than a feed without entries says."""
    if reading.deleted or reading.head != SourceHead():
        return False
    return all(one == Draft(title="", base=one.base) for one in reading.drafts)


def _parts(root: etree._Element, names: Names) -> tuple[etree._Element, list[etree._Element]]:
    """The element that holds the head, and all entries in the order of the document."""
    top = names.get(str(root.tag)) or names[str(root.tag)]
    if top.rpartition(":")[2] == "entry":  # RFC 4287 §2: an entry may stand alone
        return root.makeelement("head"), [root]
    holder: etree._Element | None = None
    entries: list[etree._Element] = []
    for child in root:
        name = names[child.tag]
        if name in _ENTRIES:
            entries.append(child)
        elif name == "channel":
            holder = child if holder is None else holder
            entries.extend(_inside(child, names))
    return (root if holder is None else holder), entries


def _inside(channel: etree._Element, names: Names) -> Iterator[etree._Element]:
    for child in channel:
        if names[child.tag] in _ENTRIES:
            yield child


def _base_of(node: etree._Element, scope: Scope) -> str | None:
    """xml:base on the element and on those around it."""
    if not scope.has_base:
        return scope.url
    around = [node, *node.iterancestors()]
    base = scope.url
    for one in reversed(around):
        base = based(one, base)
    return base


def _drafts(entries: list[etree._Element], scope: Scope, most: int) -> tuple[Draft, ...]:
    drafts: list[Draft] = []
    bases: dict[etree._Element | None, str | None] = {}
    base = scope.url
    for number, node in enumerate(entries[:most], start=1):
        if scope.has_base and (outer := node.getparent()) is not None:
            if outer not in bases:
                bases[outer] = _base_of(outer, scope)
            base = bases[outer]
        draft, fields = read_entry(node, scope, base)
        drafts.append(draft)
        for name, count in fields.passed.items():
            scope.remarks.append(
                f"entry {number}: {count:,} more <{name}> than are kept were left out"
            )
    if len(entries) > most:
        scope.remarks.append(f"{len(entries) - most:,} of {len(entries):,} entries were left out")
    return tuple(drafts)


def _deleted(fields: Fields) -> tuple[Tombstone, ...]:
    """RFC 6721 §3."""
    stones: dict[str, Tombstone] = {}
    for node in fields.node.iterchildren(f"{{{_TOMBSTONES}}}deleted-entry"):
        if len(stones) >= _MOST_TOMBSTONES:
            break
        ref = str(node.get("ref") or "").strip()
        when = str(node.get("when") or "").strip()
        if ref:
            stones.setdefault(
                ref, Tombstone(ref=ref, when=fields.scope.moments.read(when) if when else None)
            )
    return tuple(stones.values())


_TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"


def _problems(remarks: list[str]) -> tuple[str, ...]:
    told = list(dict.fromkeys(remarks))
    more = len(told) - _MOST_REMARKS
    return tuple(told[:_MOST_REMARKS]) + ((f"{more:,} more of these",) if more > 0 else ())
