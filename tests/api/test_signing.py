"""A command that wrote to a log leaves it signed, with no server and without troubling one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli import app
from eventstore import mirroring
from eventstore.application import DigitalObjects
from eventstore.checkpoints import KEY_FILE, Checkpoints
from handlers.projector import Lease
from handlers.verification import verify_log


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


def test_a_command_that_writes_leaves_a_signed_checkpoint(shell: Shell) -> None:
    for events in (1, 2):
        shell.write()
        assert shell.signed == events
    assert verify_log(shell.objects) == []


def test_a_command_that_reads_signs_nothing(shell: Shell) -> None:
    shell.write()
    known = Checkpoints(shell.objects.recorder).before(None, 9)
    assert shell.run("mas", "model", "list").exit_code == 0
    assert shell.run("status").exit_code == 0
    assert Checkpoints(shell.objects.recorder).before(None, 9) == known


def test_beside_a_server_that_signs_a_command_leaves_it_to_that(shell: Shell) -> None:
    lease = Lease.take(shell.data)
    shell.write()
    assert shell.signed == 1, "nobody had signed for an interval, so nobody attends it"
    shell.write()
    assert shell.signed == 1
    lease.release()
    shell.write()
    assert shell.signed == 3


def test_a_command_does_not_fail_with_its_signature(shell: Shell) -> None:
    shell.write()
    (shell.data / KEY_FILE).unlink()
    shell.write()
    assert (shell.signed, shell.objects.log.position()) == (1, 2)


def test_a_mirror_signs_nothing(shell: Shell) -> None:
    shell.write()
    mirroring.begin(shell.objects.recorder, "https://source.example", shell.objects.log.id)
    form = shell.folder / "model.json"
    form.write_text('{"@type": "fair4ml:MLModel", "schema:name": "Another"}', encoding="utf-8")
    assert shell.run("mas", "model", "register", str(form)).exit_code == 1
    assert shell.signed == 1


def test_status_says_how_old_the_newest_checkpoint_is(shell: Shell) -> None:
    assert "Not signed yet" in shell.run("status").stdout
    assert shell.status() is None
    shell.write()
    told = shell.status()
    assert (told["events"], told["since"]) == (1, 0) and 0 <= told["age_s"] < 60
    assert "second" in shell.run("status").stdout
    with Lease.take(shell.data).file:
        shell.write()
        assert shell.status()["since"] == 1
