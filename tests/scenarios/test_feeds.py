"""The feeds of a running server: a graph from its patches, a stream, webhooks through a crash."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from pyoxigraph import CanonicalizationAlgorithm, Dataset, NamedNode, Quad, Store

from eventstore.patches import META
from tests.api.feeding import replayed
from tests.scenarios.program import HOLDER, Server, collectome, specimens, until

ATOM = "{http://www.w3.org/2005/Atom}"


def canonical_hash(quads: Iterable[Quad]) -> int:
    """The same number for the same graph, whatever its blank nodes are called."""
    dataset = Dataset(quads)
    dataset.canonicalize(CanonicalizationAlgorithm.RDFC_1_0)
    return hash(frozenset(map(str, dataset)))


def pages(server: Server, query: str) -> Iterator[str]:
    """The pages of /changes, from link to link."""
    address: str | None = f"/changes?{query}"
    while address:
        answer = server.client.get(address)
        assert answer.status_code == 200, answer.text
        yield answer.text
        address = answer.links.get("next", {}).get("url")


def test_all_patches_replayed_into_nothing_are_the_current_graph(demo: Server) -> None:
    head = demo.client.get("/changes?limit=1").headers
    assert "link" in head
    replica = Store()  # which writes numbers as every store of its kind does
    replica.extend(replayed("".join(pages(demo, "format=rdf-patch&limit=100"))))
    folder = demo.data / "projections" / "graph"
    current = json.loads((folder / "current").read_bytes())["checkpoint"]
    store = Store.read_only(str(folder / "checkpoints" / current))
    kept = {quad for quad in store if quad.graph_name != NamedNode(META)}
    assert len(kept) > 5_000
    assert canonical_hash(replica) == canonical_hash(kept)


def test_all_views_of_the_log_name_the_same_objects(demo: Server) -> None:
    lines = "".join(pages(demo, "format=jsonl")).splitlines()
    versions = [row for row in map(json.loads, lines) if "commitment" in row]
    by_changes = {row["pid"] for row in versions}
    assert len(by_changes) > 150
    assert by_changes == {one["object"]["canonical"] for one in activities(demo)}
    assert by_changes == {f"https://{address}" for address in entries(demo)}
    assert by_changes == set(objects_of_members(demo))


def activities(server: Server) -> Iterator[dict[str, Any]]:
    """IIIF Change Discovery, backwards."""
    address = server.client.get("/iiif/activity").json()["last"]["id"]
    while address:
        page = server.client.get(address).json()
        yield from page["orderedItems"]
        address = page.get("prev", {}).get("id")


def entries(server: Server) -> Iterator[str]:
    """The objects of Atom entries: the proxy of the PID, and the PID."""
    address: str | None = "/changes.atom"
    while address:
        feed = ElementTree.fromstring(server.client.get(address).content)
        for title in feed.iter(f"{ATOM}title"):
            pid = str(title.text).rpartition(" ")[2]
            if "/" in pid:
                yield f"{'doi.org' if pid.startswith('10.') else 'hdl.handle.net'}/{pid}"
        found = feed.find(f"{ATOM}link[@rel='prev-archive']")
        address = None if found is None else found.attrib["href"]


def objects_of_members(server: Server) -> Iterator[str]:
    """The objects of the members of the event stream of everything."""
    waiting, seen = [f"{server.base}/ldes/all"], set[str]()
    while waiting:
        node = waiting.pop()
        seen.add(node)
        accept = {"accept": "application/n-quads"}
        text = server.client.get(node, headers=accept, follow_redirects=True).text
        for subject, predicate, *rest in (line.split(" ", 2) for line in text.splitlines()):
            if predicate == "<https://w3id.org/tree#node>":
                named = rest[0].split("> ")[0].strip("<>")
                if named not in seen:
                    waiting.append(named)
            elif predicate == "<http://purl.org/dc/terms/isVersionOf>" and subject:
                yield rest[0].split("> ")[0].strip("<>")


def test_the_command_line_tells_what_the_server_tells(demo: Server) -> None:
    query = "type=specimen&what=Revised&term=dwc:country"
    told = [json.loads(line) for page in pages(demo, query) for line in page.splitlines()]
    assert told
    arguments = ("--type=specimen", "--what=Revised", "--term=dwc:country", "--limit=0", "--json")
    ended = collectome("changes", *arguments, data=demo.data)
    assert ended.code == 0, ended
    assert [json.loads(line)["position"] for line in ended.out.splitlines()] == [
        one["position"] for one in told
    ]
    table = collectome("changes", "--limit=3", data=demo.data)
    assert (table.code, len(table.out.splitlines())) == (0, 5)


def test_a_stream_tells_of_an_ingest_and_resumes_where_it_was(
    workshop: Server, tmp_path: Path
) -> None:
    since = workshop.client.get("/changes?limit=1").headers["collectome-position"]
    heard: list[int] = []

    def listen(count: int, **headers: str) -> None:
        address = f"/changes/live?since={since}&type=specimen"
        with workshop.client.stream("GET", address, headers=headers) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            for line in stream.iter_lines():
                if line.startswith("data: "):
                    heard.append(json.loads(line[6:])["position"])
                    if len(heard) >= count:
                        return

    listen(2)
    seen = heard[-1]
    listener = threading.Thread(
        target=listen, args=(2 + 9 + 3,), kwargs={"Last-Event-ID": str(seen)}
    )
    listener.start()
    plants = specimens(tmp_path / "live.csv", 901, 902, 903)
    began = collectome(
        "ingest", plants, HOLDER, "--source-system=live", "--json", data=workshop.data
    )
    assert began.code == 0, began
    listener.join(timeout=30)
    assert not listener.is_alive()
    told = [
        json.loads(line)["position"]
        for page in pages(workshop, f"since={since}&type=specimen")
        for line in page.splitlines()
    ]
    assert heard == told[: len(heard)]
    assert len(heard) == len(set(heard)) == 14


class Receiver:
    """Somebody who is told, and remembers it."""

    def __init__(self) -> None:
        self.messages: dict[str, set[tuple[int, ...]]] = {}
        """Name of a message → what events it held each time that it came."""
        self.positions: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                name = self.headers["webhook-id"]
                events = tuple(event["position"] for event in json.loads(body)["data"]["events"])
                if name not in receiver.messages:
                    receiver.positions += events
                receiver.messages.setdefault(name, set()).add(events)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_webhook_misses_nothing_when_the_server_is_killed(
    tmp_path: Path, receiver: Receiver
) -> None:
    data = tmp_path / "data"
    first = specimens(tmp_path / "plants.csv", *range(1, 400))
    assert collectome("ingest", first, HOLDER, data=data).code == 0
    refused = collectome("webhooks", "add", receiver.url, "--since=0", "--json", data=data)
    assert (refused.code, refused.said["error"]) == (1, "Refused")
    allowed = {"webhooks_allow_private": "true"}
    made = collectome("webhooks", "add", receiver.url, "--since=0", "--json", data=data, **allowed)
    assert made.code == 0, made
    with Server("serve", data, **allowed) as server:
        until(lambda: receiver.positions)
        server.kill()
    second = specimens(tmp_path / "plants.csv", *range(1, 450))
    assert collectome("ingest", second, HOLDER, data=data).code == 0
    name = made.said["id"]

    def states() -> set[str]:
        rows = collectome("webhooks", "deliveries", name, "--json", data=data).said
        return {one["state"] for one in rows}

    with Server("serve", data, **allowed) as server:
        lines = "".join(pages(server, "")).splitlines()
        told = [json.loads(line)["position"] for line in lines]
        until(lambda: len(receiver.positions) >= len(told))
        until(lambda: states() == {"delivered"})
    assert receiver.positions == told
    assert all(len(held) == 1 for held in receiver.messages.values())
    listed = collectome("webhooks", "list", "--json", data=data).said
    assert [(one["id"], one["cursor"], one["state"]) for one in listed] == [
        (name, told[-1], "active")
    ]
    assert collectome("webhooks", "remove", name, data=data).code == 0
    assert collectome("webhooks", "retry", name, data=data).code == 1
