"""What commands and servers load before they do anything: not what only a few of them need."""

from __future__ import annotations

import subprocess
import sys

DEAR = {"datacite", "idutils", "jsonschema", "pyld", "pyshacl", "rdflib"}
"""Packages that take a good part of a second each."""
OF_A_SERVER = {"citeproc", "uvicorn"}
"""Packages that a server needs and commands do not."""


def test_no_command_waits_for_packages_that_only_others_need():
    told = "import sys, api.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True
    )
    assert "api.commands.pids" in loaded.stdout.split()
    assert not (DEAR | OF_A_SERVER) & set(loaded.stdout.split())


def test_no_server_waits_for_what_few_of_its_answers_need():
    told = "import sys, api.bootstrap; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True
    )
    assert not DEAR & set(loaded.stdout.split())
