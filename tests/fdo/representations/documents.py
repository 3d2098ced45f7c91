"""Documents for the tests of the representations: written by hand, and drawn at random."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ontologies.terms import CLASSES, DOCUMENT_TERMS, Kind

PID = "https://doi.org/10.5072/AAA-BBB-CCC"


def person(name: str, role: str, **more: Any) -> dict[str, Any]:
    return {
        "@type": "schema:Person",
        "schema:name": name,
        "ods:hasRoles": [{"@type": "schema:Role", "schema:roleName": role}],
        **more,
    }


def relation(name: str, target: str) -> dict[str, Any]:
    return {
        "@type": "ods:EntityRelationship",
        "dwc:relationshipOfResource": name,
        "dwc:relatedResourceID": target,
        "ods:relatedResourceURI": target,
    }


def specimen(discipline: str, **more: Any) -> dict[str, Any]:
    return {
        "@id": PID,
        "@type": "ods:DigitalSpecimen",
        "dcterms:identifier": PID,
        "dcterms:created": "2026-03-02T09:00:00.000Z",
        "dcterms:modified": "2026-03-02T09:00:00.000Z",
        "dcterms:license": "https://creativecommons.org/publicdomain/zero/1.0/",
        "ods:version": 1,
        "ods:status": "Active",
        "ods:midsLevel": 2,
        "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
        "ods:organisationID": "https://ror.org/0443cwa12",
        "ods:sourceSystemID": "https://hdl.handle.net/20.5000.5072/SRC-000-001",
        "ods:topicDiscipline": discipline,
        "ods:isMarkedAsType": False,
        "ods:hasEntityRelationships": [relation("hasOrganisationID", "https://ror.org/0443cwa12")],
        **more,
    }


def place(latitude: Any, longitude: Any, **more: Any) -> dict[str, Any]:
    return {
        "@type": "ods:Location",
        "dwc:country": "Estonia",
        "ods:hasGeoreference": {
            "@type": "ods:Georeference",
            "dwc:decimalLatitude": latitude,
            "dwc:decimalLongitude": longitude,
            **more,
        },
    }


def collecting(**more: Any) -> dict[str, Any]:
    return {"@type": "ods:Event", "dwc:eventType": "Collecting Event", **more}


def taxon(name: str, **more: Any) -> dict[str, Any]:
    return {
        "@type": "ods:Identification",
        "ods:isVerifiedIdentification": True,
        "ods:hasTaxonIdentifications": [
            {"@type": "ods:TaxonIdentification", "dwc:scientificName": name}
        ],
        **more,
    }


BOTANY = specimen(
    "Botany",
    **{
        "dwc:verbatimLabel": 'Hb. "Tartu"\r\nleg. K. R. Kupffer \\ 1901\t♀ Größe 5′',
        "ods:metadataLanguages": ["est", "lat", "est"],
        "ods:hasEvents": [
            collecting(
                **{
                    "dwc:eventDate": "1901-05/1901-06",
                    "dwc:year": 1901,
                    "ods:hasLocation": place(58.38, 26.72, **{"dwc:geodeticDatum": "WGS 84"}),
                    "ods:hasAgents": [
                        person(
                            "K. R. Kupffer",
                            "collector",
                            **{"schema:identifier": "https://www.wikidata.org/entity/Q4247322"},
                        )
                    ],
                }
            )
        ],
        "ods:hasIdentifications": [taxon("Pulsatilla patens (L.) Mill."), taxon("Pulsatilla")],
    },
)
ZOOLOGY = specimen(
    "Zoology",
    **{
        "ods:hasAssertions": [
            {
                "@type": "ods:Assertion",
                "dwc:measurementType": "wing length",
                "dwc:measurementValue": "52.0",
                "dwciri:measurementUnit": "http://qudt.org/vocab/unit/MilliM",
                "dwciri:measurementType": "not an IRI",
            }
        ],
        "ods:hasEvents": [
            collecting(**{"dwc:sex": "♀", "ods:hasLocation": place(-33, 151.2)}),
            collecting(**{"ods:hasLocation": place(-0.0, 0, **{"dwc:geodeticDatum": "ED50"})}),
        ],
    },
)
PALAEONTOLOGY = specimen(
    "Palaeontology",
    **{
        "ods:hasEvents": [
            collecting(
                **{
                    "ods:hasLocation": {
                        "@type": "ods:Location",
                        "dwc:minimumElevationInMeters": 300,
                        "ods:hasGeologicalContext": {
                            "@type": "ods:GeologicalContext",
                            "dwc:earliestPeriodOrLowestSystem": "Jurassic",
                        },
                    }
                }
            )
        ],
        "ods:hasChronometricAges": [
            {"@type": "ods:ChronometricAge", "chrono:earliestChronometricAge": 199300000}
        ],
    },
)
GEOLOGY = specimen(
    "Geology",
    **{
        "ods:hasSpecimenParts": [
            {
                "@type": "ods:SpecimenPart",
                "ods:specimenName": "Hematite",
                "ods:hasIdentifications": [
                    {"@type": "ods:Identification", "dwc:verbatimIdentification": "Hämatit"}
                ],
            },
            {"@type": "ods:SpecimenPart", "ods:specimenName": "Dolomite"},
        ]
    },
)
MICROBIOLOGY = specimen("Microbiology", **{"ods:livingOrPreserved": "Living"})
MEDIA = {
    "@id": "https://doi.org/10.5072/MED-000-001",
    "@type": "ods:DigitalMedia",
    "ac:accessURI": "https://example.org/media/1 with space.jpg",
    "ac:tag": ["label", "sheet"],
    "ac:frameRate": 24,
    "dcterms:modified": "yesterday",
    "exif:PixelXDimension": 6000,
    "ods:hasAgents": [{"@type": "schema:Organization", "schema:url": "https://ut.ee/"}],
}
SOURCE = {
    "@id": "https://hdl.handle.net/20.5000.5072/SRC-000-001",
    "@type": "ods:SourceSystem",
    "schema:name": "Herbarium",
    "schema:dateCreated": "2026-03-02T09:00:00.000+02:00",
    "schema:creator": {"@type": "schema:Person", "schema:name": "A. Keeper"},
    "ods:filters": [],
}
MAPPING = {
    "@id": "https://hdl.handle.net/20.5000.5072/MAP-000-001",
    "@type": "ods:DataMapping",
    "ods:hasTermMapping": [{"ods:physicalSpecimenID": "dwc:catalogNumber"}],
    "ods:hasDefaultMapping": [{"ods:livingOrPreserved": "Preserved", "any 'key'": 1.5}],
}
ANNOTATION = {
    "@id": "https://hdl.handle.net/20.5000.5072/ANN-000-001",
    "@type": "ods:Annotation",
    "oa:motivation": "oa:editing",
    "oa:hasTarget": {
        "@id": PID,
        "@type": "ods:DigitalSpecimen",
        "oa:hasSelector": {"@type": "ods:TermSelector", "ods:term": "$['ods:hasEvents'][0]"},
    },
    "oa:hasBody": {"@type": "oa:TextualBody", "oa:value": ["x", "y"], "ods:score": 1},
    "dcterms:creator": person("R. Eviewer", "annotator"),
    "as:generator": "https://hdl.handle.net/20.5000.5072/MAS-000-001",
}
WRITTEN = (
    BOTANY,
    ZOOLOGY,
    PALAEONTOLOGY,
    GEOLOGY,
    MICROBIOLOGY,
    MEDIA,
    SOURCE,
    MAPPING,
    ANNOTATION,
)

_TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            '"',
            "\\",
            "\\u001f",
            '\\"',
            "\n\r\t\b\f",
            "\x00\x01\x0b\x1f\x7f",
            "\ufffe\uffff",
            "\u2028",
            "\U0001f99a",
            "@id",
            "@type",
            "_:b0",
            "#a",
        ]
    ),
)
_IRIS = st.one_of(
    st.sampled_from(
        [
            "https://example.org/a?b=c#d",
            "https://example.org/a b",
            "https://example.org/%zz",
            "https://example.org/%20",
            "https://user@example.org:8080/",
            "https://example.org:port/",
            "http://[::1]/",
            "http://",
            "urn:lsid:example.org:names:1",
            "geo:58.38,26.72",
            "dwc:country",
            "dwc://country",
            "schema:a b",
            "ark:/12148/btv1b8449691v",
            "mailto:a@example.org",
            "https://example.org/ä/\ue000",
            "https://example.org/\ue000?\ue000",
            "https://example.org/{a}",
            "https://example.org/a#b#c",
            "https://example.org/#",
            "relative/path",
            "Herbarium: drawer",
            "hasGeometry:x",
        ]
    ),
    st.builds(
        "".join,
        st.tuples(
            st.sampled_from(["x:", "urn:", "ods:", "https://", "http://h/", "http://h?", "h:#"]),
            st.text(
                alphabet="ab1:/?#[]@!$&'()*+,;=%-._~{}|\\^`<>\" \t\x7fä☃\ue000\U0001f99a",
                max_size=8,
            ),
        ),
    ),
)
_NUMBERS = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(-1e300, 1e300),
    st.sampled_from([1e21, -0.0, 0.0, 5e-324, 1e-7, 0.1 + 0.2, 52.0, 1e16, 2**53, 2**53 + 1]),
)
_INSTANTS = st.sampled_from(
    ["2024-02-29T10:00:00Z", "2023-02-29T10:00:00Z", "2024-13-01T00:00:00Z", "1900", "spring"]
)
_ONE = st.one_of(_TEXTS, _IRIS, _NUMBERS, st.booleans(), _INSTANTS, st.none())
PLAIN = st.one_of(_ONE, st.lists(_ONE, max_size=3))
"""Any value at all: the mapper must not depend on a value being of the kind the table says."""

_JSON = st.recursive(
    _ONE, lambda inner: st.dictionaries(_TEXTS, inner, max_size=2) | st.lists(inner, max_size=2)
)
_PLAIN_KEYS = [k for k, t in DOCUMENT_TERMS.items() if t.kind not in (Kind.NODE, Kind.JSON)]
_NODE_KEYS = [k for k, t in DOCUMENT_TERMS.items() if t.kind is Kind.NODE]
_JSON_KEYS = [k for k, t in DOCUMENT_TERMS.items() if t.kind is Kind.JSON]
_TYPES = st.sampled_from([*CLASSES, "VirtualCollection", "https://example.org/Class"])


def _nodes(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda head, plain, opaque, nested: head | plain | opaque | nested,
        st.fixed_dictionaries(
            {}, optional={"@type": _TYPES | st.lists(_TYPES, max_size=2), "@id": _IRIS | _TEXTS}
        ),
        st.dictionaries(st.sampled_from(_PLAIN_KEYS), PLAIN, max_size=4),
        st.dictionaries(st.sampled_from(_JSON_KEYS), _JSON, max_size=1),
        st.dictionaries(
            st.sampled_from(_NODE_KEYS), inner | st.lists(inner | _IRIS, max_size=3), max_size=2
        ),
    )


def documents() -> st.SearchStrategy[dict[str, Any]]:
    """Documents with any keys of the term table, three levels deep, and nasty values."""
    leaf = _nodes(st.just({}))
    return _nodes(_nodes(leaf)).map(lambda node: {**node, "@id": PID})
