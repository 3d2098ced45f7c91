"""What is installed is what was locked: every requirement with its hashes, none with an address."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*(?:\[[a-z0-9,-]+\])?==\S+")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(?=\s|\\|$)")


def test_there_are_locks() -> None:
    assert {"requirements.lock", "requirements-test.lock"} <= {lock.name for lock in LOCKS}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_of_a_lock_has_a_version_and_a_hash_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    said = re.sub(r"^\s*#.*\n", "", text, flags=re.M).replace("\\\n", " ")
    requirements = [line.strip() for line in said.splitlines() if line.strip()]
    assert requirements
    for each in requirements:
        assert REQUIREMENT.match(each), each
        assert HASH.search(each), each
