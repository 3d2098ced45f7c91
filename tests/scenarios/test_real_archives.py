"""Real archives through the real program: the counts of their description, and of plain counting.

Each archive is taken in as an operator would; what the server then counts is compared with
what `csv` counts over the source (the reader in `tests.darwin_core_sources` is not ours).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.darwin_core_sources import SOURCES
from tests.scenarios.graph_soundness import assert_sound
from tests.scenarios.program import Server, until
from tests.scenarios.terminal import Terminal

pytestmark = pytest.mark.slow

COUNTS = {
    "dwca/trom-algae-herbarium.zip": (2921, {"occurrence.txt": 2921, "multimedia.txt": 2951}),
    "dwca/inhs-insects-5k.tar.gz": (5000, {"occurrence.txt": 5000}),
    "dwca/mnhnl-fossils-20-associated-media.zip": (20, {"occurrence.txt": 20}),
    "dwca/naturalis-tunicata-14-ac-multimedia.zip": (
        14, {"Occurrence.txt": 14, "Multimedia.txt": 14},
    ),
    "csv/naturalis-minerals-1000.csv": (1000, {"naturalis-minerals-1000.csv": 1000}),
}  # fmt: skip
"""File → specimens, and rows of each table (the README of the reference data)."""

HOLDERS = {
    "dwca/inhs-insects-5k.tar.gz": "https://ror.org/047426m28",
    "dwca/naturalis-tunicata-14-ac-multimedia.zip": "https://ror.org/0566bfb96",
    "csv/naturalis-minerals-1000.csv": "https://ror.org/0566bfb96",
}
"""Where neither rows nor EML name an organisation by ROR or Wikidata, the operator does."""

Summaries = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    return Terminal(tmp_path_factory.mktemp("museum") / "data")


@pytest.fixture(scope="module")
def summaries(terminal: Terminal, shared_data: Path) -> Summaries:
    """File → what its ingest said."""
    found = {}
    for name in COUNTS:
        holder = [f"--organisation={HOLDERS[name]}"] if name in HOLDERS else []
        found[name] = terminal.json("ingest", shared_data / name, *holder, "--no-wait")
    return found


@pytest.fixture(scope="module")
def museum(terminal: Terminal, summaries: Summaries) -> Iterator[Server]:
    """A server over all of them, once its projections have read all."""
    with Server("serve", terminal.data) as server:
        until(lambda: caught_up(terminal), 120)
        yield server


def caught_up(terminal: Terminal) -> bool:
    """Whether no projection is behind the log."""
    return not any(each["lag"] for each in terminal.json("status")["projections"].values())


@pytest.mark.parametrize("name", COUNTS)
def test_an_archive_gives_the_counts_of_its_description(summaries, name):
    specimens, rows = COUNTS[name]
    told = summaries[name]
    assert (told["records"], told["new"], told["balanced"]) == (specimens, specimens, True)
    assert {file: row["in"] for file, row in told["rows"].items()} == rows
    assert {file: row["kept"] for file, row in told["rows"].items()} == rows


def test_media_pass_the_gate_or_keep_a_pid_only(terminal, summaries, shared_data):
    told = {name: told["media"] for name, told in summaries.items()}
    uris = {
        row["dcterms:identifier"]
        for record in SOURCES["algae"].records(shared_data)
        for rows in record.extensions.values()
        for row in rows
    }
    assert told["dwca/trom-algae-herbarium.zip"].keys() == {"pid_only"}  # CC BY-SA
    assert terminal.json("status")["objects"]["media"]["pid-only"] == len(uris)
    assert told["dwca/naturalis-tunicata-14-ac-multimedia.zip"] == {"new": 14}
    assert told["dwca/mnhnl-fossils-20-associated-media.zip"]["new"] >= 18


def test_a_second_harvest_is_silent(terminal, summaries, shared_data):
    name = "dwca/trom-algae-herbarium.zip"
    before = terminal.json("status")["objects"]
    told = terminal.json("ingest", shared_data / name, "--no-wait")
    assert (told["unchanged"], told["media"].keys()) == (2921, {"unchanged"})
    assert told["media"]["unchanged"] == before["media"]["pid-only"]
    assert terminal.json("status")["objects"] == before


def test_a_checklist_is_refused_because_it_holds_no_specimens(terminal, summaries, shared_data):
    before = terminal.json("status")["log"]["position"]
    told = terminal.json("ingest", shared_data / "checklist-plecoptera", code=1)
    assert (told["error"], told["code"]) == ("SourceRefused", "not-specimens")
    assert "dwc:Taxon" in told["message"]
    assert terminal.json("status")["log"]["position"] == before


@pytest.mark.parametrize(
    ("name", "title"),
    [("algae", "Algae herbarium TROM"), ("insects", "Illinois Natural History Survey")],
)
@pytest.mark.parametrize("facet", ["country", "kingdom", "order", "family"])
def test_counts_equal_plain_counts_over_the_source(museum, shared_data, name, title, facet):
    plain = Counter(
        record.core.get(f"dwc:{facet}", "") for record in SOURCES[name].records(shared_data)
    )
    sources = museum.client.get("/api/statistics?by=source").json()["by"]["source"]
    [source] = [row["value"] for row in sources if row["label"].startswith(title)]
    answer = museum.client.get("/api/statistics", params={"by": facet, "source": source}).json()
    counted = {row["value"]: row["count"] for row in answer["by"][facet]}
    assert counted == dict(plain)
    assert answer["specimens"] == sum(plain.values())


def test_disciplines_are_those_of_the_collections(museum):
    rows = museum.client.get("/api/statistics?by=discipline").json()["by"]["discipline"]
    counted = {row["value"]: row["count"] for row in rows}
    assert counted == {"Botany": 2921, "Zoology": 5014, "Geology": 1000, "Palaeontology": 20}


def test_sparql_counts_what_search_counts(museum):
    [row] = museum.rows(
        "PREFIX ods: <http://rs.dissco.eu/opends/terms/>\n"
        "SELECT (COUNT(*) AS ?n) WHERE { ?s a ods:DigitalSpecimen }"
    )
    assert int(row["n"]) == sum(specimens for specimens, _ in COUNTS.values())
    assert museum.client.get("/api/search").json()["total"] == int(row["n"])


def test_the_graph_of_real_archives_is_sound(terminal, museum):
    assert assert_sound(terminal.data) > 50_000
