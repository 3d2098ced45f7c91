"""SPARQL over HTTP: this endpoint beside the `oxigraph` server, same data, same client, one run.

    python -m bench.sparql [--specimens 25000] [--json]

Prints for each query the median and the 95th percentile of both, the ratio of the medians, and
that of the fifth percentiles, in which other programs on the machine are seen least. The two are
asked in turns, round by round, so that a noisy machine hurts both alike.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pyoxigraph import RdfFormat, Store

_DWC = "http://rs.tdwg.org/dwc/terms/"
_ODS = "http://rs.dissco.eu/opends/terms/"
_PREFIXES = f"PREFIX dwc: <{_DWC}> PREFIX ods: <{_ODS}> "
_COUNTRIES = ("Luxembourg", "Belgium", "Nepal", "Kenya", "Peru", "Norway", "Japan", "Australia")
_WARM_UP = 20


@dataclass(frozen=True, slots=True)
class Case:
    """A query with places for numbers, so that none is asked twice but one, and how often."""

    name: str
    query: str
    times: int


CASES = (
    Case("the least there is: ASK", "ASK {{ FILTER({n} > 0) }}", 300),
    Case("look-up: one subject", "SELECT * {{ <https://doi.org/10.5072/S-{n}> ?p ?o }}", 600),
    Case(
        "the same look-up again and again",
        "SELECT * {{ <https://doi.org/10.5072/S-17> ?p ?o }}",
        600,
    ),
    Case(
        "look-up: three hops of one specimen",
        _PREFIXES + "SELECT ?country ?name {{ <https://doi.org/10.5072/S-{n}> ods:hasEvents/"
        "ods:hasLocation/dwc:country ?country ; ods:hasIdentifications/dwc:scientificName ?name }}",
        600,
    ),
    Case(
        "join: country and genus, first 20",
        _PREFIXES + 'SELECT ?s{n} ?name {{ ?s{n} ods:hasEvents/ods:hasLocation/dwc:country "Nepal" '
        '; ods:hasIdentifications ?i . ?i dwc:genus "Genus{k}" ; '
        "dwc:scientificName ?name }} LIMIT 20",
        40,
    ),
    Case(
        "aggregate: specimens by country",
        _PREFIXES + "SELECT ?c (COUNT(*) AS ?n{n}) {{ ?s ods:hasEvents/ods:hasLocation/dwc:country "
        "?c }} GROUP BY ?c",
        12,
    ),
    Case(
        "answer of 5,000 rows",
        _PREFIXES + "SELECT ?s ?name {{ ?s dwc:scientificName ?name }} OFFSET {n} LIMIT 5000",
        40,
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """The outcome of one case, in milliseconds."""

    name: str
    ours: float
    ours_p95: float
    theirs: float
    theirs_p95: float
    quiet_ratio: float
    """Our fifth percentile over theirs."""

    @property
    def ratio(self) -> float:
        """Our median over theirs; 1.2 is the goal."""
        return self.ours / self.theirs


def run(specimens: int = 25_000) -> list[Row]:
    """Make the data, start both servers, ask both, and take the times."""
    folder = Path(tempfile.mkdtemp(prefix="bench-sparql-"))
    try:
        graph = _make_graph(folder, specimens)
        with _ours(graph) as ours, _oxigraph(folder / "reference") as theirs:
            return [_measure(case, ours, theirs) for case in CASES]
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--specimens", type=int, default=25_000)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rows = run(asked.specimens)
    if asked.json:
        print(json.dumps([{**row.__dict__, "ratio": row.ratio} for row in rows]))
        return
    print(f"{'ms':38} {'ours':>8} {'p95':>8} {'oxigraph':>9} {'p95':>8} {'ratio':>6} {'p5':>6}")
    for row in rows:
        print(
            f"{row.name:38} {row.ours:8.2f} {row.ours_p95:8.2f} {row.theirs:9.2f} "
            f"{row.theirs_p95:8.2f} {row.ratio:6.2f} {row.quiet_ratio:6.2f}"
        )


def _measure(case: Case, ours: str, theirs: str) -> Row:
    clients = [http.client.HTTPConnection(where, timeout=120) for where in (ours, theirs)]
    times: tuple[list[float], list[float]] = ([], [])
    warm_up = min(_WARM_UP, case.times)
    for number in range(warm_up + case.times):
        query = quote(case.query.format(n=number, k=number % 40))
        sizes = []
        for taken, client, path in zip(times, clients, ("/sparql", "/query"), strict=True):
            began = time.perf_counter()
            sizes.append(len(_ask(client, f"{path}?query={query}")))
            if number >= warm_up:
                taken.append((time.perf_counter() - began) * 1000)
        if abs(sizes[0] - sizes[1]) > 64:
            raise RuntimeError(f"{case.name}: the answers differ, {sizes[0]} and {sizes[1]} bytes")
    medians = [statistics.median(taken) for taken in times]
    tails = [statistics.quantiles(taken, n=20) for taken in times]
    quiet = tails[0][0] / tails[1][0]
    return Row(case.name, medians[0], tails[0][-1], medians[1], tails[1][-1], quiet)


def _ask(client: http.client.HTTPConnection, path: str) -> bytes:
    client.request("GET", path, headers={"Accept": "application/sparql-results+json"})
    response = client.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{response.status}: {body[:200]!r}")
    return body


def _make_graph(folder: Path, specimens: int) -> Path:
    """A store of about forty triples a specimen, published twice: for us and as reference."""
    lines = folder / "graph.nt"
    with lines.open("w", encoding="utf-8") as out:
        for number in range(specimens):
            out.write(_specimen(number))
    store = Store(os.fspath(folder / "live"))
    store.bulk_load(path=os.fspath(lines), format=RdfFormat.N_TRIPLES)
    store.optimize()
    graph = folder / "graph"
    (graph / "checkpoints").mkdir(parents=True)
    store.backup(os.fspath(graph / "checkpoints" / "1"))
    store.backup(os.fspath(folder / "reference"))
    pointer = {"checkpoint": "1", "position": 1, "recorded_at": "2026-01-01T00:00:00Z"}
    (graph / "current").write_text(json.dumps(pointer))
    return graph


def _specimen(number: int) -> str:
    pid = f"https://doi.org/10.5072/S-{number}"
    place, taxon = f"<{pid}#event-1-location>", f"<{pid}#identification-1>"
    name = f'"Genus{number % 40} species{number % 900}"'
    lines = [
        f"<{pid}> <{_ODS}hasEvents> <{pid}#event-1> .",
        f"<{pid}> <{_ODS}hasIdentifications> {taxon} .",
        f"<{pid}#event-1> <{_ODS}hasLocation> {place} .",
        f'{place} <{_DWC}country> "{_COUNTRIES[number * 7 % 8]}" .',
        f'{taxon} <{_DWC}genus> "Genus{number % 40}" .',
        f"{taxon} <{_DWC}scientificName> {name} .",
        f"<{pid}> <{_DWC}scientificName> {name} .",
    ]
    lines += [f'<{pid}> <{_DWC}field{at}> "{number}-{at}" .' for at in range(33)]
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def _ours(graph: Path) -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "bench.sparql_server", os.fspath(graph), str(port)]
    with _process(command, port):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def _oxigraph(store: Path) -> Iterator[str]:
    port = _free_port()
    program = Path(sys.executable).with_name("oxigraph")
    command = [os.fspath(program), "serve-read-only", "--location", os.fspath(store)]
    with _process([*command, "--bind", f"127.0.0.1:{port}"], port):
        yield f"127.0.0.1:{port}"


@contextlib.contextmanager
def _process(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


if __name__ == "__main__":
    main()
