"""A look-up that is answered where it is read has the very response of the usual road."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api.eight_events import DWC
from tests.eventstore.story import pid
from tests.handlers.queries.server import Served

Said = tuple[int, list[tuple[str, str]], bytes]
SUBJECT = pid(1).iri
JSON = "application/sparql-results+json"


@pytest.fixture(scope="module")
def connection(endpoint: Served) -> Iterator[http.client.HTTPConnection]:
    made = http.client.HTTPConnection(endpoint.base.removeprefix("http://"), timeout=30)
    while endpoint.at_once == 0:  # the newest copy is opened beside
        ask(made, f"SELECT * {{ <{SUBJECT}> ?p ?o }}")
    yield made
    made.close()


def ask(connection: http.client.HTTPConnection, query: str, more: str = "", **headers: str) -> Said:
    """Status, headers but the date, and body."""
    sent = {"Accept": JSON, **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request("GET", f"/sparql?query={quote(query)}{more}", headers=sent)
    response = connection.getresponse()
    said = [(name, value) for name, value in response.getheaders() if name != "date"]
    return response.status, said, response.read()


_term = st.sampled_from([f"<{SUBJECT}>", f"<{pid(2).iri}>", "<urn:nothing>", "<urn:a>"])
_step = st.sampled_from([f"<{DWC}country>", "?by", "a", f"<{DWC}country>/<{DWC}country>"])
_written = st.sampled_from([SUBJECT, "urn:é", "urn:a+b", "urn:a%26b", "urn:100%", "urn:a&b;c#d"])


@given(_term, _step, st.sampled_from(["?o", "<urn:x>"]), st.sampled_from(["", " LIMIT 1", "\n"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_both_roads_give_the_same_response(
    endpoint: Served,
    connection: http.client.HTTPConnection,
    subject: str,
    step: str,
    target: str,
    end: str,
) -> None:
    query = f"SELECT * {{ {subject} {step} {target} }}{end}"
    before = endpoint.at_once
    at_once = ask(connection, query)
    # a constant all over is no look-up: `*` stands for no variable
    assert endpoint.at_once == before + ("?" in f"{step}{target}")
    assert at_once == ask(connection, query, "&of-my-own=1")
    assert endpoint.at_once <= before + 1


@given(_written)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_however_an_iri_is_written(connection: http.client.HTTPConnection, iri: str) -> None:
    query = f"SELECT ?o {{ <{iri}> ?p ?o }}"
    assert ask(connection, query) == ask(connection, query, "&of-my-own=1")


def test_every_answer_says_its_state_and_where_others_are(
    connection: http.client.HTTPConnection, endpoint: Served
) -> None:
    before = endpoint.at_once
    status, said, _ = ask(connection, f"SELECT * {{ <{SUBJECT}> ?p ?o }}")
    headers = dict(said)
    assert endpoint.at_once == before + 1
    assert status == 200
    assert headers["content-type"] == JSON
    assert headers["collectome-position"] == "8"
    assert headers["collectome-erasures"] == "0"
    assert 'rel="timegate"' in headers["link"]
    assert "Origin" in headers["vary"]


@pytest.mark.parametrize("moment", ["3", "2026-03-01T12:00:25Z", "2026-03-01T12%3a00%3A25Z"])
def test_a_look_up_of_another_state_is_answered_at_once_when_that_is_at_hand(
    endpoint: Served, connection: http.client.HTTPConnection, moment: str
) -> None:
    query, before = f"SELECT ?p ?o {{ <{SUBJECT}> ?p ?o }}", endpoint.at_once
    while endpoint.at_once == before:  # made by the first, opened beside for the next
        at_once = ask(connection, query, f"&as-of={moment}")
    assert at_once == ask(connection, query, f"&as-of={moment}&of-my-own=1")
    assert endpoint.at_once == before + 1
    assert at_once[0] == 200
    headers = dict(at_once[1])
    assert headers["collectome-position"] == "3"
    assert headers["content-location"].endswith("&as-of=3")
    assert "memento-datetime" in headers
    assert at_once[2] != ask(connection, query)[2]
    turned = f"/sparql?as-of={moment}&query={quote(query)}"
    connection.request("GET", turned, headers={"Accept": JSON})
    response = connection.getresponse()
    assert response.read() == at_once[2]
    assert endpoint.at_once == before + 3


@pytest.mark.parametrize(
    ("query", "more", "headers"),
    [
        ("SELECT * { ?s ?p ?o } LIMIT 1", "", {}),
        ("SELECT * { <urn:a> ?p", "", {}),
        (f"SELECT * {{ <{SUBJECT}> ?p ?o }}", "&as-of=", {}),
        (f"SELECT * {{ <{SUBJECT}> ?p ?o }}", "&as-of=soon", {}),
        (f"SELECT * {{ <{SUBJECT}> ?p ?o }}", "&as-of=3&observed-at=2026-03-01", {}),
        (f"SELECT ?a {{ <{SUBJECT}> ?p ?a }}", "&as-of=2", {}),
        (f"SELECT * {{ <{SUBJECT}> ?p ?o }}", "&default-graph-uri=urn:g", {}),
        (f"SELECT * {{ <{SUBJECT}> ?p ?o }}", "&query=ASK{}", {}),
        (
            f"SELECT * {{ <{SUBJECT}> ?p ?o }}",
            "",
            {"Accept_Datetime": "Sun, 01 Mar 2026 12:00:25 GMT"},
        ),
        (f"SELECT * {{ <{SUBJECT}> ?p ?o }}", "", {"Origin": "https://elsewhere.example"}),
        (f"SELECT * {{ <{SUBJECT}> ?p ?o }}", "", {"Accept": "text/csv"}),
        (f"SELECT * {{ <{SUBJECT}> ?p ?o }}", "", {"Accept": "text/html"}),
        (f"SELECT * {{ <{SUBJECT}> ?p ?o }}", "", {"Accept": "application/link-format"}),
        ("SELECT * { <urn:a> <http://rdfs.org/ns/void#propertyPartition> ?o }", "", {}),
    ],
)
def test_what_is_no_look_up_of_a_state_at_hand_takes_the_usual_road(
    endpoint: Served,
    connection: http.client.HTTPConnection,
    query: str,
    more: str,
    headers: dict[str, str],
) -> None:
    before = endpoint.at_once
    assert ask(connection, query, more, **headers)[0] in (200, 400)
    assert endpoint.at_once == before


def test_what_cannot_be_read_is_refused_as_ever(
    endpoint: Served, connection: http.client.HTTPConnection
) -> None:
    connection.request("GET", "/sparql?query=%FF%FE", headers={"Accept": JSON})
    response = connection.getresponse()
    assert response.status == 400
    assert b"UTF-8" in response.read()
