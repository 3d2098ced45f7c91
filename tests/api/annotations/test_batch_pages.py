"""Batches on pages: a table pasted, looked at, recorded, taken back, without a script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from api.annotations.speaking import speaker_of
from api.views import Views
from eventstore.follower import follow_once
from handlers.annotations import Annotations
from handlers.batches.desk import Desk
from handlers.batches.runner import Runner
from handlers.projections.search import Search, SearchIndex
from tests.api.conftest import CURATOR, Browser, Repository
from tests.api.documents import SOURCE, a_specimen

PATH = "/annotations/batches"
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Visitor:
    """Somebody with a browser, and a repository of one oak."""

    def __init__(self, repository: Repository, browse: Callable[..., Browser]) -> None:
        self.oak = repository.register("specimen", a_specimen(), source=SOURCE)
        index = SearchIndex(repository.folder / "search.sqlite")
        while follow_once(repository.objects.log, [index]):
            pass
        index.close()
        search = Search(repository.folder / "search.sqlite")
        self.browser = browse(views=Views(search=search))
        self.repository = repository
        self.cookie: dict[str, str] = {}
        self.csrf = ""

    def sign_in(self, name: str, role: Any) -> None:
        text = self.repository.tokens.create(name, (role,))
        answer = self.post("/sign-in", token=text, next=PATH)
        assert answer.status_code == 303
        self.cookie = {"cookie": answer.headers["set-cookie"].partition(";")[0]}
        found = re.search(r'name="csrf" value="([^"]+)"', self.get(PATH).text)
        assert found is not None
        self.csrf = found[1]

    def get(self, path: str) -> Any:
        return self.browser.get(path, accept="text/html", headers=self.cookie)

    def post(self, path: str, **fields: str) -> Any:
        fields.setdefault("csrf", self.csrf)
        headers = {**FORM, **self.cookie, "accept": "text/html"}
        return self.browser.request("POST", path, content=urlencode(fields), headers=headers)

    def work(self) -> None:
        """Who carries out batches has its turn."""
        objects, tokens = self.repository.objects, self.repository.tokens
        desk = Desk(objects, self.repository.folder)
        Runner(desk, lambda name: speaker_of(name, tokens, objects)).once()


@pytest.fixture
def visitor(repository: Repository, browse: Callable[..., Browser]) -> Iterator[Visitor]:
    yield Visitor(repository, browse)


def test_a_table_is_pasted_looked_at_recorded_and_taken_back(visitor: Visitor):
    visitor.sign_in("jane", "curator")
    table = f"pid,term,value\n{visitor.oak},country,<i>Eesti</i>\n{visitor.oak},shade,x\n"
    answer = visitor.post(PATH, csv=table)
    assert answer.status_code == 303, answer.text
    place = answer.headers["location"]
    page = visitor.get(place).text
    assert "Estonia" in page and "&lt;i&gt;Eesti&lt;/i&gt;" in page, "strangers' words are words"
    assert "1 would be recorded, 1 would be refused" in page
    assert visitor.post(place, do="run").status_code == 303
    assert visitor.get(place).headers["refresh"] == "2"
    visitor.work()
    done = visitor.get(place)
    assert "refresh" not in done.headers and "1 created" in done.text
    assert visitor.post(place, do="undo", reason=" ").status_code == 422
    assert visitor.post(place, do="undo", reason="Wrong.").status_code == 303
    visitor.work()
    assert "undone: 1 withdrawn" in visitor.get(place).text
    assert place in visitor.get(PATH).text


def test_one_change_for_all_that_a_search_finds(visitor: Visitor):
    visitor.sign_in("robot", "agent")
    answer = visitor.post(
        PATH, search="https://x.example/search?q=Quercus", way="editing", term="country",
        value="Eesti", comment="So they say there.",
    )  # fmt: skip
    page = visitor.get(answer.headers["location"]).text
    assert str(visitor.oak) in page and "Estonia" in page and "Eesti" in page


def test_the_page_says_why_something_was_left(visitor: Visitor):
    visitor.sign_in("robot", "agent")
    table = f"pid,term,value\n{visitor.oak},country,Eesti\n"
    place = visitor.post(PATH, csv=table).headers["location"]
    visitor.post(place, do="run")
    visitor.work()
    objects = visitor.repository.objects
    (made,) = [head.pid for head in objects.log.heads() if head.type == "annotation"]
    Annotations(objects).accept(made, CURATOR)
    visitor.post(place, do="undo", reason="Wrong.")
    visitor.work()
    page = visitor.get(place).text
    assert "undone: 1 left" in page
    assert f'<a href="/{made}">{made}</a></td><td>It was accepted; a curator may' in page


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"csv": "colour\nred"},
        {"search": "q=Quercus", "term": "country"},
        {"search": "q=Quercus", "term": "colour", "value": "x"},
        {"search": "q=Quercus", "term": "country", "value": "x", "way": "erasing"},
        {"search": "q=nothing", "term": "country", "value": "x"},
    ],
)
def test_what_cannot_be_chosen_is_told(visitor: Visitor, fields: dict[str, str]):
    visitor.sign_in("jane", "curator")
    assert visitor.post(PATH, **fields).status_code == 422


def test_only_who_is_signed_in_has_batches_and_only_their_own(visitor: Visitor):
    assert "Sign in" in visitor.get(PATH).text
    assert visitor.get(f"{PATH}/x").headers["location"] == f"/sign-in?next={PATH}/x"
    assert visitor.post(PATH, csv="x").status_code == 401
    visitor.sign_in("jane", "curator")
    table = f"pid,term,value\n{visitor.oak},country,Eesti\n"
    place = visitor.post(PATH, csv=table).headers["location"]
    assert visitor.post(PATH, csv=table, csrf="guessed").status_code == 403
    visitor.sign_in("joe", "curator")
    assert visitor.get(place).status_code == 404
    assert visitor.post(place, do="run").status_code == 404
