"""What the suites on the past share: times taken by turns, and what is done now."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

ROUNDS = 15


def say(what: str, began: float = time.perf_counter()) -> None:
    """What is done now, and after how many seconds, for who waits."""
    print(f"  {time.perf_counter() - began:7.1f} s  {what}", file=sys.stderr, flush=True)


def rows(store: Any, text: str, **more: Any) -> int:
    """How many rows a query gives."""
    return sum(1 for _ in store.query(text, **more))


def beside(*measured: Callable[[], object], rounds: int = ROUNDS) -> list[float]:
    """Median seconds of each, taken by turns; all are repeated as often within a round, so that
    none has warmer caches than another."""
    times: list[list[float]] = [[] for _ in measured]
    for call in measured:
        call()
    repeat = max(1, int(0.02 / min(seconds(call) + 1e-9 for call in measured)))
    for _ in range(rounds):
        for call, found in zip(measured, times, strict=True):
            started = time.perf_counter()
            for _ in range(repeat):
                call()
            found.append((time.perf_counter() - started) / repeat)
    return [statistics.median(found) for found in times]


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started
