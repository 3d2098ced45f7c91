"""Signed notes and the checkpoints written in them (C2SP signed-note, tlog-checkpoint).

    collectome/5f0c2c1e-…              the log
    412                                leaves of its tree
    jc2Q…=                             root of its tree
    positions 418 9f31…                last position, SHA-256 over all positions
    previous 380                       size of the checkpoint before
    signed-at 2026-03-01T12:00:00.000000Z
                                       (an empty line)
    — collectome/5f0c2c1e-… Kp3s…=     signature: four bytes that name the key, then Ed25519

Text on purpose: a checkpoint can be read, mailed, printed and compared by eye.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from eventstore.merkle import BrokenProof

_ED25519 = b"\x01"
NEXT_KEY = "next-key "
"""Begins the line by which a checkpoint announces the key that signs after it."""
PREVIOUS = "previous "
"""Begins the line with the size of the checkpoint before; 0 for the first."""
SIGNED_AT = "signed-at "
"""Begins the line with the time of the signature."""
LACKING = "lacking "
"""Begins the line that says of how many events the bytes were never here, and the SHA-256 over
their positions; without it, of none."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with the name of the log whose checkpoints it signs."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names its key."""
        seen = self.name.encode() + b"\n" + _ED25519 + self.public
        return hashlib.sha256(seen).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{_b64(_ED25519 + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Verifier:
        """Read a key as it is published: name, id and key with `+` between them."""
        name, _, rest = text.strip().partition("+")
        digits, _, encoded = rest.partition("+")
        try:
            key = base64.b64decode(encoded, validate=True)
        except binascii.Error:
            key = b""
        found = cls(name, key[1:])
        if key[:1] != _ED25519 or len(found.public) != 32 or found.id.hex() != digits:
            raise BrokenProof(
                f"{text.strip()[:120]!r} is not the public key of a log: expected its name, four "
                "bytes in hexadecimal and the key in base64, with + between them."
            )
        return found

    def signed(self, note: Note) -> bool:
        """Whether this key signed the note."""
        key = Ed25519PublicKey.from_public_bytes(self.public)
        for name, blob in note.signatures:
            if name == self.name and blob[:4] == self.id:
                try:
                    key.verify(blob[4:], note.text.encode())
                except InvalidSignature:
                    continue
                return True
        return False


def trusted_by(known: Iterable[Verifier], rotations: Iterable[str]) -> list[Verifier]:
    """The keys that are trusted, given some that are: a checkpoint that a trusted key signed may
    announce the next one."""
    trusted = list(known)
    for text in rotations:
        note = Note.parse(text)
        checkpoint = Checkpoint.parse(note.text)
        announced = checkpoint.announced
        signed = any(k.name == checkpoint.origin and k.signed(note) for k in trusted)
        if announced is not None and signed:
            trusted.append(Verifier.parse(announced))
    return trusted


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key of a log."""

    verifier: Verifier
    private: Ed25519PrivateKey

    @classmethod
    def of(cls, name: str, private: Ed25519PrivateKey) -> Signer:
        """The signer under this name with this key."""
        return cls(Verifier(name, private.public_key().public_bytes_raw()), private)


@dataclass(frozen=True, slots=True)
class Note:
    """A text and who signed it."""

    text: str
    signatures: Sequence[tuple[str, bytes]]
    """Name of the key; its id and the signature."""

    def __str__(self) -> str:
        lines = (f"— {name} {_b64(blob)}\n" for name, blob in self.signatures)
        return f"{self.text}\n{''.join(lines)}"

    @classmethod
    def sign(cls, text: str, signers: Iterable[Signer]) -> Note:
        """The text with a signature of each signer."""
        return cls(
            text,
            [(s.verifier.name, s.verifier.id + s.private.sign(text.encode())) for s in signers],
        )

    @classmethod
    def parse(cls, note: str) -> Note:
        """Read a note; BrokenProof for what is none."""
        text, divided, tail = note.rpartition("\n\n")
        found = []
        for line in tail.removesuffix("\n").split("\n"):
            parts = line.split(" ")
            if len(parts) != 3 or parts[0] != "—":
                raise BrokenProof(f"{line[:80]!r} is no line of a signature.")
            found.append((parts[1], _unb64(parts[2], "a signature")))
        if not divided or not found:
            raise BrokenProof("A signed note ends with an empty line and its signatures.")
        return cls(text + "\n", found)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed of a log: how many leaves its tree has, and their root."""

    origin: str
    size: int
    root: bytes
    more: Sequence[str] = ()
    """Further lines: which positions the leaves are, what was signed before, when it was signed,
    and a key that is announced."""

    @property
    def text(self) -> str:
        """As it is signed."""
        lines = (self.origin, str(self.size), _b64(self.root), *self.more)
        return "".join(f"{line}\n" for line in lines)

    @property
    def announced(self) -> str | None:
        """The key that signs after this checkpoint, where it says one."""
        return self.said(NEXT_KEY)

    def said(self, name: str) -> str | None:
        """What the further line of this name says; None where there is none."""
        found = (line for line in self.more if line.startswith(name))
        return next((line.removeprefix(name) for line in found), None)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read the text of a note; BrokenProof for what is no checkpoint."""
        lines = text.split("\n")
        if len(lines) < 4 or lines[-1] or not (lines[1].isascii() and lines[1].isdigit()):
            raise BrokenProof("A checkpoint has at least three lines: log, size and root.")
        root = _unb64(lines[2], "the root")
        if not lines[0] or len(root) != 32 or str(int(lines[1])) != lines[1]:
            raise BrokenProof("A checkpoint names a log, a size and a root of 32 bytes.")
        return cls(lines[0], int(lines[1]), root, tuple(lines[3:-1]))


def origin_of(log_id: str) -> str:
    """The name of a log in its checkpoints; it never holds a server's address."""
    return f"collectome/{log_id}"


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _unb64(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BrokenProof(f"{what} is not in base64: {text[:80]!r}.") from None
