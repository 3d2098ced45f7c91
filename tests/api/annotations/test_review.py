"""The review queue: what waits, with what it would replace, and decisions about many."""

from __future__ import annotations

import html
import re

import httpx
import pytest

from fdo.agent import Agent
from handlers.curation import Curation
from tests.api.annotations.reviewing import (
    COUNTRY,
    ELSEWHERE,
    LOCALITY,
    ROBOT,
    Reviewing,
    a_draft,
)
from tests.api.conftest import BASE
from tests.api.documents import a_specimen

SAME_SITE = {"origin": BASE}


def pids(answer) -> list[str]:
    return [one["pid"] for one in answer["items"]]


def test_the_most_urgent_comes_first_with_the_value_it_would_replace(reviewing: Reviewing):
    one = reviewing.specimen()
    remark = reviewing.propose(one, "Nice", None, "oa:commenting")
    place = reviewing.propose(one, "Laelatu", LOCALITY)
    country = reviewing.propose(one)
    queue = reviewing.get("/api/review")
    assert pids(queue) == [str(country), str(place)]
    assert str(remark) not in pids(queue)
    first, second = queue["items"]
    assert (first["was"], first["now"], first["proposed"]) == ("Estonia", "Estonia", "Latvia")
    assert (first["severity"], second["severity"]) == ("high", "medium")
    assert first["changed"] is False


def test_the_queue_tells_that_the_value_has_changed_since(reviewing: Reviewing):
    one = reviewing.specimen()
    reviewing.propose(one)
    other = a_specimen()
    other["ods:hasEvents"][0]["ods:hasLocation"]["dwc:country"] = "Finland"
    reviewing.told.revise(one, other)
    (item,) = reviewing.get("/api/review")["items"]
    assert (item["was"], item["now"], item["changed"]) == ("Estonia", "Finland", True)


def test_a_value_is_found_where_its_array_moved_it(reviewing: Reviewing):
    one = reviewing.specimen()
    reviewing.propose(one)
    moved = a_specimen()
    earlier = {"@type": "ods:Event", "dwc:eventDate": "1901-01-01"}
    moved["ods:hasEvents"] = [earlier, *moved["ods:hasEvents"]]
    reviewing.told.revise(one, moved)
    (item,) = reviewing.get("/api/review")["items"]
    assert (item["was"], item["now"], item["changed"]) == ("Estonia", "Estonia", False)
    gone = a_specimen(**{"ods:hasEvents": [earlier]})
    reviewing.told.revise(one, gone)
    (item,) = reviewing.get("/api/review")["items"]
    assert "now" not in item
    assert item["changed"] is True


def test_values_of_an_object_that_is_not_public_are_not_shown(reviewing: Reviewing):
    one = reviewing.specimen()
    reviewing.propose(one)
    reviewing.told.withhold(one, "no licence")
    (item,) = reviewing.get("/api/review")["items"]
    assert item["targetIsPublic"] is False
    assert "Estonia" not in str(item)
    (group,) = reviewing.get("/api/review?grouped=true")["groups"]
    assert "Estonia" not in str(group)


def test_equal_proposals_come_together_and_are_decided_at_once(reviewing: Reviewing):
    specimens = [reviewing.specimen(f"DH-{n}") for n in range(4)]
    for specimen in specimens[:3]:
        reviewing.propose(specimen)
    queue = reviewing.get("/api/review?grouped=true")
    (group,) = queue["groups"]
    assert (group["count"], group["was"], group["proposed"]) == (3, "Estonia", "Latvia")
    late = reviewing.propose(specimens[3])  # equal, but nobody saw it yet
    body = {"filter": {"group": group["group"]}, "asOf": queue["asOf"], "decision": "accept"}
    report = reviewing.post("/api/review/decisions", "curator", body).json()
    assert (report["done"], report["refused"], report["left"]) == (3, 0, 0)
    assert [reviewing.says(each) for each in specimens] == ["Latvia"] * 3 + ["Estonia"]
    assert reviewing.state(late) == "pending"


