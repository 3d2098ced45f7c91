"""The documentation is true: what it lists exists, what exists is listed, what it shows runs."""

from __future__ import annotations

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from typer.main import get_command

from api.cli import app
from api.problems import KINDS
from api.settings import Settings
from fdo.catalogue import OBJECT_TYPES
from handlers import HANDLERS
from handlers.harvest.reading.diagnostic_codes import CODES
from tests.scenarios.program import Server

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
REFERENCE = DOCS / "reference"
ROOMS = ("api", "bench", "eventstore", "fdo", "handlers", "ontologies", "shacl", "tests")
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *(ROOT / room / "README.md" for room in ROOMS),
    *sorted(DOCS.rglob("*.md")),
]
LOCAL = "http://127.0.0.1:8000"


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make_reference = _script("make_reference")
sample_pids = _script("sample_pids")


def _names_of_page(name: str) -> set[str]:
    """What stands in code font in the first column of any table of a reference page."""
    text = (REFERENCE / name).read_text(encoding="utf-8")
    return {found[1] for found in re.finditer(r"^\| `([^`]+)`", text, re.MULTILINE)}


def _blocks(page: Path, language: str) -> list[str]:
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


# ── what exists is listed ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", sorted(make_reference.PAGES))
def test_a_reference_page_is_what_the_program_says(name: str) -> None:
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == make_reference.NOTE + make_reference.PAGES[name](), (
        "run `python docs/make_reference.py` and commit what it writes"
    )


def test_every_setting_is_explained() -> None:
    assert set(Settings.model_fields) == _names_of_page("settings.md")
    assert all(field.description for field in Settings.model_fields.values())


def test_every_command_is_explained() -> None:
    text = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^## (.+)$", text, re.MULTILINE))
    commands = dict(make_reference.commands(get_command(app)))
    assert told == set(commands)
    assert all(command.help for command in commands.values())


def test_every_diagnostic_code_is_explained() -> None:
    told = _names_of_page("diagnostics.md")
    assert set(CODES) <= told
    assert _codes_in_code() <= told, "add it to OF_RECORDS of docs/make_reference.py"


def _codes_in_code() -> set[str]:
    """Codes that the mapping and the recording name in their own calls."""
    found = set()
    for path in (ROOT / "handlers" / "harvest").rglob("*.py"):
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            name = getattr(call.func, "id", None) or getattr(call.func, "attr", "")
            if name not in ("Diagnostic", "_rejected", "note", "refusal", "SourceRefused"):
                continue
            given = [*call.args[:2], *(k.value for k in call.keywords if k.arg == "code")]
            texts = [a.value for a in given if isinstance(a, ast.Constant)]
            found |= {
                t for t in texts if isinstance(t, str) and re.fullmatch(r"[a-z]+(-[a-z]+)+", t)
            }
    return found


def test_the_search_for_codes_in_code_finds_them() -> None:
    assert {"no-organisation", "duplicate-record", "mapping-invalid"} <= _codes_in_code()


def test_every_problem_and_every_object_type_is_explained() -> None:
    assert set(KINDS) == _names_of_page("problems.md")
    assert set(OBJECT_TYPES) <= _names_of_page("objects.md")


def test_every_projection_is_named_at_the_door_of_its_room() -> None:
    sign = (ROOT / "handlers" / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in sign for name in HANDLERS)


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_has_a_sign_at_its_door(room: str) -> None:
    sign = (ROOT / room / "README.md").read_text(encoding="utf-8")
    assert "**Lives here:**" in sign
    assert "**Never enters:**" in sign
    assert 10 <= len(sign.splitlines()) <= 32


# ── what is listed exists ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    broken = [to for to in links if "://" not in to and not (page.parent / to).exists()]
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    named = re.findall(rf"`((?:{'|'.join(ROOMS)})/[\w/.-]+\.(?:py|ttl))`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_that_a_page_shows_exists(page: Path) -> None:
    known = {path.split()[0] for path, _ in make_reference.commands(get_command(app))}
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"(?:^|\s|`)(?:\./run|collectome) ([a-z]+)(?=[\s`]|$)", text, re.MULTILINE)
    assert set(shown) - known <= {"test", "bench", "gpu"}  # run.py has these


def test_every_command_that_a_page_of_the_server_shows_exists() -> None:
    known = {path for path, _ in make_reference.commands(get_command(app))}
    shown = [
        (page.name, words)
        for page in sorted((ROOT / "api/templates").glob("*.html"))
        for words in re.findall(r"<code>collectome ([a-z][a-z -]*)", page.read_text())
    ]
    assert len(shown) > 5
    for page, words in shown:
        begun = words.split()
        paths = {" ".join(begun[:number]) for number in range(1, len(begun) + 1)}
        assert paths & known, (page, words)


