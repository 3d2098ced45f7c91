"""No text in any cell keeps the rest of an archive out: it is mapped, or reported."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.documents import canonical
from fdo.lifecycle import stamped
from fdo.representations.mappable import check
from handlers.harvest.mapping import media, nodes
from handlers.harvest.mapping.darwin_core import Mapping
from handlers.harvest.mapping.media import ROW_TYPES
from handlers.harvest.mapping.terms import ALIASES, CHRONOMETRIC_AGE, PLACES
from handlers.harvest.mapping.values import EXACT, integer
from handlers.harvest.records import DatasetMetadata, Mapped, Record
from tests.darwin_core_sources import SOURCE
from tests.fdo.story import PID

NUMBERS = ["1e30", "-1e30", "1e400", "nan", "-inf", "9" * 400, "9007199254740993", "5e-324", "0x10"]
HOSTILE = st.one_of(
    st.sampled_from([*NUMBERS, "1_000", *"²٣|\0", "a|b;c", "http://", "http://[", "urn:x:\ufffe"]),
    st.text(max_size=12),
    st.floats().map(repr),
    st.integers().map(str),
)
MEDIA = ["ac:accessURI", "dcterms:identifier", *sorted(media._TYPED), "ac:tag", "dcterms:license"]
MEDIA += ["dcterms:type", "dcterms:creator", "dcterms:references"]
NODES = [*nodes._ASSERTION, *nodes._CITATION, "dwc:measurementDeterminedBy", "dcterms:subject"]
NODES += ["dwc:relatedResourceID", "dwc:relationshipOfResource", "dwc:identificationID"]
NODES += ["dwc:scientificName", "dwc:dateIdentified", "dcterms:creator"]


def rows(terms: list[str]) -> st.SearchStrategy[list[dict[str, str]]]:
    return st.lists(st.dictionaries(st.sampled_from(terms), HOSTILE, max_size=4), max_size=2)


EXTENSIONS = st.fixed_dictionaries(
    {},
    optional={
        "chrono:ChronometricAge": rows(list(CHRONOMETRIC_AGE)),
        **{name: rows(MEDIA) for name in ROW_TYPES},
        **{
            name: rows(NODES)
            for name in (
                "dwc:MeasurementOrFact",
                "dwc:Identification",
                "dwc:ResourceRelationship",
                "gbif:Reference",
                "gbif:Identifier",
            )
        },
    },
)
CORE = {
    "dwc:basisOfRecord": "PreservedSpecimen",
    "dwc:occurrenceID": "https://example.org/specimen/1",
    "dwc:institutionID": "https://ror.org/05natt857",
    "dcterms:license": "CC0",
}
TERMS = sorted(PLACES.keys() | ALIASES.keys())
CELLS = st.dictionaries(st.sampled_from(TERMS), HOSTILE, max_size=8)


def recordable(core: dict[str, str], extensions: dict[str, list[dict[str, str]]]) -> None:
    """Map a record; what comes of it has one byte form and can be mapped to RDF."""
    record = Record("row-1", core, extensions, b"", "occurrence.txt", 2)
    made = Mapping(SOURCE, "A source", DatasetMetadata()).map(record)
    if isinstance(made, Mapped):
        for document in (made.document, *(medium.document for medium in made.media)):
            canonical(document)
            check(stamped(document, PID, 1, modified="2026-03-01T12:00:00.000Z"))


@settings(max_examples=300, deadline=None)
@given(CELLS, EXTENSIONS)
def test_whatever_the_cells_say_the_record_is_mapped_or_reported(
    cells: dict[str, str], extensions: dict[str, list[dict[str, str]]]
) -> None:
    recordable({**CORE, **cells}, extensions)


@pytest.mark.parametrize("text", ["1e30", "-1e30", "1e18", "nan", "9" * 400, "²"])
def test_each_term_by_itself_takes_a_number_beyond_all_bounds(text: str) -> None:
    for term in PLACES:
        recordable({**CORE, term: text}, {})
    for row_type, terms in (("chrono:ChronometricAge", CHRONOMETRIC_AGE), ("ac:Multimedia", MEDIA)):
        for term in terms:
            address = {"ac:accessURI": "https://example.org/1.jpg"}
            recordable(CORE, {row_type: [{**address, term: text}]})


@given(st.integers(-(2**70), 2**70))
def test_a_whole_number_is_kept_as_it_is_written_or_not_at_all(value: int) -> None:
    made = integer()(str(value))
    assert made == value if abs(value) <= EXACT else made is None
