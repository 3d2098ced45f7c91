"""Annotations that an agent posts, beside bare appends of the same documents; and how soon one that
was acknowledged is found by SPARQL and in the list of annotations.

The limit is what the log takes when nobody reads a line, looks at a target, a rule or a schema:
the very documents that were recorded, appended again to another log with the same durability, as
many in a transaction. Once through a running server with its projections, once by the desk alone.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
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
ROUNDS, PATIENCE_S = 10, 120.0
"""Single annotations, one after another, each of which is looked for until it is there."""
ANNO = 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"'
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
    served, waits = _served(data, pids, number)
    bare = _bare(data, scratch / "bare", number)
    return [
        Result("annotating", "bare appends of the same documents", bare, "annotations/s"),
        Result("annotating", "by the desk", alone, "annotations/s"),
        Result("annotating", "through a server with its projections", served, "annotations/s"),
        Result(
            "annotating", "desk over bare", alone / bare, "ratio", ">= 0.1", alone / bare >= 0.1
        ),
        Result("annotating", "server over bare", served / bare, "ratio"),
        *(one for name, found in waits.items() for one in _shown(name, found)),
    ]


def _shown(name: str, waits: list[float]) -> list[Result]:
    """The median decides, as of changes to objects (bench `live`): the machine may be shared."""
    median = statistics.median(waits)
    return [
        Result("annotating", f"one annotation to {name}, median", median, "s", "<= 1", median <= 1),
        Result("annotating", f"one annotation to {name}, worst", max(waits), "s"),
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


def _served(data: Path, pids: list[str], number: int) -> tuple[float, dict[str, list[float]]]:
    """Annotations a second of a batch, and seconds until single ones are found."""
    text = Tokens(data).create("bench", ("agent",))
    headers = {"authorization": f"Bearer {text}", "content-type": "application/x-ndjson"}
    body = _body(pids, number, "server")
    with server(data) as base:
        with httpx.Client(base_url=base, timeout=60) as client:
            _found_after(client, text, pids[ROUNDS])  # whatever came before is in the views then
            rounds = [_found_after(client, text, pid) for pid in pids[:ROUNDS]]
        started = time.perf_counter()
        answer = httpx.post(
            f"{base}/api/agents/annotations", content=body, headers=headers, timeout=600
        )
        seconds = time.perf_counter() - started
    assert answer.json()["counts"] == {"created": number}, answer.text
    return number / seconds, {name: [one[name] for one in rounds] for name in rounds[0]}


def _found_after(client: httpx.Client, token: str, pid: str) -> dict[str, float]:
    """Where one annotation is found → seconds after it was acknowledged."""
    said = {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "type": "Annotation",
        "motivation": "commenting",
        "target": f"https://doi.org/{pid}",
        "body": {"type": "TextualBody", "value": "looked for"},
    }
    headers = {"authorization": f"Bearer {token}", "content-type": ANNO}
    answer = client.post(f"/{pid}/annotations/", json=said, headers=headers)
    begun = time.perf_counter()
    assert answer.status_code == 201, answer.text
    made = Pid.parse("/".join(answer.headers["location"].split("/")[-2:]))
    ask = f"ASK {{ <{made.iri}> <http://www.w3.org/ns/oa#motivatedBy> ?why }}"
    wanted: dict[str, Callable[[], bool]] = {
        "SPARQL": lambda: _asked(client, ask),
        "the list of annotations": lambda: _listed(client, pid, str(made)),
    }
    found: dict[str, float] = {}
    while len(found) < len(wanted):
        for name, is_there in wanted.items():
            if name not in found and is_there():
                found[name] = time.perf_counter() - begun
        assert time.perf_counter() - begun < PATIENCE_S, f"{made} is found in {list(found)} alone"
        time.sleep(0.005)
    return found


def _asked(client: httpx.Client, query: str) -> bool:
    headers = {"accept": "application/sparql-results+json"}
    answer = client.get("/sparql", params={"query": query}, headers=headers)
    return answer.status_code == 200 and bool(answer.json()["boolean"])


def _listed(client: httpx.Client, target: str, annotation: str) -> bool:
    answer = client.get("/api/annotations", params={"target": target, "limit": 100})
    items = answer.json()["items"] if answer.status_code == 200 else []
    return annotation in [one["pid"] for one in items]


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
