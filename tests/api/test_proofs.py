"""What the log proves of itself over HTTP, and the script that checks it alone."""

from __future__ import annotations

import base64
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eventstore import merkle
from eventstore.mirroring import begin
from eventstore.notes import Checkpoint, Note, Signer, Verifier
from eventstore.proofs import Proof, document_check
from fdo.agent import Agent
from fdo.lifecycle import Status
from handlers.curation import Curation
from tests.api.documents import a_specimen

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "verify_citation.py"


@pytest.fixture
def oak(repository):
    """A specimen with three versions."""
    pid = repository.register("specimen", a_specimen())
    for name in ("Quercus petraea (Matt.) Liebl.", "Quercus × rosacea Bechst."):
        repository.revise(pid, a_specimen(**{"ods:specimenName": name}))
    return pid


def test_the_checkpoint_is_signed_by_the_published_key(repository, browse, oak):
    answer = browse().get("/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    note = Note.parse(answer.text)
    keys = browse().get("/api/log/keys").json()
    assert Verifier.parse(keys["keys"][0]["vkey"]).signed(note)
    said = Checkpoint.parse(note.text)
    assert (said.origin, said.size) == (keys["origin"], 3)
    assert said.root == merkle.root_of([e.leaf for e in repository.objects.log.read(0, 9)])
    etag = answer.headers["etag"]
    assert browse().get("/checkpoint", headers={"if-none-match": etag}).status_code == 304


def test_checkpoints_are_listed_newest_first_and_stay(repository, browse, oak):
    first = browse().get("/checkpoint").text
    for number in range(2):
        repository.register("specimen", a_specimen(f"DH-{number + 2}"))
        browse().get(f"/api/log/proof/inclusion?position={4 + number}")
    page = browse().get("/checkpoints?limit=2").json()
    assert [row["size"] for row in page["checkpoints"]] == [5, 4]
    older = browse().get(page["next"]).json()
    assert [row["size"] for row in older["checkpoints"]] == [3]
    assert older["next"] is None
    kept = browse().get(older["checkpoints"][0]["address"])
    assert kept.text == first
    assert "immutable" in kept.headers["cache-control"]
    assert browse().get("/checkpoints?before=1").json() == {"checkpoints": [], "next": None}
    assert browse().get("/checkpoints/99").status_code == 404
    assert browse().get("/checkpoints?limit=0").status_code == 422


def test_inclusion_by_event_and_by_version(repository, browse, oak):
    by_event = browse().get("/api/log/proof/inclusion?position=2").json()
    by_version = browse().get(f"/api/log/proof/inclusion?pid={oak}&version=2").json()
    assert by_event == by_version
    path = [base64.b64decode(node) for node in by_event["path"]]
    leaf = repository.objects.log.event(2).leaf
    root = merkle.root_by_inclusion(leaf, by_event["index"], by_event["size"], path)
    assert root == Checkpoint.parse(Note.parse(browse().get("/checkpoint").text).text).root
    smaller = browse().get("/api/log/proof/inclusion?position=2&size=2").json()
    assert smaller["size"] == 2


def test_consistency_between_two_sizes(browse, oak):
    said = browse().get("/api/log/proof/consistency?first=2&second=3").json()
    proof = [base64.b64decode(node) for node in said["proof"]]
    roots = [base64.b64decode(said[name]) for name in ("first_root", "second_root")]
    assert merkle.continues(2, 3, roots[0], roots[1], proof)
    assert browse().get("/api/log/proof/consistency?first=3").json()["proof"] == []


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/log/proof/inclusion", 400),
        ("/api/log/proof/inclusion?position=1&pid=x", 400),
        ("/api/log/proof/inclusion?pid=nonsense&version=1", 400),
        ("/api/log/proof/inclusion?position=99", 404),
        ("/api/log/proof/inclusion?position=3&size=2", 400),
        ("/api/log/proof/inclusion?position=3&size=99", 400),
        ("/api/log/proof/inclusion?position=-1", 422),
        ("/api/log/proof/inclusion?position=99999999999999999999", 422),
        ("/api/log/proof/consistency", 422),
        ("/api/log/proof/consistency?first=4", 400),
        ("/api/log/proof/consistency?first=3&second=2", 400),
        ("/tile/0/000", 404),
        ("/tile/0/000.p/4", 404),
        ("/tile/0/0", 404),
        ("/tile/9/000.p/1", 404),
        ("/tile/0/x999/x999/x999/x999/x999/x999/999", 404),
        ("/tile/x/000", 422),
    ],
)
def test_what_cannot_be_proved_is_refused_and_said(browse, oak, address, status):
    browse().get("/checkpoint")
    answer = browse().get(address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_tiles_hold_the_leaf_hashes(repository, browse, oak):
    browse().get("/checkpoint")
    answer = browse().get("/tile/0/000.p/3")
    assert answer.content == b"".join(e.leaf for e in repository.objects.log.read(0, 9))
    assert browse().get("/tile/0/000.p/2").content == answer.content[:64]


def test_a_mirror_says_who_signs(repository, browse, oak):
    begin(repository.objects.recorder, "https://source.example", repository.objects.log.id)
    refused = browse().get("/checkpoint")
    assert refused.status_code == 409
    assert "https://source.example" in refused.json()["detail"]


# ── proof files and the script ───────────────────────────────────────────────────────────


@pytest.fixture
def kept(browse, oak, tmp_path):
    """Proof file and sealed document of version 2 as a citer keeps them, and the key."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "proof.json").write_bytes(browse().get(f"/{oak}/2/proof").content)
    (folder / "oak.sealed").write_bytes(browse().get(f"/{oak}/2/sealed").content)
    (folder / "verify_citation.py").write_bytes(browse().get("/verify_citation.py").content)
    key = browse().get("/api/log/keys").json()["keys"][0]["vkey"]
    return folder, key


def run(folder, *arguments):
    """The script as a stranger runs it: another folder, no packages."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "verify_citation.py", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=60, env={"PATH": os.defpath},
    )  # fmt: skip


