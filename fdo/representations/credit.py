"""What a citation says of an object: title, people, holder, dates, licence, identifiers.

One home for these rules, so that DataCite metadata, citations in every style and the machine
part of a page never tell different things. Each is a pure function of the document; one that
was redacted gives what is left in it.

Names stay as the source wrote them. Labels say `Smith & Jones` and `Exped. Ikonnikov`; taking
them apart into given and family name would be guessing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from fdo import dataset
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.licences import Licence
from fdo.licences import parse as licence_of

CREATING = ("collector", "creator")
"""Roles whose bearers made the object what it is."""

One = TypeVar("One")

_SCHEMES = (("orcid.org/", "ORCID"), ("wikidata.org/", "Wikidata"), ("ror.org/", "ROR"))
_NAMES = ("ods:specimenName", "dcterms:title", "schema:name")
_CREATORS = ("schema:creator", "dcterms:creator")


@dataclass(frozen=True, slots=True)
class Party:
    """A person or organisation by its name, and by its identifier where the source gives one."""

    name: str
    personal: bool
    iri: str | None = None

    @property
    def scheme(self) -> str | None:
        """What kind of identifier `iri` is: ORCID, Wikidata, ROR, else URL for an address."""
        if self.iri is None:
            return None
        known = (label for part, label in _SCHEMES if part in self.iri)
        return next(known, "URL" if "://" in self.iri else None)


def title(document: Document, pid: Pid) -> str:
    """The object's name and the number under which its holder knows it, else its PID."""
    parts = (said(document, *_NAMES), _number(document))
    return " · ".join(part for part in parts if part) or str(pid)


def _number(document: Document) -> str | None:
    """The number under which the holder knows a specimen; where that is an address, which does
    not tell people much, the catalogue number beside it."""
    known_as = said(document, "ods:physicalSpecimenID")
    if known_as and "://" in known_as:
        return dict(identifiers(document)).get("dwc:catalogNumber", known_as)
    return known_as


def holder(document: Document) -> Party | None:
    """The institution that holds the thing, or the specimens of a dataset; None where the document
    names none."""
    if is_dataset(document):
        named = dataset.holder(said(document, "schema:description") or "")
        return Party(named[0], personal=False, iri=named[1]) if named else None
    iri = said(document, "ods:organisationID")
    name = said(document, "ods:organisationName") or iri
    return Party(name, personal=False, iri=iri) if name else None


def is_dataset(document: Document) -> bool:
    """Whether it stands for all that one source gave."""
    return document.get("@type") == "ods:SourceSystem"


def publishers(document: Document, repository: str | None) -> list[Party]:
    """Who publishes it, best first: the institution that holds it, else this repository. A dataset
    is published here and made by its holder, as GBIF and DataCite tell it."""
    held = holder(document)
    here = None if repository is None else Party(repository, personal=False)
    return [one for one in ((here, held) if is_dataset(document) else (held, here)) if one]


def people(document: Document) -> list[tuple[str, Party]]:
    """(role, name) of everybody whom the document credits, in its order."""
    found: list[tuple[str, Party]] = []
    _gather(document, found)
    return found


def _gather(node: Document, found: list[tuple[str, Party]]) -> None:
    """Whoever is credited in a node and below it. Every document that goes out is read so, hence
    without a generator for each node."""
    for key, value in node.items():
        if isinstance(value, str):
            continue
        if key == "ods:hasAgents":
            for agent in members(value):
                if credited := party(agent):
                    roles = members(agent.get("ods:hasRoles"))
                    found += [(said(role, "schema:roleName") or "", credited) for role in roles]
        elif isinstance(value, (dict, list)):
            for below in members(value):
                _gather(below, found)


def party(agent: Document) -> Party | None:
    """An agent node as a party; None where it has no name."""
    name = said(agent, "schema:name")
    personal = agent.get("@type", "schema:Person") == "schema:Person"
    return Party(name, personal, said(agent, "schema:identifier")) if name else None


def creators(document: Document) -> list[Party]:
    """Who made it: collectors and creators, of a dataset its holder, else who entered it, else its
    holder; each once. A program is not credited. Empty where the document names nobody."""
    if made := once(one for role, one in people(document) if role in CREATING):
        return made
    if is_dataset(document) and (held := holder(document)):
        return [held]
    agents = [agent for key in _CREATORS for agent in members(document.get(key))]
    entered = [party(one) for one in agents if one.get("@type") != "schema:SoftwareApplication"]
    return once(filter(None, [*entered, holder(document)]))[:1]


def once(rows: Iterable[One]) -> list[One]:
    """The rows in their order, each once."""
    return list(dict.fromkeys(rows))


def created(document: Document) -> str | None:
    """When the digital object was made (RFC 3339)."""
    return said(document, "dcterms:created", "schema:dateCreated")


def modified(document: Document) -> str | None:
    """When this version was made (RFC 3339)."""
    return said(document, "dcterms:modified", "schema:dateModified")


def version(document: Document) -> int | None:
    """The number of this version."""
    found = document.get("ods:version", document.get("schema:version"))
    return found if isinstance(found, int) else None


def collected(document: Document) -> list[str]:
    """Dates of collecting, as the source wrote them (ISO 8601-1 where it could be read)."""
    return once(str(e["dwc:eventDate"]) for e in nodes(document, "ods:hasEvents", "dwc:eventDate"))


def withdrawn(document: Document) -> tuple[str, str] | None:
    """Date and statement of a tombstone."""
    for ended in members(document.get("ods:hasTombstoneMetadata")):
        return said(ended, "ods:tombstoneDate") or "", said(ended, "ods:tombstoneText") or ""
    return None


def rights(document: Document) -> Licence | None:
    """The object's own licence, of a dataset that of its specimens; None where it states none. One
    that we cannot tell is given by its address alone."""
    stated = said(document, "dcterms:license", "dcterms:rights")
    if stated is None and is_dataset(document):
        stated = dataset.licence(said(document, "schema:description") or "")
    if stated is None:
        return None
    return licence_of(stated) or (Licence("", stated, stated) if "://" in stated else None)


def identifiers(document: Document) -> list[tuple[str, str]]:
    """(kind, value) of the names that the holder gave the thing: catalogue number, occurrenceID."""
    found = nodes(document, "ods:hasIdentifiers", "dcterms:identifier")
    return once((str(n.get("dcterms:title", "")), str(n["dcterms:identifier"])) for n in found)


def related(document: Document, relation: str) -> list[str]:
    """What the document names by a relationship, such as `hasDigitalMedia`."""
    found = nodes(document, "ods:hasEntityRelationships", "dwc:relatedResourceID")
    return once(
        str(node["dwc:relatedResourceID"])
        for node in found
        if node.get("dwc:relationshipOfResource") == relation
    )


def nodes(document: Document, key: str, having: str) -> Iterator[dict[str, Any]]:
    """The nodes under a key that have a value for a term."""
    return (node for node in members(document.get(key)) if having in node)


def members(value: Any) -> list[Document]:
    """The nodes of a value: of a list each, of a node itself."""
    if isinstance(value, list):
        return [one for one in value if isinstance(one, dict)]
    return [value] if isinstance(value, dict) else []


def said(document: Document, *keys: str) -> str | None:
    """The first of these terms that says something in words."""
    for key in keys:
        text = document.get(key)
        if text and isinstance(text, str):
            return text
    return None
