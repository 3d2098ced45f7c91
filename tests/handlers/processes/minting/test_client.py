"""What DataCite may do to a request, told apart: taken, refused for good, or try again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.datacite_double import DoubleServer, Fault, Limits, Plan, Rule
from fdo.identifiers import Pid
from fdo.lifecycle import stamped
from fdo.representations.datacite import metadata
from handlers.processes.minting import client as speaking
from handlers.processes.minting.answers import event_for, judged
from handlers.processes.minting.client import DataCite
from tests.api.documents import a_specimen

PID = Pid("10.5072", "AAA-BBB-CCC")
DOI = str(PID)
URL = f"https://repository.example/{DOI}"


@pytest.fixture(scope="module")
def double(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleServer]:
    with DoubleServer(tmp_path_factory.mktemp("double") / "datacite.sqlite") as server:
        yield server


@pytest.fixture
def client(double: DoubleServer) -> DataCite:
    double.break_by(Plan())
    return DataCite(double.url, double.account.username, double.account.password, "10.5072")


def attributes() -> dict[str, object]:
    document = stamped(a_specimen(), PID, 1, modified="2026-03-01T12:00:00.000Z")
    return {**metadata(document), "url": URL}


def test_a_new_doi_and_a_known_one_are_taken_alike(client: DataCite) -> None:
    first = client.upsert(f"{DOI}/1", attributes(), "publish")
    again = client.upsert(f"{DOI}/1", attributes(), "publish")
    assert (first.outcome, first.state) == (again.outcome, again.state) == ("taken", "findable")
    assert (first.said, again.said) == ("answered 201", "answered 200")


@pytest.mark.parametrize(
    ("fault", "wait_s"),
    [
        (Fault("status", status=429, retry_after=7), 7.0),
        (Fault("status", status=500), 0.0),
        (Fault("status", status=502), 0.0),
        (Fault("status-after", status=503, retry_after=3), 3.0),
        (Fault("reset-before"), 0.0),
        (Fault("reset-after"), 0.0),
        (Fault("truncated"), 0.0),
    ],
    ids=lambda value: value.kind + str(value.status) if isinstance(value, Fault) else None,
)
def test_what_goes_wrong_on_the_way_is_tried_again(
    double: DoubleServer, client: DataCite, fault: Fault, wait_s: float
) -> None:
    double.break_by(Plan([Rule(fault, times=1)]))
    met = client.upsert(DOI, attributes(), "publish")
    assert (met.outcome, met.wait_s) == ("hindered", wait_s), met
    assert client.upsert(DOI, attributes(), "publish").state == "findable"


def test_a_body_that_drips_is_let_go(
    double: DoubleServer, client: DataCite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(speaking, "TIMEOUT_S", 0.2)
    double.break_by(Plan([Rule(Fault("slow", seconds=1.5), times=1)]))
    met = client.upsert(DOI, attributes(), "publish")
    assert met.outcome == "hindered" and "no answer" in met.said


def test_nobody_there_is_no_refusal(client: DataCite) -> None:
    nobody = DataCite("http://127.0.0.1:9/", "u", "p", "10.5072")
    met = nobody.upsert(DOI, attributes(), "publish")
    assert met.outcome == "hindered" and "refused" in met.said
    assert DOI not in met.said  # this is shown to everybody, and the DOI may be a draft's


def test_wrong_credentials_are_no_fault_of_the_doi(double: DoubleServer) -> None:
    stranger = DataCite(double.url, "SOMEBODY.ELSE", "guess", "10.5072")
    met = stranger.upsert(DOI, attributes(), "publish")
    assert met.outcome == "hindered" and "Bad credentials" in met.said


def test_a_wrong_address_is_no_fault_of_the_doi(double: DoubleServer) -> None:
    account = double.account
    lost = DataCite(f"{double.url}dois/", account.username, account.password, "10.5072")
    met = lost.upsert(DOI, attributes(), "publish")
    assert met.outcome == "hindered" and "answered 404" in met.said
    elsewhere = judged(405, {"allow": "GET"}, b"<html>no such method</html>")
    assert elsewhere.outcome == "hindered"


def test_metadata_that_break_the_schema_are_refused_and_why_is_told(client: DataCite) -> None:
    met = client.upsert(f"{DOI}/9", {**attributes(), "titles": []}, "publish")
    assert met.outcome == "refused"
    assert met.said.startswith("answered 422: ") and "title" in met.said.lower()


def test_what_comes_too_fast_is_told_when_to_come_again(tmp_path: Path) -> None:
    limits = Limits(authenticated=2, window_s=60.0)
    with DoubleServer(tmp_path / "datacite.sqlite", limits=limits) as double:
        client = DataCite(double.url, double.account.username, double.account.password, "10.5072")
        met = [client.upsert(DOI, attributes(), "publish") for _ in range(3)]
    assert [answer.outcome for answer in met] == ["taken", "taken", "hindered"]
    assert 0 < met[-1].wait_s <= 60


def test_the_event_leads_from_what_is_to_what_is_wanted() -> None:
    assert event_for("draft", None) is None
    assert event_for("findable", None) == event_for("findable", "registered") == "publish"
    assert event_for("registered", None) == event_for("registered", "draft") == "register"
    assert event_for("registered", "findable") == "hide"
    assert event_for("findable", "findable") is None
