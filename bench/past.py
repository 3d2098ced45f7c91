"""The past over HTTP: the same query as of an instant and of now, same server, client and run.

    python -m bench.past [--specimens 10000] [--json]

An archive is taken in as always, and two values of a tenth of its specimens change: the state
before is asked beside the newest one, in turns, by the queries of `bench.sparql`, when it was
compacted because somebody asked again: that is a warm instant. `bench time` compares the two in the
engine, without the server.
"""

from __future__ import annotations

import http.client
import time
from itertools import count
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench.generate import generate
from bench.processes import collectome, server
from bench.result import Result
from bench.sparql import CASES, Row, Target, ask, by_hand, compared, values_of
from bench.specimens import Plan
from bench.turns import say
from bench.versions import SHARE, revise
from eventstore.application import DigitalObjects
from handlers import stores
from handlers.instants.model import is_compacted

_MOST = 10_000
_APART = 1 << 20
"""Bytes by which answers may differ: two values of a specimen, a page of rows that differ."""
_PATIENCE_S = 120.0


def measure(scratch: Path, records: int) -> list[Result]:
    """The ratios, each at most 1.15."""
    return [
        Result("past", f"{row.name}: as of then over now", row.ratio, "ratio",
               "<= 1.15", row.ratio <= 1.15)
        for row in run(scratch, min(records, _MOST))
    ]  # fmt: skip


def run(scratch: Path, specimens: int) -> list[Row]:
    """Take the data in, change a part, start the server, ask of both states, and take the times."""
    archive, data = scratch / "past.zip", scratch / "past"
    generate(Plan(specimens), archive)
    collectome("ingest", str(archive), "--data", str(data))
    objects = DigitalObjects(data, durability="normal")
    then = objects.log.position()
    heads = objects.log.heads(limit=10**9)
    revise(objects, [head.pid for head in heads if head.type == "specimen"][::SHARE], 1)
    newest = objects.log.position()
    objects.close()
    with server(data, sparql_time_per_minute_s=0) as ours:
        netloc = urlsplit(ours).netloc
        now = Target(netloc, "/sparql")
        past = Target(netloc, "/sparql", f"&as-of={then}")
        client = http.client.HTTPConnection(netloc, timeout=120)
        ask(client, f"/sparql?query={quote('ASK {}')}&min-position={newest}")
        values = values_of(ours)
        say("waiting for the state of then")
        _until_compacted(client, past, data)
        return [compared(case, values, past, now, _APART) for case in CASES]


def main() -> None:
    """Run and print."""
    by_hand(str(__doc__), run, "then", "now")


def _until_compacted(client: http.client.HTTPConnection, past: Target, data: Path) -> None:
    """Ask until a copy in one layer is there."""
    until = time.monotonic() + _PATIENCE_S
    instants = data / "projections" / "graph" / "instants"
    for number in count():
        if any(is_compacted(kept.path) for kept in stores.all_kept(instants)):
            return
        if time.monotonic() > until:
            raise RuntimeError(f"the state was not compacted within {_PATIENCE_S:.0f} s")
        query = quote(f"SELECT (COUNT(*) AS ?n{number}) {{ ?s ?p ?o }}")  # never asked before
        client.request("GET", f"{past.path}?query={query}{past.more}")
        client.getresponse().read()  # 503 while it is made
        time.sleep(0.5)


if __name__ == "__main__":
    main()
