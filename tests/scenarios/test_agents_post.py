"""Agents post to the real program, which is killed while they do."""

from __future__ import annotations

import json
import socket
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.scenarios.program import HOLDER, Server, collectome, specimens, until

LINES = 1_200
NDJSON = {"content-type": "application/x-ndjson"}


@pytest.fixture
def garden(tmp_path: Path) -> Path:
    """A repository of three plants and the token of an agent."""
    data = tmp_path / "data"
    plants = specimens(tmp_path / "plants.csv", 1, 2, 3)
    assert collectome("ingest", plants, HOLDER, "--json", data=data).code == 0
    return data


def agent(data: Path, *limits: str) -> dict[str, str]:
    """The headers of an agent."""
    made = collectome("token", "create", "robot", "--role=agent", "--json", *limits, data=data)
    return {**NDJSON, "authorization": f"Bearer {made.said['token']}", "idempotency-key": '"run"'}


def plants_of(server: Server) -> list[str]:
    found = server.client.get("/api/search").json()
    return [hit["pid"] for hit in found["items"]]


def body(pids: list[str], number: int = LINES) -> bytes:
    """Remarks, each different."""
    return b"".join(
        json.dumps(
            {
                "type": "Annotation",
                "motivation": "commenting",
                "target": f"https://doi.org/{pids[n % len(pids)]}",
                "bodyValue": f"remark {n}",
            }
        ).encode()
        + b"\n"
        for n in range(number)
    )


def remarks(server: Server) -> Counter[str]:
    """Text → how many annotations in the log say it."""
    found: Counter[str] = Counter()
    rows = server.rows(
        "PREFIX oa: <http://www.w3.org/ns/oa#> "
        "PREFIX rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> "
        "SELECT ?a ?text { ?a a oa:Annotation . { ?a oa:bodyValue ?text } UNION "
        "{ ?a oa:hasBody/rdf:value ?text } }"
    )  # fmt: skip
    for row in rows:
        found[row["text"]] += 1
    return found


def recorded(data: Path) -> int:
    """Annotations in the log, read beside the server."""
    with sqlite3.connect(f"file:{data / 'log.sqlite'}?mode=ro", uri=True) as log:
        (number,) = log.execute("SELECT count(*) FROM heads WHERE type='annotation'").fetchone()
    return int(number)


@pytest.mark.slow
def test_a_server_killed_within_a_batch_doubles_nothing_and_loses_nothing(garden: Path):
    headers = agent(garden)
    sent: bytes | None = None
    for least in (1, LINES // 2):
        with Server("serve", garden) as server:
            sent = sent or body(until(lambda: plants_of(server)))
            thread = threading.Thread(target=_post, args=(server.base, sent, headers))
            thread.start()
            until(lambda least=least: recorded(garden) >= least, 60)
            server.kill()
            thread.join()
    assert recorded(garden) < LINES, "the last server was killed before the end"
    with Server("serve", garden) as server:
        answer = server.client.post("/api/agents/annotations", content=sent, headers=headers)
        assert answer.status_code == 200, answer.text
        told = answer.json()
        assert (told["state"], told["counts"]) == ("done", {"created": LINES})
        until(lambda: sum(remarks(server).values()) == LINES)
        assert remarks(server) == Counter(f"remark {n}" for n in range(LINES))


def _post(base: str, sent: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(httpx.HTTPError):
        httpx.post(f"{base}/api/agents/annotations", content=sent, headers=headers, timeout=60)


def test_a_connection_cut_within_a_line_is_taken_up_again(garden: Path):
    headers = agent(garden)
    with Server("serve", garden) as server:
        sent = body(until(lambda: plants_of(server)), 500)
        with _begun(server.base, sent, headers, len(sent) * 3 // 5):
            until(lambda: recorded(garden) == 200)
        batches = until(lambda: _interrupted(server, headers))
        assert batches[0]["counts"] == {"created": 200}
        answer = server.client.post("/api/agents/annotations", content=sent, headers=headers)
        assert answer.json()["counts"] == {"created": 500}
        assert recorded(garden) == 500


def _interrupted(server: Server, headers: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.client.get("/api/agents/batches", headers=headers).json()
    return [one for one in found if one["state"] == "interrupted"]


@contextmanager
def _begun(base: str, sent: bytes, headers: dict[str, str], at: int) -> Iterator[None]:
    """Announce the whole body, send a part, and hang up in the end."""
    place = urlsplit(base)
    assert place.hostname and place.port
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection((place.hostname, place.port)) as line:
        line.sendall(
            f"POST /api/agents/annotations HTTP/1.1\r\nhost: {place.netloc}\r\n{head}"
            f"content-length: {len(sent)}\r\n\r\n".encode()
        )
        line.sendall(sent[:at])
        yield


@pytest.mark.slow
def test_two_clients_with_one_key_at_once_record_each_line_once(garden: Path):
    headers = agent(garden)
    with Server("serve", garden) as server:
        sent = body(until(lambda: plants_of(server)), 600)
        answers: list[httpx.Response] = []

        def post() -> None:
            url = f"{server.base}/api/agents/annotations"
            while True:
                answer = httpx.post(url, content=sent, headers=headers, timeout=60)
                if answer.status_code != 409:
                    answers.append(answer)
                    return
                time.sleep(0.1)

        threads = [threading.Thread(target=post) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [answer.json()["counts"] for answer in answers] == [{"created": 600}] * 3
        assert recorded(garden) == 600


@pytest.mark.slow
def test_a_batch_that_was_put_by_goes_on_after_a_kill(garden: Path):
    headers = {**agent(garden), "prefer": "respond-async"}
    with Server("serve", garden) as server:
        sent = body(until(lambda: plants_of(server)))
        told = server.client.post("/api/agents/annotations", content=sent, headers=headers).json()
        until(lambda: recorded(garden) >= 1)
        server.kill()
    with Server("serve", garden) as server:
        path = f"/api/agents/batches/{told['id']}"
        ended = until(
            lambda: (
                found
                if (found := server.client.get(path, headers=headers).json())["state"] == "done"
                else None
            ),
            60,
        )
        assert ended["counts"] == {"created": LINES}
        assert recorded(garden) == LINES


def test_what_a_token_may_write_is_told_at_the_command_line(garden: Path):
    agent(garden, "--scope=motivation:commenting", "--quota=3/day")
    (robot,) = [one for one in collectome("token", "list", "--json", data=garden).said
                if one["name"] == "robot"]  # fmt: skip
    assert (robot["scopes"], robot["quotas"]) == (["motivation:commenting"], ["3/day"])
    wrong = collectome("token", "create", "x", "--role=agent", "--scope=all", data=garden)
    assert wrong.code == 1 and "no scope" in wrong.err
