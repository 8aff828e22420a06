"""Readers for addresses: of the site, of the server, of networks, of the store."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, quote, urlsplit

from feedsvc.config.shapes import NotYetError, WrongValueError
from feedsvc.settings import Server

LINK_FIELDS = ("path", "name")
"""What a `link` template may put in; `sync` does, and leaves the extension out."""

_HOST = re.compile(r"(?!-)[a-z0-9_-]+(?<!-)(?:\.(?!-)[a-z0-9_-]+(?<!-))*\.?", re.IGNORECASE)
_LISTEN = re.compile(r"(?:(?P<host>\[[0-9a-fA-F:.]+\]|[^\s\[\]:/]+)?:)?(?P<port>[0-9]{1,5})")
_EMAIL = re.compile(r"[^@\s<>,;:\"()\[\]\\]+@[^@\s<>,;:\"()\[\]\\]+")
_ADDRESS_CHARACTERS = "/:?#[]@!$&'()*+,;=%-._~"  # RFC 3986 §2.2, §2.3 and the percent sign


def base_url(value: object) -> str:
    """Where readers find the site: absolute, with no slash at its end."""
    expected = 'an address such as "https://example.org/news"'
    parts = _split(value, expected)
    if parts.query or parts.fragment or "?" in str(value) or "#" in str(value):
        raise WrongValueError(expected, "without a query or a fragment")
    if parts.username is not None:
        raise WrongValueError(expected, "without a user name", got="one with a user name")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def web_url(value: object) -> str:
    """An absolute address of a page or a file."""
    expected = 'an address such as "https://example.org/about"'
    _split(value, expected)
    return str(value).strip()


def icon(value: object) -> str:
    """The address of an image, absolute or from the site's own root."""
    expected = 'an address such as "https://example.org/icon.png" or "/icon.png"'
    if isinstance(value, str) and value.startswith("/") and not value.startswith("//"):
        _ascii(value, expected)
        return value
    _split(value, expected)
    return str(value).strip()


def at_root(address: str | None, base_url: str) -> str | None:
    """The address; one that begins with `/`, on the host of `base_url`."""
    if address is not None and address.startswith("/"):
        return "/".join(base_url.split("/")[:3]) + address
    return address


def link_template(value: object) -> str:
    """An address with `{path}` or `{name}` in it, which makes one for each document."""
    expected = 'an address such as "https://example.org/{path}"'
    if not isinstance(value, str):
        raise WrongValueError(expected)
    names = re.findall(r"\{([^{}]*)\}", value)
    for name in names:
        if name not in LINK_FIELDS:
            known = ", ".join(f"{{{each}}}" for each in LINK_FIELDS)
            raise WrongValueError(expected, f"'{{{name}}}' is unknown, there is {known}")
    if not names:
        raise WrongValueError(expected, "without {path} every article would have the same address")
    _split(re.sub(r"\{[^{}]*\}", "x", value.strip()), expected)
    return value.strip()


def listen(value: object) -> Server:
    """`host:port`, or a port alone: then, as with `:8080`, only this machine is served."""
    expected = 'a host and a port such as "127.0.0.1:8080"'
    written = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(written, str):
        raise WrongValueError(expected)
    found = _LISTEN.fullmatch(written.strip())
    if found is None or int(found["port"]) > 65_535:
        if written.count(":") > 1 and not re.search(r"\[|//", written):
            raise WrongValueError(expected, 'an IPv6 address stands in brackets: "[::1]:8080"')
        raise WrongValueError(expected)
    host = (found["host"] or Server().host).lower()
    if host == "*":
        raise WrongValueError(expected, f"did you mean '0.0.0.0:{found['port']}'?")
    if host.startswith("["):
        host = host[1:-1]
        if not is_ip(host):
            raise WrongValueError(expected, f"{host} is no IPv6 address")
    elif not _HOST.fullmatch(host) or (_looks_numeric(host) and not is_ip(host)):
        raise WrongValueError(expected, f"{host} is no host")
    return Server(host=host, port=int(found["port"]))


def email(value: object) -> str:
    """An e-mail address; only its shape is looked at."""
    # the local part of an address may be any text, but RSS 2.0 readers and validators want ASCII
    if not isinstance(value, str) or not value.isascii() or not _EMAIL.fullmatch(value.strip()):
        raise WrongValueError('an e-mail address such as "news@example.org"')
    return value.strip()


def authority(value: object) -> str:
    """RFC 4151 §2.1 authorityName: a domain or an e-mail address that is ours."""
    expected = 'a domain such as "example.org"'
    if not isinstance(value, str):
        raise WrongValueError(expected)
    name = value.strip().lower()  # §2.1: lower case is recommended, for ids are compared as text
    host = name.rpartition("@")[2]
    if "@" in name and not _EMAIL.fullmatch(name):
        raise WrongValueError(expected)
    if not _HOST.fullmatch(host) or "_" in host or host.endswith("."):
        held = _host_in(name)
        raise WrongValueError(expected, f"did you mean '{held}'?" if held else None)
    return name


