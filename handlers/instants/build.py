"""Making the store of an instant: clone the nearest, apply the net difference, put in place.

    python -m handlers.instants.build DATA

A process of its own, since it takes the interpreter and memory: it reads what to build from its
input, one line of JSON each (`orders`), and ends when its input does or nothing came for a
while. It can be killed at any line: what is half-made lies in a folder that nobody reads, and
the lock on it goes with the process. Whatever comes of it lies on disk: the store, or a note
why there is none.
"""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import re
import select
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import orjson
from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, Store, parse

from eventstore.application import LOG_FILE, system_clock
from eventstore.instant import Instant
from eventstore.log import Log
from eventstore.patches import META, document_lines
from eventstore.recorder import Datastore, Recorder
from fdo.errors import CollectomeError
from fdo.identifiers import Pid
from handlers import stores
from handlers.instants.difference import Difference, Sink
from handlers.instants.ladder import Choice, Ladder
from handlers.instants.model import (
    GRAPH_TRIPLES,
    DeltaGraph,
    GraphTooLarge,
    NamedState,
    VersionGraph,
    Watch,
    compacted,
    key_of,
)
from handlers.instants.orders import understood

IDLE_S = 60.0
"""After which a builder ends, and its memory is free again."""
GIVE_WAY = 10
"""How much less urgent than a query its compaction is (`nice`)."""
UPDATE_QUADS = 30_000
"""Quads put in by one transaction; more are loaded in bulk, which is faster then and leaves one
more layer of files to read through."""
OPTIMIZE_QUADS = 500_000
"""Quads from which a state that was built from nothing is compacted at once: it shares no table
with others, and that takes little beside. Who asks a clone would wait for tables of others."""
_DAMAGED = re.compile("corrupt|no such file|truncated|checksum|magic", re.IGNORECASE)
"""A full disk is no reason to throw a rung away; this is."""


