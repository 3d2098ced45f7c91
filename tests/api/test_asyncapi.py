"""/asyncapi.json says what the live feeds really send."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from api.app import VERSION
from api.feeds.live import CONTROL
from api.feeds.webhooks import WebhookFeed
from handlers.webhooks.store import Message, Subscription
from tests.api.conftest import BASE, Browser, Repository
from tests.api.feeding import a_history, the_views
from tests.api.test_live import Listener


@pytest.fixture
def told(repository: Repository) -> dict[str, Any]:
    """The document as it is served."""
    a_history(repository)
    answer = Browser(repository.app()).get("/asyncapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.aai.asyncapi+json"
    return answer.json()


def validator(told: dict[str, Any], channel: str, message: str) -> Draft202012Validator:
    """Of the payload that a channel carries, by the references of the document itself."""
    payload = told["channels"][channel]["messages"][message]["payload"]
    return Draft202012Validator({**told, **payload})


def test_it_names_this_server_and_leads_nowhere_else(told):
    assert (told["asyncapi"], told["info"]["version"]) == ("3.0.0", VERSION)
    assert told["servers"]["repository"] == {"host": "repository.example", "protocol": "https"}
    for operation in told["operations"].values():
        for reference in (operation["channel"], *operation["messages"]):
            found: Any = told
            for step in reference["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            assert found
    assert told["operations"]["live"]["bindings"]["http"]["query"]["properties"].keys() >= {
        *CONTROL, "type"
    }  # fmt: skip
    assert BASE in told["info"]["description"]


def test_the_stream_sends_what_it_says(repository, told):
    check = validator(told, "live", "change")

    async def story() -> list[dict[str, Any]]:
        head = repository.objects.log.position()
        listener = Listener(repository.app(), "since=0&documents=yes")
        await listener.until(lambda: f"id: {head}\n".encode() in listener.text)
        await listener.leave()
        return listener.told

    rows = asyncio.run(story())
    assert len(rows) > 5
    for row in rows:
        check.validate(row)
    assert any("document" in row for row in rows) and any("changed" in row for row in rows)
    assert not check.is_valid({**rows[0], "disclosure": "everything"})
    assert not check.is_valid({**rows[0], "more": 1})


def test_webhooks_send_what_it_says(repository, told):
    check = validator(told, "webhook", "changes")
    head = repository.objects.log.position()
    wanted = Subscription("w", BASE, (), True, "", "me", 0.0, 0, "active", "", None)
    message = Message("m", "w", 0, head, "waiting", 0.0, 0, 0.0, "")
    body = orjson.loads(
        WebhookFeed(repository.objects, the_views(repository), BASE).body(wanted, message)
    )
    check.validate(body)
    assert len(body["data"]["events"]) > 5
    assert not check.is_valid({**body, "type": "other"})
