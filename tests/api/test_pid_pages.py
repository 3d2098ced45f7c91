"""DOIs as people meet them: a page for each version, and one for those who look after minting."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlencode

import httpx

from api.security import Role
from handlers.learning import Learning
from handlers.processes.minting.store import Outbox, Row
from tests.api.conftest import BASE, CURATOR, Browser, Repository
from tests.api.documents import a_source, a_specimen
from tests.handlers.processes.minting.story import a_story

PAGE = "text/html"
SENT = {"origin": BASE, "content-type": "application/x-www-form-urlencoded"}


class Person:
    """Somebody with a browser, who may have signed in."""

    def __init__(self, repository: Repository, *roles: Role) -> None:
        self.browser = Browser(repository.app())
        self.cookie: dict[str, str] = {}
        if roles:
            token = repository.tokens.create("-".join(roles), roles)
            answer = self.send("/sign-in", token=token)
            self.cookie = {"cookie": answer.headers["set-cookie"].partition(";")[0]}

    def see(self, path: str) -> str:
        """A page that no cache keeps."""
        answer = self.browser.get(path, accept=PAGE, headers=self.cookie)
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        return answer.text

    def send(self, path: str, **fields: str) -> httpx.Response:
        """A form."""
        body = urlencode(fields)
        return self.browser.request("POST", path, content=body, headers={**SENT, **self.cookie})

    def press(self, page: str, action: str) -> httpx.Response:
        """The first form of a page with this action, as it stands there."""
        form = re.search(rf'<form action="{action}".*?</form>', page, re.S)
        assert form, page
        fields = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0])
        return self.send(action, **dict(fields))


def test_a_version_gets_its_doi_from_its_page(tmp_path: Path) -> None:
    with a_story(tmp_path) as story:
        oak = story.repository.register("specimen", a_specimen())
        address = f"/{oak}/1/doi"
        anna = Person(story.repository, "curator")
        assert "not findable yet" in anna.see(address)
        story.mint()
        assert f'href="/sign-in?next={address}"' in Person(story.repository).see(address)
        answer = anna.press(anna.see(address), "/pids/ask")
        assert (answer.status_code, answer.headers["location"]) == (303, address)
        waiting = anna.see(address)
        assert "Asked for by curator" in waiting and "/pids/ask" not in waiting
        story.mint()
        assert f"https://doi.org/{oak}/1" in anna.see(address)
        assert f"https://doi.org/{oak}/1" in anna.browser.get(f"/{oak}/1/cite", accept=PAGE).text


def test_pages_of_objects_and_citations_lead_to_it(repository: Repository) -> None:
    oak = repository.register("specimen", a_specimen())
    source = repository.register("source-system", a_source())
    model = Learning(repository.objects, CURATOR).register(
        {"@type": "fair4ml:MLModel", "schema:name": "Label reader"}
    )
    browser = Browser(repository.app())
    for pid in (oak, source):
        for path in (f"/{pid}", f"/{pid}/1", f"/{pid}/cite"):
            assert f"/{pid}/1/doi" in browser.get(path, accept=PAGE).text
    assert f"/{model.pid}/1/doi" not in browser.get(f"/{model.pid}", accept=PAGE).text
    repository.tombstone(oak, "Lost.")
    assert f"/{oak}/1/doi" not in browser.get(f"/{oak}", accept=PAGE).text
    assert "withdrawn" in Person(repository, "curator").see(f"/{oak}/1/doi")


def test_what_datacite_refused_is_said_on_the_page_of_the_version(repository: Repository) -> None:
    oak = repository.register("specimen", a_specimen())
    token = {"authorization": f"Bearer {repository.tokens.create('robot', ('agent',))}"}
    person = Person(repository)
    assert person.browser.request("POST", f"/{oak}/1/doi", headers=token).status_code == 202
    letters(repository.folder, f"{oak}/1")
    page = person.see(f"/{oak}/1/doi")
    assert "DataCite refused it: answered 422: &lt;b&gt;titles" in page
    told = person.browser.get(f"/{oak}/1/doi").json()
    assert (told["dead"], told["attempts"]) == (True, 1)


def test_a_form_that_was_not_ours_asks_for_nothing(repository: Repository) -> None:
    oak = repository.register("specimen", a_specimen())
    anna = Person(repository, "curator")
    fields = {"pid": str(oak), "version": "1"}
    assert anna.send("/pids/ask", csrf="x", **fields).status_code == 403
    assert Person(repository).send("/pids/ask", csrf="x", **fields).status_code == 401
    assert repository.objects.log.position() == 1
    secret = re.search(r'name="csrf" value="([^"]+)"', anna.see("/sign-in"))
    assert secret
    for wrong in ({"pid": "x"}, {"version": "-1"}, {"version": "9" * 30}, {"version": "²"}):
        answer = anna.send("/pids/ask", csrf=secret[1], **{**fields, **wrong})
        assert answer.status_code in (400, 404), wrong


def test_curators_send_dead_letters_again(repository: Repository) -> None:
    letters(repository.folder, "10.5072/AAA-AAA-AAA", "10.5072/BBB-BBB-BBB", "10.5072/CCC-CCC-CCC")
    stranger, robot = Person(repository).see("/pids"), Person(repository, "agent").see("/pids")
    assert "/pids/retry" not in stranger + robot and "10.5072/AAA-AAA-AAA" in stranger
    anna = Person(repository, "curator")
    page = anna.see("/pids")
    rows = page[page.index("<tbody>", page.index('id="dead"')) :]
    assert anna.press(rows, "/pids/retry").headers["location"] == "/pids?done=1"
    left = anna.see("/pids?done=1")
    assert "1 sent again" in left and "10.5072/AAA-AAA-AAA" not in left
    assert anna.press(left, "/pids/retry").headers["location"] == "/pids?done=2"
    assert "None: DataCite refused nothing" in anna.see("/pids")
    secret = re.search(r'name="csrf" value="([^"]+)"', anna.see("/sign-in"))
    assert secret and anna.send("/pids/retry", csrf=secret[1]).status_code == 404


def letters(folder: Path, *dois: str) -> None:
    """Dead letters, as a minter leaves them."""
    outbox = Outbox(folder)
    for doi in dois:
        row = Row(doi, doi[:19], 0, wanted="findable", error="answered 422: <b>titles</b>",
                  attempts=1, dead=1, due=1.0)  # fmt: skip
        with outbox.writing():
            outbox.put([row])
    outbox.close()


def test_a_dataset_is_cited_by_its_doi_once_it_was_asked_for(tmp_path: Path) -> None:
    with a_story(tmp_path) as story:
        source = story.repository.register("source-system", a_source("Beetles"))
        doi, address = f"10.5072/{source.suffix}", f"/{source}/1/doi"
        anna = Person(story.repository, "curator")
        assert doi in anna.see(address)
        assert anna.browser.get(f"/{source}/1/cite").json()["doi"] is None
        anna.press(anna.see(address), "/pids/ask")
        told = anna.browser.get(address).json()
        assert (told["doi"], told["url"]) == (f"{doi}/1", f"{BASE}/{source}/1")
        story.mint()
        assert f"https://doi.org/{doi}/1" in anna.see(address)
        cited = anna.browser.get(f"/{source}/1/cite").json()
        assert cited["doi"] == f"{doi}/1"
        bibtex = anna.browser.get(f"/{source}/1?format=bibtex").text
        assert f"doi = {{{doi}/1}}" in bibtex
        shown = anna.browser.get(f"/{source}?format=datacite").json()
        assert shown["doi"] == doi
        known = anna.browser.get(f"/{source}/1?format=schemaorg").json()["identifier"]
        assert [one["value"] for one in known[:2]] == [f"doi:{doi}/1", f"hdl:{source}"]


def test_what_keeps_its_handle_says_what_to_cite_instead(repository: Repository) -> None:
    form = {"@type": "fair4ml:MLModel", "schema:name": "Label reader"}
    model = Learning(repository.objects, CURATOR).register(form).pid
    token = {"authorization": f"Bearer {repository.tokens.create('robot', ('agent',))}"}
    answer = Person(repository).browser.request("POST", f"/{model}/1/doi", headers=token)
    assert answer.status_code == 409 and model.version_iri(1) in answer.json()["detail"]
