"""Webhooks: subscriptions of tokens, and messages to a receiver that really listens."""

from __future__ import annotations

import asyncio
import base64
import hmac
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import orjson
import pytest

from api.feeds.webhooks import WebhookFeed
from handlers.webhooks import deliverer as delivering
from handlers.webhooks.deliverer import Deliverer
from handlers.webhooks.store import Webhooks
from tests.api.conftest import BASE, Browser, Repository
from tests.api.feeding import History, a_history, in_country, the_views

DAY = 86_400.0


class Receiver:
    """Somebody who is told: remembers what came, and answers as told."""

    def __init__(self) -> None:
        self.came: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.came.append(({k.lower(): v for k, v in self.headers.items()}, body))
                status = receiver.answers.pop(0) if receiver.answers else 204
                self.send_response(status)
                self.send_header("Location", "http://169.254.169.254/")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def positions(self) -> list[int]:
        """Events of all messages, in the order in which they came."""
        return [
            event["position"]
            for _, body in self.came
            for event in orjson.loads(body)["data"]["events"]
        ]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.came]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def history(repository: Repository) -> History:
    return a_history(repository)


class Post:
    """Subscriptions over HTTP, and a deliverer whose clock the test moves."""

    def __init__(self, repository: Repository, *, allow_private: bool = True) -> None:
        self.repository = repository
        self.now = time.time()
        self.token = repository.tokens.create("robot", ("agent",))
        self.views = the_views(repository)
        self.browser = Browser(repository.app(self.views, webhooks_allow_private=allow_private))
        self.store = Webhooks(repository.folder)
        self.allow_private = allow_private

    def ask(
        self, method: str, path: str = "", token: str | None = None, **options: Any
    ) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self.token}"}
        return self.browser.request(method, f"/api/webhooks{path}", headers=headers, **options)

    def subscribe(self, url: str, **wanted: Any) -> dict[str, Any]:
        answer = self.ask("POST", json={"url": url, "since": "0", **wanted})
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def deliver(self, name: str) -> bool:
        """Try the next message; whether it was taken."""

        async def one() -> bool:
            made = Deliverer(
                self.repository.folder,
                WebhookFeed(self.repository.objects, self.views, BASE),
                allow_private=self.allow_private,
                retry_days=3,
                clock=lambda: self.now,
            )
            async with httpx.AsyncClient(follow_redirects=False) as client:
                return await made.deliver_one(name, client)

        return asyncio.run(one())


@pytest.fixture
def post(repository: Repository, history: History) -> Post:
    return Post(repository)


def accepted(secret: str, headers: dict[str, str], body: bytes, *, now: float) -> bool:
    """What a receiver does by the standard (its "Verifying webhook authenticity"), said without
    our code: one of the signatures is that of id, time and raw body, and the time is not more
    than five minutes from now."""
    key = base64.b64decode(secret.split("whsec_", 1)[1])
    name, sent = headers["webhook-id"], headers["webhook-timestamp"]
    digest = hmac.digest(key, b"%s.%s.%s" % (name.encode(), sent.encode(), body), "sha256")
    offered = [one.split(",", 1) for one in headers["webhook-signature"].split(" ")]
    right = any(
        version == "v1" and hmac.compare_digest(digest, base64.b64decode(text))
        for version, text in offered
    )
    return right and abs(int(sent) - now) <= 300


def test_every_change_is_sent_once_and_signed(post: Post, receiver: Receiver) -> None:
    made = post.subscribe(receiver.url)
    assert post.deliver(made["id"])
    assert not post.deliver(made["id"])
    assert receiver.positions == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]
    ((headers, body),) = receiver.came
    assert accepted(made["secret"], headers, body, now=post.now)
    assert not accepted(made["secret"], headers, body + b" ", now=post.now)
    assert not accepted(made["secret"], headers, body, now=post.now + 301)
    assert b"Hiddenland" not in body


def test_filters_are_those_of_changes(post: Post, receiver: Receiver, history: History) -> None:
    made = post.subscribe(receiver.url, filters={"what": "Revised", "type": "specimen"})
    assert post.deliver(made["id"])
    assert receiver.positions == [6, 7]
    post.repository.revise(history.oak, in_country("Lithuania"))
    post.repository.tombstone(history.oak, "Lost.")
    assert post.deliver(made["id"])
    assert receiver.positions == [6, 7, 13]
    assert post.store.get(made["id"]).cursor == 14


def test_what_fails_comes_again_under_the_same_name_and_not_at_once(
    post: Post, receiver: Receiver
) -> None:
    made = post.subscribe(receiver.url)
    receiver.answers = [500, 302]
    for wait in (0.0, 6.0, 18.0):
        post.now += wait
        post.deliver(made["id"])
        assert not post.deliver(made["id"])
    assert len(receiver.came) == 3
    assert len(set(receiver.ids)) == 1
    (delivery,) = post.ask("GET", f"/{made['id']}/deliveries").json()
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 3)


