"""The Merkle tree and its signed checkpoints against the events, in one pass over the leaves."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence

from eventstore import merkle
from eventstore.checkpoints import KEY_FILE, Checkpoints, Kept
from eventstore.merkle import BrokenProof
from eventstore.mirroring import origin
from eventstore.notes import LACKING, PREVIOUS, Checkpoint, Note, Verifier, origin_of, trusted_by
from eventstore.recorder import Recorder
from eventstore.tiles import WIDTH, split
from fdo.errors import CollectomeError
from handlers.verification.faults import Fault

_MOST = 20
"""Tiles that are told; where one leaf is missing, all behind it differ."""


class Roots:
    """The tree over the leaves so far, by the hashes that are not in a full tile yet."""

    def __init__(self) -> None:
        self.count = 0
        self.levels: list[list[bytes]] = [[]]
        self.runs: list[list[int]] = []

    def add(self, position: int, leaf: bytes) -> list[tuple[int, int, list[bytes]]]:
        """Take in a leaf; the tiles that it fills, as (level, number, hashes)."""
        if self.runs and self.runs[-1][1] + 1 == position:
            self.runs[-1][1] = position
        else:
            self.runs.append([position, position])
        self.count += 1
        full: list[tuple[int, int, list[bytes]]] = []
        level, fresh = 0, leaf
        while True:
            if level == len(self.levels):
                self.levels.append([])
            self.levels[level].append(fresh)
            if len(self.levels[level]) < WIDTH:
                return full
            hashes, self.levels[level] = self.levels[level], []
            full.append((level, (self.count >> 8 * (level + 1)) - 1, hashes))
            level, fresh = level + 1, merkle.perfect_root(hashes)

    def root(self) -> bytes:
        """The root of the tree over the leaves so far."""
        ragged: list[bytes] = []
        for hashes in self.levels:
            if hashes or ragged:
                ragged = [merkle.root_of([*hashes, *ragged])]
        return ragged[0] if ragged else merkle.EMPTY

    @property
    def positions(self) -> str:
        """The positions of the leaves so far as a checkpoint says them."""
        text = ",".join(f"{first}-{last}" for first, last in self.runs)
        last = self.runs[-1][1] if self.runs else 0
        return f"positions {last} {hashlib.sha256(text.encode()).hexdigest()}"


class TreeCheck:
    """Compares tiles, runs and checkpoints while the leaves go by."""

    def __init__(
        self, recorder: Recorder, log_id: str, trusted: Sequence[Verifier], kept: Sequence[Kept]
    ) -> None:
        self._recorder = recorder
        self._origin = origin_of(log_id)
        self._checkpoints = Checkpoints(recorder)
        self._size = self._checkpoints.tree.size()
        self._roots = Roots()
        self._told = 0
        self._signers = self._checkpoints.vkeys()
        self._given = list(trusted)
        self._whole_since = self._own_since()
        self._elsewhere = sorted(kept, key=lambda one: one.size)
        rows = recorder.reader().execute("SELECT * FROM checkpoints ORDER BY size")
        self._waiting = (Kept(*row) for row in rows)
        self._next = next(self._waiting, None)
        self._before = 0

    def begin(self) -> Iterator[Fault]:
        """Faults of the keys, and of an empty tree."""
        yield from self._key_faults()
        yield from self._reached()

    def add(self, position: int, leaf: object) -> Iterator[Fault]:
        """Faults that show with the next leaf."""
        leaf = leaf if isinstance(leaf, bytes) else b""  # told with its event
        for level, number, hashes in self._roots.add(position, leaf):
            if self._roots.count <= self._size:
                yield from self._tile_faults(level, number, hashes)
        yield from self._reached()

    def end(self) -> Iterator[Fault]:
        """Faults that show when there are no more leaves."""
        if self._size < 0:
            yield Fault("tree", "it says positions that run backwards")
        if self._size > self._roots.count:
            yield Fault(
                "log",
                f"its tree has {self._size} events, and {self._roots.count} are left: some were "
                "removed",
            )
        later = [*([self._next] if self._next else []), *self._waiting]
        signed = [(one.size, "") for one in later]
        for size, which in signed + [(one.size, " kept elsewhere") for one in self._elsewhere]:
            yield Fault(
                f"checkpoint {size}{which}",
                f"{size} events were signed, and {self._roots.count} are left: some were removed",
            )

    # ── tiles ────────────────────────────────────────────────────────────────────────────

    def _reached(self) -> Iterator[Fault]:
        """What is to be compared when the tree has this size."""
        count = self._roots.count
        if count == self._size:
            yield from self._growing_faults()
        while self._next is not None and self._next.size <= count:
            yield from self._checkpoint_faults(self._next)
            self._before, self._next = self._next.size, next(self._waiting, None)
        while self._elsewhere and self._elsewhere[0].size <= count:
            yield from self._root_faults(self._elsewhere.pop(0), "kept elsewhere")

    def _growing_faults(self) -> Iterator[Fault]:
        """The last tile of each level, and that there are no others."""
        tiles = 0
        for level, hashes in enumerate(self._roots.levels):
            number = self._size >> 8 * (level + 1)
            tiles += number + bool(hashes)
            if hashes:
                yield from self._tile_faults(level, number, hashes)
        ((kept,),) = self._recorder.rows("SELECT count(*) FROM tiles")
        if kept != tiles:
            yield Fault("tree", f"it has {kept} tiles; its {self._size} leaves make {tiles}")
        runs = self._recorder.rows("SELECT first, last FROM runs ORDER BY first")
        if [list(row) for row in runs] != self._roots.runs:
            yield Fault("tree", "it says other positions than the events bear")

    def _tile_faults(self, level: int, number: int, hashes: list[bytes]) -> Iterator[Fault]:
        rows = self._recorder.rows(
            "SELECT hashes FROM tiles WHERE level=? AND number=?", [level, number]
        )
        kept = bytes(rows[0][0]) if rows and isinstance(rows[0][0], bytes) else b""
        if kept == b"".join(hashes) or self._told >= _MOST:
            return
        self._told += 1
        if level:
            yield Fault(f"tree, tile {level}/{number}", "it is not the root of the tiles below")
            return
        differs = [
            at for at, (one, other) in enumerate(zip(split(kept), hashes, strict=False))
            if one != other
        ]  # fmt: skip
        at = number * WIDTH + (differs[0] if differs else min(len(kept) // 32, len(hashes)))
        yield Fault(f"tree, leaf {at}", f"it is not the leaf hash of event {self._position(at)}")

    def _position(self, index: int) -> int:
        for first, last in self._roots.runs:
            if index <= last - first:
                return first + index
            index -= last - first + 1
        return 0

    # ── checkpoints ──────────────────────────────────────────────────────────────────────

    def _checkpoint_faults(self, kept: Kept) -> Iterator[Fault]:
        yield from self._root_faults(kept, "")
        where = f"checkpoint {kept.size}"
        try:
            note, said = Note.parse(kept.note), kept.checkpoint
        except (CollectomeError, AttributeError):
            return  # told already
        if said.size != kept.size:
            yield Fault(where, f"its note says {said.size}")
        if kept.size > self._whole_since and said.said(PREVIOUS) != str(self._before):
            yield Fault(where, f"one before it is missing; it follows {self._before}")
        yield from self._lacking_faults(kept, said, where)
        needed = [key for key, since in self._signers if since < kept.size][-1:]
        needed = needed or [vkey for vkey, _ in self._signers[:1]]
        needed += [said.announced] if said.announced else []
        for vkey in needed or [""]:
            try:
                good = Verifier.parse(vkey).signed(note)
            except BrokenProof:
                good = False
            if not good:
                yield Fault(where, f"the signature of the key {vkey or '(none)'} does not hold")

    def _lacking_faults(self, kept: Kept, said: Checkpoint, where: str) -> Iterator[Fault]:
        """Whether the bytes that were here when this log signed are here still. A mirror cannot
        tell: its source signed, which has them."""
        if self._whole_since and kept.size <= self._whole_since:
            return
        last = self._roots.runs[-1][1] if self._roots.runs else 0
        if said.said(LACKING) != self._checkpoints.lacking(last):
            yield Fault(
                where,
                "of other events than was signed the salt and the bytes are said to have never "
                "been here",
            )

    def _root_faults(self, kept: Kept, which: str) -> Iterator[Fault]:
        where = " ".join(filter(None, (f"checkpoint {kept.size}", which)))
        try:
            said = kept.checkpoint
        except (CollectomeError, AttributeError) as broken:
            yield Fault(where, f"cannot be read: {broken}")
            return
        if which and not any(key.signed(Note.parse(kept.note)) for key in self._trusted()):
            yield Fault(where, "no key of this log signed it")
        if said.origin != self._origin:
            yield Fault(where, f"it is of another log: {said.origin}")
        if said.root != self._roots.root():
            yield Fault(where, "the events are not those that were signed")
        elif self._roots.positions not in said.more:
            yield Fault(where, "the events do not bear the positions that were signed")

    # ── keys ─────────────────────────────────────────────────────────────────────────────

    def _verifiers(self) -> list[Verifier]:
        found = []
        for vkey, _ in self._signers:
            try:
                found.append(Verifier.parse(vkey))
            except (CollectomeError, AttributeError):
                continue  # told by name where the keys are looked at
        return found

    def _trusted(self) -> list[Verifier]:
        """The keys given by whoever checks, else the first that signed, and those they lead to."""
        begun = self._given or self._verifiers()[:1]
        try:
            return trusted_by(begun, self._checkpoints.rotations())
        except CollectomeError:
            return list(begun)

    def _key_faults(self) -> Iterator[Fault]:
        trusted = {str(key) for key in self._trusted()}
        rows = self._recorder.rows("SELECT number, vkey, since FROM signers ORDER BY number")
        announced = dict(self._announcements())
        for nth, (number, vkey, since) in enumerate(rows, 1):
            where = f"signing key {nth}"
            if number != nth:
                yield Fault(where, f"it bears the number {number}")
            if vkey not in trusted:
                yield Fault(where, f"{vkey} was not announced by a key that is trusted")
            elif nth == 1 and since != 0 and not self._given:
                yield Fault(where, "it is the first and does not sign from the beginning")
            elif nth > 1 and announced.get(since) != vkey and not self._given:
                yield Fault(where, f"no checkpoint of {since} events announces it")
        yield from self._file_faults()

    def _own_since(self) -> float:
        """From which size on every checkpoint is kept here: a mirror has some of its source's."""
        if origin(self._recorder) is not None:
            return math.inf
        announced = {vkey for _, vkey in self._announcements()}
        return max([since for vkey, since in self._signers if vkey not in announced], default=0)

    def _announcements(self) -> Iterator[tuple[int, str]]:
        for text in self._checkpoints.rotations():
            try:
                said = Checkpoint.parse(Note.parse(text).text)
            except CollectomeError:
                continue  # told with the checkpoint
            if said.announced:
                yield said.size, said.announced

    def _file_faults(self) -> Iterator[Fault]:
        try:
            mine = self._checkpoints.signing_key()
        except (CollectomeError, ValueError) as broken:
            yield Fault(KEY_FILE, f"cannot be read: {broken}")
            return
        if mine is not None and self._signers and str(mine) != self._signers[-1][0]:
            yield Fault(KEY_FILE, "it is not the key that signed last")
