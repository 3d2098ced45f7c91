"""The endpoint as part of the whole program: the two ways to a look-up are one to its clients."""

from __future__ import annotations

import http.client
import re
from urllib.parse import quote

from tests.scenarios.program import Server, until

LOOK_UP = "SELECT * { <https://doi.org/10.5072/AYE-19S-36C> ?p ?o }"


def test_a_look_up_that_is_answered_at_once_is_guarded_and_counted_as_all_others(
    demo: Server,
) -> None:
    connection = http.client.HTTPConnection(demo.client.base_url.host, demo.client.base_url.port)

    def ask(more: str) -> tuple[int, list[tuple[str, str]], bytes]:
        accept = {"Accept": "application/sparql-results+json"}
        connection.request("GET", f"/sparql?query={quote(LOOK_UP)}{more}", headers=accept)
        answer = connection.getresponse()
        headers = [(name, value) for name, value in answer.getheaders() if name != "date"]
        return answer.status, headers, answer.read()

    def counted() -> int:
        said = re.search(
            r'^collectome_requests_total\{route="sparql",status="200"\} (\d+)',
            demo.client.get("/metrics").text,
            re.MULTILINE,
        )
        return int(said[1]) if said else 0

    def of_no_worker() -> tuple[int, list[tuple[str, str]], bytes] | None:
        said = ask("&of-my-own=1")
        return None if "ratelimit" in dict(said[1]) else said  # only workers' time is limited

    usual = until(of_no_worker)
    before = counted()
    at_once = ask("")
    assert at_once == usual
    assert at_once[0] == 200
    assert dict(at_once[1])["x-content-type-options"] == "nosniff"
    assert counted() == before + 1
    connection.close()
