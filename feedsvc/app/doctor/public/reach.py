"""Is the way to the site open: name, IPv6, certificate, http beside https, www beside the name?"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feedsvc.app.doctor.configuration import is_loopback
from feedsvc.app.doctor.report import PUBLISHING, Check, doubtful, in_time, left_out, well, wrong
from feedsvc.config.addresses import is_ip
from feedsvc.errors import FetchError

if TYPE_CHECKING:
    from feedsvc.web.probe import Probe, Seen

_SOON = 14 * 86_400  # seconds; those that renew themselves do so a month before
_PERMANENT = {301, 308}

# X509_V_ERR_… of OpenSSL (x509_vfy.h)
_FLAWS = {
    9: ("is not valid yet", "look at the clock of the server and of this machine"),
    10: ("has expired", "renew it, and look why it was not renewed by itself"),
    18: ("is signed by nobody but itself", "get one that readers trust, such as Let's Encrypt's"),
    19: ("leads to an authority that nobody knows", "get one that readers trust"),
    20: (
        "comes without the certificates in between: browsers know them, readers do not",
        "let the server send the whole chain (fullchain.pem)",
    ),
    21: (
        "comes without the certificates in between: browsers know them, readers do not",
        "let the server send the whole chain (fullchain.pem)",
    ),
    62: ("is of another host", "get one for this name, or set base_url to the name it is for"),
    64: ("is of another host", "get one for this address, or use a name in base_url"),
}


async def certificate(probe: Probe, base: str, now: datetime) -> Check:
    """Whether readers believe that this is the site."""
    from feedsvc.web.probe import certificate_flaw

    name = "public.certificate"
    if not base.startswith("https:"):
        return left_out(name, "the site is not encrypted")
    try:
        ends = await probe.certificate_ends(base)
    except FetchError as error:
        code = certificate_flaw(error)
        if code is None:
            return wrong(name, f"TLS fails: {error}", "does the server speak TLS at this port?",
                         code=PUBLISHING)  # fmt: skip
        what, hint = _FLAWS.get(code, (f"is not accepted: {error}", "get one that readers trust"))
        host = urlsplit(base).hostname
        return wrong(name, f"the certificate of {host} {what}", hint, code=PUBLISHING)
    if ends is None:
        return left_out(name, "it does not tell until when it is valid")
    left = (ends - now).total_seconds()
    if left < _SOON:
        return doubtful(
            name, f"the certificate ends in {in_time(max(left, 0))} ({ends:%Y-%m-%d})",
            "renew it now, and look why it was not renewed by itself",
        )  # fmt: skip
    return well(name, f"valid until {ends:%Y-%m-%d}")


async def first_look(probe: Probe, base: str) -> tuple[Check, bool]:
    """Whether anybody answers there, and whether it makes sense to ask for more."""
    name = "public"
    try:
        seen = await probe.ask(f"{base}/")
    except FetchError as error:
        hint = error.hint or "is the server up, and does the name lead to it?"
        return wrong(name, f"{base}/ does not answer: {error}", hint, code=PUBLISHING), False
    if seen.status >= 500:
        return wrong(
            name, f"{base}/ answers {seen.status}",
            "look into the log of the web server before feedsvc; is feedsvc itself up?",
            code=PUBLISHING,
        ), True  # fmt: skip
    return well(name, f"{base}/ answers {seen.status}"), True


async def ipv6(probe: Probe, six: Probe, base: str) -> Check:
    """Whether who comes by IPv6 is answered."""
    from feedsvc.web import NoNetworkError

    name = "public.ipv6"
    host = urlsplit(base).hostname or ""
    if is_loopback(host) or is_ip(host):
        return left_out(name, "the site has no name with addresses of both kinds")
    try:
        addresses = await probe.addresses(base)
    except FetchError as error:
        return left_out(name, str(error))
    if not any(":" in one for one in addresses):
        return well(name, f"{host} has no IPv6 address")
    try:
        await six.ask(f"{base}/", method="HEAD")
    except NoNetworkError:
        return left_out(name, "this machine has no IPv6 to try it with")
    except FetchError as error:
        shown = next(one for one in addresses if ":" in one)
        return wrong(
            name, f"{host} has the IPv6 address {shown}, and nobody answers there: {error}",
            "let the web server listen there ([::]:443), or take the AAAA record away",
            code=PUBLISHING,
        )  # fmt: skip
    return well(name, f"{host} answers by IPv6, too")


async def other_addresses(probe: Probe, base: str) -> AsyncIterator[Check]:
    """Whether those who come by http, or by another name, get to the same place."""
    parts = urlsplit(base)
    if parts.scheme == "https" and parts.port in {None, 443}:
        yield await _other(
            probe, "public.http", f"http://{parts.hostname}{parts.path}/", base,
            "http://", "redirect it with 301 to the same path at https://",
        )  # fmt: skip
    else:
        yield left_out("public.http", "the site is not at the usual port of https")
    host = parts.hostname or ""
    twin = host.removeprefix("www.") if host.startswith("www.") else f"www.{host}"
    if is_loopback(host) or is_ip(host) or host.removeprefix("www.").count(".") != 1:
        yield left_out("public.www", "the site is not at the top of its domain")
        return
    port = f":{parts.port}" if parts.port else ""
    yield await _other(
        probe, "public.www", f"{parts.scheme}://{twin}{port}{parts.path}/", base,
        twin, f"redirect it with 301 to the same path at {host}",
    )  # fmt: skip


async def _other(probe: Probe, name: str, url: str, base: str, what: str, hint: str) -> Check:
    try:
        seen = await probe.ask(url)
    except FetchError:
        return well(name, f"nobody answers at {what}")
    onward = seen.leads_to
    if onward is None:
        if seen.status == 200:
            return doubtful(
                name,
                f"{url} answers with the site itself: readers subscribe to two addresses",
                hint,
            )
        return well(name, f"{url} answers {seen.status}")
    if not onward.startswith(f"{base}/") and onward != base:
        return doubtful(name, f"{url} leads to {onward} and not to {base}/", hint)
    if seen.status not in _PERMANENT:
        return doubtful(
            name, f"{url} redirects with {seen.status}, which says for now: readers keep asking it",
            hint,
        )  # fmt: skip
    return well(name, f"{url} leads here for good")


async def robots(probe: Probe, base: str, paths: list[str]) -> Check:
    """Whether robots.txt forbids what is there to be read by robots."""
    from urllib.robotparser import RobotFileParser

    name = "public.robots"
    parts = urlsplit(base)
    url = f"{parts.scheme}://{parts.netloc}/robots.txt"
    try:
        seen = await _followed(probe, url)
    except FetchError as error:
        return left_out(name, f"robots.txt does not answer: {error}")
    if seen.status >= 500:
        return doubtful(
            name, f"robots.txt answers {seen.status}: who heeds it takes that for a ban",
            "answer 404 if there is none",
        )  # fmt: skip
    if seen.status != 200 or b"<html" in seen.body[:1000].lower():
        return well(name, "there is no robots.txt")
    rules = RobotFileParser()
    rules.parse(seen.body.decode("utf-8", "replace").removeprefix("\ufeff").splitlines())
    for agent in ("*", "Feedly", "feedsvc"):
        for path in paths:
            if not rules.can_fetch(agent, f"{parts.scheme}://{parts.netloc}{path}"):
                who = "everybody" if agent == "*" else agent
                return doubtful(
                    name, f"robots.txt forbids {path} to {who}: readers that heed it stay away",
                    f"add `Allow: {path}` above what forbids it",
                )  # fmt: skip
    return well(name, "robots.txt forbids no feed")


async def _followed(probe: Probe, url: str) -> Seen:
    seen = await probe.ask(url)
    for _ in range(3):
        onward = seen.leads_to
        if onward is None:
            break
        seen = await probe.ask(onward)
    return seen
