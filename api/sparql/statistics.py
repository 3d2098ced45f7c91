"""What the graph holds, counted once per published state: the numbers behind the VoID statistics.

Counting reads every triple, so it is done by a worker under a time limit of its own, when
somebody asks for the description and the numbers are old. Which properties the members of a
class bear, and what stands there, is read off the first hundred members of each class: enough
for completion in an editor, and quick at any size.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from fdo.errors import CollectomeError
from handlers.queries.answer import Question
from handlers.queries.pool import QueryPool
from ontologies.terms import iri

_TIMEOUT: Final = 120.0
_SAMPLE: Final = 100
_MOST_CLASSES: Final = 200
_AT_LEAST: Final = 30.0
_REST: Final = 20
"""Numbers are taken anew at most each thirty seconds, and never in more than 1/20 of the time."""

_CLASSES: Final = "SELECT ?c (COUNT(*) AS ?n) { ?s a ?c } GROUP BY ?c ORDER BY DESC(?n)"
_PROPERTIES: Final = "SELECT ?p (COUNT(*) AS ?n) { ?s ?p ?o } GROUP BY ?p ORDER BY DESC(?n)"
_DATASETS: Final = (
    f"SELECT ?c (COUNT(*) AS ?n) {{ ?s <{iri('ods:sourceSystemID')}> ?c }} "
    "GROUP BY ?c ORDER BY DESC(?n) ?c LIMIT 1000"
)
_MEMBERS: Final = (
    "SELECT DISTINCT ?p ?c ?d {{ {{ SELECT ?s {{ ?s a <{iri}> }} LIMIT {sample} }} ?s ?p ?o "
    "OPTIONAL {{ ?o a ?c }} BIND(DATATYPE(?o) AS ?d) }}"
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """Members of a class bear this property, with objects of a class or of a datatype."""

    property: str
    object_class: str | None
    datatype: str | None


@dataclass(frozen=True, slots=True)
class Counts:
    """What was counted, and which published state it speaks of."""

    position: int
    recorded_at: str
    classes: dict[str, int]
    properties: dict[str, int]
    patterns: dict[str, list[Pattern]] = field(default_factory=dict)
    datasets: dict[str, int] = field(default_factory=dict)
    """IRI of a source system → how many objects came from it."""

    @property
    def triples(self) -> int:
        """All triples of the default graph."""
        return sum(self.properties.values())


class Statistics:
    """The newest counts; counted in the background, one at a time."""

    def __init__(self, pool: QueryPool) -> None:
        self._pool = pool
        self._counts: Counts | None = None
        self._task: asyncio.Task[None] | None = None
        self._not_before = 0.0

    async def counts(self, wait: float) -> Counts | None:
        """The counts, waiting so many seconds for the first; old ones are given meanwhile."""
        current = self._pool.current()
        old = self._counts is None or current is None or current.position != self._counts.position
        idle = self._task is None or self._task.done()
        if old and idle and current is not None and time.monotonic() >= self._not_before:
            self._task = asyncio.get_running_loop().create_task(self._count())
        if self._counts is None and self._task is not None and not self._task.done():
            await asyncio.wait({self._task}, timeout=wait)
        return self._counts

    async def close(self) -> None:
        """Give up counting."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _count(self) -> None:
        began = time.monotonic()
        try:
            position, recorded_at, classes = await self._table(_CLASSES)
            _, _, properties = await self._table(_PROPERTIES)
            _, _, datasets = await self._table(_DATASETS)
            counted = {row["c"]: int(row["n"]) for row in classes if "c" in row}
            patterns = {}
            for iri in list(counted)[:_MOST_CLASSES]:
                _, _, rows = await self._table(_MEMBERS.format(iri=iri, sample=_SAMPLE))
                patterns[iri] = [Pattern(r["p"], r.get("c"), r.get("d")) for r in rows]
            self._counts = Counts(
                position,
                recorded_at,
                counted,
                {row["p"]: int(row["n"]) for row in properties if "p" in row},
                patterns,
                {row["c"]: int(row["n"]) for row in datasets if "c" in row},
            )
        except CollectomeError:
            pass  # busy or too long: the next request tries again after the rest
        finally:
            took = time.monotonic() - began
            self._not_before = time.monotonic() + max(_AT_LEAST, took * _REST)

    async def _table(self, query: str) -> tuple[int, str, list[dict[str, str]]]:
        async with self._pool.run(Question(query, timeout_s=_TIMEOUT)) as answer:
            found: dict[str, Any] = orjson.loads(await answer.read())
            rows = [
                {name: term["value"] for name, term in row.items()}
                for row in found["results"]["bindings"]
            ]
            return answer.position, answer.recorded_at, rows
