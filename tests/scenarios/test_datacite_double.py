"""`collectome datacite-double` as people start it, and killed as power failures do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.api.datacite_double.asking import HOME, Caller, attributes, valid
from tests.scenarios.program import apart, begun


@contextmanager
def running(*arguments: object) -> Iterator[tuple[Any, str]]:
    """The command, until the end of the block; (process, address)."""
    process = begun("datacite-double", "--port=0", "--json", *arguments)
    try:
        yield process, json.loads(process.stdout.readline())["url"]
    finally:
        process.kill()
        process.communicate(timeout=30)


def test_whatever_was_acknowledged_survives_a_kill(tmp_path: Path):
    place = f"--data={tmp_path / 'datacite.sqlite'}"
    acknowledged: list[str] = []
    for _ in range(2):
        with running(place) as (process, url), httpx.Client(base_url=url) as client:
            caller = Caller(client)
            for doi in acknowledged:
                assert attributes(caller.get(doi))["state"] == "findable"
                assert client.get(doi).headers["location"] == HOME + doi
            for _ in range(5):
                acknowledged.append(caller.published())
            process.kill()
    with running(place) as (_, url):
        journal = httpx.get(f"{url}__journal?limit=10000").json()["journal"]
        created = [line["path"] for line in journal if line["effect"] == "created"]
        assert created == [f"/dois/{doi}" for doi in acknowledged]


def test_prefix_domains_and_limits_are_options(tmp_path: Path):
    options = ("--prefix=10.1234", "--prefix=10.5678", "--domains=*.example", "--requests=5",
               "--username=A.B", "--password=c", "--base-path=/api")  # fmt: skip
    with running(f"--data={tmp_path / 'd.sqlite'}", *options) as (_, url):
        assert url.endswith("/api/")

        def put(doi: str, home: str) -> int:
            told = {"event": "publish", "url": home, **valid()}
            body = {"data": {"attributes": told}}
            return httpx.put(f"{url}dois/{doi}", json=body, auth=("A.B", "c")).status_code

        assert put("10.1234/a", "https://x.example/") == 201
        assert put("10.5678/a", "https://x.example/") == 201
        assert put("10.5072/a", "https://x.example/") == 403
        assert put("10.1234/b", "https://x.test/") == 422
        assert [put("10.1234/a", "https://x.example/") for _ in range(2)] == [200, 429]


def test_a_folder_is_no_file(tmp_path: Path):
    ended = apart("datacite-double", f"--data={tmp_path}", "--json")
    assert (ended.code, ended.said["error"]) == (1, "Refused")


def test_a_port_that_is_taken_is_told(tmp_path: Path):
    with running(f"--data={tmp_path / 'a.sqlite'}") as (_, url):
        port = url.rstrip("/").rpartition(":")[2]
        ended = apart(
            "datacite-double", f"--data={tmp_path / 'b.sqlite'}", f"--port={port}", "--json"
        )
        assert (ended.code, ended.said["error"]) == (1, "Unavailable")