def authority_date(value: object) -> str:
    """RFC 4151 §2.1 date: a day on which the domain was ours, or a month or year for its first."""
    expected = 'a date such as "2025" or "2025-03-15"'
    written = str(value).strip() if type(value) in {int, str, date} else ""
    found = re.fullmatch(r"([0-9]{4})(-[0-9]{2})?(-[0-9]{2})?", written)
    if found is None:
        raise WrongValueError(expected)
    try:
        date.fromisoformat(f"{found[1]}{found[2] or '-01'}{found[3] or '-01'}")
    except ValueError as error:
        raise WrongValueError(expected, "there is no such day") from error
    return written


def network(value: object) -> IPv4Network | IPv6Network:
    """A network in CIDR form, or one address."""
    expected = 'a network such as "192.168.0.0/16"'
    if not isinstance(value, str):
        raise WrongValueError(expected)
    try:
        return ip_network(value.strip())
    except ValueError as error:
        try:
            wider = ip_network(value.strip(), strict=False)
        except ValueError:
            raise WrongValueError(expected) from error
        raise WrongValueError(expected, f"did you mean '{wider}'?") from error


def store_url(value: object) -> str:
    """A database: for SQLite `sqlite:///` and a path."""
    expected = 'a database such as "sqlite:///var/feedsvc.db"'
    if not isinstance(value, str):
        raise WrongValueError(expected)
    scheme, mark, rest = value.strip().partition("://")
    if mark and re.fullmatch(r"(?:postgres(?:ql)?|mysql|mariadb)(?:\+\w+)?", scheme.lower()):
        raise NotYetError(scheme)
    if scheme.lower() != "sqlite" or not mark:
        raise WrongValueError(expected)
    if rest in {"", "/", "/:memory:"}:
        raise WrongValueError(expected, "without a file every id would be forgotten")
    if not rest.startswith("/"):
        raise WrongValueError(
            expected, "three slashes stand before a path, four before an absolute one"
        )
    if "?" in rest or "\0" in rest or rest.endswith("/"):
        raise WrongValueError(expected)
    return f"sqlite://{rest}"


def _split(value: object, expected: str) -> SplitResult:
    """The parts of an absolute http or https address that needs no escaping."""
    if not isinstance(value, str):
        raise WrongValueError(expected)
    written = value.strip()
    try:
        parts = urlsplit(written)
        port = parts.port
        host = parts.hostname
    except ValueError as error:
        raise WrongValueError(expected) from error
    if parts.scheme not in {"http", "https"}:
        looks = bool(_host_in(written)) and "://" not in written and "." in written
        raise WrongValueError(expected, f"did you mean 'https://{written}'?" if looks else None)
    if not host or port == 0 or parts.netloc.endswith(":"):
        raise WrongValueError(expected)
    if not host.isascii():
        raise WrongValueError(expected, _ascii_host(host))
    if not (is_ip(host) if ":" in host else _HOST.fullmatch(host)):
        raise WrongValueError(expected, f"{host} is no host")
    _ascii(written, expected)
    return parts


def _ascii(written: str, expected: str) -> None:
    """RFC 3986 allows less than what browsers show: feeds hold the escaped form."""
    escaped = quote(written, safe=_ADDRESS_CHARACTERS)
    if escaped != written:
        raise WrongValueError(expected, f"did you mean '{escaped}'?")
    if re.search(r"%(?![0-9A-Fa-f]{2})", written):
        raise WrongValueError(expected, "two hexadecimal digits follow a percent sign")


def _ascii_host(host: str) -> str:
    """How to write a host with letters beyond ASCII."""
    remark = "write the host in its ASCII form"
    # IDNA 2003, which Python has, and 2008 disagree about these: no guess is better
    if any(letter in host for letter in "ßς\u200c\u200d"):
        return remark
    try:
        return f"{remark}: {host.encode('idna').decode()}"
    except UnicodeError:
        return remark


def _host_in(written: str) -> str | None:
    """The host of something that may be a whole address."""
    bare = written.partition("://")[2] or written
    host = re.split(r"[/:?#]", bare, maxsplit=1)[0].rpartition("@")[2]
    return host if host != written.partition("@")[2] and _HOST.fullmatch(host) else None


def is_ip(host: str) -> bool:
    """Whether a host is an IP address, not a name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _looks_numeric(host: str) -> bool:
    return re.fullmatch(r"[0-9.]+", host) is not None


def id_authority(base_url: str) -> str:
    """The authority of ids for a site at `base_url` (RFC 4151 §2.1): its host, if that may be one.

    Neither an IPv6 address nor a name with `_`, as containers have, is an authority; nobody but the
    machines of one house reads such a site, or one that has no address yet.
    """
    host = re.split(r":\d*$", base_url.partition("://")[2].partition("/")[0])[0].rstrip(".")
    return host.lower() if re.fullmatch(r"[A-Za-z0-9.-]+", host) else "localhost"
