"""The files of media, and rectangles of them: fetched when first asked for, kept by their hash.

    GET  /api/media/{pid}            what is known of the file
    GET  /api/media/{pid}/file       its bytes (ranges, ETag = SHA-256)
    GET  /api/media/{pid}/region     ?xywh=percent:10,10,50,20&size=800: a part as an image
    POST /api/media/{pid}/check      fetch it anew (curator): the link check

`xywh` is that of Media Fragments URI 1.0, so the fragment of a W3C FragmentSelector can be
asked for as it stands.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Depends, Header, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field

from api.media.pictures import LARGE
from api.refusals import UnknownParameter
from api.security import Token, require
from api.settings import Settings
from api.site import Site
from eventstore.application import DigitalObjects
from eventstore.envelope import iso, to_micros, to_moment
from fdo.errors import Refused
from fdo.identifiers import Pid
from handlers.media import FOLDER, Kept, MediaFiles, Terms
from handlers.media.gate import Gate
from handlers.media.types import type_of_file

if TYPE_CHECKING:
    from handlers.media.regions import Area

Outcome = Literal["unknown", "fetched", "unreachable", "refused"]
_SHOWN = ("image/", "audio/", "video/")
MOST_SIDE = 4096
"""Pixels of the longest side of an image that is cut out here."""
CUTS, CUTS_IN_LINE = 2, 12
"""Images that are decoded at once, each up to a gigabyte of memory, and requests that wait."""
_HARMLESS = {"content-security-policy": "sandbox; default-src 'none'", "x-robots-tag": "noindex"}
"""What strangers send runs nowhere, whatever it turns out to be."""
_CORS = {"access-control-allow-origin": "*", "access-control-expose-headers": "ETag, Content-Range"}


class MediaFile(BaseModel):
    """The file of a medium, as far as it is known here."""

    pid: str
    outcome: Outcome = Field(description="How the last fetch ended.")
    said: str = Field(description="Why it could not be had; empty where it could.")
    checked: str | None = Field(description="When it was fetched last.")
    stored: bool = Field(description="Whether the bytes are here now.")
    sha256: str | None
    length: int | None = Field(description="Bytes.")
    media_type: str | None = Field(description="By its first bytes, not by what its sender said.")
    width: int | None = Field(description="Pixels, as viewers show it.")
    height: int | None
    file: str = Field(description="Where its bytes are.")
    region: str = Field(description="Where parts of it are: append ?xywh=….")


def media_files(settings: Settings, objects: DigitalObjects) -> MediaFiles:
    """The files of a repository, as its settings have them."""
    terms = Terms(settings.media_quota_mb, settings.media_file_mb, settings.media_allow_private)
    return MediaFiles(settings.data / FOLDER, objects, terms)


def media_router(site: Site) -> APIRouter:
    """The routes under /api/media."""
    router = APIRouter(prefix="/api/media", tags=["media"])
    files = site.files
    cutting = Gate(CUTS, CUTS_IN_LINE, "Many images are being cut; ask again.")

    @router.get("/{prefix}/{suffix}")
    def known(prefix: str, suffix: str) -> MediaFile:
        """What is known of the file of a medium; nothing is fetched for it."""
        return described(Pid.parse(f"{prefix}/{suffix}"), files, site.base)

    @router.get("/{prefix}/{suffix}/file")
    def file(
        prefix: str,
        suffix: str,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """The bytes of a medium, from here."""
        kept = files.file(Pid.parse(f"{prefix}/{suffix}"))
        tag = f'"{kept.file.sha256}"'
        if _same(if_none_match, tag):
            return Response(status_code=304, headers={"etag": tag})
        return FileResponse(
            kept.file.path,
            media_type=kept.file.media_type,
            headers={
                "etag": tag,
                "repr-digest": _repr_digest(kept),
                "cache-control": "public, no-cache",
                "content-disposition": _disposition(kept),
                **_CORS,
                **_HARMLESS,
            },
        )

    @router.get("/{prefix}/{suffix}/region")
    def part(
        prefix: str,
        suffix: str,
        xywh: Annotated[str, Query(max_length=200, description="Empty: all of it.")] = "",
        size: Annotated[
            int, Query(ge=1, le=MOST_SIDE, description="Longest side of what is given, in pixels.")
        ] = MOST_SIDE,
        if_none_match: Annotated[str | None, Header()] = None,
    ) -> Response:
        """A rectangle of an image as an image."""
        area = _area(xywh) if xywh else None
        kept = files.file(Pid.parse(f"{prefix}/{suffix}"))
        name = _named(kept, area, size)
        tag = f'"{name}"'
        if _same(if_none_match, tag):
            return Response(status_code=304, headers={"etag": tag})
        try:
            data, media_type = _cut(files, kept, area, size, name, cutting)
        except Refused as outside:
            raise UnknownParameter(outside.message, parameter="xywh") from outside
        headers = {"etag": tag, "cache-control": "public, no-cache", **_CORS, **_HARMLESS}
        return Response(data, media_type=media_type, headers=headers)

    @router.post("/{prefix}/{suffix}/check")
    def check(
        prefix: str, suffix: str, by: Annotated[Token, Depends(require("curator"))]
    ) -> MediaFile:
        """Fetch the file anew; what was found is recorded where it differs from before."""
        del by
        pid = Pid.parse(f"{prefix}/{suffix}")
        files.file(pid, anew=True)
        return described(pid, files, site.base)

    return router


def described(pid: Pid, files: MediaFiles, base: str) -> MediaFile:
    """What is known of a medium's file."""
    row, file = files.known(pid)
    here = f"{base}/api/media/{pid}"
    return MediaFile(
        pid=pid.iri,
        outcome=row.outcome if row else "unknown",
        said=row.said if row else "",
        checked=iso(to_micros(to_moment(int(row.checked * 1e6)))) if row else None,
        stored=file is not None,
        sha256=row.shown if row else None,
        length=file.length if file else None,
        media_type=file.media_type if file else None,
        width=file.width if file else None,
        height=file.height if file else None,
        file=f"{here}/file",
        region=f"{here}/region",
    )


