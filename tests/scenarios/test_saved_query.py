"""A saved query on the real server: saved, answered now and then, cited by version."""

from __future__ import annotations

import csv
import io

from tests.scenarios.program import Server, until

QUERY = """PREFIX schema: <http://schema.org/>
SELECT ?query ?name WHERE { ?query a schema:SoftwareSourceCode ; schema:name ?name }"""


def test_a_saved_query_is_answered_as_of_each_of_its_versions(workshop: Server) -> None:
    client, csv_please = workshop.client, {"accept": "text/csv"}
    body = {"name": "Which queries?", "query": QUERY}
    saved = client.post("/api/queries", json=body, headers=workshop.writing)
    assert saved.status_code == 201, saved.text
    place = saved.json()["pid"].split("/", 3)[3]
    renamed = client.put(
        f"/api/queries/{place}",
        json={**body, "name": "Which queries are saved?"},
        headers={**workshop.writing, "if-match": saved.headers["etag"]},
    )
    assert renamed.json()["version"] == 2

    def names(query: str) -> list[str]:
        answer = client.get(f"/{place}/result{query}", headers=csv_please, follow_redirects=True)
        if answer.status_code == 503:  # the instant is being prepared
            return []
        assert answer.status_code == 200, answer.text
        rows = csv.DictReader(io.StringIO(answer.text))
        return [row["name"] for row in rows if row["query"].endswith(place)]

    assert until(lambda: names("") == ["Which queries are saved?"])
    assert until(lambda: names("?as-of=v1") == ["Which queries?"])
    assert until(lambda: names("?as-of=v2") == ["Which queries are saved?"])


def test_two_writers_never_overwrite_each_other(workshop: Server) -> None:
    client = workshop.client
    body = {"name": "Anything?", "query": "ASK { ?s ?p ?o }"}
    saved = client.post("/api/queries", json=body, headers=workshop.writing)
    place = saved.json()["pid"].split("/", 3)[3]
    seen = {**workshop.writing, "if-match": saved.headers["etag"]}
    first = client.put(f"/api/queries/{place}", json={**body, "name": "First"}, headers=seen)
    second = client.put(f"/api/queries/{place}", json={**body, "name": "Second"}, headers=seen)
    assert (first.status_code, second.status_code) == (200, 412)
    assert client.get(f"/{place}").json()["schema:name"] == "First"
