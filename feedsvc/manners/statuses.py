"""What a server means by a status that is no answer, and what an operator can do about it."""

from __future__ import annotations

from typing import NamedTuple


class Meaning(NamedTuple):
    """What is told of one status."""

    words: str
    hint: str  # for the operator of a source
    tried: str | None = None  # for somebody who only tries an address; None: the same


STATUS = {
    401: Meaning("it wants a password", "set `auth` of the source"),
    402: Meaning("it wants to be paid", "ask its operator"),
    403: Meaning(
        "we are not let in", "its operator may refuse feed readers: sync.user_agent names us"
    ),
    404: Meaning(
        "there is no such document",
        "is `url` right? `feedsvc source test` looks for the feed",
        tried="is it right? That of the site itself will do, if it announces its feed",
    ),
    410: Meaning(
        "it is gone for good",
        "remove the source if it stays so",
        tried="look on its site for another one",
    ),
    429: Meaning("we ask too often", "raise `every` of the source", tried="try again later"),
    451: Meaning("the law forbids it", "remove the source", tried="take another source"),
}
