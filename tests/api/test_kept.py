"""Kept answers are never older than the log."""

from __future__ import annotations

import pytest

from api.objects import kept
from api.objects.exchange import Sent
from eventstore.application import DigitalObjects
from fdo.documents import canonical
from fdo.lifecycle import Note, Revise
from tests.api.conftest import CURATOR
from tests.api.documents import a_specimen


@pytest.fixture
def made():
    """The positions of the events from which answers were made, in order."""
    return []


@pytest.fixture
def documents(repository, made):
    """Kept documents over a log; their making is counted."""

    def make(event):
        made.append(event.position)
        return Sent(200, [], event.document_bytes or b"", b'""')

    return kept.KeptDocuments(repository.objects.log, make)


def test_an_answer_is_made_once_while_the_object_stays_the_same(repository, documents, made):
    oak = repository.register("specimen", a_specimen())
    for number in range(3):
        documents.current(str(oak))
        repository.register("specimen", a_specimen(f"DH-{number + 10}"))
    assert made == [1]


def test_a_change_by_another_process_is_seen_at_once(repository, documents):
    oak = repository.register("specimen", a_specimen())
    documents.current(str(oak))
    other = DigitalObjects(repository.folder, clock=lambda: repository.now + 1)
    changed = {**repository.objects.log.latest(oak).document, "ods:specimenName": "Other"}
    other.handle(Revise(changed), pid=oak, kind="specimen", by=CURATOR)
    other.close()
    assert b'"Other"' in documents.current(str(oak)).body


@pytest.mark.parametrize("notes", [0, 1, 2])
def test_an_erasure_is_seen_whatever_happened_around_it(repository, documents, made, notes):
    oak = repository.register("specimen", a_specimen())
    for _ in range(notes):
        repository.do(Note("PidConfirmed"), oak)
    for _ in range(3):
        documents.current(str(oak))
    assert len(made) <= 2
    redacted = canonical({"@id": oak.iri, "erased": True})
    repository.objects.erase(oak, [1], redacted, by=CURATOR)
    assert documents.current(str(oak)).body == redacted


def test_no_more_is_kept_than_there_is_room_for(repository, documents, made, monkeypatch):
    pids = [repository.register("specimen", a_specimen(f"DH-{n}")) for n in range(4)]
    size = len(documents.current(str(pids[0])).body)
    monkeypatch.setattr(kept, "ROOM", 2 * size + size // 2)
    for pid in pids:
        documents.current(str(pid))
    documents.current(str(pids[3]))
    documents.current(str(pids[0]))
    assert made == [1, 2, 3, 4, 1]
