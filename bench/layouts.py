"""Other layouts of versions, asked the same: one store with a named graph per version; a file per
commit that is loaded when it is touched, as QuitStore does; PyPI `oxilite`, where it is installed.
One that would take too long or too much memory is left out, and the table says why. All of them
hold the default graph alone, which is less than ours do.
"""

from __future__ import annotations

import importlib.util
import itertools
import shutil
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pyoxigraph import NamedNode, RdfFormat, Store

from bench.result import Result
from bench.turns import beside, rows, say, seconds
from bench.versions import PAST, VERSIONS

PATIENCE_S = 300
"""So long a peer may take to load what it is asked about; more is foreseen from a part."""
IN_MEMORY_TRIPLES = 5_000_000
"""Most triples of a version that a baseline may hold in memory."""
PEER = "oxilite"
OXILITE: dict[str, Any] = {"versioning": "log", "as_of_index": True, "stamp_index": True}
"""The settings with which its questions in the past are fastest."""
_THEN = NamedNode(f"urn:version:{PAST}")


class Layouts:
    """The other layouts of one repository, filled while its next versions come about."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._layered = Store(str(scratch / "layered"))
        self._peers: dict[str, Callable[[str], int]] = {
            "graph per version": lambda text: rows(self._layered, text, default_graph=_THEN)
        }
        self._loader = ThreadPoolExecutor(1, thread_name_prefix="layers")
        self._loading: Future[None] | None = None
        self._oxilite: _Oxilite | None = None
        self._results: list[Result] = []

    def take(self, version: int, file: Path) -> None:
        """The next version, as N-Triples in a file that is ours from now on."""
        if version == 0:
            self._begin_oxilite(file)
        if self._oxilite is not None:
            say("baseline: oxilite")
            self._oxilite.take(file)
        if version == PAST:
            self._touch(file)
        self._join()
        aside = file.rename(file.with_name(f"layer-{version}.nt"))
        self._loading = self._loader.submit(self._load, version, aside)

    def complete(self) -> None:
        """All versions were taken."""
        say("baseline: a graph for each version")
        self._join()
        self._loader.shutdown()
        self._layered.optimize()

    def truth(self, text: str) -> int:
        """How many rows a query has at the version asked about, as it was loaded from nothing."""
        return self._peers["graph per version"](text)

    def compare(self, queries: dict[str, str], then: Path) -> list[Result]:
        """Each query in the past on the store of the ladder (`then`), over each other layout."""
        say("questions to the baselines")
        ours = Store.read_only(str(then))
        results = list(self._results)
        for kind, text in queries.items():
            wanted = self.truth(text)
            for peer, ask in self._peers.items():
                found = ask(text)
                if found != wanted:
                    results.append(_said(f"{peer}: {kind} gives {found} rows for {wanted}"))
                    continue
                took = beside(
                    lambda text=text: rows(ours, text),
                    lambda ask=ask, text=text: ask(text),
                    rounds=5,
                )
                results.append(_beside(kind, peer, took[0] / took[1]))
        return results

    def remove(self) -> None:
        """Give their room on the disk and in memory back."""
        self._peers.clear()
        del self._layered, self._oxilite
        shutil.rmtree(self._scratch / "layered")

    def _load(self, version: int, file: Path) -> None:
        graph = NamedNode(f"urn:version:{version}")
        self._layered.bulk_load(path=str(file), format=RdfFormat.N_TRIPLES, to_graph=graph)
        file.unlink()

    def _join(self) -> None:
        """Wait for the layer before, so that never more than two versions lie there as text."""
        if self._loading is not None:
            self._loading.result()

    def _touch(self, file: Path) -> None:
        if (triples := _lines_of(file)) > IN_MEMORY_TRIPLES:
            self._results.append(
                _said(f"left out: QuitStore-style: {triples:,} triples are held in memory")
            )
            return
        say("baseline: a commit loaded when it is touched")
        touched = Store()
        took = seconds(lambda: touched.bulk_load(path=str(file), format=RdfFormat.N_TRIPLES))
        self._peers["QuitStore-style, loaded"] = lambda text: rows(touched, text)
        self._results.append(Result("time", "QuitStore-style: first touch of a commit", took, "s"))

    def _begin_oxilite(self, file: Path) -> None:
        if importlib.util.find_spec("oxilite") is None:
            self._results.append(_said("left out: oxilite is not installed"))
        elif (foreseen := _oxilite_takes(self._scratch, file)) > PATIENCE_S:
            minutes = f"{foreseen / 60:,.0f}"
            self._results.append(_said(f"left out: oxilite: loading would take {minutes} minutes"))
        else:
            self._oxilite = peer = _Oxilite(self._scratch)
            self._peers[PEER] = peer.rows


class _Oxilite:
    """A versioned store, version by version: the first is loaded, each next a difference."""

    def __init__(self, scratch: Path) -> None:
        import oxilite

        self._store = oxilite.Store(str(scratch / "oxilite.sqlite"), **OXILITE)
        self._form = oxilite.RdfFormat.N_TRIPLES
        self._before: set[str] = set()

    def take(self, file: Path) -> None:
        after = set(file.read_text().splitlines(keepends=True))
        if self._before:
            gone, come = "".join(self._before - after), "".join(after - self._before)
            self._store.update(f"DELETE DATA {{ {gone} }} ; INSERT DATA {{ {come} }}")
        else:
            self._store.load("".join(after), format=self._form)
        self._before = after

    def rows(self, text: str) -> int:
        return rows(self._store, text, as_of=f"HEAD~{VERSIONS - 1 - PAST}")


def _oxilite_takes(scratch: Path, file: Path) -> float:
    """Seconds that a first version would take to load, as a part of it does."""
    import oxilite

    part = 50_000
    with file.open() as lines:
        text = "".join(itertools.islice(lines, part))
    store = oxilite.Store(str(scratch / "part.sqlite"), **OXILITE)
    took = seconds(lambda: store.load(text, format=oxilite.RdfFormat.N_TRIPLES))
    return took * _lines_of(file) / part


def _lines_of(file: Path) -> int:
    with file.open("rb") as lines:
        return sum(1 for _ in lines)


def _beside(kind: str, peer: str, ratio: float) -> Result:
    """Oxilite is the mark to beat, class by class; the others are baselines of our own."""
    said = f"warm as-of {kind} over {peer}"
    if peer != PEER:
        return Result("time", said, ratio, "ratio")
    return Result("time", said, ratio, "ratio", "<= 1", ratio <= 1)


def _said(what: str) -> Result:
    return Result("time", what, 0.0, "")
