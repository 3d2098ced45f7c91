"""Batches over a search or a table, over HTTP: preview, run, undo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from api.annotations.batches import batches_router
from api.annotations.speaking import speaker_of
from api.app import create_app
from api.settings import Settings
from api.views import Views
from eventstore.follower import follow_once
from handlers.batches.desk import Desk
from handlers.batches.runner import Runner
from handlers.batches.store import Batches
from handlers.projections.search import Search, SearchIndex
from tests.api.conftest import BASE, Browser, Repository
from tests.api.documents import SOURCE, a_specimen
from tests.handlers.batches.posts import LOCALITY

PATH = "/api/annotations/batches"
EDIT = {
    "oa:motivation": "oa:editing",
    "oa:hasTarget": {"oa:hasSelector": {"@type": "ods:TermSelector", "ods:term": LOCALITY}},
    "oa:hasBody": {"@type": "oa:TextualBody", "oa:value": ["Laelatu"]},
}


class Office:
    """A curator's token, three oaks, a search view, and who carries out what waits."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.oaks = [
            repository.register("specimen", a_specimen(f"DH-{n}"), source=SOURCE) for n in (1, 2, 3)
        ]
        view = repository.folder / "search.sqlite"
        self.search = Search(view)
        index = SearchIndex(view)
        while follow_once(repository.objects.log, [index]):
            pass
        index.close()
        settings = Settings(data=repository.folder, public_base=BASE)
        views = Views(search=self.search)
        router = batches_router(repository.objects, settings, views, self.ask)
        app = create_app(
            settings, repository.objects, views=views, tokens=repository.tokens, routers=[router]
        )
        self.browser = Browser(app)
        text = repository.tokens.create("jane", ("curator",))
        self.bearer = {"authorization": f"Bearer {text}"}
        self.runner = Runner(
            Desk(repository.objects, repository.folder),
            lambda name: speaker_of(name, repository.tokens, repository.objects),
        )

    async def ask(self, query: str) -> bytes:
        """Answers every query with the first oak."""
        row = {"o": {"type": "uri", "value": self.oaks[0].iri}}
        return orjson.dumps({"head": {"vars": ["o"]}, "results": {"bindings": [row]}})

    def post(self, path: str = "", body: Any = None, **headers: str) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body or {}).encode()
        sent = {"content-type": "application/json", **self.bearer, **headers}
        return self.browser.request("POST", f"{PATH}{path}", content=content, headers=sent)

    def get(self, path: str) -> Any:
        return self.browser.get(path.removeprefix(BASE), headers=self.bearer)


@pytest.fixture
def office(repository: Repository) -> Iterator[Office]:
    made = Office(repository)
    yield made
    made.search.close()


def test_a_batch_is_previewed_run_and_undone(office: Office):
    answer = office.post(body={"query": {"search": {"q": "Quercus"}}, "template": EDIT})
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["state"], told["total"], told["counts"]) == ("previewed", 3, {})
    preview = told["about"]["preview"]
    assert preview["counts"] == {"created": 3}
    assert (preview["sample"][0]["old"], preview["sample"][0]["new"]) == (
        "Laelatu wooded meadow", ["Laelatu"],
    )  # fmt: skip
    name = f"/{told['id']}"
    assert office.post(f"{name}/run").status_code == 202
    office.runner.once()
    done = office.get(answer.headers["location"]).json()
    assert (done["state"], done["counts"]) == ("done", {"created": 3})
    assert office.post(f"{name}/run").json() == done, "it is carried out once"
    assert office.post(f"{name}/undo", {"reason": "Too short."}).status_code == 202
    office.runner.once()
    undone = office.get(told["url"]).json()
    assert (undone["state"], undone["undone"]) == ("undone", {"withdrawn": 3})
    lines = office.get(told["outcomes"]).text.splitlines()
    assert [json.loads(line)["undone"] for line in lines] == ["withdrawn"] * 3


@pytest.mark.parametrize("chosen", ["search", "sparql", "pids"])
def test_objects_are_chosen_in_each_way(office: Office, chosen: str):
    first = str(office.oaks[0])
    query = {
        "search": {"number": ["DH-1"]},
        "sparql": "SELECT ?o WHERE { ?o ?p ?v }",
        "pids": [first],
    }
    told = office.post(body={"query": {chosen: query[chosen]}, "template": EDIT}).json()
    assert [one["pid"] for one in told["about"]["preview"]["sample"]] == [first]


