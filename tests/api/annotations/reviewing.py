"""A repository with annotations, its annotations view, and people with tokens."""

from __future__ import annotations

from typing import Any

import httpx

from api.views import Views
from eventstore.follower import follow_once
from fdo.agent import Agent
from fdo.documents import Document
from fdo.identifiers import Pid
from handlers.annotations import Annotations as Hands
from handlers.projections.annotations import Annotations, AnnotationsIndex
from tests.api.conftest import Browser, Repository
from tests.api.documents import a_specimen

ANNA = Agent("https://orcid.org/0000-0001-5109-3700", "Anna", "schema:Person")
ROBOT = Agent("https://hdl.handle.net/20.5000.5072/MAS-MAS-MAS", "label-ocr")
TARTU = "https://ror.org/03z77qz90"
ELSEWHERE = "https://ror.org/00bv4cx53"
COUNTRY = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:country']"
LOCALITY = "$['ods:hasEvents'][0]['ods:hasLocation']['dwc:locality']"


def a_draft(
    target: Pid, value: str = "Latvia", path: str | None = COUNTRY,
    motivation: str = "oa:editing", **more: Any,
) -> Document:  # fmt: skip
    """An annotation as somebody brings it."""
    source: Document = {"oa:hasSource": target.iri}
    if path:
        source["oa:hasSelector"] = [{"@type": "ods:TermSelector", "ods:term": path}]
    return {
        "oa:motivatedBy": [motivation],
        "oa:hasTarget": [source],
        "oa:hasBody": [{"@type": "oa:TextualBody", "rdf:value": value}],
        **{key.replace("_", ":", 1): held for key, held in more.items()},
    }


class Reviewing:
    """A repository whose annotations follow its log, asked like a server."""

    def __init__(self, told: Repository, **settings: Any) -> None:
        self.told = told
        self.hands = Hands(told.objects)
        self._place = told.folder / "annotations.sqlite"
        self.view = Annotations(self._place)
        self.tokens = {
            "curator": told.tokens.create("curator", ("curator",), organisation=TARTU),
            "other": told.tokens.create("other", ("curator",), organisation=ELSEWHERE),
            "any": told.tokens.create("any", ("curator",)),
            "agent": told.tokens.create("agent", ("agent",)),
            "admin": told.tokens.create("admin", ("admin",)),
        }
        self._browser = Browser(told.app(views=Views(annotations=self.view), **settings))

    def close(self) -> None:
        """Let go of the view."""
        self.view.close()

    def specimen(self, number: str = "DH-1", **more: Any) -> Pid:
        """A new specimen."""
        return self.told.register("specimen", a_specimen(number, **more))

    def propose(self, target: Pid, *of: Any, by: Agent = ANNA, **more: Any) -> Pid:
        """A new annotation, an hour after what was before."""
        self.told.now += 3_600_000_000
        outcome = self.hands.propose(a_draft(target, *of, **more), by).required()
        assert outcome.pid is not None
        return outcome.pid

    def follow(self) -> None:
        """Bring the view to the head of the log."""
        projection = AnnotationsIndex(self._place)
        while follow_once(self.told.objects.log, [projection]):
            pass
        projection.close()

    def ask(self, method: str, path: str, by: str | None = None, **options: Any) -> httpx.Response:
        """A request that sees all that was recorded, with a token or without."""
        self.follow()
        headers = dict(options.pop("headers", {}))
        if by is not None:
            headers["authorization"] = f"Bearer {self.tokens[by]}"
        return self._browser.request(method, path, headers=headers, **options)

    def get(self, path: str, **options: Any) -> Any:
        """The JSON of an address."""
        answer = self.ask("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, by: str, body: Any, **options: Any) -> httpx.Response:
        """Send JSON."""
        self.told.now += 3_600_000_000
        return self.ask("POST", path, by, json=body, **options)

    def state(self, pid: Pid) -> str:
        """Where an annotation is in its life."""
        (one,) = self.get(f"/api/annotations?pid={pid}")["items"]
        return str(one["state"])

    def says(self, pid: Pid) -> Any:
        """The country that an object names now."""
        document = self.told.objects.log.latest(pid).document
        return document["ods:hasEvents"][0]["ods:hasLocation"].get("dwc:country")
