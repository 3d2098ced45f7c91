"""Does everything agree? The log with itself, and the projections with the log.

The log: every event decodes, its leaf hash and commitments hold, sequences and versions count
without a gap, time does not run back, heads and claims are what a fold gives. The
projections: each is built anew in a scratch folder and compared with the live one.
"""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pyoxigraph import Store

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, commitment, leaf_hash
from eventstore.follower import follow_once
from eventstore.log import Log
from eventstore.patches import META
from fdo.catalogue import OBJECT_TYPES, claimable
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers import HANDLERS
from handlers.projections.graph import Graph, read_current

SECTION = 2_000
_ERASED = tuple(f"{kind.noun}Erased." for kind in OBJECT_TYPES.values())
Watch = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that does not agree: where, and what."""

    where: str
    what: str


def verify_log(objects: DigitalObjects, watch: Watch = lambda _w, _n, _t: None) -> list[Fault]:
    """Faults of the log itself, as it stands when the check begins."""
    with objects.log.still():
        return _verify_log(objects, watch)


def _verify_log(objects: DigitalObjects, watch: Watch) -> list[Fault]:
    log, faults = objects.log, list[Fault]()
    head, position, last = log.position(), 0, 0
    lacking = log.lacking()  # of a mirror: never had, rather than lost
    standing: dict[str, tuple[int, int, str]] = {}
    lost: set[tuple[str, int]] = set()
    erased: set[tuple[str, int]] = set()
    claims: dict[str, set[str] | None] = {}
    while events := log.read(position, SECTION, upto=head):
        for event in events:
            faults += _event_faults(event)
            faults += _order_faults(event, standing, last)
            last = event.recorded_at
            _gather_claims(event, claims)
            if event.salt is None:
                lost.add((event.pid_text, event.position))
            if event.topic.startswith(_ERASED):
                erased |= {(event.pid_text, at) for at in event.erased}
        position = events[-1].position
        watch("log", position, head)
    after, seen = "", 0
    while heads := log.heads(after):
        for each in heads:
            known = standing.get(str(each.pid))
            if known != (each.sequence, each.version, each.status.value):
                faults.append(Fault(str(each.pid), f"its head says {each}, its events {known}"))
        seen, after = seen + len(heads), str(heads[-1].pid)
    if seen != len(standing):
        faults.append(Fault("heads", f"{seen} heads for {len(standing)} objects"))
    faults += [
        Fault(f"event {at} of {pid}", "its salt is gone, and no event says that it was erased")
        for pid, at in sorted(lost - erased)
        if at not in lacking
    ]
    return faults + _claim_faults(log, claims)


def _gather_claims(event: Recorded, claims: dict[str, set[str] | None]) -> None:
    """Object → the claims that its documents make; None where one no longer says."""
    known = claims.setdefault(event.pid_text, set())
    if known is None or event.operational:
        return
    try:
        made = claimable(event.type, event.document) if event.salt else None
    except (CollectomeError, ValueError):
        made = None  # told already: it does not decode
    if made is None:
        claims[event.pid_text] = None
        return
    known.update(made)
    if "successor" in event.detail:  # who survives a merge may bear the claims of both
        heir = str(Pid.parse(event.detail["successor"]))
        inherited = claims.setdefault(heir, set())
        claims[heir] = None if inherited is None else inherited | known


def _claim_faults(log: Log, claims: dict[str, set[str] | None]) -> list[Fault]:
    """Claims that follow from no document, and objects without any of theirs."""
    faults, held = [], set[str]()
    for key, pid in log.claims():
        held.add(key)
        made = claims.get(pid, set())
        if made is not None and key not in made:
            faults.append(Fault(f"claim {key}", f"no document of {pid} makes it"))
    for pid, made in sorted(claims.items()):
        if made and not made & held:
            faults.append(Fault(pid, "holds none of the claims that its documents make"))
    return faults


def _event_faults(event: Recorded) -> Iterator[Fault]:
    where = f"event {event.position} of {event.pid_text}"
    try:
        event.fact()
    except (CollectomeError, ValueError, KeyError, AssertionError) as broken:
        yield Fault(where, f"does not decode: {broken}")
        return
    expected = leaf_hash(
        event.pid_text,
        event.sequence,
        event.version,
        event.recorded_at,
        event.observed_at,
        event.topic,
        event.meta,
    )
    if expected != event.leaf:
        yield Fault(where, "its envelope is not what its leaf hash promises")
    if not event.salt:
        return
    if event.meta.get("commitment") != commitment(event.salt, event.document_bytes):
        yield Fault(where, "its document is not what its commitment promises")
    if event.meta.get("verbatim") != commitment(event.salt, event.verbatim_bytes):
        yield Fault(where, "its verbatim record is not what its commitment promises")


def _order_faults(
    event: Recorded, standing: dict[str, tuple[int, int, str]], last: int
) -> Iterator[Fault]:
    where = f"event {event.position} of {event.pid_text}"
    sequence, version, _ = standing.get(event.pid_text, (0, 0, ""))
    if event.sequence != sequence + 1:
        yield Fault(where, f"its sequence {event.sequence} does not follow {sequence}")
    if event.version != version + (0 if event.operational else 1):
        yield Fault(where, f"its version {event.version} does not follow {version}")
    if event.recorded_at <= last:
        yield Fault(where, "it was recorded before the event before it")
    standing[event.pid_text] = (event.sequence, event.version, Status(event.meta["status"]).value)


def verify_projections(
    log: Log, folder: Path, watch: Watch = lambda _w, _n, _t: None
) -> list[Fault]:
    """Faults of the views in `folder` against views made anew from the log."""
    faults: list[Fault] = []
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        for name, make in HANDLERS.items():
            fresh_folder = Path(scratch) / name
            fresh = make(fresh_folder)
            live_position, live = _live(folder / name, name, Path(scratch))
            if live is None:
                faults.append(Fault(name, "there is no view yet; run `collectome rebuild`"))
                fresh.close()
                continue
            while fresh.position() < live_position:
                limit = min(SECTION, live_position - fresh.position())
                if not follow_once(log, [fresh], limit):
                    break
                watch(name, fresh.position(), live_position)
            if isinstance(fresh, Graph):
                fresh.flush()
                fresh.publish(log)
            fresh.close()
            _, rebuilt = _live(fresh_folder, name, Path(scratch))
            assert rebuilt is not None
            faults += [
                Fault(f"projection {name}", f"{part} differs from a rebuild from the log")
                for part in sorted(live.keys() | rebuilt.keys())
                if live.get(part) != rebuilt.get(part)
            ]
    return faults


def _live(folder: Path, name: str, scratch: Path) -> tuple[int, dict[str, str] | None]:
    """(position, part → digest) of a view as it is; None where there is none."""
    if name == "graph":
        notice = read_current(folder)
        if notice is None:
            return 0, None
        store = Store.read_only(str(folder / "checkpoints" / str(notice["checkpoint"])))
        return int(notice["position"]), graph_digests(store)
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
    """Table → its columns, without full text and the position."""
    sql = "SELECT name FROM sqlite_master WHERE type='table' AND sql "
    virtual = [row[0] for row in connection.execute(sql + "LIKE 'CREATE VIRTUAL%'")]
    names = [
        row[0]
        for row in connection.execute(
            sql + "NOT LIKE 'CREATE VIRTUAL%' AND name NOT LIKE 'sqlite_%' AND name<>'tracking'"
        )
        if not any(str(row[0]).startswith(f"{each}_") for each in virtual)
    ]
    return {
        name: [row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')]
        for name in names
    }
