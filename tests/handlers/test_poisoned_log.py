"""A log may hold what nobody would record today, of an earlier release or a copy. The projections
go on at it, say what they lack, equal a rebuild, and are whole again at the next version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from api.cli import app
from fdo import errors
from fdo.documents import canonical
from fdo.lifecycle import Status
from handlers import HANDLERS
from handlers.lease import positions, troubles
from handlers.projections.search import Search, SearchQuery
from handlers.projector import Projector
from handlers.verification import verify_projections
from tests.handlers.projections.story import AGENT, SOURCE, Repository, a_specimen
from tests.handlers.projections.test_graph import expected, published

UNMAPPABLE: dict[str, dict[str, Any]] = {
    "a term that no table knows": {"ods:hasDefaultMappings": [{"dwc:country": "Norway"}]},
    "a node where a text belongs": {"dwc:preparations": {"a": 1}},
    "a class that is a node": {"ods:hasEvents": [{"@type": [{}]}]},
    "a class that is none": {"@type": "no class"},
    "an unknown term deep within": {"ods:hasEvents": [{"@type": "ods:Event", "x": "y"}]},
}
"""What the mapper refuses."""
UNREADABLE: dict[str, dict[str, Any]] = {
    "a text where nodes belong": {"ods:hasEvents": "1907", "ods:hasIdentifications": "Bellis"},
    "numbers where nodes belong": {"ods:hasIdentifications": [7, 8]},
    "lists where texts belong": {"ods:specimenName": ["a", "b"], "dwc:basisOfRecord": ["c"]},
}
"""What the mapper takes, and what reads documents may not."""
WRONG = UNMAPPABLE | UNREADABLE


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repository:
    """A repository whose release did not look at what it recorded."""
    monkeypatch.setattr("fdo.representations.mappable.check", lambda _: None)
    repository = Repository(tmp_path)
    repository.source()
    return repository


def projected(told: Repository, data: Path) -> list[str]:
    """Project as after a restart; what verification says beside what is lacking."""
    projector = Projector(data)
    projector.settle()
    projector.close()
    head = told.log.position()
    assert positions(data) == dict.fromkeys(HANDLERS, head)
    assert published(data / "projections" / "graph") == (head, expected(told.log))
    found = verify_projections(told.log, data / "projections")
    return [f"{one.where}: {one.what}" for one in found if "lacks" not in one.what]


def lacking(data: Path) -> set[tuple[int, str]]:
    return {(one.position, one.pid) for _, some in troubles(data, 99).values() for one in some}


def test_projections_go_on_at_what_they_cannot_read_and_are_whole_again_afterwards(
    told: Repository, tmp_path: Path
) -> None:
    standing = set()
    for number, wrong in enumerate(WRONG.values(), 1):
        began = told.register(number, a_specimen(number) | wrong)
        told.register(100 + number, a_specimen(100 + number))
        draft = a_specimen(100 + number, dwc_preparations="jar") | wrong
        revised = told.revise(100 + number, draft)
        standing |= {(began, str(told.pid(number))), (revised, str(told.pid(100 + number)))}
    told.register(99, a_specimen(99))
    assert projected(told, tmp_path) == []
    assert lacking(tmp_path) == standing
    told.revise(99, a_specimen(99, dwc_preparations="jar"))
    assert projected(told, tmp_path) == []  # and again at each start
    assert lacking(tmp_path) == standing
    for number in range(1, len(WRONG) + 1):
        for each in (number, 100 + number):
            told.revise(each, a_specimen(each, dwc_preparations="box"))
    assert projected(told, tmp_path) == []
    assert troubles(tmp_path) == {}
    search = Search(tmp_path / "projections" / "search" / "view.sqlite")
    assert search.find(SearchQuery()).total == 2 * len(WRONG) + 1 and not search.spent()
    search.close()


def test_the_graph_shows_the_terms_that_can_be_mapped(told: Repository, tmp_path: Path) -> None:
    for number, wrong in enumerate(UNMAPPABLE.values(), 1):
        told.register(number, a_specimen(number) | wrong)
        told.revise(number, a_specimen(number, ods_specimenName="Abies alba") | wrong)
    assert projected(told, tmp_path) == []
    _, shown = published(tmp_path / "projections" / "graph")
    _, noted = troubles(tmp_path, 9)["conformance"]
    reasons = {one.pid: one.reason for one in noted}
    for number, wrong in enumerate(UNMAPPABLE.values(), 1):
        pid = told.pid(number)
        about = {quad for quad in shown if quad.startswith(f"<{pid.iri}> ")}
        assert any('specimenName> "Abies alba"' in quad for quad in about)
        assert not any('specimenName> "Bellis' in quad for quad in about)
        assert f"the graph leaves out {next(iter(wrong))} (" in reasons[str(pid)]


def test_what_is_withdrawn_leaves_the_views_whatever_it_said(
    told: Repository, tmp_path: Path
) -> None:
    for number, wrong in enumerate(WRONG.values(), 1):
        for each, end in ((number, told.tombstone), (100 + number, told.withhold)):
            told.register(each, a_specimen(each))
            told.revise(each, a_specimen(each) | wrong)
            end(each)
    assert projected(told, tmp_path) == []
    assert troubles(tmp_path) == {}
    search = Search(tmp_path / "projections" / "search" / "view.sqlite")
    assert search.find(SearchQuery()).total == 0
    search.close()
    _, shown = published(tmp_path / "projections" / "graph")
    assert not any("specimenName" in quad for quad in shown)


def test_status_health_and_verification_name_the_event(told: Repository, tmp_path: Path) -> None:
    wrong = UNMAPPABLE["a term that no table knows"]
    position = told.register(1, a_specimen(1) | wrong)
    assert projected(told, tmp_path) == []
    reason = "the graph leaves out ods:hasDefaultMappings (ods:hasDefaultMappings: unknown term)"
    pid = str(told.pid(1))
    (fault,) = verify_projections(told.log, tmp_path / "projections")
    assert fault.where == f"event {position} of {pid}" and reason in fault.what
    said = CliRunner().invoke(app, ["status", "--json", f"--data={tmp_path}"])
    assert orjson.loads(said.stdout)["troubles"] == [
        {"projection": "conformance", "position": position, "pid": pid, "reason": reason}
    ]
    shown = CliRunner().invoke(app, ["status", f"--data={tmp_path}"])
    assert pid in shown.output and "ods:hasDefaultMappings" in shown.output


def test_a_view_that_fails_at_everything_stops(
    told: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = UNREADABLE["a text where nodes belong"]
    monkeypatch.setattr("eventstore.follower.MOST", 1)
    told.register(1, a_specimen(1) | wrong)
    projected(told, tmp_path)
    assert lacking(tmp_path)
    told.register(2, a_specimen(2) | wrong)
    projector = Projector(tmp_path)
    with pytest.raises(errors.UNREADABLE):
        projector.settle()
    projector.close()


def test_reasons_quote_nothing_that_an_erasure_would_have_to_find(
    told: Repository, tmp_path: Path
) -> None:
    secret = "Qwyxzavohu"
    told.register(1, a_specimen(1) | {"ods:hasEvents": secret, "dwc:preparations": {"a": secret}})
    told.register(2, a_specimen(2) | {"@type": f"{secret} {secret}"})
    projected(told, tmp_path)
    said = [one.reason for _, some in troubles(tmp_path, 99).values() for one in some]
    assert said and not any(secret in one for one in said)


def test_a_draft_that_cannot_be_mapped_waits_unnoticed_until_it_is_public(
    told: Repository, tmp_path: Path
) -> None:
    wrong = UNMAPPABLE["a term that no table knows"]
    told.draft(1, a_specimen(1) | wrong)
    assert projected(told, tmp_path) == []
    assert troubles(tmp_path) == {}
    assert told.log.head(told.pid(1)).status is Status.DRAFT
    assert told.log.head(SOURCE).status is Status.ACTIVE


def test_an_erasure_is_carried_out_beside_what_cannot_be_read(
    told: Repository, tmp_path: Path
) -> None:
    secret = "Qwyxzavohu"
    for number, wrong in enumerate(WRONG.values(), 1):
        told.register(number, a_specimen(number, dwc_preparations=secret))
        told.revise(number, a_specimen(number) | wrong)
    assert projected(told, tmp_path) == []
    for number in range(1, len(WRONG) + 1):
        first = told.log.version(told.pid(number), 1)
        left = first.document | {"dwc:preparations": "erased"}
        told.objects.erase(told.pid(number), [first.position], canonical(left), AGENT)
    assert projected(told, tmp_path) == []
    for file in (tmp_path / "projections").rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    for number in range(1, len(WRONG) + 1):
        told.revise(number, a_specimen(number))
    assert projected(told, tmp_path) == []
