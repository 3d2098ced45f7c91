"""What the dispatcher is started with; told over a pipe, because some of it is secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import orjson

from handlers.mas.scheduling import JOBS_PER_CAUSE
from handlers.mas.secrets import Secrets

IN_FLIGHT = 512
"""Jobs that one queue of our own holds at most; services behind other doors get fewer."""


@dataclass(frozen=True)
class Plan:
    """The choices of whoever runs the repository, as plain values."""

    folder: Path
    base: str
    """Public address, for services that fetch files and answer over HTTP."""
    prefixes: Mapping[str, str]
    durability: Literal["full", "normal"] = "full"
    in_flight: int = IN_FLIGHT
    jobs_per_cause: int = JOBS_PER_CAUSE
    auto_accept: bool = False
    """Whether services that ask for it may have sure proposals approved at once."""
    rejecting: tuple[str, ...] = ()
    """Types whose shapes reject."""
    carriers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Transport → its own choices (addresses, limits)."""
    secrets: Secrets = field(default_factory=lambda: Secrets({}))

    def told(self) -> bytes:
        """As one line of JSON."""
        said = {**asdict(self), "folder": str(self.folder), "secrets": self.secrets.values()}
        return orjson.dumps(said) + b"\n"

    @classmethod
    def heard(cls, line: bytes) -> Plan:
        """The plan of such a line."""
        said = orjson.loads(line)
        return cls(
            **{
                **said,
                "folder": Path(said["folder"]),
                "rejecting": tuple(said["rejecting"]),
                "secrets": Secrets(said["secrets"]),
            }
        )
