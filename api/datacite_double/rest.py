"""DataCite's REST API (`/dois`), as lupo answers it: JSON:API in, JSON:API out.

POST /dois            create; 422 where the DOI is taken
PUT, PATCH /dois/{d}  create (201) or change (200); only what is named changes
GET /dois[/{d}]       a page, or one; drafts and registered DOIs for their owner only
DELETE /dois/{d}      a draft: 204; any other state: 405
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from api.datacite_double.exchange import JSON, JSON_API, Answer, Asked
from api.datacite_double.forms import WRITERS, NotAcceptable, wanted
from api.datacite_double.listing import page_of
from api.datacite_double.resource import metadata_of, resource
from api.datacite_double.rules import NAME, refusals, saved
from api.datacite_double.states import after
from api.datacite_double.store import Effect, Line, Registered, Store
from api.datacite_schema import Wrong
from api.negotiation import HTML, Format
from api.negotiation import JSON as JSON_FORMAT
from eventstore.envelope import opends_time
from fdo.identifiers import SUFFIX_ALPHABET

BAD_CREDENTIALS = "Bad credentials."
NOT_YOURS = "You are not authorized to access this resource."
UNKNOWN = "The resource you are looking for doesn't exist."
TAKEN = "This DOI has already been taken"
UNCLEAR = "You need to provide a payload following the JSONAPI spec"
ALLOWED = "HEAD, GET, POST, PATCH, PUT, OPTIONS"

API_FORMAT = Format("json", JSON_API, "json", "JSON:API")

Note = Callable[[int, Effect], Line]
"""The line of the journal for this request, given its status and effect."""


@dataclass(frozen=True, slots=True)
class Account:
    """A repository at DataCite: who may write, under which prefixes, leading to which hosts."""

    username: str = "COLLECTOME.DEMO"
    password: str = "demo"  # noqa: S105 - of a service that exists on this machine only
    prefixes: tuple[str, ...] = ("10.5072",)
    domains: tuple[str, ...] = ("*",)

    def is_named_by(self, credentials: tuple[str, str] | None) -> bool:
        """Whether these are its credentials; the name in any case."""
        if credentials is None:
            return False
        user, password = credentials
        named = secrets.compare_digest(user.upper().encode(), self.username.upper().encode())
        return secrets.compare_digest(password.encode(), self.password.encode()) and named


class Rest:
    """Answers `/dois` from a store, for one account."""

    def __init__(self, store: Store, account: Account) -> None:
        self._store = store
        self._account = account

    def answer(self, asked: Asked, name: str, note: Note, now: float, *, late: float) -> Answer:
        """The answer; a change is saved with its line of the journal before this returns.
        A handle that is written leads to its address `late` seconds from now."""
        known = self._account.is_named_by(asked.credentials)
        if asked.credentials is not None and not known:
            return Answer.refusal(401, BAD_CREDENTIALS)
        match asked.method, bool(name):
            case "GET" | "HEAD", False:
                return page_of(asked, self._store, known=known)
            case "GET" | "HEAD", True:
                return self._one(asked, name, known)
            case _ if not known:
                return Answer.refusal(401, BAD_CREDENTIALS)
            case "POST", False:
                return self._create(asked, note, now, late)
            case "PUT" | "PATCH", True:
                return self._upsert(asked, name, note, now, late)
            case "DELETE", True:
                return self._delete(name, note)
            case _:
                return Answer.refusal(404, UNKNOWN)

    def _one(self, asked: Asked, name: str, known: bool) -> Answer:
        found = self._store.find(name)
        if found is None or not (known or found.state == "findable"):
            return Answer.refusal(404, UNKNOWN)
        try:
            form = wanted(asked.headers.get("accept", ""), (JSON_FORMAT, API_FORMAT, HTML))
        except NotAcceptable:
            return Answer.refusal(406, "The content type is not recognized.")
        if form is not None:
            return Answer(200, WRITERS[form](metadata_of(found)), form.content_type.decode())
        return self._told(200, found, asked)

    def _create(self, asked: Asked, note: Note, now: float, late: float) -> Answer:
        told = _attributes(asked.body)
        if told is None:
            return Answer.refusal(400, UNCLEAR)
        name = _name_of(told)
        if not NAME.match(name):
            return _unprocessable([Wrong("doi", "Is invalid")], name)
        if not self._mine(name):
            return Answer.refusal(403, NOT_YOURS)
        if self._store.find(name):
            return _unprocessable([Wrong("doi", TAKEN)], name.lower())
        return self._save(None, name, told, asked, note, now, late)

    def _upsert(self, asked: Asked, name: str, note: Note, now: float, late: float) -> Answer:
        told = _attributes(asked.body)
        if told is None:
            return Answer.refusal(400, UNCLEAR)
        if not NAME.match(name):
            return Answer.refusal(404, UNKNOWN)
        if not self._mine(name):
            return Answer.refusal(403, NOT_YOURS)
        return self._save(self._store.find(name), name, told, asked, note, now, late)

    def _save(
        self,
        before: Registered | None,
        name: str,
        told: dict[str, Any],
        asked: Asked,
        note: Note,
        now: float,
        late: float,
    ) -> Answer:
        found, wrong = self._changed(before, name, told, now)
        if wrong:
            return _unprocessable(wrong, found.doi)
        status = 200 if before else 201
        effect: Effect = "created" if before is None else "changed"
        if before and replace(found, updated=before.updated) == before:
            effect = "unchanged"
        due = None if found.state == "draft" else now + late
        self._store.save(found, note(status, effect), due=due)
        return self._told(status, found, asked)

    def _changed(
        self, before: Registered | None, name: str, told: dict[str, Any], now: float
    ) -> tuple[Registered, list[Wrong]]:
        at = opends_time(datetime.fromtimestamp(now, UTC))
        old = before or Registered(
            name.lower(), "draft", "", {}, self._account.username.lower(), at, at, None, None, 0
        )
        event = told.get("event")
        state = after(old.state, event if isinstance(event, str) else None)
        url = told.get("url", old.url)
        metadata = saved(old.attributes, told)
        found = Registered(
            doi=old.doi,
            state=state,
            url=url if isinstance(url, str) else "",
            attributes=metadata,
            owner=old.owner,
            created=old.created,
            updated=at,
            registered=old.registered or (at if state != "draft" else None),
            published=old.published or (at[:4] if state == "findable" else None),
            metadata_version=old.metadata_version + (metadata != old.attributes),
        )
        return found, refusals(state, found.url, metadata, self._account.domains)

    def _delete(self, name: str, note: Note) -> Answer:
        found = self._store.find(name)
        if found is None:
            return Answer.refusal(404, UNKNOWN)
        if not self._mine(name):
            return Answer.refusal(403, NOT_YOURS)
        if found.state != "draft":
            return Answer.refusal(405, "Method not allowed", Allow=ALLOWED)
        self._store.delete(found.doi, note(204, "deleted"))
        return Answer(204)

    def _mine(self, name: str) -> bool:
        return name.split("/")[0] in self._account.prefixes

    def _told(self, status: int, found: Registered, asked: Asked) -> Answer:
        media_type = JSON_API if JSON_API in asked.headers.get("accept", "") else JSON
        more = {"Location": f"/dois/{found.doi}"} if status == 201 else {}
        told = {"data": resource(found, asked.parameters, detail=True)}
        return Answer.json(status, told, f"{media_type}; charset=utf-8", **more)


def _attributes(body: bytes) -> dict[str, Any] | None:
    """The attributes of a JSON:API body, or None where it is not one."""
    try:
        told = orjson.loads(body)
        orjson.dumps(told)  # nested so deep that it can be read and not written
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    data = told.get("data") if isinstance(told, Mapping) else None
    if not data or not isinstance(data, Mapping):
        return None
    found = data.get("attributes", {})
    if not isinstance(found, dict):
        return None
    named = data.get("id")
    return {"doi": named, **found} if isinstance(named, str) else found


def _name_of(told: Mapping[str, Any]) -> str:
    """The DOI that a request to create names, or a random one under the prefix it names."""
    name = told.get("doi")
    if isinstance(name, str) and name:
        return name.removeprefix("https://doi.org/")
    drawn = "".join(secrets.choice(SUFFIX_ALPHABET) for _ in range(8))
    return f"{told.get('prefix', '')}/{drawn[:4]}-{drawn[4:]}"


def _unprocessable(wrong: Sequence[Wrong], doi: str) -> Answer:
    told = [{"source": each.source, "title": each.title, "uid": doi} for each in wrong]
    return Answer.json(422, {"errors": told})
