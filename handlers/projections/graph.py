"""The current state as an RDF graph in Oxigraph, and read-only copies of it for the readers.

Two ways in, both exactly once:

- *by delta*: `DELETE DATA; INSERT DATA` of some events' patches and the new position are one
  SPARQL update, hence one transaction;
- *in bulk*: runs of first versions (and of operational events) are written to a file of
  N-Quads and loaded at once. First versions only add, so after a crash the range is simply
  repeated; a marker beside the store keeps the unfinished range from being published.

Nobody reads this store but its writer: readers open the newest checkpoint (`Store.backup`,
hard links), which `current` names together with its position.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import orjson
from pyoxigraph import DefaultGraph, NamedNode, RdfFormat, Store

from eventstore.envelope import Recorded
from eventstore.log import Log
from eventstore.patches import (
    ASIDE,
    META,
    PROVENANCE,
    RECORDS,
    all_quads,
    asides,
    in_graph,
    patch,
    patches,
    provenance_lines,
    state_lines,
)
from handlers import stores
from handlers.loads import Loads, patiently
from handlers.merging import Merging

_META = NamedNode(META)
_MARKER, _PURGING = "unfinished.json", "purging"
_XSD_INTEGER = "http://www.w3.org/2001/XMLSchema#integer"

BULK_BYTES = 48 * 1024 * 1024
"""N-Quads gathered, at the end of a section, before one bulk load…"""
BULK_MOST = 80 * 1024 * 1024
"""…and within one; the loader holds about ten times as much memory."""
BULK_AT_LEAST = 1_000
"""Fewer gathered events go in as one update."""
DELTA_EVENTS = 100
"""Events per update."""
SHOW_S = 30.0
"""How often a long backlog is published on the way, at most."""
SHOW_SHARE = 20
"""The n-th part of the time that goes into it, a large store being waited for longer, but…"""
SHOW_MOST_S = 600.0
"""…what is shown is never older than twice this and the publication itself: once for the pause,
once more near the end of the backlog."""
SHOW_AHEAD = 3
"""While it is made no file is loaded, so who gathers is to have work for so many times as long as
the last one took: each takes longer than the one before, for which less was to be merged."""
PURGE_AFTER_S = 60.0
"""How long what was erased may wait in the files of the store for a pause in the log."""
KEEP_SECONDS = 60
"""How long a superseded checkpoint stays for readers that are still on it."""


@dataclass(frozen=True, slots=True)
class Showing:
    """A checkpoint of a long backlog that is being made while the backlog is gathered on."""

    done: Future[None]
    notice: dict[str, Any]
    began: float
    """When the store was to come to rest for it (monotonic seconds)."""


class Graph:
    """Projection `graph`: see the module's story."""

    name = "graph"

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._marker = folder / _MARKER
        self._checkpoints = folder / "checkpoints"
        self._files = 0
        self._old = folder / "store.old"
        shutil.rmtree(self._old, ignore_errors=True)
        self._purging = folder / _PURGING
        stores.put_in_place(folder / "store")
        self._store = Store(str(folder / "store"))
        self._stored = stores.position_of(self._store)
        self._taken = self._stored
        self._gathered: list[int] = []
        self._bytes = 0
        self._file: BinaryIO | None = None
        self._merging = Merging(folder / "store", loaded=min(self._stored, 1))
        self._passed = 0
        """The position up to which files are in; the store says so at the next occasion."""
        self.meanwhile: Callable[[], None] = _nothing
        """Called again and again while something is waited for; what it raises ends the waiting."""
        self._loads = Loads(self._write_marker, self._pass, lambda: self.meanwhile())
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._thinning: Future[None] | None = None
        self._rest_since = 0.0
        """Since when files are held back so that a checkpoint can be made; 0 while none are."""
        self._showing: Showing | None = None
        self._showing_s = 0.0
        """How long files were held back for the last one."""
        self._handed_at = time.monotonic()
        """When the last file was handed over (monotonic seconds)."""
        for left in folder.glob("bulk-*.nq"):
            left.unlink()
        self._published = self._read_published()
        self._show_at = 0.0

    # ── the projection ───────────────────────────────────────────────────────────────────

    def position(self) -> int:
        """The last position taken in; what is gathered in a bulk file counts."""
        return self._taken

    @property
    def published(self) -> int:
        """The position of the newest checkpoint; -1 before the first."""
        return self._published

    def apply(self, events: Sequence[Recorded], log: Log) -> None:
        """Take in facts in order; `flush` makes them durable at the latest."""
        fresh = [event for event in events if event.position > self._taken]
        deltas: list[Recorded] = []
        for event in fresh:
            if event.what == "Erased":
                self._update(deltas, log)
                deltas = []
                self.flush()
                self._forget(event, log)
            elif _revises_erased(event, log):
                self._update(deltas, log)
                deltas = []
                self.flush()
                self._replace(event, log)
            elif not (deltas or _removes(event)) and (event.version == 1 or event.operational):
                self._gather(event)
                if self._bytes >= BULK_MOST:
                    self._load(log)
            else:
                if not deltas:
                    self.flush()
                deltas.append(event)
                if len(deltas) >= DELTA_EVENTS:
                    self._update(deltas, log)
                    deltas = []
            self._taken = event.position
        if deltas:
            self._update(deltas, log)
        if self._bytes >= BULK_BYTES:
            self._load(log)

    def settle(self, *, idle: bool) -> None:
        """Begin to bring in what is gathered: a little at once, much when no more is coming
        (`idle`), so that a stream of first versions goes in by large files. What lies behind files
        that are under way is part of such a stream, however little it is."""
        little = len(self._gathered) < BULK_AT_LEAST and not self._loads
        if self._gathered and (idle or little):
            self._load()

    def flush(self) -> None:
        """Make everything taken in durable in the store."""
        if self._gathered:
            self._load()
        self._join()

    def clear(self) -> None:
        """Start anew with an empty store; the published checkpoint stays until a new one."""
        self._drop_bulk()
        self._join()
        self._write_marker(self._stored)
        del self._store
        (self.folder / "store").rename(self._old)  # first: half a store could not be opened
        self._store = Store(str(self.folder / "store"))
        self._merging = Merging(self.folder / "store")
        shutil.rmtree(self._old)
        self._stored = self._taken = self._passed = 0

    def close(self) -> None:
        """Let go of the store; what the engine has not begun is read again next time."""
        self.meanwhile = _nothing
        self._drop_bulk()
        self._loads.abandon()
        self._join()
        self._loads.close()
        self._beside.shutdown()
        del self._store

    # ── publishing ───────────────────────────────────────────────────────────────────────

    def publish(self, log: Log, *, tidy: bool = True) -> bool:
        """Make a checkpoint of the store and name it in `current`; False when there is nothing
        new, or a range is unfinished. `tidy`: there is time, so wait for the engine to merge what
        was loaded (`merging`), and free the store from what was erased first."""
        self._go_on(log)
        if self._gathered or self._loads or self._showing:
            return False
        self._note()
        if not self._is_whole(log, self._stored):
            return False
        merged = tidy and self._merging.through()
        if tidy and not merged and not self._merging.ready():
            return False
        news = merged or self._marker.exists() or self._published != self._stored
        purged = tidy and self._purging.exists()
        if not news and not purged:
            return False
        if purged:
            self._purge()
        notice = self._notice(log, self._stored)
        self._store.backup(str(self._checkpoints / notice["checkpoint"]))
        self._announce(notice)
        self._thinned()
        self._thin(notice["checkpoint"], all_others=purged)
        if purged:
            self._purging.unlink()
        return True

    @property
    def merging(self) -> bool:
        """Whether a publication was put off since the engine still merges."""
        return self._merging.waits

    @property
    def overdue(self) -> bool:
        """Whether the files hold what was erased for so long that no pause is waited for."""
        try:
            return time.time() - self._purging.stat().st_mtime > PURGE_AFTER_S
        except FileNotFoundError:
            return False

    @property
    def settled(self) -> bool:
        """Whether what is published may be kept for good: no rebuild is half-way, and the
        files hold nothing that was erased."""
        return not (holds_erased(self.folder) or self._marker.exists())

    def dump(self, path: Path) -> None:
        """Write the store as N-Quads, without the graph of its own position."""
        whole, position = path.with_suffix(".all"), f" {_META} .\n".encode()
        self._store.dump(str(whole), format=RdfFormat.N_QUADS)
        with whole.open("rb") as lines, path.open("wb") as out:
            out.writelines(line for line in lines if not line.endswith(position))
        whole.unlink()

    def _is_whole(self, log: Log, position: int) -> bool:
        """Whether the store holds nothing behind a position up to which all is in."""
        # the log may be an older copy, put back
        return position >= min(unfinished(self.folder), log.position())

    def _notice(self, log: Log, position: int) -> dict[str, Any]:
        """What `current` will say of a checkpoint of the store at this position."""
        self._checkpoints.mkdir(exist_ok=True)
        return {
            "checkpoint": f"{position:012d}-{time.time_ns()}",
            "position": position,
            "recorded_at": log.recorded_at(position),
        }

    def _announce(self, notice: dict[str, Any]) -> None:
        stores.write(self.folder / "current", notice)
        self._published = notice["position"]
        self._marker.unlink(missing_ok=True)

    def _thinned(self) -> None:
        """Wait for what goes on beside; what went wrong there is raised here."""
        if self._thinning is not None:
            self._thinning.result()
            self._thinning = None

    def _thin(self, newest: str, *, all_others: bool) -> None:
        horizon = time.time_ns() - KEEP_SECONDS * 1_000_000_000
        others = sorted(path for path in self._checkpoints.iterdir() if path.name != newest)
        for torn in [path for path in others if path.suffix]:  # killed while it was being made
            others.remove(torn)
            stores.remove(torn, even_held=True)
        if all_others:  # what was erased goes at once: a reader that comes too late looks again
            for old in others:
                stores.remove(old, even_held=True)
        for old, after in pairwise(others):
            if int(after.name.rpartition("-")[2]) < horizon:
                stores.remove(old)

    # ── the two ways in ──────────────────────────────────────────────────────────────────

    def _gather(self, event: Recorded) -> None:
        quads = patch(event, None).added if event.operational else all_quads(event)
        if self._file is None:
            self._files += 1
            self._file = (self.folder / f"bulk-{self._files}.nq").open("wb", buffering=1 << 20)
            self._bytes = 0
        self._bytes += self._file.write("".join(quads).encode())
        self._gathered.append(event.position)

    def _load(self, log: Log | None = None) -> None:
        """Hand the gathered file to the loaders, which work while the next one is gathered.

        With `log`, a long backlog is shown on the way.
        """
        assert self._file is not None
        path, upto, count = Path(self._file.name), self._gathered[-1], len(self._gathered)
        self._close_bulk()
        little = count < BULK_AT_LEAST and self._bytes < BULK_BYTES
        self._gathered, self._bytes = [], 0
        if little and not self._loads and self._showing is None:
            self._note()
            text = path.read_bytes().decode()
            self._run([line + "\n" for line in text.split("\n") if line], [], upto)
            path.unlink()
            return
        now = time.monotonic()
        pace, self._handed_at = (now - self._handed_at) / count, now
        if log is not None and now > self._show_at and not self._rest_since:
            lasts = (log.position() - upto) * pace
            if lasts >= SHOW_AHEAD * self._showing_s or now > self._show_at + SHOW_MOST_S:
                self._rest_since = now
                self._loads.hold()
        self._loads.put(self._store, path, upto)
        self._merging.load(count)
        self._go_on(log)
        while self._loads.full:
            if self._showing is not None:
                self._shown()
            elif self._loads.at_rest:
                self._release()
            else:
                self._loads.wait()
            self._go_on(log)

    def _go_on(self, log: Log | None) -> None:
        """Go on with what is under way, without waiting: files that are in are passed, and a long
        backlog is shown between two of them."""
        self._loads.reap()
        if self._showing is not None:
            if self._showing.done.done():
                self._shown()
        elif self._rest_since and self._loads.at_rest and log is not None:
            if self._is_whole(log, max(self._stored, self._passed)):
                self._show(log)
            else:
                self._show_at = time.monotonic() + SHOW_S
                self._release()

    def _show(self, log: Log) -> None:
        """Have a checkpoint made beside. The engine of a large store lets each update wait until
        it has merged what came, and a checkpoint as well; gathering goes on meanwhile."""
        notice = self._notice(log, max(self._stored, self._passed))
        self._showing = Showing(
            self._beside.submit(self._make, str(self._checkpoints / notice["checkpoint"])),
            notice,
            self._rest_since,
        )

    def _make(self, checkpoint: str) -> None:
        self._note()
        self._store.backup(checkpoint)

    def _shown(self) -> None:
        """Wait for the checkpoint that is being made, name it, and let the files go on."""
        assert self._showing is not None
        patiently(self._showing.done, self.meanwhile)
        showing, self._showing = self._showing, None
        showing.done.result()
        self._thinned()
        self._announce(showing.notice)
        newest = showing.notice["checkpoint"]
        self._thinning = self._beside.submit(self._thin, newest, all_others=False)
        now = time.monotonic()
        self._showing_s = now - showing.began
        self._show_at = now + min(max(SHOW_S, SHOW_SHARE * self._showing_s), SHOW_MOST_S)
        self._release()

    def _release(self) -> None:
        self._rest_since = 0.0
        self._loads.release(self._store)

    def _join(self) -> None:
        """Wait for all that is under way; what went wrong there is raised here."""
        if self._showing is not None:
            self._shown()
        self._release()
        try:
            while self._loads:
                self._loads.wait()
        finally:
            self._note()

    def _pass(self, upto: int) -> None:
        self._passed = upto

    def _note(self) -> None:
        """Write the position up to which files are in, which is behind what they brought."""
        if self._passed > self._stored:
            self._run([], [], self._passed)

    def _forget(self, erasure: Recorded, log: Log) -> None:
        """Take out what was erased, of which the store is then to be purged."""
        self._purging.touch()
        self._replace(erasure, log)

    def _replace(self, event: Recorded, log: Log) -> None:
        """Put the object's document as it is at an event in the place of what the store holds of
        the object.

        Here alone the store itself says what to take out: the bytes that would are gone.
        """
        shown, record = state_lines(log.at(event.pid, event.position))
        self._run(
            [*shown, *in_graph(record, RECORDS), *in_graph(provenance_lines(event), PROVENANCE)],
            self._held(event.pid.iri),
            event.position,
        )

    def _purge(self) -> None:
        """Write the store anew: the engine keeps the text of what was deleted in its files."""
        stores.rewrite(self._store, self.folder / "store.new")
        del self._store
        (self.folder / "store").rename(self._old)
        stores.put_in_place(self.folder / "store")
        self._store = Store(str(self.folder / "store"))
        self._merging = Merging(self.folder / "store", loaded=1)
        shutil.rmtree(self._old)

    def _held(self, iri: str) -> list[str]:
        """The object's quads in the default and the records graph, as the store has them."""
        subjects, found = [iri], dict[str, None]()
        for name in subjects:
            for graph in (DefaultGraph(), NamedNode(RECORDS)):
                for quad in self._store.quads_for_pattern(NamedNode(name), None, None, graph):
                    found[f"{quad} .\n"] = None
                    target = quad.object
                    if isinstance(target, NamedNode) and target.value.startswith(f"{iri}#"):
                        subjects += [target.value] if target.value not in subjects else []
        return [quad for quad in found if quad.split(" ", 2)[1] not in ASIDE]

    def _update(self, events: list[Recorded], log: Log) -> None:
        if not events:
            return
        self._merging.change()
        added: dict[str, None] = {}
        removed: dict[str, None] = {}
        for change in patches(events, log):
            for quad in change.removed:
                if quad in added:
                    del added[quad]
                else:
                    removed[quad] = None
            for quad in change.added:
                if quad in removed:
                    del removed[quad]
                else:
                    added[quad] = None
        self._run(list(added), list(removed), events[-1].position)

    def _run(self, added: list[str], removed: list[str], upto: int) -> None:
        """One update: triples out, triples in, position moved."""
        parts = []
        if removed:
            parts.append(f"DELETE DATA {{ {_block(removed)} }}")
        if added:
            parts.append(f"INSERT DATA {{ {_block(added)} }}")
        moved = f'{stores.LOG} {stores.POSITION} "%d"^^<{_XSD_INTEGER}>'
        parts.append(f"DELETE DATA {{ GRAPH {_META} {{ {moved % self._stored} }} }}")
        parts.append(f"INSERT DATA {{ GRAPH {_META} {{ {moved % upto} }} }}")
        self._store.update(" ;\n".join(parts))
        self._stored = upto

    # ── small print ──────────────────────────────────────────────────────────────────────

    def _close_bulk(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _drop_bulk(self) -> None:
        """Forget what is gathered; it is read again."""
        if self._file is not None:
            path, file, self._file = Path(self._file.name), self._file, None
            path.unlink()
            with contextlib.suppress(OSError):  # a full disk may be why it is dropped
                file.close()
        self._gathered, self._bytes = [], 0

    def _write_marker(self, upto: int) -> None:
        hide(self.folder, upto)

    def _read_published(self) -> int:
        notice = read_current(self.folder)
        return int(notice["position"]) if notice else -1


def _revises_erased(event: Recorded, log: Log) -> bool:
    """Whether the version before was erased since; a patch made now would not take out what the
    store still holds of it."""
    before = log.previous([event]).get(event.position)
    return before is not None and not before.salt


def _removes(event: Recorded) -> bool:
    """Whether the event takes triples out; such a one never goes in by bulk."""
    return event.operational and bool(asides(event)[1])


def hide(folder: Path, upto: int) -> None:
    """Let nothing of the store in this folder be shown before it has come to a position again."""
    marker = folder / _MARKER
    stores.write(marker, {"upto": max(upto, unfinished(folder))})


def unfinished(folder: Path) -> int:
    """The position before which the store in this folder is not to be shown; 0 where it is whole.
    A marker that cannot be read hides it until it has all of the log."""
    try:
        return int(orjson.loads((folder / _MARKER).read_bytes())["upto"])
    except FileNotFoundError:
        return 0
    except (ValueError, KeyError, TypeError):
        return sys.maxsize


def holds_erased(folder: Path) -> bool:
    """Whether the store in this folder, and what was published of it, may hold in its files what
    was erased from the log."""
    return (folder / _PURGING).exists()


def _nothing() -> None:
    """What there is to do meanwhile, as a rule."""


def read_current(folder: Path) -> dict[str, str | int] | None:
    """The notice of the newest checkpoint, or None before the first."""
    try:
        notice: dict[str, str | int] = json.loads((folder / "current").read_bytes())
    except FileNotFoundError:
        return None
    return notice


def _block(quads: list[str]) -> str:
    """N-Quads lines as the body of a DATA block, grouped by graph."""
    groups: dict[str, list[str]] = {}
    for quad in quads:
        graph = ""
        if quad.endswith("> .\n"):
            start = quad.rindex("<", 0, -4)
            candidate = quad[start:-3]
            if candidate in _GRAPHS:
                graph, quad = candidate, quad[: start - 1] + " .\n"
        groups.setdefault(graph, []).append(quad)
    return "".join(
        "".join(lines) if not graph else f"GRAPH {graph} {{ {''.join(lines)} }} "
        for graph, lines in groups.items()
    )


_GRAPHS = frozenset(f"<urn:collectome:graph:{name}>" for name in ("records", "provenance", "meta"))
