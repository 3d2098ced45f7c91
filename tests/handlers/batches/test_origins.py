"""Nobody but a service says which model made an annotation, and nobody but us for which job."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fdo.agent import Agent
from fdo.identifiers import Pid
from handlers.batches.outcomes import LineOutcome
from handlers.batches.recording import Speaker
from handlers.batches.scopes import Scopes
from handlers.mas.registration import Registration
from tests.handlers.batches.posts import COUNTRY, CURATOR, House, edit, jsonl, robot

SHA256 = "ab" * 32
ORIGINS = [
    ("col:model", "https://hdl.handle.net/20.5000.5072/AAA-AAA-AAA"),
    ("col:modelSha256", SHA256),
    ("col:executionProvider", "CPU"),
    ("ods:jobID", "https://hdl.handle.net/20.5000.5072/BBB-BBB-BBB"),
]


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def service(house: House, name: str = "label-ocr") -> Pid:
    return Registration(house.objects, CURATOR).register({"schema:name": name}).pid


def sent(house: House, by: Speaker, *lines: dict[str, Any]) -> list[LineOutcome]:
    batch = house.send(jsonl(*lines), None, by)
    return list(house.desk.batches.outcomes(batch.id))


@pytest.mark.parametrize(("term", "value"), ORIGINS)
def test_an_agent_says_nothing_of_models_and_jobs(house: House, term: str, value: str) -> None:
    (told,) = sent(house, robot(), edit(house.oak, "Eesti") | {term: value})
    assert told.outcome == "refused"
    ((place, why),) = told.errors
    assert place == f"/{term}" and "leave" in why
    (told,) = sent(house, robot(), edit(house.oak, "Eesti"))
    assert told.outcome == "created"


@pytest.mark.parametrize(("term", "value"), ORIGINS[:3])
def test_a_service_says_with_which_model_it_worked(house: House, term: str, value: str) -> None:
    ocr = service(house)
    own = Speaker("ocr", Agent(ocr.iri, "label-ocr"))
    lent = robot(f"creator:{ocr.iri}")
    (first,) = sent(house, own, edit(house.oak, "Eesti") | {term: value})
    named = {"dcterms:creator": {"@id": ocr.iri, "@type": "schema:SoftwareApplication"}}
    (second,) = sent(house, lent, edit(house.elm, "Eesti") | named | {term: value})
    assert [first.outcome, second.outcome] == ["created", "created"]
    assert first.pid is not None
    assert house.log.latest(Pid.parse(first.pid)).document[term] == value


def test_a_scope_for_people_lends_no_models(house: House) -> None:
    name = {"dcterms:creator": {"@id": CURATOR.id, "@type": "schema:Person"}}
    line = edit(house.oak, "Eesti") | name | {"col:modelSha256": SHA256}
    (told,) = sent(house, robot("creator:*"), line)
    assert [place for place, _ in told.errors] == ["/col:modelSha256"]


def test_whoever_revises_keeps_the_job_that_is_named_and_names_no_other(house: House) -> None:
    ocr = service(house)
    own = Speaker("ocr", Agent(ocr.iri, "label-ocr"), Scopes())
    job = dict(ORIGINS)["ods:jobID"]
    (made,) = house.desk.annotations.propose_many([_answer(house, ocr, job)], own.agent)
    revised = edit(house.oak, "Estland") | {"ods:jobID": job}
    line = {"op": "revise", "pid": str(made.pid), "version": 1, "annotation": revised}
    other = {**line, "annotation": revised | {"ods:jobID": job.replace("BBB", "CCC")}}
    nobody = {**line, "pid": "20.5000.5072/ZZZ-ZZZ-ZZZ"}
    told = sent(house, own, other, nobody, line)
    assert [one.outcome for one in told] == ["refused", "refused", "revised"]
    assert told[0].errors[0][0] == "/ods:jobID"


def _answer(house: House, ocr: Pid, job: str) -> dict[str, Any]:
    """An annotation as the answer to a job is recorded."""
    place = {"@type": "ods:TermSelector", "ods:term": COUNTRY}
    return {
        "oa:motivatedBy": ["oa:editing"],
        "oa:hasTarget": [{"oa:hasSource": house.oak.iri, "oa:hasSelector": [place]}],
        "oa:hasBody": [{"@type": "oa:TextualBody", "rdf:value": "Eesti"}],
        "dcterms:creator": [{"@type": "schema:SoftwareApplication", "schema:identifier": ocr.iri}],
        "ods:jobID": job,
    }
