"""A batch is recorded once, however often it is sent and wherever it is cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fdo.errors import Refused
from fdo.identifiers import Pid
from handlers.batches.errors import BatchBusy, KeyReused
from handlers.batches.quotas import QuotaSpent
from handlers.batches.recording import MANY
from handlers.batches.store import Batch
from tests.handlers.batches.posts import (
    COUNTRY,
    CURATOR,
    ROBOT,
    House,
    comment,
    comments,
    edit,
    jsonl,
    robot,
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.objects.close()


@pytest.fixture(scope="module")
def lasting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One repository for many small batches."""
    made = House(tmp_path_factory.mktemp("lasting"))
    yield made
    made.objects.close()


def cut(house: House, body: bytes, at: int) -> None:
    """The connection is lost after so many bytes."""
    with pytest.raises(ConnectionError), house.desk.receiving(
        house.desk.begin(robot(), "run-1"), robot()
    ) as posting:  # fmt: skip
        posting.feed(body[:at])
        raise ConnectionError


def told(house: House, batch: Batch) -> list[dict[str, Any]]:
    return [one.told for one in house.desk.batches.outcomes(batch.id)]


def test_each_line_is_told_and_the_good_ones_are_recorded(house: House):
    body = jsonl(comment(house.oak, "good"), {"type": "Annotation"}, edit(house.elm, "Latvia"))
    batch = house.send(body)
    assert (batch.state, batch.counts, batch.total) == ("done", {"created": 2, "refused": 1}, 3)
    first, second, third = told(house, batch)
    assert (first["outcome"], first["line"], first["version"]) == ("created", 1, 1)
    assert second["outcome"] == "refused" and second["errors"][0]["detail"] and second["nextStep"]
    known, _ = house.objects.state(Pid.parse(third["pid"]))
    assert known is not None and known.document["ods:batchID"] == batch.id
    assert known.document["dcterms:creator"][0]["schema:identifier"] == ROBOT.id


def test_the_same_body_under_the_same_key_gives_the_same_report(house: House):
    body = comments(house.oak, 2 * MANY + 7)
    first, second = house.send(body), house.send(body, part=17)
    assert first == second
    assert list(house.annotations()) == [f"remark {n}" for n in range(2 * MANY + 7)]


def test_another_body_under_the_same_key_is_refused(house: House):
    body = comments(house.oak, MANY + 5)
    house.send(body)
    before = house.log.position()
    for other in (
        comments(house.oak, MANY + 6),
        comments(house.oak, MANY + 4),
        comments(house.oak, MANY + 5, "another"),
        b"",
    ):
        with pytest.raises(KeyReused):
            house.send(other)
    assert house.log.position() == before
    assert house.send(body).state == "done"


def test_the_same_lines_under_another_key_are_duplicates_and_name_what_stands(house: House):
    house.send(comments(house.oak, 3))
    again = house.send(comments(house.oak, 3), key="run-2")
    assert again.counts == {"duplicate": 3}
    assert {one["pid"] for one in told(house, again)} == {
        event.pid_text for event in house.log.read(0, 100) if event.type == "annotation"
    }


def test_a_batch_without_a_key_is_a_new_one_each_time(house: House):
    first, second = house.send(comments(house.oak, 1), key=None), house.send(b"", key=None)
    assert first.id != second.id and (first.key, second.counts) == (None, {})


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(share=st.lists(st.floats(0, 1), min_size=1, max_size=3), data=st.data())
def test_cut_at_any_byte_and_sent_again_nothing_is_doubled_and_nothing_missing(
    tmp_path_factory: pytest.TempPathFactory, share: list[float], data: st.DataObject
):
    house = House(tmp_path_factory.mktemp("cut"))
    number = data.draw(st.sampled_from([1, MANY - 1, MANY, MANY + 1, 2 * MANY + 3]))
    body = comments(house.oak, number)
    for each in share:
        cut(house, body, int(each * len(body)))
        house.desk = house.desk_anew()
    batch = house.send(body)
    assert batch.counts == {"created": number}
    assert list(house.annotations()) == [f"remark {n}" for n in range(number)]
    house.objects.close()


