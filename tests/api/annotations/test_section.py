"""The page of an object lists the annotations on it and on its media."""

from __future__ import annotations

import html
import re

from fdo.agent import Agent
from fdo.identifiers import Pid
from tests.api.annotations.reviewing import LOCALITY, Reviewing
from tests.api.documents import a_medium, a_specimen

PAGE = {"accept": "text/html"}


def section(page: str) -> str:
    """The text of the section; nothing where there is none."""
    found = re.search(r'<section aria-labelledby="annotations">.*?</section>', page, re.S)
    return found[0] if found else ""


def test_annotations_on_a_specimen_and_its_media_are_listed_with_state_and_maker(
    reviewing: Reviewing,
):
    medium = reviewing.told.register("media", a_medium(Pid("10.5072", "AAA-AAA-AAA")))
    relation = {
        "@type": "ods:EntityRelationship",
        "dwc:relationshipOfResource": "hasDigitalMedia",
        "dwc:relatedResourceID": medium.iri,
    }
    document = a_specimen() | {"ods:hasEntityRelationships": [relation]}
    one = reviewing.told.register("specimen", document)
    assert section(reviewing.ask("GET", f"/{one}", headers=PAGE).text) == ""
    proposed = reviewing.propose(one)
    remark = reviewing.propose(medium, "Out of focus <b>", None, "oa:commenting")
    waiting = section(reviewing.ask("GET", f"/{one}", headers=PAGE).text)
    (review,) = re.findall(r'href="(/review[^"]*)"', waiting)
    assert str(proposed) in reviewing.ask("GET", html.unescape(review)).text
    reviewing.hands.reject(proposed, Agent("urn:example:x", "X"), "no")
    shown = section(reviewing.ask("GET", f"/{one}", headers=PAGE).text)
    assert f'href="/{proposed}"' in shown
    assert f'href="/{remark}"' in shown
    assert f'on <a href="/{medium}">' in shown
    for text in ("rejected", "standing", "Anna", "Latvia", "Out of focus &lt;b&gt;"):
        assert text in shown
    on_medium = section(reviewing.ask("GET", f"/{medium}", headers=PAGE).text)
    assert f'href="/{proposed}"' not in on_medium
    past = reviewing.ask("GET", f"/{one}/1", headers=PAGE).text
    assert section(past) == ""


def test_a_page_is_shown_without_a_view_of_annotations(browse, repository):
    one = repository.register("specimen", a_specimen())
    answer = browse().get(f"/{one}", "text/html")
    assert answer.status_code == 200
    assert section(answer.text) == ""


def test_ratings_stand_beside_what_they_rate(reviewing: Reviewing):
    one = reviewing.specimen()
    pid = reviewing.propose(one, "Laelatu", LOCALITY)
    reviewing.post(f"/api/annotations/{pid}/ratings", "any", {"stars": 4})
    assert "rated 4.0 of 5 by 1" in section(reviewing.ask("GET", f"/{one}", headers=PAGE).text)
