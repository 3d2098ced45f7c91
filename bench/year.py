"""A year of small changes with a hundred checkpoints: what they take, how soon one is asked."""

from __future__ import annotations

import statistics
from pathlib import Path

from pyoxigraph import Store

from bench.result import Result
from bench.turns import beside, rows, say, seconds
from bench.versions import Told, revise
from handlers import stores
from handlers.instants.ladder import Ladder
from handlers.instants.rungs import Policy, Rungs
from handlers.projector import Projector
from handlers.queries.checkpoint import read_current
from handlers.stores import Kept, own_bytes

CHECKPOINTS = 100
MONTHLY = 0.01
"""Of the objects that change in a month."""
DWC = "PREFIX dwc: <http://rs.tdwg.org/dwc/terms/>"


def a_year(told: Told) -> list[Result]:
    """A year of small changes with a rung after each of a hundred parts of it; what they take,
    and how soon any of them can be asked."""
    projector = Projector(told.data, Policy(every=10**9))  # the rungs are made here
    graph = projector.graph.folder
    rungs = Rungs(graph, ladder=Ladder(told.data, told.objects.log))
    rungs.clear()
    each = max(1, round(len(told.pids) * MONTHLY * 12 / CHECKPOINTS))
    made: dict[Kept, int] = {}
    for number in range(CHECKPOINTS):
        if number % 20 == 0:
            say(f"a year of checkpoints: {number} of {CHECKPOINTS}")
        first = number * each % (len(told.pids) - each + 1)
        revise(told.objects, told.pids[first : first + each], number + 100)
        projector.settle()
        current = read_current(graph)
        assert current is not None and current.position == told.objects.log.position()
        place = graph / "checkpoints" / current.checkpoint
        rung = rungs.make(place, current.position, current.recorded_at, current.position)
        assert rung is not None
        made[rung] = number
    now = Store.read_only(str(place))
    opening = [seconds(lambda rung=rung: _has(rung, made[rung], each)) for rung in made]
    lightest = max((rung for rung in made if rung.light), key=lambda rung: own_bytes(rung.path))
    then, text = Store.read_only(str(lightest.path)), _disposition("?what")
    took = beside(lambda: rows(then, text), lambda: rows(now, text))
    kept = len(stores.all_kept(graph / "rungs"))
    projector.close()
    ratio = bytes_of(graph / "rungs", graph / "store") / bytes_of(graph / "store")
    return [
        Result("time", f"{kept} checkpoints over a year, over the current store", ratio, "ratio",
               "<= 3", kept >= CHECKPOINTS and ratio <= 3),
        Result("time", f"of these light ones: {sum(rung.light for rung in made)}; to open any"
               " and count what its part of the year changed", statistics.median(opening), "s"),
        Result("time", "warm count in a light one over current", took[0] / took[1], "ratio",
               "<= 1.15", took[0] / took[1] <= 1.15),
    ]  # fmt: skip


def _has(rung: Kept, number: int, each: int) -> None:
    """That a rung holds what its part of the year changed."""
    assert rows(Store.read_only(str(rung.path)), _disposition(f'"bench {number + 100}"')) == each


def _disposition(value: str) -> str:
    return f"{DWC} SELECT ?specimen {{ ?specimen dwc:disposition {value} }}"


def bytes_of(*folders: Path) -> int:
    """Bytes on disk; a file with several names counts once."""
    found = {}
    for folder in folders:
        for path in folder.rglob("*"):
            status = path.stat()
            if path.is_file():
                found[status.st_ino] = status.st_size
    return sum(found.values())
