"""What openDS objects may hold: one table for each class. Facts from openDS 0.4 and 0.5.

A row names the keys of one kind, parted by spaces. Kinds are text, the constraints of
`KINDS`, `node:Class` for one nested object and `nodes:Class` for a list of them. Every class
refuses keys that are not in its table.

Longer than other files, since it is the whole model in one place and holds no logic.
"""

from __future__ import annotations

from typing import Any

from ontologies.schemas import annotating
from ontologies.schemas.shape import Shape, joined

KINDS: dict[str, dict[str, Any]] = {
    **annotating.KINDS,
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


CLASSES: dict[str, Shape] = {
    **annotating.CLASSES,
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
        joined(common, keys),
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
    **annotating.OBJECTS,
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
