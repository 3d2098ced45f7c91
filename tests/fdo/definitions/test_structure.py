"""Types as SHACL: every document of the sample log keeps them, and what is broken is found."""

from __future__ import annotations

import gzip
from functools import cache
from typing import Any

import orjson
import pyshacl
import pytest
import rdflib

from api.demo import LOG
from fdo.definitions.structure import document_shapes
from fdo.representations.nquads import triples
from ontologies.schemas import NAMES, schema
from ontologies.terms import TERMS
from shacl.engine import compile_shapes

NAME = "https://hdl.handle.net/20.5000.5072/TYP-000-001"


@cache
def _documents() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    with gzip.open(LOG) as lines:
        for line in map(orjson.loads, lines):
            if line.get("document") and line["meta"]["status"] in ("active", "tombstone"):
                found.setdefault(line["meta"]["type"], []).append(line["document"])
    return found


@pytest.mark.parametrize("kind", NAMES)
def test_every_document_of_the_sample_log_keeps_the_shapes_of_its_type(kind: str) -> None:
    shapes = compile_shapes(document_shapes(NAME, schema(kind)))
    for document in _documents().get(kind, []):
        found = shapes.validate_text("".join(triples(document))).results
        assert not found, (document["@id"], [(one.path, one.component) for one in found])


@pytest.mark.parametrize("kind", NAMES)
def test_what_the_schema_asks_for_is_missed_by_another_engine_too(kind: str) -> None:
    shapes = rdflib.Graph().parse(data=document_shapes(NAME, schema(kind)), format="turtle")
    for document in _documents().get(kind, [])[:1]:
        told = rdflib.Graph().parse(data="".join(triples(document)), format="nt")
        assert pyshacl.validate(told, shacl_graph=shapes)[0]
        required = schema(kind)["required"]
        created = rdflib.URIRef(
            TERMS["dcterms:created" if "dcterms:created" in required else "schema:dateCreated"].iri
        )
        subject = rdflib.URIRef(document["@id"])
        told.remove((subject, created, None))
        assert not pyshacl.validate(told, shacl_graph=shapes)[0]
        told.set((subject, created, rdflib.Literal("some day")))
        assert not pyshacl.validate(told, shacl_graph=shapes)[0]


def test_nodes_below_are_judged_by_the_shape_of_their_class() -> None:
    shapes = compile_shapes(document_shapes(NAME, schema("specimen")))
    document = next(one for one in _documents()["specimen"] if one.get("ods:hasEvents"))
    lines = "".join(triples(document))
    (event, *_) = [line for line in lines.splitlines() if "#event" in line and "rdf-syntax" in line]
    broken = lines.replace(event, event.replace("terms/Event>", "terms/Location>"))
    assert broken != lines
    assert shapes.validate_text(broken).results
