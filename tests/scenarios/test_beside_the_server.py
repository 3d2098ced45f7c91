"""Everything works while the server runs on the same folder, and nothing is lost when it dies."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.scenarios.program import HOLDER, Server, apart, begun, collectome, specimens, until

NAMED = """PREFIX dwc: <http://rs.tdwg.org/dwc/terms/>
SELECT ?place WHERE {{ ?place dwc:country "{0}" }}"""
PROJECTOR, WORKER = "handlers.projector", "handlers.queries.worker"


@pytest.fixture(scope="module")
def mortal(workshop: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose server tests may kill."""
    place = tmp_path_factory.mktemp("mortal")
    plants = specimens(place / "plants.csv", *range(1, 5), country="Iceland")
    assert collectome("ingest", plants, HOLDER, "--json", data=place / "data").code == 0
    yield place / "data"


@pytest.fixture(scope="module")
def twelve(workshop: Server, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The country of twelve plants that no other test of the workshop adds to."""
    place = tmp_path_factory.mktemp("twelve")
    plants = specimens(place / "twelve.csv", *range(1001, 1013), country="Cyprus")
    ended = collectome("ingest", plants, HOLDER, "--json", data=workshop.data)
    assert ended.said["new"] == 12, ended
    return "Cyprus"


def found(server: Server, country: str) -> int:
    return int(server.client.get("/api/search", params={"country": country}).json()["total"])


def test_what_is_taken_in_beside_the_server_shows_in_sparql_search_and_pages(workshop, tmp_path):
    plants = specimens(tmp_path / "beside.csv", 101, 102, country="Denmark")
    ended = collectome("ingest", plants, HOLDER, "--json", data=workshop.data)
    assert ended.code == 0, ended.err
    assert ended.said["new"] == 2
    assert len(workshop.rows(NAMED.format("Denmark"))) == 2
    answer = workshop.client.get("/api/search", params={"country": "Denmark"}).json()
    assert answer["total"] == 2
    page = workshop.client.get(f"/{answer['items'][0]['pid'].split('org/')[-1]}",
                               headers={"accept": "text/html"})  # fmt: skip
    assert page.status_code == 200
    assert "Denmark" in page.text


@pytest.mark.parametrize(
    "line",
    [
        ["rebuild", "all"], ["verify"], ["status"], ["export", "--format=nquads"],
        ["export", "--format=jsonl"], ["sparql", "ASK { ?s ?p ?o }"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_every_command_works_beside_the_server(workshop, twelve, line):
    ended = collectome(*line, data=workshop.data)
    assert ended.code == 0, ended.err
    assert workshop.client.get("/health").status_code == 200
    assert found(workshop, twelve) == 12
    assert len(workshop.rows(NAMED.format(twelve))) == 12


def test_two_ingests_at_once_both_arrive(workshop, tmp_path):
    one = specimens(tmp_path / "one.csv", *range(200, 240), country="Finland")
    two = specimens(tmp_path / "two.csv", *range(300, 340), country="Estonia")
    with (
        begun("ingest", one, HOLDER, "--json", data=workshop.data) as first,
        begun("ingest", two, HOLDER, "--json", data=workshop.data) as second,
    ):
        said = [first.communicate(timeout=60), second.communicate(timeout=60)]
    assert (first.returncode, second.returncode) == (0, 0), said
    assert (found(workshop, "Finland"), found(workshop, "Estonia")) == (40, 40)
    assert len(workshop.rows(NAMED.format("Finland"))) == 40


def test_the_same_table_taken_in_twice_at_once_makes_each_specimen_once(workshop, tmp_path):
    table = specimens(tmp_path / "twin.csv", *range(400, 440), country="Latvia")
    with ThreadPoolExecutor(2) as both:
        ended = list(
            both.map(lambda _: apart("ingest", table, HOLDER, "--json", data=workshop.data), (1, 2))
        )
    assert [e.code for e in ended] == [0, 0], ended
    assert sorted(e.said["new"] + e.said["unchanged"] for e in ended) == [40, 40]
    assert sum(e.said["new"] for e in ended) == 40
    assert found(workshop, "Latvia") == 40


def test_a_port_that_is_taken_is_named_and_none_given_means_a_free_one(mortal):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ended = apart("serve", f"--port={port}", data=mortal)
        assert (ended.code, "Traceback" in ended.err) == (1, False)
        assert str(port) in ended.err and "--port" in ended.err
        assert not (mortal / "tokens.json").exists()
    missing = apart("serve", "--host=203.0.113.5", data=mortal)
    assert (missing.code, "--host" in missing.err) == (1, True)


def test_a_killed_server_takes_its_processes_along_and_loses_nothing(mortal):
    with Server("serve", mortal) as server:
        assert server.token
        assert len(server.processes(PROJECTOR)) == 1
        assert server.processes(WORKER)
        server.kill()
        until(lambda: not server.processes(PROJECTOR) and not server.processes(WORKER))
    with Server("serve", mortal) as again:
        assert again.token is None
        assert found(again, "Iceland") == 4
        assert len(again.rows(NAMED.format("Iceland"))) == 4
    assert collectome("verify", "--json", data=mortal).said["sound"] is True


def test_a_killed_projector_is_replaced_and_goes_on(mortal, tmp_path):
    with Server("serve", mortal) as server:
        [projector] = server.processes(PROJECTOR)
        os.kill(projector, signal.SIGKILL)
        assert server.client.get("/health").status_code in (200, 503)
        plants = specimens(tmp_path / "late.csv", 501, 502, country="Lithuania")
        assert collectome("ingest", plants, HOLDER, "--json", data=mortal).code == 0
        assert found(server, "Lithuania") == 2
        assert len(server.rows(NAMED.format("Lithuania"))) == 2
        assert server.processes(PROJECTOR) != [projector]
        assert server.client.get("/health").status_code == 200
        for worker in server.processes(WORKER):
            os.kill(worker, signal.SIGKILL)
        until(lambda: server.client.post("/sparql", data={"query": "ASK {}"}).status_code == 200)
        assert server.stop() in (0, 130)
    assert collectome("verify", "--json", data=mortal).said["sound"] is True