def test_of_many_each_is_decided_by_itself(reviewing: Reviewing):
    ours, theirs = reviewing.specimen(), reviewing.specimen("DH-2")
    held = dict(reviewing.told.objects.log.latest(theirs).document)
    reviewing.told.revise(theirs, held | {"ods:organisationID": ELSEWHERE})
    good, foreign = reviewing.propose(ours), reviewing.propose(theirs)
    done = reviewing.propose(ours, "x", LOCALITY)
    reviewing.hands.reject(done, ROBOT, "no")
    named = [str(good), str(foreign), str(done), "20.5000.5072/AAA-AAA-AAA", "junk", str(good)]
    body = {"pids": named, "decision": "accept"}
    report = reviewing.post("/api/review/decisions", "curator", body).json()
    assert (report["done"], report["refused"]) == (1, 4)
    told = {item["pid"]: item for item in report["items"]}
    assert told[str(good)]["what"] == "accepted"
    assert "held by" in told[str(foreign)]["detail"]
    assert "rejected" in told[str(done)]["detail"]
    assert all(item["detail"] for item in report["items"] if item["what"] == "refused")


def test_what_a_filter_selects_of_other_institutions_is_left_to_them(reviewing: Reviewing):
    specimens = [reviewing.specimen(f"DH-{n}") for n in range(3)]
    for each in specimens[:2]:
        held = dict(reviewing.told.objects.log.latest(each).document)
        reviewing.told.revise(each, held | {"ods:organisationID": ELSEWHERE})
    pids = [reviewing.propose(each) for each in specimens]
    queue = reviewing.get("/api/review?grouped=true")
    body = {"filter": {"term": "dwc:country"}, "asOf": queue["asOf"], "decision": "accept"}
    report = reviewing.post("/api/review/decisions", "curator", body).json()
    assert (report["done"], report["refused"], report["others"]) == (1, 0, 2)
    assert [reviewing.state(each) for each in pids] == ["pending", "pending", "accepted"]
    cookie = sign_in(reviewing, "curator")
    page = reviewing.ask("GET", "/review", headers=cookie).text
    fields = {
        "csrf": hidden(page, "csrf"), "as-of": hidden(page, "as-of"), "back": "",
        "group": queue["groups"][0]["group"], "decision": "accept", "reason": "",
    }  # fmt: skip
    done = form(reviewing, "/review", fields, cookie).text
    assert "0 done, 0 refused. 2 are for curators of other institutions" in done
    assert "Nothing was chosen" not in done
    report = reviewing.post("/api/review/decisions", "any", body | {"asOf": queue["asOf"]}).json()
    assert (report["done"], report["others"]) == (2, 0), "who is limited to none decides on all"


@pytest.mark.parametrize(
    "body",
    [
        {"decision": "accept"},
        {"pids": [], "decision": "accept"},
        {"pids": ["x"], "filter": {"term": "dwc:country"}, "decision": "accept", "asOf": 1},
        {"filter": {"term": "dwc:country"}, "decision": "accept"},
        {"pids": ["x"], "decision": "perhaps"},
        {"pids": ["x"] * 1001, "decision": "accept"},
    ],
)
def test_a_decision_about_many_says_plainly_about_which(reviewing: Reviewing, body):
    assert reviewing.post("/api/review/decisions", "curator", body).status_code == 422


def test_a_filter_that_is_unknown_decides_nothing(reviewing: Reviewing):
    pid = reviewing.propose(reviewing.specimen())
    body = {"filter": {"state": "pending"}, "asOf": 99, "decision": "reject", "reason": "x"}
    answer = reviewing.post("/api/review/decisions", "any", body)
    assert (answer.status_code, answer.json()["parameter"]) == (400, "state")
    assert reviewing.state(pid) == "pending"


def test_a_service_that_is_not_trusted_never_decides(reviewing: Reviewing):
    pid = reviewing.propose(reviewing.specimen(), by=ROBOT)
    body = {"pids": [str(pid)], "decision": "accept"}
    assert reviewing.post("/api/review/decisions", "agent", body).status_code == 403
    assert reviewing.ask("POST", "/api/review/decisions", json=body).status_code == 401


def test_groups_and_lists_go_on_page_by_page(reviewing: Reviewing):
    for number in range(5):
        reviewing.propose(reviewing.specimen(f"DH-{number}"), f"Country {number}")
    for query, key in (("grouped=true&limit=2", "groups"), ("limit=2", "items")):
        page = reviewing.get(f"/api/review?{query}")
        seen = list(page[key])
        while page["next"]:
            page = reviewing.get(page["next"].removeprefix(BASE))
            seen += page[key]
        assert len({str(each) for each in seen}) == len(seen) == 5


