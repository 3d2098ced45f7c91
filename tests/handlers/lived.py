"""Data folders in which most things happened, for tests that break them."""

from __future__ import annotations

from pathlib import Path

from eventstore.checkpoints import Checkpoints
from fdo.agent import Agent
from fdo.lifecycle import Merge
from handlers.curation import Curation
from handlers.following.witness import Witness
from handlers.verification import verify_log
from tests.eventstore.story import BY, Objects
from tests.handlers.following.story import Signing, followed, guarded
from tests.handlers.harvest.collection import CLOSED, Collection, image, row


def lived(place: Path) -> Path:
    """A log of its own, signed three times by two keys."""
    collection = Collection(place)
    collection.harvest(
        [row(1), row(2), row(3, license=CLOSED), row(4)], [image(1, "a"), image(2, "b", CLOSED)]
    )
    checkpoints = Checkpoints(collection.objects.recorder)
    checkpoints.make()
    collection.harvest([row(1, country="Latvia"), row(3)], [image(1, "a")])
    checkpoints.rotate()
    one, other = (h.pid for h in collection.log.heads() if h.type == "specimen" and h.version == 1)
    by = {"@type": "schema:Person", "schema:name": "Test"}
    ending = Merge(other, "the same sheet", by, "2026-04-01T12:00:00.000Z")
    collection.objects.handle(ending, pid=one, kind="specimen", by=BY)
    curation = Curation(collection.objects, Agent("urn:x", "X"))
    changed = next(h.pid for h in collection.log.heads() if h.version == 2)
    curation.erase(curation.erasable(changed, version=1), "asked for")
    checkpoints.make()
    assert verify_log(collection.objects) == []
    collection.objects.close()
    return collection.place / "data"


def mirrored(place: Path) -> Path:
    """The mirror of a log of which not everything is public, with a checkpoint of its source."""
    source, mirror = guarded(place / "source"), Objects(place / "mirror")
    near = Signing(source)
    followed(mirror, near)
    Witness(mirror.objects, near).look()  # type: ignore[arg-type]
    assert verify_log(mirror.objects) == []
    folder = Path(mirror.objects.recorder.path).parent
    mirror.objects.close()
    source.objects.close()
    return folder
