"""The page of models, and what the page of one of them tells beside its document.

GET /models    models with what became of their suggestions, training sets, evaluations
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from api.mas.models import LearningShown, listed_models, suggestions
from api.objects.addresses import Addresses
from api.site import Site
from api.sparql.description import shipped_query
from eventstore.envelope import Recorded
from fdo.documents import Document
from fdo.errors import Unavailable
from fdo.lifecycle import Status
from handlers.learning import DATASET, EVALUATION, MODEL
from handlers.projections.annotations import AnnotationQuery

_EVALUATIONS = 50
"""Evaluations on the page of a model."""


def models_page_router(site: Site) -> APIRouter:
    """The route /models."""
    router = APIRouter(tags=["machine annotation"], include_in_schema=False)
    question = "/sparql?" + urlencode({"query": shipped_query("annotations-of-models")})

    @router.get("/models")
    def page() -> Response:
        """Models, training sets and evaluations."""
        found = listed_models(site)
        body = site.renderer.page(
            "models.html",
            models=[one for one in found if one.kind == MODEL],
            question=question,
            sets=[one for one in found if one.kind == DATASET],
            local=Addresses(site.objects.log),
            evaluations=[_measure(one.document, one) for one in found if one.kind == EVALUATION],
        )
        return HTMLResponse(body, headers={"Cache-Control": "no-cache"})

    return router


def learning_part(site: Site, event: Recorded) -> dict[str, Any] | None:
    """What stands on the page of a model: what became of its suggestions, and how it was
    measured; None for other objects."""
    if event.type != MODEL or event.status is not Status.ACTIVE:
        return None
    log = site.objects.log
    claims = log.claims_under(f"{EVALUATION}:{event.pid.iri} ")[:_EVALUATIONS]
    heads = log.heads_of([pid for _, pid in claims])
    known = log.events_at(head.position for head in heads if head.status is Status.ACTIVE)
    try:
        asked = AnnotationQuery.parse({"model": [event.pid_text]})
        view = site.views.annotations
        tallies = [] if view is None else view.tallies("model", asked, limit=1)
    except Unavailable:  # a view that is being made is no reason to show no page
        tallies = []
    return {
        "suggestions": suggestions(tallies[0]) if tallies else None,
        "evaluations": [
            {"pid": str(one.pid)} | _measure(one.document)
            for one in sorted(known.values(), key=lambda one: one.position)
        ],
    }


def _measure(document: Document, shown: LearningShown | None = None) -> dict[str, Any]:
    """What an evaluation measured, in the words of the page."""
    measured = document.get("col:measured")
    return {
        "shown": shown,
        "name": document.get("schema:name", ""),
        "model": document.get("col:model", ""),
        "metric": document.get("col:metric", ""),
        "measured": None if measured is None else f"{measured:.4g}",
        "objects": document.get("col:objectCount"),
        "on": document.get("fair4ml:evaluatedOn", ()),
        "said": document.get("schema:description", ""),
    }
