"""Write the golden file of each topic that has none yet: `python -m tests.golden.make`.

A golden file is what a release stored, byte for byte, and what it meant. It is written once,
when a topic or a new form of it is released, and never edited: `released.sha256` says what each
must be. To release a new form, raise its number in `eventstore.upcasts` and run this.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import orjson

from eventstore.codec import TOPICS, detail_of, pack, topic_of
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document, canonical
from fdo.identifiers import Pid
from fdo.lifecycle import (
    NOTES,
    Activate,
    Command,
    Fact,
    Merge,
    Note,
    Noted,
    Register,
    Release,
    Restore,
    Revise,
    Split,
    Status,
    Tombstone,
    Withhold,
    decide,
    evolve,
    stamped,
)

HERE = Path(__file__).parent
AT = "2026-11-01T12:00:00.000Z"
CURATOR = {"@type": "schema:Person", "schema:identifier": "urn:example:curator"}
SUCCESSOR, PART = Pid("10.5072", "SSS-SSS-SSS"), Pid("10.5072", "PPP-PPP-PPP")

DOCUMENTS: dict[str, Document] = {
    "specimen": {
        "@type": "ods:DigitalSpecimen",
        "ods:specimenName": "Abies alba Mill. – žluťoučký",
        "ods:physicalSpecimenID": "TU-1",
        "ods:normalisedPhysicalSpecimenID": "TU-1:SRC-SRC-SRC",
        "ods:hasEvents": [{"@type": "ods:Event", "dwc:year": 1999, "dwc:depth": 1.5}],
    },
    "media": {"@type": "ods:DigitalMedia", "ac:accessURI": "https://example.org/1.jpg"},
    "source-system": {"@type": "ods:SourceSystem", "schema:name": "Herbarium"},
    "data-mapping": {"@type": "ods:DataMapping", "schema:name": "Mapping"},
    "saved-query": {
        "@type": "schema:SoftwareSourceCode",
        "schema:name": "Countries",
        "schema:text": "SELECT ?c { ?s ?p ?c }",
    },
    "annotation": {
        "@type": "oa:Annotation",
        "oa:motivatedBy": ["oa:editing"],
        "oa:hasTarget": [
            {
                "@type": "oa:SpecificResource",
                "oa:hasSource": "https://doi.org/10.5072/AAA-AAA-AAA",
                "ods:fdoType": OBJECT_TYPES["specimen"].fdo_type,
            }
        ],
        "oa:hasBody": [{"@type": "oa:TextualBody", "rdf:value": "Abies alba"}],
        "dcterms:creator": [{"@type": "schema:Person", "schema:identifier": "urn:example:a"}],
        "col:contentKey": "0" * 64,
    },
    "machine-annotation-service": {
        "@type": "ods:MachineAnnotationService",
        "schema:name": "Label reader",
        "ods:topicName": "label-reader",
    },
    "ml-dataset": {"@type": "schema:Dataset", "schema:name": "Labels"},
    "ml-evaluation": {
        "@type": "fair4ml:MLModelEvaluation",
        "schema:name": "Errors of the label reader",
        "col:metric": "character error rate",
        "col:measured": 0.02,
    },
    "ml-model": {
        "@type": "fair4ml:MLModel",
        "schema:name": "Reader of lines",
        "col:sha256": "0" * 64,
    },
    "fdo-attribute": {
        "@type": "col:FdoAttribute",
        "schema:name": "specimenHost",
        "col:key": "specimenHost",
        "col:valueIndex": 200,
    },
    "fdo-operation": {
        "@type": "col:FdoOperation",
        "schema:name": "Retrieve",
        "col:key": "0.DOIP/Op.Retrieve",
    },
    "fdo-profile": {
        "@type": "col:FdoProfile",
        "schema:name": "Digital specimen",
        "col:key": "specimen",
        "col:recordSchema": {"type": "object"},
    },
    "fdo-type": {
        "@type": "col:FdoType",
        "schema:name": "Digital specimen",
        "col:key": "specimen",
    },
}
NOTED: dict[str, dict[str, Any]] = {
    "Backfilled": {"harvest": 3},
    "Erased": {"positions": [1, 2]},
    "HarvestCompleted": {
        "harvest": 2,
        "archive": "herbarium.zip",
        "sha256": "00",
        "counts": {"records": 1},
        "not_seen": ["10.5072/AAA-AAA-AAA"],
        "seen_again": {},
        "backfill": False,
    },
    "HarvestDecided": {
        "harvest": "SRC-SRC-SRC-2",
        "sha256": "00",
        "decision": "approve",
        "pairs": {"X-1:SRC-SRC-SRC": "10.5072/AAA-AAA-AAA"},
    },
    "HarvestPaused": {"harvest": "SRC-SRC-SRC-2", "sha256": "00", "counts": {"known": 9}},
    "JobsCompleted": {"jobs": [{"id": "20.5000.5072/JJJ-JJJ-JJJ", "annotations": []}]},
    "JobsDead": {"jobs": [{"id": "20.5000.5072/JJJ-JJJ-JJJ", "reason": "No answer."}]},
    "JobsFailed": {"jobs": [{"id": "20.5000.5072/JJJ-JJJ-JJJ", "error": "Out of memory."}]},
    "JobsScheduled": {
        "jobs": [{"id": "20.5000.5072/JJJ-JJJ-JJJ", "target": "10.5072/AAA-AAA-AAA"}],
        "upto": 1,
    },
    "JobsStarted": {"jobs": [{"id": "20.5000.5072/JJJ-JJJ-JJJ", "attempt": 1}]},
    "MediaChecked": {"outcome": "fetched", "sha256": "0" * 64, "length": 1},
    "PidConfirmed": {},
    "VersionDoiRequested": {"version": 2},
}


def facts_of(kind: str) -> dict[str, Fact]:
    """Participle → a fact of it, as `decide` gives it."""
    pid = Pid("10.5072", "AAA-AAA-AAA")
    document = stamped(DOCUMENTS[kind], pid, 1, modified=AT)
    later = {**document, "ods:remark": "later"}
    stub: Document = {"@type": document["@type"], "reason": "CC BY-NC"}
    lives: dict[str, list[Command]] = {
        "Registered": [Register(document)],
        "Activated": [Register(document, Status.DRAFT), Activate(later)],
        "Revised": [Register(document), Revise(later)],
        "Withheld": [Register(document), Withhold(stub)],
        "Released": [Register(stub, Status.PID_ONLY), Release(document)],
        "Tombstoned": [Register(document), Tombstone("Lost.", CURATOR, AT)],
        "Merged": [Register(document), Merge(SUCCESSOR, "Same.", CURATOR, AT)],
        "Divided": [Register(document), Split((SUCCESSOR, PART), "Two.", CURATOR, AT)],
        "Restored": [Register(document), Tombstone("Lost.", CURATOR, AT), Restore(later)],
        **{what: [Register(document), Note(what, NOTED[what])] for what in NOTES},
    }
    found = {}
    for name, commands in lives.items():
        known = None
        for command in commands:
            (fact,) = decide(known, command)
            known = evolve(known, fact, pid, kind)
        found[name] = fact
    return found


def golden(kind: str, fact: Fact) -> dict[str, Any]:
    """What is stored of a fact, and what it says."""
    document = None if isinstance(fact, Noted) else fact.document
    return {
        "topic": topic_of(kind, fact),
        "status": Status.ACTIVE.value if isinstance(fact, Noted) else fact.status.value,
        "detail": detail_of(fact),
        "frame": document and base64.b64encode(pack(canonical(document))).decode(),
        "document": document,
    }


def main() -> None:
    """Write what is missing; touch nothing that is there."""
    for kind in OBJECT_TYPES:
        for fact in facts_of(kind).values():
            path = HERE / f"{topic_of(kind, fact)}.json"
            if not path.exists():
                written = golden(kind, fact)
                path.write_bytes(
                    orjson.dumps(written, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
                )
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                with (HERE / "released.sha256").open("a") as released:
                    released.write(f"{digest}  {path.name}\n")
    assert len(list(HERE.glob("*.json"))) >= len(TOPICS)


if __name__ == "__main__":
    main()
