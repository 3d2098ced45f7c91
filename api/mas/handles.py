"""The Handles of jobs: no objects, so they lead to where the job is told."""

from __future__ import annotations

from api.site import Site
from handlers.mas.store import Store


class JobHandles:
    """Looks Handles up that no object bears."""

    def __init__(self, site: Site) -> None:
        self._site, self._store = site, Store(site.settings.data)

    def address(self, handle: str, tail: str | None) -> str | None:
        """Where the job of a Handle is; None where there is none."""
        if tail is not None or not self._store.there or self._store.job(handle) is None:
            return None
        return f"{self._site.base}/api/jobs/{handle}"
