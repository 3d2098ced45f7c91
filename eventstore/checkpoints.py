"""Signed checkpoints of the log: made, kept for ever, and read.

    checkpoints = Checkpoints(recorder)
    checkpoints.make()      # the tree as it is now, signed; the last one where nothing is new

The key is made with the first checkpoint and kept beside the log, readable by its owner only.
A new key is announced by a checkpoint that the old one signed, so whoever trusts the first key
can trust the last one.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from eventstore.envelope import iso
from eventstore.mirroring import origin
from eventstore.notes import (
    LACKING,
    NEXT_KEY,
    PREVIOUS,
    SIGNED_AT,
    Checkpoint,
    Note,
    Signer,
    Verifier,
    origin_of,
)
from eventstore.recorder import Recorder
from eventstore.tiles import Tree
from fdo.errors import NotFound, Refused

KEY_FILE = "checkpoint-key.pem"
"""The private key, beside the log."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A checkpoint as it is kept."""

    size: int
    note: str

    @property
    def checkpoint(self) -> Checkpoint:
        """What the note says."""
        return Checkpoint.parse(Note.parse(self.note).text)

    @property
    def signed_at(self) -> datetime | None:
        """When it was signed, by its own word; None where it says nothing that can be read."""
        try:
            found = datetime.fromisoformat(self.checkpoint.said(SIGNED_AT) or "")
        except ValueError:
            return None
        return found if found.tzinfo else None


