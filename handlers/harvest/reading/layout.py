"""Which files of a folder are the archive: the metafile, the tables, the metadata.

An archive may lie in a sub-folder, beside what macOS adds, without metadata; a table may lie
alone, or with a metafile beside it that names it (`meta.xml`, or `NAME-meta.xml` where the
name of the table begins with NAME).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from handlers.harvest.reading.diagnostics import Findings, legible, refusal
from handlers.harvest.reading.limits import Limits, is_litter
from handlers.harvest.reading.lines import wide_encoding
from handlers.harvest.reading.metafile import Metafile, TableSpec, read_metafile
from handlers.harvest.reading.names import SPECIMEN_ROWS
from handlers.harvest.reading.tables import Table
from handlers.harvest.reading.unpack import TABLE_ENDINGS
from handlers.harvest.reading.xml_text import beginning_of

Files = list[tuple[str, Path]]


@dataclass(frozen=True, slots=True)
class Layout:
    """The parts of an archive, found and safe to open."""

    core: tuple[TableSpec, Files]
    extensions: tuple[tuple[TableSpec, Files], ...]
    metadata: tuple[str, Path] | None
    findings: Findings
    must_be_specimens: bool = True
    name: str = ""
    metafile: Path | None = None

    @property
    def paths(self) -> list[Path]:
        """Every file of the archive: tables, metafile, metadata."""
        tables = [path for _, files in (self.core, *self.extensions) for _, path in files]
        others = (self.metafile, self.metadata[1] if self.metadata else None)
        return [*tables, *(path for path in others if path is not None)]


def find_layout(
    folder: Path,
    table: Path | None,
    name: str,
    findings: Findings,
    limits: Limits,
    specimens: bool,
    partial: bool,
) -> Layout:
    """The layout of a folder, or of a table and what lies beside it."""
    if table is not None:
        _check_is_text(table, name)
        metafile_path = _beside(table, "meta.xml")
    else:
        found = _walk(folder, name, limits)
        metafile_path = _only_metafile(found, folder, name)
        if metafile_path is None:
            table = _only_table(found, name)
            folder = table.parent
            _check_is_text(table, table.name)
        else:
            folder = metafile_path.parent
    metafile = None
    if metafile_path is not None:
        raw = beginning_of(metafile_path, limits.max_xml)
        metafile = read_metafile(raw, metafile_path.name, findings, limits)
        if table is not None:
            metafile = _naming(metafile, table, metafile_path, folder, findings)
    if metafile is None:
        if table is None:
            raise refusal("nothing-to-read", name=name)
        return _lone(table, name, findings, specimens)
    if specimens and metafile.core.row_type not in SPECIMEN_ROWS:
        raise refusal("not-specimens", name=name, row_type=metafile.core.row_type)
    if table is None:
        _note_unused(folder, metafile, findings)
    extensions, core_files = _files_of(metafile, folder, name, findings, partial)
    metadata = _metadata_file(folder, metafile.metadata, table, name, findings)
    return Layout(
        (metafile.core, core_files), extensions, metadata, findings, specimens, name, metafile_path
    )


def _files_of(
    metafile: Metafile, folder: Path, name: str, findings: Findings, partial: bool
) -> tuple[tuple[tuple[TableSpec, Files], ...], Files]:
    """The extensions with their files, and the files of the core; all of them are there."""
    extensions = []
    for spec in metafile.extensions:
        files = _existing(spec, folder, name, findings, partial)
        if files:
            extensions.append((_with_core_id(spec, metafile.core, files, findings), files))
    return tuple(extensions), _existing(metafile.core, folder, name, findings, False)


def tables_of(layout: Layout, workspace: Path) -> tuple[Table, list[Table]]:
    """The tables of a layout, each with its dialects and plans."""
    spec, files = layout.core
    core = Table(spec, files, layout.findings, workspace)
    if layout.must_be_specimens and core.row_type not in SPECIMEN_ROWS:
        raise refusal("not-specimens", name=layout.name, row_type=core.row_type)
    taken = {name for name, _ in files}
    extensions = [
        Table(each, _told_apart(paths, each.row_type, taken), layout.findings, workspace)
        for each, paths in layout.extensions
    ]
    return core, extensions


def _told_apart(files: Files, row_type: str, taken: set[str]) -> Files:
    """The files of an extension by the names under which their rows are counted: one that is a
    table already, as where an export has a row for each image of a specimen, with the row type."""
    told: Files = []
    for name, path in files:
        label, number = name, 1
        while label in taken:
            label = f"{name} ({row_type})" if number == 1 else f"{name} ({row_type}, {number})"
            number += 1
        taken.add(label)
        told.append((label, path))
    return told


def _lone(table: Path, name: str, findings: Findings, specimens: bool) -> Layout:
    label = legible(table.name)
    spec = TableSpec(
        row_type="dwc:Occurrence",
        locations=(label,),
        columns=(),
        id_index=None,
        is_core=True,
    )
    metadata = _metadata_file(table.parent, None, table, name, findings)
    return Layout((spec, [(label, table)]), (), metadata, findings, specimens, name)


def _walk(folder: Path, name: str, limits: Limits) -> list[Path]:
    files: list[Path] = []
    for path in sorted(folder.rglob("*")):
        if is_litter(PurePosixPath(path.relative_to(folder).as_posix())) or not path.is_file():
            continue
        files.append(path)
        if len(files) > limits.max_files:
            raise refusal("too-many-files", name=name, limit=limits.max_files)
    return files


def _only_metafile(files: list[Path], folder: Path, name: str) -> Path | None:
    found = [path for path in files if path.name.lower() == "meta.xml"]
    if not found:
        return None
    depth = min(len(path.parts) for path in found)
    highest = [path for path in found if len(path.parts) == depth]
    if len(highest) > 1:
        shown = ", ".join(str(path.relative_to(folder)) for path in highest[:5])
        raise refusal("several-archives", name=name, files=shown)
    return highest[0]


def _only_table(files: list[Path], name: str) -> Path:
    tables = [path for path in files if path.suffix.lower() in TABLE_ENDINGS]
    if not tables:
        raise refusal("nothing-to-read", name=name)
    if len(tables) > 1:
        shown = ", ".join(path.name for path in tables[:5])
        raise refusal("metafile-missing", name=name, files=shown)
    return tables[0]


def _beside(table: Path, ending: str) -> Path | None:
    """`NAME-ending` where the table's name begins with NAME, else `ending` itself."""
    for path in sorted(table.parent.glob(f"*-{ending}"), key=lambda p: -len(p.name)):
        if table.name.startswith(path.name.removesuffix(f"-{ending}")):
            return path
    plain = table.parent / ending
    return plain if plain.is_file() else None


