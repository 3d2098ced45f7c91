"""Annotations that an agent posts, beside bare appends of the same documents.

The limit is what the log takes when nobody reads a line, looks at a target, a rule or a schema:
the very documents that were recorded, appended again to another log with the same durability, as
many in a transaction. Once through a running server with its projections, once by the desk alone.
"""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import orjson

from api.security import Tokens
from bench.generate import generate
from bench.processes import collectome, server
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import Change, DigitalObjects
from fdo.agent import Agent
from fdo.identifiers import Pid
from fdo.lifecycle import Registered
from handlers.batches.desk import Desk
from handlers.batches.recording import MANY, Speaker

MOST = 10_000
"""Annotations in the batch."""
SPECIMENS = 500
COUNTRY = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:country']"
ROBOT = Agent("urn:collectome:agent:bench", "bench")


def measure(scratch: Path, records: int) -> list[Result]:
    """Annotations a second: through the server, by the desk, bare."""
    archive, data = scratch / "annotating.zip", scratch / "annotating"
    generate(Plan(SPECIMENS), archive)
    collectome("ingest", str(archive), "--data", str(data))
    number = min(records, MOST)
    objects = DigitalObjects(data)
    pids = [str(head.pid) for head in objects.log.heads(limit=100_000) if head.type == "specimen"]
    alone = _desk(objects, data, _body(pids, number, "desk"), number)
    objects.close()
    served = _served(data, _body(pids, number, "server"), number)
    bare = _bare(data, scratch / "bare", number)
    return [
        Result("annotating", "bare appends of the same documents", bare, "annotations/s"),
        Result("annotating", "by the desk", alone, "annotations/s"),
        Result("annotating", "through a server with its projections", served, "annotations/s"),
        Result(
            "annotating", "desk over bare", alone / bare, "ratio", ">= 0.1", alone / bare >= 0.1
        ),
        Result("annotating", "server over bare", served / bare, "ratio"),
    ]


def _body(pids: list[str], number: int, said: str) -> bytes:
    """Half remarks in the W3C's form, half proposed changes in openDS's; all different."""
    return b"".join(
        orjson.dumps(_line(pids[n % len(pids)], n, said), option=orjson.OPT_APPEND_NEWLINE)
        for n in range(number)
    )


def _line(pid: str, n: int, said: str) -> object:
    if n % 2:
        return {
            "type": "Annotation",
            "motivation": "commenting",
            "target": f"https://doi.org/{pid}",
            "body": {"type": "TextualBody", "value": f"remark {n} by the {said}"},
        }
    selector = {"@type": "ods:TermSelector", "ods:term": COUNTRY}
    return {
        "oa:motivation": "oa:editing",
        "oa:hasTarget": {"@id": f"https://doi.org/{pid}", "oa:hasSelector": selector},
        "oa:hasBody": {"@type": "oa:TextualBody", "oa:value": [f"Land {n} of the {said}"]},
    }


def _desk(objects: DigitalObjects, data: Path, body: bytes, number: int) -> float:
    desk, by = Desk(objects, data), Speaker("bench", ROBOT)
    started = time.perf_counter()
    batch = desk.begin(by, "bench")
    with desk.receiving(batch, by) as posting:
        posting.feed(body)
        ended = posting.end()
    assert ended.counts == {"created": number}, ended
    return number / (time.perf_counter() - started)


def _served(data: Path, body: bytes, number: int) -> float:
    text = Tokens(data).create("bench", ("agent",))
    headers = {"authorization": f"Bearer {text}", "content-type": "application/x-ndjson"}
    with server(data) as base:
        started = time.perf_counter()
        answer = httpx.post(
            f"{base}/api/agents/annotations", content=body, headers=headers, timeout=600
        )
        seconds = time.perf_counter() - started
    assert answer.json()["counts"] == {"created": number}, answer.text
    return number / seconds


def _bare(data: Path, folder: Path, number: int) -> float:
    source = DigitalObjects(data)
    events = [event for event in source.log.read(0, 10**9) if event.type == "annotation"][:number]
    changes = [
        Change(Pid.parse(event.pid_text), "annotation", Registered(event.document), None)
        for event in events
    ]
    source.close()
    target = DigitalObjects(folder)
    started = time.perf_counter()
    for begin in range(0, len(changes), MANY):
        target.append(changes[begin : begin + MANY], by=ROBOT)
    seconds = time.perf_counter() - started
    target.close()
    return number / seconds
