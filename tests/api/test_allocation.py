"""Memory of the C library: set by one more start of the same process, once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import os, sys
print("started", os.getpid(), sys.argv[1:], flush=True)
from api.allocation import begin_again
begin_again()
print("set", os.getpid(), os.environ["GLIBC_TUNABLES"])
"""


def told(tmp_path: Path, **environment: str) -> list[str]:
    """What a program prints that begins again."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    inherited = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    process = subprocess.Popen(
        [sys.executable, str(program), "an argument"],
        env={**inherited, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return said.replace(str(process.pid), "PID").splitlines()


# elsewhere nothing begins again, by design: only glibc reads such settings as a program begins
@pytest.mark.skipif(sys.platform != "linux", reason="the C library of other systems is another")
def test_a_program_begins_again_once_as_the_same_process(tmp_path: Path) -> None:
    began = "started PID ['an argument']"
    set_so = "glibc.malloc.tcache_count=127:glibc.malloc.hugetlb=1"
    assert told(tmp_path) == [began, began, f"set PID {set_so}"]


def test_what_somebody_set_stays(tmp_path: Path) -> None:
    set_so = "glibc.malloc.tcache_count=9"
    assert told(tmp_path, GLIBC_TUNABLES=set_so)[1:] == [f"set PID {set_so}"]
