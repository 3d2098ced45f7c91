"""The context says what the table says, and the loader opens nothing else."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from ontologies.jsonld import (
    CONTEXT_NAME,
    ContextRefused,
    JsonLdRefused,
    compact,
    context,
    context_document,
    expand,
    frame,
    load,
    to_nquads,
)
from ontologies.prefixes import PREFIXES
from ontologies.terms import DOCUMENT_TERMS, Kind

CONTEXT = f"https://any.example/contexts/{CONTEXT_NAME}"
FOREIGN: dict[str, Any] = {
    "@context": {"name": "http://rs.tdwg.org/dwc/terms/scientificName"},
    "@id": "https://example.org/1",
    "name": "Aus bus",
}


def test_every_key_of_a_document_means_in_json_ld_what_the_table_says() -> None:
    keys = dict.fromkeys(DOCUMENT_TERMS, "x:y")
    (node,) = expand({"@context": CONTEXT, **keys})
    assert set(node) == {term.iri for term in DOCUMENT_TERMS.values()}
    for term in DOCUMENT_TERMS.values():
        (value,) = node[term.iri]
        coerced = {Kind.IRI: {"@id": "x:y"}}.get(term.kind)
        assert coerced is None or value == coerced, term.key
        assert (term.kind is Kind.DATETIME) == (
            value.get("@type") == PREFIXES["xsd"] + "dateTime"
        ), term.key


def test_the_context_is_json_and_small_enough_to_be_fetched_often() -> None:
    assert len(orjson.dumps(context_document())) < 20_000


def test_our_context_is_found_under_any_address() -> None:
    for base in ("http://localhost:8000", "https://collectome.example/deep/below"):
        assert load(f"{base}/contexts/{CONTEXT_NAME}", {})["document"] == context_document()


@pytest.mark.parametrize(
    "url",
    [
        "https://schema.org/",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://example.org/contexts/other.jsonld",
        f"https://example.org/{CONTEXT_NAME}",
        f"https://example.org/?/contexts/{CONTEXT_NAME}",
        "opends",
    ],
)
def test_every_other_context_is_refused_by_name(url: str) -> None:
    with pytest.raises(ContextRefused, match="not kept here") as refused:
        load(url)
    assert url in str(refused.value)
    with pytest.raises(JsonLdRefused):
        expand({"@context": url, "@id": "https://example.org/1", "x": "y"})


def test_the_refused_context_is_named_to_whoever_sent_the_document() -> None:
    with pytest.raises(ContextRefused, match=r"https://schema\.org/"):
        expand({"@context": "https://schema.org/", "@id": "https://example.org/1"})


def test_json_ld_that_breaks_its_rules_is_refused() -> None:
    with pytest.raises(JsonLdRefused):
        expand({"@context": 5, "@id": "https://example.org/1"})


def test_foreign_json_ld_is_read_with_our_words() -> None:
    assert compact(FOREIGN)["dwc:scientificName"] == "Aus bus"
    assert to_nquads(FOREIGN) == (
        '<https://example.org/1> <http://rs.tdwg.org/dwc/terms/scientificName> "Aus bus" .\n'
    )


def test_arrays_of_nodes_stay_arrays_when_compacted() -> None:
    document = {"@context": CONTEXT, "ods:hasEvents": [{"dwc:sex": "female"}]}
    assert compact(document)["ods:hasEvents"] == [{"dwc:sex": "female"}]


def test_foreign_json_ld_is_framed() -> None:
    shape = {"@context": context(), "dwc:scientificName": {}}
    assert frame(FOREIGN, shape)["dwc:scientificName"] == "Aus bus"