def test_the_script_of_the_server_verifies_what_was_kept(repository, kept, oak):
    folder, key = kept
    citation = str(repository.objects.log.version(oak, 2).citation)
    done = run(folder, "proof.json", "oak.sealed", key, f"See {citation}.")
    broken = "doi:" + citation.partition("doi.org/")[2].replace(" ", ",\n")
    assert run(folder, "proof.json", "oak.sealed", key, broken).returncode == 0
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VERIFIED: ")
    assert "NOT CHECKED" not in done.stdout
    unaided = run(folder, "proof.json", "oak.sealed")
    assert unaided.returncode == 0
    assert "NOT CHECKED: whether the key is the log's own" in unaided.stdout


def test_the_script_says_how_it_is_used_and_which_key_is_none(kept):
    folder, key = kept
    assert "python verify_citation.py PROOF.json" in run(folder).stderr
    half = run(folder, "proof.json", "oak.sealed", key.partition("+")[0])
    assert (half.returncode, "not the whole public key" in half.stderr) == (1, True)
    assert "Traceback" not in half.stderr + run(folder, "proof.json").stderr


def test_the_script_names_what_does_not_agree(repository, kept, oak):
    folder, key = kept
    other = str(repository.objects.log.version(oak, 1).citation)
    assert "another citation" in run(folder, "proof.json", "oak.sealed", key, other).stderr
    stranger = Signer.of(key.partition("+")[0], Ed25519PrivateKey.generate()).verifier
    assert "no trusted key" in run(folder, "proof.json", "oak.sealed", str(stranger)).stderr
    sealed = (folder / "oak.sealed").read_bytes()
    (folder / "oak.sealed").write_bytes(sealed.replace(b"petraea", b"pubesce"))
    broken = run(folder, "proof.json", "oak.sealed", key)
    assert broken.returncode == 1
    assert "the document has the hash" in broken.stderr


def test_the_script_finds_each_altered_part_of_the_proof(kept):
    folder, key = kept
    whole = (folder / "proof.json").read_text()
    assert run(folder, "proof.json", "oak.sealed", key).returncode == 0
    node = Proof.parse(whole.encode()).path[0]
    changes = [
        ('\\"active\\"', '\\"draft\\"'),
        ('"index": 1', '"index": 0'),
        (base64.b64encode(node).decode(), base64.b64encode(bytes(32)).decode()),
        ("\\n3\\n", "\\n4\\n"),
        ('"index": 1', '"index": 17'),  # the same way up the tree, and no leaf of it
        ('"index": 1', '"index": -15'),
    ]
    for before, after in changes:
        changed = whole.replace(before, after)
        assert changed != whole, before
        (folder / "proof.json").write_text(changed)
        assert run(folder, "proof.json", "oak.sealed", key).returncode != 0, before


def test_the_script_goes_along_with_announced_keys(repository, browse, kept, oak):
    from eventstore.checkpoints import Checkpoints

    folder, key = kept
    repository.register("specimen", a_specimen("DH-8"))
    Checkpoints(repository.objects.recorder).rotate()
    repository.register("specimen", a_specimen("DH-9"))
    Checkpoints(repository.objects.recorder).make()
    (folder / "proof.json").write_bytes(browse().get(f"/{oak}/2/proof").content)
    assert run(folder, "proof.json", "oak.sealed", key).returncode == 0


def test_after_an_erasure_proof_and_kept_copy_still_verify(repository, browse, kept, oak):
    folder, key = kept
    curation = Curation(repository.objects, Agent("urn:x", "X"))
    curation.erase(curation.erasable(oak), "asked for by the collector")
    assert browse().get(f"/{oak}/2/sealed").status_code == 410
    later = browse().get(f"/{oak}/2/proof")
    assert later.status_code == 200
    proof = Proof.parse(later.content)
    assert all(check.good for check in proof.checks(Verifier.parse(key)))
    assert document_check(proof.citation, (folder / "oak.sealed").read_bytes()).good
    (folder / "proof.json").write_bytes(later.content)
    assert run(folder, "proof.json", "oak.sealed", key).returncode == 0


def test_a_proof_is_given_only_of_what_is_or_was_public(repository, browse, oak):
    repository.withhold(oak, "CC BY-NC 4.0 is not open.")
    assert browse().get(f"/{oak}/1/proof").status_code == 403
    assert browse().get(f"/{oak}/9/proof").status_code == 404
    draft = repository.register("specimen", a_specimen("DH-7"), Status.DRAFT)
    assert browse().get(f"/{draft}/1/proof").status_code == 404
    assert browse().get(f"/api/log/proof/inclusion?pid={draft}&version=1").status_code == 404


def test_the_hash_needs_no_program_of_ours(kept):
    folder, _ = kept
    said = subprocess.run(
        ["sha256sum", "oak.sealed"], cwd=folder, capture_output=True, text=True, check=True
    )
    proof = Proof.parse((folder / "proof.json").read_bytes())
    assert said.stdout.split()[0] == proof.citation.hash
    assert hashlib.sha256((folder / "oak.sealed").read_bytes()).hexdigest() == proof.citation.hash
