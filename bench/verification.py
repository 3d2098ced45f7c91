"""Verification of a log of any size: events a second, memory, and what tree and proofs cost.

The log is filled without projections: the documents of a small ingest, over and over under new
PIDs and identifiers, two versions of each, so that a million events take minutes. The limit is
shown in the same run: reading the same rows, and hashing what is promised of them.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson

from bench.generate import generate
from bench.processes import Cost, collectome
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import DigitalObjects
from eventstore.checkpoints import Checkpoints
from eventstore.codec import pack, unpack
from eventstore.envelope import Recorded, leaf_body
from eventstore.proofs import proof_of
from eventstore.recorder import Entry
from fdo.catalogue import claimable
from fdo.documents import Document, canonical
from fdo.identifiers import Pid, suffix_of
from handlers.verification import verify_log

SEED = 500
"""Records of the ingest whose documents are used."""
BATCH = 5_000
PROOFS = 200


def measure(scratch: Path, records: int) -> list[Result]:
    """Verify a log of a fifth of the events, then of all of them; then prove some."""
    archive, seed = scratch / "seed.zip", scratch / "seed"
    generate(Plan(SEED), archive)
    _, ingest = collectome("ingest", str(archive), "--data", str(seed))
    templates = _documents(seed)
    objects = DigitalObjects(scratch / "log", durability="normal")
    _fill(objects, templates, records // 5)
    grown = _grow(objects)
    _, small = _verify(objects.recorder.path)
    _fill(objects, templates, records)
    grown += _grow(objects)
    said, large = _verify(objects.recorder.path)
    assert said["sound"] and said["events"] == said["signed"] == records, said
    bare, whole = _bare(objects), _whole(objects)
    proof_s, script_s, size = _proofs(objects, scratch)
    objects.close()
    name = f"{records:,} events"
    tree = grown / records / (ingest.cpu_seconds / SEED)
    peaks = large.memory.largest / small.memory.largest
    return [
        Result("verification", f"{name}: verify --quick, all of it", records / large.seconds,
               "events/s"),
        Result("verification", f"{name}: the log verified", records / whole, "events/CPU s"),
        Result("verification", f"{name}: rows read, decoded and hashed alone", records / bare,
               "events/CPU s"),
        Result("verification", f"{name}: verify over that", bare / whole, "ratio",
               ">= 0.2", bare / whole >= 0.2),
        Result("verification", f"{name}: largest process", large.memory.largest, "MB", "<= 400",
               large.memory.largest <= 400),
        Result("verification", "memory at five times the events", peaks, "ratio", "<= 1.3",
               peaks <= 1.3),
        Result("verification", "tree grown and signed", records / grown, "events/s"),
        Result("verification", "tree over an ingest's processor time", tree, "ratio", "<= 0.02",
               tree <= 0.02),
        Result("verification", "proof file made", 1 / proof_s, "proofs/s"),
        Result("verification", "proof file", size / 1000, "kB"),
        Result("verification", "stand-alone script, one citation", script_s, "s"),
    ]  # fmt: skip


def _documents(seed: Path) -> list[Document]:
    objects = DigitalObjects(seed)
    found = [
        e.document for e in objects.log.read(0, 10 * SEED) if e.topic == "SpecimenRegistered.v1"
    ]
    objects.close()
    assert found
    return found


def _fill(objects: DigitalObjects, templates: list[Document], upto: int) -> None:
    """Append events until there are so many."""
    done = objects.log.position()
    entries = _entries(templates, done // 2)
    while done < upto:
        batch = list(islice(entries, min(BATCH, upto - done)))
        objects.recorder.insert_events(batch)
        done += len(batch)


def _entries(templates: list[Document], number: int) -> Iterator[Entry]:
    meta = {"type": "specimen", "agent": ["urn:bench", "Bench", "schema:SoftwareApplication", ""],
            "issue": 1, "status": "active"}  # fmt: skip
    while True:
        number += 1
        pid = Pid("10.5072", suffix_of(number * 7919))
        template = templates[number % len(templates)]
        identity = f"BENCH-{number}"
        document = {**template, "@id": pid.iri, "dcterms:identifier": pid.iri,
                    "ods:normalisedPhysicalSpecimenID": identity}  # fmt: skip
        for version, what in ((1, "Registered"), (2, "Revised")):
            body = canonical({**document, "ods:version": version})
            yield Entry(
                str(pid), version, f"Specimen{what}.v1", b"", version=version, meta=meta,
                document=body, frame=pack(body),
                claims=tuple(claimable("specimen", document) or ()) if version == 1 else (),
            )  # fmt: skip


def _grow(objects: DigitalObjects) -> float:
    started = time.process_time()
    Checkpoints(objects.recorder).make()
    return time.process_time() - started


def _verify(path: str) -> tuple[dict[str, object], Cost]:
    return collectome("verify", "--quick", "--data", str(Path(path).parent))


def _whole(objects: DigitalObjects) -> float:
    """Processor seconds of the verification itself."""
    started = time.process_time()
    assert verify_log(objects) == []
    return time.process_time() - started


def _bare(objects: DigitalObjects) -> float:
    """Processor seconds to read every row, decode its document and hash what it promises."""
    started = time.process_time()
    reader = objects.recorder.reader()
    for row in reader.execute("SELECT * FROM events ORDER BY position"):
        body = unpack(row["bytes"])
        orjson.loads(body)
        hashlib.sha256(row["salt"] + body).digest()
        meta = orjson.loads(row["meta"])
        envelope = leaf_body(*row[1:7], meta)
        hashlib.sha256(b"\x00" + envelope).digest()
    return time.process_time() - started


def _proofs(objects: DigitalObjects, scratch: Path) -> tuple[float, float, int]:
    """(seconds for a proof file, seconds for the script, bytes of a proof file)."""
    checkpoints, last = Checkpoints(objects.recorder), objects.log.position()
    events: list[Recorded] = [objects.log.event(1 + last * i // PROOFS) for i in range(PROOFS)]
    started = time.perf_counter()
    made = [orjson.dumps(proof_of(event, checkpoints)) for event in events]
    proof_s = (time.perf_counter() - started) / PROOFS
    event = events[PROOFS // 2]
    (scratch / "proof.json").write_bytes(made[PROOFS // 2])
    (scratch / "document").write_bytes(event.salt + (event.document_bytes or b""))
    script = Path(__file__).resolve().parents[1] / "docs" / "verify_citation.py"
    started = time.perf_counter()
    said = subprocess.run(
        [sys.executable, "-I", "-S", str(script), "proof.json", "document"],
        cwd=scratch, capture_output=True, text=True, check=True,
    )  # fmt: skip
    script_s = time.perf_counter() - started
    assert said.stdout.startswith("VERIFIED"), json.dumps(said.stdout)
    return proof_s, script_s, len(made[PROOFS // 2])
