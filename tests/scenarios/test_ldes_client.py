"""npm `ldes-client` copies the repository, follows it, resumes, and gets what the log holds."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, iso
from eventstore.patches import document_lines
from fdo.lifecycle import Status
from tests.scenarios.node_clients import client
from tests.scenarios.program import HOLDER, Server, collectome, specimens, until

pytestmark = pytest.mark.slow

OF = "http://purl.org/dc/terms/isVersionOf"
LINE = re.compile(r"(<[^>]*>) (<[^>]*>) (.*?)(?: (<[^>]*>))? \.")
BARE = {
    re.compile(r"[+-]?\d+"): "integer",
    re.compile(r"true|false"): "boolean",
    re.compile(r"[+-]?\d+\.\d*"): "decimal",
    re.compile(r"[+-]?\d*\.?\d+[eE][+-]?\d+"): "double",
}


@pytest.fixture(scope="module")
def ldes_client() -> Path:
    """The program."""
    return client("ldes-client")


@pytest.fixture(scope="module")
def garden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Six hundred plants, two hundred of them revised: four pages."""
    folder = tmp_path_factory.mktemp("garden")
    for numbers, country in ((range(1, 601), "Norway"), (range(1, 201), "Sweden")):
        table = specimens(folder / "plants.csv", *numbers, country=country)
        began = collectome("ingest", table, HOLDER, "--json", data=folder / "data")
        assert began.code == 0, began
    with Server("serve", folder / "data") as server:
        until(lambda: server.client.get("/health").json()["lag"]["members"] == 0)
        yield server


def members_of(server: Server) -> list[Recorded]:
    """The events whose versions anybody may copy."""
    objects = DigitalObjects(server.data)
    found = [
        event
        for event in objects.log.read(0, 100_000)
        if not event.operational and event.status is not Status.DRAFT
    ]
    objects.close()
    return found


