"""Who may decide about annotations, and what a decision makes of the object."""

from __future__ import annotations

import pytest

from fdo.agent import Agent
from tests.api.annotations.reviewing import ELSEWHERE, LOCALITY, ROBOT, Reviewing

ACCEPT = "/api/annotations/{}/accept"


def test_accepting_makes_a_version_that_names_annotator_and_approver(reviewing: Reviewing):
    one = reviewing.specimen()
    pid = reviewing.propose(one)
    answer = reviewing.post(ACCEPT.format(pid), "curator", {"reason": "So says the label."})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["what"], told["target"], told["target_version"]) == ("accepted", str(one), 2)
    assert reviewing.says(one) == "Latvia"
    event = reviewing.told.objects.log.latest(one)
    assert (event.agent.id, event.agent.role) == ("urn:collectome:agent:curator", "Approver")
    assert [(agent.id, agent.role) for agent in event.also] == [
        ("https://orcid.org/0000-0001-5109-3700", "Requestor")
    ]
    (item,) = reviewing.get(f"/api/annotations?pid={pid}")["items"]
    assert (item["state"], item["reason"]) == ("accepted", "So says the label.")
    assert item["decidedBy"] == "urn:collectome:agent:curator"
    again = reviewing.post(ACCEPT.format(pid), "curator", {})
    assert (again.status_code, again.json()["state"]) == (409, "accepted")


@pytest.mark.parametrize(
    ("by", "status"), [("curator", 200), ("any", 200), ("admin", 200), ("other", 403),
                       ("agent", 403), (None, 401)],
)  # fmt: skip
@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_only_curators_of_the_institution_decide(
    reviewing: Reviewing, by: str | None, status: int, verb: str
):
    pid = reviewing.propose(reviewing.specimen())
    path = f"/api/annotations/{pid}/{verb}"
    answer = reviewing.ask("POST", path, by, json={"reason": "because"})
    assert answer.status_code == status, answer.text
    assert (reviewing.state(pid) == "pending") == (status != 200)


def test_a_curator_decides_on_an_annotation_of_two_objects_only_if_both_are_held(
    reviewing: Reviewing,
):
    ours, theirs = reviewing.specimen(), reviewing.specimen("DH-2")
    reviewing.told.revise(theirs, _held_by_others(reviewing, theirs))
    pid = reviewing.propose(ours, oa_hasTarget=[_target(ours), {"oa:hasSource": theirs.iri}])
    assert reviewing.post(ACCEPT.format(pid), "curator", {}).status_code == 403
    assert reviewing.post(ACCEPT.format(pid), "any", {}).status_code == 200


def _target(pid):
    selector = {"@type": "ods:TermSelector", "ods:term": LOCALITY}
    return {"oa:hasSource": pid.iri, "oa:hasSelector": [selector]}


def _held_by_others(reviewing: Reviewing, pid):
    document = dict(reviewing.told.objects.log.latest(pid).document)
    return document | {"ods:organisationID": ELSEWHERE}


def test_a_decision_may_name_the_version_that_was_looked_at(reviewing: Reviewing):
    pid = reviewing.propose(reviewing.specimen())
    etag = reviewing.ask("GET", f"/{pid}", headers={"accept": "application/json"}).headers["etag"]
    stale = {"if-match": '"another-json"'}
    answer = reviewing.post(ACCEPT.format(pid), "curator", {}, headers=stale)
    assert answer.status_code == 412
    answer = reviewing.post(ACCEPT.format(pid), "curator", {}, headers={"if-match": etag})
    assert answer.status_code == 200, answer.text
    assert answer.headers["etag"] != etag


def test_a_rejection_says_why(reviewing: Reviewing):
    pid = reviewing.propose(reviewing.specimen())
    path = f"/api/annotations/{pid}/reject"
    assert reviewing.post(path, "curator", {"reason": " "}).status_code == 422
    assert reviewing.post(path, "curator", {"reason": "No."}).json()["what"] == "rejected"
    (item,) = reviewing.get(f"/api/annotations?pid={pid}")["items"]
    assert (item["state"], item["reason"]) == ("rejected", "No.")


