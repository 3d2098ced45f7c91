"""A batch over what a search finds, a list of PIDs or a table: one annotation for each.

The choice is made once, for the preview: its lines are kept as they would be sent by an agent,
each refused one an empty line, so that running the batch is posting it, and line 7 is row 7. What
the preview said is said again by the log when the batch runs.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import orjson

from eventstore.log import Log
from fdo.annotation.life import edit_of
from fdo.annotation.paths import get, text
from fdo.documents import Document
from fdo.errors import CollectomeError, InvalidDocument
from fdo.identifiers import Pid
from handlers.batches.naming import Numbers, path_of

MOST: Final = 10_000
"""Objects, or rows, of one batch."""
SHOWN: Final = 20
"""Good ones that a preview shows whole; and of refused ones five times as many."""
COLUMNS: Final = (
    "pid", "catalogNumber", "physicalSpecimenID", "term", "value", "motivation", "comment",
    "references",
)  # fmt: skip
_NAMES: Final = {name.lower(): name for name in COLUMNS}
_KEYS: Final = COLUMNS[:3]
_OPENDS: Final = {"adding": "ods:adding", "deleting": "ods:deleting"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """One object or row, and what is to be said of it."""

    line: int
    name: str
    annotation: Mapping[str, Any] | None
    why: tuple[tuple[str, str], ...] = ()
    """What is wrong with a row that gives no annotation."""


# ── one annotation for many objects ──────────────────────────────────────────────────────


def of_objects(pids: Iterable[str], template: Mapping[str, Any]) -> Iterator[Chosen]:
    """The template, said of each of these objects; InvalidDocument where it cannot be."""
    fill = _filler(template)
    for line, name in enumerate(dict.fromkeys(pids), 1):
        try:
            yield Chosen(line, name, fill(Pid.parse(name).iri))
        except CollectomeError as wrong:
            yield Chosen(line, name, None, (("", wrong.message),))


def _filler(template: Mapping[str, Any]) -> Any:
    """What puts an object into the target of a template, in whichever form it is."""
    opends = any(key.startswith("oa:") for key in template)
    key, name = ("oa:hasTarget", "@id") if opends else ("target", "source")
    target = template.get(key, {})
    named = ("@id", "id", "source", "oa:hasSource", "dcterms:identifier")
    if not isinstance(target, Mapping) or any(one in target for one in named):
        raise InvalidDocument(
            "The template names its target; leave that out, and give only the selector.",
            [(f"/template/{key}", "the objects are those that are chosen")],
        )

    def fill(iri: str) -> Mapping[str, Any]:
        return {**template, key: {**target, name: iri}}

    return fill


# ── a table ──────────────────────────────────────────────────────────────────────────────


def of_table(table: str, numbers: Numbers, log: Log) -> Iterator[Chosen]:
    """What the rows of a CSV propose; InvalidDocument for a table without the columns."""
    if "\0" in table:
        raise InvalidDocument("The table holds the character U+0000; save it as CSV in UTF-8.")
    rows = csv.reader(io.StringIO(table.removeprefix("\ufeff"), newline=""))
    try:
        names = _header(next(rows, []))
        for line, cells in enumerate(rows, 2):
            if any(cell.strip() for cell in cells):
                row = dict(zip(names, (cell.strip() for cell in cells), strict=False))
                yield _row(line, row, len(cells) - len(names), numbers, log)
    except csv.Error as wrong:
        raise InvalidDocument(f"The table is no CSV: {wrong}.") from wrong


def _header(cells: list[str]) -> list[str]:
    """The columns by their proper names."""
    names = [_NAMES.get(cell.strip().lower(), "") for cell in cells]
    unknown = [cell for cell, name in zip(cells, names, strict=True) if not name]
    missing = [name for name in ("term",) if name not in names]
    if not set(_KEYS) & set(names):
        missing.insert(0, "pid, catalogNumber or physicalSpecimenID")
    if unknown or missing or len(set(names)) < len(names):
        wrong = f"lacks {' and '.join(missing)}" if missing else f"has {', '.join(unknown)!r:.200}"
        raise InvalidDocument(
            f"The header of the table {wrong}; its columns are {', '.join(COLUMNS)}, each once.",
            [("/query/csv", f"columns: {', '.join(COLUMNS)}")],
        )
    return names


def _row(line: int, row: dict[str, str], more: int, numbers: Numbers, log: Log) -> Chosen:
    name = next((row[key] for key in _KEYS if row.get(key)), "")
    try:
        if more > 0:
            raise InvalidDocument(f"The row has {more} cells more than the header; quote commas.")
        if not name:
            raise InvalidDocument("The row names no object; give its PID or catalogue number.")
        pid = numbers.find(name)
        return Chosen(line, name, _proposed(row, pid, log.latest(pid).document))
    except CollectomeError as wrong:
        return Chosen(line, name, None, (("", wrong.message),))


def _proposed(row: Mapping[str, str], pid: Pid, document: Document) -> Document:
    """What a row proposes, in openDS's form."""
    path = path_of(row.get("term", ""))
    value, comment = row.get("value", ""), row.get("comment", "")
    there = get(document, path) is not None
    motivation = row.get("motivation", "").lower() or ("editing" if there else "adding")
    motivation = motivation.rpartition(":")[2]
    body: Document = {"@type": "oa:TextualBody", "oa:value": [value] if value else []}
    if motivation == "commenting" and not value:
        body["oa:value"], comment = [comment], ""
    if row.get("references"):
        body["dcterms:references"] = row["references"]
    node = "ods:class" if path and isinstance(path[-1], int) else "ods:term"
    kind = "ods:ClassSelector" if node == "ods:class" else "ods:TermSelector"
    proposed: Document = {
        "oa:motivation": _OPENDS.get(motivation, f"oa:{motivation}"),
        "oa:hasTarget": {"@id": pid.iri, "oa:hasSelector": {"@type": kind, node: text(path)}},
    }
    if body["oa:value"]:
        proposed["oa:hasBody"] = body
    elif motivation != "deleting":
        raise InvalidDocument("The row gives no value; to take one away, write deleting.")
    if comment:
        proposed["oa:motivatedBy"] = comment
    return proposed


# ── how it would look ────────────────────────────────────────────────────────────────────


def lines_of(chosen: Iterable[Chosen]) -> Iterator[bytes]:
    """The lines of a batch; each is the row of its number, and empty where that is refused."""
    line = 1
    for one in chosen:
        yield b"\n" * (one.line - line)
        yield (b"" if one.annotation is None else orjson.dumps(one.annotation)) + b"\n"
        line = one.line + 1


def shown(line: int, draft: Document, document: Document | None) -> Document:
    """What a draft would change, for the preview."""
    edit = edit_of(draft)
    values = [body.get("rdf:value") for body in draft.get("oa:hasBody", ()) if _is_node(body)]
    told: Document = {
        "line": line, "motivation": ", ".join(draft.get("oa:motivatedBy", ())), "new": values,
    }  # fmt: skip
    if edit is not None:
        told |= {"pid": str(edit.target), "term": text(edit.path)}
        told["new"] = [value.raw for value in edit.values]
        told["old"] = get(document, edit.path) if document is not None else None
    return told


def _is_node(body: Any) -> bool:
    return isinstance(body, Mapping)
