"""An export as of an instant holds what a fold of the log up to it gives, in every form."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyoxigraph import RdfFormat, Store

from eventstore.instant import Instant
from fdo.lifecycle import Status
from fdo.representations.nquads import triples
from handlers.exports import Export, Form, lines
from handlers.exports.writing import asked, understood, write
from tests.handlers.instants.history import History, Step, bounds, histories

exhaustive = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def folded(history: History, instant: Instant) -> list[bytes]:
    """The documents of the objects that are active at an instant, by PID."""
    newest = {}
    for event in history.log.read(0, 100_000, instant.position):
        seen = instant.observed is None or event.observed_at <= instant.observed
        if seen and not event.operational:
            newest[event.pid_text] = event
    return [
        event.document_bytes or b""
        for _, event in sorted(newest.items())
        if event.status is Status.ACTIVE
    ]


@given(histories, st.lists(bounds, min_size=1, max_size=5))
@exhaustive
def test_documents_and_triples_are_those_of_a_fold(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[Step],
    instants: list[tuple[int, int | None]],
) -> None:
    history = History(tmp_path_factory.mktemp("data"))
    history.tell(steps)
    for position, observed in instants:
        instant = Instant(min(position, history.log.position()), observed)
        found = list(lines(history.log, Export(Form.DOCUMENTS, instant), None))
        assert [line.removesuffix(b"\n") for line in found] == folded(history, instant)
        store = Store()
        triples = lines(history.log, Export(Form.NTRIPLES, instant), None)
        store.load(b"".join(triples), format=RdfFormat.N_TRIPLES)
        assert {str(quad) for quad in store} <= history.truth(instant)
        assert bool(store) == bool(found)
    history.close()


@given(histories, bounds)
@exhaustive
def test_the_graph_is_that_of_a_fold(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step], at: tuple[int, int | None]
) -> None:
    history = History(tmp_path_factory.mktemp("data"))
    history.tell(steps)
    history.project()
    instant = Instant(min(at[0], history.log.position()), at[1])
    with history.instants().hold_now(instant) as held:
        found = list(lines(history.log, Export(Form.NQUADS, instant), held.path))
    assert sorted(found) == sorted(f"{quad} .\n".encode() for quad in history.truth(instant))
    history.close()


def test_the_triples_of_all_documents_are_those_of_the_mapper(history: History) -> None:
    now = Instant(history.log.position())
    found = list(lines(history.log, Export(Form.NTRIPLES, now), None))
    events = [history.log.latest(head.pid) for head in history.log.heads()]
    wanted = [
        line.encode()
        for event in events
        if event.status is Status.ACTIVE
        for line in triples(event.document)
    ]
    assert sorted(found) == sorted(wanted) != []


def test_packed_or_plain_the_same_lines_are_the_same_bytes(history: History) -> None:
    export = Export(Form.DOCUMENTS, Instant(history.log.position()))
    plain, one, other = io.BytesIO(), io.BytesIO(), io.BytesIO()
    write(lines(history.log, export, None), plain, packed=False)
    write(lines(history.log, export, None), one, packed=True)
    write(lines(history.log, export, None), other, packed=True)
    assert one.getvalue() == other.getvalue() != plain.getvalue()
    assert gzip.decompress(one.getvalue()) == plain.getvalue() != b""


def test_what_breaks_off_while_it_is_packed_has_no_end() -> None:
    def parts() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise RuntimeError("broken off")

    target = io.BytesIO()
    with pytest.raises(RuntimeError):
        write(parts(), target, packed=True)
    with pytest.raises(EOFError):
        gzip.decompress(target.getvalue())


def test_what_is_asked_of_the_process_is_what_it_understands(tmp_path) -> None:
    export = Export(Form.DOCUMENTS, Instant(7, 12), "media", "20.5000.5072/ABC-DEF-123")
    assert understood(asked(export, None, packed=True)) == (export, None, True)
    graph = Export(Form.NQUADS, Instant(7))
    assert understood(asked(graph, tmp_path, packed=False)) == (graph, tmp_path, False)
