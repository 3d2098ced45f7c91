"""Given these facts, when this command, then these facts: the domain's tests in ten lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Command, DigitalObject, Fact, Facts, decide, evolve, stamped

PID = Pid("10.5072", "AAA-BBB-CCC")
OTHER = Pid("10.5072", "DDD-EEE-FFF")
THIRD = Pid("10.5072", "GGG-HHH-JJJ")
AT = "2026-03-01T12:00:00.000Z"
CURATOR: Mapping[str, Any] = {
    "@type": "schema:Person",
    "schema:identifier": "https://orcid.org/0000-0002-1825-0097",
    "schema:name": "J. Carberry",
}


@dataclass(frozen=True)
class Story:
    """What has happened to one object."""

    facts: tuple[Fact, ...]

    @property
    def state(self) -> DigitalObject | None:
        """The fold of all facts: the oracle."""
        known: DigitalObject | None = None
        for fact in self.facts:
            known = evolve(known, fact, PID, "specimen")
        return known

    def when(self, command: Command) -> Facts:
        """What the command makes happen."""
        return decide(self.state, command)


def given(*facts: Fact) -> Story:
    """The story so far."""
    return Story(facts)


def specimen(name: str = "Abies alba", version: int = 1, **more: Any) -> Document:
    """A document as harvested, small enough to read."""
    draft = {
        "@type": "ods:DigitalSpecimen",
        "ods:status": "Active",
        "ods:specimenName": name,
        "ods:physicalSpecimenID": "TU-1",
        "ods:normalisedPhysicalSpecimenID": "TU-1",
        "ods:organisationID": "https://ror.org/03z77qz90",
        "ods:midsLevel": 1,
        **more,
    }
    return stamped(draft, PID, version, modified=AT)
