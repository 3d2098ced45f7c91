"""The feed of changes: events a second in each form, and from the stream of live changes.

The limits are shown in the same run: what the envelopes cost that a filter passes over, and for
patches, which need each version mapped and judged, what that costs alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import httpx

from api.feeds.choosing import Choosing
from api.feeds.filters import Filter
from api.views import Views
from bench.generate import generate
from bench.processes import collectome, server
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import DigitalObjects
from eventstore.patches import patches

FORMS = ("jsonl", "jsonl&documents=yes", "csv", "rdf-patch")
PAGE = 1_000
MOST = 5_000
"""Events read in each form."""


def measure(scratch: Path, records: int) -> list[Result]:
    """Events a second over HTTP, one reader; each form told the same events."""
    archive, data = scratch / "changes.zip", scratch / "changes"
    generate(Plan(records), archive)
    collectome("ingest", str(archive), "--data", str(data))
    results: list[Result] = []
    with server(data) as address, httpx.Client(base_url=address, timeout=300) as client:
        told, passed, mapped = _alone(data)
        for form in FORMS:
            number, seconds = _walk(client, form)
            if number != told:
                raise AssertionError(f"{form} told {number} events of {told}")
            rate = number / seconds
            results.append(Result("changes", f"/changes as {form}", rate, "events/s"))
        share = rate / mapped
        results.append(
            Result(
                "changes", "RDF Patch over the mapper alone", share, "ratio", ">= 0.5", share >= 0.5
            )
        )
        number, seconds = _stream(client, told)
        results.append(
            Result("changes", "/changes/live, catching up", number / seconds, "events/s")
        )
    results.append(Result("changes", "passed over by a filter", passed, "events/s"))
    return results


def _alone(data: Path) -> tuple[int, float, float]:
    """(events that each form tells, events a second passed over, patches derived a second)."""
    objects = DigitalObjects(data)
    choosing = Choosing(objects, Views())
    told = len(choosing.page(Filter(), 0, None, MOST).positions)
    seconds = _timed(lambda: choosing.page(Filter(agents=frozenset({"urn:nobody"})), 0, None, 1))
    passed = min(objects.log.position(), 50_000) / seconds
    events = objects.log.read(0, PAGE)
    mapped = len(events) / _timed(lambda: patches(events, objects.log))
    objects.close()
    return told, passed, mapped


def _walk(client: httpx.Client, form: str) -> tuple[int, float]:
    """Read from link to link; (events, seconds)."""
    address = f"/changes?format={form}&limit={PAGE}"
    number, started = 0, time.perf_counter()
    while address and number < MOST:
        answer = client.get(address)
        answer.raise_for_status()
        number += answer.text.count("TC .\n") if form == "rdf-patch" else answer.text.count("\n")
        number -= form == "csv"
        address = answer.links.get("next", {}).get("url", "")
    return number, time.perf_counter() - started


def _stream(client: httpx.Client, told: int) -> tuple[int, float]:
    number, started = 0, time.perf_counter()
    with client.stream("GET", "/changes/live?since=0") as stream:
        for line in stream.iter_lines():
            number += line.startswith("data: ")
            if number >= told:
                break
    return number, time.perf_counter() - started


def _timed(deed: Callable[[], object]) -> float:
    started = time.perf_counter()
    deed()
    return time.perf_counter() - started
