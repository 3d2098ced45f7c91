"""`./run`: the environment is what the locks say, or why it is not; then the program has the word.

The Python of the environment, the one that makes it and `uv` are small scripts here, which note how
they are called; `run` and `run.py` are the real ones.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KINDS = {"core": "", "gpu": "-gpu", "install": "-install", "mas": "-mas", "test": "-test"}
UV = """#!/bin/sh
echo "uv $*" >> "$CALLS"
exit "${UV:-0}"
"""
PYTHON = """#!/bin/sh
echo "$*" >> "$CALLS"
case "$*" in
"-m venv --clear "*)
    rm -f "$4"/.*.sha256
    mkdir -p "$4/bin" && cp "$0" "$4/bin/python" && touch "$4/pip" ;;
"-c import pip") test -e "${0%/bin/python}/pip" ;;
"-c import uv") exit 1 ;;
"-m uv "*) exit 1 ;;
"-m pip "*) exit "${PIP:-0}" ;;
*)
    for one in "$@"; do echo "[$one]"; done
    echo "$PYTHONPATH $PYTHONPYCACHEPREFIX ${PYTHONDONTWRITEBYTECODE-unset}"
    exit "${PROGRAM:-0}" ;;
esac
"""
NAMED = (
    "import runpy, sys; sys.executable = sys.argv[1]; sys.argv = sys.argv[2:]; "
    "runpy.run_path(sys.argv[0], run_name='__main__')"
)
"""Runs a script as if another Python ran it, so that this one makes the environment."""


class Clone:
    """A checkout that holds `run`, `run.py` and locks."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.venv, self.tools = folder, folder / ".venv", folder / "tools"
        self.python = self.venv / "bin" / "python"
        self._calls = folder / "calls"
        self.tools.mkdir()
        for name in ("run", "run.py"):
            shutil.copy(ROOT / name, folder / name)
        for part in KINDS.values():
            (folder / f"requirements{part}.lock").write_text(f"one{part}==1\n")
        for tool in ("cp", "dirname", "mkdir", "rm", "touch"):
            found = shutil.which(tool)
            assert found is not None
            (self.tools / tool).symlink_to(found)
        self.script("base", PYTHON)
        self.script("uv", UV)

    def script(self, name: str, text: str) -> Path:
        """A program of this name, the only place where programs are looked for."""
        path = self.tools / name
        path.write_text(text)
        path.chmod(0o755)
        return path

    def run(self, *arguments: str, **said: str) -> subprocess.CompletedProcess[str]:
        """`run.py` with these arguments."""
        line = [sys.executable, "-I", "-S", "-c", NAMED, str(self.tools / "base")]
        return self._started([*line, str(self.folder / "run.py"), *arguments], said)

    def launch(self, *arguments: str, **said: str) -> subprocess.CompletedProcess[str]:
        """`./run` with these arguments."""
        return self._started(["/bin/sh", str(self.folder / "run"), *arguments], said)

    def _started(self, line: list[str], said: dict[str, str]) -> subprocess.CompletedProcess[str]:
        surroundings = {"PATH": str(self.tools), "CALLS": str(self._calls), **said}
        return subprocess.run(
            line, env=surroundings, cwd="/", capture_output=True, text=True, timeout=60
        )

    def calls(self) -> list[str]:
        """How programs were called since the last time, without looks at what there is."""
        made = self._calls.read_text().splitlines() if self._calls.exists() else []
        self._calls.write_text("")
        return [one for one in made if not one.startswith("-c import")]

    def installed(self) -> list[str]:
        """The locks that were installed since the last time, in order."""
        calls = [one for one in self.calls() if one.startswith(("uv pip", "-m pip"))]
        return [one.rpartition("/requirements")[2].removesuffix(".lock") for one in calls]


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_a_fresh_clone_makes_its_environment_and_hands_the_line_over(clone: Clone) -> None:
    done = clone.run("search", "two words", "--data=x", PROGRAM="3", PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 3, done.stderr
    *line, surroundings = done.stdout.splitlines()
    assert line == ["[-m]", "[api.cli]", "[search]", "[two words]", "[--data=x]"]
    assert surroundings == f"{clone.folder} {clone.venv}/pycache unset"
    made, installed, _ = clone.calls()
    assert made == f"-m venv --clear {clone.venv}"
    assert installed.startswith(f"uv pip install --quiet --python {clone.python} ")
    assert installed.endswith(f" -r {clone.folder}/requirements.lock")
    assert {"--no-deps", "--require-hashes"} <= set(installed.split())


def test_what_is_installed_is_installed_again_when_its_lock_changes(clone: Clone) -> None:
    clone.run("status")
    clone.calls()
    assert clone.run("status").stderr == ""
    assert clone.calls() == ["-m api.cli status"]
    (clone.folder / "requirements.lock").write_text("one==2\n")
    assert "core packages" in clone.run("status").stderr
    assert clone.installed() == [""]


def test_of_some_that_start_at_once_one_installs(clone: Clone) -> None:
    with ThreadPoolExecutor(4) as pool:
        started = [pool.submit(clone.run, "status") for _ in range(4)]
        done = [one.result() for one in started]
    assert [one.returncode for one in done] == [0] * 4, done
    calls = clone.calls()
    assert len([one for one in calls if one.startswith("-m venv")]) == 1
    assert len([one for one in calls if one.startswith("uv pip")]) == 1
    assert calls.count("-m api.cli status") == 4


def test_who_waits_for_another_installation_says_so(clone: Clone) -> None:
    folder = os.open(clone.folder, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(clone.run, "status")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=1)
        assert clone.calls() == []
        os.close(folder)
        assert "Waiting for another" in waiting.result(timeout=60).stderr
    assert clone.installed() == [""]


@pytest.mark.parametrize(
    ("line", "locks", "program"),
    [
        ("", [""], "api.cli"),
        ("demo --port 8001", [""], "api.cli demo --port 8001"),
        ("serve --workers auto", ["", "-mas"], "api.cli serve --workers auto"),
        ("ingest --workers", [""], "api.cli ingest --workers"),
        ("mas status", ["", "-mas"], "api.cli mas status"),
        ("test -k x", ["", "-mas", "-test"], "tests -k x"),
        ("bench http", ["", "-mas", "-test"], "bench http"),
        ("gpu", ["", "-mas", "-gpu"], "handlers.services"),
    ],
)
def test_each_command_has_the_packages_that_it_needs(
    clone: Clone, line: str, locks: list[str], program: str
) -> None:
    said = clone.run(*line.split()).stdout.splitlines()[:-1]
    assert " ".join(one[1:-1] for one in said) == f"-m {program}"
    assert clone.installed() == locks


def test_a_server_whose_settings_name_workers_has_their_packages(clone: Clone) -> None:
    clone.run("serve", FDO_WORKERS="auto")
    assert clone.installed() == ["", "-mas"]


def test_the_packages_for_a_gpu_are_written_over_those_that_came_later(clone: Clone) -> None:
    clone.run("gpu")
    clone.installed()
    (clone.folder / "requirements-mas.lock").write_text("one-mas==2\n")
    clone.run("mas", "status")
    assert clone.installed() == ["-mas", "-gpu"]


def test_where_uv_cannot_pip_installs(clone: Clone) -> None:
    assert clone.run("status", UV="2").returncode == 0
    assert clone.installed() == ["", ""], "by uv, then by pip"
    (clone.tools / "uv").unlink()
    (clone.folder / "requirements.lock").write_text("one==2\n")
    assert clone.run("status").returncode == 0
    assert clone.installed() == ["-install", ""], "uv is fetched, and does not work here"


def test_packages_that_cannot_be_installed_are_told_and_tried_again(clone: Clone) -> None:
    failed = clone.run("status", UV="2", PIP="7")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "could not be installed (exit 7)" in failed.stderr and ".venv" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert clone.installed() == ["", ""]
    assert clone.run("status").returncode == 0
    assert clone.installed() == [""]


@pytest.mark.parametrize("lost", ["bin/python", "pip"])
def test_an_environment_that_lost_a_part_is_made_anew_with_all_its_packages(
    clone: Clone, lost: str
) -> None:
    clone.run("status")
    clone.calls()
    (clone.venv / lost).unlink()
    assert clone.run("test").returncode == 0
    made, *_, program = clone.calls()
    assert (made, program) == (f"-m venv --clear {clone.venv}", "-m tests")
    assert clone.run("test").returncode == 0
    assert clone.calls() == ["-m tests"]
    for kind in ("core", "mas", "test"):
        assert (clone.venv / f".{kind}.sha256").exists()


def test_an_environment_of_another_machine_is_said_to_be_useless(clone: Clone) -> None:
    clone.run("status")
    clone.python.write_bytes(b"\x7fELF of elsewhere")
    failed = clone.run("status")
    assert (failed.returncode, "Traceback" in failed.stderr) == (1, False)
    assert f"{clone.venv} cannot be made or used" in failed.stderr


def test_the_newest_python_that_will_do_is_taken(clone: Clone) -> None:
    clone.script("python3.13", "#!/bin/sh\nexit 1\n")
    found = '#!/bin/sh\ntest "$1" = -c && exit 0\nfor one in "$@"; do echo "[$one]"; done\nexit 4\n'
    clone.script("python3.12", found)
    done = clone.launch("search", "two words")
    assert done.returncode == 4
    expected = [f"[{clone.folder}/run.py]", "[search]", "[two words]"]
    assert done.stdout.splitlines() == expected
    named = clone.script("mine", found.replace("exit 4", "exit 5"))
    assert clone.launch("status", PYTHON=str(named)).returncode == 5


def test_without_a_python_that_will_do_the_launcher_says_so(clone: Clone) -> None:
    clone.script("python3", "#!/bin/sh\nexit 1\n")
    failed = clone.launch("demo")
    assert (failed.returncode, failed.stdout) == (1, "")
    assert "Python 3.11 or newer" in failed.stderr
