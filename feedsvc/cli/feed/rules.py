"""The rules of a feed as options: read as the configuration reads them."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feedsvc.settings import Feed

LISTS = {
    "sources": ("NAME", "only articles of this source"),
    "exclude_sources": ("NAME", "none of this source"),
    "tags": ("TAG", "only articles with this tag"),
    "exclude_tags": ("TAG", "none with this tag"),
    "authors": ("NAME", "only articles by this author"),
    "exclude_authors": ("NAME", "none by this author"),
    "exclude_languages": ("TAG", "none in this language"),
}
SINGLE = {
    "language": ("TAG", 'only articles in this language: "de" takes "de-AT" too'),
    "since": ("SPAN", 'only articles of so long, such as "7d"'),
    "match": ("REGEX", "only articles in whose words this is found"),
    "exclude": ("REGEX", "none in whose words this is found"),
    "dedupe": ("HOW", "what makes two articles one: link, text or none"),
}
NUMBERS = {
    "offset": "leave out so many of the newest",
    "limit": "hold so many",
    "max_per_source": "hold so many of each source",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    """An option for each rule, and one to do without rules."""
    group = parser.add_argument_group("rules, each as in the configuration in place of its own")
    for key, (metavar, help_) in LISTS.items():
        group.add_argument(
            _option(key), action="append", metavar=metavar, help=f"{help_}; repeatable"
        )
    for key, (metavar, help_) in SINGLE.items():
        group.add_argument(_option(key), metavar=metavar, help=help_)
    for key, help_ in NUMBERS.items():
        group.add_argument(_option(key), type=int, metavar="N", help=help_)
    group.add_argument(
        "--without",
        action="append",
        default=[],
        metavar="RULE",
        choices=[key.replace("_", "-") for key in (*LISTS, *SINGLE, *NUMBERS)],
        help="as if this rule were not there; repeatable",
    )


def given(args: argparse.Namespace) -> dict[str, Any]:
    """What the options say, by key; raises UsageError for what the configuration would refuse."""
    from feedsvc.config.schema import FEED, Table
    from feedsvc.config.shapes import NotYetError, WrongValueError
    from feedsvc.errors import UsageError

    found: dict[str, Any] = {}
    for key in (*LISTS, *SINGLE, *NUMBERS):
        value, reader = getattr(args, key), FEED.keys[key]
        if value is None or isinstance(reader, Table):
            continue
        try:
            found[key] = reader(value)
        except WrongValueError as wrong:
            shown = value[wrong.at[0]] if wrong.at and isinstance(wrong.at[0], int) else value
            remark = f" ({wrong.remark})" if wrong.remark else ""
            raise UsageError(
                f"{_option(key)}: {shown!r} is not {wrong.expected}{remark}"
            ) from wrong
        except NotYetError as error:
            raise UsageError(f"{_option(key)} {value!r} is not available yet") from error
    return found


def changed(feed: Feed, args: argparse.Namespace) -> Feed:
    """The feed by the rules of the options; its own where they say nothing."""
    from feedsvc.settings import Feed

    usual = Feed(name=feed.name)
    dropped = {key.replace("-", "_") for key in args.without}
    rules = {key: getattr(usual, key) for key in dropped}
    return replace(feed, **(rules | given(args)))


def _option(key: str) -> str:
    return f"--{key.replace('_', '-')}"
