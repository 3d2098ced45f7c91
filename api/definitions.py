"""The identifiers of the type registry lead to the definitions that stand here.

GET /21.T11148/d8de0819e144e4096645     302 → /20.5000.5072/…, the profile of specimens
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import RedirectResponse

from api.site import Site
from fdo.definitions.names import registered_claim
from fdo.definitions.profiles import REGISTRY
from fdo.errors import NotFound

_Name = Annotated[str, Path(pattern="^[0-9a-f]{20}$", description="As the registry writes it.")]


def definitions_router(site: Site) -> APIRouter:
    """The route of the type registry's identifiers."""
    router = APIRouter(tags=["objects"])

    @router.get("/21.T11148/{name}", response_class=RedirectResponse, status_code=302)
    def registered(name: _Name) -> RedirectResponse:
        """Go to the definition of what the type registry knows under this identifier."""
        key = registered_claim(f"{REGISTRY}{name}")
        head = site.objects.log.claimed([key]).get(key)
        if head is None:
            raise NotFound(
                f"21.T11148/{name} is not defined here; {REGISTRY}{name} may be, at the registry."
            )
        return RedirectResponse(f"{site.base}/{head.pid}", 302)

    return router
