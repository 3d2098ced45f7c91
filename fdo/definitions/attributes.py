"""THE register of record attributes: the index of each in a Handle record, and its value.

Names and indices below 1000 are those of the FDO profiles of openDS (DiSSCo's PID
infrastructure), so that a client of one reads the other. `URL` has the index 1 in DOIs, which
those profiles give to `fdoProfile`; here it follows `10320/loc`. The three attributes of the FDO
architecture specification follow it. From 1000 on stand our own.

>>> ATTRIBUTES["specimenHost"].index, ATTRIBUTES["specimenHost"].value
(200, 'iri')
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ontologies.schemas.tables import KINDS

_OTHER_ID: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "identifierValue": {"type": "string"},
        "identifierType": {"type": "string"},
        "resolvable": {"type": "boolean"},
    },
    "required": ["identifierValue", "identifierType"],
    "additionalProperties": False,
}
VALUES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "iri": {"type": "string", "format": "iri"},
    "instant": {"type": "string", "format": "date-time"},
    "number": {"type": "integer", "minimum": 1},
    "boolean": {"type": "boolean"},
    "iris": {"type": "array", "items": {"type": "string", "format": "iri"}},
    "ids": {"type": "array", "items": dict(_OTHER_ID)},
    "admin": {"type": "object"},
    "pid status": {"enum": ["DRAFT", "ACTIVE", "TOMBSTONED"]},
    "doi state": {"enum": ["draft", "registered", "findable"]},
    "id type": KINDS["physical id type"],
    "living": KINDS["living"],
    "origin": KINDS["origin"],
    "domain": KINDS["domain"],
    "discipline": KINDS["discipline"],
}
"""Kind of value → its JSON Schema."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: its name, its place among the values of a Handle, its kind of value."""

    name: str
    index: int
    value: str
    definition: str
    handle_only: bool = False
    """Whether it stands among the values of the Handle only, not in the record as JSON."""

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its value."""
        return VALUES[self.value]

    @property
    def cardinality(self) -> str:
        """How many values it takes."""
        return "0..n" if self.schema.get("type") == "array" else "0..1"


_ROWS: tuple[tuple[int, str, str, str], ...] = (
    (1, "fdoProfile", "iri", "Profile that the record follows."),
    (2, "fdoRecordLicenseId", "iri", "SPDX id of the licence of the record itself."),
    (3, "fdoRecordLicenseName", "text", "Name of the licence of the record itself."),
    (4, "digitalObjectType", "iri", "Type of the object."),
    (5, "digitalObjectName", "text", "Name of the type, for people."),
    (6, "pid", "iri", "The persistent identifier itself."),
    (7, "pidIssuer", "iri", "Agency that issued the identifier."),
    (8, "pidIssuerName", "text", "Name of the agency that issued the identifier."),
    (9, "pidRecordIssueDate", "instant", "When this issue of the record came into force."),
    (10, "pidRecordIssueNumber", "number", "Issue of the record; rises when it changes."),
    (11, "pidStatus", "pid status", "Where the identifier is in its life."),
    (30, "tombstonedText", "text", "Why the object was withdrawn."),
    (31, "hasRelatedPID", "iris", "Objects that succeed or relate to a withdrawn one."),
    (32, "tombstonedDate", "instant", "When the object was withdrawn."),
    (40, "issuedForAgent", "iri", "Organisation for which the identifier was issued."),
    (41, "issuedForAgentName", "text", "Name of the organisation for which it was issued."),
    (42, "referentName", "text", "Name of what the identifier refers to."),
    (200, "specimenHost", "iri", "Organisation that holds the specimen: ROR or Wikidata."),
    (201, "specimenHostName", "text", "Name of the organisation that holds the specimen."),
    (202, "normalisedPrimarySpecimenObjectId", "text", "The specimen's id, made unique."),
    (203, "otherSpecimenIds", "ids", "Further ids of the specimen, each with its kind."),
    (204, "topicOrigin", "origin", "Whether natural, made by people, or both."),
    (205, "topicDomain", "domain", "Wide field."),
    (206, "topicDiscipline", "discipline", "Branch of science."),
    (207, "topicCategory", "text", "Kind of thing, within the discipline."),
    (208, "livingOrPreserved", "living", "Whether the specimen lives or is preserved."),
    (209, "materialSampleType", "text", "Kind of material sample, in the words of iSamples."),
    (210, "markedAsType", "boolean", "Whether the specimen is marked as a type."),
    (211, "catalogNumber", "text", "Number of the specimen in its catalogue."),
    (400, "mediaHost", "iri", "Organisation that holds the medium."),
    (401, "mediaHostName", "text", "Name of the organisation that holds the medium."),
    (405, "primaryMediaId", "text", "Id by which its holder knows the medium."),
    (406, "primaryMediaIdType", "id type", "How far the medium's id reaches."),
    (407, "primaryMediaIdName", "text", "Term from which the medium's id was taken."),
    (408, "mediaType", "text", "Kind of medium, as in dcterms:type."),
    (409, "mimeType", "text", "Media type of the file."),
    (410, "licenseName", "text", "Name of the licence of the content."),
    (411, "licenseUrl", "text", "Address of the licence of the content."),
    (412, "rightsHolder", "text", "Who holds the rights of the medium."),
    (413, "rightsHolderPid", "iri", "Identifier of who holds the rights of the medium."),
    (500, "targetPid", "iri", "What an annotation is about."),
    (501, "targetType", "iri", "Type of what an annotation is about."),
    (502, "targetTypeName", "text", "Name of the type of what an annotation is about."),
    (505, "annotationHash", "text", "Hash of what an annotation says of what, and by whom."),
    (600, "sourceSystemName", "text", "Name of the source system."),
    (604, "machineAnnotationServiceName", "text", "Name of a machine annotation service."),
    (700, "sourceDataStandard", "text", "Data standard that a mapping reads."),
    (1000, "doiState", "doi state", "State of the DOI at its registration agency."),
    (1001, "gateReason", "text", "Why the licence keeps the document of the object back."),
    (1002, "fdoProfileVersion", "iri", "Version of the profile that was in force."),
    (1003, "version", "number", "Version of the object."),
    (111, "0.FDO/Type", "iri", "Definition of the type of the object."),
    (112, "0.FDO/Profile", "iri", "Definition of the profile that the record follows."),
)  # fmt: skip
_HANDLE_ROWS: tuple[tuple[int, str, str, str], ...] = (
    (100, "HS_ADMIN", "admin", "Who may change the Handle (RFC 3651, 3.2.1)."),
    (101, "10320/loc", "text", "Addresses of the object in its formats and versions, as XML."),
    (102, "URL", "iri", "Address to which the Handle leads."),
    (113, "0.FDO/Data", "iri", "Address of the bit sequence of the object."),
)  # fmt: skip

ATTRIBUTES: dict[str, Attribute] = {
    row.name: row
    for row in sorted(
        (
            *(Attribute(name, index, kind, said) for index, name, kind, said in _ROWS),
            *(Attribute(name, index, kind, said, True) for index, name, kind, said in _HANDLE_ROWS),
        ),
        key=lambda row: row.index,
    )
}
"""Every attribute, by name, in order of index."""
