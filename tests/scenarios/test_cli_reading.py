"""The commands that read, asked as people ask them: answers, forms, exit codes, errors."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import jsonpatch
import pytest
from rdflib import Graph

from api.commands.read import _refusals_of_the_engine
from fdo.errors import Unavailable
from handlers.queries.errors import MalformedQuery, UnsupportedQuery
from tests.scenarios.terminal import Terminal

COUNTRIES = """PREFIX dwc: <http://rs.tdwg.org/dwc/terms/>
SELECT ?country (COUNT(*) AS ?places) WHERE { ?place dwc:country ?country }
GROUP BY ?country ORDER BY DESC(?places) ?country"""
ONE_TRIPLE = "CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o } LIMIT 1"


@pytest.fixture(scope="module")
def revised(sample: Terminal) -> str:
    """A specimen with at least three versions."""
    hits = sample.json("search", "--limit", 300)["hits"]
    return next(hit["pid"] for hit in hits if hit["version"] > 2)


@pytest.fixture(scope="module")
def ours(sample: Terminal, tmp_path_factory: pytest.TempPathFactory) -> Terminal:
    """A copy, since some of what is asked makes an empty store where there was none."""
    return sample.copied(tmp_path_factory.mktemp("ours") / "data")


@pytest.fixture(scope="module")
def withheld(demo_log: Path) -> str:
    """A specimen whose licence keeps its document back."""
    last = {}
    for line in map(json.loads, demo_log.read_text(encoding="utf-8").splitlines()):
        if "topic" in line:
            last[line["object"]] = line["meta"]["status"]
    return next(pid for pid, status in last.items() if status == "pid-only")


def test_show_gives_the_document_now_and_at_a_version(sample, revised):
    now, first = sample.json("show", revised), sample.json("show", revised, "--version=1")
    assert now["@id"] == first["@id"] == f"https://doi.org/{revised}"
    assert int(now["ods:version"]) > int(first["ods:version"]) == 1
    assert sample.json("show", f"https://doi.org/{revised}") == now


def test_show_at_a_moment_is_the_version_that_was_in_force(sample, revised):
    rows = sample.json("history", revised)
    first, second = rows[0], rows[1]
    for moment in (first["recorded_at"], second["position"] - 1, "v1"):
        assert sample.json("show", revised, f"--as-of={moment}")["ods:version"] == 1
    assert sample.json("show", revised, f"--as-of={second['recorded_at']}")["ods:version"] == 2
    observed = sample.json("show", revised, f"--observed-at={first['observed_at']}")
    assert observed["ods:version"] == 1
    assert "not both" in sample.refused("show", revised, "--version=1", "--as-of=1")
    assert "no moment" in sample.refused("show", revised, "--as-of=soon")


def test_diff_tells_the_terms_that_changed_and_writes_patches(sample, revised):
    told = sample.json("diff", revised, "--from=1", "--to=2")
    changed = [one for one in told["changes"] if "stamp" not in one]
    assert changed
    table = sample("diff", revised, "--from=1", "--to=2").stdout
    assert all(one["path"] in table for one in changed)
    patch = json.loads(sample("diff", revised, "--to=2", "--format=json-patch").stdout)
    old, new = (sample.json("show", revised, f"--version={n}") for n in (1, 2))
    assert jsonpatch.apply_patch(old, patch) == new
    lines = sample("diff", revised, "--to=2", "--format=rdf-patch").stdout.splitlines()
    assert lines[0].startswith("H id <urn:uuid:")
    assert lines[-1] == "TC ."
    assert sample.json("diff", revised)["to"]["version"] > 2
    assert "no version" in sample.refused("diff", revised, "--from=99")
    assert "no moment" in sample.refused("diff", revised, "--to=soon")


def test_diff_of_a_pid_only_object_is_refused(sample, withheld):
    assert "record only" in sample.refused("diff", withheld)


def test_history_is_provenance_in_each_syntax(sample, revised):
    found = []
    for format, name in (("turtle", "turtle"), ("jsonld", "json-ld"), ("ntriples", "nt")):
        text = sample("history", revised, f"--format={format}").stdout
        found.append(set(Graph().parse(data=text, format=name)))
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > 30


@pytest.mark.parametrize("format", ["turtle", "ntriples", "nquads", "rdfxml", "jsonld"])
def test_show_writes_each_syntax(sample, revised, format):
    text = sample("show", revised, f"--format={format}").stdout
    assert f"https://doi.org/{revised}" in text
    if format != "jsonld":
        names = {"turtle": "turtle", "ntriples": "nt", "nquads": "nt", "rdfxml": "xml"}
        assert len(Graph().parse(data=text, format=names[format])) > 20


def test_show_of_a_pid_only_object_says_why_there_is_no_document(sample, withheld):
    assert "record only" in sample.refused("show", withheld)
    assert "record only" in sample.refused("show", withheld, "--format=turtle")


def test_history_tells_every_event_oldest_first(sample, revised):
    rows = sample.json("history", revised)
    versions = [row["version"] for row in rows]
    assert versions == sorted(versions)
    made = [row["version"] for row in rows if "PidConfirmed" not in row["what"]]
    assert made == list(range(1, len(made) + 1))
    assert rows == sorted(rows, key=lambda row: row["position"])
    assert rows[0]["what"].startswith("SpecimenRegistered")
    assert rows[0]["agent_name"] in sample("history", revised).stdout


def test_a_table_that_is_piped_is_not_folded(sample, revised):
    lines = sample("history", revised).stdout.splitlines()
    assert len(lines) == 2 + len(sample.json("history", revised))


def test_sparql_answers_in_each_format(sample):
    rows = list(csv.DictReader(io.StringIO(sample("sparql", COUNTRIES, "--format=csv").stdout)))
    assert len(rows) > 5
    answer = json.loads(sample("sparql", COUNTRIES, "--json").stdout)
    plain = [{n: c["value"] for n, c in row.items()} for row in answer["results"]["bindings"]]
    assert plain == rows
    assert "<sparql" in sample("sparql", COUNTRIES, "--format=xml").stdout
    assert sample("sparql", COUNTRIES, "--format=tsv").stdout.startswith("?country\t?places")
    table = sample("sparql", COUNTRIES).stdout
    assert all(row["country"] in table for row in rows)


def test_sparql_writes_triples_as_turtle_n_triples_xml_and_json_ld(sample):
    for format, name in (("turtle", "turtle"), ("ntriples", "nt"), ("xml", "xml")):
        text = sample("sparql", ONE_TRIPLE, f"--format={format}").stdout
        assert len(Graph().parse(data=text, format=name)) == 1
    assert "use table, turtle" in sample("sparql", ONE_TRIPLE, "--format=csv", code=1).stderr
    assert len(json.loads(sample("sparql", ONE_TRIPLE, "--json").stdout)) == 1


def test_sparql_reads_a_query_from_a_file_and_answers_yes_or_no(sample, tmp_path):
    (tmp_path / "ask.rq").write_text("ASK { ?s ?p ?o }", encoding="utf-8")
    assert sample("sparql", tmp_path / "ask.rq").stdout == "yes\n"
    assert json.loads(sample("sparql", tmp_path / "ask.rq", "--json").stdout)["boolean"] is True
    assert sample("sparql", "ASK { <urn:nothing> ?p ?o }").stdout == "no\n"
    assert sample("sparql", "SELECT * {}").stdout == "1 row\n", "without a column"


def test_a_file_with_a_query_may_bear_a_mark_and_must_be_text(sample, tmp_path):
    (tmp_path / "marked.rq").write_text("ASK {}", encoding="utf-8-sig")
    assert sample("sparql", tmp_path / "marked.rq").stdout == "yes\n"
    (tmp_path / "latin.rq").write_bytes("ASK { ?s ?p 'Ã' }".encode("latin-1"))
    assert "no text in UTF-8" in sample.refused("sparql", tmp_path / "latin.rq")
    nobody = f"DESCRIBE <urn:{'x' * 300}>"
    assert sample("sparql", nobody, "--format=ntriples").stdout == ""


def test_sparql_and_export_say_which_state_it_was_so_that_it_is_had_again(sample):
    plain = sample("sparql", COUNTRIES, "--format=csv")
    again = re.search(r"the same again: (--as-of \d+)\n\Z", plain.stderr)
    assert sample("sparql", COUNTRIES, "--format=csv", *again[1].split()).stdout == plain.stdout
    then = ("--as-of=150", "--observed-at=2026-05-01")
    said = json.loads(sample("sparql", COUNTRIES, "--json", *then).stderr)
    assert (said["position"], said["observedAt"]) == (150, "2026-05-01T23:59:59.999999Z")
    told = sample("sparql", COUNTRIES, *then).stderr
    assert f"event 150, recorded {said['recordedAt']}; " in told
    assert told.endswith(f": --as-of 150 --observed-at {said['observedAt']}\n")
    assert sample("export", "--format=documents", *then).stderr == told
    assert "again" not in sample("export", "--format=jsonl").stderr, "the log has no past"


def test_sparql_answers_calls_to_the_repository_itself(sample):
    here = "http://127.0.0.1:8000"
    call, name = f"SERVICE <{here}/sparql?as-of=2026-03-03>", f"GRAPH <{here}/at/2026-03-03>"
    query = f"""PREFIX dwc: <http://rs.tdwg.org/dwc/terms/>
        SELECT ?place ?then ?now {{ ?place dwc:country ?now {call} {{ ?place dwc:country ?then }}
        FILTER(?then != ?now) }} ORDER BY ?place ?then ?now"""
    joined = sample("sparql", query, "--format=csv").stdout
    assert len(joined.splitlines()) > 1
    assert joined == sample("sparql", query.replace(call, name), "--format=csv").stdout
    elsewhere = {"public_base": "https://specimens.example"}
    moved = query.replace(here, elsewhere["public_base"])
    assert sample("sparql", moved, "--format=csv", **elsewhere).stdout == joined


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT * WHERE {", "not SPARQL"),
        ("SELECT (<http://example.org/f>(1) AS ?x) {}", "The engine cannot answer this"),
        ("SELECT * { SERVICE <%s?default-graph-uri=:%%> { ?s ?p ?o } }", "not SPARQL"),
        ("nowhere.rq", "neither a query nor the name of a file"),
        ("DELETE WHERE { ?s ?p ?o }", "is an update"),
        ("SELECT * { SERVICE <http://example.org/> { ?s ?p ?o } }", "SERVICE is refused"),
        ("SELECT * { SERVICE <http://e.org/> { } }", "at <http://127.0.0.1:8000/sparql>"),
        ("SELECT * { SERVICE <%s?min-position=99999> { ?s ?p ?o } }", "not yet to 99999"),
        ("SELECT * { SERVICE <%s?min-position=x> { ?s ?p ?o } }", "a whole number"),
        ("SELECT * { OPTIONAL { SERVICE <%s> { ?s ?p ?o } } }", "another group"),
    ],
)
def test_a_query_that_cannot_be_answered_is_refused_in_a_sentence(sample, query, told):
    query = query.replace("%s", "http://127.0.0.1:8000/sparql")
    assert told in sample.refused("sparql", query)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (RuntimeError("no such function"), UnsupportedQuery),
        (ValueError("no IRI"), MalformedQuery),
        (MemoryError(), Unavailable),
    ],
)
def test_what_the_engine_finds_out_row_by_row_is_refused_too(found, said):
    with pytest.raises(said), _refusals_of_the_engine():
        raise found


def test_search_finds_by_words_and_facets_and_goes_on_by_cursor(sample):
    everything = sample.json("search", "--limit=1000")
    plants = sample.json("search", "--filter=discipline=Botany", "--limit=1000")
    assert 0 < plants["total"] < everything["total"] == len(everything["hits"])
    assert {hit["discipline"] for hit in plants["hits"]} == {"Botany"}
    first = sample.json("search", "--limit=7")
    second = sample.json("search", "--limit=7", f"--cursor={first['next_cursor']}")
    pids = [hit["pid"] for hit in first["hits"] + second["hits"]]
    assert len(set(pids)) == 14


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["--filter=planet=Mars"], "is no search parameter"),
        (["--filter=country"], "lacks its value"),
        (["--cursor=zzz"], "none of ours"),
        (["--as-of=soon"], "no moment"),
        (["--observed-at=v3"], "no moment"),
        (["--cursor=zzz", "--as-of=3"], "keeps its own moment"),
    ],
)
def test_a_search_that_means_nothing_is_refused(sample, line, told):
    assert told in sample.refused("search", "x", *line)


@pytest.mark.parametrize("command", ["show", "history"])
@pytest.mark.parametrize(
    ("pid", "told"),
    [("orchid", "is not a PID"), ("10.5072/AAA-AAA-AAA", "No object bears")],
)
def test_a_pid_that_is_none_or_unknown_is_told_so(sample, command, pid, told):
    assert told in sample.refused(command, pid)


def test_an_unknown_version_or_format_says_which_there_are(sample, revised):
    assert "its versions are 1 to" in sample.refused("show", revised, "--version=99")
    assert "known are json" in sample("show", revised, "--format=docx", code=1).stderr


@pytest.mark.parametrize(
    "line",
    [
        ["status"], ["show", "10.5072/AAA-AAA-AAA"], ["history", "10.5072/AAA-AAA-AAA"],
        ["sparql", "ASK { ?s ?p ?o }"], ["search", "x"], ["verify"], ["rebuild", "all"],
        ["export"], ["tombstone", "10.5072/AAA-AAA-AAA", "--reason=x"], ["identity", "list"],
        ["restore", "10.5072/AAA-AAA-AAA"], ["cite", "10.5072/AAA-AAA-AAA"],
        ["diff", "10.5072/AAA-AAA-AAA"], ["changes"], ["checkpoint"], ["follow", "--detach"],
        ["time", "terms"], ["instants", "list"], ["pids", "status"], ["webhooks", "list"],
        ["webhooks", "add", "https://example.org/"], ["definitions", "list"],
        ["annotations", "list"], ["media", "status"], ["mas", "list"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_no_repository_names_the_folder_and_the_next_step(tmp_path, line):
    told = Terminal(tmp_path / "nowhere").refused(*line)
    assert "nowhere" in told
    assert "collectome ingest" in told
    assert not (tmp_path / "nowhere").exists()


def test_wrong_usage_ends_with_two(sample):
    sample("frobnicate", code=2)
    sample("show", code=2)
    sample("sparql", "ASK {}", "--format=docx", code=2)
    for line in (["show"], ["cite"], ["erase", "--reason=x"]):
        sample(*line, "10.5072/AAA-AAA-AAA", f"--version={10**30}", code=2)
    sample("pids", "request-version", "10.5072/AAA-AAA-AAA", 10**30, code=2)
    sample("changes", "--limit=-1", code=2)
    sample("token", "create", "ann", "--role=agent", "--days=0", code=2)
    sample("datacite-double", "--port=70000", code=2)


@pytest.mark.parametrize(
    "line",
    [
        ["status"], ["show", "PID"], ["history", "PID"], ["cite", "PID"],
        ["diff", "PID"], ["search"], ["changes", "--limit=3"], ["sparql", "SELECT (1 AS ?one) {}"],
        ["time", "changed", "dwc:country"], ["time", "busiest"], ["time", "series"],
        ["time", "held", "dwc:country", "Norway"], ["time", "terms"], ["instants", "list"],
        ["identity", "list"], ["config", "show"], ["definitions", "list"], ["media", "status"],
        ["mas", "list"], ["mas", "jobs"], ["mas", "dead"], ["mas", "services"], ["mas", "status"],
        ["mas", "model", "list"], ["pids", "status"], ["pids", "list"], ["token", "list"],
        ["webhooks", "list"], ["annotations", "list"], ["annotations", "queue"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_read_comes_as_text_and_as_json(ours, revised, line):
    asked = [revised if word == "PID" else word for word in line]
    assert ours(*asked).stdout.strip()
    rows = ours(*asked, "--json").stdout.splitlines()
    assert rows and all(isinstance(json.loads(row), dict | list) for row in rows)


def test_the_tokens_of_a_folder_that_is_not_there_are_not_none(tmp_path):
    terminal = Terminal(tmp_path / "nowhere")
    for line in (["list"], ["revoke", "ann"]):
        assert "no repository in" in terminal.refused("token", *line)
    assert not (tmp_path / "nowhere").exists()


def test_config_show_names_each_value_and_where_it_came_from(sample, tmp_path):
    terminal = Terminal(tmp_path)
    (tmp_path / "collectome.toml").write_text('title = "From the file"\n', encoding="utf-8")
    rows = {row["name"]: row for row in terminal.json("config", "show")}
    assert (rows["title"]["value"], rows["title"]["source"]) == (
        "From the file",
        str(tmp_path / "collectome.toml"),
    )
    assert rows["data"]["source"] == "argument"
    assert rows["durability"]["source"] == "default"
    told = terminal("config", "show", port="8123").stdout
    line = next(line for line in told.splitlines() if line.startswith("port"))
    assert "8123" in line and "environment" in line


def test_a_setting_that_cannot_be_names_itself(sample):
    assert "port" in sample("config", "show", code=1, port="many").stderr


def test_tokens_are_shown_once_listed_without_text_and_revoked(tmp_path: Path):
    terminal = Terminal(tmp_path)
    made = terminal.json("token", "create", "ann", "--role=curator")
    assert made["token"].startswith("fdo_")
    assert made["token"] not in terminal("token", "list").stdout
    assert [t["name"] for t in terminal.json("token", "list")] == ["ann"]
    assert "already" in terminal.refused("token", "create", "ann", "--role=agent")
    assert "admin, curator, agent" in terminal.refused("token", "create", "bob", "--role=king")
    assert terminal.json("token", "revoke", "ann") == {"revoked": "ann"}
    assert "token list" in terminal.refused("token", "revoke", "ann")
