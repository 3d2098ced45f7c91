"""Whatever stands in a log as an annotation is one by the W3C's schemas, however it came there."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from pathlib import Path

import orjson

from api.demo import LOG
from fdo.documents import Document
from fdo.lifecycle import Status
from fdo.representations.annotation.w3c import to_w3c
from handlers.curation import Curation
from tests.api.annotations.reviewing import ANNA, LOCALITY, ROBOT, Reviewing
from tests.fdo.representations.annotation.w3c_schemas import broken


def breaches(documents: Iterable[Document], folder: Path) -> dict[str, list[str]]:
    """What the faces of annotations break, by their PIDs."""
    faces = (orjson.loads(orjson.dumps(to_w3c(document))) for document in documents)
    found = {face["id"]: broken(folder, "annotations", face) for face in faces}
    return {name: wrong for name, wrong in found.items() if wrong}


def test_every_annotation_in_the_sample_log_keeps_every_must(shared_data: Path) -> None:
    with gzip.open(LOG, "rb") as lines:
        events = [event for line in lines if "topic" in (event := orjson.loads(line))]
    documents = [
        event["document"]
        for event in events
        if event["meta"]["type"] == "annotation"
        and event["meta"]["status"] == "active"
        and event["document"]
        and event["salt"]
    ]
    assert len(documents) > 10
    assert breaches(documents, shared_data) == {}


def test_what_the_repository_writes_of_annotations_keeps_every_must(
    reviewing: Reviewing, shared_data: Path
) -> None:
    one, other = reviewing.specimen("DH-1"), reviewing.specimen("DH-2")
    accepted, waiting = reviewing.propose(one), reviewing.propose(one, "x", LOCALITY)
    replaced = reviewing.propose(other, "Eesti", by=ROBOT)
    better = reviewing.propose(other, "Viro", by=ROBOT, col_supersedes=replaced.iri)
    reviewing.hands.accept(accepted, ROBOT)
    rated = reviewing.post(f"/api/annotations/{waiting}/ratings", "any", {"stars": 4})
    assert rated.status_code == 201, rated.text
    reviewing.hands.undo(better, "Misread.", ROBOT)
    hands = Curation(reviewing.told.objects, ANNA, waiting=lambda _: [str(waiting)])
    hands.merge(one, other, "The same.")
    log = reviewing.told.objects.log
    events = [log.latest(head.pid) for head in log.heads(limit=100) if head.type == "annotation"]
    documents = [event.document for event in events if event.status is Status.ACTIVE]
    assert len([each for each in documents if "oa:via" in each]) == 2, "both went on"
    assert replaced.iri in {each["@id"] for each in documents}
    assert breaches(documents, shared_data) == {}
