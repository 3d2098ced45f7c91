"""What waits for a decision about an object is still in the queue when that object was merged."""

from __future__ import annotations

from pathlib import Path

from api.annotations.waiting import waiting_in
from fdo.identifiers import Pid
from handlers.projections.annotations import Annotations
from tests.api.annotations.reviewing import Reviewing


def test_a_merge_takes_along_what_waits_for_a_decision(reviewing: Reviewing) -> None:
    one, other = reviewing.specimen("DH-1"), reviewing.specimen("DH-2")
    first = reviewing.propose(one)
    etag = reviewing.ask("GET", f"/{one}").headers["etag"]
    body = {"into": str(other), "reason": "The same sheet."}
    path = f"/api/objects/{one}/merge"
    merged = reviewing.post(path, "curator", body, headers={"if-match": etag})
    assert merged.status_code == 200, merged.text
    (item,) = reviewing.get("/api/review")["items"]
    assert (item["target"], item["was"], item["proposed"]) == (str(other), "Estonia", "Latvia")
    assert reviewing.state(first) == "superseded"
    heir = Pid.parse(item["pid"])
    page = reviewing.ask("GET", f"/{other}/annotations/").json()
    assert heir.iri in str(page) or str(heir) in str(page)
    accepted = reviewing.post(f"/api/annotations/{heir}/accept", "curator", {})
    assert accepted.status_code == 200 and reviewing.says(other) == "Latvia"


def test_where_there_is_no_view_nothing_is_found(tmp_path: Path) -> None:
    pid = Pid.parse("10.5072/ABC-DEF-123")
    assert list(waiting_in(None)(pid)) == []
    assert list(waiting_in(Annotations(tmp_path / "none.sqlite"))(pid)) == []
