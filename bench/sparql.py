"""SPARQL over HTTP: the whole server beside the `oxigraph` server, same data, same client, one run.

    python -m bench.sparql [--specimens 10000] [--json]

An archive is taken in as always; `oxigraph` gets the store that the graph projection published.
Prints for each query the median and the 95th percentile of both, the ratio of the medians, and
that of the fifth percentiles, in which other programs on the machine are seen least. The two are
asked in turns, query by query, so that a noisy machine hurts both alike.
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
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench.generate import generate
from bench.processes import collectome, free_port, server
from bench.result import Result
from bench.specimens import Plan
from handlers.queries.checkpoint import read_current

_PREFIXES = (
    "PREFIX dwc: <http://rs.tdwg.org/dwc/terms/> PREFIX ods: <http://rs.dissco.eu/opends/terms/> "
)
_NAME = "ods:hasIdentifications/ods:hasTaxonIdentifications/dwc:scientificName"
_COUNTRY = "ods:hasEvents/ods:hasLocation/dwc:country"
_WARM_UP = 20
_MOST = 10_000
"""Specimens; ratios do not change beyond."""


@dataclass(frozen=True, slots=True)
class Case:
    """A query with places for what differs, so that none is asked twice but one, and how often."""

    name: str
    query: str
    times: int
    most: float | None = 1.2
    """The ratio that is the goal; None: this says what the way to a worker and back takes."""


CASES = (
    Case("the least there is: ASK", "ASK {{ FILTER({n} > 0) }}", 300, most=None),
    Case("look-up: one subject", "SELECT * {{ <{pid}> ?p ?o }}", 600),
    Case("the same look-up again and again", "SELECT * {{ <{same}> ?p ?o }}", 600),
    Case(
        "look-up: three hops of one specimen",
        _PREFIXES
        + f"SELECT ?country ?name {{{{ <{{pid}}> {_COUNTRY} ?country ; {_NAME} ?name }}}}",
        600,
    ),
    Case(
        "join: country and genus, first 20",
        _PREFIXES + f'SELECT ?s{{n}} ?name {{{{ ?s{{n}} {_COUNTRY} "{{country}}" ; '
        "ods:hasIdentifications/ods:hasTaxonIdentifications ?i . "
        '?i dwc:genus "{genus}" ; dwc:scientificName ?name }} LIMIT 20',
        40,
    ),
    Case(
        "aggregate: specimens by country",
        _PREFIXES + f"SELECT ?c (COUNT(*) AS ?n{{n}}) {{{{ ?s {_COUNTRY} ?c }}}} GROUP BY ?c",
        12,
    ),
    Case(
        "answer of 5,000 rows",
        _PREFIXES + "SELECT ?i ?name {{ ?i dwc:scientificName ?name }} OFFSET {n} LIMIT 5000",
        40,
    ),
)


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint, and what is said beside the query."""

    netloc: str
    path: str
    more: str = ""


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


def measure(scratch: Path, records: int) -> list[Result]:
    """The ratios, those of look-ups, joins and aggregates with their goal."""
    return [
        Result("sparql", f"{row.name}: ours over the oxigraph server", row.ratio, "ratio",
               *(() if case.most is None else (f"<= {case.most:g}", row.ratio <= case.most)))
        for case, row in zip(CASES, run(scratch, min(records, _MOST)), strict=True)
    ]  # fmt: skip


def run(scratch: Path, specimens: int) -> list[Row]:
    """Take the data in, start both servers, ask both, and take the times."""
    archive, data = scratch / "sparql.zip", scratch / "sparql"
    generate(Plan(specimens), archive)
    collectome("ingest", str(archive), "--data", str(data))
    published = data / "projections" / "graph"
    newest = read_current(published)
    assert newest is not None
    reference = scratch / "reference"
    shutil.copytree(published / "checkpoints" / newest.checkpoint, reference)
    with server(data, sparql_time_per_minute_s=0) as ours, _oxigraph(reference) as theirs:
        asked = Target(urlsplit(ours).netloc, "/sparql"), Target(theirs, "/query")
        values = values_of(ours)
        return [compared(case, values, *asked) for case in CASES]


def main() -> None:
    """Run and print."""
    by_hand(str(__doc__), run, "ours", "oxigraph")


