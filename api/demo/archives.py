"""A Darwin Core archive as a folder: `meta.xml`, `eml.xml`, one core and its extensions.

The text guide of Darwin Core (http://rs.tdwg.org/dwc/terms/guides/text/) fixes the metafile; the
metadata follow EML 2.2 as the GBIF profile narrows it. Nothing depends on clock or machine.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

from api.demo.tables import Row

DWC = "http://rs.tdwg.org/dwc/terms/"
DCTERMS = "http://purl.org/dc/terms/"
AC = "http://rs.tdwg.org/ac/terms/"
XMP = "http://ns.adobe.com/xap/1.0/"
GBIF = "http://rs.gbif.org/terms/1.0/"

_DCTERMS = {
    "created",
    "creator",
    "format",
    "identifier",
    "language",
    "license",
    "modified",
    "rightsHolder",
    "title",
    "type",
}
_DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}

# Audubon Core spells what GBIF's extension says in Dublin Core (http://rs.tdwg.org/ac/terms/).
_AUDUBON = {
    "created": XMP + "CreateDate",
    "creator": "http://purl.org/dc/elements/1.1/creator",
    "identifier": AC + "accessURI",
    "license": XMP + "rights/WebStatement",
    "title": DCTERMS + "title",
}


@dataclass(frozen=True)
class Dataset:
    """What one harvest of one collection holds; the key `id` of a row is its core id."""

    key: str
    about: Row
    day: str
    issue: int
    columns: Sequence[str]
    core: Sequence[Row]
    media: Sequence[Row]
    determinations: Sequence[Row]
    measurements: Sequence[Row]


@dataclass(frozen=True)
class Table:
    """One file of the archive: its row type, and each column with its term."""

    file: str
    row_type: str
    columns: Sequence[tuple[str, str]]
    rows: Sequence[Row]


def write_archive(folder: Path, dataset: Dataset) -> None:
    """Write the archive; a folder that exists already is written over."""
    folder.mkdir(parents=True, exist_ok=True)
    dialect = dataset.about["delimiter"]
    tables = list(_tables(dataset))
    for table in tables:
        with (folder / table.file).open("w", encoding="utf-8", newline="") as out:
            _write_rows(out, table, dialect)
    (folder / "meta.xml").write_text(metafile(tables, dialect), encoding="utf-8")
    (folder / "eml.xml").write_text(eml(dataset), encoding="utf-8")


def _tables(dataset: Dataset) -> Iterator[Table]:
    suffix = "txt" if dataset.about["delimiter"] == "tab" else "csv"
    core = [(term, column_iri(term)) for term in dataset.columns]
    yield Table(f"occurrence.{suffix}", DWC + "Occurrence", core, dataset.core)
    media_terms = ("identifier", "type", "format", "title", "created", "creator", "license")
    if dataset.about["mediaForm"] == "ac":
        media = [(term, _AUDUBON.get(term, column_iri(term))) for term in media_terms]
        yield Table(f"multimedia.{suffix}", AC + "Multimedia", media, dataset.media)
    else:
        media = [(term, column_iri(term)) for term in media_terms]
        yield Table(f"multimedia.{suffix}", GBIF + "Multimedia", media, dataset.media)
    for file, name, rows in (
        ("identification", "Identification", dataset.determinations),
        ("measurement", "MeasurementOrFact", dataset.measurements),
    ):
        if rows:
            terms = dict.fromkeys(term for row in rows for term in row if term != "id")
            columns = [(term, column_iri(term)) for term in terms]
            yield Table(f"{file}.{suffix}", DWC + name, columns, rows)


def column_iri(term: str) -> str:
    """The IRI of a term by its short name: Dublin Core for what Darwin Core takes from it."""
    return (DCTERMS if term in _DCTERMS else DWC) + term


def _write_rows(out: TextIO, table: Table, dialect: str) -> None:
    """Header and rows; tab-separated files have no quotes, the others quote where they must."""
    writer = csv.writer(
        out,
        delimiter=_DELIMITERS[dialect],
        lineterminator="\n",
        quoting=csv.QUOTE_NONE if dialect == "tab" else csv.QUOTE_MINIMAL,
        quotechar=None if dialect == "tab" else '"',
    )
    terms = ["id", *(term for term, _ in table.columns)]
    writer.writerow(terms)
    writer.writerows([row.get(term, "") for term in terms] for row in table.rows)


def metafile(tables: Sequence[Table], dialect: str) -> str:
    """`meta.xml`: the first table is the core, the others are extensions."""
    delimiter = {"\t": "\\t"}.get(_DELIMITERS[dialect], _DELIMITERS[dialect])
    enclosed = "" if dialect == "tab" else "&quot;"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<archive xmlns="{DWC.replace("terms", "text")}" metadata="eml.xml">',
    ]
    for number, table in enumerate(tables):
        kind, key = ("extension", "coreid") if number else ("core", "id")
        lines += [
            f'  <{kind} encoding="UTF-8" fieldsTerminatedBy="{delimiter}"'
            f' linesTerminatedBy="\\n" fieldsEnclosedBy="{enclosed}" ignoreHeaderLines="1"'
            f' rowType="{table.row_type}">',
            f"    <files><location>{table.file}</location></files>",
            f'    <{key} index="0"/>',
            *(
                f'    <field index="{index}" term={quoteattr(iri)}/>'
                for index, (_, iri) in enumerate(table.columns, start=1)
            ),
            f"  </{kind}>",
        ]
    return "\n".join([*lines, "</archive>", ""])


def eml(dataset: Dataset) -> str:
    """`eml.xml`: title, organisation with its id, licence as a link; a new issue each harvest."""
    about = {term: escape(value) for term, value in dataset.about.items()}
    directory = about["organisation"].rsplit("/", 1)[0] + "/"
    party = f"""<organizationName>{about["organisationName"]}</organizationName>
      <electronicMailAddress>collections@example.org</electronicMailAddress>
      <userId directory="{directory}">{about["organisation"]}</userId>"""
    rights = (
        f'<ulink url="{about["licence"]}"><citetitle>{about["licenceName"]}</citetitle></ulink>'
    )
    identifier = f"https://example.org/datasets/{dataset.key}"
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<eml:eml xmlns:eml="https://eml.ecoinformatics.org/eml-2.2.0" xml:lang="en"
  packageId="{identifier}/v1.{dataset.issue}" system="https://example.org" scope="system">
  <dataset>
    <alternateIdentifier>{identifier}</alternateIdentifier>
    <title xml:lang="en">{about["title"]}</title>
    <creator>
      {party}
    </creator>
    <metadataProvider>
      {party}
    </metadataProvider>
    <pubDate>{dataset.day}</pubDate>
    <language>{about["language"]}</language>
    <abstract>
      <para>{about["abstract"]}</para>
    </abstract>
    <intellectualRights>
      <para>This work is licensed under a {rights}.</para>
    </intellectualRights>
    <contact>
      {party}
    </contact>
  </dataset>
</eml:eml>
"""
