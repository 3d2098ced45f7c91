"""What services say, read by its form."""

from __future__ import annotations

import gzip
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.bridges.reading import MOST_BYTES, Malformed, answer
from tests.handlers.bridges.work import job_id

JOB = job_id(1)


def test_annotations_with_batch_and_model_are_read() -> None:
    said = {
        "jobId": f"https://hdl.handle.net/{JOB.lower()}",
        "annotations": [{"oa:motivation": "oa:commenting"}],
        "batchMetadata": [{"ods:placeInBatch": 1, "searchParams": []}],
        "batchId": "0f8fad5b-d9cb-469f-a165-70867728950e",
        "meta": {"executionProvider": "CPU"},
    }
    found = answer(orjson.dumps(said))
    assert (found.job, found.annotations) == (JOB, said["annotations"])
    assert (found.batch, found.batch_id) == (said["batchMetadata"], said["batchId"])
    assert found.meta == {"executionProvider": "CPU"}
    assert found.error is None


def test_an_empty_list_is_an_answer() -> None:
    found = answer(orjson.dumps({"jobId": JOB, "annotations": []}))
    assert (found.annotations, found.error) == ([], None)


@pytest.mark.parametrize("message", ["no such name", "", None, {"code": 7}])
def test_a_failure_has_a_reason_whatever_the_service_wrote(message: Any) -> None:
    found = answer(orjson.dumps({"jobId": JOB, "errorMessage": message}))
    assert found.error
    assert not found.annotations


def test_a_failure_may_come_with_no_annotations_in_so_many_words() -> None:
    said = {"jobId": JOB, "annotations": None, "errorMessage": "no such name"}
    assert answer(orjson.dumps(said)).error == "no such name"
    said |= {"annotations": [], "errorMessage": None}
    assert answer(orjson.dumps(said)).error is None


def test_a_packed_answer_is_unpacked_and_a_bomb_is_not() -> None:
    said = orjson.dumps({"jobId": JOB, "annotations": []})
    assert answer(gzip.compress(said), "gzip").job == JOB
    with pytest.raises(Malformed, match="once unpacked"):
        answer(gzip.compress(b" " * (MOST_BYTES + 1)), "gzip")


@pytest.mark.parametrize(
    ("said", "job"),
    [
        ([], None),
        ({}, None),
        ({"annotations": []}, None),
        ({"jobId": "job 1", "annotations": []}, None),
        ({"jobId": 7, "annotations": []}, None),
        ({"jobId": JOB}, JOB),
        ({"jobId": JOB, "annotations": None}, JOB),
        ({"jobId": JOB, "annotations": {"a": 1}}, JOB),
        ({"jobId": JOB, "annotations": ["text"]}, JOB),
        ({"jobId": JOB, "annotations": [], "batchMetadata": {}}, JOB),
        ({"jobId": JOB, "annotations": [], "batchId": 7}, JOB),
        ({"jobId": JOB, "annotations": [], "meta": []}, JOB),
    ],
)
def test_what_is_no_answer_is_refused_with_the_job_if_it_has_one(
    said: Any, job: str | None
) -> None:
    with pytest.raises(Malformed) as refused:
        answer(orjson.dumps(said))
    assert refused.value.job == job


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=200)
    | st.recursive(
        st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["jobId", "annotations", "errorMessage"]), inner)
        ),
        max_leaves=6,
    ).map(orjson.dumps),
    st.sampled_from([None, "gzip", "br"]),
)
def test_nothing_that_arrives_breaks_the_reader(body: bytes, encoding: str | None) -> None:
    try:
        found = answer(body, encoding)
    except Malformed as refused:
        assert refused.reason
    else:
        assert found.error or found.annotations == []