def by_hand(story: str, measured: Callable[[Path, int], list[Row]], ours: str, theirs: str) -> None:
    """A suite as a command of its own: a table of its outcomes, or JSON."""
    parser = argparse.ArgumentParser(description=story)
    parser.add_argument("--specimens", type=int, default=_MOST)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-sparql-") as scratch:
        rows = measured(Path(scratch), asked.specimens)
    if asked.json:
        print(json.dumps([{**row.__dict__, "ratio": row.ratio} for row in rows]))
        return
    print(f"{'ms':38} {ours:>8} {'p95':>8} {theirs:>9} {'p95':>8} {'ratio':>6} {'p5':>6}")
    for row in rows:
        print(
            f"{row.name:38} {row.ours:8.2f} {row.ours_p95:8.2f} {row.theirs:9.2f} "
            f"{row.theirs_p95:8.2f} {row.ratio:6.2f} {row.quiet_ratio:6.2f}"
        )


def values_of(ours: str) -> list[dict[str, str]]:
    """What is put into the n-th query, from the data of this server."""
    client = http.client.HTTPConnection(urlsplit(ours).netloc, timeout=120)

    def column(query: str) -> list[str]:
        found = json.loads(ask(client, f"/sparql?query={quote(_PREFIXES + query)}"))
        return [row["x"]["value"] for row in found["results"]["bindings"]]

    most = _WARM_UP + max(case.times for case in CASES)
    pids = column(f"SELECT ?x {{ ?x a ods:DigitalSpecimen }} LIMIT {most}")
    genera = column("SELECT ?x { ?t dwc:genus ?x } GROUP BY ?x ORDER BY DESC(COUNT(*)) LIMIT 40")
    countries = column("SELECT DISTINCT ?x { ?l dwc:country ?x } ORDER BY ?x")
    values = zip(cycle(pids), cycle(genera), cycle(countries), range(most))
    return [
        {"n": str(n), "pid": pid, "same": pids[0], "genus": genus, "country": country}
        for pid, genus, country, n in values
    ]


def compared(
    case: Case, values: list[dict[str, str]], ours: Target, theirs: Target, apart: int = 64
) -> Row:
    """Ask both in turns; RuntimeError where answers differ by more than `apart` bytes."""
    asked = ours, theirs
    clients = [http.client.HTTPConnection(each.netloc, timeout=120) for each in asked]
    times: tuple[list[float], list[float]] = ([], [])
    warm_up = min(_WARM_UP, case.times)
    for number, value in enumerate(islice(values, warm_up + case.times)):
        query = quote(case.query.format(**value))
        sizes = []
        for taken, client, target in zip(times, clients, asked, strict=True):
            began = time.perf_counter()
            sizes.append(len(ask(client, f"{target.path}?query={query}{target.more}")))
            if number >= warm_up:
                taken.append((time.perf_counter() - began) * 1000)
        if abs(sizes[0] - sizes[1]) > apart:
            raise RuntimeError(f"{case.name}: the answers differ, {sizes[0]} and {sizes[1]} bytes")
    medians = [statistics.median(taken) for taken in times]
    tails = [statistics.quantiles(taken, n=20) for taken in times]
    quiet = tails[0][0] / tails[1][0]
    return Row(case.name, medians[0], tails[0][-1], medians[1], tails[1][-1], quiet)


def ask(client: http.client.HTTPConnection, path: str) -> bytes:
    """The answer to a GET, as JSON; RuntimeError where it is not 200."""
    client.request("GET", path, headers={"Accept": "application/sparql-results+json"})
    response = client.getresponse()
    body = response.read()
    if response.status != 200:
        raise RuntimeError(f"{response.status}: {body[:200]!r}")
    return body


@contextlib.contextmanager
def _oxigraph(store: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    program = Path(sys.executable).with_name("oxigraph")
    command = [os.fspath(program), "serve-read-only", "--location", os.fspath(store)]
    process = subprocess.Popen(
        [*command, "--bind", address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    host, _, port = address.partition(":")
    try:
        until = time.monotonic() + 30
        while time.monotonic() < until and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), 1):
                break
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


if __name__ == "__main__":
    main()
