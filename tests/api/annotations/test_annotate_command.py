"""`collectome annotate`: tables and searches, previewed, recorded, taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from api.repository import Projection
from tests.fdo.annotation.saying import COUNTRY
from tests.handlers.annotations.museum import Museum


class Shell:
    """A museum on disk, and commands on it; each is one process's worth."""

    def __init__(self, folder: Path) -> None:
        self.museum = Museum(folder)
        self.data = Path(self.museum.objects.recorder.path).parent
        self.folder = folder

    def run(self, *words: object, code: int = 0) -> Any:
        ended = CliRunner().invoke(
            app, ["annotate", *map(str, words), "--json", f"--data={self.data}"]
        )
        assert ended.exit_code == code, ended.output
        return json.loads(ended.stdout.strip().splitlines()[-1])

    def file(self, name: str, text: str) -> Path:
        place = self.folder / name
        place.write_text(text, encoding="utf-8")
        return place

    @property
    def template(self) -> Path:
        selector = {"@type": "ods:TermSelector", "ods:term": COUNTRY}
        return self.file("template.json", json.dumps({
            "oa:motivation": "oa:editing",
            "oa:hasTarget": {"oa:hasSelector": selector},
            "oa:hasBody": {"@type": "oa:TextualBody", "oa:value": ["Eesti"]},
        }))  # fmt: skip


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = Shell(tmp_path_factory.mktemp("shell"))
    with Projection(made.data) as projection:  # one projector for all commands
        projection.wait(made.museum.log.position())
        yield made


def test_a_table_is_shown_then_recorded_then_taken_back(shell: Shell):
    table = shell.file(
        "t.csv", "physicalSpecimenID,term,value\nTU-1,country,Eesti\nTU-9,country,Eesti\n"
    )
    source = shell.museum.now(shell.museum.specimen).source
    before = shell.museum.log.position()
    shown = shell.run("--csv", table, "--source", source)
    assert (shown["state"], shown["about"]["preview"]["counts"]) == (
        "previewed", {"created": 1, "refused": 1},
    )  # fmt: skip
    assert shell.museum.log.position() == before
    done = shell.run("--batch", shown["id"], "--run")
    assert (done["state"], done["counts"]) == ("done", {"created": 1})
    assert shell.run("--batch", shown["id"], "--run")["counts"] == {"created": 1}
    undone = shell.run("--undo", shown["id"], "--reason", "Wrong table.")
    assert (undone["state"], undone["undone"]) == ("undone", {"withdrawn": 1})


def test_a_preview_shows_values_as_they_would_stand(shell: Shell):
    words = ["annotate", "--pid", shell.museum.other, "--template", shell.template]
    ended = CliRunner().invoke(app, [*map(str, words), f"--data={shell.data}"])
    assert "Eesti" in ended.stdout and "['Eesti']" not in ended.stdout


@pytest.mark.parametrize("way", ["--query", "--sparql", "--pid"])
def test_objects_are_chosen_in_each_way(shell: Shell, way: str):
    chosen = {
        "--query": "number=TU-2",
        "--sparql": f"SELECT ?o {{ VALUES ?o {{ <{shell.museum.other.iri}> }} ?o ?p ?v }} LIMIT 1",
        "--pid": shell.museum.other,
    }
    told = shell.run(way, chosen[way], "--template", shell.template)
    assert [one["pid"] for one in told["about"]["preview"]["sample"]] == [str(shell.museum.other)]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--pid", "10.5072/AAA-AAA-AAA"),
        ("--query", "country"),
        ("--undo", "x"),
        ("--batch", "none"),
        ("--csv", "nowhere.csv"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(shell: Shell, words: tuple[str, ...]):
    told = shell.run(*words, code=1)
    assert told["error"] and told["message"].endswith(".")


def test_people_read_what_would_change_and_the_next_step(shell: Shell):
    asked = ["annotate", "--pid", str(shell.museum.other), "--template", str(shell.template)]
    ended = CliRunner().invoke(app, [*asked, f"--data={shell.data}"])
    assert "Estonia" in ended.stdout and "Eesti" in ended.stdout
    assert "--run" in ended.stdout


def test_a_token_speaks_for_a_service_that_there_is(shell: Shell):
    def made(service: object) -> Any:
        words = ["token", "create", "ocr", "--role=agent", f"--service={service}", "--json"]
        ended = CliRunner().invoke(app, [*words, f"--data={shell.data}"])
        assert ended.exit_code == 1
        return json.loads(ended.stdout.strip().splitlines()[-1])

    assert "no machine-annotation service" in made(shell.museum.specimen)["message"]
    assert made("20.5000.5072/AAA-AAA-AAA")["error"] == "NotFound"
