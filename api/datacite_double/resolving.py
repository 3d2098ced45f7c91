"""What doi.org and the Handle proxy do with a DOI of the double.

GET /{doi}                302 to its address; or its metadata, by Accept
GET /ra/{doi or prefix}   which agency registered it
GET /api/handles/{doi}    the values of its handle (`?type=`, `?index=`)
"""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote

from api.datacite_double.exchange import Answer, Asked
from api.datacite_double.forms import WRITERS, NotAcceptable, wanted
from api.datacite_double.resource import metadata_of
from api.datacite_double.rest import UNKNOWN, Account
from api.datacite_double.store import Handle, Store
from api.negotiation import HTML, Format

ADMIN = {"handle": "10.ADMIN/DATACITE", "index": 300, "permissions": "111111111111"}
TTL = 86_400


class Resolver:
    """Answers for doi.org, its register of agencies and the Handle proxy."""

    def __init__(self, store: Store, account: Account) -> None:
        self._store = store
        self._account = account

    def resolve(self, asked: Asked, name: str, now: float) -> Answer:
        """Lead to the address, or give the metadata where one of their forms is asked for."""
        if form := form_of(asked):
            found = self._store.find(name)
            if found is None or found.state != "findable":
                return Answer.refusal(404, UNKNOWN)
            body = WRITERS[form](metadata_of(found))
            return Answer(200, body, form.content_type.decode(), {"Vary": "Accept"})
        handle = self._store.handle(name, now)
        if handle is None:
            return Answer(404, b"DOI Not Found\n", "text/plain; charset=utf-8")
        where = handle.url + quote(asked.parameters.get("urlappend", ""), safe="/?&=#:@,;+")
        page = f'<html><body><a href="{html.escape(where)}">Redirect</a></body></html>'
        headers = {"Location": where, "Vary": "Accept"}
        return Answer(302, page.encode(), "text/html; charset=utf-8", headers)

    def agencies(self, names: str, now: float) -> Answer:
        """The agency of each DOI or prefix in a list with commas, as doi.org/ra tells it."""
        return Answer.json(200, [self._agency(name.strip(), now) for name in names.split(",")])

    def _agency(self, name: str, now: float) -> dict[str, str]:
        prefix, slash, _ = name.partition("/")
        if not prefix.startswith("10."):
            return {"DOI": name, "status": "Invalid DOI"}
        if prefix not in self._account.prefixes:
            return {"DOI": name, "status": "Unknown RA"}
        if slash and self._store.handle(name, now) is None:
            return {"DOI": name, "status": "DOI does not exist"}
        return {"DOI": name, "RA": "DataCite"}

    def values(self, asked: Asked, name: str, now: float) -> Answer:
        """The handle's values in the JSON of the Handle proxy: 1 found, 100 no such handle,
        200 no such value."""
        handle = self._store.handle(name, now)
        if handle is None:
            return Answer.json(404, {"responseCode": 100, "handle": name})
        told = parse_qs(asked.query)
        types, indices = set(told.get("type", ())), set(told.get("index", ()))
        found = [
            value
            for value in _values(handle)
            if not (types or indices) or value["type"] in types or str(value["index"]) in indices
        ]
        code = 1 if found else 200
        return Answer.json(200, {"responseCode": code, "handle": name, "values": found})


def form_of(asked: Asked) -> Format | None:
    """The form of metadata that a reader of doi.org asks for; None: the landing page."""
    try:
        return wanted(asked.headers.get("accept", ""), (HTML,))
    except NotAcceptable:
        return None


def _values(handle: Handle) -> list[dict[str, Any]]:
    at = datetime.fromtimestamp(handle.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    data: tuple[tuple[int, str, dict[str, Any]], ...] = (
        (1, "URL", {"format": "string", "value": handle.url}),
        (100, "HS_ADMIN", {"format": "admin", "value": ADMIN}),
    )
    return [
        {"index": index, "type": kind, "data": value, "ttl": TTL, "timestamp": at}
        for index, kind, value in data
    ]
