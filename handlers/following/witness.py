"""A mirror as a witness: what the source signed must be what the mirror holds.

The first key that the source shows is kept; later ones must be announced by one that is trusted.
A checkpoint that fits is kept with the mirror, so that the mirror can prove what it holds, and a
source that signs another history under the same log is found at once.
"""

from __future__ import annotations

import orjson

from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.checkpoints import Checkpoints, Kept
from eventstore.merkle import BrokenProof
from eventstore.notes import Note, Verifier, origin_of, trusted_by
from eventstore.transfer import BrokenTransfer
from fdo.errors import NotFound
from handlers.following.asking import Source, SourceRefuses


class Witness:
    """Holds the checkpoints of a source against the mirror."""

    def __init__(self, objects: DigitalObjects, source: Source) -> None:
        self._recorder = objects.recorder
        self._log = objects.log
        self._source = source
        self._checkpoints = Checkpoints(objects.recorder)

    def look(self) -> Kept | None:
        """Ask for the newest checkpoint and hold it against what is mirrored; None where the
        source signs nothing, or the mirror has not come so far.

        BrokenTransfer: the source signed something else than it sent; a person must look.
        """
        try:
            note = self._source.get("/checkpoint", {}, "text/plain").decode("utf-8", "replace")
            said = orjson.loads(self._source.get("/api/log/keys", {}, "application/json"))
        except SourceRefuses:
            return None  # an older release, or a mirror itself
        try:
            keys = [(str(row["vkey"]), int(row["since"])) for row in said["keys"]]
            return self._held(note, keys, [str(each) for each in said["rotations"]])
        except (BrokenProof, KeyError, TypeError, ValueError) as broken:
            raise BrokenTransfer(
                f"The checkpoint of {self._source.address} is none: {broken}."
            ) from broken

    def _held(self, note: str, keys: list[tuple[str, int]], rotations: list[str]) -> Kept | None:
        signed, kept = Note.parse(note), Kept(0, note)
        checkpoint = kept.checkpoint
        known = [Verifier.parse(vkey) for vkey, _ in self._checkpoints.vkeys()]
        begun = known or [Verifier.parse(vkey) for vkey, _ in keys[:1]]
        trusted = trusted_by(begun, rotations)
        if checkpoint.origin != origin_of(self._log.id) or not any(
            key.name == checkpoint.origin and key.signed(signed) for key in trusted
        ):
            raise BrokenTransfer(
                f"The checkpoint of {self._source.address} is not signed by a key that this mirror "
                "trusts, or announced by one. Ask the people who run it whether the key changed."
            )
        if checkpoint.size > self._checkpoints.tree.grow():
            return None
        try:
            mine = self._checkpoints.tree.root(checkpoint.size)
        except NotFound:
            return None
        if mine != checkpoint.root:
            raise BrokenTransfer(
                f"{self._source.address} signed another history of {checkpoint.size} events than "
                "the one that it sent. Keep this mirror: it is the evidence."
            )
        names = {str(key) for key in trusted}
        mirroring.witness(
            self._recorder, checkpoint.size, note, [key for key in keys if key[0] in names]
        )
        return Kept(checkpoint.size, note)