class Died(BaseException):
    """The server dies here."""


@pytest.mark.parametrize("place", ["intend", "record"])
@pytest.mark.parametrize("section", [0, 1])
def test_a_server_that_dies_beside_the_log_goes_on_with_the_same_report(
    house: House, monkeypatch: pytest.MonkeyPatch, place: str, section: int
):
    body = comments(house.oak, MANY + 9) + jsonl(comment(house.oak, "remark 3"))
    real, calls = getattr(house.desk.batches, place), iter(range(100))

    def dies(*arguments: Any) -> None:
        if next(calls) == section:
            raise Died
        real(*arguments)

    monkeypatch.setattr(house.desk.batches, place, dies)
    with pytest.raises(Died):
        house.send(body)
    house.desk = house.desk_anew()
    batch = house.send(body)
    assert batch.counts == {"created": MANY + 9, "duplicate": 1}
    assert list(house.annotations()) == [f"remark {n}" for n in range(MANY + 9)]
    assert told(house, batch)[-1]["outcome"] == "duplicate"


def test_without_its_notes_a_batch_that_is_sent_again_finds_only_duplicates(house: House):
    house.send(comments(house.oak, 5))
    (house.folder / "batches.sqlite").unlink()
    assert house.desk_anew().batches.all(None, "posted") == []
    assert house.send(comments(house.oak, 5)).counts == {"duplicate": 5}


def test_while_a_batch_is_received_nobody_else_sends_it(house: House):
    batch = house.desk.begin(robot(), "run-1")
    other = house.desk_anew()
    with house.desk.receiving(batch, robot()) as posting:
        with pytest.raises(BatchBusy), other.receiving(batch, robot()):
            raise AssertionError("two at once")
        posting.end()
    assert house.send(b"").state == "done"


# ── operations ───────────────────────────────────────────────────────────────────────────


def test_what_was_sent_may_be_revised_and_withdrawn_by_lines(house: House):
    made = house.send(jsonl(comment(house.oak, "one"), comment(house.oak, "two")))
    one, two = (each["pid"] for each in told(house, made))
    changed = jsonl(
        {"op": "revise", "pid": one, "version": 1, "annotation": comment(house.oak, "eins")},
        {"op": "withdraw", "pid": two, "reason": "Wrong tree."},
        {"op": "revise", "pid": one, "version": 1, "annotation": comment(house.oak, "uno")},
        {"op": "withdraw", "pid": str(house.oak), "reason": "Not mine."},
    )
    batch = house.send(changed, key="run-2")
    assert [each["outcome"] for each in told(house, batch)] == [
        "revised", "withdrawn", "refused", "refused",
    ]  # fmt: skip
    known, _ = house.objects.state(Pid.parse(one))
    assert known is not None and known.document["oa:hasBody"][0]["rdf:value"] == "eins"


def test_changes_that_were_recorded_before_a_crash_are_told_as_done(
    house: House, monkeypatch: pytest.MonkeyPatch
):
    made = house.send(jsonl(comment(house.oak, "one"), comment(house.oak, "two")))
    one, two = (each["pid"] for each in told(house, made))
    changes = jsonl(
        {"op": "revise", "pid": one, "version": 1, "annotation": comment(house.oak, "eins")},
        {"op": "withdraw", "pid": two, "reason": "Wrong tree."},
    )

    def dies(*_: Any) -> None:
        raise Died

    monkeypatch.setattr(house.desk.batches, "record", dies)
    with pytest.raises(Died):
        house.send(changes, key="run-2")
    house.desk = house.desk_anew()
    assert house.send(changes, key="run-2").counts == {"revised": 1, "withdrawn": 1}


