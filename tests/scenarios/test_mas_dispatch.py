"""Dispatch beside a server: from the first service on, begun anew when it dies, ended with it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import orjson
import pytest

from tests.scenarios.program import HOLDER, Server, apart, collectome, specimens, until

MODULE = "handlers.mas"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a specimen."""
    table = specimens(tmp_path / "table.csv", 1)
    ended = collectome("ingest", table, HOLDER, data=tmp_path / "data")
    assert ended.code == 0, ended
    return tmp_path / "data"


@pytest.fixture
def form(tmp_path: Path) -> Path:
    """The registration of a service that asks for its work."""
    place = tmp_path / "service.json"
    place.write_bytes(orjson.dumps({"schema:name": "reader", "col:queue": "http"}))
    return place


def test_nothing_runs_without_a_service_and_one_process_with_it(data: Path, form: Path) -> None:
    with Server("serve", data) as server:
        assert server.processes(MODULE) == []
        assert server.client.get("/mas", headers={"accept": "text/html"}).status_code == 200
        assert collectome("mas", "register", form, data=data).code == 0
        (first,) = until(lambda: server.processes(MODULE))
        os.kill(first, signal.SIGKILL)
        (second,) = until(lambda: [one for one in server.processes(MODULE) if one != first])
        assert second != first
        (row,) = collectome("mas", "list", "--json", data=data).said
        assert (row["name"], row["active"]) == ("reader", True)
    until(lambda: server.processes(MODULE) == [])


def test_dispatch_ends_with_a_server_that_is_killed(data: Path, form: Path) -> None:
    assert collectome("mas", "register", form, data=data).code == 0
    server = Server("serve", data)
    until(lambda: server.processes(MODULE))
    server.kill()
    until(lambda: server.processes(MODULE) == [])


def test_a_request_and_a_backfill_from_the_command_line(data: Path, form: Path) -> None:
    assert collectome("mas", "register", form, data=data).code == 0
    filled = collectome("mas", "backfill", "reader", "--all", "--preview", "--json", data=data)
    assert (filled.said["scheduled"], filled.said["preview"]) == (1, True)
    (specimen,) = filled.said["sample"]
    job = collectome("mas", "request", "reader", specimen, "--json", data=data).said
    assert (job["state"], job["kind"]) == ("scheduled", "request")
    filled = collectome("mas", "backfill", "reader", "--all", "--json", data=data).said
    assert (filled["scheduled"], filled["there"]) == (0, 1)
    (row,) = collectome("mas", "jobs", "--target", specimen, "--json", data=data).said
    assert row["id"] == job["id"]
    query = "PREFIX ods: <http://rs.dissco.eu/opends/terms/> SELECT ?s { ?s a ods:DigitalSpecimen }"
    assert collectome("rebuild", "graph", data=data).code == 0
    filled = collectome("mas", "backfill", "reader", "--query", query, "--json", data=data).said
    assert filled["there"] == 1
    ended = collectome("mas", "retire", "reader", "--reason", "A trial.", data=data)
    assert ended.code == 0
    assert apart("mas", "run", "--until-idle", "--json", data=data).said["dead"] == 1
    assert collectome("mas", "request", "reader", specimen, data=data).code == 1
    assert collectome("mas", "jobs", "--state", "done", data=data).code == 2
    assert collectome("mas", "show", "nobody", data=data).code == 1


def test_where_machine_annotation_is_off_nothing_runs(data: Path, form: Path) -> None:
    assert collectome("mas", "register", form, data=data).code == 0
    ended = apart("mas", "run", "--until-idle", data=data, mas="off")
    assert ended.code == 1 and "FDO_MAS" in ended.err
