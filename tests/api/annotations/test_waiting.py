"""What waits for a decision about an object is still in the queue when that object was merged."""

from __future__ import annotations

from pathlib import Path

from api.annotations.waiting import waiting_in
from fdo.agent import Agent
from fdo.identifiers import Pid
from handlers.curation import Curation
from handlers.projections.annotations import Annotations
from tests.api.annotations.reviewing import ANNA, Reviewing, a_draft


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


def test_a_proposal_that_the_view_has_not_read_is_found_in_the_log(reviewing: Reviewing) -> None:
    one, other = reviewing.specimen("DH-1"), reviewing.specimen("DH-2")
    read = reviewing.propose(one)
    reviewing.follow()
    unread = reviewing.propose(one, "Eesti")
    reviewing.propose(other, "Eesti")
    reviewing.hands.propose(a_draft(one, "Fine.", path=None, motivation="oa:commenting"), ANNA)
    log = reviewing.told.objects.log
    found = waiting_in(reviewing.view, log)(one)
    assert str(unread) in found and str(read) in found and len(found) == 3
    clara = Agent("https://orcid.org/0000-0001-5109-3700", "Clara", "schema:Person")
    hands = Curation(reviewing.told.objects, clara, waiting=waiting_in(reviewing.view, log))
    hands.merge(one, other, "The same sheet.")
    assert log.standing(read) != read
    said = {str(each["proposed"]) for each in reviewing.get("/api/review")["items"]}
    assert said == {"Latvia", "Eesti"}


def test_where_there_is_no_view_nothing_is_found(tmp_path: Path, reviewing: Reviewing) -> None:
    log, pid = reviewing.told.objects.log, Pid.parse("10.5072/ABC-DEF-123")
    assert list(waiting_in(None, log)(pid)) == []
    assert list(waiting_in(Annotations(tmp_path / "none.sqlite"), log)(pid)) == []
