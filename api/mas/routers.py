"""All routes of machine annotation, and what they share."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter

from api.mas.callbacks import callbacks_router
from api.mas.contract import contract_router
from api.mas.jobs import jobs_router
from api.mas.metrics import JobMeasures
from api.mas.models import models_router
from api.mas.models_page import models_page_router
from api.mas.page import page_router
from api.mas.running import results_of
from api.mas.services import services_router
from api.site import Site


def mas_routers(site: Site) -> Sequence[APIRouter]:
    """The routers of services, jobs, answers and the page."""
    results = results_of(site.settings, site.objects)
    store = results.store
    site.measures.registry.register(JobMeasures(site.objects.log, store))
    return (
        callbacks_router(site, results),
        contract_router(results),
        jobs_router(site, store),
        services_router(site, store),
        models_router(site),
        models_page_router(site),
        page_router(site, store),
    )