# ── the page ─────────────────────────────────────────────────────────────────────────────


def sign_in(reviewing: Reviewing, who: str) -> dict[str, str]:
    """The headers of a browser in which somebody signed in."""
    answer = form(reviewing, "/sign-in", {"token": reviewing.tokens[who], "next": "/review"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/review")
    return {"cookie": answer.headers["set-cookie"].partition(";")[0], **SAME_SITE}


def form(
    reviewing: Reviewing, path: str, fields: dict, headers: dict | None = None
) -> httpx.Response:
    return reviewing.ask("POST", path, data=fields, headers={**SAME_SITE, **(headers or {})})


def hidden(page: str, name: str) -> str:
    found = re.search(f'name="{name}" value="([^"]*)"', page)
    assert found, name
    return html.unescape(found[1])


def test_a_curator_decides_on_the_page_without_a_script(reviewing: Reviewing):
    specimens = [reviewing.specimen(f"DH-{n}") for n in range(3)]
    proposed = [reviewing.propose(each) for each in specimens]
    visitor = reviewing.ask("GET", "/review").text
    assert "Estonia" in visitor
    assert "3 objects" in visitor
    assert "checkbox" not in visitor
    cookie = sign_in(reviewing, "curator")
    page = reviewing.ask("GET", "/review", headers=cookie)
    assert page.headers["cache-control"] == "no-store"
    assert "script" not in page.text
    assert 'href="/review?organisation=https%3A//ror.org/03z77qz90"' in page.text
    fields = {
        "csrf": hidden(page.text, "csrf"), "as-of": hidden(page.text, "as-of"), "back": "",
        "group": hidden(page.text, "group"), "decision": "accept", "reason": "",
    }  # fmt: skip
    done = form(reviewing, "/review", fields, cookie)
    assert done.status_code == 200, done.text
    assert "3 done, 0 refused" in done.text
    assert [reviewing.says(each) for each in specimens] == ["Latvia"] * 3
    assert all(str(pid) in done.text for pid in proposed)
    assert "Nothing waits for a decision" in reviewing.ask("GET", "/review", headers=cookie).text


def test_single_annotations_are_ticked_one_by_one(reviewing: Reviewing):
    one = reviewing.specimen()
    keep, drop = reviewing.propose(one, "Laelatu", LOCALITY), reviewing.propose(one)
    cookie = sign_in(reviewing, "curator")
    page = reviewing.ask("GET", "/review?grouped=false&term=dwc:country", headers=cookie).text
    assert str(keep) not in page
    fields = {
        "csrf": hidden(page, "csrf"), "as-of": hidden(page, "as-of"),
        "back": hidden(page, "back"), "pid": hidden(page, "pid"), "decision": "reject",
        "reason": "The label says Estonia.",
    }  # fmt: skip
    done = form(reviewing, "/review", fields, cookie).text
    assert "1 done, 0 refused" in done
    assert 'href="/review?grouped=false&amp;term=dwc' in done
    assert (reviewing.state(drop), reviewing.state(keep)) == ("rejected", "pending")


def test_what_was_erased_waits_for_nobody_and_breaks_no_page(reviewing: Reviewing):
    one = reviewing.specimen()
    erased, other = reviewing.propose(one, "A living person"), reviewing.propose(one)
    event = reviewing.told.objects.log.latest(erased)
    hands = Curation(reviewing.told.objects, ROBOT)
    hands.erase(hands.erasable(erased, event.version), "Privacy.")
    assert pids(reviewing.get("/api/review")) == [str(other)]
    for path in ("/review", "/review?grouped=false"):
        page = reviewing.ask("GET", path, headers={"accept": "text/html"})
        assert (page.status_code, str(erased) in page.text) == (200, False)


def test_what_was_rewritten_since_it_was_looked_at_is_not_accepted_unseen(reviewing: Reviewing):
    one = reviewing.specimen()
    pid = reviewing.propose(one, by=ROBOT)
    cookie = sign_in(reviewing, "curator")
    page = reviewing.ask("GET", "/review?grouped=false", headers=cookie).text
    seen = reviewing.get("/api/review")["asOf"]
    reviewing.hands.revise(pid, a_draft(one, "Nowhere"), ROBOT).required()
    fields = {
        "csrf": hidden(page, "csrf"), "as-of": hidden(page, "as-of"), "back": "",
        "pid": str(pid), "decision": "accept", "reason": "",
    }  # fmt: skip
    done = form(reviewing, "/review", fields, cookie).text
    assert "0 done, 1 refused" in done
    assert "has changed since you looked at it" in done
    body = {"pids": [str(pid)], "decision": "accept", "asOf": seen}
    assert reviewing.post("/api/review/decisions", "curator", body).json()["refused"] == 1
    assert (reviewing.state(pid), reviewing.says(one)) == ("pending", "Estonia")
    body["asOf"] = reviewing.get("/api/review")["asOf"]
    assert reviewing.post("/api/review/decisions", "curator", body).json()["done"] == 1


def test_no_form_counts_without_its_session_its_secret_and_its_site(reviewing: Reviewing):
    pid = reviewing.propose(reviewing.specimen())
    cookie = sign_in(reviewing, "curator")
    page = reviewing.ask("GET", "/review", headers=cookie).text
    good = {
        "csrf": hidden(page, "csrf"), "as-of": "99", "pid": str(pid), "decision": "accept",
    }  # fmt: skip
    agent = sign_in(reviewing, "agent")
    agents = reviewing.ask("GET", "/sign-in", headers=agent).text
    attempts = [
        ({**good}, {}, 401),
        ({**good, "csrf": "x"}, cookie, 403),
        ({**good, "csrf": ""}, cookie, 403),
        (good, {**cookie, "origin": "https://evil.example"}, 403),
        (good, {**cookie, "sec-fetch-site": "cross-site"}, 403),
        (good, {**cookie, "content-type": "text/plain"}, 403),
        ({**good, "csrf": hidden(agents, "csrf")}, agent, 403),
        ({**good, "decision": "perhaps"}, cookie, 400),
    ]
    for fields, headers, status in attempts:
        answer = form(reviewing, "/review", fields, headers)
        assert answer.status_code == status, (fields, headers, answer.text)
        assert reviewing.state(pid) == "pending"
    assert form(reviewing, "/review", good, cookie).status_code == 200
    assert reviewing.state(pid) == "accepted"


def test_hostile_words_are_shown_as_words(reviewing: Reviewing):
    evil = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    mallory = Agent("urn:example:mallory", "<b>Mallory</b>")
    reviewing.propose(reviewing.specimen(), evil, LOCALITY, by=mallory)
    for path in ("/review", "/review?grouped=false"):
        page = reviewing.ask("GET", path).text
        assert "<script" not in page
        assert "<img" not in page
        assert "<b>Mallory" not in page
        assert html.escape("<script>alert(1)") in page


def test_the_queue_is_narrowed_by_links(reviewing: Reviewing):
    one = reviewing.specimen()
    reviewing.propose(one)
    reviewing.propose(one, "Laelatu", LOCALITY)
    page = reviewing.ask("GET", "/review").text
    links = [html.unescape(found) for found in re.findall(r'href="(/review\?[^"]*)"', page)]
    (narrow,) = [link for link in links if "term=dwc%3Alocality" in link]
    narrowed = reviewing.ask("GET", narrow).text
    assert COUNTRY not in html.unescape(narrowed)
    assert LOCALITY in html.unescape(narrowed)
    for link in links:
        assert reviewing.ask("GET", link).status_code == 200, link


def test_no_sign_that_turns_a_line_around_stands_where_decisions_are_made(reviewing: Reviewing):
    one, turning = reviewing.specimen(), Agent("urn:example:x", "Anna\u202eannA")
    reviewing.propose(one, "Esto\u202eain\u200b", LOCALITY, by=turning)
    for path in ("/review", "/review?grouped=false", f"/{one}"):
        page = reviewing.ask("GET", path, headers={"accept": "text/html"}).text
        assert "Estoain" in page and "AnnaannA" in page, path
        assert not {"\u202e", "\u200b"} & set(page), path


def test_an_empty_queue_says_so(reviewing: Reviewing):
    assert "Nothing waits for a decision" in reviewing.ask("GET", "/review").text
    assert reviewing.get("/api/review")["items"] == []
    assert reviewing.get("/api/review?grouped=true")["groups"] == []
