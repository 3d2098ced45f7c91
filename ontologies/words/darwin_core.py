"""Darwin Core (TDWG) and its extensions: the words of the specimen's own story.

`dwc:` properties take literals, `dwciri:` properties take IRIs (Darwin Core RDF guide, 2.5).
Dates and dates-times as people wrote them (`dwc:eventDate`, …) stay plain literals: intervals
and partial dates have no XSD type.
"""

from __future__ import annotations

from ontologies.term import Kind
from ontologies.words.tables import standard_terms

_TEXT = """
    acceptedNameUsage acceptedNameUsageID basisOfRecord bed behavior caste class collectionCode
    collectionID continent country countryCode county cultivarEpithet dataGeneralizations
    datasetID datasetName dateIdentified degreeOfEstablishment disposition dynamicProperties
    earliestAgeOrLowestStage earliestEonOrLowestEonothem earliestEpochOrLowestSeries
    earliestEraOrLowestErathem earliestPeriodOrLowestSystem establishmentMeans eventDate
    eventRemarks eventTime eventType family fieldNotes fieldNumber footprintSRS footprintWKT
    formation genericName genus geodeticDatum georeferenceProtocol georeferenceRemarks
    georeferenceSources georeferenceVerificationStatus georeferencedDate group habitat
    higherGeography higherGeographyID highestBiostratigraphicZone identificationID
    identificationQualifier identificationRemarks identificationVerificationStatus
    informationWithheld infragenericEpithet infraspecificEpithet island islandGroup kingdom
    latestAgeOrHighestStage latestEonOrHighestEonothem latestEpochOrHighestSeries
    latestEraOrHighestErathem latestPeriodOrHighestSystem lifeStage lithostratigraphicTerms
    locality locationAccordingTo locationID locationRemarks lowestBiostratigraphicZone
    materialEntityID measurementAccuracy measurementDeterminedDate measurementID
    measurementMethod measurementRemarks measurementType measurementUnit measurementValue member
    municipality namePublishedInYear nomenclaturalCode nomenclaturalStatus order organismID
    organismName organismQuantity organismQuantityType organismRemarks organismScope
    originalNameUsage parentMeasurementID pathway phylum preparations recordNumber
    relatedResourceID relationshipEstablishedDate relationshipOfResource
    relationshipOfResourceID relationshipRemarks reproductiveCondition sampleSizeUnit
    samplingEffort samplingProtocol scientificName scientificNameAuthorship scientificNameID sex
    specificEpithet stateProvince subfamily subgenus subtribe superfamily taxonID taxonRank
    taxonRemarks taxonomicStatus tribe typeStatus verbatimCoordinateSystem verbatimCoordinates
    verbatimDepth verbatimElevation verbatimEventDate verbatimIdentification verbatimLabel
    verbatimLatitude verbatimLocality verbatimLongitude verbatimSRS verbatimTaxonRank
    vernacularName verticalDatum vitality waterBody
"""
_NUMBERS = """
    coordinatePrecision coordinateUncertaintyInMeters decimalLatitude decimalLongitude
    maximumDepthInMeters maximumDistanceAboveSurfaceInMeters maximumElevationInMeters
    minimumDepthInMeters minimumDistanceAboveSurfaceInMeters minimumElevationInMeters
    pointRadiusSpatialFit sampleSizeValue
"""
_AGE_TEXT = """
    chronometricAgeConversionProtocol chronometricAgeDeterminedDate chronometricAgeID
    chronometricAgeProtocol chronometricAgeReferences chronometricAgeRemarks
    chronometricAgeUncertaintyMethod earliestChronometricAgeReferenceSystem
    latestChronometricAgeReferenceSystem materialDated materialDatedID
    materialDatedRelationship uncalibratedChronometricAge verbatimChronometricAge
"""
_AGE_YEARS = "chronometricAgeUncertaintyInYears earliestChronometricAge latestChronometricAge"

TERMS = (
    *standard_terms("dwc", Kind.LITERAL, _TEXT),
    *standard_terms("dwc", Kind.DOUBLE, _NUMBERS),
    *standard_terms("dwc", Kind.INTEGER, "day endDayOfYear month startDayOfYear year"),
    *standard_terms("dwc", Kind.INTEGER, "footprintSpatialFit"),
    *standard_terms(
        "dwciri", Kind.IRI, "measurementMethod measurementType measurementUnit measurementValue"
    ),
    *standard_terms("chrono", Kind.LITERAL, _AGE_TEXT),
    *standard_terms("chrono", Kind.INTEGER, _AGE_YEARS),
    *standard_terms("eco", Kind.LITERAL, "protocolDescriptions"),
)
