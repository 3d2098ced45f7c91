"""What commands and servers load before they do anything: not what only a few of them need."""

from __future__ import annotations

import subprocess
import sys

DEAR = {"citeproc", "datacite", "idutils", "pyshacl", "rdflib"}
"""Packages that take a good part of a second each."""


def test_no_command_waits_for_packages_that_only_others_need():
    told = "import sys, api.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True
    )
    assert "api.commands.pids" in loaded.stdout.split()
    assert not DEAR & set(loaded.stdout.split())


def test_no_server_waits_for_the_client_of_datacite():
    told = "import sys, api.app; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", told], capture_output=True, text=True, check=True
    )
    assert not {"datacite", "idutils"} & set(loaded.stdout.split())
