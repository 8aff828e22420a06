"""The one file: a tar in a zstd frame, and a seal behind it.

    zstd( manifest.json | member | member … )   seal: "feedsvc1" and the SHA-256 of all before it

`zstd -dc FILE | tar -x` opens it without us: to zstd the seal is a frame that is skipped (RFC 8878
§3.1.2). The seal is looked at first. So a file that was cut or in which a single bit is another is
refused before anything of it is unpacked; what the frame's own checksum covers leaves out bits.

Only what we write is read: plain members, in the order and of the sizes that the manifest says.
Their names decide nothing about where something is put.
"""

from __future__ import annotations

import hashlib
import struct
import tarfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

import zstandard

from feedsvc.app.keeping.manifest import Manifest, Member, read_manifest
from feedsvc.errors import StoreError
from feedsvc.store.copy import Step

MANIFEST = "manifest.json"

_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878 §3.1.1
_TAG = b"feedsvc1"
_SEAL = struct.pack("<II", 0x184D2A50, len(_TAG) + hashlib.sha256().digest_size) + _TAG
_SEALED = len(_SEAL) + hashlib.sha256().digest_size  # bytes
# Articles shrink to a third; the levels above cost twice the time for a twentieth less.
_LEVEL = 3
_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1024**2
_LARGEST_MANIFEST = 1024**2
_SMALL = 16 * 1024**2
_WINDOW = 2**27  # bytes that are kept while it is read; zstd's own default for the most


class Out(Protocol):
    """Where a backup is written to."""

    def write(self, data: bytes, /) -> object: ...


# -- writing -------------------------------------------------------------------------------------


def digest_of(file: Path, step: Step | None = None) -> tuple[int, str]:
    """The size of a file and its SHA-256."""
    total, done, digest = file.stat().st_size, 0, hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
            done += len(chunk)
            if step is not None:
                step(done, total)
    return done, digest.hexdigest()


def pack(
    out: Out, manifest: Manifest, files: Sequence[Path | bytes], step: Step | None = None
) -> int:
    """Write a backup with these files, the members of its manifest; returns how many bytes it has.

    Raises OSError, and StoreError if a file is not the one that the manifest tells of.
    """
    sealing = _Sealing(out)
    encoder = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compressobj()
    total, done = sum(member.size for member in manifest.members), 0
    told = manifest.to_bytes()
    # The manifest in a frame block of its own: who looks for one reads little else.
    for data in _tarred(MANIFEST, len(told), [told], manifest):
        sealing.write(encoder.compress(data))
    sealing.write(encoder.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))
    for member, file in zip(manifest.members, files, strict=True):
        with _chunks(file) as chunks:
            for data in _tarred(member.name, member.size, chunks, manifest):
                sealing.write(encoder.compress(data))
                done += len(data)
                if step is not None:
                    step(min(done, total), total)
    sealing.write(encoder.compress(bytes(2 * _BLOCK)))  # POSIX.1-2017 pax: the end of a tar
    sealing.write(encoder.flush())
    return sealing.close()


class _Sealing:
    """Passes on what is written, and knows its digest at the end."""

    def __init__(self, out: Out) -> None:
        self._out, self._digest, self._size = out, hashlib.sha256(), 0

    def write(self, data: bytes) -> None:
        if data:
            self._digest.update(data)
            self._out.write(data)
            self._size += len(data)

    def close(self) -> int:
        self._out.write(_SEAL + self._digest.digest())
        return self._size + _SEALED


@contextmanager
def _chunks(file: Path | bytes) -> Iterator[Iterator[bytes]]:
    if isinstance(file, bytes):
        yield iter([file])
        return
    with file.open("rb") as stream:
        yield iter(lambda: stream.read(_CHUNK), b"")


def _tarred(
    name: str, size: int, chunks: Iterator[bytes] | list[bytes], manifest: Manifest
) -> Iterator[bytes]:
    """A member as it stands in a tar."""
    head = tarfile.TarInfo(name)
    head.size, head.mode, head.mtime = size, 0o600, int(manifest.made.timestamp())
    # GNU's way of sizes of more than 8 GiB needs no header besides.
    yield head.tobuf(tarfile.GNU_FORMAT)
    left = size
    for chunk in chunks:
        left -= len(chunk)
        if left < 0:
            break
        yield chunk
    if left:
        raise StoreError(f"{name} is another one by now", hint="try again")
    yield bytes(-size % _BLOCK)