class Checkpoints:
    """The checkpoints of one log."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._path = Path(recorder.path).parent / KEY_FILE
        self._beside = self._path.with_suffix(".next")
        self.tree = Tree(recorder)

    # ── reading ──────────────────────────────────────────────────────────────────────────

    def latest(self) -> Kept | None:
        """The newest checkpoint; None before the first."""
        return next(iter(self.before(None, 1)), None)

    def at(self, size: int) -> Kept:
        """The checkpoint of a size; NotFound where none was made."""
        for row in self._recorder.rows("SELECT * FROM checkpoints WHERE size=?", [size]):
            return Kept(*row)
        raise NotFound(f"No checkpoint was made of {size} events; see the list at /checkpoints.")

    def before(self, size: int | None, limit: int) -> list[Kept]:
        """Checkpoints below a size (None: the newest), newest first."""
        rows = self._recorder.rows(
            "SELECT * FROM checkpoints WHERE ?1 IS NULL OR size<?1 ORDER BY size DESC LIMIT ?2",
            [size, limit],
        )
        return [Kept(*row) for row in rows]

    def covering(self, position: int) -> Kept:
        """The newest checkpoint, made now where none holds the event at this position yet."""
        last = self.latest()
        with suppress(NotFound):
            if last is not None and self.tree.index(position) < last.size:
                return last
        return self.make()

    def rotations(self) -> list[str]:
        """The checkpoints that announce a key, oldest first."""
        rows = self._recorder.rows(
            "SELECT note FROM checkpoints JOIN signers ON since=size WHERE note LIKE ? "
            "ORDER BY size",
            [f"%\n{NEXT_KEY}%"],
        )
        return [str(row[0]) for row in rows]

    def vkeys(self) -> list[tuple[str, int]]:
        """The public keys and the size of the first checkpoint that each signed, oldest first."""
        rows = self._recorder.rows("SELECT vkey, since FROM signers ORDER BY number")
        return [(str(row[0]), int(row[1])) for row in rows]

    def lacking(self, upto: int) -> str | None:
        """Of how many events up to a position the bytes never came to this log, and the SHA-256
        over their positions; None where there are none. It is signed, so that nobody can pass
        off bytes that were taken away as bytes that never were here."""
        digest, count = hashlib.sha256(), 0
        for row in self._recorder.reader().execute(
            "SELECT position FROM lacking WHERE position<=? ORDER BY position", [upto]
        ):
            digest.update(b"%d," % row[0])
            count += 1
        return f"{count} {digest.hexdigest()}" if count else None

    def signing_key(self) -> Verifier | None:
        """The public half of the key that is kept beside the log; None where there is none."""
        signer = self._read(self._path)
        return None if signer is None else signer.verifier

    # ── making ───────────────────────────────────────────────────────────────────────────

    def make(self) -> Kept:
        """Sign the tree as it is now, unless that was done before.

        Refused: the log is a mirror, whose source signs it; or the key is gone.
        """
        self._own()
        size = self.tree.grow()
        last = self.latest()
        if last is not None and last.size == size:
            return last
        signer = self._signer()
        return self._sign(size, [signer])

    def rotate(self) -> Verifier:
        """Take a new key, announced by a checkpoint that both sign; the old one is destroyed.

        It needs an event that no checkpoint covers: a checkpoint, once made, stays as it is.
        """
        self._own()
        size = self.tree.grow()
        last = self.latest()
        if last is not None and last.size == size:
            raise Refused(
                f"The checkpoint of all {size} events is made already and cannot announce a new "
                "key. Record something first, or wait for the next event."
            )
        old = self._signer()
        fresh = Signer.of(old.verifier.name, Ed25519PrivateKey.generate())
        self._beside.unlink(missing_ok=True)  # of a rotation that ended before it was signed
        _write(self._beside, fresh.private)
        self._sign(size, [old, fresh], fresh.verifier)
        self._beside.replace(self._path)
        return fresh.verifier

    def renew(self) -> Verifier:
        """Begin with a new key where the old one is lost; nothing announces it, and every check
        says so until it is told to trust the new key."""
        self._own()
        if self._path.exists():
            raise Refused(f"{self._path.name} is there; take a new key with --rotate.")
        return self._begin().verifier

    def _own(self) -> None:
        if known := origin(self._recorder):
            raise Refused(
                f"This repository is a mirror of {known.source} and signs nothing; the "
                "checkpoints are signed there."
            )

    def _sign(self, size: int, signers: list[Signer], fresh: Verifier | None = None) -> Kept:
        last, digest = self.tree.positions_digest(size)
        before = self.latest()
        more = [
            f"positions {last} {digest}",
            f"{PREVIOUS}{before.size if before else 0}",
            f"{SIGNED_AT}{iso(self._recorder.clock())}",
        ]
        if lacking := self.lacking(last):
            more.append(f"{LACKING}{lacking}")
        if fresh is not None:
            more.append(f"{NEXT_KEY}{fresh}")
        checkpoint = Checkpoint(
            origin_of(self._recorder.log_id), size, self.tree.root(size), tuple(more)
        )
        note = str(Note.sign(checkpoint.text, signers))
        with self._recorder.datastore.transaction(commit=True) as c:
            c.execute(
                "INSERT INTO checkpoints SELECT ?1, ?2 "
                "WHERE NOT EXISTS (SELECT 1 FROM checkpoints WHERE size>=?1)",
                (size, note),
            )
            c.execute("SELECT changes()")
            made = bool(c.fetchone()[0])
            if made and fresh is not None:
                c.execute(_SIGNER, (str(fresh), size))
        if not made and fresh is not None:
            raise Refused("Another process made this checkpoint first; try again.")
        newest = self.latest()
        assert newest is not None
        return newest

    def _signer(self) -> Signer:
        """The key that signs; made with the first checkpoint."""
        keys = self.vkeys()
        signer = self._read(self._path)
        if signer is None:
            if keys:
                raise Refused(
                    f"The key that signs checkpoints is gone: {self._path.name} is not in the "
                    "data folder. Put it back from a backup, or begin with a new one: "
                    "`collectome checkpoint --renew`."
                )
            return self._begin()
        if not keys:
            self._announce(signer, 0)
        elif keys[-1][0] != str(signer.verifier):
            return self._rotated(keys[-1][0])
        return signer

    def _rotated(self, wanted: str) -> Signer:
        """The key of a rotation that ended after it was signed and before its key moved."""
        signer = self._read(self._beside)
        if signer is None or str(signer.verifier) != wanted:
            raise Refused(
                f"{self._path.name} holds another key than {wanted}, which signs now. Put that "
                "one back from a backup."
            )
        self._beside.replace(self._path)
        return signer

    def _begin(self) -> Signer:
        """A new key, or the one that another process made in this moment."""
        _write(self._path, Ed25519PrivateKey.generate())
        signer = self._read(self._path)
        assert signer is not None
        last = self.latest()
        self._announce(signer, last.size if last else 0)
        return signer

    def _read(self, path: Path) -> Signer | None:
        try:
            pem = path.read_bytes()
        except FileNotFoundError:
            return None
        private = load_pem_private_key(pem, None)
        if not isinstance(private, Ed25519PrivateKey):
            raise Refused(f"{path.name} is not an Ed25519 key.")
        return Signer.of(origin_of(self._recorder.log_id), private)

    def _announce(self, signer: Signer, since: int) -> None:
        with self._recorder.datastore.transaction(commit=True) as c:
            c.execute(_SIGNER, (str(signer.verifier), since))


_SIGNER = "INSERT OR IGNORE INTO signers (vkey, since) VALUES (?,?)"


def _write(path: Path, private: Ed25519PrivateKey) -> None:
    """Write a key, readable by its owner only; all of it at once, and never over another."""
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink()
