"""Minting as an operator does it: a double, the command line, and servers, one of which dies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scenarios.program import HOLDER, Server, begun, collectome, specimens, until
from tests.scenarios.registrar import Double


def ingested(tmp_path: Path, number: int = 12) -> Path:
    data = tmp_path / "data"
    plants = specimens(tmp_path / "plants.csv", *range(1, number + 1))
    assert collectome("ingest", plants, HOLDER, "--json", data=data).code == 0
    return data


def said(*arguments: object, data: Path, **settings: Any) -> Any:
    ended = collectome("pids", *arguments, "--json", data=data, **settings)
    assert ended.code == 0, ended
    return ended.said


def test_the_command_line_mints_and_says_how_it_stands(tmp_path: Path, double: Double) -> None:
    data = ingested(tmp_path)
    assert said("status", data=data)["minting"] == "off"
    settings = {**double.settings, "public_base": "http://repository.example"}
    done = said("run", "--until-idle", data=data, **settings)
    assert (done["pending"], done["dead"], done["dois"]) == (0, 0, {"findable": 12})
    found = double.findable()
    assert len(found) == 12
    doi, url = next(iter(found.items()))
    assert url == f"http://repository.example/{doi}"

    asked = said("request-version", doi, 1, data=data, **settings)
    assert asked["doi"] == f"{doi}/1" and asked["state"] == "none"
    said("run", "--until-idle", data=data, **settings)
    assert said("request-version", doi, 1, data=data)["state"] == "findable"
    assert f"{doi}/1" in double.findable()
    assert said("list", data=data) == []
    assert collectome("verify", "--json", data=data).code == 0


def test_commands_refuse_in_words(tmp_path: Path) -> None:
    data = ingested(tmp_path, 1)
    ended = collectome("pids", "run", "--until-idle", "--json", data=data)
    assert ended.code == 1 and "FDO_DATACITE_URL" in ended.said["message"]
    away = {"datacite_url": "http://127.0.0.1:9/"}
    running = begun("pids", "run", data=data, **away)
    until(lambda: said("status", data=data, **away)["trouble"])
    beside = collectome("pids", "run", "--until-idle", "--json", data=data, **away)
    assert beside.code == 1 and "Another process" in beside.said["message"]
    running.terminate()
    assert running.wait(30) == 0


def test_a_server_mints_what_comes_in_and_goes_on_after_it_was_killed(
    tmp_path: Path, double: Double
) -> None:
    data = ingested(tmp_path)
    server = Server("serve", data, **double.settings)
    until(lambda: len(double.findable()) >= 3)
    server.kill()
    with Server("serve", data, **double.settings) as server:
        plants = specimens(tmp_path / "plants.csv", *range(1, 16))
        assert collectome("ingest", plants, HOLDER, "--json", data=data).code == 0
        until(lambda: len(double.findable()) == 15)
        standing = until(lambda: _settled(server))
        assert standing["running"] and standing["dois"] == {"findable": 15}
        findable = (
            "SELECT ?o WHERE { GRAPH <urn:collectome:graph:records> "
            '{ ?o <urn:collectome:vocab:doiState> "findable" } }'
        )
        until(lambda: len(server.rows(findable)) == 15)
        history = server.client.get(f"/{next(iter(double.findable()))}/history").json()
        assert str(history).count("PidConfirmed") == 1


def _settled(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = server.client.get("/api/pids").json()
    return found if not (found["pending"] or found["unconfirmed"] or found["lag"]) else {}


def test_writing_goes_on_while_datacite_is_away(tmp_path: Path) -> None:
    data = ingested(tmp_path, 2)
    with Server("serve", data, datacite_url="http://127.0.0.1:9/") as server:
        until(lambda: server.client.get("/api/pids").json()["trouble"])
        plants = specimens(tmp_path / "plants.csv", *range(1, 5))
        assert collectome("ingest", plants, HOLDER, "--json", data=data).code == 0
        found = until(lambda: _pending(server, 4))
        assert found["dead"] == 0
        assert server.stop() in (0, 130)  # whatever DataCite does


def _pending(server: Server, number: int) -> dict[str, Any]:
    found: dict[str, Any] = server.client.get("/api/pids").json()
    return found if found["pending"] == number else {}
