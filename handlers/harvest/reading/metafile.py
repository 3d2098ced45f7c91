"""meta.xml: which files hold which rows, and which column bears which term.

The Darwin Core text guide (https://dwc.tdwg.org/text/) with its defaults; attributes may be
missing, namespaces old, quotes absent. What cannot be understood is refused by name; what is
odd but clear is noted.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lxml import etree

from handlers.harvest.reading.diagnostics import Findings, refusal
from handlers.harvest.reading.limits import Limits
from handlers.harvest.reading.names import curie
from handlers.harvest.reading.xml_text import local, parse_xml

_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\r": "\r", "\\r\\n": "\r\n", "\\\\": "\\"}
_MOST = 10_000
"""The largest number that says something of a table: its columns and header lines are fewer."""


@dataclass(frozen=True, slots=True)
class Column:
    """One `<field>`: the key of its term, its place in the row, and its default."""

    key: str
    index: int | None
    default: str | None = None


@dataclass(frozen=True, slots=True)
class TableSpec:
    """One `<core>` or `<extension>` as declared; `None` where nothing is declared."""

    row_type: str
    locations: tuple[str, ...]
    columns: tuple[Column, ...]
    id_index: int | None
    is_core: bool
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    skip: int | None = None


@dataclass(frozen=True, slots=True)
class Metafile:
    """The whole of a meta.xml."""

    core: TableSpec
    extensions: tuple[TableSpec, ...] = field(default=())
    metadata: str | None = None


def read_metafile(raw: bytes, file: str, findings: Findings, limits: Limits) -> Metafile:
    """The tables that a metafile declares; refuses what leaves no way to read them."""
    try:
        parsed = parse_xml(raw, file, limit=limits.max_xml)
    except ValueError as error:
        raise refusal("metafile-broken", reason=str(error)) from error
    if parsed.encoding_lies:
        findings.note("metafile-encoding", file=file, declared=parsed.declared, found=parsed.found)
    tables = [child for child in parsed.root if local(child) in ("core", "extension")]
    cores = [child for child in tables if local(child) == "core"]
    if len(cores) != 1:
        raise refusal("core-undeclared")
    extensions = tuple(_table(child, findings) for child in tables if local(child) == "extension")
    core = _table(cores[0], findings)
    if core.id_index is None and extensions:
        raise refusal("core-id-undeclared")
    return Metafile(core, extensions, parsed.root.get("metadata") or None)


def _table(element: etree._Element, findings: Findings) -> TableSpec:
    row_type = curie(element.get("rowType") or "")
    locations = tuple(
        (child.text or "").strip()
        for child in element.iter()
        if local(child) == "location" and (child.text or "").strip()
    )
    if not locations:
        raise refusal("location-missing", row_type=row_type or "the core")
    is_core = local(element) == "core"
    encoding = (element.get("encoding") or "").strip() or None
    if encoding is None:
        findings.note("encoding-missing", file=locations[0])
    delimiter, quote = _separators(element, locations[0], findings)
    return TableSpec(
        row_type=row_type or ("dwc:Occurrence" if is_core else "unknown"),
        locations=locations,
        columns=tuple(_columns(element, locations[0], findings)),
        id_index=_id_index(element, "id" if is_core else "coreid"),
        is_core=is_core,
        encoding=encoding,
        delimiter=delimiter,
        quote=quote,
        skip=_number(element.get("ignoreHeaderLines") or "0", "ignoreHeaderLines"),
    )


def _separators(element: etree._Element, file: str, findings: Findings) -> tuple[str | None, str]:
    """Separator and quote as declared; no separator where that parts nothing."""
    delimiter = _attribute(element, "fieldsTerminatedBy", ",")
    quote = _attribute(element, "fieldsEnclosedBy", '"').strip(" ")[:1]
    if not delimiter or "\n" in delimiter or "\r" in delimiter:
        findings.note("separator-unusable", file=file, declared=repr(delimiter))
        return None, quote
    return delimiter, "" if quote in delimiter or quote in "\r\n" else quote


def _columns(element: etree._Element, file: str, findings: Findings) -> list[Column]:
    columns = []
    for child in element:
        if local(child) != "field":
            continue
        index, default = child.get("index"), child.get("default")
        place = None if index is None else _number(index, "index")
        term = (child.get("term") or "").strip()
        key = curie(term) if term else f"column-{(place or 0) + 1}"
        if place is None and not default:
            findings.note("field-without-value", file=file, key=key)
            continue
        columns.append(Column(key, place, default or None))
    return columns


def _id_index(element: etree._Element, name: str) -> int | None:
    for child in element:
        if local(child) == name and child.get("index") is not None:
            return _number(child.get("index") or "", name)
    return None


def _number(text: str, name: str) -> int:
    digits = text.strip().lstrip("0") or "0"
    if not text.strip().isdecimal() or len(digits) > 5 or int(digits) > _MOST:
        told = f"{name} is {text[:40]!r}, not a whole number up to {_MOST}"
        raise refusal("metafile-broken", reason=told)
    return int(digits)


def _attribute(element: etree._Element, name: str, default: str) -> str:
    value = element.get(name)
    return default if value is None else _ESCAPES.get(value, value)
