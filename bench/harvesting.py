"""Harvesting metadata: what the view of holdings costs, and how fast a full harvest is served.

The limit of a harvest is reading the documents of the log and nothing else. That a list does not
grow slower as it goes on is measured on its first and last parts. Beside the clock, which counts
whatever else the machine does, stand records by processor second of the application alone.
"""

from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path
from statistics import median

import httpx

from api.app import create_app
from api.settings import Settings
from api.views import Views
from bench.generate import generate
from bench.processes import collectome, server
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import DigitalObjects
from eventstore.follower import Projection
from handlers.projections.holdings import Holdings, HoldingsReader
from handlers.projections.members import Members

_TOKEN = re.compile(r"<resumptionToken[^>]*>([^<]+)</resumptionToken>")
PREFIXES = ("oai_dc", "dwc", "oai_datacite")
_ENDS = 5
"""Parts at each end of a list whose times are compared."""


def measure(scratch: Path, records: int) -> list[Result]:
    """Cost of the view, records a second in each format, first parts beside last ones."""
    archive, data = scratch / "harvesting.zip", scratch / "harvesting"
    generate(Plan(records), archive)
    collectome("ingest", str(archive), "--data", str(data))
    read = _read(data)
    ours, members = _followed(data, scratch)
    results = [
        Result("harvesting", "documents of the log only read", read, "records/s"),
        Result("harvesting", "view of holdings", ours * 1e6, "µs/event"),
        Result("harvesting", "the same events into pages of streams", members * 1e6, "µs/event"),
    ]
    for prefix in PREFIXES:
        results.append(
            Result("harvesting", f"{prefix}, the application alone", _alone(data, scratch, prefix),
                   "records/CPU s", "aim 500")
        )  # fmt: skip
    with server(data) as address, httpx.Client(base_url=address, timeout=120) as client:
        for prefix in PREFIXES:
            speed, slowing = _harvest(client, "ListRecords", prefix)
            results += [
                Result("harvesting", f"{prefix} by OAI-PMH", speed, "records/s", "aim 500"),
                Result("harvesting", f"{prefix}: last parts over first", slowing, "ratio",
                       "<= 2", slowing <= 2),
            ]  # fmt: skip
        speed, slowing = _harvest(client, "ListIdentifiers", "oai_dc")
        results += [
            Result("harvesting", "headers by OAI-PMH", speed, "headers/s"),
            Result("harvesting", "a part of the sitemap", _timed(client, "/sitemaps/0.xml"), "ms"),
            Result("harvesting", "catalogue, counted anew", _timed(client, "/catalogue"), "ms"),
        ]
    return results


def _read(data: Path) -> float:
    objects = DigitalObjects(data)
    started, found, position = time.perf_counter(), 0, 0
    while events := objects.log.read(position, 1000):
        found += sum(bool(event.document) for event in events)
        position = events[-1].position
    objects.close()
    return found / (time.perf_counter() - started)


def _followed(data: Path, scratch: Path) -> tuple[float, float]:
    """Seconds an event that our view takes, and another of the same kind; without reading."""
    objects = DigitalObjects(data)
    views: tuple[Projection, ...] = (
        Holdings(scratch / "holdings.sqlite"),
        Members(scratch / "members.sqlite"),
    )
    spent, position = [0.0, 0.0], 0
    while events := objects.log.read(position, 1000):
        for number, view in enumerate(views):
            started = time.perf_counter()
            view.apply(events, objects.log)
            spent[number] += time.perf_counter() - started
        position = events[-1].position
    for view in views:
        view.close()
    objects.close()
    return spent[0] / position, spent[1] / position


def _alone(data: Path, scratch: Path, prefix: str) -> float:
    """Records by processor second of a whole list, without network; the view was made before."""
    objects = DigitalObjects(data)
    reader = HoldingsReader(scratch / "holdings.sqlite")
    app = create_app(Settings(data=data), objects, views=Views(holdings=reader))

    async def harvested() -> float:
        asked = {"verb": "ListRecords", "metadataPrefix": prefix}
        items, started = 0, time.process_time()
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            while asked:
                text = (await client.get("/oai", params=asked)).raise_for_status().text
                items += text.count("<header")
                following = _TOKEN.search(text)
                rest = following[1] if following else ""
                asked = {"verb": "ListRecords", "resumptionToken": rest} if rest else {}
        return items / (time.process_time() - started)

    speed = asyncio.run(harvested())
    reader.close()
    objects.close()
    return speed


def _harvest(client: httpx.Client, verb: str, prefix: str) -> tuple[float, float]:
    """Items a second of a whole list; the time of its last parts over that of its first."""
    asked = {"verb": verb, "metadataPrefix": prefix}
    times, items = [], 0
    while asked:
        started = time.perf_counter()
        text = client.get("/oai", params=asked).raise_for_status().text
        times.append(time.perf_counter() - started)
        items += text.count("<header")
        following = _TOKEN.search(text)
        asked = {"verb": verb, "resumptionToken": following[1]} if following else {}
    whole = times[1:-1] or times  # the first counts the list, the last is not full
    return items / sum(times), median(whole[-_ENDS:]) / median(whole[:_ENDS])


def _timed(client: httpx.Client, path: str) -> float:
    started = time.perf_counter()
    client.get(path).raise_for_status()
    return (time.perf_counter() - started) * 1000