def _area(xywh: str) -> Area:
    from handlers.media.regions import area_of  # dear to load

    try:
        return area_of(xywh)
    except Refused as unclear:
        raise UnknownParameter(unclear.message, parameter="xywh") from unclear


def _named(kept: Kept, area: Area | None, size: int) -> str:
    """A part of an image by all that its bytes depend on."""
    from handlers.media.regions import MADE_BY  # dear to load

    asked = f"{kept.file.sha256}|{area}|{size}|{MADE_BY}"
    return hashlib.sha256(asked.encode()).hexdigest()[:32]


def _cut(
    files: MediaFiles, kept: Kept, area: Area | None, size: int, name: str, cutting: Gate
) -> tuple[bytes, str]:
    """(bytes, media type) of a part of an image; small ones are made once and kept."""
    from handlers.media.regions import region  # dear to load

    sha256, small = kept.file.sha256, size <= LARGE
    if small and (made := files.store.cut(sha256, name)):
        return made
    with cutting.passed():
        if small and (made := files.store.cut(sha256, name)):  # somebody made it meanwhile
            return made
        made = region(kept.file.path, area, size)
    if small:
        files.store.keep_cut(sha256, name, *made)
    return made


def _same(header: str | None, tag: str) -> bool:
    return header is not None and tag in [one.strip() for one in header.split(",")]


def _repr_digest(kept: Kept) -> str:
    """RFC 9530, 3."""
    return f"sha-256=:{base64.b64encode(bytes.fromhex(kept.file.sha256)).decode()}:"


def _disposition(kept: Kept) -> str:
    """Only what is an image, a sound or a film is shown in place."""
    shown = kept.file.media_type.startswith(_SHOWN)
    _, ending = type_of_file(kept.file.path)
    return f'{"inline" if shown else "attachment"}; filename="{kept.pid.suffix}.{ending}"'
