"""The same suites as npm `rdf-test-suite` reads and judges them: a second opinion on our own."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.conformance.conftest import Workbench
from tests.conformance.graph_store import PATH, GraphStore
from tests.conformance.test_sparql_query import ENGINE_FAILURES
from tests.conformance.throwaway import Writable
from tests.handlers.queries.server import served
from tests.scenarios.node_clients import FOLDER, client

pytestmark = pytest.mark.slow

SITE = "https://w3c.github.io/rdf-tests/sparql/sparql11/"
VERDICT = re.compile(r"^([✔✖]) .*/data-sparql11/([\w-]+)/manifest#([\w-]+)\)", re.MULTILINE)
SPELLING = {"csv-tsv-res/tsv03"}
"""What rdf-test-suite lets pass, because it compares the values of numbers in TSV."""


@pytest.mark.parametrize(
    ("manifest", "entries"),
    [
        ("manifest-sparql11-query.ttl", 328),
        ("csv-tsv-res/manifest.ttl", 6),
        ("json-res/manifest.ttl", 4),
    ],
)
def test_only_the_known_failures_of_the_engine_fail(
    workbench: Workbench, suite: Path, manifest: str, entries: int
) -> None:
    judged = verdicts(suite, manifest, endpoint=workbench.served.endpoint)
    assert len(judged) == entries
    failed = {name for name, sign in judged.items() if sign == "✖"}
    assert failed == (ENGINE_FAILURES.keys() - SPELLING) & judged.keys()


def test_graphs_are_stored_as_the_protocol_says(suite: Path, tmp_path: Path) -> None:
    store = Writable(tmp_path)
    with served(store.folder, updates=store, spares=0, around=GraphStore) as where:
        address = where.base + PATH
        judged = verdicts(suite, "graph-store-protocol/manifest.ttl", graphStoreEndpoint=address)
    assert len(judged) == 13
    assert {name for name, sign in judged.items() if sign == "✖"} == set()


def verdicts(suite: Path, manifest: str, **options: str) -> dict[str, str]:
    """Group and name of each entry → ✔ or ✖."""
    done = subprocess.run(
        [client("rdf-test-suite"), "sparql_engine.cjs", SITE + manifest, "-m", f"{SITE}~{suite}/",
         "-i", json.dumps(options), "-d", "20000"],
        cwd=FOLDER, capture_output=True, text=True, timeout=280,
    )  # fmt: skip
    print(done.stdout[-4000:], done.stderr[-2000:])
    return {f"{group}/{name}": sign for sign, group, name in VERDICT.findall(done.stdout)}
