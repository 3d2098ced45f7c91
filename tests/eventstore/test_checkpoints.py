"""Checkpoints: signed, kept, continued, by keys that announce each other; and proofs by them."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from eventstore import merkle
from eventstore.checkpoints import KEY_FILE, Checkpoints
from eventstore.merkle import BrokenProof
from eventstore.mirroring import begin
from eventstore.notes import Checkpoint, Note, Signer, Verifier, trusted_by
from eventstore.proofs import Check, Proof, document_check, proof_of, same_citation
from fdo.errors import NotFound, Refused
from fdo.lifecycle import Revise
from tests.eventstore.story import BY, Objects, pid


@pytest.fixture
def story(tmp_path: Path) -> Objects:
    """Three events."""
    objects = Objects(tmp_path)
    objects.register(1)
    objects.do(1, Revise(objects.stamp(1, "Larix decidua", 2)))
    objects.register(2)
    return objects


@pytest.fixture
def checkpoints(story: Objects) -> Checkpoints:
    """The checkpoints of the three events."""
    return Checkpoints(story.objects.recorder)


def key(checkpoints: Checkpoints, number: int = -1) -> Verifier:
    """A published key."""
    return Verifier.parse(checkpoints.vkeys()[number][0])


def test_a_checkpoint_says_log_size_and_root_and_is_signed(
    story: Objects, checkpoints: Checkpoints
) -> None:
    kept = checkpoints.make()
    note = Note.parse(kept.note)
    said = Checkpoint.parse(note.text)
    assert (said.origin, said.size) == (f"collectome/{story.log.id}", 3)
    assert said.root == merkle.root_of([event.leaf for event in story.log.read(0, 9)])
    assert said.more == (
        f"positions 3 {hashlib.sha256(b'1-3').hexdigest()}",
        "previous 0",
        "signed-at 1970-01-01T00:00:01.000000Z",
    )
    assert key(checkpoints).signed(note)
    assert str(note) == kept.note


def test_no_news_no_new_checkpoint(story: Objects, checkpoints: Checkpoints) -> None:
    assert checkpoints.make() == checkpoints.make()
    story.register(3)
    later = checkpoints.make()
    assert [one.size for one in checkpoints.before(None, 9)] == [4, 3]
    assert checkpoints.before(4, 9) == [checkpoints.at(3)]
    proof = merkle.consistency(checkpoints.tree.over, 3, 4)
    first = checkpoints.at(3).checkpoint
    assert later.checkpoint.said("previous ") == "3"
    assert merkle.continues(3, 4, first.root, later.checkpoint.root, proof)
    with pytest.raises(NotFound):
        checkpoints.at(2)


def test_the_key_is_for_its_owner_only_and_made_once(
    story: Objects, checkpoints: Checkpoints
) -> None:
    checkpoints.make()
    path = story.folder / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_bytes()
    Checkpoints(story.objects.recorder).make()
    assert path.read_bytes() == before
    assert not [one for one in story.folder.iterdir() if KEY_FILE in one.name and one != path]


def test_a_new_key_is_announced_by_the_old_one(story: Objects, checkpoints: Checkpoints) -> None:
    checkpoints.make()
    old = key(checkpoints)
    with pytest.raises(Refused, match="Record something first"):
        checkpoints.rotate()
    story.register(3)
    fresh = checkpoints.rotate()
    assert key(checkpoints) == fresh != old
    announcing = Note.parse(checkpoints.at(4).note)
    assert old.signed(announcing)
    assert fresh.signed(announcing)
    story.register(4)
    last = Note.parse(checkpoints.make().note)
    assert fresh.signed(last)
    assert not old.signed(last)
    assert trusted_by([old], checkpoints.rotations()) == [old, fresh]
    stranger = Signer.of(old.name, Ed25519PrivateKey.generate()).verifier
    assert trusted_by([stranger], checkpoints.rotations()) == [stranger]


def test_a_rotation_that_died_before_its_key_moved_is_finished(
    story: Objects, checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkpoints.make()
    story.register(3)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", _killed)
        with pytest.raises(KeyboardInterrupt):
            checkpoints.rotate()
    story.register(4)
    again = Checkpoints(story.objects.recorder)
    assert key(again).signed(Note.parse(again.make().note))
    assert len(again.vkeys()) == 2


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_lost_key_is_told_and_never_silently_replaced(
    story: Objects, checkpoints: Checkpoints
) -> None:
    checkpoints.make()
    (story.folder / KEY_FILE).unlink()
    story.register(3)
    with pytest.raises(Refused, match="--renew"):
        checkpoints.make()
    old, fresh = key(checkpoints), checkpoints.renew()
    assert fresh.signed(Note.parse(checkpoints.make().note))
    assert trusted_by([old], checkpoints.rotations()) == [old]
    with pytest.raises(Refused, match="is there"):
        checkpoints.renew()


def test_another_key_in_the_place_of_the_right_one_signs_nothing(
    story: Objects, checkpoints: Checkpoints, tmp_path_factory: pytest.TempPathFactory
) -> None:
    checkpoints.make()
    other = Objects(tmp_path_factory.mktemp("other"))
    other.register(1)
    Checkpoints(other.objects.recorder).make()
    (story.folder / KEY_FILE).write_bytes((other.folder / KEY_FILE).read_bytes())
    story.register(3)
    with pytest.raises(Refused, match="another key"):
        checkpoints.make()


def test_a_mirror_signs_nothing(story: Objects, checkpoints: Checkpoints) -> None:
    begin(story.objects.recorder, "https://source.example", story.log.id)
    with pytest.raises(Refused, match="mirror"):
        checkpoints.make()


# ── proof files ──────────────────────────────────────────────────────────────────────────


def bad(checks: list[Check]) -> list[str]:
    """What of a check does not hold."""
    return [check.what for check in checks if check.good is False]


def test_a_proof_file_leads_from_the_citation_to_the_signature(
    story: Objects, checkpoints: Checkpoints
) -> None:
    event = story.log.version(pid(1), 2)
    proof = Proof.parse(orjson.dumps(proof_of(event, checkpoints)))
    assert proof.citation == event.citation
    checks = list(proof.checks(key(checkpoints)))
    assert [check.good for check in checks] == [True, True, True]
    unaided = list(proof.checks())
    assert [check.good for check in unaided] == [True, True, True, None]
    assert event.salt
    assert document_check(proof.citation, event.salt + (event.document_bytes or b"")).good
    assert not document_check(proof.citation, event.document_bytes or b"").good
    other = story.log.version(pid(1), 1).citation
    assert other is not None
    assert not same_citation(other, proof.citation).good


def test_who_trusts_an_older_key_can_check_what_a_newer_one_signed(
    story: Objects, checkpoints: Checkpoints
) -> None:
    checkpoints.make()
    old = key(checkpoints)
    story.register(3)
    checkpoints.rotate()
    story.register(4)
    proof = Proof.parse(orjson.dumps(proof_of(story.log.version(pid(4), 1), checkpoints)))
    assert not old.signed(proof.note)
    assert bad(list(proof.checks(old))) == []
    stranger = Signer.of(old.name, Ed25519PrivateKey.generate()).verifier
    assert bad(list(proof.checks(stranger))) == [f"the checkpoint of {old.name} is signed"]


def test_a_proof_holds_after_an_erasure_and_says_nothing_of_what_was_erased(
    story: Objects, checkpoints: Checkpoints
) -> None:
    event = story.log.version(pid(1), 1)
    before = orjson.dumps(proof_of(event, checkpoints))
    sealed = event.salt + (event.document_bytes or b"")
    story.objects.erase(pid(1), [1], b"{}", BY)
    after = orjson.dumps(proof_of(story.log.version(pid(1), 1), checkpoints))
    assert event.salt.hex().encode() not in before + after
    for data in (before, after):
        proof = Proof.parse(data)
        assert bad(list(proof.checks(key(checkpoints)))) == []
        assert document_check(proof.citation, sealed).good


CHANGES = {
    "citation": lambda text: text.replace("/1 ", "/2 "),
    "envelope": lambda text: text.replace("active", "draft"),
    "index": lambda number: number + 1,
    "path": lambda path: path[::-1],
    "checkpoint": lambda note: note.replace("\n3\n", "\n4\n"),
    "keys": lambda _: [],
}


@pytest.mark.parametrize("name", list(CHANGES))
def test_each_part_of_a_proof_file_counts(
    story: Objects, checkpoints: Checkpoints, name: str
) -> None:
    said = proof_of(story.log.version(pid(1), 1), checkpoints)
    changed = {**said, name: CHANGES[name](said[name])}
    assert changed != said
    assert bad(list(Proof.parse(orjson.dumps(changed)).checks()))


def test_a_signature_by_another_key_does_not_hold(story: Objects, checkpoints: Checkpoints) -> None:
    said = proof_of(story.log.version(pid(1), 1), checkpoints)
    note = Note.parse(said["checkpoint"])
    forger = Signer.of(Checkpoint.parse(note.text).origin, Ed25519PrivateKey.generate())
    forged = {**said, "checkpoint": str(Note.sign(note.text, [forger]))}
    assert bad(list(Proof.parse(orjson.dumps(forged)).checks(key(checkpoints))))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b'{"format":"collectome-proof-1"}',
        b"\xff\xfe",
        b'{"format":"collectome-proof-1","citation":1,"checkpoint":2}',
    ],
)
def test_what_is_no_proof_file_is_refused(data: bytes) -> None:
    with pytest.raises(BrokenProof):
        Proof.parse(data)


# ── notes ────────────────────────────────────────────────────────────────────────────────


def test_a_key_is_written_and_read_as_the_standard_says() -> None:
    # The example of the note format's reference implementation.
    text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    verifier = Verifier.parse(text)
    assert str(verifier) == text
    note = (
        "If you think cryptography is the answer to your problem,\n"
        "then you don't know what your problem is.\n\n"
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
        "otpRZb6KE6RyyBwJnAM=\n"
    )
    assert verifier.signed(Note.parse(note))
    assert not verifier.signed(Note.parse(note.replace("answer", "question")))


@given(st.text(max_size=60))
def test_any_text_is_a_note_or_refused(text: str) -> None:
    for parse in (Note.parse, Checkpoint.parse, Verifier.parse):
        try:
            parse(text)
        except BrokenProof:
            continue


@pytest.mark.parametrize("change", ["+", "+00000000+", "A+b+c"])
def test_a_key_that_does_not_fit_its_id_is_refused(change: str) -> None:
    signer = Signer.of("a", Ed25519PrivateKey.generate())
    broken = str(signer.verifier).replace(f"+{signer.verifier.id.hex()}+", change)
    with pytest.raises(BrokenProof):
        Verifier.parse(broken)


def test_signatures_are_ed25519_over_the_text(checkpoints: Checkpoints) -> None:
    kept = checkpoints.make()
    text, _, line = kept.note.rpartition("\n\n")
    blob = base64.b64decode(line.strip().split(" ")[2])
    assert blob[:4] == key(checkpoints).id
    assert len(blob) == 4 + 64
    assert text.startswith("collectome/")
