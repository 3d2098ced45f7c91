"""What openDS objects may hold: one table for each class. Facts from openDS 0.4 and 0.5.

A row names the keys of one kind, parted by spaces. Kinds are text, the constraints of
`KINDS`, `node:Class` for one nested object and `nodes:Class` for a list of them. Every class
refuses keys that are not in its table.

Longer than other files, since it is the whole model in one place and holds no logic.
"""

from __future__ import annotations

from typing import Any, NamedTuple

KINDS: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "texts": {"type": "array", "items": {"type": "string"}},
    "number": {"type": "number"},
    "number 0+": {"type": "number", "minimum": 0},
    "latitude": {"type": "number", "minimum": -90, "maximum": 90},
    "longitude": {"type": "number", "minimum": -180, "maximum": 180},
    "integer": {"type": "integer"},
    "integer 1+": {"type": "integer", "minimum": 1},
    "day": {"type": "integer", "minimum": 1, "maximum": 31},
    "month": {"type": "integer", "minimum": 1, "maximum": 12},
    "year": {"type": "integer", "maximum": 9999},
    "day of year": {"type": "integer", "minimum": 1, "maximum": 366},
    "mids": {"type": "integer", "minimum": 0, "maximum": 3},
    "boolean": {"type": "boolean"},
    "instant": {"type": "string", "format": "date-time"},
    "uri": {"type": "string", "format": "uri"},
    "iri": {"type": "string", "format": "iri"},
    "email": {"type": "string", "format": "email"},
    "text or number": {"type": ["string", "number", "boolean"]},
    "classes": {"type": ["string", "array"], "items": {"type": "string"}},
    "json": {"type": "object"},
    "doi": {"type": "string", "pattern": r"^https://doi\.org/[\w\.]+/(\w){3}-(\w){3}-(\w){3}"},
    "handle": {
        "type": "string",
        "pattern": r"^https://hdl\.handle\.net/[\w.]+/(.){3}-(.){3}-(.){3}",
    },
    "fdo type": {"type": "string", "pattern": r"^https://doi\.org/[\w\.]+/[\w\.]+"},
    "organisation": {
        "type": "string",
        "pattern": r"^(https?://ror\.org/0\w{6}[0-9]{2})|^(https?://www\.wikidata\.org/wiki/Q\w+)",
    },
    "status": {"enum": ["Draft", "Active", "Tombstone"]},
    "physical id type": {"enum": ["Resolvable", "Global", "Local"]},
    "living": {"enum": ["Living", "Preserved"]},
    "origin": {"enum": ["Natural", "Human-made", "Mixed origin", "Unclassified"]},
    "domain": {
        "enum": [
            "Life",
            "Environment",
            "Earth System",
            "Extraterrestrial",
            "Cultural Artefacts",
            "Archive Material",
            "Unclassified",
        ]
    },
    "discipline": {
        "enum": [
            "Anthropology",
            "Botany",
            "Astrogeology",
            "Geology",
            "Microbiology",
            "Palaeontology",
            "Zoology",
            "Ecology",
            "Other Biodiversity",
            "Other Geodiversity",
            "Unclassified",
        ]
    },
    "dcmi type": {
        "enum": [
            "Collection",
            "Dataset",
            "Event",
            "Image",
            "InteractiveResource",
            "MovingImage",
            "PhysicalObject",
            "Service",
            "Software",
            "Sound",
            "StillImage",
            "Text",
        ]
    },
    "identifier type": {
        "enum": [
            "ARK",
            "arXiv",
            "bibcode",
            "DOI",
            "EAN13",
            "EISSN",
            "Handle",
            "IGSN",
            "ISBN",
            "ISSN",
            "ISTC",
            "LISSN",
            "LSID",
            "PMID",
            "PURL",
            "UPC",
            "URL",
            "URN",
            "w3id",
            "UUID",
            "Other",
            "Locally unique identifier",
        ]
    },
    "gupri": {
        "enum": [
            "LocallyUniqueStable",
            "GloballyUniqueStable",
            "GloballyUniqueStableResolvable",
            "GloballyUniqueStablePersistentResolvable",
            "GloballyUniqueStablePersistentResolvableFDOCompliant",
        ]
    },
    "identifier status": {"enum": ["Preferred", "Alternative", "Superseded"]},
    "identification type": {"enum": ["TaxonIdentification"]},
    "translator": {"enum": ["dwca", "biocase"]},
    "standard": {"enum": ["DwC", "ABCD", "ABCDEFG"]},
    "handles": {
        "type": "array",
        "items": {
            "type": "string",
            "pattern": r"^https://hdl\.handle\.net/[\w.]+/(.){3}-(.){3}-(.){3}",
        },
    },
    "term tables": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "boolean"]},
        },
    },
}


