"""What was erased leaves the graph and, in time, its files (decisions 0004 and 0028)."""

from __future__ import annotations

from pathlib import Path

import pytest

from fdo.documents import canonical
from handlers.projections import graph
from handlers.projections.graph import Graph, holds_erased
from tests.handlers.projections.story import (
    AGENT,
    Repository,
    a_specimen,
    an_event,
    an_identification,
)
from tests.handlers.projections.test_graph import expected, quads


def test_an_erased_document_leaves_the_graph_and_live_equals_rebuild(tmp_path: Path) -> None:
    told = Repository(tmp_path / "log")
    told.source()
    told.register(1, a_specimen(1, ods_hasIdentifications=[an_identification("Ignota secreta")]))
    told.register(2, a_specimen(2))
    view = Graph(tmp_path / "view")
    view.apply(told.events(), told.log)
    assert any("Ignota secreta" in quad for quad in quads(view, tmp_path))
    redacted = {**told.log.event(2).document, "ods:hasIdentifications": []}
    told.objects.erase(told.pid(1), [2], canonical(redacted), AGENT)
    view.apply(told.events(), told.log)
    live = quads(view, tmp_path)
    assert not any("Ignota secreta" in quad for quad in live)
    view.clear()
    view.apply(told.events(), told.log)
    assert quads(view, tmp_path) == live == expected(told.log)
    view.close()


@pytest.mark.parametrize("update", [1, 100])
def test_what_was_erased_before_its_revision_is_read_leaves_the_graph_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, update: int
) -> None:
    monkeypatch.setattr(graph, "DELTA_EVENTS", update)
    told = Repository(tmp_path / "log")
    told.source()
    place = {"dwc:locality": "Secretplace"}
    told.register(1, a_specimen(1, ods_hasEvents=[an_event(place=place)]))
    view = Graph(tmp_path / "view")
    view.apply(told.events(), told.log)
    view.flush()
    told.revise(1, a_specimen(1, ods_hasEvents=[an_event(place={"dwc:locality": "Elsewhere"})]))
    told.tombstone(1)
    redacted = {**told.log.event(2).document, "ods:hasEvents": []}
    told.objects.erase(told.pid(1), [2], canonical(redacted), AGENT)
    for event in told.events():  # read by ones, as in a backlog with other objects between
        view.apply([event], told.log)
    assert quads(view, tmp_path) == expected(told.log)
    view.close()


def test_of_erased_text_that_no_pause_lets_purge_the_files_are_purged_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = Repository(tmp_path / "log")
    told.source()
    told.register(1, a_specimen(1))
    told.objects.erase(told.pid(1), [2], canonical({"@id": "x"}), AGENT)
    view = Graph(tmp_path / "view")
    view.apply(told.events(), told.log)
    view.publish(told.log, tidy=False)
    assert holds_erased(tmp_path / "view") and not view.overdue
    monkeypatch.setattr(graph, "PURGE_AFTER_S", 0)
    assert view.overdue
    view.publish(told.log, tidy=view.overdue)
    assert not holds_erased(tmp_path / "view") and not view.overdue
    view.close()
