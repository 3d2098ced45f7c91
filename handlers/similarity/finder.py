"""The nearest vectors among many: an index of FAISS over the vectors of one model.

Up to 50,000 vectors are compared one by one, which is exact; more are sorted into cells, of which
the nearest are looked through. The index is in memory, made from the vectors view when it is first
asked, and follows it: what came is added, and after something went it is made anew.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from handlers.projections.vectors import Vector, VectorsReader
from handlers.similarity.embedding import unpacked

EXACT_UP_TO = 50_000
PROBES = 24
"""Cells that are looked through."""
_TRAINING = 40_000
_SECTION = 20_000


@dataclass(frozen=True, slots=True)
class Near:
    """One vector that is near."""

    target: str
    """PID of the medium."""
    annotation: str
    """PID of the annotation that holds the vector."""
    score: float
    """Cosine, 1 for the same."""


class Finder:
    """The vectors of one model; safe to share between threads."""

    def __init__(self, reader: VectorsReader, model: str, dimensions: int | None = None) -> None:
        """`dimensions`: of the vectors of the model; those of the first vector else."""
        self._reader, self._model, self._dimensions = reader, model, dimensions
        self._lock = threading.Lock()
        self._index: Any = None
        self._names: list[tuple[str, str]] = []
        self._last, self._losses = 0, -1

    def nearest(self, vector: np.ndarray[Any, Any], count: int) -> list[Near]:
        """The nearest vectors, best first."""
        with self._lock:
            self._follow()
            length = float(np.linalg.norm(vector))
            if self._index is None or vector.shape[0] != self._index.d or not 0 < length < math.inf:
                return []
            asked = (vector / length).reshape(1, -1).astype(np.float32)
            scores, places = self._index.search(asked, count)
            return [
                Near(
                    target=self._names[place][0],
                    annotation=self._names[place][1],
                    score=float(score),
                )
                for score, place in zip(scores[0], places[0], strict=True)
                if place >= 0
            ]

    def __len__(self) -> int:
        return len(self._names)

    def _follow(self) -> None:
        losses = self._reader.losses(self._model)
        if losses != self._losses:
            self._index, self._names, self._last, self._losses = None, [], 0, losses
        while rows := self._reader.section(self._model, self._last, _SECTION):
            self._add(rows)
            self._last = rows[-1].number
        self._sort()

    def _add(self, rows: Sequence[Vector]) -> None:
        """Take vectors up at length one. Any service may have written them: those of another size,
        of no length or of none that is a number are left out, as they would spoil all others."""
        import faiss

        if self._index is None:
            self._index = faiss.IndexFlatIP(self._dimensions or len(rows[0].vector) // 2)
        size = self._index.d
        alike = [row for row in rows if len(row.vector) == 2 * size]
        block = unpacked(b"".join(row.vector for row in alike)).reshape(-1, size)
        lengths = np.linalg.norm(block, axis=1)
        good = np.isfinite(lengths) & (lengths > 0)
        self._index.add(block[good] / lengths[good, np.newaxis])
        self._names += [
            (row.target, row.annotation) for row, fits in zip(alike, good, strict=True) if fits
        ]

    def _sort(self) -> None:
        """Sort a long list into cells, once; what comes later goes into the cells there are."""
        import faiss

        if not isinstance(self._index, faiss.IndexFlatIP) or self._index.ntotal <= EXACT_UP_TO:
            return
        flat = self._index
        every = flat.reconstruct_n(0, flat.ntotal)
        cells = int(2 * math.sqrt(flat.ntotal))
        sorted_ = faiss.IndexIVFFlat(
            faiss.IndexFlatIP(flat.d), flat.d, cells, faiss.METRIC_INNER_PRODUCT
        )
        step = max(1, flat.ntotal // _TRAINING)
        sorted_.train(np.ascontiguousarray(every[::step]))
        sorted_.add(every)
        sorted_.nprobe = PROBES
        self._index = sorted_
