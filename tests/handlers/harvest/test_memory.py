"""What a harvest holds at once does not grow with its source: bytes bound a transaction too."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from handlers.harvest.harvest import batches
from handlers.harvest.records import Record
from tests.handlers.harvest.collection import CC0, CORE, EML, Collection, row
from tests.handlers.harvest.reading.archive_building import DWC, metafile, read, table

ROOT = Path(__file__).resolve().parents[3]
SPECIMENS, FACTS = 500, 20_000
EXTENSION = 60_000_000
"""Bytes."""
MOST = 250_000_000
"""Bytes that the process may hold: less than the 400 MB that are promised, since it held 310 when
rows alone bound a transaction."""

CHILD = """
import re, sys
from pathlib import Path
from eventstore.application import DigitalObjects
from handlers.harvest.harvest import Harvest
from tests.handlers.harvest.collection import HERBARIUM
place = Path(sys.argv[1])
summary = Harvest(DigitalObjects(place / "data"), place / "workspace", HERBARIUM).run(sys.argv[2])
assert summary.balanced, summary.as_json()
print(summary.new, summary.rows["facts.txt"]["kept"])
print(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
"""


def archive(place: Path) -> Path:
    """An archive that is stored, not packed, whose extension is of that size: the facts of each
    specimen are all over it."""
    line = "f-{number},TU-{core},remark,{text}\n"
    text = "".join(f"{n} seen under the lens. " for n in range(110))
    filled = text * (EXTENSION // FACTS // len(text)) + text[: EXTENSION // FACTS % len(text)]
    meta = metafile(
        table("core.txt", CORE),
        table(
            "facts.txt",
            ("measurementID", "", "measurementType", "measurementRemarks"),
            kind="extension",
            row_type=f"{DWC}MeasurementOrFact",
            id_index=1,
        ),
        metadata="eml.xml",
    )
    cores = [",".join(row(n).get(name.rpartition("/")[2], "") for name in CORE)
             for n in range(SPECIMENS)]  # fmt: skip
    licence = f"<intellectualRights><para>{CC0}</para></intellectualRights>"
    with zipfile.ZipFile(place, "w") as packed:
        packed.writestr("meta.xml", meta)
        packed.writestr("eml.xml", EML.format(licence=licence))
        packed.writestr("core.txt", "\n".join([",".join(CORE), *cores]))
        with packed.open("facts.txt", "w") as facts:
            facts.write(b"id,core,type,remarks\n")
            for number in range(FACTS):
                core = number % SPECIMENS
                facts.write(line.format(number=number, core=core, text=filled).encode())
        assert packed.getinfo("facts.txt").file_size > EXTENSION
    return place


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(),
    # the peak that getrusage tells may be that of the process that started this one
    reason="the peak of a process is read from /proc, which is not here",
)
def test_an_extension_of_60_mb_is_taken_in_with_little_memory(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(archive(tmp_path / "facts.zip"))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    new, kept, peak = ended.stdout.split()
    assert (int(new), int(kept)) == (SPECIMENS, FACTS)
    assert int(peak) * 1024 < MOST


def sized(*sizes: int) -> list[Record]:
    return [Record(str(n), {}, {}, b"", "a.csv", n, size=size) for n, size in enumerate(sizes)]


def test_a_part_ends_at_so_many_rows_or_so_many_bytes() -> None:
    parts = batches(sized(1, 1, 1, 9, 1, 20, 1), rows=3, size=10)
    assert [[one.size for one in part] for part in parts] == [[1, 1, 1], [9, 1], [20], [1]]
    assert list(batches([], rows=3, size=10)) == []


def test_a_record_knows_how_much_it_says_with_its_extensions(tmp_path: Path) -> None:
    collection = Collection(tmp_path)
    long = row(2, recordedBy="K. " * 1_000)
    media = [{"coreid": "TU-1", "identifier": f"https://example.org/{'a' * 5_000}.jpg"}]
    source = collection.archive([row(1), long, row(3)], media)
    first, second, third = (one.size for one in read(source, tmp_path / "room").records)
    assert 5_000 < first < 6_000 and 3_000 < second < 4_000 and 0 < third < 1_000


def test_each_transaction_of_a_harvest_ends_at_its_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collection = Collection(tmp_path)

    def transactions(*rows: dict[str, str]) -> int:
        ends: list[int] = []
        collection.objects.on_append = ends.append
        collection.harvest(rows)
        return sum(collection.log.event(position).type == "specimen" for position in ends)

    assert transactions(*(row(n) for n in range(4))) == 1
    monkeypatch.setattr("handlers.harvest.harvest.BATCH_BYTES", 1)
    assert transactions(*(row(n, country="Latvia") for n in range(4))) == 4
