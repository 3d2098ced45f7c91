"""Do the projections say what the log says? Each is built anew in a scratch folder and compared
with the live one."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from pathlib import Path

from pyoxigraph import Store

from eventstore.follower import follow_once
from eventstore.log import Log
from eventstore.patches import META
from eventstore.troubles import standing
from handlers import HANDLERS
from handlers.projections.graph import Graph, read_current
from handlers.stores import held, remove
from handlers.verification.faults import MOST, SECTION, Fault, Watch, unwatched


def verify_projections(log: Log, folder: Path, watch: Watch = unwatched) -> list[Fault]:
    """Faults of the views in `folder` against views made anew from the log."""
    faults: list[Fault] = []
    sweep(folder)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder) as scratch, held(Path(scratch)):
        for name, make in HANDLERS.items():
            fresh_folder = Path(scratch) / name
            fresh = make(fresh_folder)
            live_position, live = _live(folder / name, name, Path(scratch))
            if live is None:
                faults.append(Fault(name, "there is no view yet; run `collectome rebuild`"))
                fresh.close()
                continue
            if live_position > log.position():
                faults.append(Fault(f"projection {name}", f"it says that it read {live_position}"))
            while fresh.position() < live_position:
                limit = min(SECTION, live_position - fresh.position())
                if not follow_once(log, [fresh], limit):
                    break
                watch(name, fresh.position(), live_position)
            if isinstance(fresh, Graph):
                fresh.flush()
                fresh.publish(log, tidy=False)
            fresh.close()
            _, rebuilt = _live(fresh_folder, name, Path(scratch))
            assert rebuilt is not None
            faults += [
                Fault(f"projection {name}", f"{part} differs from a rebuild from the log")
                for part in sorted(live.keys() | rebuilt.keys())
                if live.get(part, _NOTHING) != rebuilt.get(part, _NOTHING)
            ]
            faults += _troubles(name, folder / name / "view.sqlite")
    return faults


def sweep(folder: Path) -> None:
    """Remove what verifications left behind that were killed: whole copies of views."""
    for left in folder.glob(f"{_SCRATCH}*"):
        remove(left)  # unless it is at work


_SCRATCH = "verification-"
_NOTHING = f"{0:032x}"
"""The digest of a table without rows, and of one that is not there."""


def _troubles(name: str, path: Path) -> list[Fault]:
    """What the view itself says that it lacks (decision 0073)."""
    return [
        Fault(f"event {one.position} of {one.pid}", f"{name} lacks some of it: {one.reason}")
        for one in standing(path, MOST)[1]
    ]


def _live(folder: Path, name: str, scratch: Path) -> tuple[int, dict[str, str] | None]:
    """(position, part → digest) of a view as it is; None where there is none."""
    if name == "graph":
        notice = read_current(folder)
        if notice is None:
            return 0, None
        checkpoint = folder / "checkpoints" / str(notice["checkpoint"])
        with held(checkpoint) as there:
            if not there:  # a newer one took its place
                return _live(folder, name, scratch)
            return int(notice["position"]), graph_digests(Store.read_only(str(checkpoint)))
    path = folder / "view.sqlite"
    if not path.exists():
        return 0, None
    copy = scratch / f"{name}-{folder.parent.name}.sqlite"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as live, sqlite3.connect(copy) as still:
        live.backup(still)
    try:
        (position,) = still.execute("SELECT position FROM tracking").fetchone()
        return int(position), table_digests(still)
    finally:
        live.close()
        still.close()
        copy.unlink()


def graph_digests(store: Store) -> dict[str, str]:
    """Graph name → digest of its quads, whatever their order; two stores with equal digests
    are canonically identical, since there are no blank nodes."""
    sums: dict[str, int] = {}
    for quad in store:
        graph = str(quad.graph_name)
        if graph != f"<{META}>":
            digest = hashlib.blake2b(str(quad).encode(), digest_size=16).digest()
            sums[graph] = (sums.get(graph, 0) + int.from_bytes(digest)) % (1 << 128)
    return {graph: f"{value:032x}" for graph, value in sums.items()}


def table_digests(connection: sqlite3.Connection) -> dict[str, str]:
    """Table → digest of what its rows say, whatever their order.

    A table with an `id` is a list of words: a column of its name elsewhere (`shape` or
    `shapes`) is read as the word, since the numbers depend on the order of writing; words that
    nobody uses are no difference. Full-text tables are left out for the same reason.
    """
    columns = _columns(connection)
    words = {
        name: {
            row[0]: repr(tuple(row[1:])) for row in connection.execute(f'SELECT * FROM "{name}"')
        }
        for name, of in columns.items()
        if of[0] == "id"
    }
    found = {}
    for name, of in columns.items():
        if name in words:
            continue
        lists = [words.get(column) or words.get(f"{column}s") or {} for column in of]
        total = 0
        for row in connection.execute(f'SELECT * FROM "{name}"'):
            said = [known.get(value, value) for known, value in zip(lists, row, strict=True)]
            digest = hashlib.blake2b(repr(said).encode(), digest_size=16).digest()
            total = (total + int.from_bytes(digest)) % (1 << 128)
        found[name] = f"{total:032x}"
    return found


def _columns(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """Table → its columns, without full text and what is told by the reading, not by what was
    read: the position, and how often something went (erased facts no longer tell that)."""
    sql = "SELECT name FROM sqlite_master WHERE type='table' AND sql "
    virtual = [row[0] for row in connection.execute(sql + "LIKE 'CREATE VIRTUAL%'")]
    names = [
        row[0]
        for row in connection.execute(
            sql + "NOT LIKE 'CREATE VIRTUAL%' AND name NOT LIKE 'sqlite_%' "
            "AND name NOT IN ('tracking', 'losses')"
        )
        if not any(str(row[0]).startswith(f"{each}_") for each in virtual)
    ]
    return {
        name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
        for name in names
    }
