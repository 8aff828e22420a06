"""Is there a configuration, is it the one that is meant, and does it say what can be kept?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.report import (
    CONFIGURATION,
    Check,
    counted,
    doubtful,
    left_out,
    several,
    well,
    wrong,
)
from feedsvc.config import ConfigErrors
from feedsvc.config.discover import FILENAME, VARIABLE, shorten
from feedsvc.config.nearest import nearest
from feedsvc.config.overrides import PREFIX
from feedsvc.config.ready import secrets_in_use
from feedsvc.config.schema import SINGLE_TABLES
from feedsvc.errors import FeedsvcError
from feedsvc.settings import Settings


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    yield _found(case)
    yield _others(case)
    yield _environment(case)
    settings = case.settings
    if settings is None:
        for name in ("configuration.address", "configuration.ids"):
            yield left_out(name, "there is no configuration that can be used")
        return
    yield _address(settings)
    yield _ids(case, settings)


def _found(case: Case) -> Check:
    name = "configuration"
    if case.trouble is not None:
        first, _, caret = str(case.trouble).partition("\n")
        hint = case.trouble.hint or ("" if "^" in caret else caret.strip())
        if isinstance(case.trouble, ConfigErrors) and len(case.trouble.errors) > 1:
            more = counted(len(case.trouble.errors) - 1, "more mistake")
            hint = f"and {more}: `feedsvc config check` shows all"
        elif case.file is not None and not hint:
            hint = "`feedsvc config check` shows the place"
        return wrong(name, first, hint or None, code=CONFIGURATION)
    settings, file = case.settings, case.file
    if settings is None or file is None:
        return wrong(name, "no configuration could be read", "`feedsvc init` writes one",
                     code=CONFIGURATION)  # fmt: skip
    sources = counted(len(settings.sources), "source")
    feeds = counted(len(settings.feeds), "feed")
    return well(name, f"{shorten(file, case.cwd)}: {sources}, {feeds}")


def _others(case: Case) -> Check:
    """A second configuration that somebody may be editing in vain."""
    name = "configuration.files"
    if case.file is None:
        return left_out(name, "there is no configuration")
    here = case.cwd.absolute()
    places = [here / FILENAME, here / "config" / FILENAME]
    used = _real(case.file)
    if by := case.environ.get(VARIABLE):
        places.append(here / Path(by).expanduser())
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("feedsvc", appauthor=False, multipath=True)
    places += [folder / FILENAME for folder in dirs.iter_config_paths()]
    # What stands beside the one in use is read by whoever starts feedsvc in that folder.
    beside = case.file.parent
    above = beside.parent if beside.name == "config" else beside / "config"
    places.append(above / FILENAME)
    others = dict.fromkeys(_real(place) for place in places if _is_file(place))
    others.pop(used, None)
    if not others:
        return well(name, f"{shorten(case.file, case.cwd)} is the only one")
    shown = several([shorten(other, case.cwd) for other in others])
    return doubtful(
        name,
        f"{shorten(case.file, case.cwd)} is used, and there is {shown}",
        "which one is used depends on the folder: remove one, or name it with --config",
    )


def _environment(case: Case) -> Check:
    """Variables that look like settings and set nothing."""
    name = "configuration.environment"
    used = {VARIABLE}
    if case.settings is not None:
        used |= {use.secret.env for use in secrets_in_use(case.settings) if use.secret.env}
    ours = sorted(one for one in case.environ if one.startswith(PREFIX) and one not in used)
    idle = [one for one in ours if "__" not in one and case.environ[one]]
    if case.settings is None and case.trouble is not None:
        # Secrets are named in the configuration, which cannot be read.
        idle = [one for one in idle if _meant(one) is not None]
    if idle:
        meant = _meant(idle[0])
        hint = f"did you mean {meant}?" if meant else "unset it, or name it in the configuration"
        verb = "sets" if len(idle) == 1 else "set"
        return doubtful(name, f"{several(idle)} {verb} nothing", hint)
    laid = [one for one in ours if "__" in one and case.environ[one]]
    if laid:
        return well(name, f"{several(laid)} overrides the configuration")
    return well(name, "no variable overrides the configuration")


def _meant(variable: str) -> str | None:
    """The variable that was probably meant by one without its table or underscore."""
    said = variable.removeprefix(PREFIX).lower()
    keys = {
        f"{table}_{key}": f"{PREFIX}{table}__{key}".upper()
        for table, known in SINGLE_TABLES.items()
        for key in known.keys
    }
    if said in keys:
        return keys[said]
    bare = [full for full in keys.values() if full.partition("__")[2].lower() == said]
    if len(bare) == 1:
        return bare[0]
    close = nearest(said, keys)
    return keys[close] if close else None


# -- addresses -----------------------------------------------------------------------------------


def _address(settings: Settings) -> Check:
    """Whether readers elsewhere can reach what the feeds call their own address."""
    name = "configuration.address"
    site, server = settings.site, settings.server
    parts = urlsplit(site.base_url)
    host = parts.hostname or ""
    open_to_all = not is_loopback(server.host)
    hint = 'set base_url = "https://…" under [site] to the address that readers use'
    if is_loopback(host) or host in {"0.0.0.0", "::"}:  # noqa: S104 - not listened on here
        if open_to_all:
            return doubtful(
                name,
                f"the server listens on {server.listen} for everybody, and the feeds call "
                f"themselves {site.base_url}, which only this machine reaches",
                hint,
            )
        return well(name, f"{site.base_url}: for readers on this machine")
    if _is_private(host):
        return well(name, f"{site.base_url}: for readers in this network")
    if parts.scheme == "http":
        return doubtful(
            name,
            f"{site.base_url} is not encrypted: some readers refuse it, and anybody on the way "
            "can change what they get",
            "get a certificate (Caddy does so by itself), then set base_url to https://",
        )
    return well(name, site.base_url)


def _ids(case: Case, settings: Settings) -> Check:
    """Whether new ids are minted as those before."""
    name = "configuration.ids"
    site = settings.site
    authority = f"{site.id_domain},{site.id_since}"
    host = urlsplit(site.base_url).hostname or ""
    if (is_loopback(site.id_domain) or _is_private(site.id_domain)) and not (
        is_loopback(host) or _is_private(host)
    ):
        return doubtful(
            name,
            f"ids are minted for {site.id_domain}, which is nobody's domain",
            'set id_domain = "…" under [site] to a domain that is yours',
        )
    look = case.look
    if look is not None and look.path.exists():
        from feedsvc.store.look import NEWEST

        try:
            minted = look.minted() if look.revision() == NEWEST else frozenset[str]()
        except FeedsvcError:  # which the checks of the database tell
            minted = frozenset()
        if minted and authority not in minted:
            before = sorted(minted)[0].partition(",")
            return doubtful(
                name,
                f"new ids are minted for {authority}, and those of the feeds for "
                f"{several(sorted(minted))}; ids that there are stay as they are",
                f'to go on as before, set id_domain = "{before[0]}" and '
                f'id_since = "{before[2]}" under [site]',
            )
    if is_loopback(site.id_domain) or _is_private(site.id_domain):
        return well(name, f"minted for {authority}; set id_domain before others read the feeds")
    return well(name, f"minted for {authority}")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    bare = host.strip("[]").rstrip(".").lower()
    if bare == "localhost" or bare.endswith(".localhost"):
        return True
    try:
        return ip_address(bare).is_loopback
    except ValueError:
        return False


_PRIVATE_NAMES = re.compile(r".*\.(?:local|internal|lan|home|home\.arpa|test|invalid)|[^.]+")


def _is_private(host: str) -> bool:
    """Whether a host can be one of this network only (RFC 1918, 6762, 8375)."""
    bare = host.strip("[]").rstrip(".").lower()
    try:
        return ip_address(bare).is_private
    except ValueError:
        return _PRIVATE_NAMES.fullmatch(bare) is not None


# -- files ---------------------------------------------------------------------------------------


def _real(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
