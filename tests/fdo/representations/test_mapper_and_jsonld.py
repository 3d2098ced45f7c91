"""The mapper and the JSON-LD form say the same, whoever reads the JSON-LD."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdo.errors import InvalidDocument
from fdo.representations.jsonld import to_jsonld
from fdo.representations.nquads import quads, triples
from ontologies.jsonld import context, to_nquads
from ontologies.terms import DOCUMENT_TERMS
from tests.fdo.representations.documents import BOTANY, PID, WRITTEN, ZOOLOGY, documents, specimen

CONTEXT = "https://collectome.example/contexts/opends.jsonld"


def lines_of(text: bytes, once: bool = False) -> list[str]:
    """Sorted lines; `splitlines` would also split at U+2028 and the like."""
    lines = [f"{line}\n" for line in text.decode().split("\n")[:-1]]
    return sorted(set(lines) if once else lines)


def lines_by_pyoxigraph(document: dict[str, Any]) -> list[str]:
    inlined = orjson.dumps(to_jsonld(document, context()))
    found = ox.parse(inlined, format=ox.RdfFormat.JSON_LD)
    text = ox.serialize(found, format=ox.RdfFormat.N_QUADS)
    return lines_of(text or b"", once=True)


def canonical(nquads: str) -> list[str]:
    """PyLD escapes fewer characters than canonical N-Quads asks for (RDFC-1.0 test 060)."""
    found = ox.parse(nquads, format=ox.RdfFormat.N_QUADS)
    text = ox.serialize(found, format=ox.RdfFormat.N_QUADS)
    return lines_of(text or b"")


def all_readings_agree(document: dict[str, Any]) -> None:
    lines = triples(document)
    assert len(set(lines)) == len(lines), "each triple once"
    assert sorted(lines) == lines_by_pyoxigraph(document)
    assert sorted(lines) == canonical(to_nquads(to_jsonld(document, CONTEXT)))
    assert "_:" not in {line.split(" ")[2][:2] for line in lines}, "no blank nodes"
    assert all(line.startswith((f"<{document['@id']}>", f"<{document['@id']}#")) for line in lines)


@pytest.mark.parametrize(
    "document", WRITTEN, ids=lambda d: d.get("ods:topicDiscipline", d["@type"])
)
def test_three_readings_of_a_document_written_by_hand_are_one(document: dict[str, Any]) -> None:
    all_readings_agree(document)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents())
def test_three_readings_of_any_document_are_one(document: dict[str, Any]) -> None:
    document = orjson.loads(orjson.dumps(document))
    all_readings_agree(document)


def known_terms_only(node: Any) -> Any:
    """A tolerant reader's view of an example: keys that no schema of openDS knows are dropped."""
    if isinstance(node, dict):
        known = {k: known_terms_only(v) for k, v in node.items() if k in DOCUMENT_TERMS or "@" in k}
        return {k: v for k, v in known.items() if k != "ods:term" or isinstance(v, str)}
    return [known_terms_only(item) for item in node] if isinstance(node, list) else node


def examples(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(folder.glob("openDS/fdo-type/**/examples/*.json")):
        yield file.name, {"@type": "ods:DigitalSpecimen"} | json.loads(file.read_text())


def test_three_readings_of_every_opends_example_are_one(shared_data: Path) -> None:
    seen = 0
    for name, example in examples(shared_data):
        document = known_terms_only(example)
        document["@id"] = document.get("@id", PID)
        if not document["@id"].startswith("http"):
            document["@id"] = f"urn:uuid:{document['@id']}"
        all_readings_agree(document)
        seen += 1
        assert len(triples(document)) > 1, name
    assert seen >= 35


def test_a_key_that_the_table_does_not_know_is_refused_by_name() -> None:
    for write in (triples, lambda d: to_jsonld(d, CONTEXT)):
        with pytest.raises(InvalidDocument, match="dwc:shoeSize"):
            write({"@id": PID, "ods:hasEvents": [{"dwc:shoeSize": 43}]})


def test_an_object_where_a_plain_value_belongs_is_refused() -> None:
    for write in (triples, lambda d: to_jsonld(d, CONTEXT)):
        with pytest.raises(InvalidDocument, match="dwc:country"):
            write({"@id": PID, "dwc:country": {"dwc:country": "Malta"}})


def test_a_document_without_a_name_is_refused() -> None:
    for name in (None, "", "10.5072/AAA-BBB-CCC", "https://doi.org/a b"):
        with pytest.raises(InvalidDocument, match="@id"):
            triples({"@id": name})


def test_the_id_of_a_foreign_node_is_no_subject_but_said_to_be_the_same() -> None:
    orcid = "https://orcid.org/0000-0002-1825-0097"
    assert triples({"@id": PID, "ods:hasAgents": [{"@id": orcid}]}) == [
        f"<{PID}> <http://rs.dissco.eu/opends/terms/hasAgents> <{PID}#agent-1> .\n",
        f"<{PID}#agent-1> <http://schema.org/sameAs> <{orcid}> .\n",
    ]


def test_a_point_in_wgs84_is_also_a_geometry() -> None:
    text = "".join(triples(BOTANY))
    assert '"POINT(26.72 58.38)"^^<http://www.opengis.net/ont/geosparql#wktLiteral>' in text
    assert f"<{PID}#event-1-location-georeference-geometry>" in text


def test_a_point_of_another_datum_is_none_of_wgs84() -> None:
    text = "".join(triples(ZOOLOGY))
    assert "POINT(151.2 -33)" in text
    assert text.count("wktLiteral") == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2), documents())
def test_arrays_are_sets_and_the_order_of_keys_says_nothing(turn: int, document: Any) -> None:
    keys = list(document)
    turned = {key: document[key] for key in keys[turn:] + keys[:turn]}
    assert sorted(triples(turned)) == sorted(triples(document))


def test_one_changed_value_is_one_changed_line() -> None:
    moved = json.loads(json.dumps(BOTANY))
    moved["ods:hasEvents"][0]["ods:hasLocation"]["dwc:country"] = "Latvia"
    assert len(set(triples(moved)) ^ set(triples(BOTANY))) == 2


def test_values_keep_their_kinds() -> None:
    xsd = "http://www.w3.org/2001/XMLSchema#"
    document = {
        "@id": PID,
        "dwc:decimalLatitude": 52,
        "dwc:year": 1901,
        "ods:isMarkedAsType": True,
        "dcterms:created": "2026-03-02T09:00:00.000Z",
        "dcterms:modified": "2026-02-30T09:00:00.000Z",
        "dwc:eventDate": "2026-03-02T09:00:00.000Z",
        "dcterms:license": "CC0 1.0",
    }
    assert [line.split("> ", 2)[2] for line in triples(document)] == [
        f'"5.2E1"^^<{xsd}double> .\n',
        f'"1901"^^<{xsd}integer> .\n',
        f'"true"^^<{xsd}boolean> .\n',
        f'"2026-03-02T09:00:00.000Z"^^<{xsd}dateTime> .\n',
        '"2026-02-30T09:00:00.000Z" .\n',
        '"2026-03-02T09:00:00.000Z" .\n',
        '"CC0 1.0" .\n',
    ]


def test_lines_move_into_a_named_graph_whole() -> None:
    lines = triples(specimen("Botany"))
    moved = quads(lines, "urn:collectome:graph:records")
    parsed = list(ox.parse("".join(moved), format=ox.RdfFormat.N_QUADS))
    assert len(parsed) == len(lines)
    assert {quad.graph_name.value for quad in parsed} == {"urn:collectome:graph:records"}
