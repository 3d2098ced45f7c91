"""Erasing what may not be kept, so that every proof still holds (decision 0004)."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from eventstore.application import LOG_FILE
from eventstore.envelope import Recorded, commitment, leaf_hash
from eventstore.recorder import Datastore, Entry, Recorder
from fdo.documents import canonical
from fdo.errors import Refused
from fdo.lifecycle import Revise
from handlers.verification import verify_log
from tests.eventstore.story import BY, Objects, pid

SECRET = "Ignota Secretaria"


@pytest.fixture
def log(tmp_path: Path) -> Objects:
    """An object whose first version names a person, and whose second does not."""
    objects = Objects(tmp_path)
    objects.register(1, SECRET, verbatim=canonical({"core": {"recordedBy": SECRET}}))
    objects.do(1, Revise(objects.stamp(1, "Larix decidua", 2)), fingerprint=b"f" * 16)
    objects.register(2)
    return objects


def erase(log: Objects) -> tuple[Recorded, Recorded]:
    """The first event before and after its erasure."""
    before = log.log.event(1)
    redacted = canonical({**before.document, "ods:specimenName": "(erased)"})
    log.objects.erase(pid(1), [1], redacted, BY)
    return before, log.log.event(1)


def test_the_document_is_redacted_and_salt_and_verbatim_are_gone(log: Objects) -> None:
    before, after = erase(log)
    assert before.salt and before.verbatim
    assert after.document["ods:specimenName"] == "(erased)"
    assert not after.salt and after.verbatim is None


def test_the_envelope_with_its_commitment_and_leaf_hash_stays(log: Objects) -> None:
    before, after = erase(log)
    assert (after.meta, after.leaf, after.recorded_at) == (
        before.meta,
        before.leaf,
        before.recorded_at,
    )
    assert after.leaf == leaf_hash(
        after.pid_text,
        after.sequence,
        after.version,
        after.recorded_at,
        after.observed_at,
        after.topic,
        after.meta,
    )


def test_who_kept_document_and_salt_can_still_prove_what_was_cited(log: Objects) -> None:
    before, after = erase(log)
    assert before.document_bytes is not None
    proof = hashlib.sha256(before.salt + before.document_bytes).hexdigest()
    assert proof == after.meta["commitment"] == commitment(before.salt, before.document_bytes)


def test_an_erasure_is_an_event_that_names_what_it_erased(log: Objects) -> None:
    _, after = erase(log)
    last = log.log.history(pid(1))[-1]
    left = hashlib.sha256(after.document_bytes or b"").hexdigest()
    assert (last.what, dict(last.detail)) == ("Erased", {"positions": [1], "left": [left]})
    assert (last.sequence, last.version) == (3, 2)


def test_verification_still_passes_and_only_because_the_erasure_is_recorded(
    log: Objects,
) -> None:
    erase(log)
    assert verify_log(log.objects) == []
    with log.objects.recorder.datastore.transaction(commit=True) as cursor:
        cursor.execute("UPDATE events SET salt=NULL WHERE position=3")
    (fault,) = verify_log(log.objects)
    assert "no event says that it was erased" in fault.what


def test_nothing_of_the_erased_bytes_is_left_in_the_files(log: Objects) -> None:
    before = log.log.event(1)
    old = [before.salt, before.frame or b"", before.verbatim_frame or b"", b"f" * 16]

    def found() -> list[bool]:
        files = b"".join(path.read_bytes() for path in sorted(log.folder.iterdir()))
        return [bool(part) and part in files for part in old]

    assert found() == [True, True, True, True]
    erase(log)
    assert found() == [False, False, False, False]


def test_bytes_that_a_reader_keeps_in_the_files_leave_them_when_it_has_ended(
    log: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    def left() -> bool:
        return any(SECRET.encode() in p.read_bytes() for p in log.folder.iterdir() if p.is_file())

    recorder = log.objects.recorder
    reader = sqlite3.connect(log.folder / LOG_FILE)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM events").fetchone()
    began = time.monotonic()
    erase(log)
    log.register(3)
    assert time.monotonic() - began < 10, "no writer waits until a reader has ended"
    assert left()
    recorder.purge()
    assert left()
    reader.close()
    again = Recorder(Datastore(str(log.folder / LOG_FILE)), log.objects.recorder.clock)
    again.purge()  # as the next process does
    assert not left() and not list(log.folder.glob("*.purge"))


def test_an_object_that_moves_on_meanwhile_is_erased_all_the_same(
    log: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = type(log.objects.recorder).erase
    tries = []

    def erase_late(self: Recorder, entry: Entry, frames: Any) -> Any:
        tries.append(entry.originator_version)
        if len(tries) == 1:
            log.do(1, Revise(log.stamp(1, "Larix sibirica", 3)))
        return really(self, entry, frames)

    monkeypatch.setattr(Recorder, "erase", erase_late)
    _, after = erase(log)
    assert tries == [3, 4] and not after.salt
    assert verify_log(log.objects) == []


@pytest.mark.parametrize("positions", [[], [3], [99], [1, 3]])
def test_only_documents_of_the_object_itself_can_be_erased(
    log: Objects, positions: list[int]
) -> None:
    with pytest.raises(Refused, match="positions"):
        log.objects.erase(pid(1), positions, b"{}", BY)
    assert log.log.position() == 3


def test_an_unknown_object_has_nothing_to_erase(log: Objects) -> None:
    with pytest.raises(Refused, match="not registered"):
        log.objects.erase(pid(9), [1], b"{}", BY)
