"""What `pids` says to a person: of minting elsewhere, of dead letters, of DOIs that are none."""

from __future__ import annotations

import fcntl
import shutil
import threading
from pathlib import Path

import pytest

from handlers.processes.minting.minter import LOCK
from handlers.processes.minting.store import Outbox, Row
from tests.scenarios.terminal import Terminal

ORCHID = "10.5072/AYE-19S-36C"


@pytest.fixture
def refused(sample: Terminal, tmp_path: Path) -> Terminal:
    """A repository with two dead letters: a DOI, and that of one of its versions."""
    folder = tmp_path / "data"
    shutil.copytree(sample.data, folder)
    outbox = Outbox(folder)
    for number, doi in enumerate((ORCHID, f"{ORCHID}/1")):
        outbox.put([Row(doi, ORCHID, number, wanted="findable", due=0.0)])
        outbox.bury(doi, "422: no title")
    outbox.close()
    return Terminal(folder)


def test_dead_letters_are_taken_up_by_any_form_of_their_name(refused: Terminal) -> None:
    assert "no title" in refused("pids", "list", "--dead").stdout
    one = refused("pids", "retry", f"https://doi.org/{ORCHID.lower()}/1").stdout
    assert "1 dead letter to be sent" in one
    assert refused.json("pids", "retry", f"doi:{ORCHID}") == {"letters": 1}
    assert "No DOI was refused." in refused("pids", "list", "--dead").stdout


def test_what_is_no_dead_letter_is_refused_and_nothing_taken_up(refused: Terminal) -> None:
    assert "no dead letter" in refused.refused("pids", "retry", ORCHID, f"{ORCHID}/2")
    assert "not a PID" in refused.refused("pids", "retry", "10.5072/NOPE")
    assert len(refused.json("pids", "list", "--dead")) == 2


def test_who_mints_beside_is_not_contradicted(refused: Terminal) -> None:
    assert "Minting is off; no DataCite is named." in refused("pids", "status").stdout
    with (refused.data / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "mints here" in refused("pids", "status").stdout


def test_who_waits_until_another_process_mints_no_more_is_told_so(
    refused: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    ended.set()
    monkeypatch.setattr("api.commands.pids.told_to_stop", lambda: ended)
    datacite = {"url": "http://127.0.0.1:9/", "username": "X.Y", "password": "x"}
    settings = {f"datacite_{name}": value for name, value in datacite.items()}
    with (refused.data / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "begins when it ends" in refused("pids", "run", **settings).stderr
        assert "already" in refused("pids", "run", "--until-idle", code=1, **settings).stderr
    assert "begins when it ends" not in refused("pids", "run", **settings).stderr


def test_the_status_of_the_repository_says_how_minting_stands(refused: Terminal) -> None:
    assert "DOIs: 0 to be sent, 2 refused" in refused("status").stdout
    assert refused.json("status")["dois"]["dead"] == 2
