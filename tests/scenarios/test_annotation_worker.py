"""A service of one's own, from nothing to annotations: `mas new`, its test, `mas work`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from eventstore.application import DigitalObjects
from handlers.mas.store import STATES, Store
from tests.scenarios.program import (
    HOLDER,
    ROOT,
    Server,
    apart,
    collectome,
    specimens,
    surroundings,
    until,
)


@pytest.fixture(scope="module")
def skeleton(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A service as `mas new` makes it."""
    folder = tmp_path_factory.mktemp("own")
    ended = collectome("mas", "new", "label-reader", "--in", folder, "--json")
    assert ended.code == 0, ended
    assert Path(ended.said["folder"]) == folder / "label-reader"
    return folder / "label-reader"


def test_its_own_test_passes(skeleton: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=skeleton,
        env=surroundings(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stdout
    assert "3 passed" in ended.stdout


def test_it_is_written_as_this_project_is(skeleton: Path) -> None:
    for command in (["check"], ["format", "--check"]):
        ended = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", ROOT / "pyproject.toml",
             "--config", "lint.per-file-ignores={'test_*.py'=['S','ARG']}", "."],
            cwd=skeleton, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stdout


def test_it_annotates_what_comes_in(skeleton: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    ingested(tmp_path, 1)
    registration = skeleton / "registration.json"
    assert collectome("mas", "register", registration, "--json", data=data).code == 0
    with Server("serve", data):
        ingested(tmp_path, 1, 2, 3)
        until(lambda: counted(data)["queued"] == 2)
        ended = apart("mas", "work", skeleton, "--until-idle", "--json", data=data)
        assert ended.code == 0, ended
        assert ended.said == {"service": str(skeleton), "ended": "idle"}
        assert counted(data)["completed"] == 2
    found = DigitalObjects(data).log
    texts = [
        found.latest(head.pid).document["oa:hasBody"][0]["rdf:value"]
        for head in found.heads(limit=1000)
        if head.type == "annotation"
    ]
    assert texts == ["The label names Norway."] * 2


def test_a_name_that_is_none_and_a_folder_that_is_there_are_refused(tmp_path: Path) -> None:
    assert collectome("mas", "new", "Not a name", "--in", tmp_path).code == 1
    (tmp_path / "taken").mkdir()
    ended = collectome("mas", "new", "taken", "--in", tmp_path)
    assert ended.code == 1 and "is there already" in ended.err


def test_a_worker_of_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    ended = apart("mas", "work", "no-such-service", data=tmp_path / "data")
    assert ended.code == 1 and "no-such-service" in ended.err
    (tmp_path / "service.py").write_text("raise RuntimeError('no model here')\n")
    ended = apart("mas", "work", tmp_path, data=tmp_path / "data")
    assert ended.code == 1 and "no model here" in ended.err


def ingested(folder: Path, *numbers: int) -> None:
    """The plants of one source that have these numbers."""
    table = specimens(folder / "plants.csv", *numbers)
    ended = collectome("ingest", table, HOLDER, "--json", data=folder / "data")
    assert ended.code == 0, ended


def counted(data: Path) -> dict[str, int]:
    """State → jobs."""
    (states,) = Store(data).counts().values() or [dict.fromkeys(STATES, 0)]
    return states
