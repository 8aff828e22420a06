"""Addresses: from what people write to what a feed may carry.

`absolute` is the one door for every link, image and enclosure: what it returns is an ASCII URI
(RFC 3986) that no reader can take for a script or a relative reference.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from typing import Literal, NamedTuple
from urllib.parse import quote, unquote, urljoin

from feedsvc.regex import compiled

WEB = frozenset({"http", "https"})
LINKS = WEB | {"mailto", "tel"}

_LONGEST = 8_000  # RFC 9110 §4.1 asks for 8,000 octets; what is longer is a payload, not an address

# RFC 3986: unreserved, sub-delims, ":" and "@"; the rest of a component is percent-encoded.
_UNRESERVED = r"A-Za-z0-9._~\-"
_PCHAR = _UNRESERVED + "!$&'()*+,;=:@"
_PLAIN = compiled(
    rf"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{{1,4}})?"
    rf"(?:[/?][{_PCHAR}/?]*)?(?:#[{_PCHAR}/?]*)?"
)
# A path that only has to be put behind its base: nothing to encode, no scheme, no segment that is
# empty or begins with a dot, and none of the `;`, `?` and `#` that `urljoin` treats apart.
_STEP = r"[A-Za-z0-9_~\-!$&'()*+,=@][A-Za-z0-9._~\-!$&'()*+,=@]*+"
_PLAIN_PATH = compiled(rf"/?{_STEP}(?:/{_STEP})*+/?")
# A base of that kind: its host, and its folder with the slash at the end.
_PLAIN_BASE = compiled(
    rf"(https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{{1,4}})?)((?:/{_STEP})*+/)"
    rf"[{_PCHAR}]*(?:\?[{_PCHAR}/?]*)?(?:#[{_PCHAR}/?]*)?"
)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PARTS = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_UNSAFE = compiled(rf"%(?![0-9A-Fa-f]{{2}})|[^{_PCHAR}/?%]+")
_DROPPED = re.compile(r"[\t\n\r]+")  # WHATWG URL §4.4: "remove all ASCII tab or newline"
_EDGES = "".join(map(chr, range(0x21))) + "\x7f\x85\xa0\u200b\u2028\u2029\u3000\ufeff"
_HOST = re.compile(r"[a-z0-9_~-]+(?:\.[a-z0-9_~-]+)*\.?")


def absolute(url: str, base: str | None, *, schemes: frozenset[str] = WEB) -> str | None:
    """`url` as an absolute URI in one of `schemes`, resolved against `base`; None if there is none.

    Existing `%XX` stay as they are, so that the result is stable under a second call.
    """
    if len(url) <= _LONGEST:
        if _PLAIN.fullmatch(url) is not None:
            return url
        if base is not None and _PLAIN_PATH.fullmatch(url) is not None:
            return _below(url, base)
    url = _DROPPED.sub("", url.strip(_EDGES))
    if len(url) > _LONGEST:
        return None
    named = _SCHEME.match(url)
    if named is None:
        return None if base is None else _resolve(url, base)
    scheme = named[1].lower()
    if scheme not in schemes:
        return None
    rest = url[named.end() :]
    if scheme not in WEB:
        return f"{scheme}:{_encode(rest)}" if rest else None
    if rest[:1] not in {"/", "\\"}:
        return None
    return _http(f"{scheme}://" + rest.lstrip("/\\"))


def _below(path: str, base: str) -> str | None:
    """A plain path against `base`, which most addresses of an article share."""
    root, folder = _places(base)
    if root is None or folder is None:
        return None
    url = root + path[1:] if path.startswith("/") else folder + path
    return url if len(url) <= 3 * _LONGEST else None


@lru_cache(maxsize=64)
def _places(base: str) -> tuple[str | None, str | None]:
    """Where paths with and without a leading slash start."""
    plain = _PLAIN_BASE.fullmatch(base) if len(base) <= _LONGEST else None
    if plain is not None:
        return f"{plain[1]}/", plain[1] + plain[2]
    root, folder = _resolve("/x", base), _resolve("x", base)
    return root and root[:-1], folder and folder[:-1]


def _resolve(url: str, base: str) -> str | None:
    root = absolute(base, None)
    if root is None:
        return None
    head, mark, tail = url.partition("#")
    path, query, args = head.partition("?")
    # WHATWG URL §4.4: a browser takes `\` for `/` in the path of an http address.
    url = path.replace("\\", "/") + query + args + mark + tail
    try:
        joined = urljoin(root, url)
    except ValueError:  # `//[`
        return None
    return _http(joined)


def _http(url: str) -> str | None:
    parts = _PARTS.fullmatch(url)
    if parts is None:
        return None
    scheme, authority, path, query, fragment = parts.groups("")
    if "\\" in authority:  # `https://a\b`: the backslash ends the host, as in a browser
        authority, _, rest = authority.partition("\\")
        path = f"/{rest}{path}"
    authority_ = _authority(authority)
    if authority_ is None:
        return None
    result = f"{scheme}://{authority_}{_encode(path.replace(chr(92), '/'))}"
    if query:
        result += "?" + _encode(query[1:])
    if fragment:
        result += "#" + _encode(fragment[1:])
    return result if len(result) <= 3 * _LONGEST else None


def _authority(text: str) -> str | None:
    user, at, host = text.rpartition("@")
    name, colon, port = host.rpartition(":")
    if not colon or host.endswith("]"):
        name, port = host, ""
    if port and not (port.isascii() and port.isdigit() and int(port[:6]) <= 65535):
        return None
    known = _host(name)
    if known is None:
        return None
    userinfo = _encode(user).replace("/", "%2F").replace("?", "%3F") + "@" if at and user else ""
    return userinfo + known + (f":{port}" if port else "")


def _host(name: str) -> str | None:
    if name.startswith("[") and name.endswith("]"):
        try:
            return f"[{IPv6Address(name[1:-1]).compressed}]" if "%" not in name else None
        except AddressValueError:
            return None
    if "%" in name:
        try:
            name = unquote(name, errors="strict")
        except UnicodeDecodeError:
            return None
    if not name.isascii():
        encoded = _idna(name)
        if encoded is None:
            return None
        name = encoded
    name = name.lower()
    return name if len(name) <= 254 and _HOST.fullmatch(name) else None


def _idna(name: str) -> str | None:
    """The A-labels of a host: IDNA 2008 as browsers do it, 2003 for the emoji 2008 forbids."""
    import idna  # noqa: PLC0415  its tables cost 10 ms and few hosts need them

    try:
        return idna.encode(name, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        try:
            return name.encode("idna").decode("ascii")
        except UnicodeError:
            return None


def _encode(component: str) -> str:
    return _UNSAFE.sub(_percent, component)


def _percent(match: re.Match[str]) -> str:
    # A lone surrogate has no UTF-8 form; "replace" writes it as `?`, which is quoted like the rest.
    return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "replace"))


# -- ids -----------------------------------------------------------------------------------------


class IdFlaw(NamedTuple):
    """What keeps an id from being published: the kind of rule it breaks, and why."""

    kind: Literal["invalid", "tag-uri", "urn"]
    why: str


_DNS = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_SPECIFIC = rf"(?:[{_PCHAR}/?]|%[0-9A-Fa-f]{{2}})*+"
# RFC 4151 §2.1; in lower case, as it recommends and feed validators demand.
_TAG_URI = compiled(
    rf"tag:(?:[a-z0-9._-]+@)?{_DNS},"
    rf"(?P<date>[0-9]{{4}}(?:-[0-9]{{2}}(?:-[0-9]{{2}})?)?):{_SPECIFIC}(?:#{_SPECIFIC})?"
)
# RFC 8141 §2, without the `/`, `~`, `&`, `?` and `#` that RFC 2141 did not know: feed validators
# go by the older one.
_URN = re.compile(
    r"urn:[a-z0-9][a-z0-9-]{1,31}:(?:[a-z0-9()+,.:=@;$_!*'-]|%[0-9a-f]{2})+", re.IGNORECASE
)
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
# RFC 3986 §3. An id may be an IRI (RFC 4287 §4.2.6), but what is not ASCII fails as one.
_URI = compiled(rf"[A-Za-z][A-Za-z0-9+.-]*:(?://)?(?:[{_PCHAR}/?#]|%[0-9A-Fa-f]{{2}})++")
_WITH_HOST = frozenset({"http", "https", "ftp"})
_HIER = re.compile(r"//(?:[^/?#@]*@)?[^/?#@:]+(?::[0-9]*)?(?:[/?#].*)?")
# Schemes in which an id names something and which feed validators take for registered.
_ID_SCHEMES = _WITH_HOST | {"tag", "urn", "info", "mid", "cid", "news"}


def id_flaw(text: str) -> IdFlaw | None:
    """Why a validator would refuse `text` as the id of an entry (RFC 4287 §4.2.6)."""
    scheme, colon, rest = text.partition(":")
    scheme = scheme.lower()
    if scheme == "tag":
        return _tag_flaw(text)
    if scheme == "urn":
        shape = _UUID if rest[:5].lower() == "uuid:" else _URN
        return None if shape.fullmatch(text) else IdFlaw("urn", "is not a URN of its kind")
    if not colon or _SCHEME.match(text) is None:
        return IdFlaw("invalid", "is not absolute")
    if not text.isascii():
        return IdFlaw("invalid", "is an IRI: write it with punycode and percent-encoding")
    if _URI.fullmatch(text) is None or rest.count("#") > 1:
        return IdFlaw("invalid", "is not a URI (RFC 3986)")
    if scheme in _WITH_HOST and _HIER.fullmatch(rest) is None:
        return IdFlaw("invalid", "has no usable host")
    return None


def _tag_flaw(text: str) -> IdFlaw | None:
    found = _TAG_URI.fullmatch(text)
    if found is None:
        return IdFlaw("tag-uri", "is not of the form tag:example.org,2024:name")
    parts = [int(part) for part in found["date"].split("-")]
    try:
        date(parts[0], *[*parts[1:], 1, 1][:2])
    except ValueError as error:  # the W3C validator lets month 13 pass, RFC 4151 §2.1 does not
        return IdFlaw("tag-uri", f"names a date that does not exist: {error}")
    return None


def is_absolute_iri(text: str) -> bool:
    """Whether an explicit id may be published as it is, as the gate judges it."""
    named = _SCHEME.match(text)
    return (
        named is not None
        and named[1].lower() in _ID_SCHEMES
        and len(text) <= _LONGEST
        and id_flaw(text) is None
    )


# `%C3` would become `%25C3`, which the W3C validator decodes twice and calls not canonical: a `=`
# parts the sign from its digits. One is added to those already there, so that no two keys meet.
_LIKE_ESCAPE = re.compile(r"%(?==*[0-9A-Fa-f]{2})")


def encode_path(text: str) -> str:
    """A stable key as the specific part of a tag URI (RFC 4151 §2.1): `/` stays, `%` is encoded.

    Distinct keys stay distinct; NFC makes one key of the two spellings file systems give a name.
    """
    key = _LIKE_ESCAPE.sub("%=", unicodedata.normalize("NFC", text))
    return quote(key, safe="/!$&'()*+,;=:@", errors="surrogatepass")


_MEDIA_TYPES = {
    "aac": "audio/aac",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "flac": "audio/flac",
    "gif": "image/gif",
    "heic": "image/heic",
    "ico": "image/vnd.microsoft.icon",
    "jpe": "image/jpeg",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "jxl": "image/jxl",
    "m4a": "audio/mp4",
    "m4b": "audio/mp4",
    "m4v": "video/mp4",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "mpeg": "video/mpeg",
    "mpg": "video/mpeg",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "wav": "audio/wav",
    "weba": "audio/webm",
    "webm": "video/webm",
    "webp": "image/webp",
}


def media_type(url: str) -> str | None:
    """The media type the extension of `url` stands for.

    A table of our own: the machine's database would give other bytes on another machine.
    """
    path = re.split(r"[?#]", url, maxsplit=1)[0]
    name = path.rpartition("/")[2]
    return _MEDIA_TYPES.get(name.rpartition(".")[2].lower()) if "." in name else None
