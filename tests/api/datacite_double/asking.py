"""What the tests of the double send, in a few words."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import httpx

ACCOUNT = ("COLLECTOME.DEMO", "demo")
HOME = "https://repository.example/"
_numbers = itertools.count()


def a_doi() -> str:
    """A name that no other test uses."""
    return f"10.5072/tst-{next(_numbers):06d}"


def valid(**more: Any) -> dict[str, Any]:
    """Metadata that DataCite takes for a public DOI."""
    return {
        "creators": [{"name": "Sampler, A.", "nameType": "Personal"}],
        "titles": [{"title": "Carex exemplaris"}],
        "publisher": {"name": "Sample Museum"},
        "publicationYear": "2026",
        "types": {"resourceTypeGeneral": "PhysicalObject", "resourceType": "Digital specimen"},
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        **more,
    }


@dataclass
class Caller:
    """Sends requests of the REST API; `known` ones with the credentials."""

    client: httpx.Client

    def put(self, doi: str, known: bool = True, **attributes: Any) -> httpx.Response:
        """Create or change."""
        body = {"data": {"type": "dois", "attributes": attributes}}
        auth = ACCOUNT if known else None
        return self.client.put(f"dois/{doi}", json=body, auth=auth)

    def post(self, **attributes: Any) -> httpx.Response:
        """Create."""
        body = {"data": {"type": "dois", "attributes": attributes}}
        return self.client.post("dois", json=body, auth=ACCOUNT)

    def get(self, doi: str, known: bool = True, **headers: str) -> httpx.Response:
        """Read."""
        auth = ACCOUNT if known else None
        return self.client.get(f"dois/{doi}", auth=auth, headers=headers)

    def delete(self, doi: str) -> httpx.Response:
        """Throw a draft away."""
        return self.client.delete(f"dois/{doi}", auth=ACCOUNT)

    def published(self) -> str:
        """A findable DOI."""
        doi = a_doi()
        assert self.put(doi, event="publish", url=HOME + doi, **valid()).status_code == 201
        return doi


def attributes(answer: httpx.Response) -> dict[str, Any]:
    """The attributes of the DOI in an answer."""
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()["data"]["attributes"]
    return found
