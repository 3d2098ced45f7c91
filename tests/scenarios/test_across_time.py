"""Questions across time on the demo: HTTP, the command line and SPARQL say the same."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.scenarios.program import ROOT, Server, until
from tests.scenarios.terminal import Terminal

PAGE = (ROOT / "docs" / "how-to" / "ask-across-time.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sparql\n(.+?)```", PAGE, re.DOTALL)
AGENTS, OBJECTS, MONTHS, DELTA, DISCIPLINES = BLOCKS


def asked(demo: Server, query: str, **more: str) -> list[list[str]]:
    """The rows of a query as the server gives them."""
    pairs = {name.replace("_", "-"): value for name, value in more.items()}

    def answer() -> list[httpx.Response]:
        found = demo.client.post(
            "/sparql", params=pairs, data={"query": query}, headers={"Accept": "text/csv"}
        )
        return [] if found.status_code == 503 else [found]  # busy, or the instant is being made

    (found,) = until(answer)
    assert found.status_code == 200, found.text
    return list(csv.reader(io.StringIO(found.text)))[1:]


def told(demo: Server, address: str) -> Any:
    """What /api/time/… says."""
    found = demo.client.get(f"/api/time/{address}")
    assert found.status_code == 200, found.text
    return found.json()


def short(iri: str) -> str:
    """The PID in a name of the graph, without proxy and fragment."""
    return "/".join(iri.partition("#")[0].split("/")[-2:])


@pytest.mark.parametrize(
    ("query", "by", "name"), [(AGENTS, "agent", str), (OBJECTS, "object", short)]
)
def test_who_and_what_changed_most(demo: Server, query: str, by: str, name: Callable[[str], str]):
    rows = {name(value): int(number) for value, number in asked(demo, query)}
    items = told(demo, f"busiest?by={by}&limit=1000")["items"]
    assert {item["value"]: item["changes"] for item in items} == rows
    assert sum(rows.values()) > 10


def test_changes_by_month(demo: Server):
    found = told(demo, "series?of=changes&step=month")
    (line,) = found["series"]
    labels = [point["label"] for point in found["points"]]
    counted = {label: count for label, count in zip(labels, line["counts"], strict=True) if count}
    assert counted == {month: int(number) for month, number in asked(demo, MONTHS)}


def test_values_that_are_others_than_they_were(demo: Server):
    rows = {(short(place), old, new) for place, old, new in asked(demo, DELTA)}
    items = told(demo, "changed?term=country&since=2026-06-01&until=2026-10-31")["items"]
    assert {(item["pid"], item["old"], item["new"]) for item in items} == rows
    assert ("Eesti", "Estonia") in {row[1:] for row in rows}


def test_a_point_of_a_series_is_a_query_of_that_moment(demo: Server):
    rows = {value: int(n) for value, n in asked(demo, DISCIPLINES, as_of="2026-04-01")}
    found = told(demo, "series?by=discipline&from=2026-04-01&to=2026-04-01&step=day&top=50")
    assert {line["value"]: line["counts"][0] for line in found["series"]} == rows


def test_a_value_was_held_as_long_as_searches_of_the_past_find_it(demo: Server):
    found = told(demo, "held?term=discipline&value=Zoology")
    specimens = [item for item in found["items"] if item["type"] == "specimen"]
    for item in specimens[:5]:
        begin = item["from"]["event"]
        name = f"/{item['pid']}?as-of={begin}&format=json"
        assert demo.client.get(name).json()["ods:topicDiscipline"] == "Zoology"
        assert demo.client.get(f"/{item['pid']}?as-of={begin - 1}").status_code == 404
    point = told(demo, "series?by=discipline&top=50")
    (line,) = [line for line in point["series"] if line["value"] == "Zoology"]
    assert found["now"] == line["counts"][-1]


def test_the_command_line_says_what_the_server_says(demo: Server, sample: Terminal):
    for line, address in (
        (["changed", "country", "--limit", "3"], "changed?term=country&limit=3"),
        (["busiest", "term", "--limit", "5"], "busiest?by=term&limit=5"),
        (["held", "country", "Kenya"], "held?term=country&value=Kenya"),
        (["terms"], "terms"),
    ):
        here, there = sample.json("time", *line), told(demo, address)
        assert [_bare(item) for item in here["items"]] == [_bare(item) for item in there["items"]]
    heard = "2026-06-30"
    asked_for = ("series", "--by", "discipline", "--step", "month", "--to", "2026-10-31",
                 "--observed-at", heard)  # fmt: skip
    there = told(demo, f"series?by=discipline&step=month&to=2026-10-31&observed-at={heard}")
    assert sample.json("time", *asked_for) == there


def _bare(item: dict[str, Any]) -> dict[str, Any]:
    """Without the address of the server."""
    return {name: value for name, value in item.items() if name not in ("url", "diff")}


def test_a_chart_is_written_and_pages_go_on_where_they_ended(sample: Terminal, tmp_path):
    place = tmp_path / "growth.svg"
    sample("time", "series", "--by", "country", "--chart", place)
    assert place.read_text(encoding="utf-8").startswith("<svg")
    first = sample.json("time", "changed", "country", "--limit", "2")
    rest = sample.json("time", "changed", "country", "--cursor", first["next"])
    whole = sample.json("time", "changed", "country")
    assert first["items"] + rest["items"] == whole["items"]
    assert "Kenya" in sample("time", "held", "country", "kenia").stdout
    assert "contry" in sample.refused("time", "changed", "contry")
