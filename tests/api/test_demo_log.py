"""The recorded sample tells what pages of the demo need: a model that was measured, images."""

from __future__ import annotations

import gzip
import hashlib
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from api.demo import LOG
from api.demo.drawing import DRAWN, main
from api.demo.pictures import IMAGES
from api.demo.show import _fill
from api.demo.source import MEDIA_BASE
from api.media.routes import media_files
from api.settings import Settings
from eventstore.application import DigitalObjects
from eventstore.transfer import read_log

Event = dict[str, Any]


@pytest.fixture(scope="module")
def events() -> list[Event]:
    with gzip.open(LOG, "rb") as lines:
        return [event for line in lines if "topic" in (event := orjson.loads(line))]


def latest(events: list[Event], kind: str) -> dict[str, dict[str, Any]]:
    """PID → the newest document of each object of a type."""
    return {
        event["object"]: event["document"]
        for event in events
        if event["meta"].get("type") == kind and event["document"]
    }


def test_the_proposals_of_the_service_come_from_a_model_that_curators_judged(
    events: list[Event],
) -> None:
    (model,) = latest(events, "ml-model").values()
    sets = {one["@id"] for one in latest(events, "ml-dataset").values()}
    (service,) = latest(events, "machine-annotation-service").values()
    made = [
        one for one in latest(events, "annotation").values() if one.get("col:model") == model["@id"]
    ]
    decided = Counter(one["ods:mergingDecisionStatus"] for one in made)
    assert set(decided) == {"Approved", "Rejected", "Pending"}
    assert service["col:model"] == model["@id"]
    assert {one["dcterms:creator"][0]["schema:identifier"] for one in made} == {
        service["schema:identifier"]
    }
    assert set(model["fair4ml:trainedOn"]) < sets
    measured = {one["col:metric"]: one for one in latest(events, "ml-evaluation").values()}
    assert {one["col:model"] for one in measured.values()} == {model["@id"]}
    assert set(measured["exact matches"]["fair4ml:evaluatedOn"]) < sets
    share = measured["acceptance rate"]
    approved, judged = decided["Approved"], decided["Approved"] + decided["Rejected"]
    assert (share["col:measured"], share["col:objectCount"]) == (
        round(approved / judged, 6),
        judged,
    )


def test_the_drawn_images_are_those_that_the_history_saw(events: list[Event]) -> None:
    said = [event for event in events if event["topic"].startswith("MediaMediaChecked")]
    media = latest(events, "media")
    seen = {media[one["object"]]["ac:accessURI"]: one["meta"]["detail"]["sha256"] for one in said}
    assert seen == {
        f"{MEDIA_BASE}/{name}": hashlib.sha256((IMAGES / name).read_bytes()).hexdigest()
        for name in DRAWN
    }


def test_the_images_are_drawn_again_alike_and_are_light(tmp_path: Path) -> None:
    main(tmp_path)
    for name in DRAWN:
        with Image.open(IMAGES / name) as kept, Image.open(tmp_path / name) as anew:
            assert (kept.format, kept.size) == (anew.format, anew.size) == ("JPEG", kept.size)
    assert sum((IMAGES / name).stat().st_size for name in DRAWN) < 100_000


def test_a_start_that_was_cut_off_before_the_images_came_is_made_good(tmp_path: Path) -> None:
    objects, settings = DigitalObjects(tmp_path), Settings(data=tmp_path)
    with gzip.open(LOG, "rb") as lines:
        read_log(objects, lines)
    at = objects.log.position()
    places = {f"media:{MEDIA_BASE}/{name}": IMAGES / name for name in DRAWN}
    images = {head.pid: places[claim] for claim, head in objects.log.claimed(places).items()}
    laid = []
    for _ in range(2):
        _fill(settings, quiet=True)
        with closing(media_files(settings, objects)) as files:
            for pid, image in images.items():
                assert files.file(pid).file.path.read_bytes() == image.read_bytes()
            laid.append([files.known(pid)[0] for pid in images])
    assert laid[0] == laid[1], "what is there is not laid again"
    assert len(laid[0]) == len(DRAWN) > 0
    assert objects.log.position() == at, "of which the log knew already"
    objects.close()
