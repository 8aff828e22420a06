"""What lies in the output directory, as it is sent: values of `files.py`.

A Resource is a document, a Representation one form of it (coding, media type, ETag), and its
Content the bytes of one file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from feedsvc.serve.entries import Version
from feedsvc.serve.headers import Fields
from feedsvc.serve.paths import MediaType

# Of what is held open, so that the budget of `files.py` bounds the number of open files, too.
_DESCRIPTOR_COST = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Redirect:
    """The path names a folder; its page is at the same path with a slash."""


@dataclass(slots=True, eq=False)
class OpenFile:
    """A file that stays readable, as it was, after another took its name."""

    descriptor: int

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of a span; shorter only when someone cut the file in place."""
        pieces = []
        while start < stop and (piece := os.pread(self.descriptor, stop - start, start)):
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)

    def __del__(self) -> None:
        os.close(self.descriptor)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Content:
    """The bytes of one file, in memory or, when large, on the disk."""

    length: int
    digest: bytes
    body: bytes | None = None
    file: OpenFile | None = None

    @property
    def cost(self) -> int:
        return _DESCRIPTOR_COST if self.body is None else len(self.body)

    def bytes(self) -> bytes:
        """All of it; of a large file from the disk."""
        if self.body is not None:
            return self.body
        return self.file.read(0, self.length) if self.file is not None else b""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Representation:
    """One form of a resource, with the fields of its 200 and 304."""

    content: Content
    etag: str
    fields: Fields
    not_modified: Fields


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Resource:
    """One document of the output directory in all its forms.

    `codings` are those with a sidecar that holds this very document, best first.
    """

    kind: MediaType
    modified: int
    codings: tuple[str, ...]
    contents: Mapping[str, Content]
    version: Version | None  # of a document that readers subscribe to
    forms: Mapping[tuple[str, bool], Representation]

    def form(self, coding: str, *, document: bool) -> Representation:
        """The form in this coding, labelled for a browser's page view if `document` asks so."""
        return self.forms[coding, document and self.kind.document is not None]
