"""The definitions as documents: what stands in the registers, said as FAIR Digital Objects.

A profile carries its JSON Schema whole, what it inherits included, so that any version of it can
judge a record without looking anywhere else.

>>> found = definitions("20.5000.5072")
>>> found[0].kind, found[0].key, found[0].document["col:valueIndex"]
('fdo-attribute', 'fdoProfile', 1)
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fdo.catalogue import OBJECT_TYPES, ObjectType
from fdo.definitions.attributes import ATTRIBUTES, Attribute
from fdo.definitions.names import KINDS, definition_pid
from fdo.definitions.operations import OPERATIONS, Operation
from fdo.definitions.profiles import PROFILES, Profile, effective, profile_of
from fdo.documents import Document
from fdo.identifiers import Pid
from ontologies.terms import iri

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition: an object type, what it defines, its PID and its document."""

    kind: str
    key: str
    pid: Pid
    document: Document


def definitions(prefix: str) -> list[Definition]:
    """All definitions of a repository with this Handle prefix, each after those it names."""
    return [one for kind in KINDS for one in _OF[kind](prefix)]


def record_schema(profile: Profile, pid: str) -> dict[str, Any]:
    """The JSON Schema of records of a profile, as `/{pid}/record` gives them."""
    mandatory, optional = effective(profile)
    known = {name: ATTRIBUTES[name] for name in (*mandatory, *optional)}
    properties = {name: one.schema for name, one in known.items() if not one.handle_only}
    followers = {kind.fdo_profile for kind in OBJECT_TYPES.values() if _follows(kind, profile)}
    if len(followers) == 1:
        properties["fdoProfile"] = {"const": followers.pop()}
    return {
        "$schema": DIALECT,
        "$id": pid,
        "title": profile.title,
        "description": profile.definition,
        "type": "object",
        "properties": dict(sorted(properties.items())),
        "required": sorted(name for name in mandatory if name in properties),
        "additionalProperties": False,
    }


def _follows(kind: ObjectType, profile: Profile) -> bool:
    return profile_of(kind.name) == profile.key


def _document(kind: str, key: str, title: str, said: str, **more: Any) -> Document:
    given = {f"col:{name}": value for name, value in more.items() if value not in (None, [])}
    return {
        "@type": OBJECT_TYPES[kind].rdf_type,
        "ods:status": "Active",
        "schema:name": title,
        "schema:description": said,
        "col:key": key,
        **given,
    }


def _attributes(prefix: str) -> Iterator[Definition]:
    for name, row in ATTRIBUTES.items():
        yield _definition(prefix, "fdo-attribute", name, _attribute(row))


def _attribute(row: Attribute) -> Document:
    return _document(
        "fdo-attribute",
        row.name,
        row.name,
        row.definition,
        valueIndex=row.index,
        valueSchema=row.schema,
        cardinality=row.cardinality,
    )


def _profiles(prefix: str) -> Iterator[Definition]:
    for key, profile in PROFILES.items():
        yield _definition(prefix, "fdo-profile", key, _profile(prefix, profile))


def _profile(prefix: str, profile: Profile) -> Document:
    def named(names: tuple[str, ...]) -> list[str]:
        return [definition_pid(prefix, "fdo-attribute", name).iri for name in names]

    pid = definition_pid(prefix, "fdo-profile", profile.key).iri
    parent = profile.inherits and definition_pid(prefix, "fdo-profile", profile.inherits).iri
    return _document(
        "fdo-profile",
        profile.key,
        profile.title,
        profile.definition,
        registeredAs=profile.registered,
        inheritsFrom=parent,
        mandatoryAttribute=named(profile.mandatory),
        optionalAttribute=named(profile.optional),
        denyAdditionalAttributes=True,
        recordSchema=record_schema(profile, pid),
    )


def _operations(prefix: str) -> Iterator[Definition]:
    for key, operation in OPERATIONS.items():
        yield _definition(prefix, "fdo-operation", key, _operation(operation))


def _operation(operation: Operation) -> Document:
    return _document(
        "fdo-operation",
        operation.key,
        operation.title,
        operation.definition,
        valueSchema={
            "$schema": DIALECT,
            "type": "object",
            "properties": operation.attributes,
            "additionalProperties": False,
        },
    )


def _types(prefix: str) -> Iterator[Definition]:
    for name, kind in OBJECT_TYPES.items():
        yield _definition(prefix, "fdo-type", name, _type(prefix, kind))


def _type(prefix: str, kind: ObjectType) -> Document:
    title = kind.label[0].upper() + kind.label[1:]
    return _document(
        "fdo-type",
        kind.name,
        title,
        f"The type of objects whose documents are of the class {kind.rdf_type}.",
        registeredAs=kind.fdo_type if kind.fdo_type.startswith("https://") else None,
        recordProfile=definition_pid(prefix, "fdo-profile", profile_of(kind.name)).iri,
        documentClass=iri(kind.rdf_type),
        operation=[
            definition_pid(prefix, "fdo-operation", key).iri
            for key, operation in OPERATIONS.items()
            if not operation.of_service
        ],
    )


def _definition(prefix: str, kind: str, key: str, document: Document) -> Definition:
    return Definition(kind, key, definition_pid(prefix, kind, key), document)


_OF = {
    "fdo-attribute": _attributes,
    "fdo-operation": _operations,
    "fdo-profile": _profiles,
    "fdo-type": _types,
}
