"""JSON that is no RDF of its own as SHACL: requests of an operation, and values of a Handle.

A request becomes RDF by one line of context, which makes a fragment of the operation's name of
each attribute:

    {"@context": {"@vocab": "https://hdl.handle.net/20.5/ABC#"}, "@type": "Request", "version": 2}

A value that only the Handle has, such as HS_ADMIN, becomes RDF in the same way, as the Handle API
writes it, with the type Value.

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
_REQUEST: Final = (
    "The attributes of a request, read as JSON-LD of the type Request with the @vocab {}."
)
_VALUE: Final = (
    "A value of a Handle as the Handle API writes it, read as JSON-LD of the type Value with the "
    "@vocab {}."
)
_DATATYPES: Final = {"boolean": "xsd:boolean", "integer": "xsd:integer", "string": "xsd:string"}
_SCHEME: Final = "^[A-Za-z][A-Za-z0-9+.-]*:"
"""How an IRI begins (RFC 3987, 2.2): to JSON it is a string like any other."""


def request_shapes(name: str, title: str, schema: Rule) -> str:
    """The shapes, in Turtle, of requests of the operation with this name (an IRI), title and JSON
    Schema (SHACL 2)."""
    return _shapes(name, title, ("Request", _REQUEST), schema)


def handle_shapes(name: str, title: str, index: int, schema: Rule) -> str:
    """The shapes, in Turtle, of the values that the attribute with this name (an IRI), title, index
    and JSON Schema has in a Handle (RFC 3651, 3.1)."""
    form = "admin" if schema.get("type") == "object" else "string"
    value = {
        "properties": {
            "index": {"enum": [index]},
            "type": {"enum": [title]},
            "data": {
                "type": "object",
                "properties": {"format": {"enum": [form]}, "value": schema},
                "required": ["format", "value"],
            },
        },
        "required": ["index", "type", "data"],
    }
    return _shapes(name, title, ("Value", _VALUE), value)


def _shapes(name: str, title: str, read_as: tuple[str, str], schema: Rule) -> str:
    """`read_as`: the class of what is judged, and how it becomes RDF."""
    vocabulary = f"{name}#"
    of, told = read_as
    rules = [
        f"sh:name {quoted(title)}",
        f"sh:description {quoted(told.format(vocabulary))}",
        f"sh:targetClass <{vocabulary}{of}>",
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


def occurring(path: str, rule: Rule, mandatory: bool) -> tuple[list[str], Rule]:
    """How often a member occurs, and the rule of one value; a list of values is a set in RDF."""
    said = [f"sh:path {path}", *(["sh:minCount 1"] if mandatory else [])]
    if rule.get("type") == "array":
        return said, rule.get("items", {})
    return [*said, "sh:maxCount 1"], rule


def _property(vocabulary: str, key: str, rule: Rule, mandatory: bool) -> Iterator[str]:
    said, rule = occurring(f"<{vocabulary}{quote(key, safe='')}>", rule, mandatory)
    yield from said
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
    if rule.get("format") == "iri":
        yield f"sh:pattern {quoted(_SCHEME)}"
    for bound in ("minimum", "maximum"):
        if bound in rule:
            yield f"sh:{bound[:3]}Inclusive {rule[bound]}"


def _literal(value: Any) -> str:
    return quoted(value) if isinstance(value, str) else orjson.dumps(value).decode()
