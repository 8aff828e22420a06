"""Is there a network: names, hosts, certificates, and the ways that look open and are not?

At most two hosts of the configured sources are asked, once, for nothing but the head of their first
page: that is no poll of a feed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from feedsvc.app.doctor.case import Case
from feedsvc.app.doctor.clock import against_others
from feedsvc.app.doctor.report import (
    NETWORK,
    Check,
    counted,
    doubtful,
    left_out,
    several,
    well,
    wrong,
)
from feedsvc.errors import FetchError

if TYPE_CHECKING:
    from feedsvc.web.probe import Probe, Seen

_HOSTS = 2
_SECONDS = 10.0
_NAMES = ("network", "network.ipv6", "network.proxies", "network.certificates", "clock.network")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy")


class _Asked(NamedTuple):
    """What came of one host."""

    host: str
    seen: Seen | None
    error: FetchError | None
    six: bool | None  # whether it answers by IPv6; None: it has none, or we have not
    at: datetime  # by our clock


def examine(case: Case) -> Iterator[Check]:
    """The checks of this group."""
    if case.offline:
        for name in _NAMES:
            yield left_out(name, "--offline")
        return
    asked = asyncio.run(_ask_all(case)) if case.settings is not None else []
    network = _hosts(case, asked)
    yield network
    yield _ipv6(asked)
    yield _proxies(case.environ, reached=any(one.seen for one in asked) or not asked)
    yield trusted(case.environ)
    skews = {one.host: _skew(one.seen, one.at) for one in asked if one.seen is not None}
    yield against_others({host: skew for host, skew in skews.items() if skew is not None})


async def _ask_all(case: Case) -> list[_Asked]:
    from feedsvc.web.probe import Probe

    settings = case.settings
    if settings is None:
        return []
    pages = dict.fromkeys(
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/"
        for source in settings.sources
        if source.url is not None and (parts := urlsplit(source.url)).netloc
    )
    allowed = settings.sync.allow_networks
    async with (
        Probe(allowed=allowed, seconds=_SECONDS, resolve=case.resolve) as probe,
        Probe(allowed=allowed, seconds=_SECONDS, resolve=case.resolve, family=6) as six,
    ):
        some = list(pages)[:_HOSTS]
        return await asyncio.gather(*(_ask(case, probe, six, page) for page in some))


async def _ask(case: Case, probe: Probe, six: Probe, page: str) -> _Asked:
    from feedsvc.web import NoNetworkError

    host = urlsplit(page).hostname or page
    seen, error, by_six = None, None, None
    try:
        seen = await probe.ask(page, method="HEAD")
    except FetchError as trouble:
        error = trouble
    at = case.clock.now()
    if seen is not None and _has_six(await _addresses(probe, page)):
        try:
            await six.ask(page, method="HEAD")
            by_six = True
        except NoNetworkError:  # this machine has no IPv6, and knows it: nobody waits for that
            by_six = None
        except FetchError:
            by_six = False
    return _Asked(host, seen, error, by_six, at)


async def _addresses(probe: Probe, page: str) -> tuple[str, ...]:
    try:
        return await probe.addresses(page)
    except FetchError:
        return ()


def _has_six(addresses: tuple[str, ...]) -> bool:
    return any(":" in one for one in addresses) and any(":" not in one for one in addresses)


# -- what came of it -----------------------------------------------------------------------------


def _hosts(case: Case, asked: list[_Asked]) -> Check:
    from feedsvc.web import NoNetworkError, RefusedError

    name = "network"
    if not asked:
        why = "no source is asked over the network"
        return left_out(name, why if case.settings else "there is no configuration to be used")
    answered = [one.host for one in asked if one.seen is not None]
    silent = [one for one in asked if one.error is not None]
    if not silent:
        return well(name, f"{several(answered)} {'answers' if len(answered) == 1 else 'answer'}")
    first = silent[0].error
    if answered:
        return doubtful(
            name, f"{first}; {several(answered)} answers", first.hint if first else None
        )
    if all(isinstance(one.error, RefusedError) for one in silent):
        return doubtful(name, str(first), first.hint if first else None)
    if all(isinstance(one.error, NoNetworkError) for one in silent):
        return wrong(
            name,
            f"there is no network: {first}",
            "is the cable in, is /etc/resolv.conf right, does the container have a network?",
            code=NETWORK,
        )
    hint = "does a firewall let ports 80 and 443 out? feedsvc uses no proxy"
    if len(silent) == 1:  # the host may be down, and the network be well
        return doubtful(name, f"the only host that was asked does not answer: {first}", hint)
    return wrong(name, f"nobody answers: {first}", hint, code=NETWORK)


def _ipv6(asked: list[_Asked]) -> Check:
    name = "network.ipv6"
    broken = [one.host for one in asked if one.six is False]
    if broken:
        return doubtful(
            name,
            f"{several(broken)} answers by IPv4 and not by IPv6, for which connections wait first",
            "mend the route of IPv6, or switch it off: sysctl net.ipv6.conf.all.disable_ipv6=1",
        )
    if any(one.six for one in asked):
        return well(name, "hosts answer by IPv6, too")
    return well(name, "it is in nobody's way")


def _proxies(environ: Mapping[str, str], *, reached: bool) -> Check:
    name = "network.proxies"
    found = [one for one in sorted(environ) if one.lower() in _PROXIES and environ[one]]
    if not found:
        return well(name, "none in the environment")
    verb = "is set, and is" if len(found) == 1 else "are set, and are"
    told = f"{several(found)} {verb} not used: feedsvc connects by itself"
    if reached:
        return well(name, told)
    return doubtful(name, told, "let it out by the firewall, or route it by a transparent proxy")


def trusted(environ: Mapping[str, str]) -> Check:
    """Whether there are certificates to judge others' by."""
    name = "network.certificates"
    chosen = environ.get("SSL_CERT_FILE") or environ.get("SSL_CERT_DIR")
    context = ssl.create_default_context()
    if chosen:
        by = "SSL_CERT_FILE" if environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
        known = 0
        with suppress(OSError, ssl.SSLError):
            fresh = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            if by == "SSL_CERT_FILE":
                fresh.load_verify_locations(cafile=chosen)
                known = fresh.cert_store_stats()["x509"]
            else:
                from pathlib import Path

                known = sum(1 for _ in Path(chosen).iterdir())
        if not known:
            return wrong(
                name, f"{by} names {chosen}, which holds no certificate", "unset it, or mend it",
                code=NETWORK,
            )  # fmt: skip
        return well(name, f"those of {by} ({chosen})")
    if known := context.cert_store_stats()["x509_ca"]:
        return well(name, f"the system knows {counted(known, 'authority', 'authorities')}")
    paths = ssl.get_default_verify_paths()
    if paths.capath and any(_in_folder(paths.capath)):
        return well(name, f"those in {paths.capath}")
    return well(name, "the system has none: those of certifi are used")


def _in_folder(folder: str) -> Iterator[bool]:
    from pathlib import Path

    with suppress(OSError):
        yield from (True for _ in Path(folder).iterdir())


def _skew(seen: Seen, at: datetime) -> timedelta | None:
    """How far the clock of a host is ahead of ours."""
    said = seen.headers.first("date")
    if said is None or seen.headers.first("age") not in {None, "0"}:  # a cache tells an old time
        return None
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    return moment.replace(tzinfo=moment.tzinfo or UTC) - at
