"""Darwin Core to openDS: one verbatim record in, one draft specimen with its media out.

A `Mapping` is compiled once for a harvest: what holds for every record (the source, its
licence, its organisation, a curator's data mapping) is worked out then, and each record costs
one walk over its cells. Every term has one place (`terms`); the nested nodes are built by `record`,
`media` and `nodes`.

The same record always gives the same document: no clock, no chance, no order of columns.
Dates of relations are left out, being volatile. What does not fit the type that openDS wants
is left out with a warning and stays in the verbatim record.
"""

from __future__ import annotations

from fdo.disciplines import GEOLOGICAL, Taxonomy, Topics, basis_of_record, classify
from fdo.documents import Document
from fdo.identifiers import (
    PhysicalIdType,
    Pid,
    normalised_physical_id,
    organisation,
    physical_id_type,
)
from fdo.licences import gate, parse
from fdo.mids import assess
from handlers.harvest.links import HAS_LICENCE
from handlers.harvest.mapping.curated import default_values, source_terms
from handlers.harvest.mapping.media import Holder, media_of, states_media
from handlers.harvest.mapping.nodes import Node, Row, relation
from handlers.harvest.mapping.record import Cells, Context, nest
from handlers.harvest.mapping.terms import ALIASES, PHYSICAL_IDS, PLACES, SPECIES, Slot
from handlers.harvest.records import (
    DatasetMetadata,
    Diagnostic,
    Mapped,
    MappedMedia,
    Record,
    Verdict,
)

_KINDS: dict[str, PhysicalIdType] = {
    "resolvable": "Resolvable",
    "global": "Global",
    "local": "Local",
}
_TOPICS = (
    "ods:topicOrigin",
    "ods:topicDomain",
    "ods:topicDiscipline",
    "ods:topicCategory",
    "ods:livingOrPreserved",
)
_Asked = tuple[str, str | None, str | None, str | None, str | None, str | None, bool]
_REMEMBERED = 50_000
"""How many different answers are kept of each kind: a bound on memory, not a setting."""
_LICENCES = ("dcterms:rights", "xmpRights:WebStatement", "xmpRights:UsageTerms")