class Builder:
    """Builds into the `instants` folder of one repository; any number may run at once."""

    def __init__(self, ladder: Ladder) -> None:
        self.ladder, self.log = ladder, ladder.log
        self._folder = ladder.instants

    def build(
        self, instant: Instant, graphs: Sequence[NamedState] = (), watch: Watch = lambda _: None
    ) -> Path:
        """The store of an instant with its named graphs; made unless it is there already.

        BlockingIOError while another process makes it.
        """
        epoch = self.ladder.erasure()
        name = key_of(instant, graphs, epoch)
        place = self._folder / name
        with _workplace(self._folder / f".building-{name}") as work:
            for there in (compacted(place), place):
                if stores.read_kept(there) is not None:
                    return there
            shutil.rmtree(place, ignore_errors=True)
            self._make(work, instant, graphs, _told(work, watch))
            self._put(work, place, instant, epoch)
        return place

    def compact(self, source: Path) -> None:
        """A copy of an instant or a rung, if it is there still, with all in one layer.

        BlockingIOError while another process makes it.
        """
        place, epoch = self.ladder.copy_of(source), self.ladder.erasure()
        assert place is not None, f"{source} is not compacted"
        with _workplace(self._folder / f".building-{place.name}") as work:
            kept = stores.read_kept(source)
            if kept is None or stores.read_kept(place) is not None:
                return
            if source.parent == self._folder:
                epoch = kept.erasures
            shutil.rmtree(place, ignore_errors=True)
            _cloned(source, work / "store")
            _in_one_layer(work / "store")
            self._put(work, place, kept.instant, epoch)

    def _put(self, work: Path, place: Path, instant: Instant, epoch: int) -> None:
        """The finished store in its place; thrown away if something was erased meanwhile."""
        stores.without_diary(work / "store")
        (work / "store").rename(place)
        kept = stores.keep(place, instant, self.log.recorded_at(instant.position) or "", epoch)
        if self.ladder.erasure() != epoch:
            self.ladder.discard(kept)

    def light(self, choice: Choice, instant: Instant, place: Path) -> None:
        """A store of an instant that shares all tables with its starting point (`stores`)."""
        with _workplace(place.with_name(f".building-{place.name}")) as work:
            store = self._started(choice, work)
            difference = Difference(self.log, self.ladder.deltas, choice.instant, instant)
            apply(store, difference, work, lambda _: None, in_bulk=False)
            stores.close_light(store, work / "store", instant.position)
            del store
            stores.without_diary(work / "store")
            (work / "store").rename(place)

    def _make(
        self, work: Path, instant: Instant, graphs: Sequence[NamedState], watch: Watch
    ) -> None:
        if not graphs:
            self._materialise(work, instant, watch)
            return
        whole = [g.state for g in graphs if isinstance(g.state, Instant)]
        share = 1 / (1 + len(whole))
        base = self.build(instant, (), lambda done: watch(done * share))
        _cloned(base, work / "store")
        store = Store(str(work / "store"))
        for number, graph in enumerate(graphs):
            self._load(store, graph, work)
            watch(share + (1 - share) * (number + 1) / len(graphs))
        store.flush()

    def _materialise(self, work: Path, instant: Instant, watch: Watch) -> None:
        """From the nearest starting point that can be read; one that cannot is removed."""
        for choice in self.ladder.choices(instant):
            try:
                self._replay(choice, work, instant, watch)
                return
            except (OSError, RuntimeError) as broken:
                shutil.rmtree(work / "store", ignore_errors=True)
                if choice.kept is None:
                    raise
                logging.getLogger("collectome").warning(
                    "The store %s cannot be used (%s); the next one is.", choice.kept.path, broken
                )
                if _DAMAGED.search(str(broken)):
                    self.ladder.discard(choice.kept)
        raise AssertionError("an empty store is always a choice")

    def _replay(self, choice: Choice, work: Path, instant: Instant, watch: Watch) -> None:
        store = self._started(choice, work)
        difference = Difference(self.log, self.ladder.deltas, choice.instant, instant)
        changed = apply(store, difference, work, watch)
        if choice.kept is None and changed >= OPTIMIZE_QUADS:
            store.optimize()
        store.flush()

    def _started(self, choice: Choice, work: Path) -> Store:
        """The starting point, open to be changed."""
        kept = choice.kept
        if kept is not None:
            _cloned(kept.path, work / "store")
        store = Store(str(work / "store"))
        if kept and kept.light and stores.position_of(store) != kept.instant.position:
            del store  # and its lock: the next starting point comes to the same place
            raise OSError("the journal is truncated")
        store.remove_graph(NamedNode(META))
        return store

    def _load(self, store: Store, graph: NamedState, work: Path) -> None:
        name, file = NamedNode(graph.name), work / "graph.nt"
        match graph.state:
            case Instant() as instant:
                path = self.build(instant)
                other = Store.read_only(str(path))
                other.dump(str(file), format=RdfFormat.N_TRIPLES, from_graph=DefaultGraph())
            case DeltaGraph() as delta:
                file.write_text("".join(default_graph_changes(self.ladder, delta, graph.name)))
            case VersionGraph(pid, number):
                lines = version_lines(self.log, pid, number)
                _limit(lines, graph.name)
                file.write_text("".join(lines))
        store.bulk_load(path=str(file), format=RdfFormat.N_TRIPLES, to_graph=name)
        file.unlink()


def apply(
    store: Store, difference: Difference, work: Path, watch: Watch, *, in_bulk: bool = True
) -> int:
    """Bring a difference into a store, much of it `in_bulk`; how many quads it changed."""
    removed: list[str] = []
    added, file = 0, work / "added.nq"
    with file.open("w") as out:

        def add(quads: list[str]) -> None:
            nonlocal added
            out.writelines(quads)
            added += len(quads)

        difference.into(Sink(add, removed.extend), watch)
    for quad in parse("".join(removed).encode(), format=RdfFormat.N_QUADS):
        store.remove(quad)
    bring_in = store.bulk_load if in_bulk and added > UPDATE_QUADS else store.load
    bring_in(path=str(file), format=RdfFormat.N_QUADS)
    file.unlink()
    return added + len(removed)


