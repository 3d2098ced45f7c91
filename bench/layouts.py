"""Other layouts of versions, asked the same: one store with a named graph per version; a file of
N-Quads per commit that is loaded when it is touched, as QuitStore does; PyPI `oxilite`, where it
is installed. One that would take too long or too much memory is left out, and the table says why.
"""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pyoxigraph import NamedNode, RdfFormat, Store

from bench.result import Result
from bench.turns import beside, rows, say, seconds
from bench.versions import PAST, VERSIONS, Told

PATIENCE_S = 300
"""So long a peer may take to load what it is asked about; more is foreseen from a part."""
IN_MEMORY_QUADS = 5_000_000
"""Most quads of a version that a baseline may hold in memory."""
OXILITE: dict[str, Any] = {"versioning": "log", "as_of_index": True, "stamp_index": True}
"""The settings with which its questions in the past are fastest."""


def compare(
    scratch: Path, told: Told, queries: dict[str, str], truth: Store, then: Path
) -> list[Result]:
    """Each query in the past on the store of the ladder (`then`), over each other layout."""
    ours = Store.read_only(str(then))
    peers: dict[str, Callable[[str], int]] = {}
    say("baseline: a graph for each version")
    layered = _graph_per_version(scratch, told.files)
    graph = NamedNode(f"urn:version:{PAST}")
    peers["graph per version"] = lambda text: rows(layered, text, default_graph=graph)
    results = []
    if len(ours) <= IN_MEMORY_QUADS:
        say("baseline: a commit loaded when it is touched")
        touched, touch = _touched(told.whole)
        peers["QuitStore-style, loaded"] = lambda text: rows(touched, text)
        results.append(Result("time", "QuitStore-style: first touch of a commit", touch, "s"))
    else:
        results.append(_left_out(f"QuitStore-style: {len(ours):,} quads are held in memory"))
    if importlib.util.find_spec("oxilite") is None:
        results.append(_left_out("oxilite is not installed"))
    elif (foreseen := _oxilite_takes(scratch, told.files[0])) > PATIENCE_S:
        results.append(_left_out(f"oxilite: loading would take {foreseen / 60:,.0f} minutes"))
    else:
        say(f"baseline: oxilite, about {foreseen:.0f} s to load")
        versioned, name = _oxilite(scratch, told.files)
        peers["oxilite"] = lambda text: rows(versioned, text, as_of=name)
    say("questions to the baselines")
    for kind, text in queries.items():
        wanted = rows(truth, text)
        for peer, ask in peers.items():
            found = ask(text)
            if found != wanted:
                results.append(
                    Result("time", f"{peer}: {kind} gives {found} rows for {wanted}", 0.0, "")
                )
                continue
            took = beside(
                lambda text=text: rows(ours, text), lambda ask=ask, text=text: ask(text), rounds=5
            )
            ratio = took[0] / took[1]
            results.append(Result("time", f"warm as-of {kind} over {peer}", ratio, "ratio"))
    return results


def _left_out(why: str) -> Result:
    return Result("time", f"left out: {why}", 0.0, "")


def _graph_per_version(scratch: Path, files: Sequence[Path]) -> Store:
    store = Store(str(scratch / "layered"))
    for number, file in enumerate(files):
        store.bulk_load(
            path=str(file),
            format=RdfFormat.N_TRIPLES,
            to_graph=NamedNode(f"urn:version:{number}"),
        )
    store.optimize()
    return store


def _touched(file: Path) -> tuple[Store, float]:
    store = Store()
    return store, seconds(lambda: store.bulk_load(path=str(file), format=RdfFormat.N_QUADS))


def _oxilite_takes(scratch: Path, file: Path) -> float:
    """Seconds that a first version would take to load, as a part of it does."""
    import oxilite

    part, whole = 50_000, 0
    with file.open() as lines:
        text = "".join(itertools.islice(lines, part))
        whole = part + sum(1 for _ in lines)
    store = oxilite.Store(str(scratch / "part.sqlite"), **OXILITE)
    return seconds(lambda: store.load(text, format=oxilite.RdfFormat.N_TRIPLES)) * whole / part


def _oxilite(scratch: Path, files: Sequence[Path]) -> tuple[Any, str]:
    """A versioned store of the default graphs, and the name of the version asked for."""
    import oxilite

    store = oxilite.Store(str(scratch / "oxilite.sqlite"), **OXILITE)
    before: set[str] = set()
    for file in files:
        after = set(file.read_text().splitlines(keepends=True))
        if before:
            gone, come = "".join(before - after), "".join(after - before)
            store.update(f"DELETE DATA {{ {gone} }} ; INSERT DATA {{ {come} }}")
        else:
            store.load("".join(after), format=oxilite.RdfFormat.N_TRIPLES)
        before = after
    return store, f"HEAD~{VERSIONS - 1 - PAST}"