def test_makers_withdraw_their_own_and_only_curators_take_back_what_was_accepted(
    reviewing: Reviewing,
):
    one = reviewing.specimen()
    agent = Agent("urn:collectome:agent:agent", "agent")
    own, others = reviewing.propose(one, by=agent), reviewing.propose(one, "x", LOCALITY)
    why = {"reason": "a mistake"}
    path = "/api/annotations/{}/withdraw"
    assert reviewing.post(path.format(others), "agent", why).status_code == 403
    assert reviewing.post(ACCEPT.format(own), "curator", {}).status_code == 200
    assert reviewing.post(path.format(own), "agent", why).status_code == 403
    assert reviewing.says(one) == "Latvia"
    assert reviewing.post(path.format(own), "curator", why).json()["what"] == "withdrawn"
    assert (reviewing.says(one), reviewing.state(own)) == ("Estonia", "withdrawn")
    third = reviewing.propose(one, "Finland", by=agent)
    assert reviewing.post(path.format(third), "agent", why).json()["what"] == "withdrawn"


def test_one_annotation_takes_the_place_of_another(reviewing: Reviewing):
    one = reviewing.specimen()
    old, new = reviewing.propose(one), reviewing.propose(one, "Finland")
    path = f"/api/annotations/{old}/supersede"
    body = {"successor": str(new), "reason": "better"}
    assert reviewing.post(path, "curator", body).json()["what"] == "superseded"
    assert reviewing.state(old) == "superseded"
    assert reviewing.post(path, "curator", {**body, "successor": str(one)}).status_code == 404


def test_what_is_no_annotation_is_not_decided(reviewing: Reviewing):
    one = reviewing.specimen()
    assert reviewing.post(ACCEPT.format(one), "admin", {}).status_code == 404
    assert reviewing.post(ACCEPT.format("20.5000.5072/AAA-AAA-AAA"), "admin", {}).status_code == 404
    assert reviewing.post(ACCEPT.format("nonsense"), "admin", {}).status_code == 400


# ── ratings ──────────────────────────────────────────────────────────────────────────────


def rating(reviewing: Reviewing, pid) -> tuple[float, int] | None:
    (item,) = reviewing.get(f"/api/annotations?pid={pid}")["items"]
    if "ods:hasAggregateRating" not in item:
        return None
    held = item["ods:hasAggregateRating"]
    return held["schema:ratingValue"], held["schema:ratingCount"]


def test_each_rater_has_one_rating_and_the_later_replaces_the_earlier(reviewing: Reviewing):
    pid = reviewing.propose(reviewing.specimen())
    path = f"/api/annotations/{pid}/ratings"
    assert rating(reviewing, pid) is None
    first = reviewing.post(path, "curator", {"stars": 5})
    assert (first.status_code, first.json()["what"]) == (201, "created")
    assert reviewing.post(path, "other", {"stars": 2}).json()["what"] == "created"
    assert rating(reviewing, pid) == (3.5, 2)
    before = reviewing.told.objects.log.position()
    for stars in (1, 5, 1):
        again = reviewing.post(path, "curator", {"stars": stars}).json()
        assert (again["pid"], again["what"]) == (first.json()["pid"], "revised")
    assert reviewing.post(path, "curator", {"stars": 1}).json()["what"] == "unchanged"
    assert rating(reviewing, pid) == (1.5, 2)
    (then,) = reviewing.get(f"/api/annotations?pid={pid}&as-of={before}")["items"]
    assert then["ods:hasAggregateRating"]["schema:ratingValue"] == 3.5


def test_the_face_of_opends_tells_the_mean_of_the_ratings(reviewing: Reviewing):
    pid = reviewing.propose(reviewing.specimen())
    face = f"/{pid}?format=opends"
    assert "ods:hasAggregateRating" not in reviewing.get(face)
    for rater, stars in (("curator", 5), ("other", 2)):
        reviewing.post(f"/api/annotations/{pid}/ratings", rater, {"stars": stars})
    assert rating(reviewing, pid) == (3.5, 2)
    told = reviewing.get(face)["ods:hasAggregateRating"]
    assert (told["schema:ratingValue"], told["schema:ratingCount"]) == (3.5, 2)
    cited = reviewing.get(f"/{pid}/1?format=opends")
    assert "ods:hasAggregateRating" not in cited, "a version stays what it was"


