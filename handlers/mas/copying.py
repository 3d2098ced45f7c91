"""The same answer for other objects, where the job allowed it and the service asks for it.

Copies are recorded before the end of their job: should the power fail between, the job comes again,
and what stands already is recognised as the same. The annotations of a batch share `ods:batchID`.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from eventstore.log import Log
from fdo.documents import Document
from fdo.errors import CollectomeError
from fdo.identifiers import PROXIES
from handlers.batches.expanding import Finder, expanded
from handlers.mas.answers import Result
from handlers.mas.services import Service
from handlers.mas.store import Row

PAGE = 300
"""Copies in one transaction."""


@dataclass(slots=True)
class Copied:
    """What came of the batch of one answer."""

    made: int = 0
    remarks: list[str] = field(default_factory=list)


class Copying:
    """Copies answers to other objects; the graph is opened when the first batch comes."""

    def __init__(self, log: Log, graph: Path) -> None:
        self._log, self._graph = log, graph
        self._finder: Finder | None = None

    def copy(
        self,
        service: Service,
        row: Row,
        result: Result,
        drafts: Sequence[Document],
        propose: Callable[[Sequence[Document]], int],
    ) -> Copied:
        """Record the copies, page by page, by `propose`, which says how many of them are new."""
        if not result.batch:
            return Copied()
        if not (row.batching and service.batching):
            why = "the job did not ask for it" if service.batching else "the service may not"
            return Copied(remarks=[f"Not copied to other objects: {why}."])
        whole = [draft for draft in drafts if draft.get("oa:hasTarget")]
        try:
            found = expanded(whole, result.batch, self._find(), self._log)
        except CollectomeError as wrong:
            return Copied(remarks=[f"Not copied to other objects: {wrong.message}"])
        made = sum(map(propose, _pages(found.drafts)))
        return Copied(made, [f"Not copied: {why}" for why in found.left_out])

    def _find(self) -> Finder:
        if self._finder is None:
            from handlers.batches.finding import GraphFinder  # most services never need the graph

            self._finder = GraphFinder(self._graph)
        return self._finder


def batch_of(row: Row) -> str:
    """The batch of an answer that names none: a function of its job."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{PROXIES['handle']}{row.id}"))


def _pages(drafts: Sequence[Document]) -> Iterator[Sequence[Document]]:
    yield from (drafts[start : start + PAGE] for start in range(0, len(drafts), PAGE))
