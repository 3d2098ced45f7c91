"""An erasure takes the claims that only erased documents made (decision 0069)."""

from __future__ import annotations

import random
from pathlib import Path

import orjson
import pytest

from eventstore.application import Change
from eventstore.claims import release
from eventstore.transfer import read_log, write_log
from fdo.documents import Document, canonical
from fdo.errors import AlreadyRegistered
from fdo.identifiers import Pid, suffix_of
from fdo.lifecycle import Register, Release, Revise, Status, decide, stamped
from handlers.verification import verify_log
from tests.eventstore.story import AT, BY, Objects, pid
from tests.handlers.following.story import Near, followed, rows

NAME = "Ignota Secretaria"
BARE = {"@type": "fair4ml:MLModel", "ods:status": "Active"}


def handle(number: int) -> Pid:
    """The nth PID of what bears a Handle."""
    return Pid("20.5000.5072", suffix_of(number))


def model(number: int, version: int = 1, name: str = NAME, **more: str) -> Document:
    """A model, as it is recorded."""
    document = {**BARE, "schema:name": name, **more}
    return stamped(document, handle(number), version, modified=AT)


def register(objects: Objects, number: int, name: str = NAME) -> int:
    """A model begins; the position of its first event."""
    event = objects.objects.handle(
        Register(model(number, name=name)), pid=handle(number), kind="ml-model", by=BY
    )
    assert event is not None
    return event.position


def revise(objects: Objects, number: int) -> int:
    """The second version of a model; its position."""
    document = model(number, 2, **{"schema:description": "Trained again."})
    event = objects.objects.handle(Revise(document), pid=handle(number), kind="ml-model", by=BY)
    assert event is not None
    return event.position


def erase(objects: Objects, number: int, *positions: int) -> None:
    """Take the name out of these versions of a model."""
    left = canonical({**BARE, "@id": handle(number).iri})
    objects.objects.erase(handle(number), positions, left, BY)


def claims(objects: Objects) -> list[str]:
    """The claims that are taken."""
    return [key for key, _ in objects.log.claims()]


@pytest.fixture
def log(tmp_path: Path) -> Objects:
    return Objects(tmp_path / "log")


def test_the_claim_of_what_was_erased_is_in_no_file_and_in_no_export(log: Objects) -> None:
    position = register(log, 1)
    assert claims(log) == [f"ml-model:{NAME}"]
    erase(log, 1, position)
    assert claims(log) == []
    files = b"".join(path.read_bytes() for path in log.folder.iterdir())
    assert NAME.encode() not in files
    assert NAME.encode() not in b"".join(write_log(log.log))
    assert verify_log(log.objects) == []


def test_no_copy_of_it_stays_in_pages_that_were_split(log: Objects) -> None:
    chance, erased = random.Random(1), 0

    def drawn() -> str:
        return f"ml-model:{chance.randbytes(60).hex()[: chance.randint(5, 120)]}"

    for _ in range(60):
        changes = []
        for _ in range(10):
            erased += 1
            (fact,) = decide(None, Register(model(erased, name=f"Model {erased}")))
            keys = (f"{drawn()} {NAME} {erased}",)
            changes.append(Change(handle(erased), "ml-model", fact, None, new_claims=keys))
        log.objects.append(changes, by=BY)
        with log.objects.recorder.datastore.transaction(commit=True) as c:
            c.executemany("INSERT INTO claims VALUES (?,'x')", [(drawn(),) for _ in range(190)])
    recorder = log.objects.recorder
    with recorder.erasing(), recorder.datastore.transaction(commit=True) as c:
        c.execute("UPDATE events SET salt=NULL")
        release(c, [str(handle(number)) for number in range(1, erased + 1)])
    assert NAME.encode() not in b"".join(path.read_bytes() for path in log.folder.iterdir())


def test_a_claim_stays_while_a_version_that_is_left_makes_it(log: Objects) -> None:
    first, second = register(log, 1), revise(log, 1)
    erase(log, 1, first)
    assert claims(log) == [f"ml-model:{NAME}"]
    with pytest.raises(AlreadyRegistered):
        register(log, 2)
    assert verify_log(log.objects) == []
    erase(log, 1, second)
    assert claims(log) == []


