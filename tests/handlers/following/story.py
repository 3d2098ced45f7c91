"""A log with something of everything, and a source that answers without a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from api.feeds.events import section
from eventstore.checkpoints import Checkpoints
from fdo.documents import canonical
from fdo.lifecycle import (
    Activate,
    Merge,
    Note,
    Register,
    Release,
    Revise,
    Status,
    Tombstone,
    Withhold,
)
from handlers.following.mirror import Mirroring, Step
from tests.eventstore.story import AT, BY, Objects, pid, specimen
from tests.fdo.story import CURATOR

SECRET = "Do not tell"


def stub(number: int, version: int) -> dict[str, Any]:
    """What a source keeps of a document that may not be published."""
    kept = Objects.stamp(number, "x", version)
    for term in ("ods:specimenName", "ods:status"):
        del kept[term]
    return kept | {"dcterms:license": "unknown", "reason": "No licence.", "dwc:remark": SECRET}


def public(folder: Path) -> Objects:
    """A log of which everything is public: revisions, a merge, an end, an erasure, a gap."""
    objects = Objects(folder)
    for number in range(1, 6):
        objects.register(number, verbatim=canonical({"core": {"n": str(number)}}), observed_at=5)
    objects.do(1, Revise(objects.stamp(1, "Larix decidua", 2)))
    objects.do(
        1, Note("HarvestCompleted", {"harvest": 1, "not_seen": [str(pid(2))], "seen_again": {}})
    )
    objects.do(2, Tombstone("Lost.", CURATOR, AT))
    objects.do(3, Merge(pid(4), "Same.", CURATOR, AT))
    erase(objects, 1, 1)
    with objects.objects.recorder.datastore.transaction(commit=True) as cursor:
        cursor.execute("UPDATE sqlite_sequence SET seq=seq+5 WHERE name='events'")
    objects.register(6)
    return objects


def erase(objects: Objects, number: int, *positions: int) -> None:
    """Take the name out of what these events say."""
    redacted = canonical({**objects.stamp(number, "(erased)", 1), "@id": pid(number).iri})
    objects.objects.erase(pid(number), positions, redacted, BY)


def guarded(folder: Path) -> Objects:
    """A log of which not everything is public."""
    objects = Objects(folder)
    objects.register(1, SECRET, verbatim=canonical({"core": {"n": SECRET}}))
    objects.do(1, Withhold(stub(1, 2)))
    objects.do(2, Register(objects.stamp(2, SECRET, 1), Status.DRAFT))
    objects.do(3, Register(objects.stamp(3, SECRET, 1), Status.DRAFT))
    objects.do(3, Activate(objects.stamp(3, "Picea abies", 2)))
    objects.do(4, Register(stub(4, 1), Status.PID_ONLY), verbatim=canonical({"core": SECRET}))
    objects.do(5, Register(stub(5, 1), Status.PID_ONLY), verbatim=canonical({"core": SECRET}))
    objects.do(5, Release(objects.stamp(5, "Pinus mugo", 2)))
    objects.do(4, Tombstone("Lost.", CURATOR, AT))
    objects.register(6, verbatim=canonical({"core": {"n": "6"}}))
    return objects


class Near:
    """A source in the same process; `change` alters what it sends."""

    address = "http://source.example"

    def __init__(self, objects: Objects, change: Callable[[bytes], bytes] = lambda b: b) -> None:
        self.objects, self.change = objects, change
        self.limit = 3

    def get(self, path: str, query: Mapping[str, Any], accept: str) -> bytes:
        """The section asked for, a short one."""
        assert path == "/changes/events" and accept == "application/x-ndjson"
        return self.change(section(self.objects.log, query["since"], self.limit))


class Signing(Near):
    """A source that shows its checkpoints too."""

    def __init__(self, objects: Objects) -> None:
        super().__init__(objects)
        self.checkpoints = Checkpoints(objects.objects.recorder)
        self.note: str | None = None

    def get(self, path: str, query: Mapping[str, Any], accept: str) -> bytes:
        """The newest checkpoint and the keys, else what a source shows."""
        if path == "/checkpoint":
            return (self.note or self.checkpoints.make().note).encode()
        if path == "/api/log/keys":
            keys = [{"vkey": vkey, "since": since} for vkey, since in self.checkpoints.vkeys()]
            return orjson.dumps({"keys": keys, "rotations": self.checkpoints.rotations()})
        return super().get(path, query, accept)


def followed(mirror: Objects, source: Near, *, adopt: bool = False) -> list[Step]:
    """Follow until nothing is new."""
    steps: list[Step] = []
    with Mirroring(mirror.objects, mirror.folder, source, adopt=adopt) as mirroring:  # type: ignore[arg-type]
        while not steps or steps[-1].events:
            steps.append(mirroring.step())
    return steps


def rows(objects: Objects, table: str) -> list[tuple[Any, ...]]:
    """Every row of a table of the log, as it is stored."""
    return [tuple(row) for row in objects.objects.recorder.rows(f"SELECT * FROM {table}")]


__all__ = ["SECRET", "Near", "erase", "followed", "guarded", "public", "rows", "specimen"]
