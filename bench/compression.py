"""What stored documents cost, with and without the shipped dictionary; and how it was trained.

The dictionary is trained on synthetic and sample records only, never on real ones: it is
shipped and kept for ever. `python -m bench.compression FILE` trains one anew, for a new number.
"""

from __future__ import annotations

import gzip
import sys
import tempfile
from pathlib import Path

import orjson
import zstandard

from api.demo import LOG
from bench.generate import generate
from bench.result import Result
from bench.specimens import Plan
from eventstore.application import DigitalObjects
from eventstore.codec import unpack
from fdo.documents import canonical
from handlers.harvest.harvest import Harvest
from handlers.harvest.options import Options

SIZE = 112_640


def measure(scratch: Path, records: int) -> list[Result]:
    """Bytes per document, raw, compressed, and compressed with the dictionary."""
    documents, _ = _synthetic(scratch, min(records, 4_000), seed=7)
    plain = zstandard.ZstdCompressor(level=3)
    trained = zstandard.ZstdCompressor(
        level=3, dict_data=zstandard.ZstdCompressionDict(_shipped().read_bytes())
    )
    rows = [
        ("as JSON", len),
        ("zstd", lambda data: len(plain.compress(data))),
        ("zstd with the dictionary", lambda data: len(trained.compress(data))),
    ]
    return [
        Result("compression", f"a document, {name}", sum(map(size, documents)) / len(documents),
               "bytes")
        for name, size in rows
    ]  # fmt: skip


def train(path: Path) -> int:
    """Train a dictionary and write it; its size."""
    with tempfile.TemporaryDirectory() as scratch:
        documents, verbatims = _synthetic(Path(scratch), 6_000, seed=1)
    with gzip.open(LOG) as lines:
        sample = [orjson.loads(line) for line in lines]
    shown = [canonical(line["document"]) for line in sample if line.get("document")]
    said = [canonical(line["verbatim"]) for line in sample if line.get("verbatim")]
    trained = zstandard.train_dictionary(
        SIZE, documents[:3_000] + verbatims[:2_000] + (shown + said) * 4
    )
    return path.write_bytes(trained.as_bytes())


def _shipped() -> Path:
    return Path(__file__).resolve().parents[1] / "eventstore/dictionaries/document-1.zdict"


def _synthetic(scratch: Path, records: int, seed: int) -> tuple[list[bytes], list[bytes]]:
    archive = scratch / "compression.zip"
    generate(Plan(records, seed=seed), archive)
    objects = DigitalObjects(scratch / f"compression-{seed}")
    Harvest(objects, scratch / "workspace", Options()).run(str(archive))
    events = objects.log.read(0, 10_000)
    objects.close()
    return (
        [event.document_bytes for event in events if event.document_bytes],
        [unpack(event.verbatim_frame) for event in events if event.verbatim_frame],
    )


if __name__ == "__main__":
    print(train(Path(sys.argv[1])), "bytes")
