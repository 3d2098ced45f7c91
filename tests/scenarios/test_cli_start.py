"""What commands and servers load before they do anything: not what only a few of them need."""

from __future__ import annotations

import subprocess
import sys

DEAR = {"datacite", "idutils", "jsonschema", "pyld", "pyshacl", "rdflib"}
"""Packages that take a good part of a second each."""
OF_A_SERVER = {"citeproc", "fastapi", "httpx", "jinja2", "starlette", "uvicorn", "werkzeug"}
"""Packages that a server needs; of the commands of every day none does."""
EVERY_DAY = ("cite", "config", "export", "feeds", "ingest", "instants", "keep", "objects", "read",
             "time", "verify", "versions")  # fmt: skip
"""Modules of commands that read, write and keep a repository on this machine."""
OF_A_WORKER = {"handlers", "handlers.queries", "handlers.queries.checkpoint",
               "handlers.queries.evaluation", "handlers.queries.frames",
               "handlers.queries.preview", "handlers.queries.worker"}  # fmt: skip
"""All of the program that a process needs which answers a query and may be killed at any moment."""


def loaded_with(*modules: str) -> set[str]:
    """The modules that a process has loaded when it has imported these."""
    told = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_command_of_every_day_waits_for_packages_that_only_others_need() -> None:
    modules = [f"api.commands.{name}" for name in EVERY_DAY]
    loaded = loaded_with("api.cli", "api.console", *modules)
    assert set(modules) <= loaded
    assert not (DEAR | OF_A_SERVER) & loaded


def test_no_server_waits_for_what_few_of_its_answers_need() -> None:
    assert not DEAR & loaded_with("api.bootstrap")


def test_a_process_that_answers_queries_loads_hardly_anything() -> None:
    rooms = ("api", "eventstore", "fdo", "handlers", "ontologies", "shacl")
    loaded = loaded_with("handlers.queries.worker")
    assert {name for name in loaded if name.split(".")[0] in rooms} == OF_A_WORKER
