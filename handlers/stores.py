"""Folders of stores on disk: cloned by hard links, held by locks, removed when nobody holds them.

    projections/graph/
      checkpoints/  the newest states, made and swept by the graph projection
      rungs/        states kept for good, thinned by age
      instants/     states made because somebody asked, evicted by last use

RocksDB never writes into a `*.sst` or `OPTIONS*` file again, so a clone links those and copies
the rest. A folder counts once the note beside it (`NAME.json`) is there. Who reads a store holds
a shared lock on its folder; who removes one needs the exclusive lock.

A *light* store is a clone whose own changes are only in RocksDB's journal (`*.log`). So it shares
all tables with what it was cloned from, and its bytes are those of the changes. Scans of it are
slower, as each opening reads the journal into memory: who wants to ask it clones it, and the clone
writes tables of its own. RocksDB ends reading a damaged journal early and without a word; that is
why the position of such a store is its last entry.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from pyoxigraph import Literal, NamedNode, Quad, RdfFormat, Store

from eventstore.instant import Instant
from eventstore.patches import META

_NOT_CLONED = ("LOCK", "LOG")

REST_S = 5.0
_STILL = 5
"""Looks, 20 ms apart, at which no table came or went: the engine is at rest."""
_LOADED, _PROPERTIES = b"xternal_sst_file.", 16 * 1024
"""What the engine's mark on a loaded table ends with, and within how many last bytes it stands."""

LOG = NamedNode("urn:collectome:log")
POSITION = NamedNode("urn:collectome:vocab:position")
_META = NamedNode(META)
_MARK = Quad(LOG, NamedNode("urn:collectome:vocab:rest"), LOG, _META)


@dataclass(frozen=True, slots=True)
class Kept:
    """A store that is kept: where, and which state it holds."""

    path: Path
    instant: Instant
    recorded_at: str
    erasures: int
    """Erasures up to this event are carried out in it."""
    size: int = 0
    """Bytes of its files when it was made, shared ones included."""
    light: bool = False
    """Whether what it changes is only in its journal."""

    @property
    def note(self) -> Path:
        """The file beside the folder that says what the folder holds."""
        return note_of(self.path)


def note_of(path: Path) -> Path:
    """The file beside a store's folder that says what the folder holds."""
    return path.with_name(f"{path.name}.json")


def clone(source: Path, target: Path) -> None:
    """A store of its own with the same state, at the cost of some links.

    FileNotFoundError or OSError when the source is incomplete or goes away meanwhile.
    """
    if not (source / "CURRENT").exists():
        raise FileNotFoundError(f"no such file: {source.name}/CURRENT")  # else: a new, empty store
    target.mkdir(parents=True)
    for entry in os.scandir(source):
        if entry.name.startswith(_NOT_CLONED):
            continue
        if entry.name.startswith("OPTIONS") or entry.name.endswith((".sst", ".blob")):
            os.link(entry.path, target / entry.name)
        else:
            shutil.copyfile(entry.path, target / entry.name)


def come_to_rest(path: Path) -> None:
    """Let the engine put small new tables of a clone together, and write deep ones once more.

    It would do so in every clone of that one too, as soon as it is changed there, and they would
    share nothing. The deepest tables are written when a reader lets go of a state that is newer
    than they are, to forget which entry is older; so there is a change here, and a reader. What
    takes longer than `REST_S` is left as it was.
    """
    store, before, still = Store(str(path)), set[str](), 0
    store.add(_MARK)
    next(store.quads_for_pattern(None, None, None, None))
    until = time.monotonic() + REST_S
    while still < _STILL and time.monotonic() < until:
        time.sleep(0.02)
        found = {name for name, _ in tables(path)}
        still, before = still + 1 if found == before else 0, found
    store.remove(_MARK)
    del store
    without_diary(path)


def tables(path: Path) -> frozenset[tuple[str, int]]:
    """Name and size of each table of a store; while the engine merges, they change."""
    found = set[tuple[str, int]]()
    for entry in os.scandir(path):
        if entry.name.endswith(".sst"):
            with contextlib.suppress(FileNotFoundError):  # it merges
                found.add((entry.name, entry.stat().st_size))
    return frozenset(found)


def is_as_loaded(table: Path) -> bool:
    """Whether a table is as a bulk load left it: the engine marks what it did not write itself, in
    the properties at the end, until it has merged it with others."""
    with contextlib.suppress(FileNotFoundError), table.open("rb") as file:
        file.seek(-min(_PROPERTIES, file.seek(0, os.SEEK_END)), os.SEEK_END)
        return _LOADED in file.read()
    return False


def without_diary(path: Path) -> None:
    """Remove what the engine says about its work: a third of a small store."""
    for diary in path.glob("LOG*"):
        diary.unlink()


def opens(path: Path) -> bool:
    """Whether the store can be opened: all its files are there and look like what they are."""
    try:
        if not (path / "CURRENT").exists():
            return False
        Store.read_only(str(path))
    except (OSError, RuntimeError):
        return False
    return True


def position_of(store: Store) -> int:
    """The position of the log that a store says it holds; 0 where it says none."""
    for quad in store.quads_for_pattern(LOG, POSITION, None, _META):
        assert isinstance(quad.object, Literal)
        return int(quad.object.value)
    return 0


def close_light(store: Store, path: Path, position: int) -> None:
    """Say the position as the journal's last entry, and make the journal durable.

    Whoever holds the store must let go of it for its folder to be used.
    """
    store.add(Quad(LOG, POSITION, Literal(position), _META))
    for journal in path.glob("*.log"):
        with journal.open("rb") as file:
            os.fsync(file.fileno())


