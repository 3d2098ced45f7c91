"""One instant through every door: the same holdings, and the same refusal of what is no instant."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scenarios.program import Server, until
from tests.scenarios.terminal import Terminal

SPECIMENS = """SELECT (COUNT(DISTINCT ?s) AS ?n)
WHERE { ?s a <http://rs.dissco.eu/opends/terms/DigitalSpecimen> }"""
ORCHID = "/10.5072/AYE-19S-36C"
INSTANTS = {
    "an event": {"as-of": "300"},
    "a day": {"as-of": "2026-05-01"},
    "an instant": {"as-of": "2026-05-01T23:59:59.999999Z"},
    "an instant elsewhere": {"as-of": "2026-05-02T01:59:59.999999+02:00"},
    "an instant whose plus is a space": {"as-of": "2026-05-02T01:59:59.999999 02:00"},
    "before the first event": {"as-of": "2020-01-01"},
    "the source's clock": {"observed-at": "2026-05-01"},
    "both clocks": {"as-of": "400", "observed-at": "2026-06-15"},
}
NO_INSTANTS = {
    "the future": "2999-01-01",
    "an event to come": "9999999",
    "no day": "2026-02-30",
    "no time zone": "2026-05-01T12:00:00",
    "a word": "yesterday",
    "below nothing": "-1",
}
FACES = {
    "object": ORCHID,
    "page": f"{ORCHID}?format=html",
    "record": f"{ORCHID}/record",
    "conformance": f"{ORCHID}/conformance",
    "search": "/api/search",
    "search page": "/search",
    "statistics": "/api/statistics",
    "SPARQL": "/sparql?query=ASK%7B%3Fs%20%3Fp%20%3Fo%7D",
    "graph": "/api/export",
    "documents": "/api/export?format=documents",
    "annotations": "/api/annotations",
    "counts of annotations": "/api/annotations/statistics",
    "container": "/annotations/",
    "changed terms": "/api/time/changed",
    "busiest": "/api/time/busiest",
    "held": "/api/time/held?term=country&value=Kenya",
}
OF_NOW = {
    "changes": "/changes",
    "series": "/api/time/series",
    "conformance of all": "/api/conformance",
    "catalogue": "/catalogue",
    "differences": f"{ORCHID}/diff",
    "versions": f"{ORCHID}/versions",
}


def got(demo: Server, path: str, instant: dict[str, str], **more: Any) -> Any:
    """An answer, as soon as the state that it is of is ready."""
    accept = {"accept": more.pop("accept", "*/*")}
    asked = {**instant, **more}
    found = until(lambda: (a := demo.client.get(path, params=asked, headers=accept)).status_code
                  != 503 and a)  # fmt: skip
    assert found.status_code == 200, found.text
    return found


@pytest.mark.parametrize("instant", INSTANTS.values(), ids=INSTANTS)
def test_every_door_counts_the_same_specimens(demo: Server, instant: dict[str, str]) -> None:
    kinds = ("documents", "specimen")
    options = [f"--{name}={value}" for name, value in instant.items()]
    exported = got(demo, "/api/export", instant, format=kinds[0], type=kinds[1])
    found = {
        "search": got(demo, "/api/search", instant, limit=1).json()["total"],
        "statistics": got(demo, "/api/statistics", instant).json()["specimens"],
        "SPARQL": int(got(demo, "/sparql", instant, query=SPECIMENS, accept="text/csv")
                      .text.split()[1]),
        "export": len(exported.content.splitlines()),
        "command": Terminal(demo.data).json("search", *options)["total"],
    }  # fmt: skip
    assert len(set(found.values())) == 1, found
    assert bool(found["search"]) == (instant != INSTANTS["before the first event"])


@pytest.mark.parametrize("face", FACES)
def test_no_face_takes_what_is_no_instant(demo: Server, face: str) -> None:
    for why, text in NO_INSTANTS.items():
        answer = demo.client.get(_with(FACES[face], text))
        assert answer.status_code == 400, (why, answer.text)
        told = answer.json()
        assert answer.headers["content-type"] == "application/problem+json", why
        assert "as-of" in told["detail"] and text in told["detail"], (why, told)


@pytest.mark.parametrize("face", OF_NOW)
def test_what_knows_the_present_alone_does_not_take_an_instant_for_it(demo, face) -> None:
    answer = demo.client.get(_with(OF_NOW[face], "300"))
    assert answer.status_code == 400, answer.text
    assert "as-of" in answer.json()["detail"]


def test_before_its_first_event_there_is_no_object_and_nothing_else_fails(demo: Server) -> None:
    for face, path in FACES.items():
        answer = demo.client.get(_with(path, "2020-01-01"))
        there = not path.startswith(ORCHID)
        assert answer.status_code == (200 if there else 404), (face, answer.text)
        assert there or "did not exist" in answer.json()["detail"], face


def _with(path: str, as_of: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}as-of={as_of}"
