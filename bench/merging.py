"""What compacting a store would gain after a first harvest: the same queries of the store as it is
published, the engine having merged what was loaded, and compacted; in one process and in turns."""

from __future__ import annotations

import statistics
import time
from itertools import islice
from pathlib import Path

from pyoxigraph import QuerySolutions, Store

from bench.generate import generate
from bench.processes import collectome, server
from bench.result import Result
from bench.sparql import CASES, Case, values_of
from bench.specimens import Plan
from handlers.merging import MUCH
from handlers.projections.graph import read_current
from handlers.stores import clone

SUITE = "merging"
_MOST = 100
"""Times that a query is asked."""
_DEARER = 2
"""What a query may take of that of the compacted store; as loaded it takes up to seven times."""


def measure(scratch: Path, records: int) -> list[Result]:
    """Processor time of each query over that of the compacted store, and how long compacting takes,
    over the harvest. Of so many records that merging is waited for."""
    archive, data = scratch / "merging.zip", scratch / "merging"
    generate(Plan(max(records, MUCH)), archive)
    _, first = collectome("ingest", str(archive), "--data", str(data))
    current = read_current(data / "projections" / "graph")
    assert current is not None
    copies = [scratch / name for name in ("published", "compacted")]
    for copy in copies:
        clone(data / "projections" / "graph" / "checkpoints" / str(current["checkpoint"]), copy)
    with server(data) as url:
        values = values_of(url)
    store, began = Store(str(copies[1])), time.perf_counter()
    store.optimize()
    share = (time.perf_counter() - began) / first.seconds
    del store
    stores = [Store.read_only(str(copy)) for copy in copies]
    results = [Result(SUITE, "compacting over the harvest", share, "ratio")]
    for case in CASES:
        if "ASK" not in case.query:
            ratio = _ratio(case, values, stores)
            what, least = f"{case.name}: published over compacted", f"<= {_DEARER}"
            results.append(Result(SUITE, what, ratio, "ratio", least, ratio <= _DEARER))
    return results


def _ratio(case: Case, values: list[dict[str, str]], stores: list[Store]) -> float:
    """Of the medians of processor time; each query is asked twice, and the second time counts."""
    spent: list[list[float]] = [[] for _ in stores]
    for value in islice(values, min(case.times, _MOST)):
        query = case.query.format(**value)
        for taken, store in zip(spent, stores, strict=True):
            for _ in range(2):
                began = time.process_time()
                rows = store.query(query)
                assert isinstance(rows, QuerySolutions)
                for _ in rows:
                    pass
            taken.append(time.process_time() - began)
    published, compacted = (statistics.median(taken) for taken in spent)
    return published / compacted
