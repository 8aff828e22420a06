"""The text of a new configuration, as `feedsvc init` writes it."""

from __future__ import annotations

import json
from datetime import date


def new_config(
    *,
    title: str,
    id_domain: str,
    id_since: date,
    articles_path: str = "articles",
    base_url: str | None = None,
    language: str | None = None,
    timezone: str = "UTC",
    author: str | None = None,
    email: str | None = None,
) -> str:
    """TOML with comments, for somebody who has never seen one.

    `id_since` is the day of writing: it becomes part of every id (RFC 4151) and never changes.
    """
    address = _line(
        "base_url", base_url, "https://example.org", "where readers will find the feeds"
    )
    spoken = _line("language", language, "en", "of the articles that name none")
    written_by = '# author = { name = "Newsroom", email = "news@example.org" }'
    if author:
        mail = f", email = {_quote(email)}" if email else ""
        written_by = f"author = {{ name = {_quote(author)}{mail} }}"
    return f"""\
# The configuration of feedsvc. `feedsvc config check` tells what is wrong with it.
# Relative paths start at this folder (one above, if the folder is named config).

[site]
title = {_quote(title)}
{address}
{spoken}
timezone = {_quote(timezone)}  # of dates that name none
{written_by}

# Every article gets an id made of these two. Readers know articles by their ids: choose them
# once, and leave them for ever, whatever happens to the address above.
id_domain = {_quote(id_domain)}
id_since = "{id_since.isoformat()}"

[store]
url = "sqlite:///var/feedsvc.db"  # four slashes before an absolute path

[publish]
directory = "public"  # any web server can serve it

[server]
listen = "127.0.0.1:8080"  # 0.0.0.0:8080 to be reached from other machines

# Every night `feedsvc run` saves all of it here; `feedsvc restore` brings it back.
# [maintenance]
# backup = "backups"

# Where articles come from; one [[source]] for each folder, and for each feed of others.
[[source]]
name = "articles"  # its identity: to change it, add was = "articles"
path = {_quote(articles_path)}
# tags = ["news"]  # given to all its articles
# exclude = ["drafts/**"]

# Somebody else's feed, in whatever format; a page that announces one will do, too.
# [[source]]
# name = "neighbours"
# url = "https://example.org/feed.xml"
# every = "30m"  # or "auto": as often as it changes
# auth = {{ user = "reader", password = {{ env = "FEED_PASSWORD" }} }}

# What is published: public/all/atom.xml, rss.xml and feed.json.
[[feed]]
name = "all"
limit = 50

# A feed can hold a part of the articles.
# [[feed]]
# name = "politics"
# title = "Politics"
# tags = ["politics", "elections"]
"""


def _line(key: str, value: str | None, example: str, comment: str) -> str:
    """The line of a key; without a value, one to be filled in."""
    if value is None:
        return f"# {key} = {_quote(example)}  # {comment}"
    return f"{key} = {_quote(value)}  # {comment}"


def _quote(value: str) -> str:
    """A TOML basic string; JSON escapes the same, but for DEL (TOML 1.0 §String)."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
