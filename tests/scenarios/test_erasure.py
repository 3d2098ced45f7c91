"""A canary that is erased is nowhere: in no file, behind no address, in no backup made after.

The name is looked for as bytes in UTF-8 and UTF-16, in base64 at each alignment, in upper and
lower case, and inside what is compressed: the frames of the log and the stores of the graph.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from pyoxigraph import Store

from api.datacite_double import DoubleServer
from eventstore.codec import unpack
from eventstore.notes import Verifier
from eventstore.proofs import Proof, document_check
from tests.scenarios.addresses import LEFT, addresses, described, hidden, live
from tests.scenarios.program import HOLDER, Server, apart, collectome, specimens, until

CANARY = "Qwyxzavohu Pjugdemtikq"
SECRETS = (CANARY, *CANARY.split())
OTHERWISE: dict[str, tuple[int, str]] = {
    "/{pid}/1/sealed": (410, "the file is what was erased"),
    "/{pid}/verbatim?as-of=v1": (410, "what the source wrote is erased with the document"),
    "/{pid}/verbatim?as-of=v1&format=html": (410, "what the source wrote is erased too"),
    "/doip?operationId=0.DOIP/Op.Retrieve&targetId={pid}/1&element=sealed": (410, "as over HTTP"),
    "/api/mas/{service}": (410, "only the PID of the service is left"),
    "/ldes/all/pages/0": (410, "the gap is listed at a new address"),
    "/ldes/type/specimen/pages/0": (410, "the gap is listed at a new address"),
}  # fmt: skip
"""Address that answers otherwise after the erasure → how, and why; all others answer as before."""


def shapes(text: str) -> Iterator[bytes]:
    """The bytes of a text as they may stand in a file or an answer."""
    for case in (text, text.lower(), text.upper()):
        for coding in ("utf-8", "utf-16-le", "utf-16-be"):
            plain = case.encode(coding)
            yield plain
            for before in range(3):  # base64 depends on where in three bytes the text begins
                coded = base64.b64encode(b"\0" * before + plain)
                first = -(-8 * before // 6)
                last = (8 * (before + len(plain))) // 6
                yield coded[first:last]
    yield text.replace(" ", "%20").encode()
    yield text.replace(" ", "+").encode()


SHAPES = tuple(sorted({shape for secret in SECRETS for shape in shapes(secret)}))


def holds(content: bytes) -> bool:
    """Whether something of the canary is in these bytes."""
    return any(shape in content for shape in SHAPES)


@pytest.mark.parametrize("before", range(3))
def test_the_search_itself_finds_what_it_looks_for(before: int) -> None:
    for coding in ("utf-8", "utf-16-le", "utf-16-be"):
        plain = b"x" * before + f"by {CANARY} in".encode(coding) + b"y"
        assert holds(plain)
        assert holds(base64.b64encode(plain))
    assert not holds(b"A. Sampler")


def in_files(folder: Path) -> list[str]:
    """The files of a folder that hold it, looked into where they are compressed."""
    found = []
    for path in sorted(folder.rglob("*")):
        with suppress(FileNotFoundError):
            if path.is_file() and holds(path.read_bytes()):
                found.append(str(path.relative_to(folder)))
    with sqlite3.connect(f"file:{folder / 'log.sqlite'}?mode=ro", uri=True) as log:
        for position, *frames in log.execute("SELECT position, bytes, verbatim FROM events"):
            found += [f"event {position}" for frame in frames if frame and holds(unpack(frame))]
    log.close()
    for store in {path.parent for path in folder.rglob("CURRENT")}:
        with suppress(OSError):
            if any(holds(str(quad).encode()) for quad in Store.read_only(str(store))):
                found.append(str(store.relative_to(folder)))
    return found


def behind(client: httpx.Client, asked: list[str], pid: str) -> tuple[set[str], dict[str, int]]:
    """The addresses whose answers hold it, and how each answered. Where the question names it, the
    answer may repeat that, but must not name the object."""
    found, answered = set(), {}
    for address in asked:
        accept = {"accept": "application/json"} if address.startswith("/sparql") else {}
        answer = client.get(address, headers=accept, follow_redirects=True)
        while answer.status_code in (202, 503):
            time.sleep(0.2)
            answer = client.get(address, headers=accept, follow_redirects=True)
        answered[address] = answer.status_code
        told = answer.content + str(answer.headers).encode()
        if pid.encode() in told if holds(address.encode()) else holds(told):
            found.add(address)
    if holds(live(client)):
        found.add("/changes/live")
    return found, answered


def learned(server: Server) -> list[str]:
    """PIDs of a model, its training set and its evaluation, and of a service, named so: their
    names are claimed in the log."""
    named = {"schema:name": CANARY}
    measured = {"@type": "fair4ml:MLModelEvaluation", "col:metric": "recall", "col:measured": 0.5}

    def told(path: str, **form: object) -> str:
        answer = server.client.post(path, json=named | form, headers=server.writing)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["pid"])

    model = told("/api/models", **{"@type": "fair4ml:MLModel"})
    return [
        told("/api/models", **measured, **{"col:model": f"https://hdl.handle.net/{model}"}),
        told("/api/models", **{"@type": "schema:Dataset", "col:objectCount": 9}),
        told("/api/mas", **{"col:worksOn": ["specimen"]}),
        model,
    ]


def telling(client: httpx.Client, pids: list[str]) -> set[str]:
    """The addresses of these objects, and of the lists of their kind, that tell the name."""
    tails = ("", "/1", "/history", "/versions", "/record", "/cite", "?format=html")
    found = [f"/{pid}{tail}" for pid in pids for tail in tails]
    found += [f"/api/handles/{pid}" for pid in pids]
    found += ["/api/models", "/models", "/api/mas", "/mas", "/metrics", "/changes/events?since=0"]
    return {path for path in found if holds(client.get(path, follow_redirects=True).content)}


def about(client: httpx.Client, folder: Path, pid: str, words: list[str]) -> list[str]:
    """Every address that tells of an object, or of all."""
    templates = hidden(folder / "nothing") | described(client)
    assert LEFT.keys() - templates == set()
    *_, service, model = words
    source = client.get(f"/{pid}").json()["ods:sourceSystemID"].partition("hdl.handle.net/")[2]
    known = {
        "word": CANARY,
        "service": service,
        "model": model,
        "source": source,
        "made": str(client.get(f"/{pid}/versions").json()["versions"][-1]["event"]),
        "shape": client.get("/api/conformance").json()["shapes"][0]["shape"],
    }
    return list(dict.fromkeys(addresses(templates, pid, known)))


def _registered(datacite: DoubleServer, doi: str) -> bytes:
    """What DataCite shows of a DOI."""
    found = datacite.store.find(doi)
    return b"" if found is None else json.dumps(found.attributes, ensure_ascii=False).encode()


def datacite_files(folder: Path) -> list[Path]:
    """The files of DataCite, journal and all."""
    return [one for one in (folder / "agency").iterdir() if one.is_file()]


def settled(server: Server) -> bool:
    """Whether every view has read the log."""
    told = collectome("status", "--json", data=server.data).said
    return all(view["lag"] == 0 for view in told["projections"].values())


def test_what_was_erased_is_in_no_file_behind_no_address_and_in_no_backup(tmp_path: Path) -> None:
    with DoubleServer(tmp_path / "agency" / "datacite.sqlite") as datacite:
        _erased_everywhere(tmp_path, datacite)


def _erased_everywhere(tmp_path: Path, datacite: DoubleServer) -> None:
    data, table = tmp_path / "data", tmp_path / "plants.csv"
    noted = f"Collected by {CANARY} near the mill."
    specimens(
        table, 1, 2, recordedBy=CANARY, occurrenceRemarks=noted, fieldNotes=noted,
        decimalLatitude=CANARY,  # what does not fit is quoted in the report of the harvest
    )  # fmt: skip
    assert collectome("ingest", table, HOLDER, "--json", data=data).code == 0
    specimens(table, 1, 2)  # in the next harvest the source has taken it out
    assert collectome("ingest", table, HOLDER, "--json", data=data).code == 0
    account = datacite.account
    minting = {
        "datacite_url": datacite.url,
        "datacite_username": account.username,
        "datacite_password": account.password,
    }
    with Server("serve", data, checkpoint_every_s=1, **minting) as server:
        client = server.client
        told = client.get("/changes?type=specimen").text
        hits = set(re.findall(r"10\.5072/[0-9A-Z-]{11}", told))
        pids = sorted(hits)
        assert len(pids) == 2
        words = learned(server)
        claimed = telling(client, words)
        assert {f"/{pid}" for pid in words} | {"/api/models", "/api/mas"} < claimed
        asked_for = client.post(f"/{pids[0]}/1/doi", headers=server.writing)
        assert asked_for.status_code == 202, asked_for.text
        version = f"{pids[0]}/1".lower()
        until(lambda: holds(_registered(datacite, version)))
        until(lambda: settled(server), 60)
        doors = about(client, tmp_path, pids[0], words)
        before, answered = behind(client, doors, pids[0])
        assert {one: status for one, status in answered.items() if status != 200} == {}
        assert len(before) > 90, before
        assert "/changes/live" in before
        assert any(name.startswith("reports/") for name in in_files(data))
        kept = client.get(f"/{pids[0]}/1/sealed").content
        citation = Proof.parse(client.get(f"/{pids[0]}/1/proof").content).citation
        assert hashlib.sha256(kept).hexdigest() == citation.hash
        for pid in pids:
            done = apart(
                "erase", pid, "--version=1", "--reason=The family asked.", "--yes", data=data
            )
            assert done.code == 0, done.err
        for pid in words:
            asked = {"reason": "By request.", "confirm": True}
            answer = client.post(
                f"/api/objects/{pid}/erase", json=asked, headers=server.writing | {"if-match": "*"}
            )
            assert answer.status_code == 200, answer.text
        until(lambda: settled(server), 60)
        until(lambda: not in_files(data), 90)
        until(lambda: not holds(_registered(datacite, version)))
        assert [one for one in datacite_files(tmp_path) if holds(one.read_bytes())] == []
        assert telling(client, words) == set()
        after, still = behind(client, doors, pids[0])
        assert after == set()
        named = {"pid": pids[0], "service": words[2]}
        changed = {one.format(**named): status for one, (status, _) in OTHERWISE.items()}
        assert {one: status for one, status in still.items() if status != 200} == changed
        page = client.get("/ldes/all/pages/0")
        assert page.status_code == 410
        assert (
            "col:gap" in client.get(page.json()["address"], headers={"accept": "text/turtle"}).text
        )
        proof = Proof.parse(client.get(f"/{pids[0]}/1/proof").content)
        key = Verifier.parse(client.get("/api/log/keys").json()["keys"][0]["vkey"])
        assert all(check.good for check in proof.checks(key))
        assert proof.citation == citation
        assert document_check(citation, kept).good
    assert in_files(data) == []
    for form in ("jsonl", "nquads", "documents"):
        assert (
            collectome("export", f"--format={form}", f"--output={tmp_path / form}", data=data).code
            == 0
        )
        assert not holds((tmp_path / form).read_bytes())
    with sqlite3.connect(data / "log.sqlite") as live, sqlite3.connect(tmp_path / "backup") as copy:
        live.backup(copy)
    copy.close()
    live.close()
    assert not holds((tmp_path / "backup").read_bytes())
    assert collectome("verify", "--json", data=data).said["sound"] is True
