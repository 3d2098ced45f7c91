"""kill -9 at random moments: what was acknowledged stays, nothing is doubled, the end is the same.

The real command is started on a generated archive, killed again and again while it records or
projects, and then left to finish. Its repository must equal one that was never interrupted.
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bench.generate import generate
from bench.specimens import Plan
from eventstore.application import DigitalObjects
from fdo.documents import essence
from handlers.harvest.harvest import Harvest
from handlers.harvest.options import Options
from handlers.lease import lease_is_held
from handlers.verification import verify_log
from tests.scenarios.program import ROOT, begun, collectome, until

NAME = "Synthetic specimens"
INGEST = ("ingest", "--source-system", NAME)
RECORDS, FEWER = 1500, 700

pytestmark = pytest.mark.slow


def told(*arguments: str | Path, data: Path) -> Any:
    """What a command says, which must succeed."""
    ended = collectome(*arguments, "--json", data=data)
    assert ended.code == 0, ended
    return ended.said


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated archive."""
    place = tmp_path_factory.mktemp("generated") / "archive"
    generate(Plan(records=RECORDS, seed=11), place)
    return place


@pytest.fixture(scope="module")
def smaller(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another one, for kills that do not hang on its size."""
    place = tmp_path_factory.mktemp("generated") / "smaller"
    generate(Plan(records=FEWER, seed=12), place)
    return place


@pytest.fixture(scope="module")
def undisturbed(
    archive: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Any, ...]]:
    """What the repository says of the archive when nothing goes wrong."""
    place = tmp_path_factory.mktemp("undisturbed")
    objects = DigitalObjects(place, durability="normal")
    Harvest(objects, place / "workspace", Options(source_system=NAME)).run(str(archive))
    return content(objects)


def content(objects: DigitalObjects) -> dict[str, tuple[Any, ...]]:
    """What each object is called → its status, version and document, without dates and with
    names for PIDs, so that two repositories can be compared."""
    log = objects.log
    names = {pid: key for key, pid in log.claims()}
    heads = log.heads(limit=1_000_000)
    names |= {str(h.pid): h.type for h in heads if str(h.pid) not in names}
    assert len(set(names.values())) == len(heads), "an object was doubled"
    found = {}
    for head in heads:
        if head.type.startswith("fdo-"):  # what the release defines, whatever comes in
            continue
        text = json.dumps(essence(log.latest(head.pid).document), sort_keys=True)
        for word in sorted({w for w in text.split('"') if "10.5072/" in w or "5000.5072/" in w}):
            pid = "/".join(word.split("/")[-2:])
            text = text.replace(word, names.get(pid, word))
        found[names[str(head.pid)]] = (head.type, head.status.value, head.version, text)
    return found


def acknowledged(place: Path) -> int:
    """The rows that the command said were durable."""
    try:
        return int(place.read_text() or 0)
    except FileNotFoundError:
        return 0


def killed_while_recording(
    data: Path, archive: Path, progress: Path, after: int, delay_s: float
) -> int:
    """Ingest, killed a moment after so many rows were acknowledged; how many were."""
    process = begun(*INGEST, archive, "--progress", progress, data=data)
    while acknowledged(progress) < after and process.poll() is None:
        time.sleep(0.002)
    time.sleep(delay_s)
    process.kill()
    process.communicate()
    free_lease(data)
    return acknowledged(progress)


def free_lease(data: Path) -> None:
    """Wait until the projector of a killed command has noticed that it is alone."""
    until(lambda: not lease_is_held(data))


def holds(objects: DigitalObjects, archive: Path, rows: int) -> bool:
    """Whether the specimens of the first rows of the archive are all registered."""
    with (archive / "occurrence.txt").open(encoding="utf-8", newline="") as lines:
        ids = [r["occurrenceID"] for r in csv.DictReader(lines, delimiter="\t", quoting=3)]
    wanted = [f"specimen:{each}" for each in ids[:rows]]
    return objects.log.claimed(wanted).keys() == set(wanted)


def moments(seed: int, kills: int) -> Iterator[tuple[int, float]]:
    """After how many rows, and how long after that, each kill comes."""
    chance = random.Random(seed)
    for _ in range(kills):
        yield chance.choice([0, 500, 1000, RECORDS]), chance.uniform(0.0, 0.4)


def test_an_ingest_killed_at_random_moments_ends_as_if_nothing_had_happened(
    archive: Path, undisturbed: dict[str, tuple[Any, ...]], tmp_path: Path
) -> None:
    data = tmp_path / "data"
    for number, (after, delay_s) in enumerate(moments(seed=1, kills=6)):
        done = killed_while_recording(data, archive, tmp_path / f"{number}", after, delay_s)
        objects = DigitalObjects(data)
        assert holds(objects, archive, done)
        assert verify_log(objects) == []
        objects.close()
    summary = told(*INGEST, archive, data=data)
    assert summary["balanced"] and summary["new"] + summary["unchanged"] == RECORDS
    objects = DigitalObjects(data)
    assert content(objects) == undisturbed
    said = told("verify", data=data)
    assert 0 < said.pop("signed") <= objects.log.position()
    assert said == {"faults": [], "events": objects.log.position(), "sound": True}


def test_a_projector_killed_again_and_again_ends_with_sound_views(
    smaller: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    told(*INGEST, smaller, "--no-wait", data=data)
    chance = random.Random(3)
    for _ in range(3):
        projector = subprocess.Popen(
            [sys.executable, "-m", "handlers.projector", str(data)], cwd=ROOT
        )
        time.sleep(chance.uniform(0.4, 2.0))
        projector.kill()
        projector.wait()
        assert not lease_is_held(data)
    said = told(*INGEST, smaller, data=data)
    assert said["unchanged"] == FEWER
    assert told("verify", data=data)["sound"] is True


def test_an_ingest_whose_projector_is_killed_says_that_the_log_is_complete(
    smaller: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    process = begun(*INGEST, smaller, data=data)
    child = _projector_of(process.pid)
    os.kill(child, signal.SIGKILL)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "log is complete" in err
    objects = DigitalObjects(data)
    assert verify_log(objects) == []
    assert objects.log.counts()["specimen"] == {"active": FEWER}


def test_an_ingest_that_is_asked_to_end_leaves_nothing_unpacked_and_a_sound_log(
    archive: Path, tmp_path: Path
) -> None:
    data, count = tmp_path / "data", tmp_path / "rows"
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", archive)
    process = begun(*INGEST, packed, "--progress", count, data=data)
    until(lambda: acknowledged(count) or process.poll() is not None)
    assert list((data / "workspace").glob("source-*"))
    process.terminate()
    out, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (143, False), (out, err)
    assert not list((data / "workspace").glob("source-*"))
    assert verify_log(DigitalObjects(data)) == []
    assert told(*INGEST, packed, data=data)["unchanged"] >= acknowledged(count)


def _projector_of(parent: int) -> int:
    """The process id of the projector that a command started."""
    children = Path(f"/proc/{parent}/task/{parent}/children")

    def found() -> int:
        for child in children.read_text().split():
            if b"handlers.projector" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
        return 0

    return until(found)
