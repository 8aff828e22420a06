"""A request as the engine hands it over, made by hand."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Lines:
    """Header lines; those of `unreadable` have a value that is not visible ASCII."""

    lines: tuple[tuple[str, str], ...] = ()
    unreadable: tuple[str, ...] = ()

    def get(self, key: str, /) -> str | None:
        return next(iter(self.get_all(key)), None)

    def get_all(self, key: str, /) -> list[str]:
        return [value for name, value in self.lines if name == key]

    def items(self) -> list[tuple[str, str]]:
        return list(self.lines)

    def keys(self) -> list[str]:
        return [*dict.fromkeys(name for name, _ in self.lines), *self.unreadable]

    def __contains__(self, key: str, /) -> bool:
        return key in self.keys()


@dataclass(frozen=True)
class Asked:
    """A request."""

    path: str = "/all/atom.xml"
    method: str = "GET"
    http_version: str = "1.1"
    query_string: str = ""
    client: str = "127.0.0.1:50000"
    headers: Lines = field(default_factory=Lines)


def asked(
    path: str = "/all/atom.xml",
    *,
    client: str = "127.0.0.1:50000",
    method: str = "GET",
    query: str = "",
    http_version: str = "1.1",
    unreadable: tuple[str, ...] = (),
    **headers: str | list[str],
) -> Asked:
    """A request; names of header lines are written with underscores, several lines as a list."""
    lines = tuple(
        (name.replace("_", "-"), value)
        for name, values in headers.items()
        for value in ([values] if isinstance(values, str) else values)
    )
    return Asked(path, method, http_version, query, client, Lines(lines, unreadable))
