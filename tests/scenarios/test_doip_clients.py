"""Programs of others that read FDO records and speak DOIP: pyhandle, doipy, cnri-doip-client."""

from __future__ import annotations

import hashlib
import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyhandle.handleclient import PyHandleClient

from tests.scenarios.program import HOLDER, Server, collectome, specimens, until
from tests.scenarios.python_clients import FOLDER, client_python

TURTLE = {"accept": "text/turtle"}


@pytest.fixture(scope="module")
def sedges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Six sedges, three of them revised, served by HTTP and by native DOIP."""
    folder = tmp_path_factory.mktemp("sedges")
    for numbers, country in ((range(6), "Norway"), (range(3), "Sweden")):
        table = specimens(folder / "plants.csv", *numbers, country=country)
        assert collectome("ingest", table, HOLDER, "--json", data=folder / "data").code == 0
    with Server("serve", folder / "data", doip_port=_free()) as server:
        until(lambda: server.client.get("/health").json()["lag"]["search"] == 0)
        yield server


@pytest.fixture(scope="module")
def pids(sedges: Server) -> list[str]:
    """Specimens with two versions."""
    found = sedges.client.get("/api/search?limit=9").json()["items"]
    return [one["pid"] for one in found if one["version"] == 2]


def test_pyhandle_reads_records_and_single_values(sedges, pids):
    client = PyHandleClient("rest").instantiate_for_read_access(handle_server_url=sedges.base)
    record = client.retrieve_handle_record(pids[0])
    assert record["URL"] == f"{sedges.base}/{pids[0]}"
    assert record["pidStatus"] == "ACTIVE"
    assert client.get_value_from_handle(pids[0], "specimenHost") == HOLDER.partition("=")[2]
    assert client.retrieve_handle_record("10.5072/AAA-AAA-AAA") is None
    assert client.get_value_from_handle(pids[0], "nothing") is None


@pytest.mark.slow
def test_doipy_reads_and_writes_natively(sedges, pids, tmp_path):
    python = client_python("doipy")
    port = sedges.client.get("/doip/0.DOIP/Op.Hello?targetId=service").json()["attributes"]["port"]
    turtle = sedges.client.get(f"/{pids[0]}", headers=TURTLE).content
    said = _session(python, "doipy_session.py", tmp_path, str(port), pids[0], sedges.token)
    assert said["hello"]["output"]["type"] == "0.TYPE/DOIPServiceInfo"
    assert "0.DOIP/Op.Retrieve" in said["operations"]["output"]
    assert said["object"]["output"]["id"] == pids[0]
    assert said["element"]["sha256"] == hashlib.sha256(turtle).hexdigest()
    assert said["element"]["attributes"]["checksum"]["value"] == said["element"]["sha256"]
    assert said["first"]["output"]["attributes"]["version"] == 1
    assert [row["version"] for row in said["versions"]["output"]] == [2, 1]
    assert said["search"]["output"]["size"] == 6
    assert said["unknown"]["status"].endswith(".104")
    assert said["refused"]["status"].endswith(".102")
    # doipy writes its own `id` and `name` into the content, which is no openDS
    assert "Additional properties" in json.dumps(said["created"])
    assert said["updated"]["output"]["attributes"]["version"] == 3
    assert said["deleted"]["status"].endswith(".001")
    assert said["gone"]["attributes"]["gone"] is True


@pytest.mark.slow
def test_cnri_doip_client_reads_and_writes_over_http(sedges, pids, tmp_path):
    python = client_python("cnri_doip_client", least=(3, 12))
    pid = pids[1]
    turtle = sedges.client.get(f"/{pid}", headers=TURTLE).content
    said = _session(python, "cnri_session.py", tmp_path, f"{sedges.base}/doip", pid, sedges.token)
    assert said["hello"]["type"] == "0.TYPE/DOIPServiceInfo"
    assert "0.DOIP/Op.Retrieve" in said["operations"]
    assert said["object"]["attributes"]["version"] == 2
    assert said["sha256"] == hashlib.sha256(turtle).hexdigest()
    assert said["range"] is True
    assert pid in said["search"]
    assert said["search"] == said["full"]
    assert said["unknown"] is None
    assert said["updated"]["attributes"]["content"]["ods:specimenName"] == "Carex cnrii"
    assert said["gone"] is None


def _session(python: Path, script: str, folder: Path, *arguments: str | None) -> Any:
    done = subprocess.run(
        [str(python), str(FOLDER / script), *map(str, arguments)],
        cwd=folder, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.strip().splitlines()[-1])


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