def test_nobody_changes_by_lines_what_another_wrote(house: House):
    (made,) = told(house, house.send(jsonl(comment(house.oak, "mine"))))
    thief = robot()
    thief = type(thief)("thief", type(ROBOT)("urn:collectome:agent:thief", "thief"))
    line = {"op": "withdraw", "pid": made["pid"], "reason": "Mine now."}
    (outcome,) = told(house, house.send(jsonl(line), by=thief))
    assert outcome["outcome"] == "refused" and "robot" not in outcome["errors"][0]["detail"]


def test_an_agent_does_not_take_back_by_a_line_what_was_accepted(house: House):
    (made,) = told(house, house.send(jsonl(edit(house.oak, "Latvia"))))
    house.desk.annotations.accept(Pid.parse(made["pid"]), CURATOR)
    line = jsonl({"op": "withdraw", "pid": made["pid"], "reason": "Wrong."})
    (refused,) = told(house, house.send(line, key="run-2"))
    assert refused["outcome"] == "refused" and "curator" in refused["errors"][0]["detail"]
    ours = robot(decides=True, organisation="https://ror.org/0566bfb96")
    (refused,) = told(house, house.send(line, key="run-3", by=ours))
    assert "https://ror.org/03z77qz90" in refused["errors"][0]["detail"]
    assert house.send(line, key="run-4", by=robot(decides=True)).counts == {"withdrawn": 1}


def test_what_is_about_objects_of_two_institutions_is_not_taken_back_by_one(house: House):
    other = house.specimen("X-1", **{"ods:organisationID": "https://ror.org/0566bfb96"})
    selector = {"type": "ods:TermSelector", "ods:term": COUNTRY}
    both = {
        "type": "Annotation",
        "motivation": "editing",
        "target": [{"source": house.oak.iri, "selector": selector}, other.iri],
        "body": {"type": "TextualBody", "value": "Latvia"},
    }
    (made,) = told(house, house.send(jsonl(both)))
    house.desk.annotations.accept(Pid.parse(made["pid"]), CURATOR)
    line = jsonl({"op": "withdraw", "pid": made["pid"], "reason": "Wrong."})
    ours = robot(decides=True, organisation="https://ror.org/03z77qz90")
    (refused,) = told(house, house.send(line, key="run-2", by=ours))
    assert "https://ror.org/0566bfb96" in refused["errors"][0]["detail"]


# ── who may ──────────────────────────────────────────────────────────────────────────────


def test_a_line_beyond_the_scopes_is_refused_and_the_others_are_recorded(house: House):
    body = jsonl(comment(house.oak, "fine"), edit(house.oak, "Latvia"))
    batch = house.send(body, by=robot("motivation:commenting"))
    assert batch.counts == {"created": 1, "refused": 1}
    assert "motivation:editing" in told(house, batch)[1]["errors"][0]["detail"]


def test_a_token_of_an_institution_annotates_its_objects_only(house: House):
    other = house.specimen("X-1", **{"ods:organisationID": "https://ror.org/0566bfb96"})
    body = jsonl(comment(house.oak, "ours"), comment(other, "theirs"))
    batch = house.send(body, by=robot(organisation="https://ror.org/03z77qz90"))
    assert [one["outcome"] for one in told(house, batch)] == ["created", "refused"]


@pytest.mark.parametrize(
    ("creator", "scopes", "became"),
    [
        ({"id": CURATOR.id, "type": "Person"}, (), "refused"),
        ({"id": CURATOR.id, "type": "Person"}, ("creator:*",), "created"),
        ({"id": ROBOT.id, "type": "Software"}, (), "created"),
        ({"type": "Software", "name": "ocr"}, (), "created"),
    ],
)  # fmt: skip
def test_an_agent_speaks_in_its_own_name_unless_it_may_use_another(
    house: House, creator: dict[str, str], scopes: tuple[str, ...], became: str
):
    line = {**comment(house.oak, "signed"), "creator": creator}
    (outcome,) = told(house, house.send(jsonl(line), by=robot(*scopes)))
    assert outcome["outcome"] == became
    if became == "created":
        known, _ = house.objects.state(Pid.parse(outcome["pid"]))
        assert known is not None
        (node,) = known.document["dcterms:creator"]
        assert node["schema:identifier"] == creator.get("id", ROBOT.id)


