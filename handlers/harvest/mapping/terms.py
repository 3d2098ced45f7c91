"""Where each Darwin Core term goes in an openDS document. Data, no logic.

Facts from the Darwin Core quick reference and the openDS 0.4 schemas. A term that is not here
has no place in openDS; it stays in the verbatim record, retrievable by PID and version.
"""

from __future__ import annotations

from typing import NamedTuple

from handlers.harvest.mapping.values import Convert, integer, number


class Slot:
    """The node of the document that a term belongs to; `ASIDE` needs a rule of its own.

    Plain numbers, not an enumeration: they index the cells of every record.
    """

    SPECIMEN = 0
    IDENTIFICATION = 1
    TAXON = 2
    EVENT = 3
    LOCATION = 4
    GEOREFERENCE = 5
    GEOLOGY = 6
    ASIDE = 7


class Place(NamedTuple):
    """Where a cell goes, under which key, and how its text becomes a value."""

    slot: int
    key: str
    convert: Convert | None = None
    expected: str = ""


_PLAIN: dict[int, str] = {
    Slot.SPECIMEN: (
        "dwc:collectionCode dwc:collectionID dwc:informationWithheld dwc:preparations "
        "dwc:disposition dwc:dataGeneralizations dwc:datasetName dwc:datasetID "
        "dcterms:accessRights dcterms:rightsHolder dwc:organismID dwc:organismName "
        "dwc:organismScope dwc:organismRemarks dwc:organismQuantity dwc:organismQuantityType "
        "dwc:verbatimLabel dwc:dynamicProperties"
    ),
    Slot.IDENTIFICATION: (
        "dwc:identificationID dwc:verbatimIdentification dwc:typeStatus dwc:dateIdentified "
        "dwc:identificationRemarks dwc:identificationQualifier"
    ),
    Slot.TAXON: (
        "dwc:taxonID dwc:scientificName dwc:scientificNameID dwc:scientificNameAuthorship "
        "dwc:namePublishedInYear dwc:taxonRank dwc:verbatimTaxonRank dwc:taxonRemarks dwc:kingdom "
        "dwc:phylum dwc:class dwc:order dwc:superfamily dwc:family dwc:subfamily dwc:tribe "
        "dwc:subtribe dwc:genus dwc:subgenus dwc:genericName dwc:infragenericEpithet "
        "dwc:specificEpithet dwc:infraspecificEpithet dwc:cultivarEpithet dwc:taxonomicStatus "
        "dwc:nomenclaturalCode dwc:nomenclaturalStatus dwc:vernacularName dwc:acceptedNameUsage "
        "dwc:acceptedNameUsageID dwc:originalNameUsage"
    ),
    Slot.EVENT: (
        "dwc:eventType dwc:behavior dwc:sex dwc:lifeStage dwc:reproductiveCondition dwc:caste "
        "dwc:vitality dwc:establishmentMeans dwc:pathway dwc:degreeOfEstablishment "
        "dwc:georeferenceVerificationStatus dwc:fieldNumber dwc:eventDate dwc:eventTime "
        "dwc:verbatimEventDate dwc:habitat dwc:sampleSizeUnit dwc:samplingProtocol "
        "dwc:samplingEffort dwc:fieldNotes dwc:eventRemarks eco:protocolDescriptions"
    ),
    Slot.LOCATION: (
        "dwc:locationID dwc:continent dwc:waterBody dwc:islandGroup dwc:island dwc:country "
        "dwc:countryCode dwc:stateProvince dwc:county dwc:municipality dwc:locality "
        "dwc:verbatimLocality dwc:higherGeographyID dwc:higherGeography dwc:verbatimElevation "
        "dwc:verbatimDepth dwc:verticalDatum dwc:locationAccordingTo dwc:locationRemarks"
    ),
    Slot.GEOREFERENCE: (
        "dwc:verbatimCoordinates dwc:verbatimLatitude dwc:verbatimLongitude "
        "dwc:verbatimCoordinateSystem dwc:geodeticDatum dwc:footprintWKT dwc:footprintSRS "
        "dwc:verbatimSRS dwc:georeferencedDate dwc:georeferenceProtocol dwc:georeferenceSources "
        "dwc:georeferenceRemarks"
    ),
    Slot.GEOLOGY: (
        "dwc:earliestEonOrLowestEonothem dwc:latestEonOrHighestEonothem "
        "dwc:earliestEraOrLowestErathem dwc:latestEraOrHighestErathem "
        "dwc:earliestPeriodOrLowestSystem dwc:latestPeriodOrHighestSystem "
        "dwc:earliestEpochOrLowestSeries dwc:latestEpochOrHighestSeries "
        "dwc:earliestAgeOrLowestStage dwc:latestAgeOrHighestStage dwc:lowestBiostratigraphicZone "
        "dwc:highestBiostratigraphicZone dwc:lithostratigraphicTerms dwc:group dwc:formation "
        "dwc:member dwc:bed"
    ),
    Slot.ASIDE: (
        "dwc:basisOfRecord dcterms:license dcterms:modified dcterms:language dcterms:references "
        "dcterms:rights dwc:institutionID dwc:institutionCode dwc:ownerInstitutionCode "
        "dwc:occurrenceID dwc:catalogNumber dwc:otherCatalogNumbers dwc:recordNumber "
        "dwc:materialSampleID dwc:materialEntityID dwc:recordedBy dwc:recordedByID "
        "dwc:identifiedBy dwc:identifiedByID dwc:georeferencedBy dwc:georeferencedByID "
        "dwc:associatedMedia dwc:associatedReferences dwc:associatedSequences "
        "dwc:associatedOccurrences dwc:associatedOrganisms dwc:associatedTaxa dwc:individualCount "
        "dwc:materialEntityType dwc:occurrenceRemarks xmpRights:UsageTerms xmpRights:WebStatement "
        "ods:physicalSpecimenID ods:physicalSpecimenIDType ods:organisationID "
        "ods:organisationName ods:organisationCode ods:ownerOrganisationCode ods:specimenName "
        "ods:topicOrigin ods:topicDomain ods:topicDiscipline ods:topicCategory "
        "ods:livingOrPreserved ods:isMarkedAsType"
    ),
}