def _naming(
    metafile: Metafile, table: Path, path: Path, folder: Path, findings: Findings
) -> Metafile | None:
    """The metafile if it is about this table; a name that is not there is taken for it."""
    core = metafile.core
    if table.name in core.locations:
        return metafile
    if path.name == "meta.xml" or len(core.locations) != 1 or (folder / core.locations[0]).exists():
        return None
    findings.note("location-contradiction", file=table.name, declared=core.locations[0])
    return replace(metafile, core=replace(core, locations=(table.name,)))


def _existing(spec: TableSpec, folder: Path, name: str, findings: Findings, partial: bool) -> Files:
    files: Files = []
    for location in spec.locations:
        path = _safe(folder, location, name)
        if path is not None:
            files.append((location, path))
        elif spec.is_core:
            raise refusal("core-file-missing", file=location)
        elif not partial:
            raise refusal("extension-file-missing", file=location)
        else:
            findings.note("extension-missing", file=location, rows=0)
    return files


def _safe(folder: Path, location: str, name: str) -> Path | None:
    """The file of a location inside the folder, its case forgiven; None when it is not there."""
    plain = PurePosixPath(location.replace("\\", "/"))
    if "://" in location or plain.is_absolute() or ".." in plain.parts:
        raise refusal("unsafe-path", file=location, name=name)
    if len(location.encode()) > 255:  # no file has such a name, and asking for it is an error
        return None
    path = folder / plain
    if not path.is_file():
        if not path.parent.is_dir():
            return None
        alike = [p for p in path.parent.iterdir() if p.name.lower() == plain.name.lower()]
        path = alike[0] if alike else path
    if not path.is_file():
        return None
    if not path.resolve().is_relative_to(folder.resolve()):
        raise refusal("unsafe-path", file=location, name=name)
    return path


def _with_core_id(spec: TableSpec, core: TableSpec, files: Files, findings: Findings) -> TableSpec:
    """An extension without `<coreid>` is joined by the term that is the core's id."""
    if spec.id_index is not None:
        return spec
    terms = {c.key for c in core.columns if c.index is not None and c.index == core.id_index}
    for column in spec.columns:
        if column.key in terms and column.index is not None:
            findings.note("coreid-guessed", file=files[0][0], key=column.key)
            return replace(spec, id_index=column.index)
    return spec


def _note_unused(folder: Path, metafile: Metafile, findings: Findings) -> None:
    named = {
        each.lower() for spec in (metafile.core, *metafile.extensions) for each in spec.locations
    }
    for file in sorted(folder.iterdir()):
        is_table = file.suffix.lower() in TABLE_ENDINGS and file.is_file()
        if is_table and file.name.lower() not in named and not file.name.startswith("."):
            findings.note("file-unused", file=file.name)


def _metadata_file(
    folder: Path, declared: str | None, table: Path | None, name: str, findings: Findings
) -> tuple[str, Path] | None:
    if declared and "://" not in declared:
        path = _safe(folder, declared, name)
        if path is not None and table is None:
            return declared, path
    found = _beside(table, "eml.xml") if table is not None else _safe(folder, "eml.xml", name)
    if found is not None:
        return found.name, found
    wanted = f" ({declared} is named in the metafile)" if declared else ""
    findings.note("metadata-missing", wanted=wanted)
    return None


def _check_is_text(path: Path, name: str) -> None:
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise refusal("nothing-to-read", name=name)
    if head.lstrip(b"\xef\xbb\xbf\xfe\xff\0 \t\r\n").startswith(b"<"):
        raise refusal("not-a-table", name=name, found="XML or HTML")
    if head.startswith((b"%PDF", b"\xd0\xcf\x11\xe0", b"\x89PNG")):
        raise refusal("not-a-table", name=name, found="a binary file")
    controls = sum(head.count(code) for code in (*range(9), *range(14, 32)))
    if wide_encoding(head) is None and controls > len(head) * 0.05:
        raise refusal("not-a-table", name=name, found="a binary file")
