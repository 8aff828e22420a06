"""The word somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The one of `words` that is most like `word`, compared without case."""
    from difflib import get_close_matches  # start-up: only mistakes need it

    by_fold = {each.casefold(): each for each in words}
    close = get_close_matches(word.casefold(), by_fold, n=1)
    return by_fold[close[0]] if close else None
