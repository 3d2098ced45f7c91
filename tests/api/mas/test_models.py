"""Models, training sets and evaluations: registered by hand, measured by what curators decided."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.api.annotations.reviewing import ANNA, ROBOT, TARTU, Reviewing
from tests.api.conftest import Repository
from tests.handlers.annotations.museum import CLARA

MODEL = {
    "@type": "fair4ml:MLModel",
    "schema:name": "Label reader",
    "schema:license": "https://spdx.org/licenses/Apache-2.0",
    "fair4ml:mlTask": ["optical character recognition"],
    "col:sha256": "ab" * 32,
}
DATASET = {"@type": "schema:Dataset", "schema:name": "Labels of 1900", "col:objectCount": 900}
EVALUATION = {
    "@type": "fair4ml:MLModelEvaluation",
    "schema:name": "Test set",
    "col:metric": "character error rate",
    "col:measured": 0.02,
}


@pytest.fixture
def reviewing(repository: Repository) -> Iterator[Reviewing]:
    made = Reviewing(repository)
    yield made
    made.close()


def made(reviewing: Reviewing, document: dict[str, Any]) -> dict[str, Any]:
    answer = reviewing.post("/api/models", "any", document)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def iri(pid: str) -> str:
    return f"https://hdl.handle.net/{pid}"


def test_a_model_its_training_set_and_its_metric_are_objects(reviewing: Reviewing) -> None:
    labels = made(reviewing, DATASET)
    model = made(reviewing, MODEL | {"fair4ml:trainedOn": [iri(labels["pid"])]})
    metric = made(reviewing, EVALUATION | {"col:model": iri(model["pid"])})
    kinds = [labels["kind"], model["kind"], metric["kind"]]
    assert kinds == ["ml-dataset", "ml-model", "ml-evaluation"]
    document = reviewing.get(f"/{model['pid']}", headers={"accept": "application/json"})
    assert document["fair4ml:trainedOn"] == [iri(labels["pid"])]
    assert document["dcterms:creator"]["schema:name"] == "any"
    listed = reviewing.get("/api/models")["items"]
    assert [one["pid"] for one in listed] == [model["pid"], labels["pid"], metric["pid"]]
    assert reviewing.get(f"/api/models/{model['pid']}")["document"] == document


def test_a_model_is_revised_by_who_saw_it_and_stays_itself(reviewing: Reviewing) -> None:
    at = f"/api/models/{made(reviewing, MODEL)['pid']}"
    changed = MODEL | {"schema:description": "Reads labels."}

    def put(document: dict[str, Any], **headers: str) -> int:
        asked = {name.replace("_", "-"): value for name, value in headers.items()}
        return reviewing.ask("PUT", at, "any", json=document, headers=asked).status_code

    assert put(changed) == 428
    etag = reviewing.ask("GET", at).headers["etag"]
    assert put(changed, if_match=etag) == 200
    assert put(changed, if_match=etag) == 412
    assert put(MODEL | {"col:sha256": "cd" * 32}, if_match="*") == 409
    assert put(DATASET, if_match="*") == 409
    assert reviewing.get(at)["version"] == 2
    assert reviewing.post("/api/models", "any", MODEL).status_code == 409


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"@type": "ods:DigitalSpecimen"}, "/@type"),
        ({"schema:name": 7}, "/schema:name"),
        ({"col:sha256": "ab"}, "/col:sha256"),
        ({"surprise": 1}, ""),
        ({"fair4ml:trainedOn": [iri("20.5000.5072/AAA-AAA-AAA")]}, "/fair4ml:trainedOn"),
    ],
)
def test_what_is_wrong_with_a_model_is_said(
    reviewing: Reviewing, wrong: dict[str, Any], pointer: str
) -> None:
    answer = reviewing.post("/api/models", "any", MODEL | wrong)
    assert answer.status_code == 422
    assert pointer in [one["pointer"] for one in answer.json()["errors"]]


@pytest.mark.parametrize("by", ["agent", "curator"])
def test_models_are_for_curators_of_all(reviewing: Reviewing, by: str) -> None:
    assert reviewing.post("/api/models", by, MODEL).status_code == 403


def test_the_acceptance_of_a_models_suggestions_is_measured_and_recorded(
    reviewing: Reviewing,
) -> None:
    model = made(reviewing, MODEL)["pid"]
    at, more = f"/api/models/{model}/evaluations", {"col_model": iri(model)}
    first, second, third = [
        reviewing.propose(reviewing.specimen(f"DH-{n}"), by=ROBOT, **more) for n in range(3)
    ]
    reviewing.propose(reviewing.specimen("DH-9"), by=ANNA)
    assert reviewing.post(at, "any", {}).status_code == 409, "nothing is decided"
    reviewing.hands.accept(first, CLARA)
    reviewing.hands.accept(second, CLARA)
    reviewing.hands.reject(third, CLARA, "The label says otherwise.")
    said = reviewing.post(at, "any", {}).json()
    document = said["document"]
    assert (document["col:measured"], document["col:objectCount"]) == (0.666667, 3)
    assert document["col:model"] == iri(model) and document["col:metric"] == "acceptance rate"
    assert reviewing.post(at, "any", {}).json()["version"] == 1, "nothing has changed"
    fourth = reviewing.propose(reviewing.specimen("DH-4"), by=ROBOT, **more)
    reviewing.hands.accept(fourth, CLARA)
    again = reviewing.post(at, "any", {}).json()
    assert (again["pid"], again["version"]) == (said["pid"], 2)
    assert again["document"]["col:measured"] == 0.75
    shown = reviewing.get("/api/models")["items"][0]["suggestions"]
    assert (shown["accepted"], shown["rejected"], shown["acceptance_rate"]) == (3, 1, 0.75)
    assert reviewing.post(at, "curator", {}).status_code == 403, f"only {TARTU}"
    wrong = f"/api/models/{said['pid']}/evaluations"
    assert reviewing.post(wrong, "any", {}).status_code == 404


def test_the_command_line_registers_lists_and_measures(
    reviewing: Reviewing, tmp_path: Path
) -> None:
    data = reviewing.told.folder
    file = tmp_path / "model.json"

    def run(*words: str) -> Any:
        ended = CliRunner().invoke(app, ["mas", *words, "--json", f"--data={data}"])
        assert ended.exit_code == 0, ended.output
        return json.loads(ended.stdout.strip().splitlines()[-1])

    file.write_text(json.dumps(MODEL))
    model = run("model", "register", str(file))
    assert run("model", "register", str(file)) == model
    file.write_text(json.dumps(MODEL | {"schema:description": "Reads."}))
    assert run("model", "register", str(file))["version"] == 2
    assert [one["name"] for one in run("model", "list")] == ["Label reader"]
    one = reviewing.propose(reviewing.specimen(), by=ROBOT, col_model=iri(model["pid"]))
    reviewing.hands.accept(one, CLARA)
    found = run("evaluate", model["pid"])
    assert found["document"]["col:measured"] == 1.0


def test_the_page_of_models_tells_what_became_of_suggestions(reviewing: Reviewing) -> None:
    def page(path: str) -> str:
        return str(reviewing.ask("GET", path, headers={"accept": "text/html"}).text)

    assert "None is registered yet" in page("/models")
    labels = made(reviewing, DATASET)
    model = made(reviewing, MODEL | {"fair4ml:trainedOn": [iri(labels["pid"])]})
    metric = made(reviewing, EVALUATION | {"col:model": iri(model["pid"])})
    shown = page("/models")
    for one in (labels, model, metric):
        assert f'<a href="/{one["pid"]}">{one["name"]}</a>' in shown
    assert "It has proposed nothing yet." in shown and "character error rate" in shown
    landing = page(f"/{model['pid']}")
    assert f'<a href="/{metric["pid"]}">Test set</a>' in landing and ">0.02<" in landing
    assert "Labels of 1900" in landing
    assert 'href="/sparql?query=' in shown


def test_the_page_of_models_links_to_objects_and_to_the_web_alone(reviewing: Reviewing) -> None:
    said = ["javascript:alert(1)", "data:text/html,x", "https://example.org/labels"]
    made(reviewing, MODEL | {"schema:name": "<b>reader</b>", "fair4ml:trainedOn": said})
    page = reviewing.ask("GET", "/models", headers={"accept": "text/html"}).text
    assert 'href="https://example.org/labels"' in page and "<b>reader</b>" not in page
    assert "javascript:alert(1)" in page and 'href="javascript' not in page
    assert 'href="data:' not in page
