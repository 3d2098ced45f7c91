"""Small archives made on the spot, so that each test shows the bytes it is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from fdo.errors import SourceRefused
from handlers.harvest.reading.archive import open_source
from handlers.harvest.reading.diagnostics import Count
from handlers.harvest.reading.limits import Limits
from handlers.harvest.records import DatasetMetadata, Diagnostic, Record

DWC = "http://rs.tdwg.org/dwc/terms/"
OCCURRENCE = f"{DWC}Occurrence"
MULTIMEDIA = "http://rs.gbif.org/terms/1.0/Multimedia"


class Reading(NamedTuple):
    """All that came out of one source."""

    records: list[Record]
    diagnostics: list[Diagnostic]
    counts: dict[str, Count]
    metadata: DatasetMetadata
    row_type: str

    @property
    def codes(self) -> set[str]:
        return {each.code for each in self.diagnostics}

    @property
    def cores(self) -> list[dict[str, str]]:
        return [record.core for record in self.records]

    def rows_of(self, code: str) -> int:
        return sum(each.rows for each in self.diagnostics if each.code == code)

    def one(self, code: str) -> Diagnostic:
        return next(each for each in self.diagnostics if each.code == code)


def read(
    source: Path | str,
    workspace: Path,
    limits: Limits | None = None,
    *,
    specimens: bool = False,
    partial: bool = False,
) -> Reading:
    """Read a source to its end and prove the sum: rows in = rows kept + rows reported."""
    with open_source(source, workspace, limits, specimens=specimens, partial=partial) as archive:
        keys = list(archive.keys())
        records = list(archive.records())
        reading = Reading(
            records, archive.diagnostics, archive.counts, archive.metadata, archive.core_row_type
        )
    assert keys == [(record.id, record.core) for record in records]
    reported: Counter[str] = Counter()
    for each in reading.diagnostics:
        if each.severity == "error":
            reported[each.file] += each.rows
    for file, count in reading.counts.items():
        assert count.rows_in == count.kept + count.reported, (file, count)
        assert count.reported == reported[file], (file, count, reported)
    return reading


def refused(source: Path | str, workspace: Path, limits: Limits | None = None) -> str:
    """The code under which a source is refused."""
    try:
        read(source, workspace, limits)
    except SourceRefused as error:
        assert error.message.endswith(".")
        return str(error.details["code"])
    return "not refused"


def table(
    file: str,
    terms: Sequence[str],
    *,
    row_type: str = OCCURRENCE,
    kind: str = "core",
    delimiter: str = ",",
    quote: str = '"',
    skip: int = 1,
    encoding: str = "UTF-8",
    id_index: int | None = 0,
    more: str = "",
) -> str:
    """One `<core>` or `<extension>`; a term without colon is a Darwin Core term."""
    fields = "".join(
        f'<field index="{i}" term="{term if ":" in term else DWC + term}"/>'
        for i, term in enumerate(terms)
        if term
    )
    tag = "id" if kind == "core" else "coreid"
    identity = "" if id_index is None else f'<{tag} index="{id_index}"/>'
    return (
        f'<{kind} encoding="{encoding}" fieldsTerminatedBy={quoteattr(delimiter)} '
        f'linesTerminatedBy="\\n" fieldsEnclosedBy={quoteattr(quote)} ignoreHeaderLines="{skip}" '
        f'rowType="{row_type}"><files><location>{file}</location></files>{identity}{fields}{more}'
        f"</{kind}>"
    )


def metafile(*tables: str, metadata: str = "") -> str:
    """A meta.xml of these tables."""
    attribute = f' metadata="{metadata}"' if metadata else ""
    inside = "".join(tables)
    return f'<archive xmlns="http://rs.tdwg.org/dwc/text/"{attribute}>{inside}</archive>'


def folder(place: Path, **files: str | bytes) -> Path:
    """A folder of files; `meta` is meta.xml, `eml` is eml.xml, any other name a .txt."""
    place.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = place / (f"{name}.xml" if name in ("meta", "eml") else f"{name}.txt")
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return place


def occurrences(place: Path, text: str | bytes, terms: Sequence[str], **how: object) -> Path:
    """An archive of one core file `occurrence.txt`."""
    core = table("occurrence.txt", terms, **how)  # type: ignore[arg-type]
    return folder(place, meta=metafile(core), occurrence=text)
