"""Objects, documents and clocks for the tests of the log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from eventstore.application import Change, DigitalObjects
from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.documents import Document
from fdo.identifiers import Pid, suffix_of
from fdo.lifecycle import Command, Register, decide, stamped

BY = Agent("urn:collectome:agent:test", "Test")
AT = "2026-03-01T12:00:00.000Z"


class Clock:
    """A clock that tests set as they like; it does not move of itself."""

    def __init__(self, now: int = 1_000_000) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


def pid(number: int) -> Pid:
    """The nth object's PID."""
    return Pid("10.5072", suffix_of(number))


def specimen(number: int, name: str = "Abies alba", **more: Any) -> Document:
    """The nth specimen's document, without stamps."""
    return {
        "@type": "ods:DigitalSpecimen",
        "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
        "ods:status": "Active",
        "ods:specimenName": name,
        "ods:physicalSpecimenID": f"TU-{number}",
        "ods:normalisedPhysicalSpecimenID": f"TU-{number}",
        "ods:organisationID": "https://ror.org/03z77qz90",
        **more,
    }


class Objects:
    """Commands to numbered specimens, in the fewest words."""

    def __init__(self, folder: Path, clock: Callable[[], int] | None = None) -> None:
        self.folder = folder
        self.clock = clock or Clock()
        self.objects = DigitalObjects(folder, durability="normal", clock=self.clock)
        self.log = self.objects.log

    def do(self, number: int, command: Command, **more: Any) -> Recorded | None:
        """Carry out a command on the nth specimen."""
        return self.objects.handle(command, pid=pid(number), kind="specimen", by=BY, **more)

    def register(self, number: int, name: str = "Abies alba", **more: Any) -> Recorded:
        """The nth specimen begins."""
        recorded = self.do(number, Register(self.stamp(number, name, 1)), **more)
        assert recorded is not None
        return recorded

    def registration(self, number: int, name: str = "Abies alba") -> Change:
        """The fact of a registration, not yet recorded."""
        (fact,) = decide(None, Register(self.stamp(number, name, 1)))
        return Change(pid(number), "specimen", fact, None)

    @staticmethod
    def stamp(number: int, name: str, version: int, **more: Any) -> Document:
        """The document as it is recorded."""
        return stamped(specimen(number, name, **more), pid(number), version, modified=AT)
