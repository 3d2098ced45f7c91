"""The commands of media files: what they fetch and check, and what they say of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from api.cli import app
from fdo.identifiers import Pid
from tests.api.conftest import Repository
from tests.handlers.media.sender import Sender, drawn, sending


@pytest.fixture
def sender(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sender]:
    monkeypatch.setenv("FDO_MEDIA_ALLOW_PRIVATE", "true")
    with sending() as made:
        yield made


def medium(repository: Repository, uri: str) -> Pid:
    draft = {"@type": "ods:DigitalMedia", "ac:accessURI": uri, "ods:status": "Active"}
    return repository.register("media", draft)


def run(repository: Repository, *words: str, code: int = 0) -> dict[str, Any]:
    """What a command of media says as JSON."""
    line = ["media", *words, "--json", f"--data={repository.folder}"]
    ended = CliRunner().invoke(app, line)
    assert ended.exit_code == code, ended.output
    found: dict[str, Any] = json.loads(ended.stdout.strip().splitlines()[-1])
    return found


def outcomes(repository: Repository, pid: Pid) -> list[str]:
    """What the log says of the link checks of a medium."""
    events = repository.objects.log.history(pid)
    return [str(event.detail["outcome"]) for event in events if event.what == "MediaChecked"]


def test_files_are_fetched_some_at_a_time_until_all_are_here(
    repository: Repository, sender: Sender
) -> None:
    """Files that are here, and failures of a moment ago, take no place among those of a run."""
    sent = [sender.put(f"/{n}.png", drawn((9, n + 1))) for n in range(4)]
    pids = [medium(repository, uri) for uri in (*sent, sender.put("/gone.png", b"", status=404))]
    for _ in range(2):
        assert run(repository, "fetch", "--limit=2") == {"asked": 2, "fetched": 2, "failures": []}
    failed = run(repository, "fetch", "--limit=2", code=1)
    assert (failed["asked"], failed["failed"]) == (1, 1)
    assert failed["failures"][0]["pid"] == pids[-1].iri and "404" in failed["failures"][0]["error"]
    assert run(repository, "fetch") == {"asked": 0, "failures": []}
    assert len(sender.asked) == 5
    assert [outcomes(repository, pid) for pid in pids] == [["fetched"]] * 4 + [["unreachable"]]
    told = run(repository, "status")
    assert (told["files"], told["media"]) == (4, {"fetched": 4, "unreachable": 1})
    named = run(repository, "fetch", str(pids[-1]), code=1)["failures"][0]["error"]
    assert "tried again after" in named, "who names a medium is told why it is not here"


def test_a_check_asks_again_and_records_what_is_news(
    repository: Repository, sender: Sender
) -> None:
    uri = sender.put("/a.png", drawn())
    pid = medium(repository, uri)
    assert run(repository, "check")["fetched"] == 1
    assert run(repository, "check", "--older-than=1") == {"asked": 0, "failures": []}
    assert run(repository, "check")["fetched"] == 1
    sender.put("/a.png", b"", status=410)
    run(repository, "check", code=1)
    assert len(sender.asked) == 3
    assert outcomes(repository, pid) == ["fetched", "unreachable"]
    line = ["media", "check", f"--data={repository.folder}"]
    ended = CliRunner().invoke(app, line)
    assert ended.exit_code == 1 and "0 of 1 file fetched." in ended.output
    assert "410" in ended.output


def test_a_repository_without_media_says_so(repository: Repository) -> None:
    line = ["media", "fetch", f"--data={repository.folder}"]
    repository.register("source-system", {"@type": "ods:SourceSystem", "schema:name": "Museum"})
    ended = CliRunner().invoke(app, line)
    assert ended.exit_code == 1 and "There are no media here." in ended.output