def test_a_deliverer_that_died_between_sending_and_noting_sends_the_same_again(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = post.subscribe(receiver.url)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as at_work:
        at_work.setattr(Deliverer, "_settle", killed)
        with pytest.raises(KeyboardInterrupt):
            post.deliver(made["id"])
    assert post.deliver(made["id"])
    assert len(receiver.came) == 2
    assert len(set(receiver.ids)) == 1


def test_a_refused_message_becomes_a_dead_letter_that_can_be_sent_again(
    post: Post, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.feeds.webhooks.BATCH", 2)
    made = post.subscribe(receiver.url)
    receiver.answers = [422] * delivering.REFUSALS
    for _ in range(delivering.REFUSALS):
        post.now += DAY / 2
        post.deliver(made["id"])
    receiver.came.clear()
    while post.deliver(made["id"]):
        pass
    assert receiver.positions == [3, 5, 6, 7, 8, 9, 10, 11, 12]
    states = [one["state"] for one in post.ask("GET", f"/{made['id']}/deliveries").json()]
    assert states.count("dead") == 1
    assert post.ask("POST", f"/{made['id']}/retry").json() == {"letters": 1}
    assert post.deliver(made["id"])
    assert receiver.positions[-2:] == [1, 2]


def test_a_receiver_that_is_silent_for_days_is_not_asked_any_more(
    post: Post, receiver: Receiver
) -> None:
    made = post.subscribe(receiver.url)
    receiver.answers = [503] * 50
    for _ in range(20):
        post.now += DAY / 4
        if post.store.get(made["id"]).state == "active":
            post.deliver(made["id"])
    found = post.ask("GET", f"/{made['id']}").json()
    assert found["state"] == "disabled"
    assert "503" in found["note"]
    assert post.store.to_serve(post.now, 12) == []
    receiver.answers = []
    assert post.ask("POST", f"/{made['id']}/retry").json() == {"letters": 1}
    receiver.came.clear()
    assert post.deliver(made["id"])
    assert receiver.positions == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12]


def test_a_receiver_that_is_gone_is_unsubscribed(post: Post, receiver: Receiver) -> None:
    made = post.subscribe(receiver.url)
    receiver.answers = [410]
    post.deliver(made["id"])
    assert post.ask("GET", f"/{made['id']}").json()["state"] == "gone"
    assert post.store.to_serve(post.now, 12) == []


def test_nobody_is_sent_into_our_own_network(
    repository: Repository, history: History, receiver: Receiver
) -> None:
    post = Post(repository)
    made = post.subscribe(receiver.url)
    post.allow_private = False
    assert not post.deliver(made["id"])
    assert receiver.came == []
    strict = Post.__new__(Post)
    strict.browser, strict.token = Browser(repository.app()), post.token
    for url in (receiver.url, "http://169.254.169.254/", "ftp://example.org/", "http://a:b@c/"):
        answer = strict.ask("POST", json={"url": url})
        assert answer.status_code == 409, url


def test_a_server_delivers_while_it_runs_and_only_one_of_them(
    post: Post, receiver: Receiver, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "POLL_S", 0.01)
    made = post.subscribe(receiver.url)
    feed = WebhookFeed(post.repository.objects, post.views, BASE)

    async def story() -> None:
        both = [
            Deliverer(post.repository.folder, feed, allow_private=True, retry_days=3)
            for _ in range(2)
        ]
        async with both[0].running(), both[1].running(), asyncio.timeout(20):
            while post.store.get(made["id"]).cursor < 12 or post.store.waiting(made["id"]):
                await asyncio.sleep(0.01)
            post.repository.revise(history.oak, in_country("Lithuania"))
            while post.store.get(made["id"]).cursor < 13 or post.store.waiting(made["id"]):
                await asyncio.sleep(0.01)

    asyncio.run(story())
    assert receiver.positions == [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13]


def test_each_token_has_its_own_subscriptions(post: Post, receiver: Receiver) -> None:
    made = post.subscribe(receiver.url)
    other = post.repository.tokens.create("other", ("agent",))
    admin = post.repository.tokens.create("boss", ("admin",))
    path = f"/{made['id']}"
    assert [one["id"] for one in post.ask("GET").json()] == [made["id"]]
    assert "secret" not in post.ask("GET", path).json()
    assert post.ask("GET", token=other).json() == []
    assert post.ask("GET", path, other).status_code == 404
    assert post.ask("DELETE", path, other).status_code == 404
    assert [one["id"] for one in post.ask("GET", token=admin).json()] == [made["id"]]
    assert post.ask("DELETE", path, admin).status_code == 204
    assert post.ask("GET", path).status_code == 404


def test_a_subscription_needs_a_token_with_the_role(
    repository: Repository, history: History, browse: Callable[..., Browser]
) -> None:
    curator = repository.tokens.create("curator", ("curator",))
    headers = {"authorization": f"Bearer {curator}"}
    assert browse().request("GET", "/api/webhooks").status_code == 401
    assert browse().request("GET", "/api/webhooks", headers=headers).status_code == 403


@pytest.mark.parametrize(
    "wanted",
    [{"filters": {"type": "fossil"}}, {"filters": {"limit": "5"}}, {"since": "99"},
     {"secret": "weak"}, {"colour": "red"}, {"filters": {"agent": "a" * 5_000}},
     {"url": "http://..../"}, {"url": f"http://{'a' * 64}.example/"}, {"url": "http://xn--/"}],
)  # fmt: skip
def test_what_cannot_be_subscribed_is_refused(
    post: Post, receiver: Receiver, wanted: dict[str, Any]
) -> None:
    answer = post.ask("POST", json={"url": receiver.url, **wanted})
    assert answer.status_code in (400, 409, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_text_that_is_no_unicode_is_refused(post: Post, receiver: Receiver) -> None:
    body = f'{{"url": "{receiver.url}", "filters": {{"agent": "\\ud800"}}}}'
    headers = {"authorization": f"Bearer {post.token}", "content-type": "application/json"}
    answer = post.browser.request("POST", "/api/webhooks", headers=headers, content=body)
    assert answer.status_code == 422


def test_secrets_are_readable_by_the_owner_of_the_file_only(post: Post, receiver: Receiver) -> None:
    post.subscribe(receiver.url)
    mode = (post.repository.folder / "webhooks.sqlite").stat().st_mode
    assert mode & 0o077 == 0
