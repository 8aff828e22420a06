"""`feedsvc validate`: the gate's rules for any feed, file or address."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console
from feedsvc.errors import FetchError, NotFoundError, OfflineError, UsageError

if TYPE_CHECKING:
    from feedsvc.model import Finding
    from feedsvc.settings import Settings
    from feedsvc.web import Client, Response

_EXAMPLES = """\
  feedsvc validate                      every feed that is published
  feedsvc validate news                 one feed of the configuration
  feedsvc validate public/all/atom.xml  any file: Atom, RSS, JSON Feed, OPML
  feedsvc validate https://example.org/feed.xml
                                        what a server answers
"""


class _Document(NamedTuple):
    """What is checked: its name, its bytes, and the address it has to say it is served at."""

    path: str
    body: bytes
    address: str | None


def register(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Put the command on the command line."""
    parser = add_command(
        commands,
        common,
        "validate",
        _run,
        help="check feeds, files and addresses by the rules that publications must pass",
        description="Check feeds, files and addresses by the rules that publications must pass; "
        "exit code 5 if one is\ninvalid, 4 if an address cannot be read. Files and addresses need "
        "no configuration.",
        examples=_EXAMPLES,
    )
    parser.add_argument(
        "what", nargs="*", metavar="FEED|FILE|URL", help="default: every published feed"
    )


def _run(console: Console) -> int:
    from feedsvc.gate import check

    what: list[str] = console.args.what
    fetched = _fetch(console, [name for name in what if "://" in name])
    checked = [
        (document.path, check(document.body, "auto", url=document.address))
        for document in _documents(console, what, fetched)
    ]
    if console.args.json:
        console.document("validate", {"files": [_report(*item) for item in checked]})
    else:
        for path, findings in checked:
            _print(console, path, findings)
    failed = [answer for answer in fetched.values() if isinstance(answer, FetchError)]
    for error in failed:
        console.trouble(error)
    if any(finding.error for _, findings in checked for finding in findings):
        return 5
    return FetchError.exit_code if failed else 0


def _documents(
    console: Console, what: Sequence[str], fetched: Mapping[str, Response | FetchError]
) -> Iterator[_Document]:
    """What was asked for, in that order, but for the addresses that could not be read."""
    if not what:
        for feed in console.settings.feeds:
            yield from _of_feed(console.settings, feed.name)
    for name in what:
        answer = fetched.get(name)
        if isinstance(answer, FetchError):
            continue
        if answer is not None:
            if answer.hops:
                console.say(f"{_asked(answer)} leads to {answer.url}")
            yield _Document(_asked(answer), answer.body, answer.url)
        elif Path(name).is_file():
            yield _Document(name, _read(Path(name)), None)
        elif "/" in name or ("." in name and not _is_feed(_settings(console), name)):
            raise NotFoundError(f"no file '{name}'")
        else:
            yield from _of_feed(console.settings, name)


def _of_feed(settings: Settings, name: str) -> Iterator[_Document]:
    feed = next((feed for feed in settings.feeds if feed.name == name), None)
    if feed is None:
        known = ", ".join(feed.name for feed in settings.feeds)
        raise NotFoundError(f"no feed or file '{name}'", hint=f"there are the feeds {known}")
    for format in feed.formats:
        path = f"{name}/{format.filename}"
        file = settings.publish.directory / path
        if not file.exists():
            raise NotFoundError(f"{file} is not published yet", hint="run `feedsvc sync` first")
        yield _Document(str(file), _read(file), f"{settings.site.base_url}/{path}")


def _is_feed(settings: Settings, name: str) -> bool:
    return any(feed.name == name for feed in settings.feeds)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotFoundError(f"cannot read {file}: {error.strerror}") from error


# -- addresses -----------------------------------------------------------------------------------


def _fetch(console: Console, urls: Sequence[str]) -> dict[str, Response | FetchError]:
    """The answer of each address, or why there is none: one that fails does not hide the others."""
    for url in urls:
        scheme = url.partition("://")[0]
        if scheme.lower() not in {"http", "https"}:
            raise UsageError(
                f"'{scheme}' addresses cannot be asked, only http and https",
                hint="save the document and validate the file",
            )
    if not urls:
        return {}
    if console.args.offline:
        raise OfflineError(
            "--offline forbids to ask an address", hint="save the document and validate the file"
        )
    import asyncio

    from feedsvc.web import Client

    settings = _settings(console)

    async def fetch_all() -> dict[str, Response | FetchError]:
        unique = tuple(dict.fromkeys(urls))
        contact = settings.site.base_url if settings.path is not None else ""
        async with Client(settings.sync, contact=contact) as client:
            answers = await asyncio.gather(*(_get(client, url) for url in unique))
        return dict(zip(unique, answers, strict=True))

    return asyncio.run(fetch_all())


async def _get(client: Client, url: str) -> Response | FetchError:
    try:
        response = await client.get(url)
        if not 200 <= response.status < 300:
            answer = _status(response.status)
            raise FetchError(f"{_asked(response)}: the server answers {answer}")
    except FetchError as error:
        return error
    return response


def _asked(response: Response) -> str:
    """The address that was asked for, without its credentials."""
    return response.hops[0].url if response.hops else response.url


def _status(status: int) -> str:
    from http import HTTPStatus

    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _settings(console: Console) -> Settings:
    """The configuration; where there is none, its defaults with what the environment says."""
    import os
    from dataclasses import replace

    from feedsvc.config import find, read
    from feedsvc.errors import ConfigError

    here = Path.cwd()
    if console.args.config or os.environ.get("FEEDSVC_CONFIG"):
        return console.settings
    try:
        find(None, cwd=here, environ=os.environ)
    except ConfigError:
        least = '[[source]]\npath = "articles"\n'  # one is required
        settings = read(least, file=here / "feedsvc.toml", cwd=here, environ=os.environ)
        return replace(settings, path=None)
    return console.settings


# -- output --------------------------------------------------------------------------------------


def _print(console: Console, path: str, findings: Sequence[Finding]) -> None:
    if not findings:
        console.result(f"{path}: valid")
    for finding in findings:
        place = f"{path}:{finding.line}" if finding.line else path
        kind = "error" if finding.error else "warning"
        console.result(f"{place}: {kind}: {finding.message} [{finding.code}]")


def _report(path: str, findings: Sequence[Finding]) -> dict[str, object]:
    def listed(*, error: bool) -> list[dict[str, object]]:
        return [
            {"code": f.code, "message": f.message, "line": f.line}
            for f in findings
            if f.error is error
        ]

    return {"path": path, "errors": listed(error=True), "warnings": listed(error=False)}
