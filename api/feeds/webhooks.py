"""Webhooks over HTTP: who wants to be told of what, and what is sent.

    POST /api/webhooks {"url": "https://example.org/hook", "filters": {"type": "specimen"}}

The secret is in the answer and nowhere else. Each token sees and changes its own subscriptions,
an admin all. What is sent are rows of /changes; see `handlers.webhooks` for how.
"""

from __future__ import annotations

import secrets
import time
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, ConfigDict, Field

from api.feeds.choosing import SCAN_CAP, Choosing
from api.feeds.filters import Filter
from api.feeds.reading import read
from api.feeds.rows import row
from api.moments import SINCE, position_before
from api.security import Token, require
from api.settings import Settings
from api.views import Views
from eventstore.application import DigitalObjects
from eventstore.envelope import iso
from fdo.errors import NotFound, Refused, Unavailable
from handlers.outgoing import UnknownHost, UnsafeAddress, target_of
from handlers.webhooks.signing import checked_secret, new_secret
from handlers.webhooks.store import Message, Pairs, Subscription, Webhooks

BATCH = 100
"""Events in one message."""
OWN = 50
"""Subscriptions of one token."""

Writer = Annotated[Token, Depends(require("agent"))]


class Wanted(BaseModel):
    """A subscription as it is asked for."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=2_000, description="http(s) address to which messages are sent.")
    filters: dict[str, Annotated[str, Field(max_length=4_000)]] = Field(
        default_factory=dict,
        description="Filters of /changes: type, what, source-system, agent, pid, term, query.",
    )
    documents: bool = Field(False, description="Send documents too, where public.")
    since: str | None = Field(
        None,
        max_length=100,
        description=f"{SINCE} From now on when left out.",
    )
    secret: str | None = Field(
        None, max_length=200, description="whsec_ and Base64; made when left out."
    )


class Webhook(BaseModel):
    """A subscription as it is."""

    id: str
    url: str
    filters: dict[str, str]
    documents: bool
    owner: str = Field(description="Name of the token that made it.")
    created_at: str
    cursor: int = Field(description="The last event that was sent, passed over or is on its way.")
    state: Literal["active", "disabled", "gone"]
    note: str = Field(description="Why it is not active.")
    failing_since: str | None = Field(description="Since when nothing was taken.")


class Made(Webhook):
    """A new subscription with its secret, which is shown only now."""

    secret: str


class Delivery(BaseModel):
    """One message to a subscriber."""

    id: str = Field(description="The header webhook-id, the same in every attempt.")
    after: int
    upto: int = Field(description="Its events lie behind `after`, up to here.")
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    due: str = Field(description="When it is tried next, where it is pending.")
    answer: str = Field(description="What the last attempt met.")


class Retried(BaseModel):
    """What was taken up again."""

    letters: int = Field(description="Dead letters that are sent again.")


def webhooks_router(objects: DigitalObjects, settings: Settings) -> APIRouter:
    """The routes under /api/webhooks; all need the role agent."""
    router = APIRouter(prefix="/api/webhooks", tags=["feeds"])
    store = Webhooks(settings.data)

    def owned(name: str, by: Token) -> Subscription:
        found = store.get(name)
        if found.owner != by.name and "admin" not in by.roles:
            raise NotFound(f"There is no webhook {name!r}; /api/webhooks lists yours.")
        return found

    @router.post("", status_code=201)
    def subscribe(body: Wanted, by: Writer, response: Response) -> Made:
        """Subscribe an address to changes."""
        if len(store.all(by.name)) >= OWN:
            raise Refused(f"{by.name!r} has {OWN} subscriptions, which is all; remove one first.")
        made = subscription(body, by.name, objects, settings.webhooks_allow_private)
        store.add(made)
        response.headers["Location"] = f"/api/webhooks/{made.id}"
        return Made(**described(made).model_dump(), secret=made.secret)

    @router.get("")
    def listed(by: Writer) -> list[Webhook]:
        """Your subscriptions; an admin sees all."""
        owner = None if "admin" in by.roles else by.name
        return [described(one) for one in store.all(owner)]

    @router.get("/{name}")
    def one(name: str, by: Writer) -> Webhook:
        """One subscription and how it fares."""
        return described(owned(name, by))

    @router.delete("/{name}", status_code=204)
    def unsubscribe(name: str, by: Writer) -> None:
        """End a subscription."""
        store.remove(owned(name, by).id)

    @router.get("/{name}/deliveries")
    def deliveries(name: str, by: Writer) -> list[Delivery]:
        """The newest messages of a subscription and what became of them."""
        return [delivery(message) for message in store.messages(owned(name, by).id)]

    @router.post("/{name}/retry")
    def retry(name: str, by: Writer) -> Retried:
        """Send dead letters again, and enable the subscription."""
        return Retried(letters=store.retry(owned(name, by).id, time.time()))

    return router


def subscription(
    wanted: Wanted, owner: str, objects: DigitalObjects, allow_private: bool
) -> Subscription:
    """The subscription that is asked for; Refused for an address that we would not visit."""
    try:
        target_of(wanted.url, allow_private=allow_private)
    except (UnknownHost, UnsafeAddress) as error:
        raise Refused(
            f"{wanted.url} cannot be a webhook: {error}. Name an http(s) address that is on the "
            "public network."
        ) from error
    filters = Filter.parse(wanted.filters.items())
    since = wanted.since
    return Subscription(
        id=secrets.token_hex(8),
        url=wanted.url,
        filters=tuple(filters.pairs),
        documents=wanted.documents,
        secret=new_secret() if wanted.secret is None else checked_secret(wanted.secret),
        owner=owner,
        created_at=time.time(),
        cursor=position_before(since, objects) if since else objects.log.position(),
        state="active",
        note="",
        failing_since=None,
    )


def described(one: Subscription) -> Webhook:
    """A subscription without its secret."""
    return Webhook(
        id=one.id, url=one.url, filters=dict(one.filters), documents=one.documents,
        owner=one.owner, created_at=_when(one.created_at), cursor=one.cursor, state=one.state,
        note=one.note,
        failing_since=None if one.failing_since is None else _when(one.failing_since),
    )  # fmt: skip


def delivery(message: Message) -> Delivery:
    """A message for people."""
    return Delivery(
        id=message.id, after=message.after, upto=message.upto, state=message.state,
        attempts=message.attempts, due=_when(message.due), answer=message.answer,
    )  # fmt: skip


def _when(seconds: float) -> str:
    return iso(round(seconds * 1_000_000))


class WebhookFeed:
    """The feed of changes as the deliverer asks for it."""

    def __init__(self, objects: DigitalObjects, views: Views, base: str) -> None:
        self._log = objects.log
        self._choosing = Choosing(objects, views)
        self._base = base

    def position(self) -> int:
        """The head of the log."""
        return self._log.position()

    def section(self, filters: Pairs, after: int) -> tuple[int, bool]:
        """Up to where the next message reaches, and whether any event is in it."""
        chosen = self._choosing.page(Filter.parse(filters), after, None, BATCH)
        return chosen.upto, bool(chosen.positions)

    def body(self, subscription: Subscription, message: Message) -> bytes:
        """The message, with what is public of its events now; Unavailable while a view that
        the filter asks is behind them."""
        wanted = Filter.parse(subscription.filters)
        chosen = self._choosing.page(wanted, message.after, message.upto, SCAN_CAP)
        if chosen.upto < message.upto:
            raise Unavailable(f"The views are at event {chosen.upto}, behind {message.upto}.")
        rows: list[dict[str, Any]] = [
            row(shown, self._base, documents=subscription.documents)
            for shown in read(self._log, chosen.positions)
            if shown.disclosure != "nothing"
        ]
        return orjson.dumps(
            {
                "type": "changes",
                "timestamp": rows[-1]["recordedAt"]
                if rows
                else self._log.recorded_at(message.upto),
                "data": {"after": message.after, "upto": message.upto, "events": rows},
            }
        )