def copy(program: Path, server: Server, *options: str, path: str = "/ldes/all") -> list[str]:
    """What one run of the client printed, as lines of N-Quads."""
    done = subprocess.run(
        [program, *options, f"{server.base}{path}"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return quads(done.stdout)


def quads(printed: str) -> list[str]:
    """N-Quads of what the client prints, which abbreviates numbers as Turtle does."""
    found = []
    for line in filter(None, printed.splitlines()):
        read = LINE.fullmatch(line)
        assert read, line
        subject, predicate, value, graph = read.groups()
        for form, name in BARE.items():
            if form.fullmatch(value):
                value = f'"{value}"^^<http://www.w3.org/2001/XMLSchema#{name}>'
        found.append(f"{subject} {predicate} {value}{f' {graph}' if graph else ''} .\n")
    return found


def named(lines: list[str]) -> list[str]:
    """The members that were printed, in their order."""
    return [line.split(" ", 1)[0][1:-1] for line in lines if f"<{OF}>" in line]


def test_a_full_copy_has_every_version_of_the_log_once(ldes_client, garden):
    found = named(copy(ldes_client, garden))
    expected = [event.version_iri for event in members_of(garden)]
    assert len(expected) > 750
    assert sorted(found) == sorted(expected)


def test_a_copy_of_the_demo_has_its_tombstones_and_nothing_that_is_withheld(ldes_client, demo):
    lines = copy(ldes_client, demo)
    events = members_of(demo)
    assert sorted(named(lines)) == sorted(event.version_iri for event in events)
    said = set(lines)
    for event in events:
        delete = f"<{event.version_iri}> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
        delete += "<https://www.w3.org/ns/activitystreams#Delete> .\n"
        assert (delete in said) == (event.status is Status.TOMBSTONE)
    newest = {event.pid.iri: event.status for event in events}
    withheld = [iri for iri, status in newest.items() if status is Status.PID_ONLY]
    assert withheld
    graphs = [line for line in lines if line.startswith(tuple(f"<{iri}> " for iri in withheld))]
    assert graphs
    assert all("urn:collectome:vocab:" in line for line in graphs)


def test_after_a_time_only_the_pages_are_read_that_reach_beyond(ldes_client, garden):
    events = members_of(garden)
    gap = max(
        range(1, len(events)), key=lambda n: events[n].recorded_at - events[n - 1].recorded_at
    )
    middle = (events[gap - 1].recorded_at + events[gap].recorded_at) // 2
    asked = _requests(garden)
    found = named(copy(ldes_client, garden, "--after", iso(middle)))
    assert sorted(found) == sorted(event.version_iri for event in events[gap:])
    with_bound = _requests(garden) - asked
    copy(ldes_client, garden)
    assert with_bound < _requests(garden) - asked - with_bound


def _requests(server: Server) -> int:
    """How many requests other than for objects and queries were answered."""
    said = server.client.get("/metrics").text
    rows = re.findall(r'collectome_requests_total\{route="other",status="\w+"\} ([\d.e+]+)', said)
    return int(sum(map(float, rows)))


def test_newest_versions_only_are_those_of_now(ldes_client, garden):
    newest = {event.pid: event.version_iri for event in members_of(garden)}
    found = named(copy(ldes_client, garden, "--last-version-only"))
    assert sorted(found) == sorted(newest.values())


def test_a_snapshot_has_the_newest_version_of_each_object(ldes_client, garden):
    newest = {event.pid: event.version_iri for event in members_of(garden)}
    found = named(copy(ldes_client, garden, path="/ldes/all/latest"))
    assert sorted(found) == sorted(newest.values())


def test_materialised_the_newest_versions_are_the_current_documents(ldes_client, demo):
    lines = copy(ldes_client, demo, "--last-version-only", "--materialize")
    newest = {event.pid: event for event in members_of(demo)}
    active = [event for event in newest.values() if event.status is Status.ACTIVE]
    assert len(active) > 100
    for event in active:
        ending = f" <{event.version_iri}> .\n"
        found = {f"{line.removesuffix(ending)} .\n" for line in lines if line.endswith(ending)}
        assert found == set(document_lines(event))


def test_a_follower_gets_what_comes_and_resumes_where_it_stopped(ldes_client, tmp_path):
    data, state = tmp_path / "data", tmp_path / "state"
    plants = specimens(tmp_path / "plants.csv", *range(1, 6))
    assert collectome("ingest", plants, HOLDER, "--json", data=data).code == 0
    with Server("serve", data) as server:
        known = members_of(server)
        until(lambda: server.client.get("/health").json()["lag"]["members"] == 0)
        first = follow(ldes_client, server, state, tmp_path / "first.txt", len(known))
        next(first)
        revise(server, tmp_path, "Sweden")
        assert next(first) == {event.version_iri for event in members_of(server)}
        first.close()
        known = members_of(server)
        revise(server, tmp_path, "Finland")
        fresh = {event.version_iri for event in members_of(server)[len(known) :]}
        second = follow(ldes_client, server, state, tmp_path / "second.txt", len(fresh))
        assert next(second) == fresh
        second.close()


def revise(server: Server, folder: Path, country: str) -> None:
    """One plant moves to another country, beside the running server."""
    before = len(members_of(server))
    table = specimens(folder / "plants.csv", 1, country=country)
    assert collectome("ingest", table, HOLDER, "--json", data=server.data).code == 0
    assert len(members_of(server)) == before + 1


def follow(
    program: Path, server: Server, state: Path, out: Path, first: int
) -> Generator[set[str], None, None]:
    """The members that a following client has printed: once `first` are there, then with one
    more. Closing it ends the client as Ctrl-C does.

    A set, because in each round ldes-client 0.3.0 asks for the last page twice at the same time,
    once of itself and once by way of the root, and now and then prints a new member of both.
    """
    with out.open("w") as printed:
        process = subprocess.Popen(
            [program, "--follow", "--save", state, "--poll-interval", "300",
             f"{server.base}/ldes/all"],
            stdout=printed, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    try:
        yield until(lambda: _at_least(out, first))
        yield until(lambda: _at_least(out, first + 1))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def _at_least(out: Path, wanted: int) -> set[str]:
    whole = out.read_text().rpartition("\n")[0]
    found = set(named(quads(whole)))
    return found if len(found) >= wanted else set()
