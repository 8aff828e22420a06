"""What a rule says of one article, in words: half of `explain.py`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from feedsvc.model import Article, State
from feedsvc.settings import Feed
from feedsvc.store.rules import as_label
from feedsvc.store.searched import Seen, searched
from feedsvc.text.html import plain

_NAMED = 20  # words of an article that are listed
_AROUND = 30  # characters shown on each side of what an expression found


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An article with all that rules ask of it."""

    row: int
    article: Article
    parent: str | None  # the OPML source its source stands in
    reason: str | None
    verdict: str | None
    tags: tuple[str, ...]  # as labels hold them
    authors: tuple[str, ...]
    at: int

    def words(self, kind: str) -> tuple[str, ...]:
        """Its words of one kind: tag, author or source."""
        return {"tag": self.tags, "author": self.authors, "source": (self.article.source,)}[kind]


def said_of(rule: str, feed: Feed, known: Known) -> str:
    """What there is to say of a rule of `feed` and an article, whether it fits or not."""
    article = known.article
    match rule:
        case "state":
            return _state(known)
        case "due":
            return f"not before {_time(article.due)}" if article.due else "at once"
        case "expires":
            return f"until {_time(article.expires)}"
        case "since":
            return f"published {_time(article.published)}; the feed goes back {_span(feed.since)}"
        case "sources" | "exclude_sources":
            within = f", in {known.parent}" if known.parent else ""
            return f"of {article.source}{within}; {_asked(rule, getattr(feed, rule))}"
        case "language":
            return f"{article.language or 'no language'}; asked for is {feed.language}"
        case "exclude_languages":
            return f"{article.language or 'no language'}; {_asked(rule, feed.exclude_languages)}"
        case "tags" | "exclude_tags":
            return _labels(rule, known.tags, getattr(feed, rule))
        case "authors" | "exclude_authors":
            return _labels(rule, known.authors, getattr(feed, rule))
        case "per":
            return _facet(feed, known)
        case "match" | "exclude":
            return _words(rule, feed, known)
    raise ValueError(f"no rule '{rule}'")


def _state(known: Known) -> str:
    state = known.article.state_at(datetime.fromtimestamp(known.at, UTC))
    why = f": {known.reason}" if known.reason else ""
    if known.verdict is not None:
        return f"{known.verdict} by the operator{why}"
    if known.article.state is State.HELD:
        return "held: its author marked it as a draft"
    return f"{state.value}{why}"


def _asked(rule: str, words: Iterable[str]) -> str:
    listed = ", ".join(words)
    return f"left out are {listed}" if rule.startswith("exclude") else f"asked for is {listed}"


def _labels(rule: str, held: tuple[str, ...], asked: tuple[str, ...]) -> str:
    shared = [word for word in asked if as_label(word) in held]
    has = f"has {_listed(shared or held)}"
    return f"{has}; {_asked(rule, asked)}"


def _listed(words: Sequence[str]) -> str:
    """The first of many words, and how many there are beside them."""
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more or "none"


def _facet(feed: Feed, known: Known) -> str:
    if feed.facet is not None:
        kind, word = feed.facet
        return f"has {_listed(known.words(kind))}; the feed is that of the {kind} {word}"
    kind = feed.per or ""
    words = known.words(kind)
    return f"in the feeds of {_listed(words)}" if words else f"has no {kind}"


def _words(rule: str, feed: Feed, known: Known) -> str:
    pattern = feed.match if rule == "match" else feed.exclude
    if pattern is None:
        raise ValueError(f"the feed has no '{rule}'")
    article = known.article
    text = "\n".join((article.title, article.summary or "", plain(article.html, None)))
    there = searched(pattern).has(Seen(known.row, article.seen))
    if there is None:
        return f"{pattern.pattern!r} takes too long on its words, so that it is left out"
    found = pattern.search(text) if there else None
    if found is None:
        return f"{pattern.pattern!r} is not in its words"
    start, end = max(0, found.start() - _AROUND), found.end() + _AROUND
    shown = " ".join(text[start : min(end, start + 200)].split())
    return f"{pattern.pattern!r} is in its words: …{shown}…"


def _time(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}" if moment else "never"


def _span(span: timedelta | None) -> str:
    from feedsvc.config.units import write_duration

    return write_duration(span) if span else "for ever"
