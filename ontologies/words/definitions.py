"""`col:` words in which definitions of FDO profiles, types, attributes and operations are said.

The only words of ours that stand in documents: no standard has them (the FDO architecture
specification names the things, and leaves their form open).
"""

from __future__ import annotations

from ontologies.term import Kind
from ontologies.words.tables import own_terms

TERMS = (
    *own_terms("col", Kind.BOOLEAN, {
        "denyAdditionalAttributes": "Whether records of a profile may have no other attributes.",
    }),
    *own_terms("col", Kind.INTEGER, {
        "valueIndex": "Place of an attribute among the values of a Handle.",
    }),
    *own_terms("col", Kind.IRI, {
        "documentClass": "Class of the documents of a type of object.",
        "inheritsFrom": "Profile whose attributes a profile takes over.",
        "mandatoryAttribute": "Attribute that every record of a profile has.",
        "operation": "Operation that objects of a type understand.",
        "optionalAttribute": "Attribute that records of a profile may have.",
        "recordProfile": "Profile that the records of a type of object follow.",
        "registeredAs": "Identifier of the same definition in the type registry.",
    }),
    *own_terms("col", Kind.JSON, {
        "recordSchema": "JSON Schema of the records of a profile, with all that it inherits.",
        "valueSchema": "JSON Schema of the values of an attribute, or of a request.",
    }),
    *own_terms("col", Kind.LITERAL, {
        "cardinality": "How many values an attribute takes.",
        "key": "Name by which records and requests call what is defined.",
    }),
)  # fmt: skip
