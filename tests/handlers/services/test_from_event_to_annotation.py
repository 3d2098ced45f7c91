"""Shipped services behind the dispatcher: from an event of the log to their annotations in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from fdo.agent import Agent
from fdo.documents import Document
from fdo.identifiers import Pid
from handlers.mas.requests import Requests
from handlers.mas.results import Result
from handlers.mas.services import Service
from handlers.queueing.kit import Work
from handlers.services import make
from handlers.services.enabling import enable
from tests.handlers.mas.story import Repository
from tests.handlers.services.drawn import Held, label, png
from tests.handlers.services.test_image_quality import with_chart
from tests.handlers.services.test_names import COLUMNS, TAXA

STEWARD = Agent("urn:example:steward", "Steward")
HELD = "https://repository.example"


class Shipped(Repository):
    """A repository whose shipped services work in this process, on files that tests hold."""

    def __init__(self, folder: Path, **plan: Any) -> None:
        super().__init__(folder, **plan)
        self.files: dict[str, bytes] = {}
        (folder / "taxa.csv").write_text(",".join(COLUMNS) + TAXA, encoding="utf-8")
        (folder / "services.toml").write_text('[names]\nchecklist = "taxa.csv"\n')

    def enable(self, name: str) -> Document:
        """Register a service and let it work."""
        made = enable(self.objects, name, self.folder, STEWARD)
        service = make(name, self.folder)

        def answering(payload: dict[str, Any]) -> Result:
            held = _Here(self)
            work = Work(payload["jobId"], payload["object"], 1, HELD, payload, held)
            (answer,) = service.annotate([work])
            return Result(work.job_id, answer.annotations, error=answer.error, meta=answer.meta)

        self.answering[name] = answering
        return made.service.document


class _Here(Held):
    """Files that a test gave, and the public documents of the log."""

    def __init__(self, repository: Shipped) -> None:
        self._repository = repository

    def get(self, address: str, version: int) -> bytes:
        """A file, a region of it, or a document."""
        path = address.removeprefix(HELD)
        if path in self._repository.files:
            return self._repository.files[path]
        pid = Pid.parse(path.removeprefix("/").removesuffix("?format=json"))
        return orjson.dumps(self._repository.log.latest(pid).document)


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Shipped]:
    made = Shipped(tmp_path, auto_accept=True)  # yet nothing of theirs is approved unseen
    yield made
    made.close()


def test_a_point_in_the_wrong_place_leads_to_a_proposal(repository: Shipped) -> None:
    service = repository.enable("coordinates")
    georeference = {
        "@type": "ods:Georeference",
        "dwc:decimalLatitude": 46.02,
        "dwc:decimalLongitude": -7.75,
    }
    location = {"@type": "ods:Location", "dwc:country": "Switzerland",
                "ods:hasGeoreference": georeference}  # fmt: skip
    wrong = repository.specimen(
        1, **{"ods:hasEvents": [{"@type": "ods:Event", "ods:hasLocation": location}]}
    )
    repository.specimen(2)  # without coordinates: no work for this service
    repository.settle()
    (found,) = repository.annotations()
    assert found["oa:motivatedBy"] == ["oa:editing"]
    assert found["oa:hasTarget"][0]["oa:hasSource"] == wrong.iri
    assert found["ods:mergingDecisionStatus"] == "Pending"
    assert found["dcterms:creator"][0]["schema:identifier"] == service["schema:identifier"]
    assert found["col:executionProvider"] == "CPU"
    assert repository.states() == {str(wrong): "completed"}


def test_a_label_leads_to_its_text_and_its_name_to_an_identification(repository: Shipped) -> None:
    """An image comes in; its lines are read; a name among them is matched; the specimen gets a
    proposal. No service is called by its own answer."""
    ocr = repository.enable("label-ocr")
    repository.enable("label-names")
    specimen = repository.specimen(1)
    medium = repository.medium(1, specimen, **{"dcterms:type": "StillImage"})
    lines = ["Herbarium Musei", "Isoperla gramatica Poda", "Switzerland, Valais"]
    repository.files[f"/api/media/{medium}/file"] = png(label(lines))
    repository.settle()
    found = repository.annotations()
    read = [one for one in found if one["oa:hasTarget"][0]["oa:hasSource"] == medium.iri]
    assert [one["oa:hasBody"][0]["rdf:value"] for one in read][:3] == lines
    assert all(one["col:model"] == ocr["col:model"] for one in read)
    proposed = [one for one in found if one not in read]
    label_of, identified = proposed
    assert "dwc:verbatimLabel" in label_of["oa:hasTarget"][0]["oa:hasSelector"][0]["ods:term"]
    assert "Isoperla grammatica" in identified["oa:hasBody"][0]["rdf:value"]
    assert all(one["ods:mergingDecisionStatus"] == "Pending" for one in proposed)
    assert set(repository.states_of_jobs()) == {"completed"}


def test_an_image_that_is_measured_again_gets_no_second_annotation(repository: Shipped) -> None:
    service = Service.of(repository.enable("image-quality"))
    medium = repository.medium(1, repository.specimen(1), **{"dcterms:type": "StillImage"})
    drawn = with_chart().crop((200, 180, 650, 520))
    repository.files[f"/api/media/{medium}/file"] = png(drawn)
    repository.settle()
    (first,) = repository.annotations()
    assert '"found":true' in first["oa:hasBody"][0]["rdf:value"].replace(" ", "")
    for _ in range(3):
        asking = Requests(repository.objects, repository.store, STEWARD)
        assert asking.ask(service, medium, again=True).new
        repository.settle()
    assert repository.annotations() == [first]
    assert repository.states_of_jobs() == {"completed": 4}
