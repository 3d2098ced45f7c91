"""A table of an archive: its files, read one after the other into keyed rows.

Every row that is read is counted, and leaves here as a keyed row or as a finding of
severity *error*; never neither, never both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from handlers.harvest.reading.columns import NULLS
from handlers.harvest.reading.diagnostics import Count, Findings, refusal
from handlers.harvest.reading.dialect import Dialect, find_dialect
from handlers.harvest.reading.metafile import Column, TableSpec
from handlers.harvest.reading.names import header_key, is_old_name
from handlers.harvest.reading.plan import Plan, id_of, make_plan
from handlers.harvest.reading.rows import Row

NO_VALUE = frozenset({"", "\\N", "NULL"})
"""What databases write into a cell that is empty. Only so: a person may be called Null."""
_BREAKS = re.compile(r"\s*[\r\n]\s*")


class KeyedRow(NamedTuple):
    """One row of a table: its id (empty when null), its values by key, and its place."""

    id: str
    values: dict[str, str]
    file: str
    line: int
    offset: int


class Table:
    """One core or extension with the plan for each of its files."""

    def __init__(
        self,
        spec: TableSpec,
        files: list[tuple[str, Path]],
        findings: Findings,
        workspace: Path,
    ) -> None:
        self.row_type = spec.row_type
        self.size = sum(path.stat().st_size for _, path in files)
        self._parts: list[tuple[str, Dialect, Plan]] = []
        for name, path in files:
            dialect = find_dialect(path, name, spec, findings, workspace)
            if spec.skip is None:
                spec = spec_of_header(spec, dialect, findings)
                self.row_type = spec.row_type
            self._parts.append((name, dialect, make_plan(spec, dialect, findings)))

    @property
    def has_id(self) -> bool:
        """Whether every file has a column that says which record a row belongs to."""
        return all(plan.ids for _, _, plan in self._parts)

    @property
    def names(self) -> list[str]:
        """The files of the table."""
        return [name for name, _, _ in self._parts]

    def rows(self, findings: Findings, counts: dict[str, Count]) -> Iterator[KeyedRow]:
        """All rows in the order of the files; rows without form are reported, not given."""
        for name, dialect, plan in self._parts:
            count = counts.setdefault(name, Count())
            before = count.rows_in
            lines = dialect.lines(findings)
            lines.skip(plan.skip)
            rows = dialect.rows(lines, plan.width, findings)
            yield from _keyed(name, plan, rows, findings, count)
            count.rows_in += lines.left_out
            count.reported += lines.left_out
            if count.rows_in == before:
                findings.note("no-rows", file=name, rows=0)


def _keyed(
    name: str, plan: Plan, rows: Iterator[Row], findings: Findings, count: Count
) -> Iterator[KeyedRow]:
    pick, keys, width = plan.picker(), plan.keys, plan.width
    constants, defaults, doubles = plan.constants, plan.defaults, plan.doubles
    lone_id = plan.ids[0][0] if len(plan.ids) == 1 == len(plan.ids[0]) else None
    blank = 0
    for cells, line, offset in rows:
        if not any(cells):  # a spreadsheet writes the separators of its empty rows
            blank += 1
            continue
        count.rows_in += 1
        if len(cells) != width and not _made_to_fit(
            Row(cells, line, offset), width, name, findings
        ):
            count.reported += 1
            continue
        for place, default in defaults:
            if cells[place].strip() in NO_VALUE:
                cells[place] = default
        if constants:
            cells.extend(constants)
        # strict=True costs a tenth of the row; the plan makes keys and places of one length
        stated = zip(keys, pick(cells))  # noqa: B905
        values = {key: value for key, value in stated if value.strip() not in NO_VALUE}
        if doubles:
            values = _settled(values, doubles)
        if lone_id is not None:
            given = cells[lone_id].strip()
        elif plan.ids:
            given = id_of(cells, plan.ids)
        else:
            given = f"{name}-line-{line}"
        yield KeyedRow("" if given in NULLS else given, values, name, line, offset)
    if blank:
        findings.note("blank-lines", file=name, rows=blank, found=blank)


def _made_to_fit(row: Row, width: int, name: str, findings: Findings) -> bool:
    """Bring a row to the width of the table; False when it must be reported instead."""
    cells, line, offset = row
    found = len(cells)
    if found > width:
        if any(cells[width:]):
            findings.note(
                "row-too-long", file=name, line=line, offset=offset, found=found, expected=width
            )
            return False
        del cells[width:]
        return True
    if found * 2 < width:
        findings.note(
            "row-fragment", file=name, line=line, offset=offset, found=found, expected=width
        )
        return False
    findings.note("row-too-short", file=name, line=line, offset=offset, found=found, expected=width)
    cells.extend([""] * (width - found))
    return True


def _settled(values: dict[str, str], doubles: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """A second value fills an empty first, vanishes when equal, and is kept when it differs."""
    for second, first in doubles:
        if second in values and (first not in values or values[first] == values[second]):
            values[first] = values.pop(second)
    return dict(sorted(values.items()))


def spec_of_header(spec: TableSpec, dialect: Dialect, findings: Findings) -> TableSpec:
    """The table that a header line describes where no metafile does."""
    header = dialect.header
    keys = [header_key(cell) for cell in header]
    if not any(keys):
        shown = ", ".join(cell.strip()[:30] for cell in header[:8]) or "the file is empty"
        raise refusal("header-unknown", file=dialect.name, columns=shown)
    columns = []
    for index, (cell, key) in enumerate(zip(header, keys, strict=True)):
        key = key or _BREAKS.sub(" ", cell.strip()) or f"column-{index + 1}"
        if is_old_name(cell):
            findings.note("term-renamed", file=dialect.name, name=cell.strip(), key=key)
        columns.append(Column(key, index))
    named = {column.key for column in columns}
    specimen = {"dwc:occurrenceID", "dwc:catalogNumber", "dwc:basisOfRecord"} & named
    row_type = "dwc:Taxon" if "dwc:taxonID" in named and not specimen else "dwc:Occurrence"
    return TableSpec(
        row_type=row_type,
        locations=spec.locations,
        columns=tuple(columns),
        id_index=None,
        is_core=spec.is_core,
        encoding=spec.encoding,
        delimiter=dialect.delimiter,
        quote=dialect.quote,
        skip=dialect.header_lines,
    )
