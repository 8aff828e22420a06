"""Addresses and file names, as label lines of plain texts have them for a value."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_FILE = re.compile(r"[^\s:]{1,300}\.[A-Za-z0-9]{2,5}")
_IMAGE_FILE = re.compile(r"(?i)[^\s:]{1,300}\.(?:jpe?g|png|gif|webp|avif|svg|tiff?|heic)")


def web_address(value: str) -> str | None:
    """A value as an address of http or https, if it is one."""
    url = value.strip("<> ")
    if url.lower().startswith("www."):
        url = "https://" + url
    if " " in url or not url.lower().startswith(("http://", "https://")):
        return None
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return url if host else None


def file_address(value: str) -> str | None:
    """A value as the address or the name of a file, if it is one."""
    return web_address(value) or (value if _FILE.fullmatch(value) else None)


def image_address(value: str) -> str | None:
    """A value as the address or the file name of a picture, if it is one."""
    return web_address(value) or (value if _IMAGE_FILE.fullmatch(value) else None)
