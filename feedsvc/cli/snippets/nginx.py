"""The output directory behind nginx: one file for its http block."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from feedsvc.cli.snippets.site import ABOUT_DESK, DESK, LARGEST, SHORTEST, TYPES, Lead, Site, kept

_HEADERS = (
    ("Cache-Control", "$feedsvc_cache"),
    ("Access-Control-Allow-Origin", "$feedsvc_origin"),
    ("Link", "$feedsvc_link"),
    ("X-Robots-Tag", "$feedsvc_robots"),
    ("Referrer-Policy", "$feedsvc_referrer"),
    ("X-Content-Type-Options", "nosniff"),
)

_ENDINGS = """\
types {
    text/html        html;
    text/css         css;
    application/xml  xml;
    image/png        png;
    image/svg+xml    svg;
}"""


def nginx(site: Site) -> str:
    """The whole file."""
    private = [f"^{re.escape(_at(site, folder))}" for folder in site.private]
    links = [(f"^{re.escape(_at(site, path))}$", _plain(value)) for path, value in site.links]
    maps = {
        "$uri $feedsvc_link": ("", links),
        "$uri $feedsvc_robots": ("", [(one, "noindex, nofollow") for one in private]),
        "$uri $feedsvc_referrer": ("", [(one, "no-referrer") for one in private]),
        "$uri $feedsvc_origin": ("*", [(one, "") for one in private]),
        # Only files are kept for longer: a redirect to the open page of an archive is not.
        '"$status $uri" $feedsvc_cache': (
            kept(SHORTEST),
            [(f"^[0-9]+ {one[1:]}", kept(SHORTEST, private=True)) for one in private]
            + [
                (f"^(?:200|206|304) {re.escape(_at(site, folder))}", kept(age))
                for folder, age in site.ages
            ],
        ),
        # By the address as it was sent: what is decoded must not get into a field of the answer.
        "$request_uri $feedsvc_lead": (
            "", [rule for one in site.leads for rule in _lead(site, one)]
        ),
    }  # fmt: skip
    text = [
        "# Made by `feedsvc config nginx`: include it in the http block. Make it anew when feeds",
        "# are added, moved or removed. The compressed files lie ready beside each document",
        "# (gzip_static needs the module of that name, which distributions build in).",
        "",
        *(line for name, (default, rules) in maps.items() for line in _map(name, default, rules)),
        "server {",
        *_indented(_server(site)),
        "}",
    ]
    return "\n".join(text) + "\n"


def _server(site: Site) -> Iterator[str]:
    port = site.port or 80
    yield from (f"listen {port};", f"listen [::]:{port};", f"server_name {site.host};", "")
    yield from ("charset utf-8;", "charset_types application/xml application/atom+xml")
    yield "              application/rss+xml application/feed+json text/x-opml;"
    yield from ("gzip_static on;", "gzip_vary on;", "absolute_redirect off;", "index index.html;")
    yield ""
    yield from (f"add_header {name} {value};" for name, value in _HEADERS)
    yield from ("", "# Unfinished files begin with a dot, and so does what is for our own server.")
    yield from ("location ~ /\\.(?!well-known/) {", "    return 404;", "}", "")
    yield from ("location ~ \\.(?:br|gz|zst)$ {", "    return 404;", "}", "")
    yield from _desk(site)
    directory = _quoted(f"{site.directory}/")
    if site.base:
        yield from (f"location {_quoted(f'{site.base}/')} {{", f"    alias {directory};", "")
        yield from _indented(_files())
        yield "}"
    else:
        yield from (f"root {directory};", "", "location / {", *_indented(_files()), "}")
    yield from ("", "location @feedsvc {", *_indented(_answers()), "}")


def _desk(site: Site) -> Iterator[str]:
    """The way to our own server, whose answers are passed on as they are."""
    if site.desk is None:
        return
    yield from ABOUT_DESK
    yield f"location ^~ {_quoted(_at(site, DESK[1:]))} {{"
    yield f"    proxy_pass http://{site.desk}{DESK};"
    yield "    proxy_set_header Host $http_host;"
    yield "    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"
    yield f"    client_max_body_size {LARGEST}m;"
    yield "    add_header X-Content-Type-Options nosniff;"  # instead of those above
    yield from ("}", "")


def _files() -> Iterator[str]:
    yield from _ENDINGS.splitlines()
    yield from ("try_files $uri $uri/ @feedsvc;", "error_page 403 = @feedsvc;")
    for name, kind in TYPES:
        yield from ("", f"location ~ /{re.escape(name)}$ {{", "    types { }")
        yield from (f"    default_type {kind};", "    try_files $uri @feedsvc;", "}")


def _answers() -> Iterator[str]:
    for status in (301, 307):
        yield f'if ($feedsvc_lead ~ "^{status} (?<feedsvc_target>.*)$") {{'
        yield f"    return {status} $feedsvc_target$is_args$args;"
        yield "}"
    yield from ("if ($feedsvc_lead = 410) {", "    return 410;", "}", "return 404;")


def _lead(site: Site, lead: Lead) -> Iterator[tuple[str, str]]:
    """The rules for a lead: which addresses, and the status with where they lead."""
    at = re.escape(quote(_at(site, lead.path)))
    answer = f"{lead.status} {_plain(lead.target)}".rstrip()
    end = "(?:\\?|$)"
    if not lead.path.endswith("/"):
        yield f"^{at}{end}", answer
        if lead.path.endswith("/index.html"):
            yield f"^{at.removesuffix(re.escape('index.html'))}{end}", answer
        return
    yield f"^{at.removesuffix('/')}{end}", answer
    if lead.target.endswith("/"):
        yield f"^{at}(?<feedsvc_rest>[^?]*)", f"{answer}$feedsvc_rest"
    else:
        yield f"^{at}", answer


def _at(site: Site, path: str) -> str:
    return f"{site.base}/{path}"


def _map(name: str, default: str, rules: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"map {name} {{"
    yield f"    default {_quoted(default)};"
    for pattern, value in rules:
        yield f"    {_quoted(f'~{pattern}', escaped=True)} {_quoted(value)};"
    yield from ("}", "")


def _plain(target: str) -> str:
    """An address without what nginx takes for a variable."""
    return target.replace("$", "%24")


def _quoted(text: str, *, escaped: bool = False) -> str:
    """A word of the configuration; a pattern is escaped by its own rules already."""
    text = text if escaped else text.replace("\\", "\\\\")
    return '"' + text.replace('"', '\\"') + '"'


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"    {line}" if line else "" for line in lines)
