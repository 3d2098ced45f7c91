"""The sets of OAI-PMH: by type of object, by dataset, by type within a dataset.

    type:specimen                          every specimen
    dataset:20.5000.5072_9NV-FGK-MCM       all that came from a source system
    dataset:20.5000.5072_9NV-FGK-MCM:media its media

A colon makes a hierarchy (OAI-PMH 2.6); the slash of a PID may not stand in a name of a set and
is an underscore there, which no PID has.

>>> str(SetSpec.parse("dataset:20.5000.5072_9nv-fgk-mcm:media"))
'dataset:20.5000.5072_9NV-FGK-MCM:media'
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fdo.catalogue import OBJECT_TYPES
from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid

_SLASH = "_"


@dataclass(frozen=True, slots=True, order=True)
class SetSpec:
    """One set: of a dataset, of a type of object, or of both."""

    source: str | None = None
    kind: str | None = None

    def __str__(self) -> str:
        if self.source is None:
            return f"type:{self.kind}"
        dataset = f"dataset:{self.source.replace('/', _SLASH)}"
        return dataset if self.kind is None else f"{dataset}:{self.kind}"

    @classmethod
    def parse(cls, text: str) -> SetSpec | None:
        """The set of this name; None where there cannot be one."""
        name, _, rest = text.partition(":")
        if name == "type":
            return cls(kind=rest) if rest in OBJECT_TYPES else None
        dataset, colon, kind = rest.partition(":")
        if name != "dataset" or bool(colon) != (kind in OBJECT_TYPES):
            return None
        try:
            return cls(str(Pid.parse(dataset.replace(_SLASH, "/"))), kind or None)
        except InvalidIdentifier:
            return None


def sets_of(kind: str, source: str | None) -> list[SetSpec]:
    """The sets in which an object stands, broader ones first."""
    of_type = [SetSpec(kind=kind)]
    return of_type if source is None else [*of_type, SetSpec(source), SetSpec(source, kind)]


def sets_with(members: Iterable[tuple[str, str | None]]) -> list[SetSpec]:
    """All sets that have a member, by name; members are (type, dataset)."""
    found = {spec for kind, source in members for spec in sets_of(kind, source)}
    return sorted(found, key=str)
