"""A citation checked from the command line: from kept files, from a repository, from a server."""

from __future__ import annotations

import json
import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.cli import app
from tests.scenarios.program import Server
from tests.scenarios.terminal import Terminal

ORCHID = "10.5072/AYE-19S-36C"


@dataclass(frozen=True)
class Kept:
    """What a citer kept of one version."""

    citation: str
    document: Path
    proof: Path
    key: str


@pytest.fixture(scope="module")
def kept(demo: Server, tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """Sealed document, proof file and key, fetched from the demo."""
    folder = tmp_path_factory.mktemp("kept")
    for name in ("sealed", "proof"):
        answer = demo.client.get(f"/{ORCHID}/1/{name}")
        assert answer.status_code == 200, answer.text
        (folder / name).write_bytes(answer.content)
    citation = json.loads((folder / "proof").read_bytes())["citation"]
    key = demo.client.get("/api/log/keys").json()["keys"][0]["vkey"]
    return Kept(citation, folder / "sealed", folder / "proof", key)


def check(*line: object, code: int = 0) -> dict[str, str]:
    """What verify-citation says of each thing that it checks."""
    plain = CliRunner().invoke(app, ["verify-citation", *map(str, line)])
    assert plain.exit_code == code, plain.output
    told = CliRunner().invoke(app, ["verify-citation", *map(str, line), "--json"])
    assert told.exit_code == code, told.output
    said = json.loads(told.stdout)
    assert said["verified"] is (code == 0)
    for row in said["checks"]:
        assert row["what"] in plain.output
    return {row["what"]: row["result"] for row in said["checks"]}


def test_kept_files_and_a_key_check_everything_offline(kept: Kept) -> None:
    told = check(
        kept.citation, f"--document={kept.document}", f"--proof={kept.proof}", f"--key={kept.key}"
    )
    assert set(told.values()) == {"holds"}
    assert len(told) == 5


def test_a_proof_file_names_its_own_citation(kept: Kept, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text(kept.key + "\n")
    told = check(kept.proof, f"--document={kept.document}", f"--key={key}")
    assert set(told.values()) == {"holds"}
    text = tmp_path / "references.txt"
    text.write_text(f"1. Somebody (2026). An orchid.\n   {kept.citation}\n")
    assert set(check(text, f"--document={kept.document}", f"--proof={kept.proof}").values()) == {
        "holds",
        "not checked",  # whether the key is the log's own
    }


def test_of_a_list_of_references_each_is_checked(demo: Server, kept: Kept, tmp_path: Path) -> None:
    later = kept.citation.replace("T05:15:00", "T05:15:09")
    listed = tmp_path / "references.txt"
    listed.write_text(f"1. {kept.citation}\n2. {later}\n3. once more: {kept.citation}\n")
    line = ["verify-citation", str(listed), f"--server={demo.base}"]
    plain = CliRunner().invoke(app, line)
    assert plain.exit_code == 1 and later in plain.output, plain.output
    told = json.loads(CliRunner().invoke(app, [*line, "--json"]).stdout)
    assert told["verified"] is False
    assert [(one["citation"], one["verified"]) for one in told["citations"]] == [
        (kept.citation, True),
        (later, False),
    ]
    listed.write_text(f"{kept.citation}\n{kept.citation.replace('AYE-19S-36C', '000-000-000')}\n")
    assert CliRunner().invoke(app, line).exit_code == 1  # the second is unknown there
    one_of_two = CliRunner().invoke(app, [*line[:2], f"--document={kept.document}"])
    assert one_of_two.exit_code == 1 and "There are 2 citations" in one_of_two.output


def test_what_was_not_given_is_named_as_not_checked(kept: Kept) -> None:
    told = check(kept.citation, f"--document={kept.document}")
    assert told["the sealed document has the hash of the citation"] == "holds"
    assert told["the log holds this version under a signature"] == "not checked"
    nothing = CliRunner().invoke(app, ["verify-citation", kept.citation])
    assert nothing.exit_code == 1
    assert "Nothing could be checked" in nothing.output


def test_another_document_is_not_what_was_cited(kept: Kept, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_bytes(kept.document.read_bytes() + b" ")
    told = check(kept.citation, f"--document={other}", f"--proof={kept.proof}", code=1)
    assert told["the sealed document has the hash of the citation"] == "fails"
    changed = kept.citation.replace(f"/{ORCHID}/1", f"/{ORCHID}/2").replace(ORCHID + "/1", ORCHID)
    told = check(changed, f"--proof={kept.proof}", code=1)
    assert told["the proof is of this citation"] == "fails"


def test_a_proof_file_that_cannot_be_read_is_not_passed_over(kept: Kept, tmp_path: Path) -> None:
    said = json.loads(kept.proof.read_bytes())
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({**said, "checkpoint": f"x\n{said['checkpoint']}"}))
    refused = CliRunner().invoke(
        app, ["verify-citation", str(broken), f"--document={kept.document}"]
    )
    assert refused.exit_code == 1, refused.output


def test_a_server_and_its_repository_say_the_same(demo: Server, kept: Kept, tmp_path: Path) -> None:
    asked = check(kept.citation, f"--server={demo.base}")
    assert asked.pop("the key is the log's own") == "not checked"  # who lies, lends a key of theirs
    assert set(asked.values()) == {"holds"}
    vouched = check(kept.citation, f"--server={demo.base}", f"--key={kept.key}")
    assert set(vouched.values()) == {"holds"} and "the key is the log's own" not in vouched
    copy = tmp_path / "copy"
    copy.mkdir()
    with (
        sqlite3.connect(demo.data / "log.sqlite") as live,
        sqlite3.connect(copy / "log.sqlite") as still,
    ):
        live.backup(still)
    looked = check(kept.citation, f"--data={copy}", f"--key={kept.key}")
    assert set(looked.values()) == {"holds"}
    said = Terminal(copy).json("verify", "--quick", f"--key={kept.key}")
    assert (said["sound"], said["signed"]) == (True, said["events"])


@pytest.mark.parametrize(
    "line",
    [
        ["no-such-file.json"],
        ["https://doi.org/10.5072/AYE-19S-36C/1"],
        ["CITATION", "--proof=/dev/null"],
        ["CITATION", "--document=/nowhere/at/all"],
        ["CITATION", "--key=nonsense", "--proof=PROOF"],
        ["CITATION", "--data=/nowhere/at/all"],
        ["CITATION", "--server=ftp://x"],
    ],
)
def test_what_cannot_be_read_is_refused_in_one_sentence(kept: Kept, line: list[str]) -> None:
    words = [
        word.replace("CITATION", kept.citation).replace("PROOF", str(kept.proof)) for word in line
    ]
    refused = CliRunner().invoke(app, ["verify-citation", *words])
    assert refused.exit_code == 1, refused.output
    assert "Traceback" not in refused.output
    assert isinstance(refused.exception, SystemExit)


def test_checkpoints_are_made_printed_and_held_against_the_log(
    sample: Terminal, tmp_path: Path
) -> None:
    copy = sample.copied(tmp_path / "data")
    made = copy.json("checkpoint")
    assert copy("checkpoint").stdout == made["checkpoint"]
    note = tmp_path / "checkpoint.txt"
    note.write_text(made["checkpoint"])
    assert copy.json("verify", "--quick", f"--checkpoint={note}")["sound"] is True
    pid = copy.json("search", "--limit=1")["hits"][0]["pid"]
    older = sample.copied(tmp_path / "older")
    copy.json("tombstone", pid, "--reason=A mistake.")
    rotated = copy.json("checkpoint", "--rotate")
    assert rotated["key"] != made["key"]
    assert copy.json("verify", "--quick", f"--key={made['key']}")["sound"] is True
    note.write_text(rotated["checkpoint"])
    shutil.copy(copy.data / "checkpoint-key.pem", older.data)
    told = older.json("verify", "--quick", f"--checkpoint={note}", code=1)
    assert any("some were removed" in fault["what"] for fault in told["faults"])
