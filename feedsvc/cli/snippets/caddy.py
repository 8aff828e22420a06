"""The output directory behind Caddy: one site of a Caddyfile."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from feedsvc.cli.snippets.site import ABOUT_DESK, DESK, LARGEST, SHORTEST, TYPES, Lead, Site, kept

_ERRORS = (
    "# What was said of the file that is not there goes.",
    "handle_errors {",
    "\theader Cache-Control no-store",
    '\theader Content-Type "text/plain; charset=utf-8"',
    "\theader -Link",
    '\trespond "{http.error.status_code} {http.error.status_text}"',
    "}",
)


def caddy(site: Site) -> str:
    """The whole site."""
    text = [
        "# Made by `feedsvc config caddy`: make it anew when feeds are added, moved or removed.",
        "",
        f"{site.origin} {{",
        f"\troot * {_quoted(str(site.directory))}",
        "",
        *_indented(_inside(site)),
        "",
        *_indented(_ERRORS),
        "}",
    ]
    return "\n".join(text) + "\n"


def _inside(site: Site) -> Iterator[str]:
    # In the order in which they stand: Caddy would sort them otherwise.
    yield f"handle_path {site.base}/* {{" if site.base else "route {"
    yield from _indented(_route(site))
    yield "}"


def _route(site: Site) -> Iterator[str]:
    if site.base:
        yield "route {"
        yield from _indented(_directives(site))
        yield "}"
    else:
        yield from _directives(site)


def _directives(site: Site) -> Iterator[str]:
    yield "# Unfinished files begin with a dot, and so does what is for our own server."
    yield from (r"@hidden path_regexp `/\.|\.(?:br|gz|zst)$`", "error @hidden 404", "")
    yield from _desk(site)
    yield from ("header X-Content-Type-Options nosniff", "header Vary Accept-Encoding")
    yield from _folders(site)
    for number, lead in enumerate(site.leads, 1):
        yield from ("", *_lead(lead, f"lead{number}"))
    yield ""
    for number, (name, kind) in enumerate(TYPES, 1):
        yield f"@type{number} path */{name}"
        yield f'header @type{number} Content-Type "{kind}; charset=utf-8"'
    for path, link in site.links:
        yield f"header {_quoted(f'/{path}')} Link {_quoted(link)}"
    # Each takes the place of what was said before: of what covers a path, the longest is last.
    for folder, age in reversed(site.ages):
        yield f'header {_quoted(f"/{folder}*")} Cache-Control "{kept(age)}"'
    yield from ("", "file_server {", "\tprecompressed br zstd gzip", "\thide .*", "}")


def _desk(site: Site) -> Iterator[str]:
    """The way to our own server, whose answers are passed on as they are."""
    if site.desk is None:
        return
    yield from ABOUT_DESK
    yield f"handle {DESK}* {{"
    yield from ("\trequest_body {", f"\t\tmax_size {LARGEST}MiB", "\t}")
    yield from (f"\treverse_proxy {site.desk}", "}", "")


def _folders(site: Site) -> Iterator[str]:
    """The fields of public and of private files."""
    if site.private:
        patterns = " ".join(_quoted(f"/{folder}*") for folder in site.private)
        yield from ("", f"@private path {patterns}", f"@public not path {patterns}")
        yield 'header @private X-Robots-Tag "noindex, nofollow"'
        yield "header @private Referrer-Policy no-referrer"
        yield f'header @private Cache-Control "{kept(SHORTEST, private=True)}"'
    public = "@public " if site.private else ""
    yield f"header {public}Access-Control-Allow-Origin *"
    yield f'header {public}Cache-Control "{kept(SHORTEST)}"'


def _lead(lead: Lead, name: str) -> Iterator[str]:
    yield from (f"@{name} {{", "\tnot file {path} {path}/index.html")
    # The address as it was sent: what stands behind the folder is neither decoded nor lost.
    pattern = re.escape("/" + quote(lead.path.removesuffix("/")))
    rest = "(?:/([^?]*))?" if lead.path.endswith("/") else "()"
    if lead.path.endswith("/index.html"):
        pattern = pattern.removesuffix(re.escape("index.html")) + r"(?:index\.html)?"
    yield from (f"\tvars_regexp {name} {{uri}} `^{pattern}{rest}((?:\\?.*)?)$`", "}")
    if lead.status == 410:
        yield f"error @{name} 410"
        return
    target = lead.target
    if lead.path.endswith("/") and target.endswith("/"):
        target += f"{{re.{name}.1}}"
    yield f"redir @{name} {_quoted(f'{target}{{re.{name}.2}}')} {lead.status}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _indented(lines: Iterable[str]) -> Iterator[str]:
    return (f"\t{line}" if line else "" for line in lines)
