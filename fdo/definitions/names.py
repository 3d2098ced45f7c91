"""What definitions are called: by a PID that follows from the prefix and what is defined.

Every repository with one prefix therefore gives a definition the same PID, and a record can name
its definitions without asking where they are.

>>> str(definition_pid("20.5000.5072", "fdo-type", "specimen"))
'20.5000.5072/U5F-G52-23T'
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

from fdo.identifiers import SUFFIXES, Pid, suffix_of

KINDS = ("fdo-attribute", "fdo-profile", "fdo-operation", "fdo-type")
"""The object types of definitions, each after those it refers to."""


@lru_cache(maxsize=1024)
def definition_pid(prefix: str, kind: str, key: str) -> Pid:
    """The PID of a definition: a suffix drawn by SHA-256 in the place of chance."""
    digest = hashlib.sha256(f"{prefix}/{kind}/{key}".encode()).digest()
    return Pid(prefix, suffix_of(int.from_bytes(digest) % SUFFIXES))


def claim(kind: str, key: str) -> str:
    """The claim by which a definition is found in a log, whatever its prefix."""
    return f"{kind}:{key}"


def registered_claim(registered: str) -> str:
    """The claim by which a definition is found from its identifier in the type registry."""
    return f"definition:{registered}"
