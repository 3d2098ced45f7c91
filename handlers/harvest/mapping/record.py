"""The nodes of one specimen: from sorted cells to the nested openDS document.

`Cells` holds the cells of a record by the node they belong to; `nest` puts the nodes together
and adds what the extensions say. A node without content is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fdo.catalogue import OBJECT_TYPES
from fdo.disciplines import basis_of_record
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.mids import STATES_MODIFIED
from handlers.harvest.mapping.nodes import (
    RELATED,
    Node,
    Row,
    agents,
    assertion,
    citation,
    identifier,
    is_ours,
    related,
    relation,
)
from handlers.harvest.mapping.terms import (
    ASSOCIATED,
    CHRONOMETRIC_AGE,
    PLACES,
    RANKS,
    Place,
    Slot,
)
from handlers.harvest.mapping.values import (
    marks_a_type,
    split,
    split_addresses,
    split_texts,
)
from handlers.harvest.records import DatasetMetadata, Diagnostic, Record

FDO_TYPE = OBJECT_TYPES["specimen"].fdo_type
_IDENTIFIERS = (
    "dwc:occurrenceID",
    "dwc:catalogNumber",
    "dwc:materialSampleID",
    "dwc:materialEntityID",
    "dwc:recordNumber",
)
_NEVER_A_NAME = frozenset({"dwc:nomenclaturalCode", "dwc:taxonRank", "dwc:verbatimTaxonRank"})


@dataclass(slots=True)
class Cells:
    """The cells of a record by node, and the findings made on the way."""

    record: Record
    slots: tuple[Node, ...] = field(default_factory=lambda: ({}, {}, {}, {}, {}, {}, {}, {}))
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def note(self, code: str, message: str, next_step: str) -> None:
        """Warn about something of this record."""
        self.diagnostics.append(
            Diagnostic(
                code=code,
                severity="warning",
                message=message,
                next_step=next_step,
                file=self.record.file,
                line=self.record.line,
                record=self.record.id,
            )
        )

    def unfit(self, place: Place, value: str) -> None:
        """Warn about a value that its term cannot take."""
        self.note(
            "value-does-not-fit",
            f"{place.key}: {value[:80]!r} is not {place.expected}.",
            f"Correct {place.key} at the source; until then it is in the verbatim record only.",
        )


class Context:
    """What every specimen of a harvest has in common, worked out once."""

    def __init__(self, source_pid: Pid, source_name: str, dataset: DatasetMetadata) -> None:
        self.languages = [dataset.language] if dataset.language else []
        self.stamp: Node = {
            "ods:sourceSystemID": source_pid.iri,
            "ods:sourceSystemName": source_name,
        }
        self.relations = (relation("hasSourceSystemID", source_pid.iri),)
        self.relation_with_modified = relation(
            "hasSourceSystemID", source_pid.iri, **{"dwc:relationshipRemarks": STATES_MODIFIED}
        )
        self.type_relation = relation("hasFDOType", FDO_TYPE)


def nest(cells: Cells, context: Context, physical_id: str, *, geological: bool) -> Document:
    """The document of a specimen, without what its holder and licence add."""
    specimen = cells.slots[Slot.SPECIMEN]
    aside = cells.slots[Slot.ASIDE]
    extensions = cells.record.extensions
    basis = basis_of_record(aside["dwc:basisOfRecord"])
    document: Document = specimen
    document["@type"] = "ods:DigitalSpecimen"
    document["ods:fdoType"] = FDO_TYPE
    document["ods:physicalSpecimenID"] = physical_id
    document["dwc:basisOfRecord"] = basis.name if basis else aside["dwc:basisOfRecord"]
    document |= context.stamp
    _plain(document, aside, context)
    identifications = _identifications(cells, geological=geological)
    _name(document, aside, identifications)
    document["ods:isMarkedAsType"] = _is_type(aside, identifications)
    document["ods:hasIdentifiers"] = _identifiers(cells, physical_id)
    document["ods:hasEntityRelationships"] = _relations(cells, context, physical_id)
    if identifications:
        document["ods:hasIdentifications"] = identifications
    if event := _event(cells):
        document["ods:hasEvents"] = [event]
    if assertions := _assertions(aside, extensions):
        document["ods:hasAssertions"] = assertions
    if citations := _citations(aside, extensions):
        document["ods:hasCitations"] = citations
    if "chrono:ChronometricAge" in extensions and (ages := _ages(cells)):
        document["ods:hasChronometricAges"] = ages
    return document


def _plain(document: Document, aside: Row, context: Context) -> None:
    """Terms that openDS calls otherwise.

    The title of the dataset is not copied: a change in a dataset's metadata alone must make no
    version of its specimens.
    """
    for key, term in (
        ("ods:organisationCode", "dwc:institutionCode"),
        ("ods:ownerOrganisationCode", "dwc:ownerInstitutionCode"),
    ):
        if code := aside.get(key) or aside.get(term):
            document[key] = code
    languages = list(split(aside["dcterms:language"])) if "dcterms:language" in aside else []
    if languages := languages or context.languages:
        document["ods:metadataLanguages"] = list(languages)
    count = aside.get("dwc:individualCount")
    if count and "dwc:organismQuantity" not in document:
        document["dwc:organismQuantity"] = count
        document["dwc:organismQuantityType"] = "individuals"


def _identifications(cells: Cells, *, geological: bool) -> list[Node]:
    """The record's own identification, then those of the extension that name something else;
    one that names the same adds what it says further."""
    slots, aside = cells.slots, cells.slots[Slot.ASIDE]
    own = _identification(
        slots[Slot.IDENTIFICATION], slots[Slot.TAXON], aside, verified=True, geological=geological
    )
    found = [own] if own else []
    for row in cells.record.extensions.get("dwc:Identification", ()):
        other = Cells(cells.record, diagnostics=cells.diagnostics)
        who: Row = {}
        for term, value in row.items():
            if term in ("dwc:identifiedBy", "dwc:identifiedByID"):
                who[term] = value
            elif (place := PLACES.get(term)) and place.slot in (Slot.IDENTIFICATION, Slot.TAXON):
                other.slots[place.slot][place.key] = value
        node = _identification(
            other.slots[Slot.IDENTIFICATION],
            other.slots[Slot.TAXON],
            who,
            verified=not found,
            geological=geological,
        )
        if node is None:
            continue
        same = next((known for known in found if _said(known) == _said(node)), None)
        if same is None:
            found.append(node)
        else:
            _fill(same, node)
    return found


def _fill(known: Node, other: Node) -> None:
    """Add what the other says further; where both say something, the known one stays."""
    for key, value in other.items():
        mine = known.setdefault(key, value)
        if isinstance(mine, list) and isinstance(value, list) and len(mine) == len(value):
            for one, another in zip(mine, value, strict=True):
                if isinstance(one, dict) and one is not another:
                    _fill(one, another)


def _said(identification: Node) -> tuple[Any, ...]:
    """What makes two identifications the same: name, date and people."""
    taxa = identification.get("ods:hasTaxonIdentifications") or [{}]
    people = [agent.get("schema:name") for agent in identification.get("ods:hasAgents", ())]
    return (
        taxa[0].get("dwc:scientificName") or identification.get("dwc:verbatimIdentification"),
        identification.get("dwc:dateIdentified"),
        people,
    )


def _identification(
    node: Node, taxon: Node, who: Row, *, verified: bool, geological: bool
) -> Node | None:
    """An identification with its taxon; of geological objects the name is no taxon's.

    openDS has one type of identification only, for taxa: a mineral's name stands as the
    verbatim identification, unparsed.
    """
    if geological:
        name = taxon.get("dwc:scientificName") or taxon.get("dwc:vernacularName")
        if name:
            node.setdefault("dwc:verbatimIdentification", name)
    elif name := taxon.get("dwc:scientificName") or _composed(taxon):
        taxon["dwc:scientificName"] = name
        taxon["@type"] = "ods:TaxonIdentification"
        node["ods:identificationType"] = "TaxonIdentification"
        node["ods:hasTaxonIdentifications"] = [taxon]
    if "dwc:identifiedBy" in who or "dwc:identifiedByID" in who:
        node["ods:hasAgents"] = agents(
            who.get("dwc:identifiedBy"), who.get("dwc:identifiedByID"), "identifier"
        )
    if not node:
        return None
    node["@type"] = "ods:Identification"
    node["ods:isVerifiedIdentification"] = verified
    return node


def _composed(taxon: Node) -> str | None:
    """A name for a taxon that has none: genus and epithets, else the lowest rank stated.

    openDS keeps no rank without a scientific name, and no rank may be lost.
    """
    if taxon.keys() <= _NEVER_A_NAME:
        return None
    genus = taxon.get("dwc:genus") or taxon.get("dwc:genericName")
    if genus:
        epithets = (taxon.get("dwc:specificEpithet"), taxon.get("dwc:infraspecificEpithet"))
        author = taxon.get("dwc:scientificNameAuthorship")
        return " ".join(filter(None, (genus, *epithets, author)))
    return next((taxon[term] for term in (*RANKS, "dwc:vernacularName") if term in taxon), None)


def _name(document: Document, aside: Row, identifications: list[Node]) -> None:
    """`ods:specimenName`: as mapped, as identified, else what the object itself is called."""
    name = aside.get("ods:specimenName")
    if not name and identifications:
        first = identifications[0]
        taxa = first.get("ods:hasTaxonIdentifications")
        name = taxa[0]["dwc:scientificName"] if taxa else first.get("dwc:verbatimIdentification")
    if name := name or document.get("dwc:organismName"):
        document["ods:specimenName"] = name


def _is_type(aside: Row, identifications: list[Node]) -> bool:
    if stated := aside.get("ods:isMarkedAsType"):
        return stated.strip().lower() in ("true", "1", "yes")
    return any(marks_a_type(node.get("dwc:typeStatus", "")) for node in identifications)


def _identifiers(cells: Cells, physical_id: str) -> list[Node]:
    """Every identifier of the object once; the one that names it is preferred."""
    aside = cells.slots[Slot.ASIDE]
    titles: dict[str, str] = {}
    others = "dwc:otherCatalogNumbers" in aside
    for term in _IDENTIFIERS:
        if value := aside.get(term):
            titles.setdefault(value, term)
    for value in split(aside["dwc:otherCatalogNumbers"]) if others else ():
        titles.setdefault(value, "dwc:otherCatalogNumbers")
    titles.setdefault(physical_id, "ods:physicalSpecimenID")
    if not cells.record.id.endswith(f"-line-{cells.record.line}"):  # the reader's stopgap id
        titles.setdefault(cells.record.id, "dwca:ID")
    nodes = [
        identifier(title, value, "Preferred" if value == physical_id else "Alternative")
        for value, title in titles.items()
    ]
    for row in cells.record.extensions.get("gbif:Identifier", ()):
        value = row.get("dcterms:identifier") or row.get("dc:identifier")
        if value and value not in titles:
            titles[value] = row.get("dcterms:title") or row.get("dc:title") or "gbif:Identifier"
            node = identifier(titles[value], value, "Alternative")
            for term in ("dcterms:format", "dcterms:subject"):
                if term in row:
                    node[term] = list(split(row[term]))
            nodes.append(node)
    return nodes


def _relations(cells: Cells, context: Context, physical_id: str) -> list[Node]:
    """What the object is related to, by the relationship names that openDS objects use."""
    aside = cells.slots[Slot.ASIDE]
    source = context.relation_with_modified if aside.get("dcterms:modified") else None
    relations = [
        (source or context.relations[0]).copy(),
        context.type_relation.copy(),
        relation("hasPhysicalIdentifier", physical_id),
    ]
    if collection := cells.slots[Slot.SPECIMEN].get("dwc:collectionID"):
        relations.append(relation("hasCollectionID", collection))
    for term, name in ASSOCIATED.items():
        if term in aside:
            parted = split_addresses if term == "dcterms:references" else split
            relations.extend(relation(name, part) for part in parted(aside[term]))
    for row in cells.record.extensions.get("dwc:ResourceRelationship", ()):
        if node := related(row):
            relations.append(node)
            if is_ours(row):
                cells.note(
                    "relation-reserved",
                    f"dwc:relationshipOfResource: {row['dwc:relationshipOfResource']!r} is a "
                    f"relation that the repository states itself; {RELATED!r} was taken.",
                    "Name the relation otherwise at the source, or leave the row out.",
                )
    return relations


def _event(cells: Cells) -> Node | None:
    """The gathering, with place, georeference, strata and collectors."""
    slots, aside = cells.slots, cells.slots[Slot.ASIDE]
    event, location = slots[Slot.EVENT], slots[Slot.LOCATION]
    georeference, geology = slots[Slot.GEOREFERENCE], slots[Slot.GEOLOGY]
    if "dwc:georeferencedBy" in aside or "dwc:georeferencedByID" in aside:
        georeference["ods:hasAgents"] = agents(
            aside.get("dwc:georeferencedBy"), aside.get("dwc:georeferencedByID"), "georeferencer"
        )
    if georeference:
        georeference["@type"] = "ods:Georeference"
        location["ods:hasGeoreference"] = georeference
    if geology:
        geology["@type"] = "ods:GeologicalContext"
        location["ods:hasGeologicalContext"] = geology
    if location:
        location["@type"] = "ods:Location"
        event["ods:hasLocation"] = location
    if remarks := aside.get("dwc:occurrenceRemarks"):
        known = event.get("dwc:eventRemarks")
        event["dwc:eventRemarks"] = f"{known} | {remarks}" if known else remarks
    if "dwc:recordedBy" in aside or "dwc:recordedByID" in aside:
        event["ods:hasAgents"] = agents(
            aside.get("dwc:recordedBy"), aside.get("dwc:recordedByID"), "collector"
        )
    if not event:
        return None
    event["@type"] = "ods:Event"
    return event


def _assertions(aside: Row, extensions: dict[str, list[Row]]) -> list[Node]:
    """Measurements and facts, and the one core term that has no other place in openDS."""
    nodes: list[Node] = []
    if kind := aside.get("dwc:materialEntityType"):
        nodes.append(
            {
                "@type": "ods:Assertion",
                "dwc:measurementType": "dwc:materialEntityType",
                "dwc:measurementValue": kind,
            }
        )
    for row_type in ("dwc:MeasurementOrFact", "obis:ExtendedMeasurementOrFact"):
        for row in extensions.get(row_type, ()):
            if node := assertion(row):
                nodes.append(node)
    return nodes


def _citations(aside: Row, extensions: dict[str, list[Row]]) -> list[Node]:
    nodes: list[Node] = [
        {"@type": "ods:Citation", "dcterms:bibliographicCitation": text}
        for text in split_texts(aside.get("dwc:associatedReferences", ""))
    ]
    for row in extensions.get("gbif:Reference", ()):
        if node := citation(row):
            nodes.append(node)
    return nodes


def _ages(cells: Cells) -> list[Node]:
    """Chronometric ages, each with those who determined it."""
    nodes: list[Node] = []
    for row in cells.record.extensions["chrono:ChronometricAge"]:
        node: Node = {}
        for term, value in row.items():
            place = CHRONOMETRIC_AGE.get(term)
            if place is None:
                continue
            made = place.convert(value) if place.convert else value
            if made is None:
                cells.unfit(place, value)
            else:
                node[place.key] = made
        if node:
            node["@type"] = "ods:ChronometricAge"
            who = row.get("chrono:chronometricAgeDeterminedBy")
            if people := agents(who, None, "dating"):
                node["ods:hasAgents"] = people
            nodes.append(node)
    return nodes
