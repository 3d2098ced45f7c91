"""Publishes read-only copies of a store exactly as the graph projection does, for tests."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import orjson
from pyoxigraph import RdfFormat, Store


class Publisher:
    """A live store and the folder in which its copies appear."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "graph"
        (self.folder / "checkpoints").mkdir(parents=True)
        self.store = Store(os.fspath(folder / "live"))
        self.position = 0

    def load(self, nquads: str) -> Publisher:
        """Take in these quads; `publish` makes them visible."""
        self.store.bulk_load(nquads.encode(), format=RdfFormat.N_QUADS)
        return self

    def publish(self) -> int:
        """Copy the store, then name the copy in `current`; the position rises by one."""
        self.position += 1
        name = f"{self.position:06}"
        self.store.backup(os.fspath(self.folder / "checkpoints" / name))
        pointer = {
            "checkpoint": name,
            "position": self.position,
            "recorded_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        written = self.folder / "current.new"
        written.write_bytes(orjson.dumps(pointer))
        written.replace(self.folder / "current")
        return self.position


def people(count: int, first: int = 0) -> str:
    """As many people with a name, an age and a friend, as N-Quads."""
    lines = []
    for i in range(first, first + count):
        person = f"<http://example.org/person/{i}>"
        lines.append(f'{person} <http://xmlns.com/foaf/0.1/name> "Person {i}" .')
        lines.append(
            f"{person} <http://xmlns.com/foaf/0.1/age> "
            f'"{i % 90}"^^<http://www.w3.org/2001/XMLSchema#integer> .'
        )
        lines.append(
            f"{person} <http://xmlns.com/foaf/0.1/knows> "
            f"<http://example.org/person/{(i * 7 + 1) % count}> ."
        )
    return "\n".join(lines) + "\n"