_ANY = (number(), "a number")
_TYPED: dict[str, tuple[int, Convert, str]] = {
    "dwc:coordinatePrecision": (Slot.GEOREFERENCE, *_ANY),
    "dwc:coordinateUncertaintyInMeters": (
        Slot.GEOREFERENCE,
        number(minimum=0),
        "a number of metres, not below 0",
    ),
    "dwc:day": (Slot.EVENT, integer(1, 31), "a whole number from 1 to 31"),
    "dwc:decimalLatitude": (Slot.GEOREFERENCE, number(-90, 90), "a number from -90 to 90"),
    "dwc:decimalLongitude": (Slot.GEOREFERENCE, number(-180, 180), "a number from -180 to 180"),
    "dwc:endDayOfYear": (Slot.EVENT, integer(1, 366), "a whole number from 1 to 366"),
    "dwc:footprintSpatialFit": (Slot.GEOREFERENCE, integer(0), "a whole number, not below 0"),
    "dwc:maximumDepthInMeters": (Slot.LOCATION, *_ANY),
    "dwc:maximumDistanceAboveSurfaceInMeters": (Slot.LOCATION, *_ANY),
    "dwc:maximumElevationInMeters": (Slot.LOCATION, *_ANY),
    "dwc:minimumDepthInMeters": (Slot.LOCATION, *_ANY),
    "dwc:minimumDistanceAboveSurfaceInMeters": (Slot.LOCATION, *_ANY),
    "dwc:minimumElevationInMeters": (Slot.LOCATION, *_ANY),
    "dwc:month": (Slot.EVENT, integer(1, 12), "a whole number from 1 to 12"),
    "dwc:pointRadiusSpatialFit": (Slot.GEOREFERENCE, *_ANY),
    "dwc:sampleSizeValue": (Slot.EVENT, *_ANY),
    "dwc:startDayOfYear": (Slot.EVENT, integer(1, 366), "a whole number from 1 to 366"),
    "dwc:year": (Slot.EVENT, integer(-9999, 9999), "a whole number from -9999 to 9999"),
}

PLACES: dict[str, Place] = {
    term: Place(slot, term) for slot, terms in _PLAIN.items() for term in terms.split()
} | {
    term: Place(slot, term, convert, expected) for term, (slot, convert, expected) in _TYPED.items()
}
"""Every term that has a place, under the name by which it is known."""

ALIASES: dict[str, str] = {
    "dc:language": "dcterms:language",
    "dc:license": "dcterms:license",
    "dc:rights": "dcterms:rights",
    "dwciri:identifiedBy": "dwc:identifiedByID",
    "dwciri:recordedBy": "dwc:recordedByID",
    "gbif:identifiedByID": "dwc:identifiedByID",
    "gbif:recordedByID": "dwc:recordedByID",
}
"""Other names of the same terms; they count only where the proper name is absent."""

SPECIES = "gbif:species"
"""A whole name in GBIF's downloads, the epithet alone in exports of Darwin Core before 2009."""

RANKS = (
    "dwc:genus",
    "dwc:subtribe",
    "dwc:tribe",
    "dwc:subfamily",
    "dwc:family",
    "dwc:superfamily",
    "dwc:order",
    "dwc:class",
    "dwc:phylum",
    "dwc:kingdom",
)
"""Ranks from low to high: the lowest stated one names a record without a scientific name."""

PHYSICAL_IDS = (
    "dwc:occurrenceID",
    "dwc:catalogNumber",
    "dwc:materialSampleID",
    "dwc:materialEntityID",
)
"""The terms that may name the physical object, first stated first taken (openDS, DwC)."""

ASSOCIATED = {
    "dwc:associatedOccurrences": "hasAssociatedOccurrence",
    "dwc:associatedOrganisms": "hasAssociatedOrganism",
    "dwc:associatedSequences": "hasAssociatedSequence",
    "dwc:associatedTaxa": "hasAssociatedTaxon",
    "dcterms:references": "hasReference",
}
"""Lists of related things, and the relationship that each of their parts becomes."""

_WHOLE_YEARS = (integer(), "a whole number of years")
_AGE_TEXTS = (
    "chronometricAgeID verbatimChronometricAge uncalibratedChronometricAge "
    "chronometricAgeConversionProtocol earliestChronometricAgeReferenceSystem "
    "latestChronometricAgeReferenceSystem chronometricAgeProtocol "
    "chronometricAgeUncertaintyMethod materialDated materialDatedID materialDatedRelationship "
    "chronometricAgeDeterminedDate chronometricAgeReferences chronometricAgeRemarks"
)
_AGE_YEARS = "earliestChronometricAge latestChronometricAge chronometricAgeUncertaintyInYears"
CHRONOMETRIC_AGE: dict[str, Place] = {
    f"chrono:{name}": Place(Slot.ASIDE, f"chrono:{name}") for name in _AGE_TEXTS.split()
} | {
    f"chrono:{name}": Place(Slot.ASIDE, f"chrono:{name}", *_WHOLE_YEARS)
    for name in _AGE_YEARS.split()
}
"""The terms of the chronometric age extension."""
