"""Where the newest read-only copy of the graph lies.

The graph projection publishes copies (`Store.backup`, hard links) under `checkpoints/` and then
replaces the file `current`, which names the newest. A copy that was superseded stays for a
while, so a reader that has just read `current` still finds what it names. Readers never open
the live store: a re-open beside a writer is undefined behaviour (performance.md, D).
"""

from __future__ import annotations

import os
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson
from pyoxigraph import BlankNode, NamedNode, Store

META_GRAPH: Final = "urn:collectome:graph:meta"
"""The projection's own position: left out of queries (decision 0010)."""


@dataclass(frozen=True, slots=True)
class Current:
    """The published state: which copy, up to which position of the log, recorded when."""

    checkpoint: str
    position: int
    recorded_at: str


def read_current(folder: Path) -> Current | None:
    """What `current` names, or `None` where nothing was published yet."""
    try:
        fields = orjson.loads((folder / "current").read_bytes())
    except FileNotFoundError:
        return None
    return Current(
        str(fields["checkpoint"]),
        int(fields["position"]),
        str(fields.get("recorded_at") or ""),
    )


Mark = tuple[int, ...]
"""What tells one state from the next."""


def mark_of(pointer: str) -> Mark | None:
    """What tells the state that this pointer names from the next one; None before the first."""
    try:
        at = os.stat(pointer)  # noqa: PTH116 - in the path of every query
    except FileNotFoundError:
        return None
    return at.st_mtime_ns, at.st_ino, at.st_size


class NewestCopy:
    """The newest copy, opened; `refresh` costs one `stat` while nothing was published."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pointer = os.fspath(folder / "current")
        self._seen: Mark | None = None
        self.current: Current | None = None
        self.store: Store | None = None
        self.named_graphs: list[NamedNode | BlankNode] = []

    def mark(self) -> Mark | None:
        """What `current` names now; None where nothing was published yet."""
        return mark_of(self._pointer)

    def is_of(self, mark: Mark | None) -> bool:
        """Whether this is what is open (or nothing was published yet)."""
        return mark is None or mark == self._seen

    def close(self) -> None:
        """Let go of the copy."""
        self.store = self.current = self._seen = None
        self.named_graphs = []

    def refresh(self) -> None:
        """Open the copy that `current` names now, unless it is open already.

        A copy may be superseded and swept between reading its name and opening it; then
        `current` names a newer one, so the second look finds it.
        """
        for last in (False, False, True):
            mark = self.mark()
            if mark is None or mark == self._seen:
                return
            try:
                self._open()
            except OSError:
                if last:
                    raise
                continue
            self._seen = mark
            return

    def _open(self) -> None:
        current = read_current(self._folder)
        if current is None:
            return
        if self.current is None or current.checkpoint != self.current.checkpoint:
            store = Store.read_only(os.fspath(self._folder / "checkpoints" / current.checkpoint))
            self.named_graphs = visible(store)
            self.store = store
        self.current = current


class OtherCopies:
    """Read-only stores of other states, the last few held open: opening takes milliseconds.

    Whoever asks keeps the folder in its place while a query runs, and not longer: a copy that
    was thrown away, or made anew under the same name, is let go.
    """

    def __init__(self, most: int = 4) -> None:
        self._most = most
        self._open: OrderedDict[str, tuple[tuple[int, int], Opened]] = OrderedDict()

    def take(self, path: str) -> Opened:
        """The store in this folder."""
        mark = _folder_mark(path)
        known = self._open.pop(path, None)
        if known is None or known[0] != mark or mark is None:
            store = Store.read_only(path)
            known = (mark or (0, 0), Opened(store, visible(store)))
        self._open[path] = known
        if len(self._open) > self._most:
            self._open.popitem(last=False)
        return known[1]

    def here(self, path: str) -> Opened | None:
        """The store in this folder if it is open, so that taking it costs nothing."""
        known = self._open.get(path)
        if known is None or known[0] != _folder_mark(path):
            return None
        self._open.move_to_end(path)
        return known[1]

    def let_go(self) -> None:
        """Close what is not in its place any more, so that its room on the disk is given back."""
        for path in [path for path, (mark, _) in self._open.items() if _folder_mark(path) != mark]:
            del self._open[path]


@dataclass(frozen=True, slots=True)
class Opened:
    """A store with the named graphs that queries may see."""

    store: Store
    named_graphs: list[NamedNode | BlankNode]


def visible(store: Store) -> list[NamedNode | BlankNode]:
    """The named graphs of a store that are part of its dataset."""
    return [graph for graph in store.named_graphs() if graph.value != META_GRAPH]


def _folder_mark(path: str) -> tuple[int, int] | None:
    """What tells one store from the next in the same place: the file that each has of its own."""
    try:
        at = os.stat(f"{path}/CURRENT")  # noqa: PTH116 - in the path of every query
    except FileNotFoundError:
        return None
    return at.st_ino, at.st_mtime_ns