def keep(
    path: Path, instant: Instant, recorded_at: str, erasures: int, *, light: bool = False
) -> Kept:
    """Note what a finished folder holds; from then on it counts."""
    size = sum(entry.stat().st_size for entry in os.scandir(path))
    kept = Kept(path, instant, recorded_at, erasures, size, light)
    write(
        kept.note,
        {
            "position": instant.position,
            "observed": instant.observed,
            "recorded_at": recorded_at,
            "erasures": erasures,
            "size": size,
            "light": light,
        },
    )
    return kept


def write(note: Path, said: Mapping[str, Any]) -> None:
    """Write what is said of a store, at one stroke and durably: a crash leaves the note before."""
    fresh = note.with_name(f"{note.name}.new")
    with fresh.open("wb") as out:
        out.write(orjson.dumps(said))
        out.flush()
        os.fsync(out.fileno())
    fresh.replace(note)
    folder = os.open(note.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_kept(path: Path) -> Kept | None:
    """What the note beside a folder says; None where there is none, or no folder."""
    try:
        said = orjson.loads(note_of(path).read_bytes())
        instant = Instant(int(said["position"]), said["observed"])
        light = bool(said.get("light"))
        kept = Kept(path, instant, said["recorded_at"], said["erasures"], said["size"], light)
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    return kept if path.is_dir() else None


def all_kept(folder: Path) -> list[Kept]:
    """All stores of a folder that count, by position."""
    if not folder.is_dir():
        return []
    found = (read_kept(note.with_suffix("")) for note in folder.glob("*.json"))
    return sorted((kept for kept in found if kept), key=lambda kept: kept.instant.position)


def use(kept: Kept) -> int | None:
    """As `hold`, and noted as used now."""
    used(kept.path)
    return hold(kept.path)


def used(path: Path) -> None:
    """Note that a store is asked now, so that it is evicted last."""
    now = time.time_ns()
    with contextlib.suppress(FileNotFoundError):  # a published checkpoint has no note
        os.utime(note_of(path), ns=(now, now))


def hold(path: Path) -> int | None:
    """A shared lock on a store's folder as a file descriptor to close; None when it is gone."""
    return lock(path, fcntl.LOCK_SH)


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Whether the store is there; while it is held, nobody removes it."""
    taken = hold(path)
    try:
        yield taken is not None
    finally:
        if taken is not None:
            os.close(taken)


def remove(path: Path, *, even_held: bool = False) -> bool:
    """Remove a store with its note; False when somebody holds it.

    `even_held`: readers that have it open read on; nobody finds it any more.
    """
    taken = lock(path, fcntl.LOCK_EX)
    if taken is None and not even_held and path.exists():
        return False
    try:
        note_of(path).unlink(missing_ok=True)
        aside = path.with_name(f".removed-{path.name}-{time.time_ns()}")
        with contextlib.suppress(FileNotFoundError):
            path.rename(aside)  # first: half a store must not be found
            shutil.rmtree(aside, ignore_errors=True)
    finally:
        if taken is not None:
            os.close(taken)
    return True


def rewrite(store: Store, fresh: Path) -> None:
    """A new store with the same quads in `fresh`: of what was deleted, nothing is in it."""
    shutil.rmtree(fresh, ignore_errors=True)
    file = fresh.with_suffix(".nq")
    store.dump(str(file), format=RdfFormat.N_QUADS)
    written = Store(str(fresh))
    written.bulk_load(path=str(file), format=RdfFormat.N_QUADS)
    written.flush()
    file.unlink()


def put_in_place(store: Path) -> None:
    """End what a rewriting of this folder began, or throw away what it had not finished."""
    fresh = store.with_suffix(".new")
    if store.exists():
        shutil.rmtree(fresh, ignore_errors=True)
    elif fresh.exists():
        fresh.rename(store)


def own_bytes(path: Path) -> int:
    """Bytes of the files that a store shares with no other."""
    total = 0
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(path):
            status = entry.stat()
            total += status.st_size if status.st_nlink == 1 else 0
    return total


class Charged:
    """What some stores take of the disk together: the files that they share with no other store,
    each once, however many of these have it."""

    def __init__(self, folders: Iterable[Path]) -> None:
        self._files = {folder: _files(folder) for folder in folders}
        self._holders = Counter(number for files in self._files.values() for number in files)
        self._sizes = {
            number: size
            for files in self._files.values()
            for number, (size, links) in files.items()
            if links == self._holders[number]
        }

    @property
    def total(self) -> int:
        """Bytes."""
        return sum(self._sizes.values())

    def release(self, folder: Path) -> None:
        """This one was removed; what another of them has stays charged."""
        for number in self._files.pop(folder):
            self._holders[number] -= 1
            if not self._holders[number]:
                self._sizes.pop(number, None)


def _files(folder: Path) -> dict[int, tuple[int, int]]:
    """Of the files of a store: their size, and how many names they have."""
    found = {}
    with contextlib.suppress(FileNotFoundError):
        for entry in os.scandir(folder):
            status = entry.stat()
            found[status.st_ino] = (status.st_size, status.st_nlink)
    return found


def lock(path: Path, kind: int) -> int | None:
    """A lock on a folder as a file descriptor to close; None when it is gone or taken."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_ino == os.stat(path).st_ino:  # noqa: PTH116 - beside fstat
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None
