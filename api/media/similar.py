"""Images that look alike: of a medium, or of an image that somebody brings.

    GET  /similar?pid={medium}       a page, or JSON by Accept
    POST /similar                    multipart, field `image`: the same for an image from outside

An image that is brought is looked at and forgotten. Media that left the public are left out, and
those whose file is not here have no thumbnail: nothing is fetched for a list.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, JSONResponse

from api.media.pictures import SMALL, file_here, picture_of
from api.site import Site
from fdo.errors import NotFound, SourceRefused, Unavailable
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from handlers.media.gate import Gate
from handlers.services.runtime import ModelRefused

if TYPE_CHECKING:
    from handlers.projections.vectors import VectorsReader
    from handlers.similarity.embedding import Embedder
    from handlers.similarity.finder import Finder

MOST = 100
UPLOAD_MB = 20
"""Largest image that is brought."""
IN_LINE = 8
"""Requests that wait while an image is looked at."""
_LEFT_OUT = 4
"""So many times more are looked for than asked, since some may have left the public."""

Pidded = Annotated[str, Query(max_length=200, description="A medium; empty: the form alone.")]
Count = Annotated[int, Query(ge=1, le=MOST, description="How many.")]


class Likeness:
    """What is alike in one repository; its models are loaded when first asked."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._files = site.files
        self._lock = threading.Lock()
        self._gate = Gate(1, IN_LINE, "Many images are being compared; ask again.")
        self._loaded: tuple[Embedder, Finder] | None = None

    def of_medium(self, pid: Pid, count: int) -> list[dict[str, Any]]:
        """The media most like one of ours, that one left out."""
        embedder, finder = self._ready()
        known = self._view().of(str(pid), embedder.sha256)
        if known is None or len(known) != 2 * embedder.dimensions:  # of a service that errs
            return self.of_image(self._files.file(pid).file.path.read_bytes(), count, but=pid)
        from handlers.similarity.embedding import unpacked

        return self._public(finder.nearest(unpacked(known), _LEFT_OUT * count + 1), count, pid)

    def of_image(self, data: bytes, count: int, but: Pid | None = None) -> list[dict[str, Any]]:
        """The media most like an image; SourceRefused where the bytes are none."""
        embedder, finder = self._ready()
        from handlers.services.images import Unreadable, read

        try:
            with self._gate.passed():
                vector = embedder.vector(read(data))
        except Unreadable as why:
            raise SourceRefused(why.message, code="image-unreadable") from why
        return self._public(finder.nearest(vector, _LEFT_OUT * count + 1), count, but)

    def _public(self, near: list[Any], count: int, but: Pid | None) -> list[dict[str, Any]]:
        log, base = self._site.objects.log, self._site.base
        heads = {str(head.pid): head for head in log.heads_of([one.target for one in near])}
        found = []
        for one in near:
            head = heads.get(one.target)
            if head is None or head.status is not Status.ACTIVE or head.pid == but:
                continue
            event = log.event(head.position)
            if event.operational:
                event = log.latest(head.pid)
            here = file_here(self._files, head.pid, event.document)
            picture = picture_of(head.pid, here, SMALL)
            found.append(
                {
                    "pid": head.pid.iri,
                    "page": f"{base}/{head.pid}",
                    "title": event.document.get("dcterms:title")
                    or event.document.get("ac:accessURI", ""),
                    "score": round(one.score, 4),
                    "thumbnail": f"{base}{picture.address}" if picture else None,
                    "annotation": Pid.parse(one.annotation).iri,
                }
            )
            if len(found) == count:
                break
        return found

    def _view(self) -> VectorsReader:
        view = self._site.views.vectors
        if view is None:
            raise Unavailable("There is no view of vectors here; is the projector running?")
        return view

    def _ready(self) -> tuple[Embedder, Finder]:
        view, settings = self._view(), self._site.settings
        with self._lock:
            if self._loaded is None:
                try:
                    from handlers.similarity.embedding import Embedder
                    from handlers.similarity.finder import Finder

                    model = settings.embedding_model, settings.embedding_sha256 or None
                    embedder = Embedder(*model)
                except ImportError as lacking:
                    raise Unavailable(
                        "Finding similar images needs the packages of requirements-mas.lock; "
                        f"{lacking.name} is not installed."
                    ) from lacking
                except ModelRefused as why:
                    raise Unavailable(
                        f"Images cannot be compared by the model of this repository: {why.message}"
                    ) from why
                self._loaded = embedder, Finder(view, embedder.sha256, embedder.dimensions)
        return self._loaded


def similar_router(site: Site) -> APIRouter:
    """The routes under /similar."""
    router = APIRouter(tags=["media"])
    likeness = Likeness(site)

    @router.get("/similar")
    def similar(request: Request, pid: Pidded = "", k: Count = 12) -> Response:
        """The media that look most like one of ours."""
        asked = Pid.parse(pid) if pid else None
        found = likeness.of_medium(_medium(site, asked), k) if asked else None
        return _answer(site, request, found, asked)

    @router.post("/similar")
    def brought(request: Request, image: Annotated[UploadFile, File()], k: Count = 12) -> Response:
        """The media that look most like an image that is brought."""
        data = image.file.read(UPLOAD_MB * 1024 * 1024 + 1)
        if len(data) > UPLOAD_MB * 1024 * 1024:
            raise SourceRefused(f"An image has {UPLOAD_MB} MB at most.", code="image-too-large")
        return _answer(site, request, likeness.of_image(data, k), None)

    return router


def _medium(site: Site, pid: Pid) -> Pid:
    head = site.objects.log.known(pid)
    if head.type != "media" or head.status is not Status.ACTIVE:
        raise NotFound(f"{pid} is no medium that is public; name one that is.")
    return pid


def _answer(
    site: Site, request: Request, found: list[dict[str, Any]] | None, asked: Pid | None
) -> Response:
    if "text/html" in request.headers.get("accept", ""):
        page = site.renderer.page(
            "similar.html", found=found, asked=str(asked) if asked else None, upload_mb=UPLOAD_MB
        )
        return HTMLResponse(page, headers={"vary": "Accept", "cache-control": "no-cache"})
    return JSONResponse(
        {"of": asked.iri if asked else None, "similar": found or []}, headers={"vary": "Accept"}
    )