# -- reading -------------------------------------------------------------------------------------


def is_sealed(file: Path) -> bool:
    """Whether a file begins and ends as a backup does; whether it is a whole one is not asked."""
    try:
        with file.open("rb") as stream:
            if stream.read(len(_MAGIC)) != _MAGIC:
                return False
            stream.seek(-_SEALED, 2)
            return stream.read(len(_SEAL)) == _SEAL
    except OSError:
        return False


def verify(file: Path, step: Step | None = None) -> None:
    """Raise StoreError unless every byte of a backup is as it was written; raises OSError."""
    total = file.stat().st_size
    with file.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise StoreError(f"{file} is no backup of feedsvc")
        left = total - _SEALED
        stream.seek(0)
        digest = hashlib.sha256()
        while left > 0 and (chunk := stream.read(min(left, _CHUNK))):
            digest.update(chunk)
            left -= len(chunk)
            if step is not None:
                step(total - left, total)
        if left != 0 or stream.read() != _SEAL + digest.digest():
            raise StoreError(
                f"{file} is damaged, or was cut off", hint="take another backup; nothing was done"
            )


def manifest_of(file: Path) -> Manifest:
    """The manifest of a backup of which no more is read; raises StoreError and OSError."""
    with _reading(file) as reader:
        return reader.manifest


def member_of(file: Path, name: str) -> bytes | None:
    """A small member of a backup; None if it has none of that name. Raises as `unpack` does."""
    with _reading(file) as reader:
        for member in reader.manifest.members:
            found = b""
            for chunk in reader.member(member):
                if member.name == name:
                    found += chunk
                    if len(found) > _SMALL:
                        raise StoreError(f"{file}: {name} is too large")
            if member.name == name:
                return found
        return None


def unpack(file: Path, folder: Path, step: Step | None = None) -> None:
    """Put the members of a backup into a folder, under their names; raises StoreError and OSError.

    Each has to be the one that the manifest tells of.
    """
    with _reading(file) as reader:
        total, done = sum(member.size for member in reader.manifest.members), 0
        for member in reader.manifest.members:
            digest = hashlib.sha256()
            with (folder / member.name).open("xb") as out:
                for chunk in reader.member(member):
                    digest.update(chunk)
                    out.write(chunk)
                    done += len(chunk)
                    if step is not None:
                        step(done, total)
            if digest.hexdigest() != member.sha256:
                raise StoreError(f"{file} is damaged: {member.name} is not what it should be")


@contextmanager
def _reading(file: Path) -> Iterator[_Reader]:
    with file.open("rb") as raw:
        try:
            decoder = zstandard.ZstdDecompressor(max_window_size=_WINDOW)
            with decoder.stream_reader(raw) as stream:
                yield _Reader(stream, str(file))
        except (zstandard.ZstdError, tarfile.HeaderError) as error:
            raise StoreError(f"{file} is damaged, or no backup of feedsvc: {error}") from error


class _Reader:
    """The members of a tar as we write it, one after the other."""

    def __init__(self, stream: BinaryIO, where: str) -> None:
        self._stream, self._where = stream, where
        size = self._head(MANIFEST)
        if size > _LARGEST_MANIFEST:
            raise StoreError(f"{where} is no backup of feedsvc")
        self.manifest = read_manifest(b"".join(self._body(size)), where)

    def member(self, member: Member) -> Iterator[bytes]:
        """What a member holds; StoreError if it is not the next one, or not as large."""
        if self._head(member.name) != member.size:
            raise StoreError(f"{self._where} is damaged: {member.name} has another size")
        return self._body(member.size)

    def _head(self, name: str) -> int:
        # One block, and none of the headers that extend it: these are read whole by the standard
        # library, however large they say they are.
        head = tarfile.TarInfo.frombuf(self._exactly(_BLOCK), "utf-8", "surrogateescape")
        if head.name != name or head.type != tarfile.REGTYPE or head.size < 0:
            raise StoreError(f"{self._where} is damaged, or no backup of feedsvc: no {name} in it")
        return head.size

    def _body(self, size: int) -> Iterator[bytes]:
        left = size
        while left:
            chunk = self._exactly(min(left, _CHUNK))
            left -= len(chunk)
            yield chunk
        self._exactly(-size % _BLOCK)

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            part = self._stream.read(size)
            if not part:
                raise StoreError(f"{self._where} is damaged: it ends too early")
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