# ── quotas ───────────────────────────────────────────────────────────────────────────────


def test_who_has_used_a_minute_goes_on_in_the_next(house: House):
    by = robot(quotas=["3/minute", "7/day"])
    body = comments(house.oak, 8)
    with pytest.raises(QuotaSpent) as spent:
        house.send(body, by=by)
    assert spent.value.details["policy"] == "annotations-per-minute"
    assert len(list(house.annotations())) == 3
    house.now += 60
    with pytest.raises(QuotaSpent):
        house.send(body, by=by)
    house.now += 60
    with pytest.raises(QuotaSpent) as spent:
        house.send(body, by=by)
    assert spent.value.details["policy"] == "annotations-per-day"
    house.now += 86_400
    assert house.send(body, by=by).counts == {"created": 8}
    assert len(list(house.annotations())) == 8


@given(sizes=st.lists(st.integers(0, 30), min_size=1, max_size=6))
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_quota_is_never_overdrawn_whatever_is_sent(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
):
    house = House(tmp_path_factory.mktemp("quota"))
    by = robot(quotas=["40/day"])
    for number, size in enumerate(sizes):
        body = comments(house.oak, size, f"batch {number}")
        try:
            house.send(body, key=f"k{number}", by=by)
        except QuotaSpent:
            assert sum(sizes[: number + 1]) > 40
    assert len(list(house.annotations())) == min(40, sum(sizes))
    house.objects.close()


# ── hostile lines ────────────────────────────────────────────────────────────────────────


def test_hostile_lines_are_refused_one_by_one(house: House):
    hostile = [
        b'{"a":' * 5000 + b"1" + b"}" * 5000,
        b"\xff\xfe\x00\x01",
        b'{"type": "Annotation", "motivation": "commenting", "target": "' + b"x" * 400_000 + b'"}',
        json.dumps({**comment(house.oak, "nul \0")}).encode(),
        b"[" * 100,
        b'{"op": "withdraw", "pid": "../../etc/passwd", "reason": "x"}',
        json.dumps({**comment(house.oak, "x"), "target": "javascript:alert(1)"}).encode(),
        json.dumps({**comment(house.oak, "x"), "target": "https://doi.org/10.5072/NO0-NO0-NO0"}).encode(),
    ]  # fmt: skip
    body = b"\n".join([*hostile, jsonl(comment(house.oak, "good")).strip()])
    batch = house.send(body)
    assert batch.counts == {"refused": len(hostile), "created": 1}
    assert all(one["errors"] for one in told(house, batch)[:-1])


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    node=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["id", "type", "motivation", "target", "body", "creator", "selector", "source",
                 "oa:hasTarget", "oa:hasBody", "oa:motivation", "op", "pid", "dcterms:creator"]
            ),
            inner,
            max_size=5,
        ),
        max_leaves=12,
    )
)  # fmt: skip
def test_no_line_brings_a_batch_down(lasting: House, node: Any):
    batch = lasting.send(jsonl(node, comment(lasting.oak, "good")), key=None)
    assert batch.lines == 2
    assert told(lasting, batch)[-1]["outcome"] in ("created", "duplicate")


def test_an_edit_knows_its_place(house: House):
    batch = house.send(jsonl(edit(house.oak, "Latvia"), edit(house.oak, "x", COUNTRY + "['no']")))
    assert batch.counts == {"created": 1, "refused": 1}
    with pytest.raises(Refused):
        house.desk.ask_undo(house.desk.batches.move(batch.id, "running"), "robot", "x")