@pytest.mark.parametrize("stars", [0, 6, 2.5, "3", None, True])
def test_a_rating_is_a_whole_number_from_one_to_five(reviewing: Reviewing, stars):
    pid = reviewing.propose(reviewing.specimen())
    answer = reviewing.post(f"/api/annotations/{pid}/ratings", "any", {"stars": stars})
    assert answer.status_code == 422


def test_nobody_rates_an_annotation_of_their_own(reviewing: Reviewing):
    agent = Agent("urn:collectome:agent:agent", "agent")
    pid = reviewing.propose(reviewing.specimen(), by=agent)
    answer = reviewing.post(f"/api/annotations/{pid}/ratings", "agent", {"stars": 5})
    assert answer.status_code == 403
    other = reviewing.propose(reviewing.specimen("DH-2"), by=ROBOT)
    answer = reviewing.post(f"/api/annotations/{other}/ratings", "agent", {"stars": 5})
    assert answer.status_code == 201


def test_a_rating_keeps_to_the_scopes_and_quotas_of_its_token(reviewing: Reviewing):
    tokens = reviewing.told.tokens
    reviewing.tokens["commenter"] = tokens.create(
        "commenter", ("agent",), scopes=("motivation:commenting",)
    )
    reviewing.tokens["slow"] = tokens.create("slow", ("agent",), quotas=("1/day",))
    path = f"/api/annotations/{reviewing.propose(reviewing.specimen())}/ratings"
    assert reviewing.post(path, "commenter", {"stars": 1}).status_code == 403
    assert reviewing.post(path, "slow", {"stars": 1}).status_code == 201
    assert reviewing.post(path, "slow", {"stars": 5}).status_code == 429


def test_a_rating_that_was_withdrawn_is_not_made_again(reviewing: Reviewing):
    pid = reviewing.propose(reviewing.specimen())
    path = f"/api/annotations/{pid}/ratings"
    made = reviewing.post(path, "any", {"stars": 4}).json()["pid"]
    reviewing.post(f"/api/annotations/{made}/withdraw", "any", {"reason": "too quick"})
    assert reviewing.post(path, "any", {"stars": 4}).status_code == 409
    assert rating(reviewing, pid) is None


# ── conflicts ────────────────────────────────────────────────────────────────────────────


def in_conflict(reviewing: Reviewing):
    """An accepted change whose source says something else since."""
    one = reviewing.specimen()
    pid = reviewing.propose(one)
    assert reviewing.post(ACCEPT.format(pid), "curator", {}).status_code == 200
    document = dict(reviewing.told.objects.log.latest(pid).document)
    document |= {"col:overlayState": "conflict", "col:sourceValue": '"Lithuania"'}
    reviewing.told.revise(pid, document, "annotation")
    return one, pid


@pytest.mark.parametrize(("keep", "left"), [(True, "applied"), (False, "dropped")])
def test_a_conflict_waits_with_what_the_source_says_until_it_is_settled(
    reviewing: Reviewing, keep: bool, left: str
):
    one, pid = in_conflict(reviewing)
    (item,) = reviewing.get("/api/review?overlay=conflict")["items"]
    assert (item["pid"], item["severity"], item["state"]) == (str(pid), "high", "accepted")
    assert (item["now"], item["sourceValue"]) == ("Latvia", "Lithuania")
    path = f"/api/annotations/{pid}/settle"
    assert reviewing.post(path, "other", {"keep": keep}).status_code == 403
    answer = reviewing.post(path, "curator", {"keep": keep, "reason": "Looked at it."})
    assert (answer.status_code, answer.json()["what"]) == (200, "settled")
    assert reviewing.get("/api/review")["items"] == []
    (item,) = reviewing.get(f"/api/annotations?pid={pid}")["items"]
    assert item["overlay"] == left
    assert (reviewing.says(one) == "Latvia") == keep


def test_conflicts_are_settled_many_at_once(reviewing: Reviewing):
    _, pid = in_conflict(reviewing)
    pending = reviewing.propose(reviewing.specimen("DH-2"))
    body = {"pids": [str(pid), str(pending)], "decision": "keep", "reason": "Looked at it."}
    report = reviewing.post("/api/review/decisions", "curator", body).json()
    assert [item["what"] for item in report["items"]] == ["settled", "refused"]
