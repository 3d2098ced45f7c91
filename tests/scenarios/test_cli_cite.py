"""`collectome cite`, asked as people ask it: what the server says, without a server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.citing.styles import STYLES
from api.negotiation import REFERENCE_FORMATS
from fdo.verifiable import Citation
from tests.scenarios.program import Server
from tests.scenarios.terminal import Terminal


@pytest.fixture(scope="module")
def revised(sample: Terminal) -> str:
    """A specimen with at least three versions."""
    hits = sample.json("search", "--limit", 300)["hits"]
    return next(hit["pid"] for hit in hits if hit["version"] > 2)


@pytest.fixture(scope="module")
def last(demo_log: Path) -> dict[str, str]:
    """Status → a specimen that ended in it."""
    status = {}
    for line in map(json.loads, demo_log.read_text(encoding="utf-8").splitlines()):
        if "topic" in line and line["meta"]["type"] == "specimen":
            status[line["object"]] = line["meta"]["status"]
    return {standing: pid for pid, standing in status.items()}


def test_the_version_in_force_is_cited_so_that_it_can_be_checked(sample, revised):
    line = sample("cite", revised).stdout
    found = Citation.parse(line)
    assert str(found.pid) == revised
    assert found.version > 2
    assert f"version {found.version}" in line


def test_each_format_is_in_the_json_too(sample, revised):
    for form in ("bibtex", "ris", "csl", "citation", "datacite", "datacite-xml"):
        plain = sample("cite", revised, f"--format={form}").stdout_bytes.decode()
        assert sample.json("cite", revised, f"--format={form}")["content"] == plain


def test_a_version_or_a_moment_can_be_named(sample, revised):
    by_number = sample("cite", revised, "--version=1", "--style=apa", "--locale=de").stdout
    assert "(Version 1)" in by_number
    by_moment = sample("cite", revised, "--as-of=v1", "--style=apa", "--locale=de-DE").stdout
    assert by_moment == by_number
    assert "not both" in sample.refused("cite", revised, "--version=1", "--as-of=v1")
    assert "not both" in sample.refused("cite", revised, "--version=1", "--observed-at=2026-04-01")


def test_what_a_source_had_said_by_a_day_is_cited(sample, revised):
    said = {row["version"]: row["observed_at"] for row in sample.json("history", revised)}
    cited = sample.json("cite", revised, f"--observed-at={said[1]}")
    assert (cited["version"], said[1] < said[2]) == (1, True)


def test_what_is_not_there_is_refused_with_what_is(sample, revised):
    assert ", ".join(STYLES) in sample.refused("cite", revised, "--style=nature")
    assert "application/x-bibtex" in sample.refused("cite", revised, "--format=docx")
    assert "no version 99" in sample.refused("cite", revised, "--version=99")


def test_of_a_pid_only_object_only_the_record_is_cited(sample, last):
    line = sample("cite", last["pid-only"]).stdout
    assert "FDO record of" in line
    assert "hash://" not in line
    assert sample.json("cite", last["pid-only"])["verifiable"] is None


def test_a_tombstone_is_cited_as_withdrawn(sample, last):
    for style in STYLES:
        assert "withdrawn 20" in sample("cite", last["tombstone"], f"--style={style}").stdout


@pytest.mark.slow
def test_the_server_says_the_same_bytes(demo: Server, sample: Terminal, revised: str):
    for form in REFERENCE_FORMATS:
        said = demo.client.get(f"/{revised}/1?format={form.name}").text
        wanted = sample("cite", revised, "--version=1", f"--format={form.name}",
                        public_base=demo.base, title="Collectome").stdout  # fmt: skip
        assert wanted.replace("\r\n", "\n") == said.replace("\r\n", "\n")
