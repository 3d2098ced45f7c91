"""One machine, one command: a server that keeps the workers of its services itself."""

from __future__ import annotations

import os
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.program import HOLDER, Server, apart, collectome, specimens, until

pytestmark = pytest.mark.skipif(
    find_spec("global_land_mask") is None,  # to import it here would take a gigabyte
    reason="the packages of requirements-mas.lock are absent",
)

SERVICE = "coordinates"
TURNED = {"decimalLatitude": "60.4", "decimalLongitude": "-5.3", "geodeticDatum": "WGS84"}
"""Bergen, with the sign of its longitude turned: in the sea, for a plant of Norway."""


def ingested(data: Path, *numbers: int, **same: str) -> None:
    table = specimens(data.parent / "plants.csv", *numbers, **same)
    ended = collectome("ingest", table, HOLDER, "--json", data=data)
    assert ended.code == 0, ended


def workers(server: Server) -> dict[str, str]:
    """Service → state, as /health tells it."""
    found: dict[str, str] = server.client.get("/health").json()["workers"]
    return found


def proposals(server: Server) -> list[Any]:
    answer = server.client.get("/api/annotations", params={"state": "pending"}).json()
    found: list[Any] = answer["items"]
    return found


def test_a_suggestion_arrives_without_anybody_starting_a_worker(tmp_path: Path) -> None:
    data = tmp_path / "data"
    ingested(data, 1)
    with Server("serve", data, "--workers", "auto", datacite_password="of the server") as server:
        assert workers(server) == {}
        assert apart("mas", "enable", SERVICE, data=data).code == 0
        (first,) = until(lambda: process_of(server))
        assert b"of the server" not in Path(f"/proc/{first}/environ").read_bytes()
        until(lambda: workers(server) == {SERVICE: "running"}, 60)
        ingested(data, 1, 2, **TURNED)
        until(lambda: len(proposals(server)) == 2, 120)

        os.kill(first, signal.SIGKILL)
        until(lambda: [one for one in process_of(server) if one != first], 60)
        (row,) = collectome("mas", "status", "--json", data=data).said
        assert (row["name"], row["kept"]["state"], row["kept"]["restarts"]) == (
            SERVICE, "running", 1,
        )  # fmt: skip
        assert "killed" not in server.said
        page = server.client.get("/mas", headers={"accept": "text/html"}).text
        assert "started again 1 time" in page
        server.kill()
        until(lambda: process_of(server) == [], 60)


def test_a_service_that_is_named_waits_until_it_is_registered(tmp_path: Path) -> None:
    data = tmp_path / "data"
    ingested(data, 1)
    with Server("serve", data, workers="language") as server:
        until(lambda: workers(server) == {"language": "waiting"})
        (row,) = collectome("mas", "status", "--json", data=data).said
        assert "mas enable language" in row["kept"]["said"]
    assert not (data / "workers.json").exists()


def test_a_service_that_does_not_ship_is_refused_at_once(tmp_path: Path) -> None:
    ended = apart("serve", "--port=0", "--workers=handwriting", data=tmp_path / "data")
    assert ended.code == 1
    assert "'handwriting'" in ended.err and "label-ocr" in ended.err


def process_of(server: Server) -> list[int]:
    """The processes that work for the service; their watchers say the folder in their line."""
    found = []
    for pid in server.processes("api.cli"):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if b"work" in words and SERVICE.encode() in words:
            found.append(pid)
    return found
