"""DOIs over HTTP: counts for everybody, a version's DOI for who writes, letters for curators."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from fdo.lifecycle import Status
from handlers.processes.minting.store import Outbox, Row
from tests.api.conftest import Browser, Repository
from tests.api.documents import a_source, a_specimen
from tests.handlers.processes.minting.story import a_story


@pytest.fixture
def browser(repository: Repository) -> Browser:
    return Browser(repository.app())


@pytest.fixture
def agent(repository: Repository) -> dict[str, str]:
    return {"authorization": f"Bearer {repository.tokens.create('robot', ('agent',))}"}


@pytest.fixture
def curator(repository: Repository) -> dict[str, str]:
    return {"authorization": f"Bearer {repository.tokens.create('keeper', ('curator',))}"}


def letters(folder: Path, *dois: str, wanted: str = "findable") -> None:
    """Dead letters, as a minter leaves them."""
    outbox = Outbox(folder)
    for doi in dois:
        row = Row(doi, doi, 0, wanted=wanted, error="answered 422: <b>titles</b>", dead=1, due=1.0)  # type: ignore[arg-type]
        with outbox.writing():
            outbox.put([row])
    outbox.close()


def test_without_datacite_minting_is_off_and_says_so(browser: Browser) -> None:
    found = browser.get("/api/pids").json()
    assert (found["minting"], found["running"], found["pending"]) == ("off", False, 0)


def test_the_page_of_dois_counts_what_the_double_holds(tmp_path: Path) -> None:
    with a_story(tmp_path) as story:
        story.repository.register("specimen", a_specimen())
        story.mint()
        letters(story.folder, "10.5072/ZZZ-ZZZ-ZZZ")
        browser = Browser(story.repository.app(datacite_url=story.double.url))
        found = browser.get("/api/pids").json()
        assert browser.get("/api/pids", accept="text/html").headers["location"] == "/pids"
        page = browser.get("/pids")
        measures = browser.get("/metrics").text
    assert 'collectome_dois{state="findable"} 1.0' in measures
    assert "collectome_dois_dead 1.0" in measures
    assert found["minting"] == "on" and found["dois"] == {"findable": 1, "none": 1}
    assert (found["lag"], found["dead"]) == (0, 1)
    assert page.status_code == 200 and "10.5072/ZZZ-ZZZ-ZZZ" in page.text
    assert "<b>titles</b>" not in page.text


def test_a_version_is_asked_for_once_and_told_how_far_it_is(
    repository: Repository, browser: Browser, agent: dict[str, str]
) -> None:
    pid = repository.register("specimen", a_specimen())
    address = f"/{pid}/1/doi"
    assert browser.get(address).status_code == 404
    first = browser.request("POST", address, headers=agent)
    again = browser.request("POST", address, headers=agent)
    assert first.status_code == again.status_code == 202
    assert first.json() == again.json() == browser.get(address).json()
    assert first.json()["doi"] == f"{pid}/1" and first.json()["state"] == "none"
    assert repository.objects.log.position() == 2


def test_a_version_minted_is_findable_and_known_to_the_log(tmp_path: Path) -> None:
    with a_story(tmp_path) as story:
        pid = story.repository.register("specimen", a_specimen())
        token = {"authorization": f"Bearer {story.repository.tokens.create('r', ('agent',))}"}
        browser = Browser(story.repository.app())
        assert browser.request("POST", f"/{pid}/1/doi", headers=token).status_code == 202
        story.mint()
        found = browser.get(f"/{pid}/1/doi").json()
    assert (found["state"], found["confirmed"]) == ("findable", True)


def test_a_token_of_an_institution_asks_for_dois_of_its_own_objects(
    repository: Repository, browser: Browser
) -> None:
    pid = repository.register("specimen", a_specimen())
    holder = repository.objects.log.latest(pid).document["ods:organisationID"]
    for name, institution, status in (
        ("no", "https://ror.org/0566bfb96", 403),
        ("yes", holder, 202),
    ):
        text = repository.tokens.create(name, ("agent",), organisation=institution)
        token = {"authorization": f"Bearer {text}"}
        assert browser.request("POST", f"/{pid}/1/doi", headers=token).status_code == status


def test_the_scopes_of_a_token_hold_for_dois(repository: Repository, browser: Browser) -> None:
    pid = repository.register("specimen", a_specimen())
    for name, scope, status in (
        ("images", "target:media", 403),
        ("elsewhere", "dataset:20.5000.5072/ABC-DEF-123", 403),
        ("plants", "target:specimen", 202),
    ):
        text = repository.tokens.create(name, ("agent",), scopes=(scope,))
        token = {"authorization": f"Bearer {text}"}
        assert browser.request("POST", f"/{pid}/1/doi", headers=token).status_code == status


def test_each_doi_counts_once_against_the_quota_of_a_token(
    repository: Repository, browser: Browser
) -> None:
    one, other = (repository.register("specimen", a_specimen(name)) for name in ("A-1", "A-2"))
    text = repository.tokens.create("robot", ("agent",), quotas=("1/day",))
    token = {"authorization": f"Bearer {text}"}

    def ask(address: str) -> httpx.Response:
        return browser.request("POST", address, headers=token)

    assert ask(f"/{one}/9/doi").status_code == 404, "a refusal costs nothing"
    assert [ask(f"/{one}/1/doi").status_code for _ in range(2)] == [202, 202]
    refused = ask(f"/{other}/1/doi")
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
    assert browser.get(f"/{other}/1/doi").status_code == 404


def test_strangers_ask_for_nothing(repository: Repository, browser: Browser) -> None:
    pid = repository.register("specimen", a_specimen())
    assert browser.request("POST", f"/{pid}/1/doi").status_code == 401
    assert browser.request("POST", "/api/pids/retry").status_code == 401


def test_what_is_not_public_is_not_told_of(
    repository: Repository, browser: Browser, agent: dict[str, str]
) -> None:
    draft = repository.register("specimen", a_specimen("D-1"), Status.DRAFT)
    withheld = repository.register("specimen", a_specimen("D-2"))
    repository.withhold(withheld, "No licence.")
    for method in ("GET", "POST"):
        assert browser.request(method, f"/{draft}/1/doi", headers=agent).status_code == 404
        assert browser.request(method, f"/{withheld}/1/doi", headers=agent).status_code == 403
    letters(repository.folder, str(draft), wanted="draft")
    assert browser.get("/api/pids/dead").json()["letters"] == []


def test_a_withdrawn_object_and_an_unknown_version_get_no_doi(
    repository: Repository, browser: Browser, agent: dict[str, str]
) -> None:
    pid = repository.register("specimen", a_specimen())
    assert browser.request("POST", f"/{pid}/7/doi", headers=agent).status_code == 404
    repository.tombstone(pid, "Lost.")
    assert browser.request("POST", f"/{pid}/1/doi", headers=agent).status_code == 410


def test_dois_are_asked_for_of_datasets_too_and_of_nothing_that_is_no_pid(
    repository: Repository, browser: Browser, agent: dict[str, str]
) -> None:
    source = repository.register("source-system", a_source())
    answer = browser.request("POST", f"/{source}/1/doi", headers=agent)
    assert (answer.status_code, answer.json()["doi"]) == (202, f"10.5072/{source.suffix}/1")
    assert browser.request("POST", "/abc/def/1/doi", headers=agent).status_code == 422
    assert browser.request("POST", "/10.5072/../1/doi", headers=agent).status_code in (400, 404)
    assert browser.request("POST", "/10.5072/nonsense/1/doi", headers=agent).status_code == 400


def test_dead_letters_come_in_pages_and_are_taken_up_again(
    repository: Repository, browser: Browser, curator: dict[str, str], agent: dict[str, str]
) -> None:
    dois = [f"10.5072/AAA-AAA-AA{n}" for n in range(5)]
    letters(repository.folder, *dois)
    seen, address = [], "/api/pids/dead?limit=2"
    while address:
        page = browser.get(address).json()
        seen += [one["doi"] for one in page["letters"]]
        address = page["next"]
    assert seen == dois
    assert browser.request("POST", "/api/pids/retry", headers=agent).status_code == 403
    forms = [dois[0].lower(), f"https://doi.org/{dois[1]}", f"doi:{dois[2]}"]
    named = browser.request("POST", "/api/pids/retry", headers=curator, json={"dois": forms})
    assert named.json() == {"letters": 3}
    assert browser.request("POST", "/api/pids/retry", headers=curator).json() == {"letters": 2}


def test_what_is_no_dead_letter_is_refused_and_nothing_is_sent_again(
    repository: Repository, browser: Browser, curator: dict[str, str]
) -> None:
    dead = "10.5072/AAA-AAA-AAA"
    letters(repository.folder, dead)
    for name, status, told in (
        ("https://doi.org/10.5072/BBB-BBB-BBB", 404, "/api/pids/dead"),
        (f"{dead}/2", 404, "/api/pids/dead"),
        ("10.5072/NOPE", 400, "is not a PID"),
    ):
        refused = browser.request(
            "POST", "/api/pids/retry", headers=curator, json={"dois": [dead, name]}
        )
        assert refused.status_code == status and told in refused.json()["detail"], name
    assert [one["doi"] for one in browser.get("/api/pids/dead").json()["letters"]] == [dead]


@pytest.mark.parametrize("query", ["limit=0", "limit=100000", f"after={'x' * 300}"])
def test_pages_have_limits(browser: Browser, query: str) -> None:
    assert browser.get(f"/api/pids/dead?{query}").status_code == 422
