"""openDS (`ods:`): digital specimens and media, source systems, mappings, collections.

openDS publishes schemas but no vocabulary with definitions; these are ours, written from what
its schemas ask for and the repositories that follow them do.
"""

from __future__ import annotations

from ontologies.term import Kind
from ontologies.words.tables import own_terms

_IDENTITY = {
    "gupriLevel": "How unique, persistent and resolvable an identifier is.",
    "identifierStatus": "Whether an identifier is preferred, an alternative, or superseded.",
    "normalisedPhysicalSpecimenID": "The physical specimen's id made unique: a local id is "
    "followed by the suffix of its source system's PID.",
    "physicalSpecimenID": "The id by which its holder knows the physical specimen.",
    "physicalSpecimenIDType": "Whether the physical specimen's id is resolvable, global or local.",
    "relationshipType": "How a withdrawn object relates to the object named.",
    "status": "Where an object stands in its life: Draft, Active or Tombstone.",
    "tombstoneText": "Why an object was withdrawn, for people.",
}
_DESCRIPTION = {
    "genusHTMLLabel": "The genus name as HTML, with the emphasis its code asks for.",
    "identificationType": "What an identification names; so far a taxon.",
    "livingOrPreserved": "Whether the specimen is alive in a collection or preserved.",
    "mappingDataStandard": "The data standard from which a mapping starts.",
    "metadataLanguages": "Languages in which an object's values are written.",
    "organisationCode": "Code or acronym of the institution that holds the specimen.",
    "organisationName": "Name of the responsible organisation, as ROR or Wikidata give it.",
    "ownerOrganisationCode": "Code or acronym of the institution that owns the specimen.",
    "pageNumber": "Page of a publication that a citation points to.",
    "scientificNameHTMLLabel": "The scientific name as HTML, with the emphasis its code asks for.",
    "significanceForCountries": "Countries for which a collection matters; none means all.",
    "sourceSystemName": "Name of the source system from which an object came.",
    "specimenName": "The name by which the specimen goes: its accepted identification.",
    "topicCategory": "The kind of thing a specimen is, within its discipline.",
    "topicDiscipline": "The branch of science to which a specimen belongs.",
    "topicDomain": "The wide field to which a specimen belongs, such as Life or Earth System.",
    "topicOrigin": "Whether a specimen arose in nature, by people, or both.",
    "translatorType": "The serialisation in which a source system hands out its records.",
    "filters": "Conditions that records of a source system must meet to be taken in.",
}
_LINKS = {
    "dataMappingID": "The data mapping that a source system uses.",
    "fdoType": "The type of a FAIR Digital Object, as a PID of the type's definition.",
    "mediaMachineAnnotationServices": "Services that run on the media of a source system.",
    "organisationID": "ROR or Wikidata id of the organisation responsible for the object.",
    "relatedResourceURI": "The resolvable IRI of the resource a relationship points to.",
    "sourceSystemID": "The source system from which an object came.",
    "specimenMachineAnnotationServices": "Services that run on the specimens of a source system.",
}
_SWITCHES = {
    "isKnownToContainMedia": "Whether media of the specimen are known.",
    "isMarkedAsType": "Whether the specimen is marked as a type.",
    "isPartOfLabel": "Whether an identifier stands on the physical label.",
    "isPeerReviewed": "Whether a cited publication was peer reviewed.",
    "isVerifiedIdentification": "Whether this identification is the accepted one.",
}
_PARTS = {
    "hasAgents": "People, organisations and software that took part, with their roles.",
    "hasAssertions": "Measurements and facts about the node.",
    "hasChronometricAges": "Ages of the material, found by a dating method.",
    "hasCitations": "Publications that mention or support the node.",
    "hasEntityRelationships": "Named relationships to other objects and resources.",
    "hasEvents": "What happened to the specimen, its collecting first of all.",
    "hasGeologicalContext": "The strata and ages of the place.",
    "hasGeoreference": "The coordinates of the place, and how they were found.",
    "hasIdentifications": "What people and services took the specimen to be.",
    "hasIdentifiers": "All identifiers by which the node is known.",
    "hasLocation": "Where the event took place.",
    "hasMediaDerivatives": "Other files made from the media object.",
    "hasRelatedPIDs": "Objects that succeed or otherwise relate to a withdrawn object.",
    "hasRoles": "The roles in which an agent took part.",
    "hasSpecimenParts": "Parts of the specimen that are described apart.",
    "hasTaxonIdentifications": "The taxa named by an identification.",
    "hasTombstoneMetadata": "When, why and by whom an object was withdrawn.",
}
_OPAQUE = {
    "hasDefaultMapping": "Values given to terms when the source has none, as JSON.",
    "hasTermMapping": "Which source term feeds which term of openDS, as JSON.",
}

TERMS = (
    *own_terms("ods", Kind.BOOLEAN, _SWITCHES),
    *own_terms("ods", Kind.DATETIME, {"tombstoneDate": "When an object was withdrawn."}),
    *own_terms("ods", Kind.INTEGER, {
        "maximumRecords": "How many records of a source system are taken in at most.",
        "midsLevel": "Level of Minimum Information about a Digital Specimen, 0 to 3.",
        "version": "Number of the object's version, from 1.",
    }),
    *own_terms("ods", Kind.IRI, _LINKS),
    *own_terms("ods", Kind.JSON, _OPAQUE),
    *own_terms("ods", Kind.LITERAL, _IDENTITY | _DESCRIPTION),
    *own_terms("ods", Kind.NODE, _PARTS),
)  # fmt: skip
