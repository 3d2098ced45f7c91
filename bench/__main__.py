"""`./run bench`: every figure that the documentation names, as ratios within one run.

    ./run bench                       all, at 10,000 records
    ./run bench ingest --records 100000
    ./run bench sparql http live

What must hold are ratios of ours to a limit or a peer measured beside it; absolute figures are
aims and depend on the machine. Exit code 1 when a ratio misses its target.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from bench import (
    across_time,
    annotating,
    changes,
    compression,
    feed,
    follow,
    harvesting,
    http,
    ingest,
    jobs,
    live,
    merging,
    minting,
    ocr,
    past,
    profiles,
    review,
    search,
    similarity,
    sparql,
    time,
    verification,
)
from bench.result import Result, table

SUITES: dict[str, Callable[[Path, int], list[Result]]] = {
    "across": across_time.measure,
    "annotating": annotating.measure,
    "changes": changes.measure,
    "compression": compression.measure,
    "feed": feed.measure,
    "follow": follow.measure,
    "growth": ingest.growth,
    "harvesting": harvesting.measure,
    "ingest": ingest.measure,
    "jobs": jobs.measure,
    "live": live.measure,
    "http": http.measure,
    "merging": merging.measure,
    "minting": minting.measure,
    "ocr": ocr.measure,
    "past": past.measure,
    "profiles": profiles.measure,
    "review": review.measure,
    "search": search.measure,
    "similarity": similarity.measure,
    "sparql": sparql.measure,
    "time": time.measure,
    "verification": verification.measure,
}


def main() -> int:
    """Run the suites asked for, print the table, and keep it as JSON."""
    parser = argparse.ArgumentParser(
        prog="./run bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("suites", nargs="*", metavar="suite", help=", ".join(SUITES))
    parser.add_argument("--records", type=int, default=10_000, help="10000, 100000 or 1000000")
    parser.add_argument("--scratch", type=Path, help="folder for data (default: a temporary one)")
    parser.add_argument("--json", type=Path, help="write the results to this file")
    options = parser.parse_args()
    unknown = set(options.suites) - set(SUITES)
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}; there are {', '.join(SUITES)}")
    results: list[Result] = []
    if options.scratch is not None:
        options.scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
        for name in options.suites or SUITES:
            print(f"{name} …", file=sys.stderr, flush=True)
            results += SUITES[name](Path(scratch), options.records)
    print(table(results))
    if options.json:
        options.json.write_text(json.dumps([result.as_json() for result in results], indent=1))
    return 1 if any(result.holds is False for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
