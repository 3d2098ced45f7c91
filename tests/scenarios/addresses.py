"""Every address at which the program answers GET, as one asks about an object of its log.

The templates are those of the server's own description and of the pages that stand in none. One
that is neither filled in from `NAMES` nor written out in `ASKED` stands in `LEFT` with the reason,
so that whoever adds a route says which it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

import httpx
from fastapi.routing import APIRoute

from api.app import create_app
from api.exports.routes import FORMATS as EXPORT_FORMATS
from api.harvesting.oai.formats import FORMATS as OAI_FORMATS
from api.negotiation import DATACITE_FORMATS, OBJECT_FORMATS, PLAIN_FORMATS
from api.objects.links import LINKSET_FORMATS
from api.objects.reports import HISTORY_FORMATS
from api.settings import Settings
from api.unapi import FORMATS as UNAPI_FORMATS
from eventstore.application import DigitalObjects

_DOIP = "/doip?operationId=0.DOIP/Op."
_ELEMENTS = ("json", "jsonld", "turtle", "datacite", "sealed")
_FEEDS = ("jsonl", "csv", "rdf-patch", "html")
_STATIC = "the same whatever the log holds"
_NO_JOBS = "no service has worked here"
_NO_BATCHES = "no batch was brought here"
_NO_FILES = "no medium is here"

NAMES: dict[str, str] = {
    "page": "0", "number": "0", "stream": "all", "moment": "2", "version": "1", "position": "2",
    "start": "1", "end": "9", "side": "added", "form": "link", "size": "1",
}  # fmt: skip
"""Name in a template → what is asked for, beside the object itself."""
ASKED: dict[str, tuple[str, ...]] = {
    "/21.T11148/{name}": ("/21.T11148/894b1e6cad57e921764e",),
    "/api/conformance": ("/api/conformance", "/api/conformance?format=html"),
    "/api/conformance/objects": ("/api/conformance/objects?shape={shape}",),
    # the log itself is for administrators: `/changes/events` has what is public of it
    "/api/export": tuple(
        f"/api/export?format={one.name}" for one in EXPORT_FORMATS
    ),
    "/api/handles/{handle}": (
        "/api/handles/{pid}", "/api/handles/{pid}/1", "/api/handles/{pid}?as-of=v1",
    ),
    "/api/log/proof/consistency": ("/api/log/proof/consistency?first=1",),
    "/api/log/proof/inclusion": (
        "/api/log/proof/inclusion?pid={pid}&version=1", "/api/log/proof/inclusion?position=2",
    ),
    "/api/mas/{prefix}/{suffix}": ("/api/mas/{service}",),
    "/api/models/{prefix}/{suffix}": ("/api/models/{model}",),
    "/api/search": ("/api/search", "/api/search?q=Carex", "/api/search?q={word}",
                    "/api/search?q={word}&as-of={made}"),
    "/api/source-systems/{prefix}/{suffix}/corrections": (
        "/api/source-systems/{source}/corrections",
    ),
    "/api/time/held": ("/api/time/held?term=country&value=Norway",),
    "/changes": (
        *(f"/changes?format={one}" for one in _FEEDS),
        "/changes?format=jsonl&documents=yes", "/changes?pid={pid}",
    ),
    "/changes/events": ("/changes/events?since=0",),
    "/doip": (
        f"{_DOIP}Hello&targetId=service",
        f"{_DOIP}ListOperations&targetId={{pid}}",
        f"{_DOIP}Retrieve&targetId={{pid}}",
        f"{_DOIP}Retrieve&targetId={{pid}}&includeElementData=true",
        f"{_DOIP}Retrieve&targetId={{pid}}/1",
        f"{_DOIP}Retrieve&targetId={{pid}}/1&includeElementData=true",
        f"{_DOIP}Retrieve&targetId={{pid}}&asOf=v1",
        *(f"{_DOIP}Retrieve&targetId={{pid}}/{number}&element={one}"
          for number in (1, 2) for one in _ELEMENTS),
        f"{_DOIP}Search&targetId=service&query=Carex",
        f"{_DOIP}Search&targetId=service&query={{word}}",
        "/doip?operationId=20.DOIP/Op.Versions.Get&targetId={pid}",
    ),
    "/doip/{operation}": ("/doip/0.DOIP/Op.Retrieve?targetId={pid}&version=1",),
    "/oai": (
        "/oai?verb=Identify", "/oai?verb=ListSets", "/oai?verb=ListMetadataFormats",
        "/oai?verb=ListMetadataFormats&identifier={pid}",
        *(f"/oai?verb={verb}&metadataPrefix={one}"
          for verb in ("ListRecords", "ListIdentifiers") for one in OAI_FORMATS),
        *(f"/oai?verb=GetRecord&identifier={{pid}}&metadataPrefix={one}" for one in OAI_FORMATS),
    ),
    "/search": ("/search", "/search?q=Carex", "/search?q={word}"),
    "/search.json": ("/search.json?q=Carex",),
    "/timegate/{uri}": ("/timegate/{pid}",),
    "/timemap/{form}/{uri}": ("/timemap/link/{pid}", "/timemap/json/{pid}"),
    "/unapi": (
        "/unapi",
        *(f"/unapi?id={{pid}}{number}&format={one.name}"
          for number in ("", "/1", "/2") for one in UNAPI_FORMATS),
    ),
    "/{prefix}/{suffix}": tuple(
        f"/{{pid}}{moment}{'&' if '?' in moment else '?'}format={one.name}"
        for moment in ("", "?as-of=v1", "?as-of={made}") for one in OBJECT_FORMATS
    ),
    "/{prefix}/{suffix}/datacite": tuple(
        f"/{{pid}}/datacite?format={one.name}{moment}"
        for one in DATACITE_FORMATS for moment in ("", "&as-of=v1")
    ),
    "/{prefix}/{suffix}/diff": tuple(
        f"/{{pid}}/diff?from=1&to=2&format={one.name}" for one in PLAIN_FORMATS
    ),
    "/{prefix}/{suffix}/history": tuple(
        f"/{{pid}}/history?format={one.name}" for one in HISTORY_FORMATS
    ),
    "/{prefix}/{suffix}/record": tuple(
        f"/{{pid}}/record?format={one.name}{moment}"
        for one in HISTORY_FORMATS for moment in ("", "&as-of=v1")
    ),
    "/{prefix}/{suffix}/verbatim": ("/{pid}/verbatim", "/{pid}/verbatim?as-of=v1",
                                    "/{pid}/verbatim?as-of=v1&format=html"),
    "/{prefix}/{suffix}/{number}/doi": ("/{pid}/1/doi", "/{pid}/1/doi?format=html"),
    "/{prefix}/{suffix}/{version}": tuple(
        f"/{{pid}}/{number}?format={one.name}" for number in (1, 2) for one in OBJECT_FORMATS
    ),
    "/{prefix}/{suffix}/{version}/proof": ("/{pid}/1/proof", "/{pid}/2/proof"),
    "/{prefix}/{suffix}/{version}/sealed": ("/{pid}/1/sealed", "/{pid}/2/sealed"),
}  # fmt: skip
"""Template → the addresses asked in its place."""
LEFT: dict[str, str] = {
    "/annotations/batches": _NO_BATCHES,
    "/annotations/batches/{name}": _NO_BATCHES,
    "/api/agents/batches": _NO_BATCHES,
    "/api/agents/batches/{name}": _NO_BATCHES,
    "/api/agents/batches/{name}/outcomes": _NO_BATCHES,
    "/api/annotations/batches": _NO_BATCHES,
    "/api/annotations/batches/{name}": _NO_BATCHES,
    "/api/annotations/batches/{name}/outcomes": _NO_BATCHES,
    "/api/annotations/{prefix}/{suffix}": "nobody annotated anything here",
    "/api/harvests/{harvest}/identity": "no harvest was paused here",
    "/api/handles": "refuses: handles are not listed",
    "/api/ingest": "what was uploaded is told to its sender; nothing was",
    "/api/ingest/{job_id}": "what was uploaded is told to its sender; nothing was",
    "/api/ingest/{job_id}/diagnostics": "what was uploaded is told to its sender; nothing was",
    "/api/jobs/{prefix}/{suffix}": _NO_JOBS,
    "/api/media/{prefix}/{suffix}": _NO_FILES,
    "/api/media/{prefix}/{suffix}/file": _NO_FILES,
    "/api/media/{prefix}/{suffix}/region": _NO_FILES,
    "/api/mjr/v1/{mp}/{ms}/{jp}/{js}/running": _NO_JOBS,
    "/api/mjr/v1/{prefix}/{suffix}": _NO_JOBS,
    "/api/webhooks": "told to the owner of a subscription; nobody subscribed",
    "/api/webhooks/{name}": "told to the owner of a subscription; nobody subscribed",
    "/api/webhooks/{name}/deliveries": "told to the owner of a subscription; nobody subscribed",
    "/changes/live": "never ends: read by `live`",
    "/.well-known/void": "answered before any route: asked in `MORE`",
    "/checkpoints/{size}": "sizes and hashes; `/checkpoints` and `/checkpoint` are asked",
    "/contexts/{name}": _STATIC,
    "/ldes/{stream}/nodes/{height}/{number}": "inner nodes need a longer log",
    "/ldes/{stream}/nodes/{height}/{number}/{edition}": "inner nodes need a longer log",
    "/ldes/{stream}/pages/{number}/{edition}": "made by an erasure: asked by the test itself",
    "/mas/jobs/{prefix}/{suffix}": _NO_JOBS,
    "/problems/{slug}": _STATIC,
    "/schemas/{name}": _STATIC,
    "/shapes/{name}": _STATIC,
    "/sparql": "answered before any route: asked in `MORE`",
    "/sparql/examples": _STATIC,
    "/sparql/examples/{name}": _STATIC,
    "/tile/{level}/{name}": "hashes of events, and nothing else",
    "/{prefix}/{suffix}/schema": "of definitions, which say nothing of an object",
    "/{prefix}/{suffix}/shapes": "of definitions, which say nothing of an object",
    "/{prefix}/{suffix}/result": "the answer of a saved query; none was saved",
}
"""Template → why it is not asked."""
MORE = (
    *(f"/{{pid}}/linkset?format={one.name}" for one in LINKSET_FORMATS),
    *(f"/{{pid}}/1/linkset?format={one.name}" for one in LINKSET_FORMATS),
    "/{pid}", "/{pid}/1", "/{pid}/2", "/{pid}?as-of=v1", "/{pid}?as-of={made}",
    "/ldes/type/specimen", "/ldes/type/specimen/pages/0", "/.well-known/void",
    "/sparql?query=SELECT%20*%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D",
    "/sparql?as-of={made}&query=SELECT%20*%20%7B%20%3Fs%20%3Fp%20%3Fo%20%7D",
)  # fmt: skip
"""What is answered before any route is looked for, and what needs another name in it."""


def hidden(folder: Path) -> set[str]:
    """The templates that stand in no description: pages for people."""
    objects = DigitalObjects(folder)
    try:
        routes = create_app(Settings(data=folder), objects).app.routes
        return {
            one.path_format
            for one in routes
            if isinstance(one, APIRoute) and "GET" in one.methods and not one.include_in_schema
        }
    finally:
        objects.close()


def described(client: httpx.Client) -> set[str]:
    """The templates of the server's own description."""
    paths = client.get("/openapi.json").json()["paths"]
    return {path for path, methods in paths.items() if "get" in methods}


def addresses(templates: set[str], pid: str, known: Mapping[str, str]) -> Iterator[str]:
    """Every address to be asked about an object; `known`: what else is named in `ASKED`."""
    prefix, suffix = pid.split("/")
    given = {**NAMES, "prefix": prefix, "suffix": suffix, "uri": pid, "handle": pid}
    told = {"pid": pid, **{name: quote(value, safe="/") for name, value in known.items()}}
    for template in sorted(templates - LEFT.keys()):
        if template in ASKED:
            yield from (one.format(**told) for one in ASKED[template])
        else:
            unknown = {*re.findall(r"\{(\w+)\}", template)} - given.keys()
            assert not unknown, f"{template} is neither asked nor left with a reason"
            yield template.format(**given)
    yield from (one.format(**told) for one in MORE)


def live(client: httpx.Client) -> bytes:
    """What the live feed tells from the beginning up to now."""
    end = f"id: {client.get('/health').json()['position']}\n".encode()
    told = b""
    with client.stream("GET", "/changes/live?since=0&documents=yes") as stream:
        for part in stream.iter_bytes():
            told += part
            if end in told:
                break
    return told
