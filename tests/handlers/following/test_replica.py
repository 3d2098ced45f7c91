"""Any SPARQL store is kept in step by the feed of patches; here a real one, Oxigraph's server."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyoxigraph import Literal, NamedNode, Quad

from eventstore.arrivals import OtherLog
from eventstore.follower import follow_once
from eventstore.sections import Incomplete
from eventstore.transfer import BrokenTransfer
from fdo.documents import canonical
from fdo.errors import Refused
from fdo.identifiers import Pid
from handlers.following.asking import Away, SourceRefuses
from handlers.following.comparison import compare
from handlers.following.patches import patches
from handlers.following.replica import Replica, batches, net, parts
from handlers.following.store import SparqlStore, header_of
from handlers.projections.graph import Graph
from handlers.verification import graph_digests
from tests.api.conftest import CURATOR, Browser, Repository
from tests.api.documents import a_specimen
from tests.handlers.following.remote import Remote

GRAPH = "https://example.org/graph"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Remote]:
    remote = Remote(tmp_path_factory.mktemp("oxigraph"))
    yield remote
    remote.kill()


@pytest.fixture
def remote(server: Remote) -> Remote:
    """The server, emptied."""
    server.update("CLEAR ALL")
    return server


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    made = Repository(tmp_path / "data")
    yield made
    made.objects.close()


class Near:
    """The application of a repository, asked without a network; `change` alters its patches."""

    address = "http://source.example"

    def __init__(
        self, repository: Repository, change: Callable[[bytes], bytes] = lambda body: body
    ) -> None:
        self.browser, self.change = Browser(repository.app()), change

    def get(self, path: str, query: Mapping[str, Any], accept: str) -> bytes:
        """The answer to a question, as `asking.Source` gives it."""
        answer = self.browser.get(path, accept, params=query)
        if answer.status_code != 200:
            raise SourceRefuses(answer.text, status=answer.status_code)
        return self.change(answer.content) if path == "/changes" else answer.content


def kept(remote: Remote, repository: Repository, graph: str | None = None) -> Replica:
    return Replica(_store(remote, graph), Near(repository))  # type: ignore[arg-type]


def _store(remote: Remote, graph: str | None = None) -> SparqlStore:
    return SparqlStore(f"{remote.base}/query", f"{remote.base}/update", graph=graph)


def caught_up(replica: Replica) -> int:
    """Step until nothing is left; the events that were brought."""
    events = 0
    while (step := replica.step()).events:
        events += step.events
    return events


def graph(repository: Repository, folder: Path) -> dict[str, str]:
    """The digests of the repository's own graph."""
    view = Graph(folder)
    while follow_once(repository.objects.log, [view]):
        pass
    view.flush()
    digests = graph_digests(view._store)
    view.close()
    return digests


KEPT = ("@id", "@type", "dcterms:identifier", "dcterms:created", "dcterms:modified", "ods:version")


def erase(repository: Repository, pid: Pid, *positions: int) -> None:
    """Take nearly all out of some versions, so that the judgement of them falls too."""
    whole = repository.objects.log.event(positions[0]).document
    left = {term: whole[term] for term in KEPT if term in whole}
    repository.objects.erase(pid, positions, canonical(left), CURATOR)


def story(repository: Repository) -> Iterator[None]:
    """Something of everything, an event at a time."""
    first = repository.register("specimen", a_specimen())
    yield
    second = repository.register("specimen", a_specimen("DH-2"))
    yield
    repository.revise(first, a_specimen(**{"ods:specimenName": "Rosa canina"}))
    yield
    repository.withhold(second, "The licence was taken back.")
    yield
    third = repository.register("specimen", a_specimen("DH-3"))
    yield
    erase(repository, first, 1, repository.objects.log.head(first).position)
    yield
    repository.release(second, a_specimen("DH-2", **{"ods:specimenName": "Rosa alba"}))
    yield
    repository.tombstone(third, "Lost.", into=first)
    yield
    repository.withhold(first, "No licence.")
    yield
    repository.tombstone(second, "Lost.")
    yield


