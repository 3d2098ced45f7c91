"""A repository of two specimens, and annotations of them as lines."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eventstore.application import DigitalObjects
from fdo.agent import Agent
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Revise, stamped
from handlers.batches.desk import Desk
from handlers.batches.quotas import parse
from handlers.batches.recording import Speaker
from handlers.batches.scopes import Scopes
from handlers.batches.store import Batch
from tests.api.documents import a_specimen

AT = "2026-03-01T12:00:00.000Z"
ROBOT = Agent("urn:collectome:agent:robot", "robot")
CURATOR = Agent("https://orcid.org/0000-0002-1825-0097", "Josiah Carberry", "schema:Person")
COUNTRY = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:country']"
LOCALITY = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:locality']"


class House:
    """One repository with a desk; its clock moves when a test moves it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_780_000_000.0
        self.objects = DigitalObjects(folder, durability="normal")
        self.log = self.objects.log
        self.desk = self.desk_anew()
        self.oak, self.elm = self.specimen("DH-1"), self.specimen("DH-2")

    def desk_anew(self) -> Desk:
        """A desk as a restarted server has it: it knows only what the folder holds."""
        return Desk(self.objects, self.folder, clock=lambda: self.now)

    def specimen(self, number: str, **more: Any) -> Pid:
        """A specimen of this number."""
        pid = self.objects.reserve("specimen")
        document = stamped(a_specimen(number, **more), pid, 1, modified=AT)
        self.objects.handle(Register(document), pid=pid, kind="specimen", by=CURATOR)
        return pid

    def revised(self, pid: Pid, **more: Any) -> None:
        """Another version of a specimen."""
        known, _ = self.objects.state(pid)
        assert known is not None
        document = stamped({**known.document, **more}, pid, known.version + 1, modified=AT)
        self.objects.handle(Revise(document), pid=pid, kind="specimen", by=CURATOR)

    def send(
        self, body: bytes, key: str | None = "run-1", by: Speaker | None = None, part: int = 1000
    ) -> Batch:
        """A whole body, in parts."""
        by = by or robot()
        batch = self.desk.begin(by, key)
        with self.desk.receiving(batch, by) as posting:
            for begin in range(0, len(body), part):
                posting.feed(body[begin : begin + part])
            return posting.end()

    def annotations(self) -> Iterator[str]:
        """The texts of the bodies of all annotations, in order of the log."""
        for event in self.log.read(0, 100_000):
            if event.type == "annotation" and event.version == 1:
                yield event.document["oa:hasBody"][0]["rdf:value"]


def robot(*scopes: str, quotas: Sequence[str] = (), **more: Any) -> Speaker:
    """An agent with a token."""
    return Speaker("robot", ROBOT, Scopes.parse(scopes), quotas=parse(quotas), **more)


def comment(of: Pid, text: str) -> dict[str, Any]:
    """A remark, in the W3C's form."""
    return {
        "@context": "http://www.w3.org/ns/anno.jsonld",
        "type": "Annotation",
        "motivation": "commenting",
        "target": of.iri,
        "body": {"type": "TextualBody", "value": text, "format": "text/plain"},
    }


def edit(of: Pid, value: str, path: str = COUNTRY) -> dict[str, Any]:
    """A proposed change, in openDS's form."""
    return {
        "oa:motivation": "oa:editing",
        "oa:hasTarget": {
            "@id": of.iri,
            "@type": "ods:DigitalSpecimen",
            "oa:hasSelector": {"@type": "ods:TermSelector", "ods:term": path},
        },
        "oa:hasBody": {"@type": "oa:TextualBody", "oa:value": [value]},
    }


def jsonl(*lines: Any) -> bytes:
    """Lines as they are sent."""
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def comments(of: Pid, number: int, word: str = "remark") -> bytes:
    """So many different remarks."""
    return jsonl(*(comment(of, f"{word} {n}") for n in range(number)))
