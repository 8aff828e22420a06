"""Which file is the configuration, and where its relative paths start."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from feedsvc.errors import ConfigError

FILENAME = "feedsvc.toml"
VARIABLE = "FEEDSVC_CONFIG"


def find(path: Path | None, *, cwd: Path, environ: Mapping[str, str]) -> Path:
    """The absolute path of the configuration file.

    It is what `path` (`--config`) or $FEEDSVC_CONFIG names, or else the first that is there of
    ./feedsvc.toml, ./config/feedsvc.toml, the user's and the system's. Raises ConfigError.
    """
    named, by = path, "--config"
    if named is None and environ.get(VARIABLE):  # an empty variable is an unset one
        named, by = Path(environ[VARIABLE]), VARIABLE
    if named is not None:
        file = cwd.absolute() / expand(named)
        if not _is_there(file):
            raise ConfigError(f"{by} names {named}, and there is no such file")
        # `root_of` asks for the folder's name; links stay as they are as far as that goes
        return file.parent.resolve() / file.name if ".." in file.parts else file
    places = list(_places(cwd.absolute()))
    for place in places:
        if _is_there(place):
            return place
    looked = ", ".join(shorten(place, cwd) for place in places)
    raise ConfigError(f"no configuration found: looked for {looked}\n`feedsvc init` writes one")


def root_of(file: Path) -> Path:
    """The folder at which the relative paths of a configuration file start."""
    folder = file.parent
    return folder.parent if folder.name == "config" else folder


def expand(path: Path) -> Path:
    """`path` with its `~` replaced; it stays as it is if there is no such home."""
    try:
        return path.expanduser()
    except RuntimeError:
        return path


def rooted(written: str | Path, root: Path) -> Path:
    """A path of the file: relative ones start at `root`."""
    return root / expand(Path(written))


def shorten(path: Path, cwd: Path) -> str:
    """A path as messages show it: relative to where we are if it lies below."""
    here = cwd.absolute()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _places(cwd: Path) -> Iterator[Path]:
    yield cwd / FILENAME
    yield cwd / "config" / FILENAME
    from platformdirs import PlatformDirs  # start-up: most have one of the above

    dirs = PlatformDirs("feedsvc", appauthor=False, multipath=True)
    for folder in dirs.iter_config_paths():
        yield folder / FILENAME


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return False
    return True
