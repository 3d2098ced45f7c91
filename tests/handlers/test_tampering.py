"""Whatever of a log is changed behind its back is found by verification, and named."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from eventstore.application import LOG_FILE, DigitalObjects
from eventstore.checkpoints import KEY_FILE, Checkpoints
from eventstore.codec import pack, unpack
from eventstore.notes import Note, Signer, Verifier
from eventstore.sections import outlined
from fdo.documents import canonical
from fdo.errors import Unavailable
from handlers.verification import Fault, verify_log
from tests.handlers.lived import lived

TABLES = ("events", "heads", "claims", "unseen", "tiles", "runs", "checkpoints", "signers", "log")
UNPROVED = {
    ("heads", "fingerprint"),  # only spares a harvest its work; follows from no event
    ("claims", "object"),  # of two objects that were merged, either may hold it
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which most things happened, signed three times by two keys."""
    return lived(tmp_path_factory.mktemp("whole"))


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    """A copy that may be broken."""
    return shutil.copytree(whole, tmp_path / "copy")


def faults(folder: Path, **options: Any) -> list[Fault]:
    """What verification says of the log in a folder."""
    objects = DigitalObjects(folder)
    try:
        return verify_log(objects, **options)
    finally:
        objects.close()


def by_force(folder: Path, statement: str, *values: object) -> int:
    """Change the file behind everybody's back; how many rows."""
    connection = sqlite3.connect(folder / LOG_FILE)
    try:
        with connection:
            return connection.execute(statement, values).rowcount
    finally:
        connection.close()


def cells(folder: Path) -> Iterator[tuple[str, int, str]]:
    """(table, number of row, column) of everything that is kept."""
    connection = sqlite3.connect(folder / LOG_FILE)
    for table in TABLES:
        columns = [each[1] for each in connection.execute(f"PRAGMA table_info({table})")]
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        for number in range(count):
            yield from ((table, number, column) for column in columns)
    connection.close()


def another(value: Any, data: st.DataObject) -> Any:
    """A value like it that is not it."""
    match value:
        case int():
            return value + data.draw(st.sampled_from([-1, 1, 1000]))
        case bytes():
            at = data.draw(st.integers(0, len(value) - 1))
            flipped = value[at] ^ 1 << data.draw(st.integers(0, 7))
            return value[:at] + bytes([flipped]) + value[at + 1 :]
        case str():
            at = data.draw(st.integers(0, len(value) - 1))
            return value[:at] + ("x" if value[at] != "x" else "y") + value[at + 1 :]
    return data.draw(st.sampled_from([1, b"x" * 32, "x"]))


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_value_of_any_row_that_is_changed_is_found(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    table, number, column = data.draw(st.sampled_from(sorted(cells(whole))))
    assume((table, column) not in UNPROVED)
    folder = shutil.copytree(whole, tmp_path_factory.mktemp("broken") / "data")
    connection = sqlite3.connect(folder / LOG_FILE)
    rows = connection.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()
    columns = [each[1] for each in connection.execute(f"PRAGMA table_info({table})")]
    before = rows[number][columns.index(column)]
    assume(not (table == "events" and column == "salt" and _keeps_nothing(rows[number], columns)))
    after = another(before, data)
    if column in ("bytes", "verbatim") and before is not None:
        assume(_says(after) != _says(before))
    where = " AND ".join(f'"{name}" IS ?' for name in columns)
    try:
        with connection:
            connection.execute(
                f'UPDATE "{table}" SET "{column}"=? WHERE {where}', (after, *rows[number])
            )
    except sqlite3.IntegrityError:
        assume(False)  # the table itself refuses it
    finally:
        connection.close()
    if table == "claims":
        assume(_says_its_claims(whole, str(rows[number][1])))
    found = faults(folder)
    assert found, (table, column, before, after)
    assert all(fault.where and fault.what for fault in found)


def _keeps_nothing(kept: Any, columns: list[str]) -> bool:
    """Of an event without bytes the salt proves nothing."""
    return all(kept[columns.index(name)] is None for name in ("bytes", "verbatim"))


def _says(frame: Any) -> Any:
    try:
        return unpack(frame)
    except Exception:
        return frame


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_any_row_that_is_removed_is_found(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    table, number, _ = data.draw(st.sampled_from(sorted(cells(whole))))
    folder = shutil.copytree(whole, tmp_path_factory.mktemp("broken") / "data")
    connection = sqlite3.connect(folder / LOG_FILE)
    columns = [each[1] for each in connection.execute(f"PRAGMA table_info({table})")]
    gone = connection.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()[number]
    (last,) = connection.execute("SELECT max(size) FROM checkpoints").fetchone()
    assume((table, gone[0]) != ("checkpoints", last))  # who kept it shows it: see below
    where = " AND ".join(f'"{name}" IS ?' for name in columns)
    with connection:
        connection.execute(f'DELETE FROM "{table}" WHERE {where}', gone)
    connection.close()
    if table == "claims":
        assume(_says_its_claims(whole, str(gone[1])))
    assert faults(folder), (table, gone)


def _says_its_claims(folder: Path, pid: str) -> bool:
    """Whether each document of an object is whole: what an erasure left says less."""
    connection = sqlite3.connect(folder / LOG_FILE)
    (cut,) = connection.execute(
        "SELECT count(*) FROM events WHERE object=? AND bytes IS NOT NULL AND salt IS NULL", [pid]
    ).fetchone()
    connection.close()
    return bool(cut == 0)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0), st.integers(0, 7))
