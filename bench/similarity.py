"""Similar images among 100,000: time of one question and recall against comparing all.

Vectors are made around a few thousand centres with noise, so that neighbours are neither all
equal nor all far; recall is measured at ten.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from pathlib import Path

import numpy as np

from bench.result import Result
from handlers.projections.vectors import Vectors, VectorsReader
from handlers.similarity.descriptor import DIMENSIONS
from handlers.similarity.finder import Finder

COUNT = 100_000
QUESTIONS = 200
_MODEL = "0" * 64


def measure(scratch: Path, _: int) -> list[Result]:
    """Fill the view, make the index, ask."""
    rng = np.random.default_rng(7)
    centres = rng.normal(size=(COUNT // 25, DIMENSIONS))
    vectors = centres[rng.integers(0, len(centres), COUNT)]
    vectors = vectors + rng.normal(scale=0.8, size=vectors.shape)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    path = scratch / "vectors.sqlite"
    _filled(path, vectors)
    reader = VectorsReader(path)
    finder = Finder(reader, _MODEL)
    started = time.perf_counter()
    finder.nearest(vectors[0], 10)
    made = time.perf_counter() - started
    asked = vectors[rng.integers(0, COUNT, QUESTIONS)]
    asked = (asked + rng.normal(scale=0.02, size=asked.shape)).astype(np.float32)
    spent, right = [], 0
    for vector in asked:
        started = time.perf_counter()
        found = finder.nearest(vector, 10)
        spent.append(time.perf_counter() - started)
        exact = np.argpartition(-(vectors @ vector), 10)[:10]
        right += len({one.target for one in found} & {str(number) for number in exact})
    recall, median = right / (10 * QUESTIONS), statistics.median(spent) * 1e3
    reader.close()
    return [
        Result("similarity", f"{COUNT:,} vectors: index made in", made, "s"),
        Result("similarity", f"{COUNT:,} vectors: one question", median, "ms", "<= 20",
               median <= 20),
        Result("similarity", f"{COUNT:,} vectors: recall at 10", recall, "ratio", ">= 0.95",
               recall >= 0.95),
    ]  # fmt: skip


def _filled(path: Path, vectors: np.ndarray) -> None:
    Vectors(path).close()
    with sqlite3.connect(path) as run:
        run.executemany(
            "INSERT INTO vectors (annotation, target, model, vector) VALUES (?,?,?,?)",
            (
                (f"a{number}", str(number), _MODEL, vector.astype("<f2").tobytes())
                for number, vector in enumerate(vectors)
            ),
        )
