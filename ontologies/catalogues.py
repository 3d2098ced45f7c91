"""Vocabularies in which the server describes itself and its datasets, beside those of documents.

`CATALOGUE` are the namespaces, `CATALOGUE_TERMS` every class and property of them that is
written; the tests hold the catalogue to that list.

>>> term("dcat:Dataset")
'http://www.w3.org/ns/dcat#Dataset'
"""

from __future__ import annotations

from typing import Final

from ontologies.prefixes import PREFIXES

CATALOGUE: Final = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "hydra": "http://www.w3.org/ns/hydra/core#",
    "void": "http://rdfs.org/ns/void#",
}
"""DCAT 3 (W3C, 2024), FOAF, Hydra for the pages of a catalogue, VoID."""

CATALOGUE_TERMS: Final = (
    "dcat:Catalog", "dcat:DataService", "dcat:Dataset", "dcat:Distribution",
    "dcat:accessService", "dcat:accessURL", "dcat:bbox", "dcat:dataset", "dcat:distribution",
    "dcat:downloadURL", "dcat:endDate", "dcat:endpointDescription", "dcat:endpointURL",
    "dcat:hasCurrentVersion", "dcat:keyword", "dcat:landingPage", "dcat:mediaType",
    "dcat:servesDataset", "dcat:service", "dcat:startDate", "dcat:version",
    "dcterms:Location", "dcterms:PeriodOfTime", "dcterms:conformsTo", "dcterms:description",
    "dcterms:identifier", "dcterms:issued", "dcterms:license", "dcterms:modified",
    "dcterms:publisher", "dcterms:spatial", "dcterms:temporal", "dcterms:title",
    "foaf:Organization", "foaf:homepage", "foaf:name",
    "hydra:PartialCollectionView", "hydra:next", "hydra:previous", "hydra:totalItems",
    "rdf:type", "rdfs:seeAlso",
    "void:Dataset", "void:class", "void:classPartition", "void:dataDump", "void:entities",
    "void:sparqlEndpoint",
)  # fmt: skip
"""What the catalogue says, by CURIE."""

_NAMESPACES: Final = {**PREFIXES, **CATALOGUE}


def term(curie: str) -> str:
    """The IRI of a term of the catalogue; KeyError for one that is not declared above."""
    if curie not in CATALOGUE_TERMS:
        raise KeyError(curie)
    prefix, _, name = curie.partition(":")
    return _NAMESPACES[prefix] + name
