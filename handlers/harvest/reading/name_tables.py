"""The names themselves: namespaces, the terms of Darwin Core, and what they were once called.

Darwin Core: https://dwc.tdwg.org/list/ ; the names before 2009: Darwin Core 1.2 (DiGIR) and
1.4 with its curatorial and geospatial extensions.
"""

from __future__ import annotations

NAMESPACES: dict[str, str] = {
    "ac": "http://rs.tdwg.org/ac/terms/",
    "acvariant": "http://rs.tdwg.org/acvariant/values/",
    "chrono": "http://rs.tdwg.org/chrono/terms/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "dwc": "http://rs.tdwg.org/dwc/terms/",
    "dwcattributes": "http://rs.tdwg.org/dwc/terms/attributes/",
    "dwciri": "http://rs.tdwg.org/dwc/iri/",
    "dwcxsd": "http://rs.tdwg.org/dwc/xsd/simpledarwincore/",
    "eco": "http://rs.tdwg.org/eco/terms/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "gbif": "http://rs.gbif.org/terms/1.0/",
    "gbifterms": "http://rs.gbif.org/terms/",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "ggbn": "http://data.ggbn.org/schemas/ggbn/terms/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "ltc": "http://rs.tdwg.org/ltc/terms/",
    "minext": "http://rs.tdwg.org/mineralogy/terms/",
    "mixs": "http://gensc.org/ns/mixs/",
    "mixs6": "https://w3id.org/mixs/",
    "obis": "http://rs.iobis.org/obis/terms/",
    "ods": "http://rs.dissco.eu/opends/terms/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "schema": "http://schema.org/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
}

_DCTERMS = (
    "accessRights available bibliographicCitation created creator description format identifier "
    "language license modified publisher references rights rightsHolder source title type"
)
DCTERMS = _DCTERMS.split()

_DWC = (
    "acceptedNameUsage acceptedNameUsageID acceptedScientificName associatedMedia "
    "associatedOccurrences associatedOrganisms associatedReferences associatedSequences "
    "associatedTaxa basisOfRecord bed behavior caste catalogNumber class collectionCode "
    "collectionID continent coordinatePrecision coordinateUncertaintyInMeters country "
    "countryCode county cultivarEpithet dataGeneralizations datasetID datasetName dateIdentified "
    "day decimalLatitude decimalLongitude degreeOfEstablishment disposition dynamicProperties "
    "earliestAgeOrLowestStage earliestEonOrLowestEonothem earliestEpochOrLowestSeries "
    "earliestEraOrLowestErathem earliestPeriodOrLowestSystem endDayOfYear establishmentMeans "
    "eventDate eventID eventRemarks eventTime eventType family fieldNotes fieldNumber "
    "footprintSRS footprintSpatialFit footprintWKT formation genericName genus "
    "geodeticDatum geologicalContextID georeferencedBy georeferencedDate georeferenceProtocol "
    "georeferenceRemarks georeferenceSources georeferenceVerificationStatus group habitat "
    "higherClassification higherGeography higherGeographyID highestBiostratigraphicZone "
    "identificationID identificationQualifier identificationReferences identificationRemarks "
    "identificationVerificationStatus identifiedBy identifiedByID individualCount individualID "
    "informationWithheld infragenericEpithet infraspecificEpithet institutionCode institutionID "
    "island islandGroup kingdom latestAgeOrHighestStage latestEonOrHighestEonothem "
    "latestEpochOrHighestSeries latestEraOrHighestErathem latestPeriodOrHighestSystem lifeStage "
    "lithostratigraphicTerms locality locationAccordingTo locationID locationRemarks "
    "lowestBiostratigraphicZone materialEntityID materialEntityRemarks materialEntityType "
    "materialSampleID "
    "maximumDepthInMeters maximumDistanceAboveSurfaceInMeters maximumElevationInMeters "
    "measurementAccuracy measurementDeterminedBy measurementDeterminedDate measurementID "
    "measurementMethod measurementRemarks measurementType measurementUnit measurementValue member "
    "minimumDepthInMeters minimumDistanceAboveSurfaceInMeters minimumElevationInMeters month "
    "municipality nameAccordingTo nameAccordingToID namePublishedIn namePublishedInID "
    "namePublishedInYear nomenclaturalCode nomenclaturalStatus objectQuantity objectQuantityType "
    "occurrenceDetails occurrenceID occurrenceRemarks occurrenceStatus order organismID "
    "organismName organismQuantity organismQuantityType organismRemarks organismScope "
    "originalNameUsage originalNameUsageID otherCatalogNumbers ownerInstitutionCode parentEventID "
    "parentNameUsage parentNameUsageID pathway phylum pointRadiusSpatialFit preparations "
    "previousIdentifications projectID projectTitle recordedBy recordedByID recordNumber "
    "relatedResourceID "
    "relationshipAccordingTo relationshipEstablishedDate relationshipOfResource "
    "relationshipOfResourceID relationshipRemarks reproductiveCondition resourceID "
    "resourceRelationshipID sampleSizeUnit sampleSizeValue samplingEffort samplingProtocol "
    "scientificName scientificNameAuthorship scientificNameID sex specificEpithet startDayOfYear "
    "stateProvince subfamily subgenus subtribe superfamily taxonConceptID taxonID "
    "taxonomicStatus taxonRank taxonRemarks tribe typeStatus typifiedName verbatimCoordinates "
    "verbatimCoordinateSystem verbatimDepth verbatimElevation verbatimEventDate "
    "verbatimIdentification verbatimLabel verbatimLatitude verbatimLocality verbatimLongitude "
    "verbatimSRS verbatimTaxonRank vernacularName verticalDatum vitality waterBody year"
)
DWC = _DWC.split()

