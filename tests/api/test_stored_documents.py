"""What stands in a log is openDS: read back from it, every document keeps openDS's own schemas."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import orjson
import pytest

from api.demo import LOG
from eventstore.application import DigitalObjects
from fdo.documents import Document
from fdo.representations.annotation.opends import to_opends
from handlers.harvest.harvest import Harvest
from handlers.harvest.options import Options
from tests.opends_reference import THEIRS, their_validator

NATURALIS = "https://ror.org/0566bfb96"
WHOLE = ("active", "tombstone")
"""States whose document is one of openDS; of a PID-only object there is a stub."""


def breaches(documents: Iterable[tuple[str, Document]], schemas: Path) -> Counter[str]:
    """What the documents break, by type and place; an annotation is held in the W3C's form, so its
    openDS face is looked at."""
    found = Counter[str]()
    for kind, document in documents:
        said = to_opends(document, {})[0] if kind == "annotation" else document
        for wrong in their_validator(schemas, kind).iter_errors(orjson.loads(orjson.dumps(said))):
            found[f"{kind} {wrong.instance_path}: {wrong.message:.200}"] += 1
    return found


def test_every_version_in_the_sample_log_is_opends(shared_data: Path) -> None:
    with gzip.open(LOG, "rb") as lines:
        events = [event for line in lines if "topic" in (event := orjson.loads(line))]
    stored = [
        (event["meta"]["type"], event["document"])
        for event in events
        if event["document"] and event["salt"] and event["meta"]["status"] in WHOLE
    ]
    looked_at = [(kind, document) for kind, document in stored if kind in THEIRS]
    assert {kind for kind, _ in looked_at} == set(THEIRS)
    assert len(looked_at) > 200
    assert breaches(looked_at, shared_data / "openDS") == {}


@pytest.mark.parametrize(
    ("name", "holder", "kinds"),
    [
        ("mnhnl-fossils-20-associated-media.zip", None, {"specimen": 20}),
        ("naturalis-tunicata-14-ac-multimedia.zip", NATURALIS, {"specimen": 14, "media": 14}),
    ],
)
def test_what_a_real_archive_left_in_the_log_is_opends(
    name: str, holder: str | None, kinds: dict[str, int], shared_data: Path, tmp_path: Path
) -> None:
    objects = DigitalObjects(tmp_path / "data", durability="normal")
    options = Options(organisation=holder)
    Harvest(objects, tmp_path / "workspace", options).run(str(shared_data / "dwca" / name))
    stored = [
        (event.type, event.document)
        for event in objects.log.section(0, 1_000)
        if not event.operational and event.status.value in WHOLE
    ]
    assert Counter(kind for kind, _ in stored) >= Counter(kinds)
    assert breaches(stored, shared_data / "openDS") == {}
    objects.close()
