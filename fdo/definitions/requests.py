"""An operation as SHACL: the rules of its JSON Schema, for the attributes of a request as RDF.

A request becomes RDF by one line of context, which makes a fragment of the operation's name of
each attribute:

    {"@context": {"@vocab": "https://hdl.handle.net/20.5/ABC#"}, "@type": "Request", "version": 2}

>>> text = request_shapes("https://hdl.handle.net/20.5/ABC", "Update", {
...     "properties": {"version": {"type": "integer", "minimum": 1}}})
>>> "sh:path <https://hdl.handle.net/20.5/ABC#version> ; sh:maxCount 1 ; " in text
True
>>> "sh:datatype xsd:integer ; sh:minInclusive 1 ]" in text
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

import orjson

from fdo.representations.lexical import quoted
from ontologies.prefixes import PREFIXES

Rule = Mapping[str, Any]

_HEAD: Final = f"""@prefix rdf: <{PREFIXES["rdf"]}> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <{PREFIXES["xsd"]}> .
"""
_READ_AS: Final = (
    "The attributes of a request, read as JSON-LD of the type Request with the @vocab {}."
)
_DATATYPES: Final = {"boolean": "xsd:boolean", "integer": "xsd:integer", "string": "xsd:string"}


def request_shapes(name: str, title: str, schema: Rule) -> str:
    """The shapes, in Turtle, of requests of the operation with this name (an IRI), title and JSON
    Schema (SHACL 2)."""
    vocabulary = f"{name}#"
    rules = [
        f"sh:name {quoted(title)}",
        f"sh:description {quoted(_READ_AS.format(vocabulary))}",
        f"sh:targetClass <{vocabulary}Request>",
        *_members(vocabulary, schema),
    ]
    return f"{_HEAD}\n<{vocabulary}shape> a sh:NodeShape ;\n  " + " ;\n  ".join(rules) + " .\n"


def _members(vocabulary: str, schema: Rule) -> Iterator[str]:
    """What an object says: each member once, as far as it may be repeated at all."""
    mandatory = schema.get("required", ())
    for key, rule in schema.get("properties", {}).items():
        told = " ; ".join(_property(vocabulary, key, rule, key in mandatory))
        yield f"sh:property [ {told} ]"
    if schema.get("additionalProperties") is False:
        yield "sh:closed true ; sh:ignoredProperties ( rdf:type )"


def _property(vocabulary: str, key: str, rule: Rule, mandatory: bool) -> Iterator[str]:
    """One member; a list of values is a set in RDF."""
    yield f"sh:path <{vocabulary}{quote(key, safe='')}>"
    if mandatory:
        yield "sh:minCount 1"
    if rule.get("type") == "array":
        rule = rule.get("items", {})
    else:
        yield "sh:maxCount 1"
    yield from _value(vocabulary, rule)


def _value(vocabulary: str, rule: Rule) -> Iterator[str]:
    if "anyOf" in rule:
        ways = (f"[ {' ; '.join(_value(vocabulary, one))} ]" for one in rule["anyOf"])
        yield f"sh:or ( {' '.join(ways)} )"
    elif "enum" in rule:
        yield f"sh:in ( {' '.join(_literal(one) for one in rule['enum'])} )"
    elif rule.get("type") == "object":
        yield "sh:nodeKind sh:BlankNodeOrIRI"
        yield from _members(vocabulary, rule)
    elif datatype := _DATATYPES.get(rule.get("type", "")):
        yield f"sh:datatype {datatype}"
    for bound in ("minimum", "maximum"):
        if bound in rule:
            yield f"sh:{bound[:3]}Inclusive {rule[bound]}"


def _literal(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else orjson.dumps(value).decode()