def test_a_table_is_sent_as_it_is_or_with_its_source_system(office: Office):
    rows = "catalogNumber,term,value\nDH-1,locality,Laelatu\nDH-9,locality,Laelatu\n"
    for answer in (
        office.post(body=rows.encode(), **{"content-type": "text/csv"}),
        office.post(body={"query": {"csv": rows, "source_system": SOURCE.iri}}),
    ):
        preview = answer.json()["about"]["preview"]
        assert preview["counts"] == {"created": 1, "refused": 1}
        assert preview["errors"][0]["line"] == 3


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        {"query": {}},
        {"query": {"pids": ["x"], "csv": "y"}, "template": EDIT},
        {"query": {"pids": ["10.5072/AAA-AAA-AAA"]}},
        {"query": {"csv": "pid,term\n"}, "template": EDIT},
        {"query": {"pids": ["x"]}, "template": {"target": "https://a.example"}},
        {"query": {"search": {"country": "XX"}}, "template": EDIT},
        {"query": {"search": {"countri": "EE"}}, "template": EDIT},
        {"query": {"pids": ["x"], "more": 1}, "template": EDIT},
    ],
)
def test_what_cannot_be_chosen_is_refused_with_a_reason(office: Office, body: Any):
    answer = office.post(body=body)
    assert answer.status_code in (400, 422), answer.text
    assert answer.json()["detail"]


def test_a_table_may_be_larger_than_other_bodies_up_to_a_limit(office: Office):
    rows = b"pid,term,value\n" + f"{office.oaks[0]},locality,Laelatu\n".encode()
    csv = {"content-type": "text/csv"}
    told = office.post(body=rows + b"\n" * (2 << 20), **csv)
    assert told.json()["about"]["preview"]["counts"] == {"created": 1}
    assert office.post(body=rows + b"\n" * (8 << 20), **csv).status_code == 413


def test_a_batch_is_its_makers_own(office: Office):
    told = office.post(body={"query": {"pids": [str(office.oaks[0])]}, "template": EDIT}).json()
    assert [one["id"] for one in office.get(PATH).json()] == [told["id"]]
    text = office.repository.tokens.create("joe", ("curator",))
    office.bearer = {"authorization": f"Bearer {text}"}
    assert office.get(PATH).json() == []
    for path in ("", "/outcomes"):
        assert office.get(told["url"] + path).status_code == 404
    for path in ("/run", "/undo"):
        assert office.post(f"/{told['id']}{path}", {"reason": "x"}).status_code == 404


def test_an_erasure_reaches_what_previews_showed(office: Office):
    values = ("A farm by its owner", "Of a living person")
    batches = Batches(office.repository.folder)
    for value, oak in zip(values, office.oaks, strict=False):
        body = EDIT | {"oa:hasBody": {"@type": "oa:TextualBody", "oa:value": [value]}}
        told = office.post(body={"query": {"pids": [str(oak)]}, "template": body}).json()
        assert value in str(batches.get(told["id"]).about)
        office.post(f"/{told['id']}/run")
    office.runner.once()
    (made,) = batches.outcomes(told["id"])
    batches.forget(str(office.oaks[0]))  # the object of the first
    batches.forget(str(made.pid))  # the annotation out of the second
    for name in ("batches.sqlite", "batches.sqlite-wal"):
        place = office.repository.folder / name
        kept = place.read_bytes() if place.exists() else b""
        assert not [value for value in values if value.encode() in kept]


def test_without_views_and_queries_objects_are_named_by_pid(repository: Repository):
    settings = Settings(data=repository.folder, public_base=BASE)
    router = batches_router(repository.objects, settings, Views())
    app = create_app(settings, repository.objects, tokens=repository.tokens, routers=[router])
    bearer = {"authorization": f"Bearer {repository.tokens.create('jane', ('curator',))}"}
    for query in ({"search": {"q": "oak"}}, {"sparql": "SELECT * {}"}):
        body = {"query": query, "template": EDIT}
        assert Browser(app).request("POST", PATH, json=body, headers=bearer).status_code == 503
