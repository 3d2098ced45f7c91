"""A small repository with a history: what projections are tested on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.identifiers import Pid
from fdo.lifecycle import (
    Command,
    Note,
    Register,
    Release,
    Restore,
    Revise,
    Status,
    Tombstone,
    Withhold,
    stamped,
)

AGENT = Agent("urn:example:harvester", "Harvester")
SOURCE = Pid("20.5000.5072", "SRC-SRC-SRC")
OTHER_SOURCE = Pid("20.5000.5072", "SRC-SRC-TWO")
MOMENT = "2026-02-03T10:00:00.000Z"


def a_specimen(number: int, **changes: Any) -> dict[str, Any]:
    """The draft of a specimen; `changes` by key with `_` for the first `:`, None takes away."""
    document: dict[str, Any] = {
        "@type": "ods:DigitalSpecimen",
        "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
        "ods:status": "Active",
        "ods:normalisedPhysicalSpecimenID": f"https://herbarium.example/B{number}",
        "ods:physicalSpecimenID": f"https://herbarium.example/B{number}",
        "ods:physicalSpecimenIDType": "Resolvable",
        "ods:organisationID": "https://ror.org/00bv4cx53",
        "ods:organisationName": "Botanic Garden",
        "ods:sourceSystemID": SOURCE.iri,
        "ods:sourceSystemName": "Herbarium",
        "ods:topicDiscipline": "Botany",
        "ods:livingOrPreserved": "Preserved",
        "ods:specimenName": "Bellis perennis L.",
        "ods:isKnownToContainMedia": False,
        "ods:isMarkedAsType": False,
        "dcterms:license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "dwc:preparations": "sheet",
        "dwc:collectionCode": "HERB",
        "ods:midsLevel": 1,
        "ods:hasIdentifications": [an_identification()],
        "ods:hasEvents": [an_event()],
    }
    document.update({key.replace("_", ":", 1): value for key, value in changes.items()})
    return {key: value for key, value in document.items() if value is not None}


def an_identification(
    name: str = "Bellis perennis L.",
    kingdom: str = "Plantae",
    family: str = "Asteraceae",
    **more: Any,
) -> dict[str, Any]:
    """What somebody took it for."""
    taxon = {
        "@type": "ods:TaxonIdentification",
        "dwc:scientificName": name,
        "dwc:kingdom": kingdom,
        "dwc:family": family,
        "dwc:genus": name.split()[0],
    }
    return {
        "@type": "ods:Identification",
        "ods:isVerifiedIdentification": True,
        "ods:hasTaxonIdentifications": [taxon],
        **{key.replace("_", ":", 1): value for key, value in more.items()},
    }  # fmt: skip


def an_event(
    country: str = "LU",
    date: str = "1907-06-12",
    place: dict[str, Any] | None = None,
    collector: str = "E. Klein",
) -> dict[str, Any]:
    """Where, when and by whom it was collected."""
    return {
        "@type": "ods:Event",
        "dwc:eventDate": date,
        "dwc:year": int(date[:4]),
        "ods:hasAgents": [{"@type": "schema:Person", "schema:name": collector}],
        "ods:hasLocation": {"@type": "ods:Location", "dwc:countryCode": country, **(place or {})},
    }  # fmt: skip


def a_place(latitude: float, longitude: float, **more: Any) -> dict[str, Any]:
    """A location with a point."""
    return {
        "ods:hasGeoreference": {
            "@type": "ods:Georeference",
            "dwc:decimalLatitude": latitude,
            "dwc:decimalLongitude": longitude,
            "dwc:geodeticDatum": "WGS84",
        },
        **{key.replace("_", ":", 1): value for key, value in more.items()},
    }


def a_medium(number: int) -> dict[str, Any]:
    """The draft of a medium."""
    return {
        "@type": "ods:DigitalMedia",
        "ods:fdoType": "https://doi.org/21.T11148/bbad8c4e101e8af01115",
        "ods:status": "Active",
        "ac:accessURI": f"https://herbarium.example/B{number}.jpg",
        "dcterms:type": "StillImage",
        "dcterms:format": "image/jpeg",
        "ods:sourceSystemID": SOURCE.iri,
    }


def a_source(name: str) -> dict[str, Any]:
    """The draft of a source system."""
    return {
        "@type": "ods:SourceSystem",
        "schema:name": name,
        "ods:fdoType": "https://doi.org/21.T11148/23a63913d0c800609a50",
        "ods:translatorType": "dwca",
    }


class Repository:
    """A log to write stories into, in words of the domain."""

    def __init__(self, folder: Path) -> None:
        self.now = 1_000_000
        self.objects = DigitalObjects(folder, durability="normal", clock=self._tick)
        self.log = self.objects.log

    def _tick(self) -> int:
        self.now += 1_000_000
        return self.now

    def pid(self, number: int) -> Pid:
        """The PID that the story gives to an object."""
        return Pid("10.5072", f"AAA-BBB-{number:03d}")

    def _do(self, command: Command, pid: Pid, kind: str) -> int:
        self.objects.handle(command, pid=pid, kind=kind, by=AGENT, source=SOURCE)
        return self.log.position()

    def _stamped(self, draft: dict[str, Any], pid: Pid) -> dict[str, Any]:
        known, _ = self.objects.state(pid)
        version = known.version + 1 if known else 1
        return stamped(draft, pid, version, modified=MOMENT, created=MOMENT)

    def source(self, pid: Pid = SOURCE, name: str = "Herbarium") -> int:
        """Register a source system; as all below, returns the position."""
        return self._do(Register(self._stamped(a_source(name), pid)), pid, "source-system")

    def register(self, number: int, draft: dict[str, Any], kind: str = "specimen") -> int:
        """Register an object."""
        pid = self.pid(number)
        return self._do(Register(self._stamped(draft, pid)), pid, kind)

    def draft(self, number: int, draft: dict[str, Any]) -> int:
        """Register an object that is not public yet."""
        pid = self.pid(number)
        return self._do(Register(self._stamped(draft, pid), Status.DRAFT), pid, "specimen")

    def revise(self, number: int, draft: dict[str, Any], kind: str = "specimen") -> int:
        """Bring new values."""
        pid = self.pid(number)
        return self._do(Revise(self._stamped(draft, pid)), pid, kind)

    def lead(self, what: str, number: int, draft: dict[str, Any]) -> None:
        """Put the specimen as drafted, or do something else to it, if its life allows that."""
        known, _ = self.objects.state(self.pid(number))
        status = known.status if known else None
        if what == "put":
            match status:
                case None:
                    self.register(number, draft)
                case Status.ACTIVE:
                    self.revise(number, draft)
                case Status.TOMBSTONE:
                    self.restore(number, draft)
                case _:
                    self.release(number, draft)
        elif status is Status.ACTIVE or (what == "tombstone" and status is Status.PID_ONLY):
            getattr(self, what)(number)

    def tombstone(self, number: int) -> int:
        """Withdraw an object."""
        by = {"@type": "schema:Person", "schema:name": "Curator"}
        return self._do(Tombstone("lost", by, MOMENT), self.pid(number), "specimen")

    def restore(self, number: int, draft: dict[str, Any]) -> int:
        """Bring it back."""
        pid = self.pid(number)
        return self._do(Restore(self._stamped(draft, pid)), pid, "specimen")

    def withhold(self, number: int) -> int:
        """Take the document out of the public."""
        pid = self.pid(number)
        stub = {"@id": pid.iri, "dcterms:license": "all rights reserved", "reason": "licence"}
        return self._do(Withhold(stub), pid, "specimen")

    def release(self, number: int, draft: dict[str, Any]) -> int:
        """Bring it into the public again."""
        pid = self.pid(number)
        return self._do(Release(self._stamped(draft, pid)), pid, "specimen")

    def harvested(
        self,
        harvest: int,
        not_seen: Sequence[int] = (),
        seen_again: Mapping[int, int] | None = None,
    ) -> int:
        """Complete a harvest that missed some records and saw others again."""
        detail = {
            "harvest": harvest,
            "not_seen": [str(self.pid(n)) for n in not_seen],
            "seen_again": {str(self.pid(n)): missed for n, missed in (seen_again or {}).items()},
        }
        return self._do(Note("HarvestCompleted", detail), SOURCE, "source-system")

    def events(self) -> list[Recorded]:
        """All events, oldest first, as freshly read."""
        return self.log.read(0, 1_000_000)


def a_story(folder: Path) -> Repository:
    """Everything that can happen to specimens and media, once at least."""
    told = Repository(folder)
    told.source()
    for number in range(1, 9):
        told.register(number, a_specimen(number))
    told.register(9, a_specimen(9, dcterms_license=None, ods_organisationID="nobody"))
    told.register(50, a_medium(50), "media")
    told.draft(10, a_specimen(10))
    told.revise(1, a_specimen(1, ods_specimenName="Bellis annua L.", dwc_preparations=None))
    told.revise(1, a_specimen(1, ods_specimenName="Bellis sylvestris Cirillo"))
    told.tombstone(2)
    told.restore(2, a_specimen(2, ods_hasEvents=[an_event("BE", "1950/1951")]))
    told.tombstone(3)
    told.withhold(4)
    told.withhold(5)
    told.release(5, a_specimen(5, ods_hasEvents=[an_event("FR", place=a_place(99, 2))]))
    told.harvested(1, not_seen=[6, 7])
    told.harvested(2, seen_again={7: 1})
    told.revise(9, a_specimen(9))
    told.revise(6, a_specimen(6, ods_topicDiscipline="Zoology"))
    return told
