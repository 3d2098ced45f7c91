"""A day in the life: an image comes in, what stands on it is read, a name is matched, a curator
agrees, the new version is cited, and the source takes the correction over. The version that was
cited before all this is what it was. The real program, shipped services, a web server of images."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import signal
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.handlers.services.drawn import label
from tests.handlers.services.test_names import COLUMNS, TAXA
from tests.scenarios.program import HOLDER, Server, begun, collectome, specimens, until
from tests.scenarios.terminal import Terminal

LINES = ["Herbarium Musei", "Isoperla gramatica Poda", "Switzerland, Valais"]
NAME = "Isoperla grammatica (Poda, 1761)"
REGION = "xywh=percent:0,33,100,25"
NAMES = "$['ods:hasIdentifications'][1]"
NAMED = """
PREFIX dwc: <http://rs.tdwg.org/dwc/terms/>
PREFIX ods: <http://rs.dissco.eu/opends/terms/>
SELECT ?name {{ <https://doi.org/{pid}>
  ods:hasIdentifications/ods:hasTaxonIdentifications/dwc:scientificName ?name }} ORDER BY ?name
"""
FATE = """
PREFIX col: <urn:collectome:vocab:>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX oa: <http://www.w3.org/ns/oa#>
PREFIX ods: <http://rs.dissco.eu/opends/terms/>
PREFIX schema: <http://schema.org/>
SELECT ?service ?state {{
  GRAPH <urn:collectome:graph:records> {{ ?annotation col:annotationState ?state }}
  ?annotation oa:motivatedBy ods:adding ; oa:hasTarget/oa:hasSource <https://doi.org/{pid}> ;
    dcterms:creator/schema:name ?service .
}} ORDER BY ?service
"""


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, without a line for each request."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def images(tmp_path: Path) -> Iterator[str]:
    """The institution's web server, with an image of a label."""
    folder = tmp_path / "images"
    folder.mkdir()
    label(LINES).save(folder / "label.png")
    served = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}/label.png"
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A repository with one insect of which the source knows neither image nor species."""
    pytest.importorskip("rapidocr", reason="needs the packages of requirements-mas.lock")
    data = tmp_path / "data"
    harvest(data, scientificName="Isoperla sp.")
    (data / "taxa.csv").write_text(",".join(COLUMNS) + TAXA, encoding="utf-8")
    (data / "services.toml").write_text('[names]\nchecklist = "taxa.csv"\n')
    Terminal(data)("mas", "enable", "label-ocr", "label-names")
    return data


def harvest(data: Path, **said: str) -> None:
    """The source exports its table, and it is harvested."""
    table = specimens(data.parent / "insects.csv", 1, **{"kingdom": "Animalia", **said})
    ended = collectome("ingest", table, HOLDER, "--json", data=data)
    assert ended.code == 0, ended


@contextmanager
def working(data: Path, *services: str) -> Iterator[None]:
    """A worker for each of these services, until its work is done."""
    workers = [begun("mas", "work", service, data=data) for service in services]
    try:
        yield
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGINT)
        for worker in workers:
            _, err = worker.communicate(timeout=30)
            assert "Traceback" not in err, err


def token(data: Path, name: str, *limits: str) -> str:
    """A new token."""
    return str(Terminal(data).json("token", "create", name, *limits)["token"])


def document(server: Server, address: str, **query: str) -> bytes:
    """The stored bytes at an address."""
    found = server.client.get(
        f"/{address}", params=query, headers={"accept": "application/json"}
    ).raise_for_status()
    return found.content


def draw(server: Server, medium: str, visitor: str) -> None:
    """A person draws a rectangle around the second line."""
    answer = server.client.post(
        f"/{medium}/annotations/",
        headers={
            "authorization": f"Bearer {visitor}",
            "content-type": 'application/ld+json; profile="http://www.w3.org/ns/anno.jsonld"',
        },
        content=json.dumps({
            "@context": "http://www.w3.org/ns/anno.jsonld", "type": "Annotation",
            "motivation": "highlighting",
            "target": {"source": f"https://doi.org/{medium}",
                       "selector": {"type": "FragmentSelector", "value": REGION}},
        }),
    )  # fmt: skip
    assert answer.status_code == 201, answer.text


def found(server: Server) -> list[str]:
    """PIDs of the specimens."""
    return [hit["pid"] for hit in server.client.get("/api/search").json()["items"]]


def shown(specimen: bytes) -> str:
    """The PID of the medium that shows a specimen."""
    (medium,) = [
        relation["dwc:relatedResourceID"].removeprefix("https://doi.org/")
        for relation in json.loads(specimen)["ods:hasEntityRelationships"]
        if relation["dwc:relationshipOfResource"] == "hasDigitalMedia"
    ]
    return str(medium)


def idle(server: Server) -> bool:
    """Whether every job that was made is done."""
    jobs = server.client.get("/api/jobs").json()["jobs"]
    return {job["state"] for job in jobs} == {"completed"}


def listed(server: Server, **asked: str) -> list[dict[str, Any]]:
    """Annotations, as programs list them."""
    found = server.client.get("/api/annotations", params=asked).raise_for_status().json()
    return list(found["items"])


def decide(server: Server, curator: str, chosen: list[str]) -> None:
    """The curator signs in, ticks these on the page of reviews, and accepts them."""
    with httpx.Client(base_url=server.base, follow_redirects=True, timeout=60) as browser:
        page = browser.post("/sign-in", data={"token": curator, "next": "/review?grouped=false"})
        page = browser.get("/review?grouped=false")
        hidden = {
            name: html.unescape(re.findall(f'name="{name}" value="([^"]*)"', page.text)[0])
            for name in ("csrf", "as-of", "back")
        }
        assert NAME in page.text and all(f'value="{pid}"' in page.text for pid in chosen)
        form = {**hidden, "pid": chosen, "decision": "accept", "reason": "So says the label."}
        done = browser.post("/review", data=form)
        assert f"{len(chosen)} done, 0 refused" in done.text, done.text


def corrections(server: Server, source: str) -> list[dict[str, str]]:
    """The rows that the source is asked to correct."""
    package = server.client.get(f"/api/source-systems/{source}/corrections").raise_for_status()
    with zipfile.ZipFile(io.BytesIO(package.content)) as files:
        table = files.read("corrections.csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(table)))


def keep(server: Server, version: str, folder: Path) -> None:
    """What proves a version, as whoever cites it keeps it."""
    folder.mkdir()
    for name in ("sealed", "proof"):
        sent = server.client.get(f"/{version}/{name}").raise_for_status()
        (folder / name).write_bytes(sent.content)


def verified(server: Server, citation: str, folder: Path) -> None:
    """Check a citation offline, from the files that were kept."""
    key = server.client.get("/api/log/keys").json()["keys"][0]["vkey"]
    line = [f"--document={folder / 'sealed'}", f"--proof={folder / 'proof'}", f"--key={key}"]
    ended = collectome("verify-citation", citation, *line)  # it has no repository to look at
    assert ended.code == 0 and ended.out.count("  holds ") >= 3, ended
    sealed = (folder / "sealed").read_bytes()
    (folder / "forged").write_bytes(sealed.replace(b"Isoperla", b"Leuctra"))
    line[0] = f"--document={folder / 'forged'}"
    assert Terminal(folder)("verify-citation", citation, *line, code=1)


def asked(server: Server, query: str, **when: str) -> list[list[str]]:
    """The rows of an answer in CSV, without their header."""
    answer = server.client.get(
        "/sparql", params={"query": query, **when}, headers={"accept": "text/csv"}
    ).raise_for_status()
    return list(csv.reader(io.StringIO(answer.text)))[1:]


def names(server: Server, pid: str, **when: str) -> list[str]:
    """The names of a specimen in the graph."""
    return [name for (name,) in asked(server, NAMED.format(pid=pid), **when)]


def fates(server: Server, pid: str, **when: str) -> list[tuple[str, str]]:
    """Service, and what became of its proposal for this specimen, in the graph."""
    rows = asked(server, FATE.format(pid=pid), **when)
    return [(service, state) for service, state in rows]


@pytest.mark.slow
def test_from_the_image_to_the_source_and_back_to_what_was_cited(data: Path, images: str) -> None:
    kept = data.parent / "kept"
    visitor = token(data, "visitor", "--role=agent")
    curator = token(data, "anna", "--role=curator", HOLDER)
    with Server("serve", data, media_allow_private=True) as server:
        # Somebody cites the specimen as it is, and keeps what proves it.
        (pid,) = until(lambda: found(server))
        cited = Terminal(data).json("cite", pid)
        citation, moment = cited["verifiable"], cited["recordedAt"]
        first = document(server, f"{pid}/1")
        keep(server, f"{pid}/1", kept)

        # The image comes in; a person draws a region on it; it is read, and a name is matched.
        harvest(data, scientificName="Isoperla sp.", associatedMedia=images)
        medium = shown(document(server, pid))
        draw(server, medium, visitor)
        with working(data, "label-ocr", "label-names"):
            (named,) = until(lambda: listed(server, target=pid, term=NAMES), 60)
            (labelled,) = until(lambda: listed(server, target=pid, term="dwc:verbatimLabel"))
            until(lambda: idle(server), 60)
        read = [one["body"] for one in listed(server, target=medium, motivation="oa:commenting")]
        assert sorted(read) == sorted([*LINES, "\n".join(LINES), LINES[1]])
        assert labelled["body"] == "\n".join(LINES)
        assert f'"dwc:verbatimIdentification":"{LINES[1]}"' in named["body"]
        pending = [("label-names", "pending"), ("label-ocr", "pending")]
        until(lambda: fates(server, pid) == pending)

        # A curator of the institution accepts both, and cites what came of it.
        decide(server, curator, [labelled["pid"], named["pid"]])
        until(lambda: names(server, pid) == [NAME, "Isoperla sp."])
        now = Terminal(data).json("cite", pid)
        assert (cited["version"], now["version"]) == (1, 4)
        accepted = document(server, f"{pid}/4")
        assert NAME.encode() in accepted
        keep(server, f"{pid}/4", kept / "now")
        (source,) = {one["dataset"] for one in (named, labelled)}
        wanted = {row["term"]: row for row in corrections(server, source)}
        assert wanted["dwc:verbatimLabel"]["catalogNumber"] == "TST-00001"
        assert len(wanted) == 2

        # The source takes both over, in its own words. What it says is what stands now, once.
        label_text = "\n".join(LINES)
        harvest(data, scientificName=NAME, associatedMedia=images, verbatimLabel=label_text)
        until(lambda: names(server, pid) == [NAME])
        until(lambda: {one["overlay"] for one in listed(server, target=pid)} == {"adopted"})
        assert json.loads(document(server, pid))["dwc:verbatimLabel"] == label_text
        assert fates(server, pid) == [(service, "accepted") for service, _ in pending]
        assert corrections(server, source) == []

        # What was cited before all this resolves, replays and proves itself; so does the other.
        assert document(server, f"{pid}/1") == first
        assert document(server, pid, **{"as-of": moment}) == first
        assert names(server, pid, **{"as-of": moment}) == ["Isoperla sp."]
        assert names(server, pid, **{"as-of": now["recordedAt"]}) == [NAME, "Isoperla sp."]
        assert fates(server, pid, **{"as-of": moment}) == []
        verified(server, citation, kept)
        verified(server, now["verifiable"], kept / "now")
    assert Terminal(data).json("verify")["sound"] is True
