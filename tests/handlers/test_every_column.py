"""Every table and column of a log, changed one value at a time: `verify` names each."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from eventstore.application import LOG_FILE, DigitalObjects
from handlers.verification import Fault, verify_log
from tests.handlers.lived import lived, mirrored

Row = Mapping[str, Any]

ROWS = 4
"""Rows of a table whose values are changed; `test_tampering` draws from all."""

NAMED = {
    "checkpoints": r"checkpoint \d+",
    "claims": r"claim .+|.+/.+",
    "events": r"event \d+ of .+/.+|log|tree, .+|checkpoint \d+",
    "heads": r".+/.+",
    "lacking": r"event \d+( of .+)?",
    "log": r"log|checkpoint \d+|event \d+ of .+",
    "mirror": r"mirror",
    "runs": r"tree, .+|log|checkpoint \d+",
    "signers": r"signing key \d+|checkpoint-key\.pem|checkpoint \d+",
    "sqlite_sequence": r"log",
    "tiles": r"tree, .+",
    "unseen": r".+/.+",
}
"""Table → what a fault says where it is."""


def keeps_nothing(row: Row, _: set[str]) -> bool:
    """Whether it is an event without bytes, whose salt seals nothing."""
    return row["bytes"] is None and row["verbatim"] is None


def harvested(row: Row, _: set[str]) -> bool:
    """Whether a harvest left its mark, which spares the next one its work."""
    return row["type"] == "specimen" and row["source"] is not None


def cut(row: Row, cut: set[str]) -> bool:
    """Whether a document of the object was erased, or never came here, so that it no longer says
    which claims it makes."""
    return row["object"] in cut


def told(_: Row, __: set[str]) -> bool:
    """What another server is called, and what it said when it was last heard, is its word."""
    return True


NO_TRUTH: dict[tuple[str, str], Callable[[Row, set[str]], bool]] = {
    ("claims", "key"): cut,
    ("events", "salt"): keeps_nothing,
    ("heads", "fingerprint"): harvested,
    ("mirror", "head"): told,
    ("mirror", "heard_at"): told,
    ("mirror", "source"): told,
}
"""What follows from no event, and of which rows; for the reasons above. All else is found."""


@pytest.mark.parametrize("folder", [lived, mirrored])
def test_every_value_that_is_changed_is_found_and_named(
    folder: Callable[[Path], Path], tmp_path: Path
) -> None:
    place, unnoticed = folder(tmp_path), []
    with closing(sqlite3.connect(place / LOG_FILE, isolation_level=None)) as file:
        without = {pid for (pid,) in file.execute("SELECT object FROM events WHERE salt IS NULL")}
        for table, row, column in cells(file):
            for value in others(row[column]):
                if not put(file, table, row, column, value):
                    continue  # the table itself refuses it
                found = verified(place)
                assert put(file, table, {**row, column: value}, column, row[column])
                excused = NO_TRUTH.get((table, column), never)(row, without)
                if not any(re.fullmatch(NAMED[table], fault.where) for fault in found):
                    unnoticed += [] if excused else [(table, column, row[column], value, found)]
    assert unnoticed == []
    assert verified(place) == []


def test_every_table_is_filled_in_one_of_the_two(tmp_path: Path) -> None:
    filled = set()
    for folder in (lived(tmp_path / "own"), mirrored(tmp_path / "other")):
        with closing(sqlite3.connect(folder / LOG_FILE)) as file:
            filled |= {table for table, _, _ in cells(file)}
            tables = {*names(file)}
            for table, column in NO_TRUTH:
                assert column in columns(file, table)
    assert filled == tables == NAMED.keys()


def never(_: Row, __: set[str]) -> bool:
    """No row is excused."""
    return False


def names(file: sqlite3.Connection) -> list[str]:
    """All tables there are, SQLite's own included."""
    found = file.execute("SELECT name FROM sqlite_master WHERE type='table' ORDER BY name")
    return [str(name) for (name,) in found]


def columns(file: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table."""
    return [str(each[1]) for each in file.execute(f'PRAGMA table_info("{table}")')]


def cells(file: sqlite3.Connection) -> Iterator[tuple[str, Row, str]]:
    """(table, row, column): each column of some rows of each table, the first and last among
    them."""
    for table in names(file):
        of = columns(file, table)
        rows = file.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()
        chosen = {round(nth * (len(rows) - 1) / (ROWS - 1)) for nth in range(ROWS)} if rows else ()
        for at in sorted(chosen):
            yield from ((table, dict(zip(of, rows[at], strict=True)), column) for column in of)


def others(value: Any) -> list[Any]:
    """Values like it that are not it."""
    match value:
        case int():
            return [value + 1, value - 1]
        case bytes():
            return [value[:-1] + bytes([value[-1] ^ 1]), None]
        case str():
            return [value[:-1] + ("x" if value[-1] != "x" else "y")]
    return [1, b"x" * 16]


def put(file: sqlite3.Connection, table: str, row: Row, column: str, value: Any) -> bool:
    """Set a value behind everybody's back; False where the table refuses it."""
    where = " AND ".join(f'"{name}" IS ?' for name in row)
    try:
        statement = f'UPDATE "{table}" SET "{column}"=? WHERE {where}'
        return file.execute(statement, (value, *row.values())).rowcount == 1
    except sqlite3.IntegrityError:
        return False


def verified(folder: Path) -> list[Fault]:
    """What verification says of a folder."""
    objects = DigitalObjects(folder)
    try:
        return verify_log(objects)
    finally:
        objects.close()
