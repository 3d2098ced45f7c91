"""The annotations of the sample history: what people and a service said, and what became of it.

    proposed and accepted, and the source adopts it later      country of a mineral
    accepted, and the source brings another value              a locality: a conflict to settle
    proposed by a service with its model, in one batch         some accepted, one rejected, the
                                                               rest pending, for the review queue
    rejected with a reason; withdrawn; a region of an image; an assessment

Like the harvests, all of it is invented. Each row has the day on which it was said; the recorder
lets it happen between the harvests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api.demo import CURATOR
from api.demo.learning import measure, model_of
from api.demo.source import MEDIA_BASE
from eventstore.application import DigitalObjects
from eventstore.envelope import to_micros
from fdo.agent import Agent
from fdo.annotation.paths import get, parse
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.identifiers import Pid
from handlers.annotations import Annotations
from handlers.mas.registration import Registration

VISITOR = Agent("urn:collectome:agent:visitor", "A visiting botanist", "schema:Person")
COUNTRY = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:country']"
LOCALITY = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:locality']"
BATCH = "5f0c6a3e-3c1e-4e0b-9a53-0f6f5f3a2b61"
HIGHER = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:higherGeography']"
SERVICE = "Higher geography"
"""Name of the service of the sample."""
PROPOSALS = 8
ACCEPTED, REJECTED = 3, 4
"""Of the proposals, in order: those up to the first are accepted, up to the second rejected."""
SHEET = f"media:{MEDIA_BASE}/herbarium/DH-000102_a.jpg"
"""The image on which there is a remark about a region; it is drawn (`api.demo.pictures`)."""

Then = Callable[[Annotations, Pid], object]


@dataclass(frozen=True, slots=True)
class Said:
    """One annotation of the sample."""

    day: str
    number: str
    """Catalogue number of the specimen."""
    motivation: str
    path: str | None
    value: Any
    by: Agent = VISITOR
    then: Then | None = None
    """What becomes of it, a day later."""


def _accepted(annotations: Annotations, pid: Pid) -> object:
    return annotations.accept(pid, CURATOR, "Agrees with the field book.")


def _rejected(annotations: Annotations, pid: Pid) -> object:
    reason = "The label names the collector's home, not where the plant was gathered."
    return annotations.reject(pid, CURATOR, reason)


def _withdrawn(annotations: Annotations, pid: Pid) -> object:
    return annotations.withdraw(pid, "Mixed up two sheets.", VISITOR)


SAID = (
    Said("2026-05-04", "GM 1837,77", "propose", COUNTRY, "Brazil", then=_accepted),
    Said("2026-06-15", "DH-000110", "propose", COUNTRY, "Finland", then=_rejected),
    Said("2026-06-16", "DH-000103", "oa:commenting", LOCALITY, "Wrong sheet?", then=_withdrawn),
    Said("2026-07-01", "MB.PB.0601", "propose", LOCALITY, "Wałbrzych, Old Mine", then=_accepted),
    Said("2026-08-11", "DH-000102", "oa:assessing", None,
         "The identification agrees with the description of 1753."),
    Said("2026-08-11", "NS.INS.20004", "oa:commenting", "$['dwc:preparations']",
         "One antenna is glued on the card beside the beetle."),
)  # fmt: skip


def service_of(objects: DigitalObjects, model: Pid) -> Agent:
    """The machine-annotation service of the sample, registered; the agent as which it speaks."""
    form = {
        "schema:name": SERVICE,
        "schema:description": "Joins continent, country and province into one line. It invents "
        "nothing: where less than two are stated it stays silent.",
        "ods:topicName": "sample-higher-geography",
        "col:worksOn": ["specimen"],
        "col:trigger": ["request"],
        "col:model": model.iri,
        "oa:motivatedBy": ["oa:editing", "ods:adding"],
    }
    event = Registration(objects, CURATOR).register(form)
    return Agent(event.pid.iri, SERVICE)


def annotate(objects: DigitalObjects, put_clock: Callable[[int], None]) -> Iterator[str]:
    """Say what there is to say, a day at each step; yields the day before it is acted on."""
    annotations = Annotations(objects)
    for said in SAID:
        yield said.day
        put_clock(_micros(said.day, 9))
        draft = _draft(objects, said)
        if draft is None:
            continue
        outcome = annotations.propose(draft, said.by).required()
        if said.then and outcome.pid:
            put_clock(_micros(said.day, 33))
            said.then(annotations, outcome.pid)
    yield "2026-11-02"
    put_clock(_micros("2026-11-02", 9))
    model = model_of(objects)
    proposed = _machine(objects, annotations, model)
    put_clock(_micros("2026-11-02", 15))
    _decided(annotations, proposed)
    measure(objects, model)
    put_clock(_micros("2026-11-03", 9))
    _region(objects, annotations)


def _machine(objects: DigitalObjects, annotations: Annotations, model: Pid) -> list[Pid]:
    """Proposals of a service in one batch."""
    by = service_of(objects, model)
    made = {"ods:batchID": BATCH, "col:softwareVersion": "1.2", "col:model": model.iri}
    drafts: list[Document] = []
    for head in objects.log.heads(limit=10_000):
        if head.type != "specimen" or head.status.value != "active":
            continue
        document = objects.log.latest(head.pid).document
        if len(drafts) < PROPOSALS and (value := _higher(document)):
            said = Said("", "", "propose", HIGHER, value, by)
            number = len(drafts) + 1
            drafts.append(_about(head.pid, document, said) | made | {"ods:placeInBatch": number})
            drafts[-1]["oa:hasBody"][0]["ods:score"] = round(0.97 - 0.06 * number, 2)
    outcomes = [outcome.required() for outcome in annotations.propose_many(drafts, by)]
    return [outcome.pid for outcome in outcomes if outcome.pid]


def _decided(annotations: Annotations, proposed: list[Pid]) -> None:
    """A curator decides on some of them; the rest waits."""
    for pid in proposed[:ACCEPTED]:
        annotations.accept(pid, CURATOR, "The line agrees with the gazetteer.")
    for pid in proposed[ACCEPTED:REJECTED]:
        annotations.reject(pid, CURATOR, "The province is stated under a former name.")


def _higher(document: Document) -> str:
    """Continent, country and province in one, where two of them are stated and this is not."""
    place = get(document, parse("$['ods:hasEvents'][0]['ods:hasLocation']")) or {}
    parts = [place.get(f"dwc:{name}") for name in ("continent", "country", "stateProvince")]
    known = [part for part in parts if part]
    return " | ".join(known) if len(known) > 1 and "dwc:higherGeography" not in place else ""


def _region(objects: DigitalObjects, annotations: Annotations) -> None:
    """A remark on a rectangle of an image."""
    head = objects.log.claimed([SHEET])[SHEET]
    said = Said("", "", "oa:commenting", None, "This slip tells the colour of the fresh flowers.")
    draft = _about(head.pid, {}, said)
    draft["oa:hasTarget"][0] |= {
        "ods:fdoType": OBJECT_TYPES["media"].fdo_type,
        "oa:hasSelector": [
            {
                "@type": "oa:FragmentSelector",
                "rdf:value": "xywh=percent:62,70,33,14",
                "dcterms:conformsTo": "http://www.w3.org/TR/media-frags/",
            }
        ],
    }
    annotations.propose(draft, VISITOR).required()


def _draft(objects: DigitalObjects, said: Said) -> Document | None:
    """The annotation in its stored form, without what the repository says itself."""
    for head in objects.log.heads(limit=10_000):
        if head.type == "specimen" and head.status.value == "active":
            document = objects.log.latest(head.pid).document
            numbers = [
                one.get("dcterms:identifier") for one in document.get("ods:hasIdentifiers", ())
            ]
            if said.number in numbers or document.get("ods:physicalSpecimenID") == said.number:
                return _about(head.pid, document, said)
    return None


def _about(pid: Pid, document: Document, said: Said) -> Document:
    motivation = said.motivation
    if motivation == "propose":
        assert said.path is not None
        there = get(document, parse(said.path)) is not None
        motivation = "oa:editing" if there else "ods:adding"
    target: Document = {
        "@type": "oa:SpecificResource",
        "oa:hasSource": pid.iri,
        "ods:fdoType": OBJECT_TYPES["specimen"].fdo_type,
    }
    if said.path:
        target["oa:hasSelector"] = [{"@type": "ods:TermSelector", "ods:term": said.path}]
    plain = isinstance(said.value, str)
    body = {
        "@type": "oa:TextualBody",
        "rdf:value": said.value if plain else json.dumps(said.value),
        "dcterms:format": ["text/plain" if plain else "application/json"],
    }
    return {
        "@type": "oa:Annotation",
        "oa:motivatedBy": [motivation],
        "oa:hasTarget": [target],
        "oa:hasBody": [body],
        "dcterms:creator": [
            {"@type": said.by.kind, "schema:identifier": said.by.id, "schema:name": said.by.name}
        ],
    }


def _micros(day: str, hour: int) -> int:
    start = to_micros(datetime.fromisoformat(day).replace(tzinfo=UTC))
    return start + hour * 3_600_000_000