class Mapping:
    """What one harvest knows, ready to turn each of its records into drafts.

    `organisation` is the operator's ROR or Wikidata id; it holds where a record names none of
    its own. `data_mapping` is an openDS data-mapping document: its defaults beat its source
    terms, which beat the built-in table.
    """

    def __init__(
        self,
        source_pid: Pid,
        source_name: str,
        dataset: DatasetMetadata,
        organisation: str | None = None,
        data_mapping: Document | None = None,
    ) -> None:
        self._pid = source_pid
        self._iri = source_pid.iri
        self._dataset = dataset
        self._organisation = organisation
        self._defaults = default_values(data_mapping)
        self._terms = source_terms(data_mapping)
        self._absent = set(self._terms.values())
        """The source terms of the data mapping that no record has had until now."""
        self._context = Context(source_pid, source_name, dataset)
        self._verdicts: dict[tuple[str | None, str | None], Verdict] = {}
        self._organisations: dict[tuple[str, ...], str | None] = {}
        self._known_topics: dict[_Asked, dict[str, str]] = {}
        self._known_relations: dict[tuple[str, str], Node] = {}

    def map(self, record: Record) -> Mapped | Diagnostic:
        """The drafts of a record, or the error that says why it cannot become an object."""
        cells = Cells(record)
        _sort(self._overlaid(record.core), cells)
        aside = cells.slots[Slot.ASIDE]
        basis = aside.get("dwc:basisOfRecord", "")
        if basis_of_record(basis) is None:
            return _no_specimen(record, basis)
        physical_id = _physical_id(aside)
        if not physical_id:
            return _rejected(
                record,
                "no-physical-id",
                "names no physical specimen: " + ", ".join(PHYSICAL_IDS) + " are empty",
                "Fill one of them, or map ods:physicalSpecimenID to the column that holds it.",
            )
        holder = self._organisation_of(aside)
        if holder is None:
            return _no_organisation(record, aside)
        return self._mapped(record, cells, physical_id, holder)

    def normalised_id_of(self, core: Row) -> str | None:
        """The id by which `map` would claim this record's specimen, without mapping it; None
        where the record names no physical specimen."""
        row = self._overlaid(core)
        physical_id = _physical_id(row)
        if physical_id is None:
            return None
        return normalised_physical_id(physical_id, _kind_of_id(row, physical_id), self._pid)

    def findings(self) -> list[Diagnostic]:
        """What there is to say of the data mapping itself, once all records have been read."""
        return [
            Diagnostic(
                code="mapping-term-absent",
                severity="warning",
                message=f"The data mapping feeds {target} from {term!r}, which no record has.",
                next_step="Name the column as the source does, or leave the term out.",
            )
            for target, term in self._terms.items()
            if term in self._absent
        ]

    def _overlaid(self, core: Row) -> Row:
        """The cells under the curator's mapping: defaults, then source terms, then as stated."""
        if not self._terms and not self._defaults:
            return core
        moved = {target: core[term] for target, term in self._terms.items() if term in core}
        if self._absent:
            self._absent -= core.keys()
        return {**core, **moved, **self._defaults}

    def _mapped(self, record: Record, cells: Cells, physical_id: str, holder: str) -> Mapped:
        aside = cells.slots[Slot.ASIDE]
        kind = _kind_of_id(aside, physical_id)
        verdict = self._verdict(_own_licence(aside), self._dataset.licence)
        topics = self._topics(cells)
        document = nest(
            cells,
            self._context,
            physical_id,
            geological=topics["ods:topicDiscipline"] in GEOLOGICAL,
        )
        document |= topics
        document["ods:physicalSpecimenIDType"] = kind
        document["ods:organisationID"] = holder
        if name := self._name_of_organisation(aside, holder):
            document["ods:organisationName"] = name
        normalised = normalised_physical_id(physical_id, kind, self._pid)
        document["ods:normalisedPhysicalSpecimenID"] = normalised
        relations: list[Node] = document["ods:hasEntityRelationships"]
        relations.append(self._relation("hasOrganisationID", holder))
        if verdict.licence:
            document["dcterms:license"] = verdict.licence
            name = "hasInheritedLicense" if verdict.inherited else HAS_LICENCE
            target = self._iri if verdict.inherited else verdict.licence
            relations.append(self._relation(name, target))
        media = self._media(record, cells, document, verdict)
        document["ods:isKnownToContainMedia"] = bool(media)
        document["ods:midsLevel"] = max(assess(document, media_known=bool(media)).level, 0)
        return Mapped(
            physical_id=physical_id,
            physical_id_type=kind,
            normalised_id=normalised,
            document=document,
            gate=verdict,
            media=media,
            diagnostics=cells.diagnostics,
        )

    def _topics(self, cells: Cells) -> dict[str, str]:
        """The openDS topics; a curator's mapping may say any of them."""
        slots = cells.slots
        specimen, taxon, aside = slots[Slot.SPECIMEN], slots[Slot.TAXON], slots[Slot.ASIDE]
        asked = (
            aside["dwc:basisOfRecord"],
            taxon.get("dwc:kingdom"),
            taxon.get("dwc:phylum"),
            taxon.get("dwc:class"),
            specimen.get("dwc:collectionCode"),
            specimen.get("dwc:datasetName"),
            bool(slots[Slot.GEOLOGY]),
        )
        topics = self._known_topics.get(asked)
        if topics is None:
            if len(self._known_topics) > _REMEMBERED:
                self._known_topics.clear()
            topics = self._known_topics[asked] = dict(
                zip(_TOPICS, _classified(asked, self._dataset.title), strict=True)
            )
        if aside.keys().isdisjoint(_TOPICS):
            return topics
        return {term: aside.get(term, topic) for term, topic in topics.items()}

    def _verdict(self, own: str | None, inherited: str | None) -> Verdict:
        known = self._verdicts.get((own, inherited))
        if known is None:
            result = gate(own, inherited)
            known = Verdict(result.passes, result.licence, result.reason, result.inherited)
            self._verdicts[(own, inherited)] = known
        return known

    def _relation(self, name: str, target: str) -> Node:
        """A relation that many records share, as a node of its own."""
        known = self._known_relations.get((name, target))
        if known is None:
            known = self._known_relations[(name, target)] = relation(name, target)
        return known.copy()

    def _media(
        self, record: Record, cells: Cells, document: Document, verdict: Verdict
    ) -> list[MappedMedia]:
        """The media of a record; they have from it source, holder and, if none own, licence."""
        associated = cells.slots[Slot.ASIDE].get("dwc:associatedMedia")
        if not states_media(record, associated):
            return []
        terms = ("ods:organisationID", "ods:organisationName")
        stamp = {term: document[term] for term in terms if term in document}
        holder = Holder(
            stamp=self._context.stamp | stamp,
            relations=(
                *self._context.relations,
                self._relation("hasOrganisationID", document["ods:organisationID"]),
            ),
            gate=lambda own: self._verdict(own, verdict.licence),
            source_iri=self._iri,
        )
        return media_of(record, associated, holder, cells.note)

    def _organisation_of(self, aside: Row) -> str | None:
        """The holder: as mapped; as the record says; as the operator says; as the dataset says.

        A record's own id comes before the operator's, since one dataset may hold the
        specimens of several institutions; who must overrule the record maps
        `ods:organisationID`.
        """
        stated = (
            aside.get("ods:organisationID", ""),
            aside.get("dwc:institutionID", ""),
            aside.get("dwc:ownerInstitutionCode", ""),
            aside.get("dwc:institutionCode", ""),
        )
        if stated not in self._organisations:
            others = (self._organisation or "", self._dataset.organisation_id or "")
            ids = (organisation(text) for text in (*stated, *others) if text)
            self._organisations[stated] = next(filter(None, ids), None)
        return self._organisations[stated]

    def _name_of_organisation(self, aside: Row, holder: str) -> str | None:
        """The holder's name: as mapped, else as the dataset names the same or the only holder."""
        if name := aside.get("ods:organisationName"):
            return name
        stated = aside.get("dwc:institutionID", "")
        if " " in stated and "/" not in stated:
            return stated
        own = self._dataset.organisation_id
        return self._dataset.organisation_name if own in (None, holder) else None


