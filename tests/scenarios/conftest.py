"""Servers that many tests share: demo, which nobody changes, workshop for writers, DataCite."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.demo import LOG
from tests.scenarios.program import HOLDER, Server, collectome, specimens, until
from tests.scenarios.registrar import Double
from tests.scenarios.terminal import Terminal


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`collectome demo` at its first start; tests only read from it."""
    with Server("demo", tmp_path_factory.mktemp("demo") / "data") as server:
        yield server


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """`collectome serve` on twelve plants; tests add to it, each under a name of its own."""
    folder = tmp_path_factory.mktemp("workshop")
    plants = specimens(folder / "plants.csv", *range(1, 13))
    began = collectome("ingest", plants, HOLDER, "--json", data=folder / "data")
    assert began.code == 0, began
    settings = {"allow_private_hosts": "true", "ingest_upload_mb": 1, "title": "Workshop"}
    with Server("serve", folder / "data", **settings) as server:
        yield server


@pytest.fixture(scope="session")
def demo_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of the demo as `export --format jsonl` wrote it."""
    place = tmp_path_factory.mktemp("log") / "log.jsonl"
    place.write_bytes(gzip.decompress(LOG.read_bytes()))
    return place


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, demo_log: Path) -> Terminal:
    """The demo's log, imported as an operator would; tests only read from it."""
    terminal = Terminal(tmp_path_factory.mktemp("sample") / "data")
    assert terminal.json("import", demo_log)["events"] > 200
    return terminal


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Double]:
    """DataCite as far as this test can see."""
    made = Double(tmp_path)
    until(lambda: httpx.get(f"{made.url}heartbeat").status_code < 500)
    yield made
    made.stop()
