"""The TDWG MIDS mappings for Darwin Core, version 1: which terms fill which element. Data.

From the three SSSOM sets of tdwg/mids (biology, geology, palaeontology). A string is one term
that suffices (`skos:narrowMatch`, `skos:exactMatch`); a tuple is a group of which all are
needed (`owl:intersectionOf`).

Read on openDS documents: `dwc:recordedBy` stands for an agent in the role of collector,
`dwc:catalogNumber` for an identifier of that title, and so on (`fdo.mids`). Not read:
`gbif:taxonKey` and `gbif:mediaType`, which have no place in openDS.
"""

from __future__ import annotations

Alternative = str | tuple[str, ...]
Element = tuple[str, tuple[Alternative, ...]]
Levels = tuple[tuple[Element, ...], ...]

MAPPING_DATE = "2026-01-12"

_PHYSICAL_ID: Element = (
    "PhysicalSpecimenID",
    (
        "dwc:materialSampleID",
        "dwc:catalogNumber",
        "dwc:otherCatalogNumbers",
        "dwc:occurrenceID",
        "dwc:materialEntityID",
        "ods:physicalSpecimenID",
    ),
)
_ORGANIZATION: Element = (
    "Organization",
    ("ods:organisationID", "ods:organisationCode", "ods:ownerOrganisationCode"),
)
_NAME_OF_TAXON: Element = (
    "Name",
    ("dwc:scientificName", "dwc:vernacularName", "dwc:scientificNameID", "dwc:organismName"),
)
_NAME_OF_THING: Element = (
    "Name",
    ("dwc:scientificName", "dwc:vernacularName", "dwc:verbatimIdentification"),
)
_OBJECT_TYPE: Element = ("ObjectType", ("dwc:preparations", "dwc:materialEntityType"))
_LICENSE: Element = ("License", ("dcterms:license",))
_MODIFIED: Element = ("Modified", ("dcterms:modified",))
_CHRONOSTRATIGRAPHY: Element = (
    "Chronostratigraphy",
    (
        "dwc:earliestAgeOrLowestStage",
        "dwc:earliestEonOrLowestEonothem",
        "dwc:earliestEpochOrLowestSeries",
        "dwc:earliestEraOrLowestErathem",
        "dwc:earliestPeriodOrLowestSystem",
        "dwc:latestAgeOrHighestStage",
        "dwc:latestEonOrHighestEonothem",
        "dwc:latestEpochOrHighestSeries",
        "dwc:latestEraOrHighestErathem",
        "dwc:latestPeriodOrHighestSystem",
    ),
)
_QUALITATIVE: Element = (
    "QualitativeLocation",
    (
        "dwc:locality",
        "dwc:county",
        "dwc:municipality",
        "dwc:verbatimLocality",
        "dwc:island",
        "dwc:verbatimCoordinates",
        ("dwc:verbatimLongitude", "dwc:verbatimLatitude"),
        "dwc:continent",
        "dwc:country",
        "dwc:countryCode",
        "dwc:islandGroup",
        "dwc:stateProvince",
        "dwc:waterBody",
        "dwc:higherGeography",
    ),
)
_QUANTITATIVE: Element = (
    "QuantitativeLocation",
    ("dwc:locationID", ("dwc:decimalLatitude", "dwc:decimalLongitude"), "dwc:footprintWKT"),
)
_COLLECTING_AGENT: Element = ("CollectingAgent", ("dwc:recordedBy", "dwc:recordedByID"))
_DATE: Element = ("DateCollected", ("dwc:eventDate", "dwc:year", "dwc:verbatimEventDate"))
_NUMBER: Element = ("CollectingNumber", ("dwc:fieldNumber", "dwc:recordNumber"))
_MEDIA: Element = ("Media", ("ods:hasDigitalMedia",))
_STRATIGRAPHY: Element = (
    "StratigraphicContext",
    (
        "dwc:bed",
        "dwc:formation",
        "dwc:group",
        "dwc:member",
        "dwc:highestBiostratigraphicZone",
        "dwc:lowestBiostratigraphicZone",
        "dwc:lithostratigraphicTerms",
    ),
)
_LOCALITY_ID: Element = (
    "GeographicalLocalityID",
    (
        "dwc:locationID",
        (
            "dwc:decimalLatitude",
            "dwc:decimalLongitude",
            "dwc:coordinatePrecision",
            "dwc:coordinateUncertaintyInMeters",
            "dwc:geodeticDatum",
        ),
        ("dwc:footprintWKT", "dwc:footprintSRS"),
    ),
)
_ORGANIZATION_ID: Element = ("OrganizationID", ("ods:organisationID",))
_COLLECTING_AGENT_ID: Element = ("CollectingAgentID", ("dwc:recordedByID",))
_IDENTIFIED_AS_ID: Element = ("IdentifiedAsID", ("dwc:scientificNameID",))
_IDENTIFIED_BY_ID: Element = ("IdentifiedByID", ("dwc:identifiedByID",))
_MEDIA_ID: Element = ("MediaID", ("ods:hasDigitalMedia",))

_LEVEL_0 = (_PHYSICAL_ID, _ORGANIZATION)

SETS: dict[str, Levels] = {
    "mids_dwc-a_biology_1": (
        _LEVEL_0,
        (_NAME_OF_TAXON, _OBJECT_TYPE, _LICENSE, _MODIFIED),
        (_QUALITATIVE, _QUANTITATIVE, _COLLECTING_AGENT, _DATE, _NUMBER, _MEDIA),
        (
            _LOCALITY_ID,
            _ORGANIZATION_ID,
            _COLLECTING_AGENT_ID,
            _IDENTIFIED_AS_ID,
            _IDENTIFIED_BY_ID,
            _MEDIA_ID,
        ),
    ),
    "mids_dwc-a_geology_1": (
        _LEVEL_0,
        (_NAME_OF_THING, _OBJECT_TYPE, _LICENSE, _MODIFIED),
        (_QUALITATIVE, _QUANTITATIVE, _STRATIGRAPHY),
        (_LOCALITY_ID, _ORGANIZATION_ID, _IDENTIFIED_AS_ID, _IDENTIFIED_BY_ID, _MEDIA_ID),
    ),
    "mids_dwc-a_paleontology_1": (
        _LEVEL_0,
        (_NAME_OF_THING, _OBJECT_TYPE, _LICENSE, _MODIFIED, _CHRONOSTRATIGRAPHY),
        (_QUALITATIVE, _QUANTITATIVE, _STRATIGRAPHY),
        (
            _LOCALITY_ID,
            _ORGANIZATION_ID,
            _IDENTIFIED_AS_ID,
            _IDENTIFIED_BY_ID,
            _MEDIA_ID,
            _COLLECTING_AGENT_ID,
        ),
    ),
}

SET_OF_DISCIPLINE: dict[str, str] = {
    "Astrogeology": "mids_dwc-a_geology_1",
    "Geology": "mids_dwc-a_geology_1",
    "Other Geodiversity": "mids_dwc-a_geology_1",
    "Palaeontology": "mids_dwc-a_paleontology_1",
}
"""Every other discipline is judged as biology."""
