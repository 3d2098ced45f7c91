"""What the page of a specimen shows of its media, and the page of a medium of its file.

Images that are here are shown, with the regions that annotations name; of all else the page says
where it is, and why it is not here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from api.annotations.pages import region_of
from api.media.pictures import LARGE, SMALL, Picture, crop_address, file_here, picture_of
from api.objects.addresses import split
from api.objects.names import heading
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.log import Head
from fdo.annotation.life import selectors, source_of
from fdo.documents import Document
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations.annotation.regions import Region, size_of

PICTURES = 24
"""Pictures beside one object; its other media are links."""
REGIONS = 50
"""Regions drawn over one picture."""
_LIVE = ("standing", "pending", "accepted")
"""States of annotations whose regions are drawn."""
_TEXT = 160


def media_section(site: Site, media: Sequence[str]) -> dict[str, Any] | None:
    """The media of an object: those whose image is here with a small picture, the others by
    name; None where there are none."""
    if not media:
        return None
    pictured = {one["iri"]: one for one in _pictured(site, media[:PICTURES])}
    return {
        "pictured": list(pictured.values()),
        "others": [iri for iri in media if iri not in pictured],
    }


def _pictured(site: Site, media: Sequence[str]) -> Iterator[dict[str, Any]]:
    pids = {iri: pid for iri in media if (pid := split(iri)[0]) is not None}
    there = {head.pid for head in site.objects.log.heads_of([str(pid) for pid in pids.values()])}
    for iri, pid in pids.items():
        if pid not in there:
            continue
        event = site.objects.log.latest(pid)
        picture = picture_of(pid, file_here(site.files, pid, event.document), SMALL)
        if picture is not None:
            name = heading(event.document, event)[:_TEXT]
            yield {"iri": iri, "page": f"/{pid}", "name": name, "picture": picture}


def file_section(
    site: Site, event: Recorded, head: Head, document: Document, remarks: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The file of a medium: its picture with the regions of `remarks` (the section of its
    annotations), or why there is none; None for other objects, and where it may not be shown."""
    uri = str(document.get("ac:accessURI", ""))
    if event.type != "media" or head.status is not Status.ACTIVE or not uri:
        return None
    file = file_here(site.files, event.pid, document)
    picture = picture_of(event.pid, file, LARGE)
    regions: list[dict[str, Any]] = []
    if file is not None and picture is not None and remarks is not None:
        stated = size_of(document) or (file.width or 1, file.height or 1)
        for one in _regions(site, event.pid, remarks["rows"]):
            if (drawn := _drawn(one["region"], stated, picture)) and len(regions) < REGIONS:
                regions.append(one | {"box": drawn})
    return {
        "address": f"/api/media/{event.pid}/file",
        "source": uri if uri.startswith(("https://", "http://")) else "",
        "file": file,
        "picture": picture,
        "regions": regions,
        "trouble": site.files.trouble(event.pid, uri) if file is None else "",
    }


def _regions(site: Site, pid: Pid, rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The regions of a medium of which annotations say something that still holds."""
    for row in rows:
        if row["on"] or row["state"] not in _LIVE:
            continue
        document = site.objects.log.latest(Pid.parse(row["pid"])).document
        for target in document.get("oa:hasTarget", ()):
            source = source_of(target)
            named = selectors(target) if source is not None and source.pid == pid else []
            for region in filter(None, map(region_of, named)):
                yield {"region": region, "crop": crop_address(pid, region), "pid": row["pid"],
                       "text": row["text"], "by": row["by"]}  # fmt: skip


def _drawn(
    region: Region, stated: tuple[int, int], picture: Picture
) -> tuple[float, float, float, float] | None:
    """Where a region lies in its picture; None where it is outside the image."""
    parts = region.fractions(stated)
    if parts is None:
        return None
    sides = (picture.width, picture.height) * 2
    x, y, w, h = (round(part * side, 1) for part, side in zip(parts, sides, strict=True))
    return x, y, w, h
