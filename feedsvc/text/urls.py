"""Addresses: from what people write to what a feed may carry.

`absolute` is the one door for every link, image and enclosure: what it returns is an ASCII URI
(RFC 3986) that no reader can take for a script or a relative reference.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote, unquote, urljoin

WEB = frozenset({"http", "https"})
LINKS = WEB | {"mailto", "tel"}

_LONGEST = 8_000  # RFC 9110 §4.1 asks for 8,000 octets; what is longer is a payload, not an address

# RFC 3986: unreserved, sub-delims, ":" and "@"; the rest of a component is percent-encoded.
_UNRESERVED = r"A-Za-z0-9._~\-"
_PCHAR = _UNRESERVED + "!$&'()*+,;=:@"
_PLAIN = re.compile(
    rf"https?://[a-z0-9-]+(?:\.[a-z0-9-]+)*(?::[0-9]{{1,4}})?"
    rf"(?:[/?][{_PCHAR}/?]*)?(?:#[{_PCHAR}/?]*)?"
)
# A path that only has to be put behind its base: nothing to encode, no scheme, no segment that is
# empty or begins with a dot, and none of the `;`, `?` and `#` that `urljoin` treats apart.
_STEP = r"[A-Za-z0-9_~\-!$&'()*+,=@][A-Za-z0-9._~\-!$&'()*+,=@]*+"
_PLAIN_PATH = re.compile(rf"/?{_STEP}(?:/{_STEP})*+/?")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_PARTS = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.DOTALL)
_UNSAFE = re.compile(rf"%(?![0-9A-Fa-f]{{2}})|[^{_PCHAR}/?%]+")
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


# RFC 3987 §2.2 `ucschar`, without what §4.1 and common sense forbid: spaces and bidi controls.
_IRI = re.compile(
    rf"(?:[{_PCHAR}/?#\[\]]|%[0-9A-Fa-f]{{2}}"
    r"|[\u00a1-\u167f\u1681-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\u2fff\u3001-\ud7ff"
    r"\uf900-\ufdcf\ufdf0-\ufeFE\uff00-\uffef\U00010000-\U0001fffd\U00020000-\U0002fffd"
    r"\U00030000-\U0003fffd\U000e1000-\U000efffd])+"
)
# Per scheme: the shape of what follows. Only registered schemes: a validator warns of any other.
_HIER = re.compile(
    r"//(?:[^/?#@\[\]]*@)?(?:[^/?#@:\[\]]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?(?:[/?#].*)?"
)
_ANY = re.compile(r"[^#]+(?:#[^#]*)?")
_ID_SCHEMES = {
    "http": _HIER,
    "https": _HIER,
    "ftp": _HIER,
    "at": _HIER,
    # RFC 4151 §2.1: authority, date and specific
    "tag": re.compile(
        r"(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9.-]+,[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?:[^#]*(?:#[^#]*)?"
    ),
    # RFC 8141 §2, RFC 9562 §4 for `urn:uuid:`
    "urn": re.compile(
        r"(?![Uu][Uu][Ii][Dd]:)[A-Za-z0-9][A-Za-z0-9-]{0,30}[A-Za-z0-9]:[^#]+(?:#[^#]*)?"
        r"|[Uu][Uu][Ii][Dd]:[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"
    ),
    "did": _ANY,
    "info": _ANY,
    "mid": _ANY,
    "cid": _ANY,
    "ni": _ANY,
    "news": _ANY,
    "oid": _ANY,
}


def is_absolute_iri(text: str) -> bool:
    """Whether an explicit id is an absolute IRI (RFC 3987) that may be published as it is."""
    named = _SCHEME.match(text)
    if named is None or len(text) > _LONGEST or _IRI.fullmatch(text) is None:
        return False
    shape = _ID_SCHEMES.get(named[1].lower())
    return shape is not None and shape.fullmatch(text, named.end()) is not None


def encode_path(text: str) -> str:
    """A stable key as the specific part of a tag URI (RFC 4151 §2.1): `/` stays, `%` is encoded.

    Distinct keys stay distinct; NFC makes one key of the two spellings file systems give a name.
    """
    return quote(unicodedata.normalize("NFC", text), safe="/!$&'()*+,;=:@", errors="surrogatepass")


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
