"""The register of object types: complete, and without two lines that say the same."""

from __future__ import annotations

import pytest

from fdo.catalogue import OBJECT_TYPES, ObjectType, type_of
from fdo.definitions.names import KINDS as DEFINITIONS
from fdo.record import ATTRIBUTES

KINDS = pytest.mark.parametrize("kind", OBJECT_TYPES.values(), ids=lambda kind: kind.name)


@KINDS
def test_a_type_is_found_by_its_name_and_by_the_type_of_its_documents(kind: ObjectType) -> None:
    assert OBJECT_TYPES[kind.name] is kind
    assert type_of({"@type": kind.rdf_type}) is kind


def test_another_document_has_no_object_type() -> None:
    assert type_of({"@type": "ods:Elsewhere"}) is None
    assert type_of({}) is None


@pytest.mark.parametrize("field", ["noun", "rdf_type", "fdo_type", "label"])
def test_no_two_types_share_a_name(field: str) -> None:
    found = [getattr(kind, field) for kind in OBJECT_TYPES.values()]
    assert len(set(found)) == len(found)


def test_only_definitions_share_a_profile() -> None:
    learning = {"ml-dataset", "ml-evaluation"}  # which share theirs with models
    found = [
        kind.fdo_profile
        for name, kind in OBJECT_TYPES.items()
        if name not in DEFINITIONS and name not in learning
    ]
    assert len(set(found)) == len(found)
    assert len({OBJECT_TYPES[name].fdo_profile for name in DEFINITIONS} - set(found)) == 1


@KINDS
def test_every_type_has_record_attributes_and_a_scheme(kind: ObjectType) -> None:
    assert ATTRIBUTES[kind.name]
    assert kind.scheme == ("doi" if kind.name in {"specimen", "media"} else "handle")


@pytest.mark.parametrize(
    ("name", "document", "claims"),
    [
        ("specimen", {"ods:normalisedPhysicalSpecimenID": "TU-1:SRC"}, ("specimen:TU-1:SRC",)),
        ("media", {"ac:accessURI": "https://e.org/1"}, ("media:https://e.org/1",)),
        ("source-system", {"schema:name": "Herbarium"}, ("source-system:Herbarium",)),
        ("data-mapping", {"schema:name": "Mapping"}, ()),
        ("saved-query", {"schema:name": "Countries"}, ()),
        ("ml-model", {"schema:name": "Reader", "col:sha256": "00ff"}, ("ml-model:00ff",)),
        ("ml-model", {"schema:name": "Reader"}, ("ml-model:Reader",)),
        ("ml-dataset", {"schema:name": "Labels"}, ("ml-dataset:Labels",)),
        (
            "ml-evaluation",
            {"schema:name": "CER", "col:model": "https://e.org/m"},
            ("ml-evaluation:https://e.org/m CER",),
        ),
        ("fdo-operation", {"col:key": "0.DOIP/Op.Hello"}, ("fdo-operation:0.DOIP/Op.Hello",)),
        (
            "fdo-type",
            {"col:key": "specimen", "col:registeredAs": "https://doi.org/21.T11148/x"},
            ("fdo-type:specimen", "definition:https://doi.org/21.T11148/x"),
        ),
    ],
)
def test_a_type_claims_what_no_two_objects_may_share(
    name: str, document: dict[str, str], claims: tuple[str, ...]
) -> None:
    assert OBJECT_TYPES[name].claims(document) == claims