def test_any_bit_of_the_file_that_is_turned_is_found_or_says_nothing(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    folder = shutil.copytree(whole, tmp_path_factory.mktemp("broken") / "data")
    path = folder / LOG_FILE
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1 << bit
    path.write_bytes(content)
    try:
        found = bool(faults(folder))
    except Unavailable:
        return  # it cannot even be opened, and that is said
    assert found or _kept(folder) == _kept(whole)


def test_a_schema_that_is_damaged_is_said_in_words(copy: Path) -> None:
    path = copy / LOG_FILE
    content = path.read_bytes()
    assert b"tableclaims" in content and b"CREATE TABLE claims" in content
    named = content.replace(b"tableclaims", b"tablecl\xcbims")  # which SQLite will quote
    path.write_bytes(named.replace(b"CREATE TABLE claims", b"CREATE TABLX claims"))
    with pytest.raises(Unavailable, match="backup"):
        DigitalObjects(copy)


def _kept(folder: Path) -> list[Any]:
    """All that the tables say, but what proves nothing."""
    connection = sqlite3.connect(folder / LOG_FILE)
    said: list[Any] = []
    for table in TABLES:
        columns = [each[1] for each in connection.execute(f"PRAGMA table_info({table})")]
        for kept in connection.execute(f'SELECT * FROM "{table}"'):
            one = dict(zip(columns, kept, strict=True))
            one.pop("fingerprint", None)
            for name in ("bytes", "verbatim"):
                one[name] = _says(one[name]) if one.get(name) else None
            if table == "events" and one["bytes"] is one["verbatim"] is None:
                one.pop("salt")
            said.append(one)
    connection.close()
    return said


# ── by name ──────────────────────────────────────────────────────────────────────────────


def where(found: list[Fault]) -> set[str]:
    """Where the faults are."""
    return {fault.where for fault in found}


def test_the_event_that_was_changed_is_named_by_object_and_position(copy: Path) -> None:
    assert by_force(copy, "UPDATE events SET recorded_at=recorded_at+1 WHERE position=5")
    found = faults(copy)
    assert any(fault.where.startswith("event 5 of 10.5072/") for fault in found)


def test_a_changed_event_with_a_new_leaf_hash_contradicts_the_tree_and_what_was_signed(
    copy: Path,
) -> None:
    objects = DigitalObjects(copy)
    leaf = objects.log.event(4).leaf
    objects.close()
    by_force(copy, "UPDATE events SET leaf=? WHERE position=5", leaf)
    assert {"tree, leaf 4", "checkpoint 12"} <= {
        name if not name.startswith("checkpoint") else "checkpoint 12"
        for name in where(faults(copy))
    }


def test_a_tail_that_was_cut_off_is_found_by_tree_and_checkpoint(copy: Path) -> None:
    by_force(copy, "DELETE FROM events WHERE position=(SELECT max(position) FROM events)")
    said = [fault.what for fault in faults(copy)]
    assert sum("some were removed" in what for what in said) >= 2


def test_a_log_put_back_to_an_older_state_is_found_by_a_checkpoint_kept_elsewhere(
    copy: Path,
) -> None:
    objects = DigitalObjects(copy)
    newest = Checkpoints(objects.recorder).latest()
    objects.close()
    assert newest is not None
    assert faults(copy, kept=[newest]) == []
    by_force(copy, "DELETE FROM checkpoints WHERE size=?", newest.size)
    assert faults(copy) == []
    by_force(copy, "DELETE FROM events WHERE position=(SELECT max(position) FROM events)")
    assert f"checkpoint {newest.size} kept elsewhere" in where(faults(copy, kept=[newest]))


def test_what_an_erasure_left_cannot_be_exchanged(copy: Path) -> None:
    frame = pack(b'{"@type":"ods:DigitalSpecimen","dcterms:rights":"mine"}')
    assert by_force(
        copy, "UPDATE events SET bytes=? WHERE bytes IS NOT NULL AND salt IS NULL", frame
    )
    assert any("what the erasure left" in fault.what for fault in faults(copy))


def test_bytes_that_were_taken_away_are_not_taken_for_bytes_that_never_came(copy: Path) -> None:
    objects = DigitalObjects(copy)
    event = next(e for e in objects.log.read(0, 99) if e.type == "specimen" and e.salt)
    stub, other = pack(canonical(outlined(event) or {})), pack(b'{"@type":"ods:DigitalSpecimen"}')
    objects.close()
    by_force(copy, "INSERT INTO lacking VALUES (?)", event.position)
    taken = "UPDATE events SET salt=NULL, verbatim=NULL, bytes=? WHERE position=?"
    by_force(copy, taken, stub, event.position)
    found = faults(copy)
    assert found and all("said to have never been here" in fault.what for fault in found)
    by_force(copy, taken, other, event.position)
    assert f"event {event.position} of {event.pid}" in where(faults(copy))
    by_force(copy, "INSERT INTO mirror VALUES ('http://127.0.0.1/', 99, 0)")
    assert f"event {event.position} of {event.pid}" in where(faults(copy))


@pytest.mark.parametrize(
    "row", ["'ftp://x', 99, 5", "'http://x', 1, 5", "'http://x', 99, -1", "'http://x', 'x', 5"]
)
def test_what_no_source_can_have_said_is_named(copy: Path, row: str) -> None:
    by_force(copy, f"INSERT INTO mirror VALUES ({row})")
    assert "mirror" in where(faults(copy))


def test_a_fingerprint_where_no_harvest_leaves_one_is_named(copy: Path) -> None:
    assert by_force(copy, "UPDATE heads SET fingerprint=? WHERE type<>'specimen'", bytes(16)) > 1
    found = [fault for fault in faults(copy) if "no harvest left there" in fault.what]
    assert len(found) > 1 and all("/" in fault.where for fault in found)


def test_the_claim_of_a_stub_is_promised_by_its_envelope(copy: Path) -> None:
    key = "media:https://example.org/b.jpg"
    assert by_force(copy, "UPDATE claims SET key=? WHERE key=?", f"{key}?", key)
    found = where(faults(copy))
    assert f"claim {key}?" in found and any(name.startswith("10.5072/") for name in found)


def test_a_trigger_that_changes_what_is_recorded_is_named(copy: Path) -> None:
    by_force(
        copy,
        "CREATE TRIGGER quiet AFTER INSERT ON events BEGIN "
        "UPDATE events SET verbatim=NULL WHERE position=new.position; END",
    )
    assert "trigger quiet" in where(faults(copy))


def test_checkpoints_by_another_key_are_named_also_where_the_key_was_exchanged(copy: Path) -> None:
    objects = DigitalObjects(copy)
    checkpoints = Checkpoints(objects.recorder)
    mine, forged = Verifier.parse(checkpoints.vkeys()[0][0]), []
    stranger = Signer.of(mine.name, Ed25519PrivateKey.generate())
    for kept in checkpoints.before(None, 9):
        text = Note.parse(kept.note).text
        forged.append((str(Note.sign(text, [stranger])), kept.size))
    objects.close()
    for note, size in forged:
        by_force(copy, "UPDATE checkpoints SET note=? WHERE size=?", note, size)
    assert {f"checkpoint {size}" for _, size in forged} <= where(faults(copy))
    by_force(copy, "DELETE FROM signers WHERE number>1")
    by_force(copy, "UPDATE signers SET vkey=?", str(stranger.verifier))
    assert KEY_FILE in where(faults(copy))
    (copy / KEY_FILE).unlink()
    assert "signing key 1" in where(faults(copy, trusted=[mine]))


def test_the_right_key_is_trusted_from_any_link_of_the_chain(copy: Path) -> None:
    objects = DigitalObjects(copy)
    first, second = (Verifier.parse(vkey) for vkey, _ in Checkpoints(objects.recorder).vkeys())
    objects.close()
    assert faults(copy, trusted=[first]) == []
    assert where(faults(copy, trusted=[second])) == {"signing key 1"}


def test_a_damaged_file_is_named_as_such(copy: Path) -> None:
    connection = sqlite3.connect(copy / LOG_FILE)
    (page,) = connection.execute(
        "SELECT rootpage FROM sqlite_master WHERE name='events_by_time'"
    ).fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    content = bytearray((copy / LOG_FILE).read_bytes())
    content[(page - 1) * size : (page - 1) * size + 100] = bytes(100)
    (copy / LOG_FILE).write_bytes(content)
    assert any("damaged" in fault.what for fault in faults(copy))
