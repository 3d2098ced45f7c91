"""The definitions as documents: whole, valid, and referring to each other only."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from fdo.catalogue import OBJECT_TYPES
from fdo.definitions.attributes import ATTRIBUTES
from fdo.definitions.documents import Definition, definitions
from fdo.definitions.names import KINDS, definition_pid
from fdo.definitions.operations import OPERATIONS
from fdo.definitions.profiles import PROFILES, effective, profile_of
from fdo.lifecycle import stamped
from fdo.representations.nquads import triples
from ontologies.schemas import explain

PREFIX = "20.5000.5072"
ALL = definitions(PREFIX)
EACH = pytest.mark.parametrize("one", ALL, ids=lambda one: f"{one.kind}:{one.key}")
BY_PID = {one.pid.iri: one for one in ALL}


def profile(key: str) -> dict[str, Any]:
    found: dict[str, Any] = BY_PID[definition_pid(PREFIX, "fdo-profile", key).iri].document
    return found


def test_everything_in_the_registers_is_defined_once() -> None:
    wanted = {
        *(("fdo-attribute", name) for name in ATTRIBUTES),
        *(("fdo-operation", key) for key in OPERATIONS),
        *(("fdo-profile", key) for key in PROFILES),
        *(("fdo-type", name) for name in OBJECT_TYPES),
    }
    assert {(one.kind, one.key) for one in ALL} == wanted
    assert len(ALL) == len(BY_PID) == len(wanted)
    claims = [key for one in ALL for key in OBJECT_TYPES[one.kind].claims(one.document)]
    assert len(set(claims)) == len(claims)


@EACH
def test_a_definition_is_valid_and_speaks_rdf(one: Definition) -> None:
    document = stamped(one.document, one.pid, 1, modified="2026-03-01T00:00:00.000Z")
    assert explain(one.kind, document) == []
    assert len(triples(document)) > 5


def test_the_same_prefix_gives_the_same_pids_and_another_gives_others() -> None:
    assert [one.pid for one in definitions(PREFIX)] == [one.pid for one in ALL]
    others = {str(one.pid).partition("/")[2] for one in definitions("20.5000.1")}
    assert not others & {one.pid.suffix for one in ALL}


@EACH
def test_a_definition_comes_after_those_it_names(one: Definition) -> None:
    before = {other.pid.iri for other in ALL[: ALL.index(one)]}
    named = [
        value
        for values in one.document.values()
        for value in (values if isinstance(values, list) else [values])
        if isinstance(value, str) and value in BY_PID
    ]
    assert set(named) <= before
    assert named or one.kind in ("fdo-attribute", "fdo-operation")


def test_definitions_come_in_the_order_of_their_kinds() -> None:
    assert list(dict.fromkeys(one.kind for one in ALL)) == list(KINDS)


@pytest.mark.parametrize("key", PROFILES)
def test_a_profile_carries_what_it_inherits(key: str) -> None:
    schema = profile(key)["col:recordSchema"]
    jsonschema_rs.Draft202012Validator(schema)
    mandatory, optional = effective(PROFILES[key])
    kept = {name for name in (*mandatory, *optional) if not ATTRIBUTES[name].handle_only}
    assert set(schema["properties"]) == kept
    assert set(schema["required"]) == {name for name in mandatory if name in kept}
    if parent := PROFILES[key].inherits:
        inherited = profile(parent)["col:recordSchema"]
        assert set(inherited["required"]) <= set(schema["required"])
        assert set(inherited["properties"]) <= set(schema["properties"])


@pytest.mark.parametrize("name", OBJECT_TYPES)
def test_the_profile_of_a_type_is_the_one_its_records_name(name: str) -> None:
    kind = OBJECT_TYPES[name]
    registered = PROFILES[profile_of(name)].registered
    assert kind.fdo_profile == registered or registered is None
    schema = profile(profile_of(name))["col:recordSchema"]
    assert schema["properties"]["fdoProfile"] == {"const": kind.fdo_profile}
