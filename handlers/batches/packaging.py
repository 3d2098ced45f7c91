"""The package that a source system is sent: tables, what they mean, and how to use them.

    corrections.csv     not adopted yet: one row for each accepted change
    by-specimen.csv     the same changes of specimens: a row for each, a column for each term
    conflicts.csv       the source says a third thing now
    adopted.csv         the source says the same now
    dropped.csv         no longer shown here
    datapackage.json    columns and types (Frictionless Data Package 1)
    README.txt

Equal rows make equal bytes. A cell that a spreadsheet would take for a formula begins with an
apostrophe: what annotations say is written by strangers.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import IO, Any, Final

import orjson

from fdo.wording import many
from handlers.batches.corrections import COLUMNS, Correction, Standing

TABLES: Final[dict[str, tuple[Standing, str]]] = {
    "corrections": ("applied", "Accepted, and not adopted by the source yet."),
    "conflicts": ("conflict", "Accepted, and the source says a third thing now."),
    "adopted": ("adopted", "Accepted, and the source says the same now."),
    "dropped": (
        "dropped",
        "Accepted once, and no longer shown here: its place is gone, or a person took the source's "
        "value.",
    ),
}
"""Table → the state of its rows, and what that means."""
WIDE: Final = "by-specimen"
_KEYS: Final = ("catalogNumber", "occurrenceID", "physicalSpecimenID", "pid")
_BEGINNING: Final = (1980, 1, 1, 0, 0, 0)
_FORMULA: Final = re.compile(r"[=+@\t\r]|-(?![\d.]+\Z)")
_ABOUT: Final = {
    "catalogNumber": "Number in the catalogue; empty where the source gives none, or gives the "
    "same as occurrenceID.",
    "occurrenceID": "Id of the record as the source gives it.",
    "physicalSpecimenID": "Id of the specimen as the source gives it.",
    "accessURI": "Address of the medium, where a medium is corrected.",
    "pid": "Persistent identifier of the object.",
    "term": "Term that is corrected, with its prefix.",
    "path": "Place of the term in the object; with it nothing is ambiguous.",
    "action": "editing, adding or deleting.",
    "oldValue": "What the source says there; empty for nothing.",
    "newValue": "What is right; empty for a deletion.",
    "state": "applied, conflict, adopted or dropped.",
    "annotation": "Persistent identifier of the annotation, which is the evidence.",
    "annotationVersion": "The version of it that this row tells.",
    "proposed": "When it was proposed.",
    "accepted": "When it was accepted.",
    "score": "How sure the annotator was, 0 to 1.",
}
_FORMATS: Final = {"proposed": "datetime", "accepted": "datetime"}


def write(target: IO[bytes], rows: Iterable[Correction], source: str, name: str) -> dict[str, int]:
    """Write the package of a source system; table → its rows.

    Each table begins with the mark of UTF-8: without it spreadsheets take letters for those of
    another alphabet, and a source would take over wrong ones. WHATWG's Encoding, which names
    "utf-8" in data packages, reads over it.
    """
    every = list(rows)
    of = {
        table: [row for row in every if row["state"] == state]
        for table, (state, _) in TABLES.items()
    }
    wide = list(by_specimen(of["corrections"]))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
        for table, some in of.items():
            _put(package, f"{table}.csv", BOM_UTF8 + table_of(cells_of(some)))
        _put(package, f"{WIDE}.csv", BOM_UTF8 + table_of(wide))
        _put(package, "datapackage.json", _described(source, name, wide[0]))
        _put(package, "README.txt", _readme(source, name, {t: len(r) for t, r in of.items()}))
    return {table: len(some) for table, some in of.items()}


def cells_of(rows: Iterable[Correction]) -> Iterator[Sequence[str]]:
    """Header and rows of the long table."""
    yield COLUMNS
    for row in rows:
        yield [row[column] for column in COLUMNS]


def table_of(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as CSV (RFC 4180), safe in a spreadsheet."""
    out = io.StringIO()
    csv.writer(out).writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue().encode()


def safe(cell: str) -> str:
    """The cell, so that no spreadsheet calculates it; numbers stay as they are."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def by_specimen(rows: Sequence[Correction]) -> Iterator[tuple[str, ...]]:
    """Header and rows of the table with a column for each term; what is to be deleted, or stands
    in a node of which there are several, is in the long table only."""
    found: dict[tuple[str, ...], dict[str, dict[str, list[str]]]] = {}
    for row in rows:
        plain = row["objectType"] == "specimen" and row["action"] != "deleting"
        if plain and not _several(row["path"]):
            terms = found.setdefault(tuple(row[key] for key in _KEYS), {})
            terms.setdefault(row["term"], {}).setdefault(row["path"], []).append(row["newValue"])
    columns = sorted({term for terms in found.values() for term in terms})
    yield (*_KEYS, *columns)
    for keys, terms in found.items():
        yield (*keys, *(_cell(terms.get(column, {})) for column in columns))


def _cell(places: Mapping[str, Sequence[str]]) -> str:
    """What is added to one place, side by side; nothing where several places bear the term."""
    return " | ".join(*places.values()) if len(places) == 1 else ""


def _several(path: str) -> bool:
    """Whether a path leads to another than the first node of its kind."""
    return re.search(r"\[[1-9]\d*\]", path) is not None


def _put(package: zipfile.ZipFile, name: str, data: bytes) -> None:
    package.writestr(zipfile.ZipInfo(name, _BEGINNING), data, zipfile.ZIP_DEFLATED)


def _described(source: str, name: str, wide: Sequence[str]) -> bytes:
    resources = [_resource(table, means, COLUMNS) for table, (_, means) in TABLES.items()] + [
        _resource(WIDE, "The corrections of specimens, a column for each term.", wide)
    ]
    package: dict[str, Any] = {
        "profile": "tabular-data-package",
        "name": "corrections",
        "title": f"Corrections for {name}",
        "id": source,
        "resources": resources,
    }
    return orjson.dumps(package, option=orjson.OPT_INDENT_2)


def _resource(table: str, means: str, columns: Sequence[str]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "fields": [
            {"name": column, "type": _FORMATS.get(column, "string"), **_description(column)}
            for column in columns
        ]
    }
    if table != WIDE:
        schema["primaryKey"] = "annotation"
    return {
        "profile": "tabular-data-resource",
        "name": table,
        "path": f"{table}.csv",
        "description": means,
        "encoding": "utf-8",
        "schema": schema,
    }


def _description(column: str) -> dict[str, str]:
    return {"description": _ABOUT[column]} if column in _ABOUT else {}


def _readme(source: str, name: str, counts: dict[str, int]) -> bytes:
    tables = "\n".join(
        f"{table}.csv  {many(counts[table], 'row')}. {means}"
        for table, (_, means) in TABLES.items()
    )
    return f"""Corrections for {name}
{source}

{tables}
{WIDE}.csv  The corrections of specimens once more: a row for each, a column for each term.

What to do with them. Take over what you agree with in your own system, by catalogNumber,
occurrenceID or physicalSpecimenID. At the next harvest the repository sees that the source says the
same, and the row moves from corrections.csv to adopted.csv. What you do not agree with, answer at
the address in the column annotation; until then the repository shows the corrected value and names
who accepted it.

Evidence. Every row names the annotation, its maker, its approver and what it refers to. The address
in the column annotationVersion never changes its content.

Cells that begin with an apostrophe before =, +, -, @, a tab or a line break are text: without it a
spreadsheet would calculate them. Take the apostrophe away when you import them. The columns are
described in datapackage.json.
""".encode()
