"""A type of object as SHACL: the rules of its JSON Schema, for documents as RDF.

One node shape for the object and one for each class of nodes below it, all named by fragments of
the type's PID. What RDF cannot tell (the order of a list, keys that are none of ours, which an
unknown term would be refused for) stays with the JSON Schema.

>>> from ontologies.schemas import schema
>>> text = document_shapes("https://hdl.handle.net/20.5/ABC", schema("annotation"))
>>> "sh:path ods:version ; sh:minCount 1 ; sh:maxCount 1 ; sh:datatype xsd:integer" in text
True
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fdo.representations.lexical import quoted
from fdo.representations.nquads import class_iri
from ontologies.prefixes import PREFIXES
from ontologies.term import Kind
from ontologies.terms import TERMS, iri_of_value

Rule = Mapping[str, Any]

_NO_TERMS: Final = ("@id", "@type")
_NUMBERS: Final = {Kind.INTEGER: "xsd:integer", Kind.DOUBLE: "xsd:double"}
_LITERALS: Final = {"string": "xsd:string", "boolean": "xsd:boolean", "integer": "xsd:integer"}
_IRI_FORMATS: Final = ("iri", "uri")


def document_shapes(name: str, rules: Rule) -> str:
    """The shapes, in Turtle, of the documents of a type with this name (an IRI) and JSON Schema."""
    (of_object,) = _types(rules["properties"]["@type"])
    parts = [
        *_node(f"{name}#shape", name, rules, (f"sh:targetClass <{of_object}>",)),
        *(
            line
            for part, below in rules.get("$defs", {}).items()
            for line in _node(f"{name}#{part}", name, below, ())
        ),
    ]
    text = "\n".join(parts)
    used = sorted(prefix for prefix in PREFIXES if re.search(rf"(?<![\w:]){prefix}:", text))
    head = [f"@prefix {prefix}: <{PREFIXES[prefix]}> .\n" for prefix in used]
    return "".join((*head, "@prefix sh: <http://www.w3.org/ns/shacl#> .\n\n", text))


def _node(own: str, name: str, rules: Rule, more: tuple[str, ...]) -> Iterator[str]:
    """The shape of one class, and those of its properties."""
    mandatory = set(rules["required"])
    keys = [key for key in rules["properties"] if key not in _NO_TERMS]
    said = [
        f"<{own}> a sh:NodeShape",
        *more,
        *(f"sh:property <{_place(own, key)}>" for key in keys),
    ]
    if types := _types(rules["properties"].get("@type", {})):
        said.append(f"sh:property <{own}-type>")
        classes = " ".join(f"<{one}>" for one in types)
        yield f"<{own}-type> sh:path rdf:type ; sh:in ( {classes} ) .\n"
    yield " ;\n  ".join(said) + " .\n"
    for key in keys:
        told = " ; ".join(_rules(key, rules["properties"][key], key in mandatory, name))
        yield f"<{_place(own, key)}> {told} .\n"


def _types(rule: Rule) -> list[str]:
    found = rule["enum"] if "enum" in rule else [rule["const"]] if "const" in rule else []
    return [class_iri(one) for one in found]


def _place(own: str, key: str) -> str:
    return f"{own}-{key.replace(':', '-')}"


def _rules(key: str, rule: Rule, mandatory: bool, name: str) -> Iterator[str]:
    """What is said of one property; a list of values is a set in RDF."""
    yield f"sh:path {key}"
    if "array" in _list(rule.get("type")):
        if mandatory and rule.get("minItems"):
            yield "sh:minCount 1"
        rule = rule.get("items", {})
    else:
        if mandatory:
            yield "sh:minCount 1"
        yield "sh:maxCount 1"
    yield from _value(key, rule, name)


def _value(key: str, rule: Rule, name: str) -> Iterator[str]:
    kind = TERMS[key].kind
    if "$ref" in rule:
        yield f"sh:nodeKind sh:IRI ; sh:node <{name}#{rule['$ref'].rpartition('/')[2]}>"
    elif "anyOf" in rule:
        yield "sh:nodeKind sh:IRI"
    elif "enum" in rule or "const" in rule:
        values = rule["enum"] if "enum" in rule else [rule["const"]]
        yield f"sh:in ( {' '.join(_term(kind, one) for one in values)} )"
    elif kind is Kind.IRI:
        yield from ("sh:nodeKind sh:IRI",) if rule.get("format") in _IRI_FORMATS else ()
    elif kind is Kind.JSON:
        yield "sh:datatype rdf:JSON"
    elif kind is Kind.DATETIME and rule.get("format") == "date-time":
        yield "sh:datatype xsd:dateTime"
    elif rule.get("type") in ("integer", "number") and kind in _NUMBERS:
        yield f"sh:datatype {_NUMBERS[kind]}"
    elif isinstance(rule.get("type"), str) and kind is not Kind.DATETIME:
        found = _LITERALS.get(rule["type"])
        yield f"sh:datatype {found}" if found else "sh:nodeKind sh:Literal"
    if "pattern" in rule:
        yield f"sh:pattern {quoted(rule['pattern'])}"
    for bound in ("minimum", "maximum"):
        if bound in rule:
            yield f"sh:{bound[:3]}Inclusive {rule[bound]}"


def _term(kind: Kind, value: Any) -> str:
    """A value as the mapper writes it."""
    if kind is Kind.IRI and isinstance(value, str) and ":" in value:
        return f"<{iri_of_value(value)}>"
    return quoted(value) if isinstance(value, str) else str(value).lower()


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
