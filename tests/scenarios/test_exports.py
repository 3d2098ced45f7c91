"""Exports over HTTP on the demo: the bytes of the command, at any instant."""

from __future__ import annotations

import gzip
import json

import pytest

from eventstore.application import DigitalObjects
from fdo.lifecycle import Status
from tests.scenarios.program import Server, begun, until

MAY = "2026-05-01"
SOURCE = "source-system"


def commanded(demo: Server, *options: str) -> bytes:
    """What `collectome export` writes, beside the running server."""
    with begun("export", *options, data=demo.data) as process:
        out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.encode()


def asked(demo: Server, **parameters: str) -> bytes:
    """What the server exports; it may have to make the state ready."""
    pairs = {name.replace("_", "-"): value for name, value in parameters.items()}
    found = until(lambda: (a := demo.client.get("/api/export", params=pairs)).status_code != 503
                  and a)  # fmt: skip
    assert found.status_code == 200, found.text
    return bytes(found.content)


def source_of(demo: Server) -> str:
    """A source system from which specimens came."""
    documents = map(json.loads, asked(demo, format="documents", type="specimen").splitlines())
    return str(next(documents)["ods:sourceSystemID"])


@pytest.mark.parametrize(
    "parameters",
    [
        {"format": "nquads"},
        {"format": "nquads", "as_of": MAY},
        {"format": "nquads", "as_of": "300", "observed_at": MAY},
        {"format": "documents"},
        {"format": "documents", "as_of": MAY, "type": "media"},
        {"format": "ntriples", "observed_at": MAY},
    ],
    ids=str,
)
def test_the_server_exports_the_bytes_of_the_command(demo, parameters) -> None:
    options = [f"--{name.replace('_', '-')}={value}" for name, value in parameters.items()]
    assert asked(demo, **parameters) == commanded(demo, *options) != b""


def test_documents_of_a_day_are_those_that_the_log_folds_to(demo) -> None:
    objects = DigitalObjects(demo.data)
    answer = demo.client.get("/api/export", params={"format": "documents", "as-of": MAY})
    position = int(answer.headers["collectome-position"])
    newest = {}
    for event in objects.log.read(0, 100_000, position):
        assert event.recorded_at < 1_777_680_000_000_000  # 2 May, 00:00 UTC
        if not event.operational:
            newest[event.pid_text] = event
    objects.close()
    active = [e for _, e in sorted(newest.items()) if e.status is Status.ACTIVE]
    assert answer.content.splitlines() == [event.document_bytes for event in active] != []


def test_a_dataset_is_its_source_system_and_what_came_from_it(demo) -> None:
    source = source_of(demo)
    found = [json.loads(line) for line in asked(
        demo, format="documents", source_system=source).splitlines()]  # fmt: skip
    specimens = [one for one in found if one["@type"] == "ods:DigitalSpecimen"]
    assert {one["ods:sourceSystemID"] for one in specimens} == {source}
    assert source in {one["@id"] for one in found}
    counted = demo.client.get("/api/search", params={"source": source, "limit": 1}).json()["total"]
    assert len(specimens) == counted


def test_an_answer_says_where_the_same_bytes_are_had_again(demo) -> None:
    first = demo.client.get("/api/export", params={"format": "documents", "as-of": MAY})
    again = demo.client.get(first.headers["content-location"])
    assert again.content == first.content
    assert again.headers["etag"] == first.headers["etag"]
    known = {"if-none-match": first.headers["etag"]}
    held = demo.client.get(first.headers["content-location"], headers=known)
    assert (held.status_code, held.content) == (304, b"")
    head = demo.client.head(first.headers["content-location"])
    assert head.status_code == 200 and head.content == b""
    for name in ("etag", "collectome-position", "collectome-recorded-at", "content-type"):
        assert head.headers[name] == first.headers[name]


def test_it_is_packed_for_those_who_take_gzip(demo) -> None:
    address, plain = "/api/export?format=documents", {"accept-encoding": "identity"}
    with demo.client.stream("GET", address, headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-encoding"] == "gzip"
        packed = b"".join(answer.iter_raw())
    whole = demo.client.get(address, headers=plain)
    assert "content-encoding" not in whole.headers
    assert gzip.decompress(packed) == whole.content
    assert len(packed) < len(whole.content) / 3
    assert answer.headers["etag"] != whole.headers["etag"]


def test_the_log_is_exported_to_an_admin_alone(demo) -> None:
    address = "/api/export?format=jsonl"
    assert demo.client.get(address).status_code == 401
    whole = demo.client.get(address, headers=demo.writing)
    assert whole.status_code == 200, whole.text
    assert whole.headers["cache-control"] == "private, no-store"
    assert whole.content == commanded(demo, "--format=jsonl")
