"""From a declared table and a real file to a plan: which cell becomes which key.

The plan is made once for each file, so that a row costs one pick, one zip and nothing else.
Nothing of the source is lost: a column without a term is kept under its header name or its
number, and a term that is mapped twice keeps its second value where the two differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from handlers.harvest.reading.columns import NULLS, fits, note_misfits
from handlers.harvest.reading.diagnostics import Findings
from handlers.harvest.reading.dialect import Dialect
from handlers.harvest.reading.metafile import Column, TableSpec
from handlers.harvest.reading.names import header_key

ID_KEYS = ("dwc:occurrenceID", "dwc:materialEntityID", "dwc:materialSampleID")
LAST_KEYS = ("dwc:taxonID", "dwc:eventID")
"""They tell specimens apart only where nothing else does: two may be of one taxon or event."""
TRIPLET = ("dwc:institutionCode", "dwc:collectionCode", "dwc:catalogNumber")


@dataclass(frozen=True, slots=True)
class Plan:
    """How the rows of one file become keyed values; keys are sorted."""

    width: int
    skip: int
    keys: tuple[str, ...]
    places: tuple[int, ...]
    """For each key the cell it takes; constants stand behind the cells of the row."""
    constants: tuple[str, ...]
    defaults: tuple[tuple[int, str], ...]
    doubles: tuple[tuple[str, str], ...]
    """(second key, first key) of terms that are mapped twice."""
    ids: tuple[tuple[int, ...], ...]
    """The cells whose texts, joined by colons, are the id, and those that are it where the last
    of the former is empty; none: the line number serves."""

    def picker(self) -> Any:
        """A function from the cells of a row to its values in the order of the keys."""
        if len(self.places) == 1:
            only = self.places[0]
            return lambda cells: (cells[only],)
        return itemgetter(*self.places) if self.places else lambda _cells: ()


def make_plan(spec: TableSpec, dialect: Dialect, findings: Findings) -> Plan:
    """The plan for one file; everything odd about its columns is noted."""
    name = dialect.name
    skip = _true_skip(spec, dialect, spec.skip or 0, findings)
    above, body = dialect.parted(skip)
    header = above[-1] if above else ()
    width = _width(spec, header, body)
    columns = _present(spec, width, name, findings) + _unmapped(
        spec, header, body, width, name, findings
    )
    if header:
        _compare_header(spec, header, name, findings)
    if spec.is_core:
        note_misfits({c.key: c.index for c in columns if c.index is not None}, body, name, findings)
    columns, doubles = _tell_doubles_apart(columns, name, findings)
    columns.sort(key=lambda column: column.key)
    constants = [c.default or "" for c in columns if c.index is None]
    behind = iter(range(width, width + len(constants)))
    return Plan(
        width=width,
        skip=skip,
        keys=tuple(c.key for c in columns),
        places=tuple(next(behind) if c.index is None else c.index for c in columns),
        constants=tuple(constants),
        defaults=tuple((c.index, c.default) for c in columns if c.index is not None and c.default),
        doubles=doubles,
        ids=_ids(spec, columns, width, body, name, findings),
    )


def _true_skip(spec: TableSpec, dialect: Dialect, skip: int, findings: Findings) -> int:
    """The number of header lines as the file has them."""
    if not dialect.sample:
        return skip
    keys = {c.index: c.key for c in spec.columns if c.index is not None}
    above, below = dialect.parted(skip)
    if not above:  # nothing was declared, or only blank lines were
        cells, line = below[0], dialect.starts[0]
        heads = sum(header_key(cell) == keys[i] for i, cell in enumerate(cells) if i in keys)
        if heads >= 3 and heads >= len(keys) * 0.5:
            findings.note("header-undeclared", file=dialect.name, line=line)
            return line
        return skip
    row = above[-1]
    if len(row) > 2 and all(cell.strip() == str(i) for i, cell in enumerate(row)):
        findings.note("header-of-numbers", file=dialect.name, line=skip)
        return skip
    judged = [fits(keys[i], cell) for i, cell in enumerate(row) if i in keys and cell.strip()]
    verdicts = [each for each in judged if each is not None]
    if len(verdicts) >= 2 and all(verdicts):
        findings.note("header-missing", file=dialect.name, line=skip)
        return skip - 1
    return skip


def _width(spec: TableSpec, header: Sequence[str], body: Sequence[Sequence[str]]) -> int:
    needed = 1 + max([c.index for c in spec.columns if c.index is not None] + [spec.id_index or 0])
    modal, times = Counter(len(row) for row in body).most_common(1)[0] if body else (0, 0)
    if times * 2 <= len(body):
        modal = 0  # no width prevails
    if len(header) >= max(2, modal * 0.5):
        return max(len(header), modal)
    ragged = modal == 0 or max(len(row) for row in body) > modal
    return max(modal, needed) if ragged else modal


def _present(spec: TableSpec, width: int, name: str, findings: Findings) -> list[Column]:
    """The declared columns that the file has; of the others their defaults."""
    columns, absent = [], False
    for column in spec.columns:
        if column.index is None or column.index < width:
            columns.append(column)
        elif column.default:
            columns.append(Column(column.key, None, column.default))
        else:
            absent = True
    if absent:
        most = 1 + max(c.index for c in spec.columns if c.index is not None)
        findings.note("columns-missing", file=name, found=width, expected=most)
    return columns


def _unmapped(
    spec: TableSpec,
    header: Sequence[str],
    body: Sequence[Sequence[str]],
    width: int,
    name: str,
    findings: Findings,
) -> list[Column]:
    mapped = {c.index for c in spec.columns} | {spec.id_index}
    columns = []
    for index in range(width):
        if index in mapped:
            continue
        head = header[index].strip() if index < len(header) else ""
        key = head if head and not head.isdigit() else f"column-{index + 1}"
        columns.append(Column(key, index))
        if any(len(row) > index and row[index] for row in body):
            findings.note("column-unmapped", file=name, column=index + 1, key=key)
    return columns


def _compare_header(spec: TableSpec, header: Sequence[str], name: str, findings: Findings) -> None:
    declared = {c.index: c.key for c in spec.columns if c.index is not None}
    elsewhere = set(declared.values())
    for index, cell in enumerate(header):
        key = header_key(cell)
        said = declared.get(index)
        if key and said and key != said and key in elsewhere:
            findings.note(
                "header-disagrees", file=name, column=index + 1, name=cell.strip(), key=said
            )


def _tell_doubles_apart(
    columns: list[Column], name: str, findings: Findings
) -> tuple[list[Column], tuple[tuple[str, str], ...]]:
    first: dict[str, Column] = {}
    told: list[Column] = []
    doubles = []
    for column in columns:
        if column.key not in first:
            first[column.key] = column
            told.append(column)
            continue
        number = 2
        while f"{column.key}#{number}" in first:
            number += 1
        second = Column(f"{column.key}#{number}", column.index, column.default)
        first[second.key] = second
        told.append(second)
        doubles.append((second.key, column.key))
        places = [c.index for c in (first[column.key], column)]
        shown = ", ".join("default" if p is None else str(p + 1) for p in places)
        findings.note("term-repeated", file=name, key=column.key, columns=shown)
    return told, tuple(doubles)


def _ids(
    spec: TableSpec,
    columns: list[Column],
    width: int,
    body: Sequence[Sequence[str]],
    name: str,
    findings: Findings,
) -> tuple[tuple[int, ...], ...]:
    """What tells the rows apart: the column that is declared, or in each row the first filled one
    of those that may be an id. Where all of them stand empty in the first rows, none serves."""
    if spec.id_index is not None:
        return ((spec.id_index,),) if spec.id_index < width else ()
    if not spec.is_core:
        return ()
    places = {c.key: c.index for c in columns if c.index is not None}
    named = [key for key in places if key.lower() == "id"][:1]
    triplet = [key for key in TRIPLET if key in places] if TRIPLET[2] in places else []
    first = [[key] for key in (*ID_KEYS, *named) if key in places]
    last = [[key] for key in LAST_KEYS if key in places]
    for choice in ([*first, triplet] if triplet else first, last):
        ids = tuple(tuple(places[key] for key in keys) for keys in choice)
        chosen = {_chosen(cells, ids) for cells in body} if body else set(ids[:1])
        serving = [keys for keys, id_ in zip(choice, ids, strict=True) if id_ in chosen]
        if serving:
            told = ", else ".join(" + ".join(keys) for keys in serving)
            code = "id-from-triplet" if serving[0] is triplet else "core-id-guessed"
            findings.note(code, file=name, key=told)
            return ids
    findings.note("identifier-missing", file=name)
    return ()


def id_of(cells: Sequence[str], ids: tuple[tuple[int, ...], ...]) -> str:
    """The id of a row; empty where none of its cells is one."""
    chosen = _chosen(cells, ids)
    return ":".join(cells[place].strip() for place in chosen) if chosen else ""


def _chosen(cells: Sequence[str], ids: tuple[tuple[int, ...], ...]) -> tuple[int, ...] | None:
    for places in ids:
        if places[-1] < len(cells) and cells[places[-1]].strip() not in NULLS:
            return places
    return None
