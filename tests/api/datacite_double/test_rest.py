"""The REST API of the double: the states, codes and quirks of DataCite's service."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from api.datacite_double import Account, DoubleServer
from api.datacite_double.states import STATES, after
from tests.api.datacite_double.asking import ACCOUNT, HOME, Caller, a_doi, attributes, valid


def test_the_states_are_those_of_datacite():
    moved = {(s, e): after(s, e) for s in STATES for e in ("register", "publish", "hide", "show")}
    assert {pair: to for pair, to in moved.items() if to != pair[0]} == {
        ("draft", "register"): "registered",
        ("draft", "publish"): "findable",
        ("registered", "publish"): "findable",
        ("registered", "show"): "findable",
        ("findable", "hide"): "registered",
    }


def test_put_creates_and_then_changes(caller: Caller):
    doi = a_doi()
    first = caller.put(doi, event="publish", url=HOME, **valid())
    second = caller.put(doi, titles=[{"title": "Carex nova"}])
    assert (first.status_code, second.status_code) == (201, 200)
    told = attributes(second)
    assert told["titles"] == [{"title": "Carex nova"}]
    assert told["creators"][0]["name"] == "Sampler, A."  # what is not named stays
    assert (told["state"], told["url"], told["metadataVersion"]) == ("findable", HOME, 2)


def test_null_takes_a_property_away(caller: Caller):
    doi = a_doi()
    caller.put(doi, event="publish", url=HOME, **valid(version="1", language="en"))
    told = attributes(caller.put(doi, version=None, language=""))
    assert (told["version"], told["language"]) == (None, None)


def test_the_service_turns_names_years_and_publishers(caller: Caller):
    doi = a_doi().upper()
    caller.put(doi, event="publish", url=HOME, **valid())
    told = caller.get(doi).json()["data"]
    assert told["id"] == told["attributes"]["doi"] == doi.lower()
    assert told["attributes"]["publicationYear"] == 2026
    assert told["attributes"]["publisher"] == "Sample Museum"
    told = caller.client.get(f"dois/{doi}?publisher=true", auth=ACCOUNT).json()["data"]
    assert told["attributes"]["publisher"] == {"name": "Sample Museum"}


def test_post_of_a_doi_that_is_taken_is_refused_as_datacite_words_it(caller: Caller):
    doi = caller.published()
    answer = caller.post(doi=doi, **valid())
    assert answer.status_code == 422
    assert answer.json() == {
        "errors": [{"source": "doi", "title": "This DOI has already been taken", "uid": doi}]
    }


def test_post_with_a_prefix_alone_draws_a_name(caller: Caller):
    answer = caller.post(prefix="10.5072")
    assert answer.status_code == 201
    assert attributes(answer)["state"] == "draft"
    assert answer.headers["location"] == f"/dois/{answer.json()['data']['id']}"


@pytest.mark.parametrize("event", ["register", "publish"])
@pytest.mark.parametrize(
    ("broken", "source"),
    [
        ({"url": None}, "url"),
        ({"url": "gopher://x.example"}, "url"),
        ({"url": "http://[x"}, "url"),
        ({"creators": []}, "creators"),
        ({"types": {"resourceTypeGeneral": "Herb"}}, "types"),
        ({"titles": [{"title": "a\u0001"}]}, "xml"),
    ],
)
def test_a_public_doi_needs_an_address_and_valid_metadata(
    caller: Caller, event: str, broken: dict[str, Any], source: str
):
    doi = a_doi()
    answer = caller.put(doi, **{"event": event, "url": HOME, **valid(), **broken})
    assert answer.status_code == 422
    assert source in {error["source"] for error in answer.json()["errors"]}
    assert caller.get(doi).status_code == 404, "what is refused is not saved"


def test_a_draft_needs_nothing(caller: Caller):
    assert caller.put(a_doi(), titles=[]).status_code == 201


def test_what_a_public_doi_had_stays_when_a_change_is_refused(caller: Caller):
    doi = caller.published()
    assert caller.put(doi, titles=[{"title": ""}], creators=[]).status_code == 422
    assert attributes(caller.get(doi))["titles"] == [{"title": "Carex exemplaris"}]


def test_only_a_draft_can_be_deleted(caller: Caller):
    draft, public = a_doi(), caller.published()
    caller.put(draft)
    assert caller.delete(draft).status_code == 204
    assert caller.get(draft).status_code == 404
    refused = caller.delete(public)
    assert refused.status_code == 405
    assert refused.headers["allow"] == "HEAD, GET, POST, PATCH, PUT, OPTIONS"
    assert caller.delete(draft).status_code == 404


@pytest.mark.parametrize("auth", [None, ("COLLECTOME.DEMO", "wrong"), ("SOMEBODY", "demo")])
def test_whoever_has_not_the_credentials_may_not_write(
    caller: Caller, auth: tuple[str, str] | None
):
    body = {"data": {"type": "dois", "attributes": {}}}
    answer = caller.client.put(f"dois/{a_doi()}", json=body, auth=auth)
    assert answer.status_code == 401
    assert answer.json() == {"errors": [{"status": "401", "title": "Bad credentials."}]}


def test_a_prefix_of_another_repository_is_forbidden(caller: Caller):
    answer = caller.put("10.9999/abc")
    assert answer.status_code == 403
    title = "You are not authorized to access this resource."
    assert answer.json()["errors"][0]["title"] == title


def test_outsiders_see_findable_dois_only(caller: Caller):
    doi = caller.published()
    assert caller.get(doi, known=False).status_code == 200
    caller.put(doi, event="hide")
    assert caller.get(doi, known=False).status_code == 404
    assert caller.get(doi).status_code == 200
    listed = caller.client.get("dois", params={"query": doi}).json()
    assert listed["meta"]["total"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"data": 1}', b'{"data":{"attributes":[]}}',
                                  b"[" * 900 + b"]" * 900])  # fmt: skip
def test_a_body_that_is_no_document_of_json_api_is_refused(caller: Caller, body: bytes):
    answer = caller.client.put(f"dois/{a_doi()}", content=body, auth=ACCOUNT)
    assert answer.status_code == 400


def test_a_body_beyond_all_measure_is_refused(caller: Caller):
    answer = caller.client.put(f"dois/{a_doi()}", content=b" " * 10_500_000, auth=ACCOUNT)
    assert answer.status_code == 413


def test_a_format_that_is_not_known_is_not_acceptable(caller: Caller):
    doi = caller.published()
    assert caller.get(doi, accept="image/png").status_code == 406
    assert caller.get(doi, accept="application/vnd.api+json").status_code == 200
    xml = caller.get(doi, accept="application/vnd.datacite.datacite+xml")
    assert doi.encode() in xml.content and xml.content.startswith(b"<?xml")


def test_an_address_outside_the_domains_of_the_repository_is_refused(tmp_path):
    account = Account(domains=("*.museum.example",))
    with (
        DoubleServer(tmp_path / "d.sqlite", account) as running,
        httpx.Client(base_url=running.url) as client,
    ):
        caller = Caller(client)
        refused = caller.put(a_doi(), event="publish", url="https://evil.example/x", **valid())
        assert refused.status_code == 422
        title = "URL is not allowed by repository domain settings."
        assert refused.json()["errors"][0]["title"] == title
        taken = caller.put(a_doi(), event="publish", url="https://a.museum.example/x", **valid())
        assert taken.status_code == 201


def test_a_list_is_walked_by_number_and_by_cursor(caller: Caller):
    word = f"walk{a_doi()[-6:]}"
    dois = {attributes(caller.put(a_doi(), titles=[{"title": word}]))["doi"] for _ in range(7)}
    for first in ("page[number]=1", "page[cursor]=1"):
        seen, where = [], f"dois?query={word}&page[size]=3&{first}"
        while where:
            page = caller.client.get(where, auth=ACCOUNT).json()
            assert page["meta"]["total"] == 7 and len(page["data"]) <= 3
            seen += [each["id"] for each in page["data"]]
            where = page["links"].get("next", "")
        assert len(seen) == 7 and set(seen) == dois, first


def test_a_list_is_narrowed_by_state_and_prefix(caller: Caller):
    word = f"states{a_doi()[-6:]}"
    caller.put(a_doi(), titles=[{"title": word}])
    caller.put(a_doi(), event="publish", url=HOME, **valid(titles=[{"title": word}]))
    totals = {
        asked: caller.client.get(f"dois?query={word}&{asked}", auth=ACCOUNT).json()["meta"]["total"]
        for asked in ("state=draft", "state=findable", "prefix=10.5072", "prefix=10.50")
    }
    assert totals == {"state=draft": 1, "state=findable": 1, "prefix=10.5072": 2, "prefix=10.50": 0}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "title", "date", "rights"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_NAMES = ["creators", "titles", "publisher", "publicationYear", "types", "dates", "identifiers",
          "alternateIdentifiers", "url", "event", "version", "container", "doi"]  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(told=st.dictionaries(st.sampled_from(_NAMES), _JSON, max_size=5), public=st.booleans())
def test_nothing_that_is_sent_breaks_the_service(caller: Caller, told: Any, public: bool):
    doi = a_doi()
    body = {**valid(), "event": "publish", "url": HOME, **told} if public else told
    answer = caller.client.put(
        f"dois/{doi}", json={"data": {"type": "dois", "attributes": body}}, auth=ACCOUNT
    )
    assert answer.status_code in (201, 422)
    assert caller.get(doi).status_code == (200 if answer.status_code == 201 else 404)


class Registrations(RuleBasedStateMachine):
    """A DOI moved about at random, beside the table of what must become of it."""

    caller: Caller
    double: DoubleServer

    @initialize()
    def begin(self) -> None:
        self.doi, self.state, self.url = a_doi(), None, ""
        self.changes = 0
        self.since = len(self.double.journal())

    @rule(
        event=st.sampled_from([None, "register", "publish", "hide", "show", "dance"]),
        url=st.sampled_from(["https://a.example/", "https://b.example/"]),
        whole=st.booleans(),
    )
    def put(self, event: str | None, url: str, whole: bool) -> None:
        wanted = after(self.state or "draft", event)
        told = {"event": event, "url": url, **(valid() if whole else {"titles": []})}
        answer = self.caller.put(self.doi, **told)
        if wanted != "draft" and not whole:
            assert answer.status_code == 422
            return
        assert answer.status_code == (201 if self.state is None else 200)
        self.state, self.url = wanted, url
        self.changes += 1
        assert attributes(answer)["state"] == wanted

    @rule()
    def post(self) -> None:
        answer = self.caller.post(doi=self.doi, **valid())
        assert answer.status_code == (201 if self.state is None else 422)
        if self.state is None:
            self.state, self.url = "draft", ""

    @precondition(lambda self: self.state is not None)
    @rule()
    def delete(self) -> None:
        answer = self.caller.delete(self.doi)
        assert answer.status_code == (204 if self.state == "draft" else 405)
        if self.state == "draft":
            self.state = None

    @rule()
    def look(self) -> None:
        mine, theirs = self.caller.get(self.doi), self.caller.get(self.doi, known=False)
        assert mine.status_code == (404 if self.state is None else 200)
        assert theirs.status_code == (200 if self.state == "findable" else 404)
        if self.state:
            assert attributes(mine)["url"] == (self.url or None)

    @rule()
    def resolve(self) -> None:
        answer = self.caller.client.get(self.doi)
        if self.state in ("registered", "findable"):
            assert (answer.status_code, answer.headers["location"]) == (302, self.url)
        else:
            assert answer.status_code == 404

    def teardown(self) -> None:
        effects = [line.effect for line in self.double.journal(self.since)
                   if line.path.endswith(self.doi) and line.method == "PUT"]  # fmt: skip
        assert len([effect for effect in effects if effect]) == self.changes


def test_a_doi_goes_through_its_states_whatever_is_asked(double: DoubleServer, caller: Caller):
    Registrations.caller, Registrations.double = caller, double
    machine = Registrations.TestCase
    machine.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
    machine().runTest()
