"""What a build leaves behind that is killed, and how the next one finds it.

    a note -> files -> ledger -> the note goes

Between a file and its line in the ledger a build can die. Nearly always the next one puts the same
file in place again; but when its key was revoked meanwhile, or its article withdrawn, nothing would
ever look at it, and whoever knows the address could read on. So a build leaves a note before its
first file; one that finds it looks at everything, and in the end takes down what looks like ours
and is in no ledger.

Before a file at a path that the ledger does not know, the note names folders, and files that lie in
none, and waits for the disk. What lies at a path that the ledger knows is found by it; but not what
lies *beside* it, an unfinished file or a first sidecar, and when the article goes again nothing
else is written there. Nearly every edit is of this kind: its note says only that a build is under
way, and waits for nothing.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from feedsvc.errors import PublishError
from feedsvc.model import Format
from feedsvc.ports import LedgerLine, PageFile, Placed, Publisher
from feedsvc.regenerate.ops import OPS
from feedsvc.regenerate.press import PAGE, Press
from feedsvc.settings import Feed

NOTE = ".feedsvc/building.json"
"""Where the note lies in the output directory; no name that begins with a dot is ever served."""

_OURS = (PAGE, *(format.filename for format in Format))
_FOLDERS = (OPS, "a")  # beside those of feeds
_ROOT = "/"  # before a file that lies in no folder: others' may lie beside it, and it is named

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Watched:
    """A publisher that says where it will write before it does; fits `ports.Publisher`."""

    inner: Publisher
    places: set[str]  # folders, and files beside them
    recall: Callable[[Collection[str]], Collection[str]]  # those of some paths that are known
    noted: bool = False
    lasting: bool = False  # the note names the places, and the disk has it
    torn: bool = False  # some files may be there of which nobody was told

    def place(self, files: Mapping[str, bytes]) -> dict[str, tuple[Placed, dict[str, Placed]]]:
        if not self.lasting or any(map(_is_beside, files)):
            self._note(files.keys() - set(self.recall(files)))
        try:
            return self.inner.place(files)
        except BaseException:
            self.torn = True
            raise

    def _note(self, unknown: Collection[str]) -> None:
        beside = {_ROOT + path for path in unknown if _is_beside(path)}
        said = self.lasting and beside <= self.places
        if said or (self.noted and not unknown):
            return
        self.noted, self.lasting = True, bool(unknown)
        self.places |= beside
        places = sorted(self.places) if unknown else []
        try:
            self.inner.keep(NOTE, json.dumps(places).encode(), lasting=self.lasting)
        except PublishError as error:
            # That a build may die is no reason to hold this one back.
            log.warning("it is not noted that a build is under way: %s", error)

    def end(self) -> None:
        """Nothing was broken off."""
        if self.noted and not self.torn:
            # One that comes back with the power costs a look at everything, and nothing else.
            self.inner.remove([NOTE], lasting=False)

    def lies(self, line: LedgerLine) -> bool:
        return self.inner.lies(line)

    def holds(self, path: str, document: bytes) -> bool:
        return self.inner.holds(path, document)

    def strays(self, files: Iterable[PageFile]) -> set[str]:
        return self.inner.strays(files)

    def found(self, folders: Iterable[str], names: Collection[str]) -> Iterator[str]:
        return self.inner.found(folders, names)

    def remove(self, paths: Sequence[str], *, lasting: bool = True) -> None:
        self.inner.remove(paths, lasting=lasting)

    def read(self, path: str) -> bytes | None:
        return self.inner.read(path)

    def keep(self, path: str, body: bytes, *, lasting: bool = True) -> None:
        self.inner.keep(path, body, lasting=lasting)


def _is_beside(path: str) -> bool:
    """Whether a file lies in no folder, as the sitemaps do."""
    return "/" not in path


def broken_off(press: Press) -> tuple[str, ...] | None:
    """Where the last build was writing when it died; None if it came to its end."""
    note = press.publisher.read(NOTE)
    if note is None:
        return None
    try:
        return tuple(map(str, json.loads(note)))
    except ValueError:  # it is not ours
        return ()


@contextmanager
def watched(
    press: Press, feeds: Sequence[Feed], left: Sequence[str] | None, *, sweep: bool
) -> Iterator[Press]:
    """A press for one build; `left` is what one noted that was broken off.

    With `sweep`, files that look like ours and are in no ledger are taken down after it.
    """
    places = {*(feed.name for feed in feeds), *_FOLDERS, *(left or ())}
    publisher = Watched(
        press.publisher,
        places,
        recall=lambda paths: press.store.ledger(paths=paths),
        noted=left is not None,
    )
    yield replace(press, publisher=publisher)
    try:
        if sweep:
            _sweep(press, places)
        publisher.end()
    except PublishError as error:
        log.warning("what a broken build left stays there: %s", error)


def _sweep(press: Press, places: Collection[str]) -> None:
    """Take down files that look like ours and are in no ledger."""
    beside = {place for place in places if place.startswith(_ROOT)}
    found = set(press.publisher.found(sorted(set(places) - beside), _OURS))
    strays = {path for path in found if _may_be_ours(path, found)}
    strays.update(place.removeprefix(_ROOT) for place in beside)
    for line in press.store.ledger().values():
        strays.difference_update((line.path, *(line.path + end for end in line.sidecars)))
    if strays:
        press.publisher.remove(sorted(strays))
        log.info("%d files that nothing knows of were removed", len(strays))


def _may_be_ours(path: str, found: Collection[str]) -> bool:
    """Whether a build puts a file of that name at that depth: others' sites have pages, too.

    In a feed's folder are one for each of its words or keys, and archives, which have no pages. One
    of a word or key has none without a document, which went out before it.
    """
    *folders, name = path.split("/")
    if name.startswith("."):  # unfinished
        return True
    is_page = name.startswith(PAGE)
    if folders[-2:-1] == ["archive"]:
        return len(folders) <= 4 and not is_page
    if is_page and len(folders) == 2 and folders[0] != "a":
        return any("/".join((*folders, one.filename)) in found for one in Format)
    return len(folders) <= 2
