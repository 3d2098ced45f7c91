"""Every RDF syntax says the same, read by rdflib and by pyoxigraph."""

from __future__ import annotations

from typing import Any

import orjson
import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings

from fdo.representations.lexical import xml_text
from fdo.representations.nquads import quads, triples
from fdo.representations.rdf import FORMATS, SYNTAXES, nquads, rdf_xml, turtle, write
from ontologies.jsonld import context
from tests.fdo.representations.documents import BOTANY, PID, WRITTEN, documents

CONTEXT = "https://collectome.example/contexts/opends.jsonld"
SYNTAX_READERS = {
    "jsonld": ox.RdfFormat.JSON_LD,
    "turtle": ox.RdfFormat.TURTLE,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "nquads": ox.RdfFormat.N_QUADS,
    "rdfxml": ox.RdfFormat.RDF_XML,
}


def read(name: str, text: bytes) -> set[ox.Triple]:
    if name == "jsonld":
        text = orjson.dumps(orjson.loads(text) | {"@context": context()})
    return {quad.triple for quad in ox.parse(text, format=SYNTAX_READERS[name])}


@pytest.mark.parametrize("name", SYNTAXES)
@pytest.mark.parametrize("document", WRITTEN, ids=lambda d: d["@id"][-11:])
def test_every_syntax_says_what_the_mapper_says(name: str, document: dict[str, Any]) -> None:
    expected = read("ntriples", "".join(triples(document)).encode())
    assert read(name, SYNTAXES[name].write(document, CONTEXT)) == expected


@pytest.mark.parametrize("name", FORMATS)
def test_without_a_server_every_syntax_stands_alone(name: str) -> None:
    expected = read("ntriples", "".join(triples(BOTANY)).encode())
    found = ox.parse(write(BOTANY, name), format=SYNTAX_READERS[name])
    assert {quad.triple for quad in found} == expected


@pytest.mark.parametrize(
    ("name", "format"), [("turtle", "turtle"), ("rdfxml", "xml"), ("nquads", "nt")]
)
def test_rdflib_reads_every_syntax_alike(
    name: str, format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rdflib, "NORMALIZE_LITERALS", False)
    text = SYNTAXES[name].write(BOTANY, CONTEXT).decode()
    expected = rdflib.Graph().parse(data="".join(triples(BOTANY)), format="nt")
    assert set(rdflib.Graph().parse(data=text, format=format)) == set(expected)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_turtle_keeps_any_document(document: dict[str, Any]) -> None:
    lines = triples(orjson.loads(orjson.dumps(document)))
    assert read("turtle", turtle(lines, PID).encode()) == read("ntriples", "".join(lines).encode())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_rdf_xml_keeps_any_document_but_for_what_xml_cannot_hold(document: dict[str, Any]) -> None:
    lines = triples(orjson.loads(orjson.dumps(document)))
    found = read("rdfxml", rdf_xml(lines).encode())
    expected = read("ntriples", "".join(lines).encode())
    if all(xml_text(v) == v for t in expected if (v := getattr(t.object, "value", ""))):
        assert found == expected
    assert {(t.subject, t.predicate) for t in found} == {(t.subject, t.predicate) for t in expected}


def test_turtle_is_short_for_people() -> None:
    text = turtle(triples(BOTANY), PID)
    assert text.startswith(f"@base <{PID}> .\n@prefix ")
    assert "\n<> a ods:DigitalSpecimen ;\n" in text
    assert "ods:hasEvents <#event-1> ;" in text
    assert "dwc:decimalLatitude 5.838E1" in text


def test_n_quads_are_sorted_and_name_their_graph() -> None:
    graph = "urn:collectome:graph:records"
    text = nquads(triples(BOTANY), graph)
    assert text.splitlines() == sorted(text.splitlines())
    assert set(quads(triples(BOTANY), graph)) == {f"{line}\n" for line in text.split("\n")[:-1]}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("wrong", [{"dwc:shoeSize": 43}, {"dwc:country": {"a": 1}}])
def test_what_cannot_be_mapped_is_left_out_of_every_syntax(
    name: str, wrong: dict[str, Any]
) -> None:
    address = "http://127.0.0.1:8000/contexts/opends.jsonld"
    written = SYNTAXES[name].write({**BOTANY, **wrong}, address)
    assert written == SYNTAXES[name].write(BOTANY, address)
