"""Where what is no longer published has gone: rows without chains and without loops.

    moved(rows, "old/", "new/")  ->  rows that lead every reader there in one step

A row whose path ends in `/` speaks for everything below it, and for the path without the slash; a
precise one wins, then the longest. Its target takes along what stands behind the path, if it ends
in `/`, too. A target is a path of ours or an address; None says that it is gone (410).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

Rows = Mapping[str, str | None]

_ADDRESSES = ("http://", "https://")


def is_address(target: str) -> bool:
    """Whether a target lies somewhere else, where we know of no redirects."""
    return target.lower().startswith(_ADDRESSES)


def is_feed(path: str) -> bool:
    """Whether a path is the folder of a whole feed."""
    return path.count("/") == 1 and path.endswith("/")


def covering(rows: Collection[str], path: str) -> str | None:
    """The path of the row that speaks for `path`, if one does."""
    if path in rows:
        return path
    if f"{path}/" in rows:
        return f"{path}/"
    end = path.rfind("/", 0, -1)
    while end >= 0:
        if path[: end + 1] in rows:
            return path[: end + 1]
        end = path.rfind("/", 0, end)
    return None


def moved(rows: Rows, path: str, target: str) -> dict[str, str | None]:
    """The rows when what was at `path` is at `target` now; raises ValueError for no such move."""
    path = _path(path)
    target = target if is_address(target) else _path(target)
    others = {known: leads for known, leads in rows.items() if known != path}
    if target == path:
        return others
    if covering((path,), target) is not None:
        raise ValueError(f"{path} cannot move to {target}: that is a part of it")
    found, end = _end({**others, path: target}, target)
    if not found and target in others:
        # What moved away from there has come back.
        del others[target]
        found, end = _end({**others, path: target}, target)
    return _settled({**others, path: end} if found else others)


def gone(rows: Rows, path: str) -> dict[str, str | None]:
    """The rows when what was at `path` is taken down; what had moved there is gone with it."""
    return _settled({**rows, _path(path): None})


def alive(rows: Rows, path: str) -> dict[str, str | None]:
    """The rows when something is published at `path` again."""
    path = _path(path)
    return {known: leads for known, leads in rows.items() if known not in (path, path.rstrip("/"))}


def renamed_feeds(
    rows: Rows, configured: Collection[str], known: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The feeds that the store knows by one name and the configuration by another: old and new.

    The redirect that a move leaves joins the two, in either direction: whoever puts the old name
    back into the configuration, or builds with one that was read before the move, goes on with the
    same feed instead of losing it.
    """
    for path, target in sorted(rows.items()):
        if target is None or not (is_feed(path) and is_feed(target)):
            continue
        old, new = path[:-1], _latest(rows, target, configured)[:-1]
        if old in known and old not in configured and new in configured:
            yield old, new
        elif new in known and new not in configured and old in configured and old not in known:
            yield new, old


def _latest(rows: Rows, target: str, configured: Collection[str]) -> str:
    """What a feed is called by now, when moves of it were noted one after the other, and not made.

    Each of the commands was killed before it came that far.
    """
    passed: set[str] = set()
    while target[:-1] not in configured and target not in passed:
        passed.add(target)
        onto = rows.get(target)
        if onto is None or not is_feed(onto):
            break
        target = onto
    return target


def _path(path: str) -> str:
    path = path.lstrip("/")
    if not path:
        raise ValueError("the whole site neither moves nor goes")
    return path


def _settled(rows: Rows) -> dict[str, str | None]:
    """The rows with every target at the end of its chain, without those that lead nowhere."""
    left = dict(rows)
    for path, target in sorted(rows.items()):
        if target is None:
            continue
        found, end = _end(left, target)
        if found and (end is None or covering((path,), end) is None):
            left[path] = end
        else:
            del left[path]
    return left


def _end(rows: Rows, target: str) -> tuple[bool, str | None]:
    """Where a reader who is sent to `target` ends; not found if that is nowhere."""
    end: str | None = target
    for _ in range(len(rows) + 1):
        if end is None or is_address(end):
            return True, end
        path = covering(rows, end)
        if path is None:
            return True, end
        end = onward(path, rows[path], end)
    return False, None


def onward(path: str, target: str | None, asked: str) -> str | None:
    """Where the row of `path` sends a reader who asked for a path that it covers."""
    if target is None or not (path.endswith("/") and target.endswith("/")):
        return target
    return target + asked[len(path) :]
