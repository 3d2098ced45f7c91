"""Extension rows find their core rows, in memory and on disk alike, or are reported."""

from __future__ import annotations

import gc
import random
import tracemalloc
from pathlib import Path

import pytest

from handlers.harvest.reading.archive import open_source
from handlers.harvest.reading.join import SeenIds
from handlers.harvest.reading.limits import Limits
from tests.handlers.harvest.reading.archive_building import (
    MULTIMEDIA,
    folder,
    metafile,
    read,
    table,
)

CORE = table("occurrence.txt", ("occurrenceID", "locality"))
MEDIA = table(
    "media.txt", ("", "http://purl.org/dc/terms/identifier"), row_type=MULTIMEDIA, kind="extension"
)
ODD = table(
    "odd.txt", ("", "http://example.org/terms/smell"), row_type="http://example.org/Smell",
    kind="extension",
)  # fmt: skip
JOINS = pytest.mark.parametrize("memory", [1 << 25, 0], ids=["in memory", "on disk"])


@JOINS
def test_rows_are_joined_by_core_id_whatever_their_order(memory: int, tmp_path: Path) -> None:
    source = folder(
        tmp_path / "a",
        meta=metafile(CORE, MEDIA, ODD),
        occurrence="id,l\n1,a\n2,b\n3,c\n",
        media="c,i\n3,x\n1,y\n3,z\n",
        odd="c,s\n2,sweet\n",
    )
    records = read(source, tmp_path / "w", Limits(memory_join=memory)).records
    assert [record.extensions for record in records] == [
        {"gbif:Multimedia": [{"dcterms:identifier": "y"}]},
        {"http://example.org/Smell": [{"http://example.org/terms/smell": "sweet"}]},
        {"gbif:Multimedia": [{"dcterms:identifier": "x"}, {"dcterms:identifier": "z"}]},
    ]


@JOINS
def test_rows_whose_core_is_missing_are_reported_with_their_number(
    memory: int, tmp_path: Path
) -> None:
    orphans = "".join(f"gone-{i},x{i}\n" for i in range(100))
    source = folder(
        tmp_path / "a",
        meta=metafile(CORE, MEDIA),
        occurrence="id,l\n1,a\n",
        media=f"c,i\n1,y\n,nobody\n{orphans}",
    )
    reading = read(source, tmp_path / "w", Limits(memory_join=memory))
    assert reading.rows_of("extension-core-missing") == 100
    assert reading.rows_of("extension-id-null") == 1
    assert (reading.one("extension-core-missing").record, reading.counts["media.txt"].kept) == (
        "gone-0",
        1,
    )
    assert reading.one("extension-core-missing").line == 4


@JOINS
def test_a_repeated_core_row_does_not_take_the_media_of_the_first(
    memory: int, tmp_path: Path
) -> None:
    source = folder(
        tmp_path / "a",
        meta=metafile(CORE, MEDIA),
        occurrence="id,l\n1,a\n1,b\n",
        media="c,i\n1,x\n",
    )
    reading = read(source, tmp_path / "w", Limits(memory_join=memory))
    assert [len(record.extensions) for record in reading.records] == [1]
    assert reading.rows_of("core-id-repeated") == 1


def test_an_extension_without_any_core_id_column_is_reported_whole(tmp_path: Path) -> None:
    lost = table("media.txt", ("identifier",), row_type=MULTIMEDIA, kind="extension", id_index=None)
    source = folder(
        tmp_path / "a", meta=metafile(CORE, lost), occurrence="id,l\n1,a\n", media="i\nx\ny\n"
    )
    reading = read(source, tmp_path / "w")
    assert reading.rows_of("coreid-undeclared") == 2
    assert reading.counts["media.txt"].reported == 2


def test_a_reading_can_be_repeated(tmp_path: Path) -> None:
    source = folder(
        tmp_path / "a", meta=metafile(CORE, MEDIA), occurrence="i,l\n1,a\n,b\n", media="c,i\n1,x\n"
    )
    with open_source(source, tmp_path / "w", Limits(memory_join=0)) as archive:
        first = list(archive.records()), archive.diagnostics
        assert (list(archive.records()), archive.diagnostics) == first


def test_a_larger_extension_takes_no_more_memory(tmp_path: Path) -> None:
    core = "id,l\n" + "".join(f"{i},Ghent\n" for i in range(1000))
    peaks = []
    for size in (4_000, 16_000):
        ids = [i % 1000 for i in range(size)]
        random.Random(4).shuffle(ids)
        rows = "".join(f"{i},https://example.org/media/{i}/{'x' * 300}\n" for i in ids)
        source = folder(
            tmp_path / f"{size}", meta=metafile(CORE, MEDIA), occurrence=core, media=f"c,i\n{rows}"
        )
        del rows, ids
        gc.collect()
        gc.freeze()  # else how much garbage waits depends on what other tests left behind
        tracemalloc.start()
        with open_source(source, tmp_path / "w", Limits(memory_join=0)) as archive:
            attached = sum(len(r.extensions["gbif:Multimedia"]) for r in archive.records())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        gc.unfreeze()
        assert attached == size
    assert peaks[1] < peaks[0] * 1.3


def test_seen_ids_spill_to_a_file_and_stay_exact(tmp_path: Path) -> None:
    seen = SeenIds(tmp_path / "seen.sqlite", in_memory=10)
    assert all(seen.is_new(f"id-{i}") for i in range(100))
    assert not any(seen.is_new(f"id-{i}") for i in range(100))
    seen.close()
