"""Write a realistic Darwin Core archive of any size: `python -m bench.generate --records 100000`.

The archive streams to disk in bounded memory, as a folder or, where the name ends in `.zip`, as
one file. The same plan gives the same bytes; a later harvest of the same plan changes, adds and
drops a share of the records; another catalogue prefix changes every identifier and nothing else.
"""

from __future__ import annotations

import argparse
import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import IO

from api.demo.archives import DWC, GBIF, Dataset, Table, column_iri, eml, metafile
from bench.specimens import (
    CC0,
    COLUMNS,
    INSTITUTION,
    MEDIA_COLUMNS,
    Cells,
    Plan,
    Specimens,
    harvest_day,
)

_ROWS_AT_ONCE = 2000
_ZIP_TIME = (2026, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Written:
    """What was generated: rows of both tables, bytes before compression, and how long it took."""

    records: int
    media: int
    bytes: int
    seconds: float


def generate(plan: Plan, out: Path) -> Written:
    """Write the archive of the plan's harvest to a folder or, for `….zip`, a file."""
    began = time.perf_counter()
    specimens = Specimens(plan)
    with _archive(out) as archive:
        records, core_bytes = archive.table("occurrence.txt", COLUMNS, specimens.rows())
        header = ["id", *MEDIA_COLUMNS]
        media, media_bytes = archive.table("multimedia.txt", header, specimens.media())
        archive.text("meta.xml", metafile(_tables(), "tab"))
        archive.text("eml.xml", eml(_dataset(plan)))
    seconds = round(time.perf_counter() - began, 3)
    return Written(records, media, core_bytes + media_bytes, seconds)


class _Archive:
    """A folder or a zip file that takes one file after another."""

    def __init__(self, folder: Path, pack: zipfile.ZipFile | None) -> None:
        self._folder, self._pack = folder, pack

    def text(self, name: str, text: str) -> None:
        with self._file(name) as out:
            out.write(text.encode())

    def table(self, name: str, header: list[str], rows: Iterator[Cells]) -> tuple[int, int]:
        """Tab-separated rows under a header; the number of rows and of bytes."""
        count = 0
        with self._file(name) as out:
            size = out.write(("\t".join(header) + "\n").encode())
            while block := list(map("\t".join, islice(rows, _ROWS_AT_ONCE))):
                count += len(block)
                size += out.write(("\n".join(block) + "\n").encode())
        return count, size

    @contextmanager
    def _file(self, name: str) -> Iterator[IO[bytes]]:
        if self._pack is None:
            with (self._folder / name).open("wb") as out:
                yield out
        else:
            entry = zipfile.ZipInfo(name, _ZIP_TIME)  # a fixed time: equal plans, equal bytes
            entry.compress_type = zipfile.ZIP_DEFLATED
            with self._pack.open(entry, "w", force_zip64=True) as out:
                yield out


@contextmanager
def _archive(out: Path) -> Iterator[_Archive]:
    if out.suffix == ".zip":
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(out, "w", compresslevel=1) as pack:
            yield _Archive(out, pack)
    else:
        out.mkdir(parents=True, exist_ok=True)
        yield _Archive(out, None)


def _tables() -> list[Table]:
    core = [(term, column_iri(term)) for term in COLUMNS[1:]]
    media = [(term, column_iri(term)) for term in MEDIA_COLUMNS]
    return [
        Table("occurrence.txt", DWC + "Occurrence", core, ()),
        Table("multimedia.txt", GBIF + "Multimedia", media, ()),
    ]


def _dataset(plan: Plan) -> Dataset:
    about = {
        "title": "Synthetic specimens",
        "abstract": "Generated records for measuring; none of these specimens exists.",
        "organisation": INSTITUTION,
        "organisationName": "Synthetic Museum",
        "licence": CC0,
        "licenceName": "Creative Commons Zero 1.0 Universal (CC0 1.0)",
        "language": "en",
    }
    return Dataset(
        "synthetic", about, harvest_day(plan.harvest), plan.harvest, COLUMNS, (), (), (), ()
    )


def main() -> None:
    """Generate one archive and print what was written as one line of JSON."""
    parser = argparse.ArgumentParser(prog="python -m bench.generate", description=__doc__)
    parser.add_argument("--records", type=int, required=True, help="records of the first harvest")
    parser.add_argument(
        "--out", type=Path, required=True, help="a folder, or a file ending in .zip"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--media-share", type=float, default=0.4, help="records with images")
    parser.add_argument("--change-share", type=float, default=0.1, help="changed at each harvest")
    parser.add_argument("--harvest", type=int, default=1, help="1 is the first")
    parser.add_argument("--catalog-prefix", default="SYN", help="begins every catalogue number")
    given = vars(parser.parse_args())
    out = given.pop("out")
    plan = Plan(**given)
    print(json.dumps({"out": str(out), **asdict(plan), "written": asdict(generate(plan, out))}))


if __name__ == "__main__":
    main()