@pytest.mark.parametrize("seed", range(3))
def test_the_store_equals_the_graph_wherever_its_follower_stops_on_the_way(
    remote: Remote, repository: Repository, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    for number, _ in enumerate(story(repository)):
        if chance.random() < 0.6:
            caught_up(kept(remote, repository))
            assert remote.graph() == graph(repository, tmp_path / str(number)), number
    caught_up(kept(remote, repository))
    assert remote.graph() == graph(repository, tmp_path / "end")
    _, compared = compare(_store(remote), Near(repository))  # type: ignore[arg-type]
    assert all(one.equal for one in compared), compared


def test_the_default_graph_goes_where_it_is_told_and_nothing_else_is_touched(
    remote: Remote, repository: Repository, tmp_path: Path
) -> None:
    remote.update("INSERT DATA { <urn:mine> <urn:is> <urn:mine> }")
    with pytest.raises(Refused, match="holds triples"):
        kept(remote, repository).step()
    for _ in story(repository):
        caught_up(kept(remote, repository, GRAPH))
    remote.update("DELETE DATA { <urn:mine> <urn:is> <urn:mine> }")
    assert remote.graph(GRAPH) == graph(repository, tmp_path / "own")


def test_what_was_brought_is_not_brought_again(remote: Remote, repository: Repository) -> None:
    repository.register("specimen", a_specimen())
    assert caught_up(kept(remote, repository)) == 1
    assert caught_up(kept(remote, repository)) == 0
    repository.register("specimen", a_specimen("DH-2"))
    assert caught_up(kept(remote, repository)) == 1


def test_a_death_between_the_requests_of_one_event_ends_as_if_there_had_been_none(
    remote: Remote, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.following.replica.TRIPLES", 7)
    monkeypatch.setattr("handlers.following.replica.SUBJECTS", 2)
    for _ in story(repository):
        pass
    replica = kept(remote, repository)
    store, done = replica._store, 0

    class Dying:
        """The store, which dies before every third update."""

        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def update(self, text: str) -> None:
            nonlocal done
            done += 1
            if done % 12 == 0:
                raise Away("killed")
            store.update(text)

    replica._store = Dying()  # type: ignore[assignment]
    deaths = 0
    while True:
        try:
            caught_up(replica)
            break
        except Away:
            deaths += 1
    assert deaths > 2
    assert remote.graph() == graph(repository, tmp_path / "own")


def test_a_comparison_names_what_is_missing_and_what_is_too_much(
    remote: Remote, repository: Repository
) -> None:
    pid = repository.register("specimen", a_specimen())
    caught_up(kept(remote, repository))
    remote.update(
        f"DELETE WHERE {{ <{pid.iri}> <http://rs.dissco.eu/opends/terms/specimenName> ?o }} ;"
        "INSERT DATA { <urn:a> <urn:b> <urn:c> . <urn:a> <urn:b> <urn:d> }"
    )
    position, compared = compare(_store(remote), Near(repository))  # type: ignore[arg-type]
    default = compared[0]
    assert (position, default.missing, default.extra) == (1, 1, 2)
    assert "<urn:a>" in default.examples[0]
    assert all(one.equal for one in compared[1:])


def test_another_log_is_refused(remote: Remote, repository: Repository, tmp_path: Path) -> None:
    repository.register("specimen", a_specimen())
    caught_up(kept(remote, repository))
    other = Repository(tmp_path / "other")
    other.register("specimen", a_specimen())
    with pytest.raises(OtherLog, match="one cannot continue the other"):
        kept(remote, other).step()
    other.objects.close()


def test_patches_that_do_not_continue_the_store_are_refused(
    remote: Remote, repository: Repository
) -> None:
    repository.register("specimen", a_specimen())
    caught_up(kept(remote, repository))
    repository.register("specimen", a_specimen("DH-2"))
    near = Near(repository, lambda body: body.replace(b"H prev <urn:uuid:", b"H prev <urn:uuid:0"))
    with pytest.raises(OtherLog, match="older state"):
        Replica(_store(remote), near).step()  # type: ignore[arg-type]


# ── patches ──────────────────────────────────────────────────────────────────────────────

HEAD = 'H id <urn:uuid:1> .\nH position "1"^^<http://www.w3.org/2001/XMLSchema#integer> .\nTX .\n'


@pytest.mark.parametrize(
    "line",
    [
        "A <urn:a> <urn:b> <urn:c> . } ; DROP ALL ; INSERT DATA { <urn:a> <urn:b> <urn:c> .",
        "A <urn:a> <urn:b> <urn:c> . <urn:a> <urn:b> <urn:d> .",
        "A <urn:a> <urn:b> <urn:c> <urn:collectome:graph:meta> .",
        "A <urn:a> <urn:b> <urn:c> <urn:other> .",
        "A _:a <urn:b> <urn:c> .",
        "D <urn:a> <urn:b> _:c .",
        "A <urn:a> <urn:b> .",
        "A # nothing",
        "X <urn:a> <urn:b> <urn:c> .",
        'H cleared "x" .',
        "TX",
    ],
)
def test_a_line_that_is_not_one_quad_of_ours_is_refused(line: str) -> None:
    with pytest.raises(BrokenTransfer):
        patches(f"{HEAD}{line}\nTC .\n".encode())


@pytest.mark.parametrize("end", ["", "A <urn:a> <urn:b> <urn:c> .\n", "TC ."])
def test_patches_that_were_cut_short_are_asked_for_again(end: str) -> None:
    with pytest.raises(Incomplete):
        patches(f"{HEAD}{end}".encode())


def test_of_each_quad_the_last_word_counts() -> None:
    one = "<urn:a> <urn:b> <urn:c> ."
    told = patches(
        (f"{HEAD}D {one}\nTC .\n{HEAD}A {one}\nTC .\n{HEAD}A <urn:a> <urn:b> <urn:d> .\nTC .\n")
        .encode()
    )  # fmt: skip
    assert (True, Quad(NamedNode("urn:a"), NamedNode("urn:b"), NamedNode("urn:c"))) in net(told)
    assert [len(batch) for batch in batches(told)] == [3]


def test_a_request_holds_so_many_triples_and_characters_and_one_that_is_longer_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("handlers.following.replica.TRIPLES", 3)
    monkeypatch.setattr("handlers.following.replica.CHARACTERS", 300)
    subject, predicate = NamedNode("urn:a"), NamedNode("urn:b")
    changes = [
        (True, Quad(subject, predicate, Literal(f"{number}" * length)))
        for number, length in enumerate((1, 1, 1, 1, 150, 150, 900, 1))
    ]
    found = list(parts(changes))
    assert [one for part in found for one in part] == changes
    assert [len(part) for part in found] == [3, 2, 1, 1, 1]


def test_a_secret_becomes_a_header_and_a_word_alone_is_refused() -> None:
    assert header_of("Bearer x\n") == "Bearer x"
    assert header_of("user:word") == "Basic dXNlcjp3b3Jk"
    with pytest.raises(Refused):
        header_of("word")