def test_whoever_says_the_same_afterwards_takes_what_was_released(log: Objects) -> None:
    erase(log, 1, register(log, 1))
    register(log, 2)
    assert log.log.claimed([f"ml-model:{NAME}"])[f"ml-model:{NAME}"].pid == handle(2)
    assert verify_log(log.objects) == []


def test_a_claim_to_which_an_envelope_commits_stays_with_that_version(log: Objects) -> None:
    stub = {"@type": "ods:DigitalMedia", "reason": "No licence.", "dcterms:license": "unknown"}
    whole = {"@type": "ods:DigitalMedia", "ac:accessURI": "https://example.org/a.jpg"}
    hidden = Register(stamped(stub, pid(1), 1, modified=AT), Status.PID_ONLY)
    (fact,) = decide(None, hidden)
    key = "media:https://example.org/a.jpg"
    (first,) = log.objects.append([Change(pid(1), "media", fact, None, new_claims=(key,))], by=BY)
    known, issue = log.objects.state(pid(1))
    assert known is not None
    (fact,) = decide(known, Release(stamped(whole, pid(1), 2, modified=AT)))
    (second,) = log.objects.append([Change(pid(1), "media", fact, known, issue)], by=BY)
    left = canonical({"@type": "ods:DigitalMedia", "@id": pid(1).iri})
    log.objects.erase(pid(1), [second], left, BY)
    assert claims(log) == [key] and verify_log(log.objects) == []
    log.objects.erase(pid(1), [first], left, BY)
    assert claims(log) == [] and verify_log(log.objects) == []


def test_the_identifier_of_a_specimen_stays_claimed(log: Objects) -> None:
    event = log.register(1)
    log.objects.erase(pid(1), [event.position], canonical({"@id": pid(1).iri}), BY)
    assert claims(log) == ["specimen:TU-1"]
    assert verify_log(log.objects) == []


def of_an_earlier_release(log: Objects) -> None:
    """An erasure as it was carried out before it released claims."""
    erase(log, 1, register(log, 1))
    with log.objects.recorder.datastore.transaction(commit=True) as c:
        c.execute("INSERT INTO claims VALUES (?,?)", (f"ml-model:{NAME}", str(handle(1))))
        c.execute("PRAGMA user_version=0")


def test_verification_finds_a_claim_that_an_erasure_should_have_released(log: Objects) -> None:
    of_an_earlier_release(log)
    (fault,) = verify_log(log.objects)
    assert NAME in fault.where and "no document" in fault.what


def test_opening_a_log_of_an_earlier_release_releases_what_it_left(log: Objects) -> None:
    of_an_earlier_release(log)
    register(log, 2, "Another")
    log.objects.close()
    again = Objects(log.folder)
    assert claims(again) == ["ml-model:Another"]
    assert NAME.encode() not in b"".join(path.read_bytes() for path in log.folder.iterdir())
    assert verify_log(again.objects) == []


def test_a_file_of_an_earlier_release_is_read_without_them(log: Objects, tmp_path: Path) -> None:
    erase(log, 1, register(log, 1))
    old = orjson.dumps({"claim": f"ml-model:{NAME}", "object": str(handle(1))})
    copy = Objects(tmp_path / "copy")
    read_log(copy.objects, [*write_log(log.log), old])
    assert claims(copy) == [] and verify_log(copy.objects) == []
    assert NAME.encode() not in b"".join(path.read_bytes() for path in copy.folder.iterdir())


@pytest.mark.parametrize("at_once", [True, False])
def test_a_mirror_lets_go_of_them_and_takes_them_for_another(
    log: Objects, tmp_path: Path, at_once: bool
) -> None:
    mirror, source = Objects(tmp_path / "mirror"), Near(log)
    source.limit = 100
    position = register(log, 1)
    followed(mirror, source)
    assert claims(mirror) == claims(log) == [f"ml-model:{NAME}"]
    erase(log, 1, position)
    if not at_once:
        followed(mirror, source)
        assert claims(mirror) == []
    register(log, 2)
    followed(mirror, source)
    assert rows(mirror, "claims") == rows(log, "claims") == [(f"ml-model:{NAME}", str(handle(2)))]
    assert verify_log(mirror.objects) == []
