"""The endpoint on a throw-away writable store, and the public one on a store of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.conformance.throwaway import Writable
from tests.handlers.queries.publisher import Publisher, people
from tests.handlers.queries.server import Served, served

SUITE_BASE = "http://suite.example/"


@dataclass(frozen=True)
class Workbench:
    """A served endpoint, the store behind it, and a client, which is dear to make."""

    served: Served
    store: Writable
    client: httpx.Client


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """The application with updates allowed, for the suites that load data."""
    store = Writable(tmp_path_factory.mktemp("throwaway"))
    with (
        served(store.folder, updates=store, base_iri=SUITE_BASE, spares=0) as where,
        httpx.Client(timeout=30) as client,
    ):
        yield Workbench(where, store, client)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The application as the public meets it."""
    store = Publisher(tmp_path_factory.mktemp("public")).load(people(20))
    store.publish()
    with served(store.folder) as where:
        yield where


@pytest.fixture(scope="session")
def suite(shared_data: Path) -> Path:
    """The W3C SPARQL 1.1 test suite."""
    folder = shared_data / "conformance" / "sparql11"
    if not folder.is_dir():
        # the suite is not ours to ship
        pytest.skip("the W3C SPARQL 1.1 suite is not among the reference data")
    return folder
