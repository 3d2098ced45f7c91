"""A source opened for reading: what it is, what it says of itself, and its records.

    with open_source("herbarium.zip", workspace) as archive:
        for record in archive.records():
            ...
    assert all(c.rows_in == c.kept + c.reported for c in archive.counts.values())

A source is an archive, a folder, a single table, or the URL of one of these. Reading is one
pass over the core, in its order, in bounded memory.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

import orjson

from handlers.harvest.reading.diagnostics import Count, Findings, legible, refusal
from handlers.harvest.reading.fetch import fetch, is_url, name_of
from handlers.harvest.reading.join import SeenIds, Waiting, gather, report_left_over
from handlers.harvest.reading.layout import Layout, find_layout, tables_of
from handlers.harvest.reading.limits import Limits
from handlers.harvest.reading.metadata import read_metadata
from handlers.harvest.reading.names import SPECIMEN_ROWS
from handlers.harvest.reading.rooms import DOWNLOADS, Room
from handlers.harvest.reading.tables import KeyedRow
from handlers.harvest.reading.unpack import kind_of, unpack
from handlers.harvest.reading.xml_text import beginning_of
from handlers.harvest.records import DatasetMetadata, Diagnostic, Record


class Archive:
    """One source, opened; close it (or leave its `with`) to remove what was unpacked."""

    def __init__(
        self, name: str, path: Path, sha256: str, layout: Layout, room: Room, limits: Limits
    ) -> None:
        self.name = name
        self.sha256 = sha256
        self.path = path
        """The file or folder that was read; a download's, for a URL."""
        self._files = layout.paths if path in layout.paths else [path]
        self._room, self._workspace = room, room.path
        self._limits = limits
        self._opening = layout.findings
        self._reading = Findings()
        self.metadata = _metadata(layout, limits)
        self._core, self._extensions = tables_of(layout, room.path)
        self.core_row_type = self._core.row_type
        self.counts: dict[str, Count] = {}
        """For each file of the last reading its rows: in, kept and reported."""

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was unpacked and downloaded."""
        self._room.leave()

    def copied(self, folder: Path) -> Path:
        """A copy of what was read, to read it again: in a folder that holds nothing else, under
        its own name, a lone table with what lies beside it."""
        copy = folder / legible(self.path.name)
        if self.path.resolve() == copy.resolve():
            return copy
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if self.path.is_dir():
            shutil.copytree(self.path, copy)
            return copy
        for file in self._files:
            target = copy if file == self.path else folder / file.relative_to(self.path.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
        return copy

    @property
    def is_specimens(self) -> bool:
        """Whether the rows of the core may be specimens; a checklist or an event is none."""
        return self.core_row_type in SPECIMEN_ROWS

    @property
    def core_files(self) -> frozenset[str]:
        """The names of the files that hold the core."""
        return frozenset(self._core.names)

    @property
    def extension_row_types(self) -> tuple[str, ...]:
        """The row types of the extensions, as declared."""
        return tuple(table.row_type for table in self._extensions)

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """The findings of opening and of the last reading, so far."""
        return [*self._opening.all(), *self._reading.all()]

    def records(self) -> Iterator[Record]:
        """Every core row that has an id of its own, with its extension rows."""
        self._reading, self.counts = Findings(), {}
        findings, counts = self._reading, self.counts
        waiting = gather(self._extensions, findings, counts, self._workspace, self._limits)
        row_types = sorted({row_type for row_type, _ in waiting})
        of_type = [(each, [w for kind, w in waiting if kind == each]) for each in row_types]
        for row in self._core_rows(findings, counts):
            yield _record(row, of_type, counts)
        report_left_over(waiting, findings, counts)

    def keys(self) -> Iterator[tuple[str, dict[str, str]]]:
        """The same core rows as (id, values) without extensions; leaves counts alone."""
        for row in self._core_rows(Findings(), {}):
            yield row.id, row.values

    def _core_rows(self, findings: Findings, counts: dict[str, Count]) -> Iterator[KeyedRow]:
        seen = SeenIds(self._workspace / "seen.sqlite")
        try:
            for row in self._core.rows(findings, counts):
                if not row.id:
                    code, record = "core-id-null", None
                elif seen.is_new(row.id):
                    counts[row.file].kept += 1
                    yield row
                    continue
                else:
                    code, record = "core-id-repeated", row.id
                counts[row.file].reported += 1
                findings.note(code, file=row.file, line=row.line, offset=row.offset, record=record)
        finally:
            seen.close()


def open_source(
    source: str | Path,
    workspace: Path,
    limits: Limits | None = None,
    *,
    specimens: bool = True,
    partial: bool = False,
) -> Archive:
    """Open a source, or refuse it with a code.

    `specimens`: a core that cannot hold specimens is refused (`not-specimens`). `partial`: an
    extension file that is missing is reported instead of refused; a harvest must not take it
    for an extension whose rows have all vanished.
    """
    limits = limits or Limits()
    room = Room.take(workspace)
    try:
        text = str(source)
        path = Path(source)
        if is_url(text):  # parts of a broken download stay in `downloads`, a whole one does not
            path = fetch(text, workspace / DOWNLOADS, limits).rename(room.path / name_of(text))
        name = name_of(text) if is_url(text) else legible(path.name)
        if not path.exists():
            raise refusal("source-missing", name=text)
        digest = _digest(path)
        folder, table = path, None
        if not path.is_dir():
            if kind_of(path) == "plain":
                folder, table = path.parent, path
            else:
                folder = room.path / "unpacked"
                unpack(path, name, folder, limits)
        layout = find_layout(folder, table, name, Findings(), limits, specimens, partial)
        return Archive(_stem(name), path, digest, layout, room, limits)
    except BaseException:
        room.leave()
        raise


def _record(
    row: KeyedRow, of_type: list[tuple[str, list[Waiting]]], counts: dict[str, Count]
) -> Record:
    mark = hashlib.sha256(row.id.encode("utf-8"))
    values = orjson.dumps(row.values)
    mark.update(values)
    size = len(values)
    extensions: dict[str, list[dict[str, str]]] = {}
    places: list[tuple[str, int]] = []
    for row_type, sources in of_type:
        attached = [each for source in sources for each in source.take(row.id)]
        if not attached:
            continue
        for each in attached:
            counts[each.file].kept += 1
            places.append((each.file, each.line))
        extensions[row_type] = [orjson.loads(each.json) for each in attached]
        mark.update(row_type.encode())
        joined = b"".join(sorted(each.json for each in attached))
        mark.update(joined)
        size += len(joined)
    place = row.file, row.line, tuple(places)
    return Record(row.id, row.values, extensions, mark.digest(), *place, size)


def _metadata(layout: Layout, limits: Limits) -> DatasetMetadata:
    if layout.metadata is None:
        return DatasetMetadata()
    name, path = layout.metadata
    raw = beginning_of(path, limits.max_xml)
    return read_metadata(raw, name, layout.findings, limits)


def _digest(path: Path) -> str:
    """SHA-256 of a file, or of a folder's names and contents in order."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for file_path in sorted(each for each in path.rglob("*") if each.is_file()):
        name = os.fsencode(file_path.relative_to(path).as_posix())
        whole.update(b"%b\0%b\n" % (name, _digest(file_path).encode()))
    return whole.hexdigest()


def _stem(name: str) -> str:
    for ending in (
        ".tar.gz",
        ".tar.bz2",
        ".tar.xz",
        ".tgz",
        ".zip",
        ".csv",
        ".tsv",
        ".txt",
        ".tar",
    ):
        if name.lower().endswith(ending):
            return name[: -len(ending)]
    return name
