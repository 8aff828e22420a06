"""`feedsvc config nginx` and `caddy`: what our server says beside the files, for another one."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from feedsvc.cli.command import Commands, add_command
from feedsvc.cli.console import Console


def register(actions: Commands, common: argparse.ArgumentParser) -> None:
    """Put the actions on the command line."""
    for name, run, place in (
        ("nginx", _nginx, "/etc/nginx/conf.d/feedsvc.conf"),
        ("caddy", _caddy, "/etc/caddy/Caddyfile"),
    ):
        add_command(
            actions,
            common,
            name,
            run,
            help=f"a configuration of {name} that says what our server would",
            description=f"Print a configuration of {name} for the output directory, with the "
            "redirects, what is gone, Link fields and private folders as they are now. Links of "
            "private feeds are left out, since they open them: the documents name the same.",
            examples=f"  feedsvc config {name} > {place}",
        )


def _nginx(console: Console) -> int:
    from feedsvc.cli.snippets.nginx import nginx

    return _print(console, "nginx", nginx)


def _caddy(console: Console) -> int:
    from feedsvc.cli.snippets.caddy import caddy

    return _print(console, "caddy", caddy)


def _print(console: Console, name: str, write: Callable[..., str]) -> int:
    from feedsvc.cli.snippets.site import site_of

    text = write(site_of(console.settings))
    if console.args.json:
        console.document("config-snippet", {"server": name, "text": text})
    else:
        console.result(text.rstrip("\n"))
    return 0
