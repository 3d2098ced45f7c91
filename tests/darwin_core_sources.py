"""The real archives of the reference data as verbatim records, by the shortest reader possible.

Not the project's reader: an independent one, good for these files only.
"""

from __future__ import annotations

import csv
import io
import tarfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from fdo.identifiers import Pid
from handlers.harvest.mapping.darwin_core import Mapping
from handlers.harvest.reading.names import curie
from handlers.harvest.records import DatasetMetadata, Mapped, Record

SOURCE = Pid("20.5000.5072", "SRC-SRC-SRC")
NATURALIS = "https://ror.org/0566bfb96"
_NS = "{http://rs.tdwg.org/dwc/text/}"


@dataclass(frozen=True)
class Source:
    """One real dataset: its file, what its EML says, and the operator's organisation."""

    file: str
    dataset: DatasetMetadata
    organisation: str | None = None

    def mapping(self) -> Mapping:
        return Mapping(SOURCE, self.dataset.title or "", self.dataset, self.organisation)

    def mapped(self, shared_data: Path) -> list[Mapped]:
        mapping = self.mapping()
        results = [mapping.map(record) for record in self.records(shared_data)]
        return [result for result in results if isinstance(result, Mapped)]

    def records(self, shared_data: Path) -> list[Record]:
        files = _files(shared_data / self.file)
        root = ElementTree.fromstring(files["meta.xml"])
        extensions: dict[str, dict[str, list[dict[str, str]]]] = defaultdict(dict)
        for element in root.findall(f"{_NS}extension"):
            kind = curie(element.attrib["rowType"])
            for number, cells, _ in _rows(element, files):
                extensions[number].setdefault(kind, []).append(cells)
        core = root.find(f"{_NS}core")
        assert core is not None
        return [
            Record(number, cells, extensions.get(number, {}), b"", self.file, line)
            for number, cells, line in _rows(core, files)
        ]


SOURCES = {
    "algae": Source(
        "dwca/trom-algae-herbarium.zip",
        DatasetMetadata(
            title="Algae herbarium TROM, The Arctic University Museum of Norway",
            licence="http://creativecommons.org/licenses/by/4.0/legalcode",
        ),
    ),
    "insects": Source(
        "dwca/inhs-insects-5k.tar.gz",
        DatasetMetadata(title="Illinois Natural History Survey", licence="CC-BY"),
        "https://ror.org/047426m28",
    ),
    "fossils": Source(
        "dwca/mnhnl-fossils-20-associated-media.zip",
        DatasetMetadata(title="Palaeontological collections", licence="CC0"),
    ),
    "tunicates": Source(
        "dwca/naturalis-tunicata-14-ac-multimedia.zip",
        DatasetMetadata(title="Naturalis Biodiversity Center (NL) - Tunicata", licence="CC0"),
        NATURALIS,
    ),
    "minerals": Source(
        "csv",
        DatasetMetadata(title="Naturalis - Mineralogy and petrology", licence="CC0"),
        NATURALIS,
    ),
}


def _files(path: Path) -> dict[str, bytes]:
    """The files of an archive by bare name; the minerals file is not what its metafile says."""
    if path.is_dir():
        table = (path / "naturalis-minerals-1000.csv").read_text("utf-8")
        rows = csv.reader(io.StringIO(table), delimiter=";")
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows(rows)
        meta = (path / "naturalis-meta.xml").read_bytes()
        return {"meta.xml": meta, "Occurrence.txt": out.getvalue().encode()}
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            return {Path(name).name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as archive:
        members = [one for one in archive.getmembers() if one.isfile()]
        return {Path(one.name).name: archive.extractfile(one).read() for one in members}  # type: ignore[union-attr]


def _rows(
    element: ElementTree.Element, files: dict[str, bytes]
) -> Iterator[tuple[str, dict[str, str], int]]:
    location = element.find(f"{_NS}files/{_NS}location")
    key = element.find(f"{_NS}id")
    key = element.find(f"{_NS}coreid") if key is None else key
    assert location is not None and location.text and key is not None
    fields = [
        (int(field.attrib["index"]), curie(field.attrib["term"]), field.get("default", ""))
        for field in element.findall(f"{_NS}field")
    ]
    quote = element.get("fieldsEnclosedBy")
    rows = csv.reader(
        io.StringIO(files[location.text].decode("utf-8", "replace"), newline=""),
        delimiter=element.attrib["fieldsTerminatedBy"].replace("\\t", "\t"),
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    for line, row in enumerate(rows, 1):
        if line > int(element.get("ignoreHeaderLines", "0")):
            cells = {
                term: (row[at].strip() if at < len(row) else "") or default
                for at, term, default in fields
            }
            yield row[int(key.attrib["index"])], {k: v for k, v in cells.items() if v}, line