def default_graph_changes(ladder: Ladder, graph: DeltaGraph, name: str) -> list[str]:
    """The triples that came into the default graph, or went, between two positions, net."""
    found: list[str] = []

    def gather(quads: list[str]) -> None:
        found.extend(quad for quad in quads if not quad.endswith(_NAMED))
        _limit(found, name)

    def ignore(_: list[str]) -> None:
        pass

    sink = Sink(gather, ignore) if graph.side == "added" else Sink(ignore, gather)
    start, end = Instant(graph.start), Instant(graph.end)
    Difference(ladder.log, ladder.deltas, start, end).into(sink)
    return found


def version_lines(log: Log, pid: Pid, number: int) -> list[str]:
    """The triples of a version of an object; none of an object that is withheld now, whether
    PID-only or withdrawn while it was (decision 0013)."""
    event = log.version(pid, number)
    return [] if log.withheld(log.head(pid)) else document_lines(event)


_NAMED = tuple(f"<urn:collectome:graph:{name}> .\n" for name in ("records", "provenance", "meta"))


def _limit(lines: list[str], name: str) -> None:
    if len(lines) > GRAPH_TRIPLES:
        raise GraphTooLarge(
            f"<{name}> has more than {GRAPH_TRIPLES:,} triples, the most that a difference or a "
            "version may have. Ask for a shorter span, or name the two instants themselves and "
            "compare them in the query.",
            limit=GRAPH_TRIPLES,
        )


def _cloned(source: Path, target: Path) -> None:
    with stores.held(source) as there:
        if not there:
            raise FileNotFoundError(f"no such file: {source.name} was removed")
        stores.clone(source, target)


def _in_one_layer(path: Path) -> None:
    """Write all tables of a store anew; closed when this ends, so that its folder can be moved."""
    store = Store(str(path))
    store.optimize()
    store.flush()


@contextmanager
def _workplace(path: Path) -> Iterator[Path]:
    """A folder of our own to work in; BlockingIOError while another process has it."""
    path.mkdir(parents=True, exist_ok=True)
    lock = stores.lock(path, fcntl.LOCK_EX)
    if lock is None:
        raise BlockingIOError(f"{path.name} is worked on by another process")
    try:
        for left in path.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def progress_of(folder: Path, name: str) -> float | None:
    """How far a build is; None when nobody works on it."""
    try:
        return float((folder / f".building-{name}" / "progress").read_text() or 0)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _told(work: Path, watch: Watch) -> Watch:
    """Progress for who watches and, in a file, for other processes."""
    file = work / "progress"

    def tell(share: float) -> None:
        file.write_text(f"{share:.4f}")
        watch(share)

    tell(0.0)
    return tell


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the input asks for, line by line, until it ends or nothing comes."""
    parser = argparse.ArgumentParser(prog="build", description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--compact", action="store_true", help="compact what is there, gently")
    options = parser.parse_args(arguments)
    if options.compact:
        os.nice(GIVE_WAY)  # before the engine begins threads, which then give way as well
    recorder = Recorder(Datastore(str(options.data / LOG_FILE)), system_clock)
    builder = Builder(Ladder(options.data, Log(recorder)))
    for line in _lines(sys.stdin.buffer):
        said = _outcome(builder, line, compact=options.compact)
        sys.stdout.buffer.write(orjson.dumps(said) + b"\n")
        sys.stdout.buffer.flush()
    return 0


def _outcome(builder: Builder, line: bytes, *, compact: bool) -> list[Any]:
    """What came of a line: of `orders`, or the path of a store to compact."""
    try:
        if compact:
            builder.compact(Path(orjson.loads(line)))
        else:
            builder.build(*understood(line))
    except BlockingIOError:
        return ["elsewhere"]
    except CollectomeError as refusal:
        return ["refused", type(refusal).__name__, refusal.message, dict(refusal.details)]
    except Exception as fault:  # whatever it is, who waits must hear of it
        return ["failed", f"{type(fault).__name__}: {fault}"]
    return ["built"]


def _lines(source: IO[bytes]) -> Iterator[bytes]:
    while select.select([source], [], [], IDLE_S)[0] and (line := source.readline()):
        yield line


if __name__ == "__main__":
    sys.exit(main())
