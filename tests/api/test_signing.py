"""A command that wrote to a log leaves it signed, where that is due; with or without a server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from api.console import settings_for
from api.repository import Repository
from eventstore import mirroring
from eventstore.application import DigitalObjects, system_clock
from eventstore.checkpoints import KEY_FILE, Checkpoints
from handlers.learning import Learning
from handlers.verification import verify_log
from tests.eventstore.story import BY


class Shell:
    """Commands on one data folder, each as if in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data, self._number = folder, folder / "data", 0
        self.objects = DigitalObjects(self.data)

    def run(self, *words: str) -> Result:
        """One command."""
        return CliRunner().invoke(app, [*words, f"--data={self.data}"])

    def write(self) -> Result:
        """A command that records one event."""
        self._number += 1
        form = self.folder / "model.json"
        said = {"@type": "fair4ml:MLModel", "schema:name": f"Model {self._number}"}
        form.write_text(json.dumps(said), encoding="utf-8")
        ended = self.run("mas", "model", "register", str(form))
        assert ended.exit_code == 0, ended.output
        return ended

    def sign_an_hour_ago(self) -> None:
        """One event and its checkpoint, as of then."""
        old = DigitalObjects(self.data, clock=lambda: system_clock() - 3_600_000_000)
        Learning(old, BY).register({"@type": "fair4ml:MLModel", "schema:name": "First"})
        Checkpoints(old.recorder).make()
        old.close()

    @property
    def signed(self) -> int:
        """Of how many events the newest checkpoint is."""
        last = Checkpoints(self.objects.recorder).latest()
        return last.size if last else 0

    def status(self) -> Any:
        """What `status` says of the signature."""
        return json.loads(self.run("status", "--json").stdout)["signed"]


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_the_first_command_that_writes_leaves_a_signed_checkpoint(shell: Shell) -> None:
    shell.write()
    assert shell.signed == 1
    assert verify_log(shell.objects) == []


def test_a_command_signs_where_nobody_did_within_the_interval(shell: Shell) -> None:
    shell.sign_an_hour_ago()
    shell.write()
    assert shell.signed == 2
    shell.write()
    assert shell.signed == 2, "as beside a server: that was a moment ago"


def test_a_command_that_reads_signs_nothing(shell: Shell) -> None:
    shell.sign_an_hour_ago()
    Learning(shell.objects, BY).register({"@type": "fair4ml:MLModel", "schema:name": "Second"})
    for words in (("mas", "model", "list"), ("status",)):
        assert shell.run(*words).exit_code == 0
    assert shell.signed == 1


def test_a_command_does_not_fail_with_its_signature(shell: Shell) -> None:
    shell.sign_an_hour_ago()
    (shell.data / KEY_FILE).unlink()
    shell.write()
    assert (shell.signed, shell.objects.log.position()) == (1, 2)


def test_a_mirror_signs_nothing(shell: Shell) -> None:
    shell.sign_an_hour_ago()
    mirroring.begin(shell.objects.recorder, "https://source.example", shell.objects.log.id)
    repository = Repository(settings_for(shell.data))
    repository.objects.on_append(1)  # as following does, behind a section that it took
    repository.close()
    assert shell.signed == 1


def test_status_says_how_old_the_newest_checkpoint_is(shell: Shell) -> None:
    assert "Not signed yet" in shell.run("status").stdout
    assert shell.status() is None
    shell.sign_an_hour_ago()
    told = shell.status()
    assert (told["events"], told["since"]) == (1, 0) and 3_600 <= told["age_s"] < 3_700
    assert "1 hour ago; 0 events since" in shell.run("status").stdout
    shell.write()
    shell.write()
    told = shell.status()
    assert (told["events"], told["since"]) == (2, 1) and 0 <= told["age_s"] < 60
