"""Is the server ready? For the health check of a container: `python -m feedsvc.serve.probe [URL]`.

Asks `/health/ready` at the address that the configuration names, prints one line, and ends with 0
or 1. It uses nothing but the standard library, so that an image needs no curl.
"""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from http.client import HTTPConnection, HTTPException
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from feedsvc.errors import FeedsvcError

_PATH = "/health/ready"
_SECONDS = 8.0  # the server itself waits up to five for the daemon
_LONGEST = 64 * 1024  # bytes of an answer


def main(arguments: Sequence[str] | None = None) -> int:
    """Whether the server is ready, as an exit code."""
    options = _options(arguments)
    try:
        host, port, path = _place(options.url) if options.url else _configured()
    except (FeedsvcError, ValueError) as error:
        print(f"not ready: {_line(str(error))}")
        return 1
    ready, said = ask(host, port, path, seconds=options.timeout)
    print(f"{'ready' if ready else 'not ready'}: {said}")
    return 0 if ready else 1


def ask(host: str, port: int, path: str = _PATH, *, seconds: float = _SECONDS) -> tuple[bool, str]:
    """Whether a server says that it is ready, and one line of what it says."""
    connection = HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", path, headers={"Connection": "close"})
        answer = connection.getresponse()
        said = _line(_words(answer.read(_LONGEST).decode("utf-8", "replace")))
    except TimeoutError:
        return False, f"no answer within {seconds:g} s"
    except (OSError, HTTPException, UnicodeError) as error:
        return False, f"no answer at {host}, port {port}: {_line(str(error))}"
    finally:
        connection.close()
    return answer.status == 200, f"{answer.status} {said}".rstrip()


def _options(arguments: Sequence[str] | None) -> Namespace:
    parser = ArgumentParser(prog="feedsvc.serve.probe", description=__doc__)
    parser.add_argument("url", nargs="?", metavar="URL", help="default: what `listen` says")
    parser.add_argument("--timeout", type=float, default=_SECONDS, metavar="SECONDS")
    return parser.parse_args(arguments)


def _place(url: str) -> tuple[str, int, str]:
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise ValueError(f"not an http address: {url}")
    return parts.hostname, parts.port or 80, parts.path if parts.path.strip("/") else _PATH


def _configured() -> tuple[str, int, str]:
    """The address to listen on, as somebody on this machine reaches it; raises ConfigError."""
    from feedsvc.config import load

    server = load(None, cwd=Path.cwd(), environ=os.environ).server
    return _reachable(server.host), server.port, _PATH


def _reachable(host: str) -> str:
    """`0.0.0.0` and `::` stand for every address of this machine, and are none themselves."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def _words(text: str) -> str:
    """The reasons and warnings of a `feedsvc.ready/1` document; anything else as it is."""
    try:
        told = json.loads(text)
        notes = [*told["reasons"], *told["warnings"]]
        return "; ".join(f"{note['check']}: {note['reason']}" for note in notes)
    except (ValueError, TypeError, LookupError, RecursionError):
        return text


def _line(text: str) -> str:
    """The text on one line, harmless to a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]


if __name__ == "__main__":
    sys.exit(main())
