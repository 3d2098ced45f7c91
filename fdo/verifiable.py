"""Citations that can be checked: which version, since when, and the hash of its bytes.

    https://doi.org/10.5072/ABC-DEF-123/3 (2026-03-01T12:00:00.000000Z) hash://sha256/<64 hex>

The address names the version, the time is when the repository recorded it, and the hash is the
SHA-256 of its sealed document: 32 random bytes of salt, then the document as it is stored. Who
keeps that file can check it with `sha256sum` alone, for ever; nobody else can guess the document
from the hash.

>>> text = ("https://doi.org/10.5072/ABC-DEF-123/3 (2026-03-01T12:00:00.000000Z) "
...         "hash://sha256/" + "0" * 64)
>>> str(Citation.parse(f"As in <{text}>.")) == text
True
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid

_CITATION = re.compile(
    r"(?:https?://(?:dx\.)?(?:doi\.org|hdl\.handle\.net)/|doi:|hdl:|(?<![0-9A-Za-z./-]))"
    r"(?P<prefix>[0-9]{2}(?:\.[0-9A-Za-z]+)+)"
    r"/(?P<suffix>[0-9A-Za-z]{3}-[0-9A-Za-z]{3}-[0-9A-Za-z]{3})/(?P<version>[1-9][0-9]{0,8})"
    r"[\s,;>]*\(?(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z)\)?"
    r"[\s,;<]*hash://sha256/(?P<hash>[0-9A-Fa-f]{64})(?![0-9A-Fa-f])",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Citation:
    """One version of one object, with what proves it."""

    pid: Pid
    version: int
    recorded_at: str
    """RFC 3339 with microseconds and `Z`: when the repository recorded the version."""
    hash: str
    """SHA-256 of the sealed document, 64 hexadecimal digits."""

    def __str__(self) -> str:
        return f"{self.pid.version_iri(self.version)} ({self.recorded_at}) {self.hash_uri}"

    @property
    def hash_uri(self) -> str:
        """The content as `hash://sha256/…` (the practice of Preston's content registries)."""
        return f"hash://sha256/{self.hash}"

    @classmethod
    def parse(cls, text: str) -> Citation:
        """The first citation inside a text; line breaks between its parts do no harm."""
        return cls.all_in(text)[0]

    @classmethod
    def all_in(cls, text: str) -> list[Citation]:
        """Every citation inside a text, each once; there is at least one."""
        found = [
            cls(
                Pid(one["prefix"].upper(), one["suffix"].upper()),
                int(one["version"]),
                one["at"],
                one["hash"].lower(),
            )
            for one in _CITATION.finditer(text)
        ]
        if not found:
            raise InvalidIdentifier(
                "No citation that can be checked is in this text: expected a version's address, "
                "its time and its hash, as in https://doi.org/10.5072/ABC-DEF-123/3 "
                "(2026-03-01T12:00:00.000000Z) hash://sha256/ and 64 hexadecimal digits."
            )
        return list(dict.fromkeys(found))
