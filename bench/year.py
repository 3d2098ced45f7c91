"""A year of small changes with a hundred checkpoints: what they take, how soon one is asked."""

from __future__ import annotations

import statistics
from pathlib import Path

from pyoxigraph import Store

from bench.result import Result
from bench.turns import beside, rows, say, seconds
from bench.versions import Told, published, revise
from handlers import stores
from handlers.instants import Instants
from handlers.instants.ladder import Ladder
from handlers.instants.rungs import Policy, Rungs
from handlers.projector import Projector
from handlers.stores import Kept

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
        start = number * each % (len(told.pids) - each + 1)
        revise(told.objects, told.pids[start : start + each], number + 100)
        projector.settle()
        position = told.objects.log.position()
        place = published(told.data, position)
        recorded_at = told.objects.log.recorded_at(position) or ""
        rung = rungs.make(place, position, recorded_at, position)
        assert rung is not None
        made[rung] = number
    projector.close()
    kept = len(stores.all_kept(graph / "rungs"))
    ratio = bytes_of(graph / "rungs", graph / "store") / bytes_of(graph / "store")
    say("asking each checkpoint of the year")
    instants = Instants(told.data, told.objects.log)
    light = {rung: number for rung, number in made.items() if rung.light}
    first = [seconds(lambda n=n, r=r: _has(instants, r, n, each)) for r, n in light.items()]
    with instants.hold_now([*light][-1].instant) as held:
        then, now = Store.read_only(str(held.path)), Store.read_only(str(place))
        text = _disposition("?what")
        took = beside(lambda: rows(then, text), lambda: rows(now, text))
    return [
        Result("time", f"{kept} checkpoints over a year, over the current store", ratio, "ratio",
               "<= 3", kept >= CHECKPOINTS and ratio <= 3),
        Result("time", f"{len(light)} of them are light; first question to one",
               statistics.median(first), "s"),
        Result("time", "warm scan of a light one over current", took[0] / took[1], "ratio",
               "<= 1.15", took[0] / took[1] <= 1.15),
    ]  # fmt: skip


def _has(instants: Instants, rung: Kept, number: int, each: int) -> None:
    """That a checkpoint holds what its part of the year changed."""
    with instants.hold_now(rung.instant) as held:
        store = Store.read_only(str(held.path))
        assert rows(store, _disposition(f'"bench {number + 100}"')) == each


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
