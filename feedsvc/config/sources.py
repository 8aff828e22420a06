"""`[[source]]`: what each is, where its articles are, and the name it has or gets."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from feedsvc.config.discover import rooted
from feedsvc.config.locate import KeyPath
from feedsvc.config.names import made_of, of_address
from feedsvc.config.problems import Problems
from feedsvc.config.remote import Address
from feedsvc.config.secrets import rooted_secret
from feedsvc.config.tables import Item
from feedsvc.settings import Auth, Secret, Source

FOLDER, FEED, OPML = "folder", "feed", "opml"

# The kinds whose keys are known here; those of others are for others to judge.
_NEEDS = {
    FOLDER: 'a path, such as path = "articles"',
    FEED: 'a url, such as url = "https://example.org/feed.xml"',
    OPML: 'a path or a url, such as path = "subscriptions.opml"',
}
_PLACES = {FOLDER: frozenset({"path"}), FEED: frozenset({"url"}), OPML: frozenset({"path", "url"})}
OF_FOLDERS = frozenset({"include", "exclude", "markup", "settle", "link"})
_OF_ADDRESSES = frozenset({"auth", "headers"})
# They have a meaning to come: which entries of a feed, which outlines of a file.
_CHOOSING = frozenset({"include", "exclude"})


def read_sources(
    listed: list[Item], *, root: Path, given: Mapping[str, Any], problems: Problems
) -> tuple[Source, ...]:
    """The sources that could be read; `given` is what they have without saying so.

    A mistake is noted, and then the sources are not to be used.
    """
    sources = []
    taken: dict[str, KeyPath] = {}
    for item in listed:
        values = dict(item.values)
        kind = _kind(item, problems)
        _access(item, values, problems)
        if "path" in values:
            values["path"] = rooted(values["path"], root)
        if "headers" in values:
            values["headers"] = tuple(
                (name, rooted_secret(held, root)) for name, held in values["headers"]
            )
        if isinstance(auth := values.get("auth"), Auth):
            values["auth"] = _rooted_auth(auth, root)
        name = _name(item, values, kind, problems)
        if name is None:
            continue
        key = next((key for key in ("name", "url") if key in item.written), "path")
        claim(name, (*item.path, key), taken, "source", problems)
        filled = {**given, **values, "name": name}
        if kind is not None:
            filled["kind"] = kind
        if filled.get("every") == "auto" and "url" not in values and "every" not in values:
            del filled["every"]  # [defaults] speaks to all, and this one cannot follow
        sources.append(Source(**filled))
    _check_was(listed, taken, problems)
    return tuple(sources)


def claim(
    name: str, path: KeyPath, taken: dict[str, KeyPath], what: str, problems: Problems
) -> None:
    """Names differ in more than case: on some disks the folders would be one."""
    if name.lower() in taken:
        says = f"a second {what} named {name!r}: give each its own 'name'"
        problems.add(path, says, value=True, other=taken[name.lower()])
    taken.setdefault(name.lower(), path)


# -- kinds ---------------------------------------------------------------------------------------


def _kind(item: Item, problems: Problems) -> str | None:
    """The kind, said or told by where the articles are; None if what is said is none."""
    path, written, values = item
    if "kind" in written and "kind" not in values:
        return None
    kind: str = values.get("kind") or (FEED if "url" in written else FOLDER)
    if kind in _NEEDS:
        _check_place(item, kind, problems)
        for key in written.keys() & (OF_FOLDERS | _OF_ADDRESSES):
            if (wrong := _out_of_place(key, kind, written)) is not None:
                problems.add((*path, key), wrong)
    if values.get("every") == "auto" and "url" not in written:
        says = 'every = "auto" is for sources with a url, which say how often they change'
        problems.add((*path, "every"), says, value=True)
    return kind


def _check_place(item: Item, kind: str, problems: Problems) -> None:
    """A path, or a url, as the kind needs it."""
    path, written, _ = item
    places = written.keys() & {"path", "url"}
    said = f'a source of kind "{kind}"' if "kind" in written else "a source"
    if len(places) == 2:
        says = "a source has a path or a url, not both: make two sources of it"
        problems.add((*path, "url"), says)
    elif stray := places - _PLACES[kind]:
        (key,) = stray
        other = FEED if key == "url" else FOLDER
        says = f"{said} has no {key}: leave 'kind' out, or write kind = \"{other}\""
        problems.add((*path, key), says)
    elif not places and not problems.any_below(path):
        needs = _NEEDS[kind]
        if "kind" not in written:
            needs = (
                'a path or a url, such as path = "articles" or url = "https://example.org/feed.xml"'
            )
        problems.add(path, f"{said} needs {needs}")


def _out_of_place(key: str, kind: str, written: Mapping[str, Any]) -> str | None:
    """What is wrong with a key that not every kind has, if anything."""
    if key in _OF_ADDRESSES:
        return None if "url" in written else f"{key!r} is for sources with a url"
    if kind == FOLDER:
        return None
    if key in _CHOOSING:
        return (
            f"{key!r} is not available for feeds in this version of feedsvc: "
            "a [[feed]] chooses with 'match' and 'exclude'"
        )
    return f"{key!r} is for folders: a remote feed has no use for it"


# -- access --------------------------------------------------------------------------------------


def _access(item: Item, values: dict[str, Any], problems: Problems) -> None:
    """The credentials of a source, wherever they were written, as one `auth`."""
    path, written, _ = item
    address: Address | None = values.pop("url", None)
    held: Auth | None = None
    if address is not None:
        values["url"] = address.url
        if address.user is not None:
            held = Auth(user=address.user, password=Secret(value=address.password))
    here = (*path, "auth")
    if "auth" in values:
        values["auth"] = _auth(values["auth"], here, problems)
        if held is not None:
            problems.add(here, "the url holds a user name too: say it once")
    elif held is not None:
        values["auth"] = held
    for name, _ in values.get("headers", ()):
        if name.lower() == "authorization" and ("auth" in written or held is not None):
            says = "this header is what 'auth' makes: leave one of them out"
            problems.add((*path, "headers", name), says)


def _auth(read: dict[str, Any], path: KeyPath, problems: Problems) -> Auth | None:
    """What one table says; None, and a problem, if it is no credential."""
    wrong = None
    if "token" in read and len(read) > 1:
        wrong = "a token stands alone: leave it out, or user and password"
    elif "password" in read and "user" not in read:
        wrong = 'a password needs a user beside it, such as user = "reader"'
    elif "user" in read and "password" not in read:
        wrong = 'a user needs a password beside it: password = { env = "PASSWORD" }'
    elif not read:
        wrong = 'auth is a user and a password, or a token, such as token = { env = "TOKEN" }'
    if wrong is None:
        return Auth(**read)
    if not problems.any_below(path):
        problems.add(path, wrong)
    return None


def _rooted_auth(auth: Auth, root: Path) -> Auth:
    password = rooted_secret(auth.password, root) if auth.password else None
    token = rooted_secret(auth.token, root) if auth.token else None
    return Auth(user=auth.user, password=password, token=token)


# -- names ---------------------------------------------------------------------------------------


def _name(
    item: Item, values: Mapping[str, Any], kind: str | None, problems: Problems
) -> str | None:
    """The name of a source, said or made of where it is; None if something is wrong with it."""
    path, written, _ = item
    if "name" in written:
        return values.get("name")
    if "url" in values:
        return of_address(values["url"])
    if "path" in values:
        name = _of_path(values["path"], kind)
        if name is None:
            says = 'no name follows from this path: add one, such as name = "politik"'
            problems.add((*path, "path"), says, value=True)
        return name
    if not written.keys() & {"path", "url"} and not problems.any_below(path):
        says = 'a source without a path or a url needs a name, such as name = "politik"'
        problems.add(path, says)
    return None


def _of_path(path: Path, kind: str | None) -> str | None:
    """The last part of a path; of an OPML file, without its ending."""
    last = path if path.name not in {"", ".."} else path.resolve()
    return made_of(last.stem if kind == OPML else last.name)


def _check_was(listed: list[Item], taken: Mapping[str, KeyPath], problems: Problems) -> None:
    """A former name belongs to one source, and to none that is still there."""
    former: dict[str, KeyPath] = {}
    for path, _, values in listed:
        if (was := values.get("was")) is None:
            continue
        here = (*path, "was")
        if was.lower() in taken:
            problems.add(here, f"the source {was!r} is still here: 'was' is for a former name")
        elif was in former:
            problems.add(here, f"{was!r} can become one source only", other=former[was])
        former.setdefault(was, here)
