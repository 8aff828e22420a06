"""What the names of files tell: who reads them, what is no article, what an operator leaves out."""

from __future__ import annotations

import os
from collections.abc import Callable
from fnmatch import translate
from re import compile as regex
from unicodedata import normalize

FORMS = {
    "": "plaintext", ".txt": "plaintext", ".text": "plaintext",
    ".md": "markdown", ".markdown": "markdown", ".mdown": "markdown", ".mkd": "markdown",
    ".html": "html", ".htm": "html", ".xhtml": "html",
}  # fmt: skip

# What lies beside articles and is none: pictures, sound, films, fonts, what pages are made with.
ASSETS = frozenset(
    """.jpg .jpeg .jpe .png .gif .webp .avif .svg .ico .bmp .tif .tiff .heic .heif .psd
    .mp3 .m4a .aac .ogg .oga .opus .flac .wav .mp4 .m4v .mov .webm .ogv .avi .mkv .vtt .srt
    .pdf .css .js .map .woff .woff2 .ttf .otf""".split()
)

# What editors, office programs and downloads leave beside an article while it is written.
_TEMPORARY_ENDS = (
    "~", ".swp", ".swo", ".swx", ".part", ".partial", ".tmp", ".temp", ".bak", ".orig",
    ".crdownload", ".download", ".filepart", ".lock",
)  # fmt: skip
_TEMPORARY_STARTS = (".", "~$", "#", "._")
_TEMPORARY_NAMES = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})


def is_temporary(name: str) -> bool:
    """Whether a file or folder of this name is hidden, temporary or a system's own."""
    lower = name.lower()
    return (
        name.startswith(_TEMPORARY_STARTS)
        or lower.endswith(_TEMPORARY_ENDS)
        or lower in _TEMPORARY_NAMES
    )


def ending_of(path: str) -> str:
    """The ending of a file's name, with its dot; empty where it has none."""
    name = path.rpartition("/")[2]
    stem, dot, end = name.rpartition(".")
    return f".{end.lower()}" if dot and stem else ""


def spelled(name: str) -> str:
    """A name in NFC, its bytes taken for UTF-8 whatever the locale of a cron job or a service.

    Where Python took them for something else, an article would lose its name, and with it its feed.
    """
    return normalize("NFC", os.fsencode(name).decode("utf-8", "surrogateescape"))


def is_utf8(path: str) -> bool:
    """Whether the name is one that can be written down."""
    # The file system gives the bytes that are no UTF-8 as lone surrogates (PEP 383).
    return not any("\ud800" <= character <= "\udfff" for character in path)


def any_glob(patterns: tuple[str, ...]) -> Callable[[str], bool] | None:
    """A test of paths: a pattern without `/` fits the name in any folder, one with it the path."""
    if not patterns:
        return None
    expressions = [
        translate(pattern.strip("/") if "/" in pattern else pattern) for pattern in patterns
    ]
    whole = [e for e, p in zip(expressions, patterns, strict=True) if "/" in p]
    names = [e for e, p in zip(expressions, patterns, strict=True) if "/" not in p]
    fits_path = regex("|".join(whole)).match if whole else None
    fits_name = regex("|".join(names)).match if names else None

    def fits(path: str) -> bool:
        return bool(
            (fits_path and fits_path(path)) or (fits_name and fits_name(path.rpartition("/")[2]))
        )

    return fits