KINDS |= {
    "fraction": {"type": "number", "minimum": 0, "maximum": 1},
    "integer 0+": {"type": "integer", "minimum": 0},
    "seconds of life": {"type": "integer", "minimum": 3600},
    "iris": {"type": "array", "items": {"type": "string", "format": "iri"}},
    "some iris": {"type": "array", "minItems": 1, "items": {"type": "string", "format": "iri"}},
    "iri or iris": {
        "anyOf": [
            {"type": "string", "format": "iri"},
            {"type": "array", "minItems": 1, "items": {"type": "string", "format": "iri"}},
        ]
    },
    "uuid": {"type": "string", "pattern": r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$"},
    "hash": {"type": "string", "pattern": "^[0-9a-f]{64}$"},
    "decision": {"enum": ["Pending", "Approved", "Rejected"]},
    "overlay": {"enum": ["applied", "conflict", "adopted", "dropped"]},
    "severity": {"enum": ["high", "medium", "low"]},
    "queue": {"enum": ["nats", "rabbitmq", "http"]},
    "gpu": {"enum": ["none", "optional", "required"]},
    "target types": {
        "type": "array",
        "minItems": 1,
        "items": {"enum": ["specimen", "media", "annotation"]},
    },
    "triggers": {
        "type": "array",
        "items": {"enum": ["registered", "changed", "annotated", "request"]},
    },
}
"""Of annotations and of the services that make them."""


class Shape(NamedTuple):
    """One class: its `@type` values, what it must hold, and its keys by kind."""

    types: tuple[str, ...]
    required: str
    keys: dict[str, str]


_MADE = {
    "instant": "dcterms:created dcterms:modified dcterms:issued",
    "nodes:Agent": "as:generator dcterms:creator",
    "nodes:Audience": "schema:audience",
    "iri": "oa:canonical",
    "iri or iris": "dcterms:rights oa:via",
}
"""What an annotation and each of its bodies may say of how it came about (Web Annotation Data
Model, 3.3)."""

CLASSES: dict[str, Shape] = {
    "AggregateRating": Shape(
        ("schema:AggregateRating",),
        "@type schema:ratingCount schema:ratingValue",
        {"integer 0+": "schema:ratingCount", "number": "schema:ratingValue"},
    ),
    "AnnotationResource": Shape(
        (),
        "",
        {
            **_MADE,
            "classes": "@type",
            "iri": "@id oa:hasSource oa:canonical dcterms:references",
            "iri or iris": "dcterms:rights oa:hasScope oa:via",
            "iris": "oa:hasPurpose",
            "fdo type": "ods:fdoType",
            "text": "rdf:value dcterms:conformsTo oa:processingLanguage oa:textDirection",
            "texts": "dcterms:format dcterms:language schema:accessibilityFeature oa:styleClass",
            "fraction": "ods:score",
            "iris or nodes:AnnotationResource": "as:items oa:renderedVia",
            "iris or nodes:AnnotationSelector": "oa:hasSelector",
            "iris or nodes:AnnotationState": "oa:hasState",
        },
    ),
    "AnnotationSelector": Shape(
        (),
        "@type",
        {
            "classes": "@type",
            "iri": "@id",
            "text": "rdf:value dcterms:conformsTo oa:exact oa:prefix oa:suffix ods:term ods:class",
            "integer 0+": "oa:start oa:end",
            "node:AnnotationSelector": "oa:hasStartSelector oa:hasEndSelector",
            "iris or nodes:AnnotationSelector": "oa:refinedBy",
        },
    ),
    "AnnotationState": Shape(
        (),
        "@type",
        {
            "classes": "@type",
            "text": "rdf:value",
            "instant": "oa:sourceDate oa:sourceDateStart oa:sourceDateEnd",
            "iris": "oa:cachedSource",
            "iris or nodes:AnnotationSelector": "oa:refinedBy",
        },
    ),
    "AnnotationStyle": Shape((), "", {"classes": "@type", "iri": "@id", "text": "rdf:value"}),
    "Audience": Shape(
        (), "", {"classes": "@type", "iri": "@id", "text": "schema:name schema:description"}
    ),
    "ContactPoint": Shape(
        (),
        "",
        {
            "text": "schema:description schema:telephone",
            "email": "schema:email",
            "uri": "schema:url",
        },
    ),
    "SecretVariable": Shape(
        (),
        "schema:name ods:secretKeyRef",
        {"text": "schema:name ods:secretKeyRef"},
    ),
    "Variable": Shape(
        (),
        "schema:name schema:value",
        {"text": "schema:name", "text or number": "schema:value"},
    ),
    "Agent": Shape(
        (
            "schema:Person",
            "schema:Organization",
            "schema:SoftwareApplication",
            "prov:Person",
            "prov:SoftwareAgent",
        ),
        "@type",
        {
            "text": "@id schema:identifier schema:name schema:url foaf:nick foaf:mbox_sha1sum "
            "foaf:homepage",
            "email": "schema:email",
            "nodes:Role": "ods:hasRoles",
            "nodes:Identifier": "ods:hasIdentifiers",
        },
    ),
    "Assertion": Shape(
        ("ods:Assertion",),
        "@type",
        {
            "text": "@id dwc:measurementID dwc:parentMeasurementID dwc:measurementType "
            "dwciri:measurementType dwc:measurementDeterminedDate dwc:measurementValue "
            "dwciri:measurementValue dwc:measurementAccuracy dwc:measurementUnit "
            "dwciri:measurementUnit dwc:measurementMethod dwciri:measurementMethod "
            "dwc:measurementRemarks",
            "nodes:Agent": "ods:hasAgents",
            "nodes:Citation": "ods:hasCitations",
        },
    ),
    "ChronometricAge": Shape(
        ("ods:ChronometricAge",),
        "@type",
        {
            "text": "@id chrono:chronometricAgeID chrono:verbatimChronometricAge "
            "chrono:uncalibratedChronometricAge chrono:chronometricAgeConversionProtocol "
            "chrono:earliestChronometricAgeReferenceSystem "
            "chrono:latestChronometricAgeReferenceSystem chrono:chronometricAgeProtocol "
            "chrono:chronometricAgeUncertaintyMethod chrono:materialDated chrono:materialDatedID "
            "chrono:materialDatedRelationship chrono:chronometricAgeDeterminedDate "
            "chrono:chronometricAgeReferences chrono:chronometricAgeRemarks",
            "integer": "chrono:earliestChronometricAge chrono:latestChronometricAge "
            "chrono:chronometricAgeUncertaintyInYears",
            "nodes:Agent": "ods:hasAgents",
        },
    ),
    "Citation": Shape(
        ("ods:Citation",),
        "@type dcterms:bibliographicCitation",
        {
            "text": "@id dcterms:identifier dcterms:type dcterms:date dcterms:title "
            "ods:pageNumber dcterms:description dcterms:bibliographicCitation",
            "boolean": "ods:isPeerReviewed",
            "nodes:Agent": "ods:hasAgents",
        },
    ),
    "EntityRelationship": Shape(
        ("ods:EntityRelationship",),
        "@type dwc:relationshipOfResource dwc:relatedResourceID",
        {
            "text": "@id dwc:relationshipOfResource dwc:relationshipOfResourceID "
            "dwc:relatedResourceID dwc:relationshipRemarks",
            "uri": "ods:relatedResourceURI",
            "instant": "dwc:relationshipEstablishedDate",
            "nodes:Agent": "ods:hasAgents",
        },
    ),
    "Event": Shape(
        ("ods:Event",),
        "@type",
        {
            "text": "@id dwc:behavior dwc:eventType dwc:sex dwc:lifeStage "
            "dwc:reproductiveCondition dwc:caste dwc:vitality dwc:establishmentMeans dwc:pathway "
            "dwc:degreeOfEstablishment dwc:georeferenceVerificationStatus dwc:fieldNumber "
            "dwc:eventDate dwc:eventTime dwc:verbatimEventDate dwc:habitat "
            "eco:protocolDescriptions dwc:sampleSizeUnit dwc:samplingProtocol dwc:samplingEffort "
            "dwc:fieldNotes dwc:eventRemarks",
            "day of year": "dwc:startDayOfYear dwc:endDayOfYear",
            "year": "dwc:year",
            "month": "dwc:month",
            "day": "dwc:day",
            "number": "dwc:sampleSizeValue",
            "nodes:Assertion": "ods:hasAssertions",
            "nodes:Agent": "ods:hasAgents",
            "node:Location": "ods:hasLocation",
        },
    ),
    "GeologicalContext": Shape(
        ("ods:GeologicalContext",),
        "@type",
        {
            "text": "@id dwc:earliestEonOrLowestEonothem dwc:latestEonOrHighestEonothem "
            "dwc:earliestEraOrLowestErathem dwc:latestEraOrHighestErathem "
            "dwc:earliestPeriodOrLowestSystem dwc:latestPeriodOrHighestSystem "
            "dwc:earliestEpochOrLowestSeries dwc:latestEpochOrHighestSeries "
            "dwc:earliestAgeOrLowestStage dwc:latestAgeOrHighestStage "
            "dwc:lowestBiostratigraphicZone dwc:highestBiostratigraphicZone "
            "dwc:lithostratigraphicTerms dwc:group dwc:formation dwc:member dwc:bed",
        },
    ),
    "Georeference": Shape(
        ("ods:Georeference",),
        "@type",
        {
            "text": "@id dwc:verbatimCoordinates dwc:verbatimLatitude dwc:verbatimLongitude "
            "dwc:verbatimCoordinateSystem dwc:geodeticDatum dwc:footprintWKT dwc:footprintSRS "
            "dwc:verbatimSRS dwc:georeferencedDate dwc:georeferenceProtocol "
            "dwc:georeferenceSources dwc:georeferenceRemarks",
            "latitude": "dwc:decimalLatitude",
            "longitude": "dwc:decimalLongitude",
            "number 0+": "dwc:coordinateUncertaintyInMeters",
            "number": "dwc:coordinatePrecision dwc:pointRadiusSpatialFit",
            "integer": "dwc:footprintSpatialFit",
            "nodes:Agent": "ods:hasAgents",
        },
    ),
    "Identification": Shape(
        ("ods:Identification",),
        "@type ods:isVerifiedIdentification",
        {
            "text": "@id dwc:identificationID dwc:verbatimIdentification dwc:typeStatus "
            "dwc:dateIdentified dwc:identificationRemarks dwc:identificationQualifier",
            "identification type": "ods:identificationType",
            "boolean": "ods:isVerifiedIdentification",
            "nodes:Agent": "ods:hasAgents",
            "nodes:Citation": "ods:hasCitations",
            "nodes:TaxonIdentification": "ods:hasTaxonIdentifications",
        },
    ),
    "Identifier": Shape(
        ("ods:Identifier",),
        "@type dcterms:title dcterms:identifier",
        {
            "text": "@id dcterms:title dcterms:identifier",
            "identifier type": "dcterms:type",
            "texts": "dcterms:format dcterms:subject",
            "boolean": "ods:isPartOfLabel",
            "gupri": "ods:gupriLevel",
            "identifier status": "ods:identifierStatus",
        },
    ),
    "Location": Shape(
        ("ods:Location",),
        "@type",
        {
            "text": "@id dwc:locationID dwc:continent dwc:waterBody dwc:islandGroup dwc:island "
            "dwc:country dwc:countryCode dwc:stateProvince dwc:county dwc:municipality "
            "dwc:locality dwc:verbatimLocality dwc:higherGeographyID dwc:higherGeography "
            "dwc:verbatimElevation dwc:verbatimDepth dwc:verticalDatum dwc:locationAccordingTo "
            "dwc:locationRemarks",
            "number": "dwc:minimumElevationInMeters dwc:maximumElevationInMeters "
            "dwc:minimumDistanceAboveSurfaceInMeters dwc:maximumDistanceAboveSurfaceInMeters "
            "dwc:minimumDepthInMeters dwc:maximumDepthInMeters",
            "node:Georeference": "ods:hasGeoreference",
            "node:GeologicalContext": "ods:hasGeologicalContext",
        },
    ),
    "MediaDerivative": Shape(
        (),
        "ac:accessURI",
        {
            "text": "ac:accessURI dcterms:format ac:subtypeLiteral dcterms:title "
            "dcterms:description dcterms:rights ac:comments ac:variantLiteral "
            "ac:variantDescription ac:subjectOrientationLiteral ac:subjectPartLiteral",
            "instant": "dcterms:modified dcterms:created",
            "dcmi type": "dcterms:type",
            "iri": "ac:subtype ac:variant ac:subjectOrientation ac:subjectPart",
            "integer": "exif:PixelYDimension exif:PixelXDimension",
            "texts": "ac:tag",
            "nodes:Agent": "ods:hasAgents",
        },
    ),
    "RelatedPID": Shape(
        ("ods:RelatedPID",),
        "@type ods:relationshipType",
        {"text": "dcterms:identifier schema:identifier ods:relationshipType"},
    ),
    "Role": Shape(
        ("schema:Role",),
        "@type schema:roleName",
        {
            "text": "@id schema:roleName schema:startDate schema:endDate",
            "integer 1+": "schema:position",
        },
    ),
    "SpecimenPart": Shape(
        ("ods:SpecimenPart",),
        "@type",
        {
            "text": "@id dwc:materialEntityID dwc:recordNumber dwc:preparations ods:topicCategory "
            "ods:specimenName dwc:organismID dwc:organismName dwc:organismScope "
            "dwc:organismRemarks dwc:organismQuantity dwc:organismQuantityType",
            "boolean": "ods:isMarkedAsType",
            "origin": "ods:topicOrigin",
            "domain": "ods:topicDomain",
            "discipline": "ods:topicDiscipline",
            "nodes:Identification": "ods:hasIdentifications",
            "nodes:Assertion": "ods:hasAssertions",
            "nodes:Identifier": "ods:hasIdentifiers",
            "nodes:Event": "ods:hasEvents",
            "nodes:Agent": "ods:hasAgents",
            "nodes:ChronometricAge": "ods:hasChronometricAges",
        },
    ),
    "TaxonIdentification": Shape(
        ("ods:TaxonIdentification",),
        "@type dwc:scientificName",
        {
            "text": "@id dwc:taxonID dwc:scientificName dwc:scientificNameID "
            "ods:scientificNameHTMLLabel ods:genusHTMLLabel dwc:scientificNameAuthorship "
            "dwc:namePublishedInYear dwc:taxonRank dwc:verbatimTaxonRank dwc:taxonRemarks "
            "dwc:kingdom dwc:phylum dwc:class dwc:order dwc:family dwc:subfamily dwc:genus "
            "dwc:specificEpithet dwc:taxonomicStatus dwc:nomenclaturalCode dwc:vernacularName "
            "dwc:subgenus dwc:acceptedNameUsage dwc:acceptedNameUsageID dwc:cultivarEpithet "
            "dwc:genericName dwc:infragenericEpithet dwc:infraspecificEpithet "
            "dwc:nomenclaturalStatus dwc:originalNameUsage dwc:subtribe dwc:superfamily dwc:tribe",
        },
    ),
    "Tombstone": Shape(
        ("ods:Tombstone",),
        "@type ods:tombstoneDate ods:tombstoneText ods:hasAgents",
        {
            "text": "ods:tombstoneText",
            "instant": "ods:tombstoneDate",
            "some nodes:Agent": "ods:hasAgents",
            "nodes:RelatedPID": "ods:hasRelatedPIDs",
        },
    ),
}


def _definition(kind: str, required: str, keys: dict[str, str]) -> Shape:
    """The shape of a definition: what all have, and what those of one kind have."""
    common = {
        "handle": "@id dcterms:identifier",
        "status": "ods:status",
        "integer 1+": "ods:version",
        "instant": "dcterms:created dcterms:modified",
        "text": "schema:name schema:description col:key",
        "node:Tombstone": "ods:hasTombstoneMetadata",
    }
    return Shape(
        (kind,),
        "@id @type dcterms:identifier ods:version dcterms:created dcterms:modified schema:name "
        f"schema:description col:key {required}",
        _joined(common, keys),
    )


def _joined(common: dict[str, str], keys: dict[str, str]) -> dict[str, str]:
    return {
        name: f"{common.get(name, '')} {keys.get(name, '')}".strip() for name in {**common, **keys}
    }


def _of_learning(kind: str, required: str, keys: dict[str, str]) -> Shape:
    """The shape of a model, a training set or an evaluation."""
    common = {
        "handle": "@id dcterms:identifier",
        "status": "ods:status",
        "integer 1+": "ods:version",
        "instant": "dcterms:created dcterms:modified",
        "text": "schema:name schema:description",
        "node:Agent": "dcterms:creator",
        "node:Tombstone": "ods:hasTombstoneMetadata",
    }
    return Shape(
        (kind,),
        "@id @type dcterms:identifier ods:version dcterms:created dcterms:modified "
        f"dcterms:creator schema:name {required}",
        _joined(common, keys),
    )


OBJECTS: dict[str, Shape] = {
    "specimen": Shape(
        ("ods:DigitalSpecimen",),
        "@id @type dcterms:identifier ods:version ods:fdoType dcterms:created dcterms:modified "
        "ods:midsLevel ods:normalisedPhysicalSpecimenID ods:physicalSpecimenID "
        "ods:physicalSpecimenIDType ods:sourceSystemID ods:organisationID",
        {
            "doi": "@id dcterms:identifier",
            "integer 1+": "ods:version",
            "status": "ods:status",
            "instant": "dcterms:created",
            "fdo type": "ods:fdoType",
            "mids": "ods:midsLevel",
            "physical id type": "ods:physicalSpecimenIDType",
            "handle": "ods:sourceSystemID",
            "organisation": "ods:organisationID",
            "living": "ods:livingOrPreserved",
            "origin": "ods:topicOrigin",
            "domain": "ods:topicDomain",
            "discipline": "ods:topicDiscipline",
            "boolean": "ods:isKnownToContainMedia ods:isMarkedAsType",
            "texts": "ods:metadataLanguages",
            "text": "dcterms:modified ods:normalisedPhysicalSpecimenID ods:physicalSpecimenID "
            "ods:sourceSystemName dcterms:license dwc:basisOfRecord ods:organisationCode "
            "ods:organisationName dwc:collectionCode dwc:collectionID ods:topicCategory "
            "ods:specimenName dwc:informationWithheld dwc:preparations dwc:disposition "
            "dwc:dataGeneralizations ods:ownerOrganisationCode dwc:datasetName dwc:datasetID "
            "dcterms:accessRights dcterms:rightsHolder dwc:organismID dwc:organismName "
            "dwc:organismScope dwc:organismRemarks dwc:organismQuantity dwc:organismQuantityType "
            "dwc:verbatimLabel dwc:dynamicProperties",
            "nodes:SpecimenPart": "ods:hasSpecimenParts",
            "nodes:Assertion": "ods:hasAssertions",
            "nodes:EntityRelationship": "ods:hasEntityRelationships",
            "nodes:Identification": "ods:hasIdentifications",
            "nodes:Identifier": "ods:hasIdentifiers",
            "nodes:Citation": "ods:hasCitations",
            "nodes:Agent": "ods:hasAgents",
            "nodes:Event": "ods:hasEvents",
            "nodes:ChronometricAge": "ods:hasChronometricAges",
            "node:Tombstone": "ods:hasTombstoneMetadata",
        },
    ),
    "media": Shape(
        ("ods:DigitalMedia",),
        "@id @type dcterms:identifier ods:fdoType ods:version dcterms:created dcterms:modified "
        "ac:accessURI ods:sourceSystemID",
        {
            "doi": "@id dcterms:identifier",
            "fdo type": "ods:fdoType",
            "integer 1+": "ods:version",
            "status": "ods:status",
            "instant": "dcterms:created",
            "dcmi type": "dcterms:type",
            "handle": "ods:sourceSystemID",
            "organisation": "ods:organisationID",
            "iri": "ac:metadataLanguage ac:subtype Iptc4xmpExt:CVterm ac:variant "
            "ac:subjectOrientation ac:subjectPart",
            "integer": "exif:PixelYDimension exif:PixelXDimension",
            "number": "ac:frameRate",
            "texts": "ac:tag",
            "text": "dcterms:modified ac:accessURI ods:sourceSystemName ods:organisationName "
            "dcterms:format ac:metadataLanguageLiteral ac:subtypeLiteral dcterms:title "
            "dcterms:language dcterms:description dcterms:rights xmpRights:UsageTerms "
            "xmpRights:WebStatement dcterms:available ac:comments dcterms:source "
            "ac:subjectCategoryVocabulary ac:variantLiteral ac:variantDescription xmp:CreateDate "
            "ac:timeOfDay ac:subjectOrientationLiteral ac:subjectPartLiteral ac:captureDevice "
            "ac:digitizationDate ac:resourceCreationTechnique",
            "nodes:Assertion": "ods:hasAssertions",
            "nodes:Citation": "ods:hasCitations",
            "nodes:Identifier": "ods:hasIdentifiers",
            "nodes:EntityRelationship": "ods:hasEntityRelationships",
            "nodes:Agent": "ods:hasAgents",
            "nodes:MediaDerivative": "ods:hasMediaDerivatives",
            "node:Tombstone": "ods:hasTombstoneMetadata",
        },
    ),
    "source-system": Shape(
        ("ods:SourceSystem",),
        "@type schema:identifier ods:fdoType schema:version schema:dateCreated "
        "schema:dateModified schema:creator schema:url ods:translatorType ods:dataMappingID",
        {
            "handle": "@id schema:identifier ods:dataMappingID",
            "fdo type": "ods:fdoType",
            "status": "ods:status",
            "integer 1+": "schema:version ods:maximumRecords",
            "instant": "schema:dateCreated schema:dateModified",
            "uri": "schema:url",
            "translator": "ods:translatorType",
            "texts": "ods:filters",
            "handles": "ods:specimenMachineAnnotationServices ods:mediaMachineAnnotationServices",
            "text": "schema:name schema:description ltc:collectionManagementSystem",
            "node:Agent": "schema:creator",
            "node:Tombstone": "ods:hasTombstoneMetadata",
        },
    ),
    "data-mapping": Shape(
        ("ods:DataMapping",),
        "@type schema:identifier ods:fdoType schema:version schema:dateCreated "
        "schema:dateModified schema:creator ods:mappingDataStandard",
        {
            "handle": "@id schema:identifier",
            "fdo type": "ods:fdoType",
            "status": "ods:status",
            "integer 1+": "schema:version",
            "instant": "schema:dateCreated schema:dateModified",
            "standard": "ods:mappingDataStandard",
            "term tables": "ods:hasDefaultMapping ods:hasTermMapping",
            "text": "schema:name schema:description",
            "node:Agent": "schema:creator",
            "node:Tombstone": "ods:hasTombstoneMetadata",
        },
    ),
    "saved-query": Shape(
        ("schema:SoftwareSourceCode",),
        "@id @type dcterms:identifier ods:version dcterms:created dcterms:modified "
        "dcterms:creator schema:name schema:text schema:programmingLanguage",
        {
            "handle": "@id dcterms:identifier",
            "status": "ods:status",
            "integer 1+": "ods:version",
            "instant": "dcterms:created dcterms:modified",
            "text": "schema:name schema:description schema:text schema:programmingLanguage",
            "node:Agent": "dcterms:creator",
            "node:Tombstone": "ods:hasTombstoneMetadata",
        },
    ),
    "annotation": Shape(
        ("oa:Annotation",),
        "@id @type dcterms:identifier ods:fdoType ods:version dcterms:created dcterms:modified "
        "oa:motivatedBy oa:hasTarget dcterms:creator col:contentKey",
        {
            **_MADE,
            "handle": "@id dcterms:identifier",
            "fdo type": "ods:fdoType",
            "status": "ods:status",
            "integer 1+": "ods:version",
            "integer": "ods:placeInBatch",
            "some iris": "oa:motivatedBy",
            "some iris or nodes:AnnotationResource": "oa:hasTarget",
            "iris or nodes:AnnotationResource": "oa:hasBody",
            "iris or nodes:AnnotationStyle": "oa:styledBy",
            "decision": "ods:mergingDecisionStatus",
            "instant": "dcterms:created dcterms:modified dcterms:issued ods:mergingStateChangeDate",
            "iri": "ods:jobID col:model col:supersedes oa:canonical",
            "uuid": "ods:batchID",
            "hash": "col:contentKey col:modelSha256",
            "overlay": "col:overlayState",
            "severity": "col:severity",
            "text": "oa:bodyValue col:decisionReason col:executionProvider col:softwareVersion "
            "col:sourceValue",
            "texts": "col:repaired schema:accessibilityFeature",
            "node:Agent": "ods:hasMergingStateChangedBy",
            "node:AggregateRating": "ods:hasAggregateRating",
            "node:Tombstone": "ods:hasTombstoneMetadata",
        },
    ),
    "machine-annotation-service": Shape(
        ("ods:MachineAnnotationService",),
        "@type schema:identifier ods:fdoType schema:version schema:dateCreated "
        "schema:dateModified schema:creator schema:name ods:topicName ods:containerImage "
        "ods:containerTag ods:batchingPermitted ods:timeToLive",
        {
            "handle": "@id schema:identifier",
            "fdo type": "ods:fdoType",
            "status": "ods:status",
            "integer 1+": "schema:version ods:maxReplicas col:leaseSeconds col:maxAttempts "
            "col:maxDepth col:microBatch",
            "integer 0+": "col:microBatchWaitMs",
            "seconds of life": "ods:timeToLive",
            "instant": "schema:dateCreated schema:dateModified",
            "uri": "schema:codeRepository schema:license ods:slaDocumentation col:endpoint",
            "iri": "col:model",
            "iris": "oa:motivatedBy",
            "json": "ods:hasTargetDigitalObjectFilter",
            "boolean": "ods:batchingPermitted ods:isIngestionCompatible col:autoAccept",
            "fraction": "col:autoAcceptScore",
            "queue": "col:queue",
            "gpu": "col:gpu",
            "target types": "col:worksOn",
            "triggers": "col:trigger",
            "text": "schema:name schema:description ods:topicName ods:containerImage "
            "ods:containerTag schema:creativeWorkStatus schema:programmingLanguage "
            "schema:softwareVersion ods:serviceAvailability col:webhookSecretKeyRef",
            "node:Agent": "schema:creator schema:maintainer",
            "node:ContactPoint": "schema:ContactPoint",
            "nodes:Variable": "ods:hasEnvironmentalVariables",
            "nodes:SecretVariable": "ods:hasSecretVariables",
            "node:Tombstone": "ods:hasTombstoneMetadata",
        },
    ),
    "ml-model": _of_learning(
        "fair4ml:MLModel",
        "",
        {
            "hash": "col:sha256",
            "uri": "schema:license schema:codeRepository schema:contentURL",
            "iris": "fair4ml:trainedOn fair4ml:testedOn fair4ml:validatedOn fair4ml:evaluatedOn",
            "iri": "fair4ml:fineTunedFrom",
            "texts": "fair4ml:mlTask fair4ml:modelCategory",
            "text": "schema:softwareVersion dcterms:format fair4ml:intendedUse "
            "fair4ml:modelRisksBiasLimitations fair4ml:usageInstructions "
            "fair4ml:hasCO2eEmissions",
        },
    ),
    "ml-dataset": _of_learning(
        "schema:Dataset",
        "",
        {
            "hash": "col:sha256",
            "uri": "schema:license schema:contentURL",
            "integer 0+": "col:logPosition col:objectCount",
            "text": "col:selection",
        },
    ),
    "ml-evaluation": _of_learning(
        "fair4ml:MLModelEvaluation",
        "col:model col:metric col:measured",
        {
            "iri": "col:model",
            "iris": "fair4ml:evaluatedOn",
            "text": "col:metric",
            "number": "col:measured",
            "integer 0+": "col:logPosition col:objectCount",
        },
    ),
    "fdo-attribute": _definition(
        "col:FdoAttribute",
        "col:valueIndex col:valueSchema col:cardinality",
        {"integer 1+": "col:valueIndex", "json": "col:valueSchema", "text": "col:cardinality"},
    ),
    "fdo-operation": _definition(
        "col:FdoOperation", "col:valueSchema", {"json": "col:valueSchema"}
    ),
    "fdo-profile": _definition(
        "col:FdoProfile",
        "col:denyAdditionalAttributes col:recordSchema",
        {
            "handle": "col:inheritsFrom",
            "handles": "col:mandatoryAttribute col:optionalAttribute",
            "iri": "col:registeredAs",
            "boolean": "col:denyAdditionalAttributes",
            "json": "col:recordSchema",
        },
    ),
    "fdo-type": _definition(
        "col:FdoType",
        "col:recordProfile col:documentClass col:operation",
        {
            "handle": "col:recordProfile",
            "handles": "col:operation",
            "iri": "col:registeredAs col:documentClass",
        },
    ),
}
"""The objects, by the names of the object catalogue."""
