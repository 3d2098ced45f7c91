"""The proof of a citation: one file with which anybody can check it, years later, offline.

It holds the citation, the envelope of the event exactly as it was hashed, the path of that leaf
to the root of the log's tree, and a signed checkpoint with that root. Who also kept the sealed
document has the whole chain: bytes → hash of the citation → envelope → leaf → root → signature.
An erasure changes none of it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from eventstore import merkle
from eventstore.checkpoints import Checkpoints
from eventstore.envelope import Recorded, iso, leaf_body
from eventstore.merkle import BrokenProof
from eventstore.notes import Checkpoint, Note, Verifier, trusted_by
from fdo.errors import InvalidIdentifier
from fdo.verifiable import Citation

FORMAT = "collectome-proof-1"


@dataclass(frozen=True, slots=True)
class Check:
    """One step of a check."""

    what: str
    good: bool | None
    """None: not checked, for want of what the step needs."""
    why: str = ""


def proof_of(event: Recorded, checkpoints: Checkpoints) -> dict[str, Any]:
    """The proof file of the version that an event made; its checkpoint is made now where none
    covers the event yet."""
    signed, tree = checkpoints.covering(event.position), checkpoints.tree
    index = tree.index(event.position)
    path = merkle.inclusion(tree.over, index, signed.size)
    envelope = leaf_body(
        event.pid_text, event.sequence, event.version,
        event.recorded_at, event.observed_at, event.topic, event.meta,
    )  # fmt: skip
    return {
        "format": FORMAT,
        "citation": str(event.citation),
        "envelope": envelope.decode(),
        "index": index,
        "path": [base64.b64encode(node).decode() for node in path],
        "checkpoint": signed.note,
        "keys": [key for key, since in checkpoints.vkeys() if since <= signed.size],
        "rotations": checkpoints.rotations(),
    }


@dataclass(frozen=True, slots=True)
class Proof:
    """A proof file, read."""

    citation: Citation
    envelope: bytes
    index: int
    path: Sequence[bytes]
    note: Note
    checkpoint: Checkpoint
    keys: Sequence[Verifier]
    rotations: Sequence[str]
    """Checkpoints that announce a key, so that who trusts an older one can trust the newest."""

    @classmethod
    def parse(cls, data: bytes) -> Proof:
        """Read a proof file; BrokenProof for what is none."""
        try:
            said = orjson.loads(data)
            if not isinstance(said, dict) or said.get("format") != FORMAT:
                raise BrokenProof(f"This is no proof file: its format is not {FORMAT}.")
            note = Note.parse(said["checkpoint"])
            return cls(
                Citation.parse(said["citation"]),
                said["envelope"].encode(),
                int(said["index"]),
                [base64.b64decode(node, validate=True) for node in said["path"]],
                note,
                Checkpoint.parse(note.text),
                [Verifier.parse(key) for key in said["keys"]],
                [str(note) for note in said["rotations"]],
            )
        except (KeyError, ValueError, TypeError, AttributeError, InvalidIdentifier) as wrong:
            raise BrokenProof(f"This proof file cannot be read: {wrong!r}.") from wrong

    def checks(self, trusted: Verifier | None = None) -> Iterator[Check]:
        """Each step from the citation to the signature; `trusted` is the key that the checker
        got by another way than this file."""
        yield self._envelope()
        leaf = hashlib.sha256(b"\x00" + self.envelope).digest()
        what = f"the event is number {self.index + 1} of {self.checkpoint.size} in the checkpoint"
        try:
            root = merkle.root_by_inclusion(leaf, self.index, self.checkpoint.size, self.path)
            yield Check(what, root == self.checkpoint.root, "its path leads to another root")
        except BrokenProof as broken:
            yield Check(what, False, broken.message)
        yield from self._signature(trusted)

    def _envelope(self) -> Check:
        what = "the event records this version, at this time, with this hash"
        cited = self.citation
        try:
            pid, _, version, at, _, _, meta = orjson.loads(self.envelope)
            said = (pid, version, iso(at), meta.get("commitment"))
        except (ValueError, TypeError, AttributeError, OverflowError) as broken:
            return Check(what, False, f"its envelope cannot be read: {broken}")
        wanted = (str(cited.pid), cited.version, cited.recorded_at, cited.hash)
        return Check(what, said == wanted, f"it says {said}, the citation {wanted}")

    def _signature(self, trusted: Verifier | None) -> Iterator[Check]:
        origin = self.checkpoint.origin
        what = f"the checkpoint of {origin} is signed"
        keys = trusted_by([trusted], self.rotations) if trusted else self.keys
        good = any(key.name == origin and key.signed(self.note) for key in keys)
        yield Check(what, good, "no signature of it holds")
        if trusted is None:
            yield Check(
                "the key is the log's own",
                None,
                "it stands in the proof file itself; give the key that the log publishes",
            )


def document_check(citation: Citation, sealed: bytes) -> Check:
    """Whether a sealed document is the one that is cited."""
    found = hashlib.sha256(sealed).hexdigest()
    return Check(
        "the sealed document has the hash of the citation",
        found == citation.hash,
        f"its SHA-256 is {found}",
    )


def same_citation(one: Citation, other: Citation) -> Check:
    """Whether two citations are one; the proof file's is compared with what was cited."""
    return Check("the proof is of this citation", one == other, f"it is of {other}")