def test_every_sample_pid_in_the_pages_is_in_the_sample_log() -> None:
    kept = json.loads((DOCS / "sample_pids.json").read_text(encoding="utf-8"))
    assert kept == sample_pids.samples(), "run `python docs/sample_pids.py` and commit"
    for page in sample_pids.pages():
        named = set(re.findall(r"10\.5072/[0-9A-Z]{3}-[0-9A-Z]{3}-[0-9A-Z]{3}", page.read_text()))
        assert named <= set(kept.values()), page


def test_the_numbers_that_the_pages_tell_of_the_sample_are_those_of_its_log() -> None:
    events = list(sample_pids.events())
    states = {e["object"]: (e["meta"]["type"], e["meta"]["status"]) for e in events}
    kinds = [kind for kind, _ in states.values()]
    hidden = [kind for kind, status in states.values() if status == "pid-only"]
    readme, tutorial = (p.read_text() for p in (ROOT / "README.md", DOCS / "tutorial.md"))
    assert f"{kinds.count('specimen')} specimens" in readme
    assert f"a log of {len(events)} events" in tutorial
    told = (DOCS / "decisions" / "0013-pid-only.md").read_text()
    assert f"{hidden.count('specimen')} specimens and {hidden.count('media')} media" in told


DECISIONS = sorted((DOCS / "decisions").glob("*.md"))


@pytest.mark.parametrize("page", DECISIONS[1:], ids=lambda page: page.stem)
def test_a_decision_is_dated_and_says_context_choice_measure_and_consequences(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.search(r"^Date: \d{4}-\d\d-\d\d\. Status: ", text, re.MULTILINE)
    for part in ("Context", "Choice", "Measured", "Consequences"):
        assert f"**{part}.**" in text, part
    assert f"({page.name})" in DECISIONS[0].read_text(encoding="utf-8"), "not in the list of 0000"


# ── what is shown runs ───────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo of its own, since what the pages show writes too."""
    with Server("demo", tmp_path_factory.mktemp("demo") / "data") as server:
        yield server


CURL = "curl -sS --fail --retry 9 "
"""Where a past state is still being made the answer is 503, and when to come back."""

README_BLOCKS = [b for b in _blocks(ROOT / "README.md", "sh") if "curl" in b]


@pytest.mark.slow
@pytest.mark.parametrize("block", README_BLOCKS, ids=range(len(README_BLOCKS)))
def test_the_curl_lines_of_the_readme_answer(demo: Server, block: str, tmp_path: Path) -> None:
    script = "set -e\n" + block.replace(LOCAL, demo.base).replace("curl -s ", CURL)
    script = script.replace("curl -i -s", "curl -i -sS")
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=240,
        env={**os.environ, "TOKEN": str(demo.token)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    assert len(done.stdout) > 100


@pytest.mark.slow
def test_the_readme_tells_true_statuses(demo: Server) -> None:
    def status(path: str) -> int:
        return demo.client.get(path, headers={"Accept": "application/json"}).status_code

    known = sample_pids.samples()
    assert status(known["withdrawn"]) == 410
    assert status(known["pid-only"]) == 403
    assert status("10.5072/000-000-000") == 404
    now = demo.client.get(known["revised"]).json()
    then = demo.client.get(f"{known['revised']}?as-of=2026-05-01").json()
    assert now["ods:specimenName"] != then["ods:specimenName"]


@pytest.mark.slow
@pytest.mark.parametrize("query", _blocks(DOCS / "how-to" / "query-provenance.md", "sparql"))
def test_the_queries_of_the_how_to_have_answers(demo: Server, query: str) -> None:
    accept = {"Accept": "text/csv"}
    answer = demo.client.post("/sparql", data={"query": query}, headers=accept)
    assert answer.status_code == 200, answer.text
    assert len(answer.text.splitlines()) > 1


@pytest.mark.slow
def test_the_tutorial_does_what_it_says(tmp_path: Path) -> None:
    line = f"{sys.executable} -m api.cli"
    script = "\n".join(_blocks(DOCS / "tutorial.md", "sh")).replace("./run", line)
    done = subprocess.run(
        ["bash", "-c", "set -e\n" + script], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    for words in (
        "3 records = 2 new + 0 changed + 0 unchanged + 1 PID only",
        "0 new + 0 changed + 3 unchanged",
        "0 new + 1 changed + 2 unchanged",
        "changed terms: dwc:country (1)",
        "1 no longer seen",
        "SpecimenTombstoned.v1",
        "all that was made of them agree",
    ):
        assert words in done.stdout, (words, done.stdout)
