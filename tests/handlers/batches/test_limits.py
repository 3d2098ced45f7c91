"""Scopes and quotas: what a token may write, how much, and for how long it has to wait."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventstore.log import Head
from fdo.errors import Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.batches import quotas
from handlers.batches.quotas import Quota, fitting, headers, spent
from handlers.batches.scopes import Scopes

SOURCE = "20.5000.5072/AAA-AAA-AAA"


def head(kind: str = "specimen", source: str | None = SOURCE) -> Head:
    return Head(
        Pid("10.5072", "AAA-BBB-CCC"), kind, 1, 1, 1, 0, Status.ACTIVE, 1, source, None
    )  # fmt: skip


def draft(*motivations: str) -> dict[str, Any]:
    return {"oa:motivatedBy": list(motivations)}


def test_without_scopes_everything_may_be_said_of_everything_in_ones_own_name():
    scopes = Scopes.parse([])
    assert scopes.refusal(draft("oa:editing"), [head("media", None)]) is None
    assert not scopes.may_name("https://orcid.org/0000-0002-1825-0097")


def test_a_scope_of_motivations_limits_these_only():
    scopes = Scopes.parse(["motivation:commenting", "motivation:oa:tagging"])
    assert scopes.refusal(draft("oa:commenting", "oa:tagging"), [head()]) is None
    told = scopes.refusal(draft("oa:commenting", "ods:deleting"), [head()])
    assert told is not None and "motivation:deleting" in told


def test_a_scope_of_targets_names_the_type_that_is_missing():
    scopes = Scopes.parse(["target:media"])
    assert scopes.refusal(draft("oa:commenting"), [head("media")]) is None
    told = scopes.refusal(draft("oa:commenting"), [head("media"), head("specimen")])
    assert told is not None and "target:specimen" in told


def test_a_scope_of_datasets_is_by_the_source_of_the_target():
    scopes = Scopes.parse([f"dataset:https://hdl.handle.net/{SOURCE.lower()}"])
    assert scopes.refusal(draft("oa:commenting"), [head()]) is None
    assert scopes.refusal(draft("oa:commenting"), [head(source=None)]) is not None


def test_a_scope_of_creators_lends_their_names():
    assert Scopes.parse(["creator:https://a.example"]).may_name("https://a.example")
    assert not Scopes.parse(["creator:https://a.example"]).may_name("https://b.example")
    assert Scopes.parse(["creator:*"]).may_name("https://b.example")


@pytest.mark.parametrize(
    "text", ["", "annotate", "motivation:", "motivation:shouting", "target:dog", "role:admin"]
)
def test_what_is_no_scope_is_refused(text: str):
    with pytest.raises(Refused):
        Scopes.parse([text])


@pytest.mark.parametrize(
    "text", ["", "0/day", "-1/day", "10/hour", "1.5/day", "10 / day", "9GB/day"]
)
def test_what_is_no_quota_is_refused(text: str):
    with pytest.raises(Refused):
        Quota.parse(text)


def test_two_quotas_of_one_kind_are_refused():
    with pytest.raises(Refused):
        quotas.parse(["10/minute", "20/minute"])
    assert len(quotas.parse(["10/minute", "20/day", "1MB/day"])) == 3


@given(st.lists(st.integers(1, 100), max_size=30), st.integers(0, 40), st.integers(0, 900))
def test_what_fits_is_the_longest_beginning_within_every_quota(
    sizes: list[int], lines: int, volume: int
):
    left = [(Quota.parse("1000/day"), lines), (Quota.parse("1MB/day"), volume)]
    taken = fitting(sizes, left)
    assert taken <= lines and sum(sizes[:taken]) <= volume
    if taken < len(sizes):
        assert taken == lines or sum(sizes[: taken + 1]) > volume


def test_who_has_used_all_waits_for_the_longest_window():
    minute, day = Quota.parse("10/minute"), Quota.parse("100/day")
    now = 86_400.0 * 20_000 + 30
    assert spent([(minute, 0), (day, 5)], now).details["retry_after"] == 30
    both = spent([(minute, 0), (day, 0)], now)
    assert both.details == {"retry_after": 86_370, "policy": "annotations-per-day"}


def test_headers_say_what_is_allowed_and_what_is_left():
    told = headers([(Quota.parse("10/minute"), 4), (Quota.parse("1MB/day"), 77)], 86_400.0)
    assert told == {
        "RateLimit-Policy": '"annotations-per-minute";q=10;w=60, '
        '"bytes-per-day";q=1048576;w=86400;qu="content-bytes"',
        "RateLimit": '"annotations-per-minute";r=4;t=60, "bytes-per-day";r=77;t=86400',
    }
    assert headers([], 0) == {}
