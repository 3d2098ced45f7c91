"""The W3C face keeps the model's rules, and says all that is stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from fdo.representations.annotation.w3c import to_w3c
from fdo.representations.annotation.words import CONTEXT
from ontologies.schemas import validator
from tests.fdo.representations.annotation.made import PID, SAMPLES, any_annotation, drafted, stored
from tests.fdo.representations.annotation.w3c_schemas import broken, musts

ANY = settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))


def test_all_musts_of_the_model_are_asked(shared_data: Path) -> None:
    assert len(musts(shared_data, "annotations")) == 54


def test_the_schemas_find_what_breaks_the_model(shared_data: Path) -> None:
    face = to_w3c(stored(drafted(SAMPLES["comment"])))
    face["bodyValue"] = "a second body"
    assert broken(shared_data, "annotations", face) == ["3.2.5-notBodyBodyValue"]


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_keep_every_must(name: str, shared_data: Path) -> None:
    face = to_w3c(stored(drafted(SAMPLES[name])))
    assert face["id"] == PID
    assert CONTEXT in face["@context"]
    assert broken(shared_data, "annotations", orjson.loads(orjson.dumps(face))) == []


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_are_read_back_as_they_are_stored(name: str) -> None:
    draft = drafted(SAMPLES[name])
    assert drafted(to_w3c(stored(draft)), own=PID) == draft


@ANY
@given(sent=any_annotation())
def test_any_annotation_keeps_every_must_and_comes_back(
    sent: dict[str, Any], shared_data: Path
) -> None:
    draft = drafted(sent)
    document = orjson.loads(orjson.dumps(stored(draft)))
    assert validator("annotation").is_valid(document)
    face = orjson.loads(orjson.dumps(to_w3c(document)))
    assert broken(shared_data, "annotations", face) == []
    assert drafted(face, own=PID) == draft


@ANY
@given(sent=any_annotation())
def test_a_stored_document_is_read_as_it_is(sent: dict[str, Any]) -> None:
    draft = drafted(sent)
    assert drafted(stored(draft), own=PID) == draft
