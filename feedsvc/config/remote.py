"""The address of a remote source: from what people paste to what is asked for."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple
from urllib.parse import unquote

from feedsvc.config.secrets import control_flaw
from feedsvc.config.shapes import SecretValueError, WrongValueError, sort_of
from feedsvc.regex import compiled

_LONGEST = 8_000  # RFC 9110 §4.1 asks for 8,000 octets; what is longer no server takes
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.?")
_PCHAR = r"A-Za-z0-9._~!$&'()*+,;=:@\-"  # RFC 3986 §3.3, without the percent sign
# Most addresses are right as they stand, and there may be tens of thousands.
_PLAIN = compiled(
    rf"https?://(?=[^/:]{{1,253}}[/:]){_LABEL}(?:\.{_LABEL})*(?::(?!80/|443/)[1-9][0-9]{{0,3}})?"
    rf"/[{_PCHAR}/]*(?:\?[{_PCHAR}/?]+)?"
)
_UNSAFE = rf"%(?![0-9A-Fa-f]{{2}})|[^{_PCHAR}/?%]+"
_PARTS = r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#.*)?"
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:(?=//)"
_PORTS = {"http": "80", "https": "443"}


class Address(NamedTuple):
    """An http or https address as a request needs it, and the credentials that stood in it."""

    url: str  # ASCII, without credentials and fragment
    user: str | None = None
    password: str = ""

    def __repr__(self) -> str:
        return f"Address(url={self.url!r})"


def source_url(value: object) -> Address:
    """Where a feed, a page or an OPML file lies.

    `feed:` is read as browsers and readers do: `feed:https://…` is what follows, `feed://…` is
    http. Letters beyond ASCII are encoded, as in the address bar they were copied from.
    """
    expected = 'an address such as "https://example.org/feed.xml"'
    if isinstance(value, str) and value.lstrip()[:5].lower() == "feed:":
        rest = value.strip()[5:].removeprefix("//")
        value = rest if re.match(_SCHEME, rest) else f"http://{rest}"
    return web_address(value, expected)


def web_address(value: object, expected: str) -> Address:
    """An absolute http or https address; raises WrongValueError, and says `expected` in it."""
    if not isinstance(value, str):
        if "@" in repr(value):
            raise SecretValueError(expected, got=sort_of(value))
        remark = "make a source of each" if isinstance(value, list) else None
        raise WrongValueError(expected, remark, got=sort_of(value))
    if len(value) <= _LONGEST and _PLAIN.fullmatch(value):
        return Address(value)
    written = value.strip()
    try:
        return _read(written)
    except _FlawError as flaw:
        if "@" in written:  # what stands before it may be a password, wherever it stands
            advice = "/, ? and # in a password are written %2F, %3F and %23"
            ended = "@" not in re.split(r"[/?#]", written.partition("://")[2])[0]
            remark = advice if "://" in written and (ended or flaw.part) else flaw.remark
            raise SecretValueError(expected, remark, got="this one") from flaw
        part = "".join(c if c.isprintable() else "\ufffd" for c in flaw.part or "")
        says = f"{part} {flaw.remark}" if part else flaw.remark
        raise WrongValueError(expected, says or _meant(written)) from flaw


class _FlawError(Exception):
    """What is wrong with an address, and with which part of it."""

    def __init__(self, remark: str | None = None, *, part: str | None = None) -> None:
        super().__init__(remark)
        self.remark = remark
        self.part = part


def _read(written: str) -> Address:
    if control_flaw(written):
        raise _FlawError("it holds a control character")
    if len(written) > _LONGEST:
        raise _FlawError(f"it is longer than {_LONGEST} characters")
    parts = re.fullmatch(_PARTS, written)
    if parts is None or (scheme := parts[1].lower()) not in _PORTS:
        raise _FlawError("it begins with http:// or https://" if "@" in written else None)
    userinfo, at, place = parts[2].rpartition("@")
    host, port = _place(place)
    where = host if port in {"", _PORTS[scheme]} else f"{host}:{port}"
    url = f"{scheme}://{where}{_encoded(parts[3]) or '/'}"
    if parts[4]:
        url += f"?{_encoded(parts[4])}"
    if not at or not userinfo:
        return Address(url)
    return Address(url, *_credentials(userinfo))


def _place(place: str) -> tuple[str, str]:
    """Host and port, both as they are compared."""
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        host, port = place, ""
    elif not re.fullmatch(r"[0-9]{1,5}", port, re.ASCII) or not 0 < int(port) < 65_536:
        raise _FlawError("a port is a number from 1 to 65535")
    if host.startswith("[") and host.endswith("]"):
        try:
            if "%" in host:
                raise AddressValueError
            return f"[{IPv6Address(host[1:-1]).compressed}]", port.lstrip("0")
        except AddressValueError:  # nor one with a zone, which means something here alone
            raise _FlawError("is no IPv6 address", part=host) from None
    if not host:
        raise _FlawError("it names no host")
    name = (host if host.isascii() else _idna(host)).lower()
    if len(name) > 253 or not _HOST.fullmatch(name):
        raise _FlawError("is no host", part=host)
    return name, port.lstrip("0")


def _idna(host: str) -> str:
    """The host in ASCII, as browsers make it: IDNA 2008, or 2003 for what 2008 leaves out."""
    import idna  # its tables are large, and few hosts need them

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        try:
            return host.encode("idna").decode("ascii")
        except UnicodeError:
            raise _FlawError("is no host", part=host) from None


def _encoded(component: str) -> str:
    return re.sub(
        _UNSAFE,
        lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "replace")),
        component,
    )


def _credentials(userinfo: str) -> tuple[str, str]:
    user, _, password = userinfo.partition(":")
    try:
        pair = unquote(user, errors="strict"), unquote(password, errors="strict")
    except UnicodeDecodeError:
        raise _FlawError("its user name or password is not UTF-8") from None
    if ":" in pair[0] or any(map(control_flaw, pair)):  # RFC 7617 §2
        raise _FlawError("no server takes its user name or password")
    return pair


def _meant(written: str) -> str | None:
    """What somebody wanted who left the scheme out, or took another one."""
    if written.startswith(("/", ".", "~", "file:")) and not written.startswith("//"):
        return "a folder or a file is named by 'path'"
    bare = re.sub(rf"\A{_SCHEME}", "", written).lstrip("/")
    if "." not in re.split(r"[/?#]", bare)[0] or " " in bare:
        return None
    try:
        return f"did you mean '{_read(f'https://{bare}').url}'?"
    except _FlawError:
        return None