def _classified(asked: _Asked, title: str | None) -> Topics:
    basis, kingdom, phylum, class_, collection, dataset, stratigraphy = asked
    names = " ".join(filter(None, (collection, dataset, title)))
    return classify(basis, Taxonomy(kingdom, phylum, class_), names, stratigraphy=stratigraphy)


def _sort(core: Row, cells: Cells) -> None:
    """Put each cell into the slot of its node, converted; unfit values are reported."""
    slots = cells.slots
    places = PLACES
    others = False
    for term, value in core.items():
        place = places.get(term)
        if place is None:
            others = others or term in ALIASES
            continue
        slot, key, convert, _ = place
        if convert is None:
            slots[slot][key] = value
        elif (made := convert(value)) is not None:
            slots[slot][key] = made
        else:
            cells.unfit(place, value)
    if others:
        for alias, proper in ALIASES.items():
            if alias in core:
                slots[places[proper].slot].setdefault(proper, core[alias])
    if species := core.get(SPECIES):
        is_name = len(species.split()) > 1
        proper = "dwc:scientificName" if is_name else "dwc:specificEpithet"
        slots[Slot.TAXON].setdefault(proper, species)


def _physical_id(aside: Row) -> str | None:
    for term in ("ods:physicalSpecimenID", *PHYSICAL_IDS):
        if (value := aside.get(term)) and (value := value.strip()):
            return value
    return None


def _kind_of_id(aside: Row, physical_id: str) -> PhysicalIdType:
    """The kind of the physical id: as mapped, else as its form tells."""
    stated = _KINDS.get(aside.get("ods:physicalSpecimenIDType", "").lower())
    return stated or physical_id_type(physical_id)


def _own_licence(aside: Row) -> str | None:
    """The record's own licence: the licence cell, else a rights cell that names one we know."""
    if own := aside.get("dcterms:license"):
        return own
    return next((aside[term] for term in _LICENCES if term in aside and parse(aside[term])), None)


def _no_specimen(record: Record, basis: str) -> Diagnostic:
    if not basis:
        return _rejected(
            record,
            "no-basis-of-record",
            "does not say what it is: dwc:basisOfRecord is empty",
            "Fill it, or map a default such as PreservedSpecimen for the whole source.",
        )
    return _rejected(
        record,
        "not-a-specimen",
        f"is no specimen: dwc:basisOfRecord is {basis[:80]!r}",
        "Leave it out of the export, or correct its basis of record.",
    )


def _no_organisation(record: Record, aside: Row) -> Diagnostic:
    stated = aside.get("dwc:institutionID") or aside.get("dwc:institutionCode") or "nothing"
    return _rejected(
        record,
        "no-organisation",
        f"names no holder by ROR or Wikidata id (stated: {stated[:80]!r})",
        "Give --organisation with the ROR or Wikidata id, or fill dwc:institutionID with it.",
    )


def _rejected(record: Record, code: str, what: str, next_step: str) -> Diagnostic:
    return Diagnostic(
        code=code,
        severity="error",
        message=f"Record {record.id!r} {what}.",
        next_step=next_step,
        file=record.file,
        line=record.line,
        record=record.id,
    )
