"""The client that everybody uses, PyPI `datacite`, against the double."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from datacite import DataCiteRESTClient
from datacite.errors import DataCiteError, DataCiteNotFoundError, DataCiteUnauthorizedError

from api.datacite_double import DoubleServer
from api.datacite_double.store import Store
from tests.api.datacite_double.asking import HOME, a_doi, valid


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoubleServer]:
    """A double below a path, since the client joins addresses by hand."""
    place = tmp_path_factory.mktemp("client") / "datacite.sqlite"
    with DoubleServer(place, base_path="/rest/v2") as running:
        yield running


@pytest.fixture(scope="module")
def client(below: DoubleServer) -> DataCiteRESTClient:
    """The client, told of the double by its address alone."""
    assert below.url.endswith("/rest/v2/")
    return DataCiteRESTClient("COLLECTOME.DEMO", "demo", "10.5072", url=below.url)


def test_a_life_of_a_doi(client: DataCiteRESTClient):
    doi = a_doi()
    assert client.draft_doi(valid(), doi) == doi
    assert client.update_doi(doi, valid(version="2"), HOME)["version"] == "2"
    assert client.show_doi(doi)["state"] == "findable"
    assert client.get_doi(doi) == HOME
    assert client.update_url(doi, HOME + "x") == HOME + "x"
    assert client.hide_doi(doi)["state"] == "registered"
    assert client.get_metadata(doi)["state"] == "registered"
    with pytest.raises(DataCiteError, match="Method not allowed"):
        client.delete_doi(doi)


def test_public_private_and_drafts_thrown_away(client: DataCiteRESTClient):
    public, private, draft = a_doi(), a_doi(), a_doi()
    assert client.public_doi(valid(), HOME, public) == public
    assert client.private_doi(valid(), HOME, private) == private
    assert client.get_metadata(public)["state"] == "findable"
    assert client.get_metadata(private)["state"] == "registered"
    client.draft_doi(doi=draft)
    client.delete_doi(draft)
    with pytest.raises(DataCiteNotFoundError):
        client.get_metadata(draft)


def test_a_put_that_creates_is_an_error_to_this_client_and_is_done(client: DataCiteRESTClient):
    doi = a_doi()
    with pytest.raises(DataCiteError):  # it knows no 201 here
        client.update_doi(doi, valid(), HOME)
    assert client.get_metadata(doi)["state"] == "draft"


def test_wrong_credentials(below: DoubleServer):
    stranger = DataCiteRESTClient("COLLECTOME.DEMO", "guess", "10.5072", url=below.url)
    with pytest.raises(DataCiteUnauthorizedError, match="Bad credentials"):
        stranger.draft_doi(doi=a_doi())


def test_what_is_acknowledged_is_there_after_a_restart(tmp_path: Path):
    place, doi = tmp_path / "datacite.sqlite", a_doi()
    with DoubleServer(place) as first:
        DataCiteRESTClient("COLLECTOME.DEMO", "demo", "10.5072", url=first.url).public_doi(
            valid(), HOME, doi
        )
    with DoubleServer(place) as second:
        again = DataCiteRESTClient("COLLECTOME.DEMO", "demo", "10.5072", url=second.url)
        assert again.get_metadata(doi)["state"] == "findable"


def test_its_file_is_for_its_owner_alone(tmp_path: Path):
    place = tmp_path / "datacite.sqlite"
    Store(place).close()
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


@pytest.mark.parametrize("taken_back", ["changed", "deleted"])
def test_nothing_that_was_taken_back_stays_in_the_files(tmp_path: Path, taken_back: str):
    doi = a_doi()
    with DoubleServer(tmp_path / "datacite.sqlite") as running:
        client = DataCiteRESTClient("COLLECTOME.DEMO", "demo", "10.5072", url=running.url)
        client.draft_doi(valid(titles=[{"title": "canary"}]), doi)
        assert _holds(tmp_path, b"canary")
        if taken_back == "changed":
            client.update_doi(doi, valid())
        else:
            client.delete_doi(doi)
        assert not _holds(tmp_path, b"canary")


def _holds(folder: Path, word: bytes) -> bool:
    return any(word in each.read_bytes() for each in folder.iterdir())
