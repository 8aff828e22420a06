"""What a name, an address or a path on the command line stands for."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from feedsvc.cli.console import Console
from feedsvc.errors import NotFoundError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from feedsvc.app import App
    from feedsvc.config.remote import Address
    from feedsvc.settings import Settings, Source


def resolve(console: Console, settings: Settings, target: str) -> Source | Path:
    """A configured source, an address as a source without a name in it, or a file."""
    source = next((one for one in settings.sources if one.name == target), None)
    if source is not None:
        return _remote(source)
    if is_address(target):
        return of_address(settings, target)
    path = Path(target)
    if path.is_dir():
        raise UsageError(f"{target} is a folder", hint="name a file in it, a source or an address")
    if path.exists():
        return path
    everyone = settings.sources
    if any(one.kind == "opml" for one in settings.sources):
        with console.app() as app:
            everyone = app.all_sources()
        source = next((one for one in everyone if one.name == target), None)
        if source is not None:
            return source
    if "/" in target or not everyone:
        raise NotFoundError(f"no file '{target}'", hint=_meant(target))
    raise unknown(target, everyone, what="no source or file")


def is_address(target: str) -> bool:
    """Whether somebody means a place on the web."""
    return "://" in target or target.lower().startswith("feed:")


def of_address(settings: Settings, url: str) -> Source:
    """An address as if it were configured; raises UsageError for what is none."""
    from feedsvc.config.names import of_address as name_of
    from feedsvc.settings import Auth, Secret, Source

    address = _read(url)
    auth = None
    if address.user is not None:
        auth = Auth(user=address.user, password=Secret(value=address.password))
    return Source(
        name=name_of(address.url),
        kind="feed",
        url=address.url,
        auth=auth,
        timezone=settings.site.timezone,
        max_bytes=settings.sync.max_bytes,
    )


def address_of(url: str) -> str:
    """An address without credentials; raises UsageError for what is none."""
    return _read(url).url


def _read(url: str) -> Address:
    from feedsvc.config.remote import source_url
    from feedsvc.config.shapes import WrongValueError

    try:
        return source_url(url)
    except WrongValueError as error:
        said = f"'{url}' is" if error.got is None else "this is"
        raise UsageError(f"{said} not {error.expected}", hint=error.remark) from error


def named(app: App, name: str) -> Source:
    """A source by its name, those of OPML files among them; raises NotFoundError."""
    everyone = app.all_sources()
    source = next((one for one in everyone if one.name == name), None)
    if source is None:
        raise unknown(name, everyone)
    return source


def unknown(name: str, known: Sequence[Source], what: str = "no source") -> NotFoundError:
    """The error for a name that no source has."""
    from feedsvc.config.nearest import nearest

    near = nearest(name, (one.name for one in known))
    hint = f"did you mean '{near}'?" if near else "`feedsvc source list` shows all"
    return NotFoundError(f"{what} '{name}'", hint=hint)


def _remote(source: Source) -> Source:
    if source.kind not in ("feed", "opml"):
        raise UsageError(
            f"'{source.name}' is a {source.kind}, not a feed",
            hint=f"`feedsvc sync --source {source.name} --dry-run` says what it holds",
        )
    return source


def _meant(target: str) -> str | None:
    """An address whose scheme was left out."""
    from feedsvc.config.remote import source_url
    from feedsvc.config.shapes import WrongValueError

    try:
        address = source_url(f"https://{target}")
    except WrongValueError:
        return None
    host = target.partition("/")[0]
    return f"did you mean {address.url}?" if "." in host.strip(".") else None
