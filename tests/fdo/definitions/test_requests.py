"""Operations as SHACL: a request keeps the shape where it keeps the JSON Schema, and only there."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import orjson
import pyshacl
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from fdo.definitions.documents import definitions
from fdo.definitions.operations import OPERATIONS
from fdo.definitions.requests import request_shapes
from shacl.engine import compile_shapes

OF = {one.key: one for one in definitions("20.5000.5072") if one.kind == "fdo-operation"}
SCHEMAS = {
    key: jsonschema_rs.Draft202012Validator(one.document["col:valueSchema"])
    for key, one in OF.items()
}
TEXTS = {
    key: request_shapes(one.pid.iri, one.document["schema:name"], one.document["col:valueSchema"])
    for key, one in OF.items()
}
SHAPES = {key: compile_shapes(text) for key, text in TEXTS.items()}
RETRIEVE, SEARCH, UPDATE = "0.DOIP/Op.Retrieve", "0.DOIP/Op.Search", "0.DOIP/Op.Update"

VALUES = st.one_of(
    st.booleans(),
    st.integers(-2, 3),
    st.sampled_from(["", "id", "4-8", "2026-03-01"]),
    st.lists(st.sampled_from(["country:EE", "x", 1]), max_size=2, unique_by=str),
    st.dictionaries(st.sampled_from(["start", "end", "elephant"]), st.integers(-1, 2)),
)
ATTRIBUTES = sorted({name for one in OPERATIONS.values() for name in one.attributes} | {"elephant"})


def as_rdf(key: str, attributes: dict[str, Any]) -> rdflib.Graph:
    """A request as the shape of its operation says that it is read."""
    context = {"@vocab": f"{OF[key].pid.iri}#"}
    request = {"@context": context, "@type": "Request", **attributes}
    return rdflib.Graph().parse(data=orjson.dumps(request), format="json-ld")


def keeps(key: str, attributes: dict[str, Any]) -> bool:
    """What our engine says."""
    return not SHAPES[key].validate_text(as_rdf(key, attributes).serialize(format="turtle")).results


@pytest.mark.parametrize(
    ("key", "attributes", "well"),
    [
        (UPDATE, {"version": 2}, True),
        (UPDATE, {"version": 0}, False),
        (UPDATE, {"version": "2"}, False),
        (UPDATE, {"elephant": 1}, False),
        (RETRIEVE, {"asOf": 12, "element": "json", "includeElementData": True}, True),
        (RETRIEVE, {"asOf": "2026-03-01", "range": "4-8"}, True),
        (RETRIEVE, {"asOf": -1}, False),
        (RETRIEVE, {"asOf": True}, False),
        (RETRIEVE, {"range": {"start": 4, "end": 8}}, True),
        (RETRIEVE, {"range": {"start": 4, "middle": 6}}, False),
        (SEARCH, {"query": "oak", "filterQueries": ["country:EE", "type:media"]}, True),
        (SEARCH, {"filterQueries": [1]}, False),
        (SEARCH, {"type": "id"}, True),
        (SEARCH, {"type": "everything"}, False),
        ("0.DOIP/Op.Hello", {}, True),
        ("0.DOIP/Op.Hello", {"version": 1}, False),
    ],
)
def test_two_engines_and_the_schema_agree_on_a_request(key, attributes, well) -> None:
    shapes = rdflib.Graph().parse(data=TEXTS[key], format="turtle")
    assert keeps(key, attributes) is well
    assert pyshacl.validate(as_rdf(key, attributes), shacl_graph=shapes)[0] is well
    assert SCHEMAS[key].is_valid(attributes) is well


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(OF)), st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES, max_size=2)
)
def test_whatever_the_schema_takes_the_shape_takes(key: str, attributes: dict[str, Any]) -> None:
    if SCHEMAS[key].is_valid(attributes):
        assert keeps(key, attributes)


def test_names_and_titles_of_others_end_no_term() -> None:
    schema = {"properties": {'a> "b': {"enum": ['"', 1]}}, "required": ['a> "b']}
    text = request_shapes("https://hdl.handle.net/20.5/ABC", 'A "title"\n', schema)
    shape = rdflib.Graph().parse(data=text, format="turtle")
    (path,) = shape.objects(None, rdflib.SH.path)
    assert [int(least) for least in shape.objects(None, rdflib.SH.minCount)] == [1]
    assert str(path) == "https://hdl.handle.net/20.5/ABC#a%3E%20%22b"
