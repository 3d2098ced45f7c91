"""Stored bytes keep their meaning for ever: golden files, frames, and lifting old forms."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore import upcasts
from eventstore.codec import (
    TOPICS,
    UnreadableEvent,
    detail_of,
    fact_of,
    pack,
    split_topic,
    topic_of,
    unpack,
)
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import canonical
from fdo.lifecycle import Noted, Status
from tests.golden.make import facts_of

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
FILES = sorted(GOLDEN.glob("*.json"))


def stored(path: Path) -> dict[str, Any]:
    """A golden file."""
    found: dict[str, Any] = orjson.loads(path.read_bytes())
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_what_any_release_stored_still_says_what_it_said(path: Path) -> None:
    kept = stored(path)
    frame = kept["frame"] and base64.b64decode(kept["frame"])
    document = None if frame is None else unpack(frame)
    fact = fact_of(kept["topic"], kept["status"], kept["detail"], document)
    assert detail_of(fact) == kept["detail"]
    if isinstance(fact, Noted):
        assert document is None
    else:
        assert document == canonical(kept["document"])
        assert (fact.document, fact.status) == (kept["document"], Status(kept["status"]))


def test_every_topic_in_its_current_form_has_a_golden_file_of_its_name() -> None:
    current = {f"{name}.v{upcasts.CURRENT.get(name, 1)}" for name in TOPICS}
    names = {path.stem for path in FILES}
    assert current <= names
    assert {stored(path)["topic"] for path in FILES} == names


def test_no_golden_file_was_edited_or_lost() -> None:
    lines = (GOLDEN / "released.sha256").read_text().splitlines()
    released = {name: digest for digest, name in (line.split("  ") for line in lines)}
    assert {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in FILES} == released


@pytest.mark.parametrize("kind", OBJECT_TYPES)
def test_every_fact_survives_the_codec(kind: str) -> None:
    for participle, fact in facts_of(kind).items():
        topic = topic_of(kind, fact)
        assert split_topic(topic) == (kind, participle)
        if isinstance(fact, Noted):
            assert fact_of(topic, "active", detail_of(fact), None) == fact
        else:
            data = unpack(pack(canonical(fact.document)))
            assert fact_of(topic, fact.status.value, detail_of(fact), data) == fact


@given(st.binary(max_size=3000))
def test_any_bytes_survive_a_frame(data: bytes) -> None:
    assert unpack(pack(data)) == data


@pytest.mark.parametrize("frame", [b"\x01not zstandard", b"\x02neither", b"\x63unknown"])
def test_a_frame_that_cannot_be_read_says_so(frame: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        unpack(frame)


@pytest.mark.parametrize("topic", ["SpecimenVanished.v1", "fdo.lifecycle:Revised", "Specimen"])
def test_an_unknown_topic_is_told_apart_from_broken_bytes(topic: str) -> None:
    with pytest.raises(UnreadableEvent, match="newer release"):
        split_topic(topic)


def test_an_old_form_is_lifted_step_by_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(document: Any, detail: dict[str, Any]) -> Any:
        return {**document, "name": document["n"]}, {**detail, "steps": ["named"]}

    def counted(document: Any, detail: dict[str, Any]) -> Any:
        return {**document, "count": 1}, {**detail, "steps": [*detail["steps"], "counted"]}

    monkeypatch.setitem(upcasts.CURRENT, "SpecimenMerged", 3)
    monkeypatch.setitem(upcasts.STEPS, ("SpecimenMerged", 1), named)
    monkeypatch.setitem(upcasts.STEPS, ("SpecimenMerged", 2), counted)
    lifted = upcasts.upcast("SpecimenMerged.v1", {"n": "x"}, {})
    assert lifted == ({"n": "x", "name": "x", "count": 1}, {"steps": ["named", "counted"]})
    assert upcasts.upcast("SpecimenMerged.v3", {"n": "x"}, {}) == ({"n": "x"}, {})
    fact = fact_of("SpecimenMerged.v1", "tombstone", {"successor": "s"}, b'{"n":"x"}')
    assert not isinstance(fact, Noted) and fact.document["count"] == 1
    assert topic_of("specimen", fact) == "SpecimenMerged.v3"


def test_there_is_a_step_for_every_old_form() -> None:
    for name, current in upcasts.CURRENT.items():
        assert all((name, number) in upcasts.STEPS for number in range(1, current)), name
