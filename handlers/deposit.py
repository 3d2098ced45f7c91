"""Whole documents by hand: an object registered or revised with a document somebody sends.

The same rules hold as for a harvest: schema, shapes that reject, licence gate, one claim for one
thing. Documents of others deviate from the schema in ways that recur: what is plainly meant is
mended before it is looked at, and noted (`fdo.tolerant`). What the repository itself says (PID,
version, dates, FDO type, MIDS level, normalised id) is set here, whatever the sender wrote. Who may
do it is asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, opends_time, to_moment
from fdo.agent import Agent
from fdo.catalogue import OBJECT_TYPES, claimable
from fdo.documents import Document
from fdo.errors import InvalidDocument, InvalidIdentifier, NotFound, Refused
from fdo.identifiers import Pid, normalised_physical_id, physical_id_type
from fdo.licences import gate
from fdo.lifecycle import Register, Revise, Status, stamped
from fdo.mids import assess
from fdo.tolerant import Deviation, normalise
from handlers.harvest.standards import breaches

KINDS = ("specimen", "media", "source-system", "data-mapping")
"""The types whose documents anybody with the role may write. Saved queries and definitions have
doors of their own, which know more of them."""

_LICENCE = {"specimen": "dcterms:license", "media": "dcterms:rights"}


class Deposit:
    """Documents that one person or program brings."""

    def __init__(
        self,
        objects: DigitalObjects,
        by: Agent,
        rejecting: Collection[str] = (),
        note: Callable[[Deviation], None] = lambda _: None,
    ) -> None:
        """`note` is told of each deviation that was mended."""
        self._objects, self._by, self._rejecting, self._note = objects, by, rejecting, note

    def register(self, kind: str, draft: Document, pid: Pid | None = None) -> Recorded:
        """A new object with this document, under a PID of ours that is free or a drawn one."""
        _writable(kind)
        pid = self._free(kind, pid) if pid else self._objects.reserve(kind)
        now = self._now
        document = stamped(self._completed(kind, draft), pid, 1, modified=now, created=now)
        self._check(kind, document)
        event = self._objects.handle(Register(document), pid=pid, kind=kind, by=self._by)
        assert event is not None  # registering always is a fact
        return event

    def revise(self, pid: Pid, draft: Document, seen: int) -> Recorded:
        """A new version with this document, if the sender saw the current one; the current
        version's event when the two say the same."""
        known, _ = self._objects.state(pid)
        if known is None:
            raise NotFound(f"No object bears the PID {pid}.", pid=str(pid))
        _writable(known.type)
        completed = self._completed(known.type, draft)
        created = known.document.get("dcterms:created", known.document.get("schema:dateCreated"))
        document = stamped(completed, pid, seen + 1, modified=self._now, created=created)
        if known.status is not Status.TOMBSTONE and known.version == seen:
            self._check(known.type, document)
            if claimable(known.type, document) != claimable(known.type, known.document):
                raise Refused(
                    f"{pid} stands for another thing: a revision keeps the identifier by which "
                    "it is claimed. Register a new object, or merge the two."
                )
        event = self._objects.handle(
            Revise(document), pid=pid, kind=known.type, by=self._by, expected=seen
        )
        return event or self._objects.log.latest(pid)

    def _free(self, kind: str, pid: Pid) -> Pid:
        prefix = self._objects.prefixes[OBJECT_TYPES[kind].scheme]
        if pid.prefix != prefix:
            raise Refused(
                f"A {kind} gets its PID under {prefix}, not {pid.prefix}; leave the id out and "
                "one is drawn."
            )
        return pid

    def _completed(self, kind: str, draft: Document) -> Document:
        """The draft with what the repository says of every document of its type."""
        known = OBJECT_TYPES[kind]
        said = {**draft, "@type": known.rdf_type, "ods:fdoType": known.fdo_type}
        document, deviations = normalise(kind, {**said, "ods:status": "Active"})
        for deviation in deviations:
            self._note(deviation)
        document.pop("ods:hasTombstoneMetadata", None)
        if known.stamps == "schema":
            document.setdefault("schema:creator", self._creator)
        if kind == "specimen":
            self._identify(document)
            document["ods:midsLevel"] = 0  # until the document is known to have the right form
        return document

    def _identify(self, document: Document) -> None:
        """The id by which the specimen is claimed, of its physical id and its source."""
        physical, source = (
            document.get("ods:physicalSpecimenID"),
            document.get("ods:sourceSystemID"),
        )
        if not (isinstance(physical, str) and physical.strip() and isinstance(source, str)):
            return  # the schema says what is missing
        kind = physical_id_type(physical)
        try:
            system = Pid.parse(source)
            there = self._objects.log.head(system).type == "source-system"
        except (InvalidIdentifier, NotFound):
            there = False
        if not there:
            told = f"{source} is no source system of this repository; register it first."
            raise InvalidDocument(told, [("/ods:sourceSystemID", told)])
        document["ods:physicalSpecimenIDType"] = kind
        document["ods:normalisedPhysicalSpecimenID"] = normalised_physical_id(
            physical, kind, system
        )

    def _check(self, kind: str, document: Document) -> None:
        """Refuse what may not be recorded; of the rest, work out the MIDS level."""
        if broken := breaches(kind, document, self._rejecting):
            told = "; ".join(f"{place}: {message.rstrip('.')}" for place, message in broken[:3])
            raise InvalidDocument(f"The document is no valid {kind}: {told}.", broken)
        if kind in _LICENCE:
            stated = document.get(_LICENCE[kind])
            verdict = gate(stated, None)
            if not verdict.passes:
                raise InvalidDocument(
                    f"What is sent here is published, and its licence forbids that: "
                    f"{verdict.reason}",
                    [(f"/{_LICENCE[kind]}", verdict.reason)],
                )
        if kind == "specimen":
            document["ods:midsLevel"] = max(assess(document).level, 0)

    @property
    def _creator(self) -> Document:
        by = self._by
        return {"@type": by.kind, "schema:identifier": by.id, "schema:name": by.name}

    @property
    def _now(self) -> str:
        return opends_time(to_moment(self._objects.clock()))


def _writable(kind: str) -> None:
    if kind not in KINDS:
        raise Refused(f"A {kind} is not written document by document; {', '.join(KINDS)} are.")
