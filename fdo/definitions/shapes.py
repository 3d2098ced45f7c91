"""A profile or an attribute as SHACL: the rules of its JSON Schema, for records as RDF; of an
attribute that only the Handle has, for the values of Handles.

>>> from fdo.definitions.documents import record_schema
>>> from fdo.definitions.profiles import PROFILES
>>> text = record_shapes(record_schema(PROFILES["specimen"], "https://hdl.handle.net/20.5/A"))
>>> "sh:path col:specimenHost ; sh:minCount 1 ; sh:maxCount 1 ; sh:nodeKind sh:IRI" in text
True
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fdo.definitions.attributes import ATTRIBUTES
from fdo.definitions.requests import handle_shapes, occurring
from fdo.representations.lexical import quoted
from fdo.representations.record import term_of
from ontologies.prefixes import PREFIXES
from ontologies.term import Kind, Term

_HEAD = f"""@prefix col: <{PREFIXES["col"]}> .
@prefix rdf: <{PREFIXES["rdf"]}> .
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <{PREFIXES["xsd"]}> .
"""
_DATATYPES = {"boolean": "xsd:boolean", "integer": "xsd:integer"}


def record_shapes(schema: Mapping[str, Any]) -> str:
    """The shapes, in Turtle, of records of the profile with this JSON Schema."""
    name = schema["$id"]
    rules = [f"  sh:property <{name}#{_fragment(attribute)}>" for attribute in schema["properties"]]
    if schema.get("additionalProperties") is False:
        rules.append("  sh:closed true ;\n  sh:ignoredProperties ( rdf:type )")
    said = [
        f"<{name}#shape> a sh:NodeShape",
        f"  sh:name {quoted(schema['title'])}",
        "  sh:targetSubjectsOf col:fdoProfile",
        *rules,
    ]
    shape = " ;\n".join(said) + " .\n"
    mandatory = set(schema["required"])
    parts = [
        f"<{name}#{_fragment(attribute)}> "
        f"{' ; '.join(_rules(attribute, rule, attribute in mandatory))} .\n"
        for attribute, rule in schema["properties"].items()
    ]
    return "\n".join((_HEAD, shape, "".join(parts)))


def is_filled(attribute: str) -> bool:
    """Whether records or Handles here bear an attribute, so that a shape can speak of it; one that
    is defined in a log of another release may be unknown to this one."""
    return attribute in ATTRIBUTES


def value_shapes(name: str, attribute: str, schema: Mapping[str, Any]) -> str:
    """The shapes, in Turtle, of what an attribute says wherever a record, or else a Handle, bears
    it."""
    known = ATTRIBUTES[attribute]
    if known.handle_only:
        return handle_shapes(name, attribute, known.index, schema)
    own = f"<{name}#{_fragment(attribute)}>"
    shape = (
        f"<{name}#shape> a sh:NodeShape ;\n  sh:name {quoted(attribute)} ;\n"
        f"  sh:targetSubjectsOf {term_of(attribute).key} ;\n  sh:property {own} .\n"
    )
    return "\n".join((_HEAD, shape, f"{own} {' ; '.join(_rules(attribute, schema, False))} .\n"))


def _rules(attribute: str, rule: Mapping[str, Any], mandatory: bool) -> Iterator[str]:
    term = term_of(attribute)
    said, rule = occurring(term.key, rule, mandatory)
    yield from said
    if "const" in rule:
        yield f"sh:hasValue {_value(term, rule['const'])}"
    elif "enum" in rule:
        yield f"sh:in ( {' '.join(_value(term, one) for one in rule['enum'])} )"
    elif rule.get("format") == "iri" and term.kind is Kind.IRI:
        yield "sh:nodeKind sh:IRI"
    elif rule.get("format") == "date-time":
        yield "sh:datatype xsd:dateTime"
    elif datatype := _DATATYPES.get(str(rule.get("type"))):
        yield f"sh:datatype {datatype}"
    if "minimum" in rule:
        yield f"sh:minInclusive {rule['minimum']}"


def _value(term: Term, value: str) -> str:
    return f"<{value}>" if term.kind is Kind.IRI else quoted(value)


def _fragment(attribute: str) -> str:
    return term_of(attribute).key.partition(":")[2]
