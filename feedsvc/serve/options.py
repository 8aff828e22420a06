"""What the server process is told of its settings: one line of JSON on its standard input.

Not on its command line, which everybody on the machine may read.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path
from typing import Self

from feedsvc.serve.clients import Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How requests are looked at, beside what is answered to them."""

    admission: bytes | None = None  # the SHA-256 of the token that opens metrics
    trusted: tuple[Network, ...] = ()
    access_log: Path | None = None
    addresses: bool = False  # in that log

    @classmethod
    def of(
        cls,
        *,
        token: str | None,
        trusted: Sequence[Network],
        access_log: Path | None,
        addresses: bool,
    ) -> Self:
        """The options for these settings; the token itself stays where it is."""
        return cls(
            admission=None if token is None else sha256(token.encode()).digest(),
            trusted=tuple(trusted),
            access_log=access_log,
            addresses=addresses,
        )

    def dump(self) -> bytes:
        """The line."""
        told = {
            "admission": self.admission.hex() if self.admission else None,
            "trusted": [str(network) for network in self.trusted],
            "access_log": str(self.access_log) if self.access_log else None,
            "addresses": self.addresses,
        }
        return json.dumps(told).encode() + b"\n"

    @classmethod
    def load(cls, line: bytes) -> Self:
        """What `dump` wrote; raises ValueError."""
        told = json.loads(line)
        return cls(
            admission=bytes.fromhex(told["admission"]) if told["admission"] else None,
            trusted=tuple(map(ip_network, told["trusted"])),
            access_log=Path(told["access_log"]) if told["access_log"] else None,
            addresses=told["addresses"],
        )
