"""The package of corrections over HTTP and at the command line."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.app import create_app
from api.cli import app as commands
from api.settings import Settings
from api.views import Views
from handlers.projections.annotations import Annotations as View
from tests.api.conftest import BASE, Browser
from tests.fdo.annotation.saying import COUNTRY
from tests.handlers.batches.test_corrections import Post


@pytest.fixture
def post(tmp_path: Path) -> Post:
    made = Post(tmp_path / "data")
    made.museum.accepted("oa:editing", COUNTRY, "Eesti")
    made.rows()
    return made


def browser(post: Post, view: bool = True) -> Browser:
    folder = post._view.parent
    views = Views(annotations=View(post._view)) if view else Views()
    return Browser(
        create_app(Settings(data=folder, public_base=BASE), post.museum.objects, views=views)
    )


def test_a_source_system_has_a_package_and_plain_rows(post: Post):
    path = f"/api/source-systems/{post.source}/corrections"
    ask = browser(post)
    answer = ask.get(path)
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].endswith(f'corrections-{post.source.suffix}.zip"')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as package:
        assert b"Eesti" in package.read("corrections.csv")
    assert "Eesti" in ask.get(f"{path}?format=csv").text
    (line,) = ask.get(path, accept="application/x-ndjson").text.splitlines()
    assert json.loads(line)["newValue"] == "Eesti"
    accepted = json.loads(line)["accepted"]
    assert ask.get(f"{path}?format=ndjson&since={accepted[:10]}").text == f"{line}\n"
    assert ask.get(f"{path}?format=ndjson&since={accepted}").text == f"{line}\n"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("{source}/corrections?since=yesterday", 400),
        ("{source}/corrections?since=2999-01-01", 400),
        ("{source}/corrections?since=2026-03-01&since=2026-03-02", 400),
        ("{source}/corrections?format=xlsx", 406),
        ("{specimen}/corrections", 404),
        ("20.5000.5072/AAA-AAA-AAA/corrections", 404),
        ("a/b/corrections", 400),
    ],
)
def test_what_has_no_corrections_says_so(post: Post, path: str, status: int):
    named = path.format(source=post.source, specimen=post.museum.specimen)
    assert browser(post).get(f"/api/source-systems/{named}").status_code == status


def test_without_the_view_there_is_no_package_yet(post: Post):
    path = f"/api/source-systems/{post.source}/corrections"
    assert browser(post, view=False).get(path).status_code == 503


def test_the_package_is_written_at_the_command_line(post: Post, tmp_path: Path):
    folder = Path(post.museum.objects.recorder.path).parent
    asked = ["corrections", str(post.source), f"--out={tmp_path / 'out'}", "--json"]
    ended = CliRunner().invoke(commands, [*asked, f"--data={folder}"])
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.stdout.strip().splitlines()[-1])
    assert told["corrections"] == 1 and zipfile.is_zipfile(told["package"])