OTHERS = (
    "ac:accessURI",
    "ac:associatedSpecimenReference",
    "ac:caption",
    "ac:furtherInformationURL",
    "ac:subjectPart",
    "ac:subtype",
    "ac:variant",
    "gbif:species",
    "xmpRights:Owner",
    "xmpRights:UsageTerms",
    "xmpRights:WebStatement",
)

OLD_NAMES: dict[str, str] = {
    "Attributes": "dwc:dynamicProperties",
    "AuthorYearOfScientificName": "dwc:scientificNameAuthorship",
    "BoundingBox": "dwc:footprintWKT",
    "CatalogNumberText": "dwc:catalogNumber",
    "CollectingMethod": "dwc:samplingProtocol",
    "Collector": "dwc:recordedBy",
    "CollectorNumber": "dwc:recordNumber",
    "ContinentOcean": "dwc:continent",
    "DateLastModified": "dcterms:modified",
    "DayCollected": "dwc:day",
    "DayOfYear": "dwc:startDayOfYear",
    "EarliestDateCollected": "dwc:eventDate",
    "GenBankNumber": "dwc:associatedSequences",
    "GlobalUniqueIdentifier": "dwc:occurrenceID",
    "HigherTaxon": "dwc:higherClassification",
    "HigherTaxonID": "dwc:parentNameUsageID",
    "IdentificationModifier": "dwc:identificationQualifier",
    "ImageURL": "dwc:associatedMedia",
    "InfraspecificRank": "dwc:verbatimTaxonRank",
    "Latitude": "dwc:decimalLatitude",
    "Longitude": "dwc:decimalLongitude",
    "MaximumDepth": "dwc:maximumDepthInMeters",
    "MaximumElevation": "dwc:maximumElevationInMeters",
    "MinimumDepth": "dwc:minimumDepthInMeters",
    "MinimumElevation": "dwc:minimumElevationInMeters",
    "MonthCollected": "dwc:month",
    "Notes": "dwc:occurrenceRemarks",
    "PreparationType": "dwc:preparations",
    "RelatedCatalogedItems": "dwc:associatedOccurrences",
    "Remarks": "dwc:occurrenceRemarks",
    "ScientificNameAuthor": "dwc:scientificNameAuthorship",
    "ScientificNameRank": "dwc:taxonRank",
    "Subspecies": "dwc:infraspecificEpithet",
    "TimeOfDay": "dwc:eventTime",
    "VerbatimCollectingDate": "dwc:verbatimEventDate",
    "YearCollected": "dwc:year",
}
"""Only names whose value means the same under the current name."""
