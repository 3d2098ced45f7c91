"""Citations over HTTP: negotiated at the address of an object or version, and `…/cite`.

    /10.5072/ABC-DEF-123?format=bibtex          or Accept: application/x-bibtex
    /10.5072/ABC-DEF-123/2?format=citation&style=apa&locale=de-DE
    /10.5072/ABC-DEF-123/cite                   a page with every style and format, or JSON

Whatever is asked for, a version is cited: the one in force, or the one that the address names.
"""

from __future__ import annotations

from typing import Any

import orjson

from api.citing.forms import cited, written
from api.citing.styles import LOCALES, STYLES, Manner, manner, text
from api.negotiation import (
    BIBLIOGRAPHY,
    CITATION_FORMATS,
    DATACITE_FORMATS,
    HTML,
    PLAIN_FORMATS,
    Format,
)
from api.objects.datacite_face import datacite
from api.objects.exchange import MOMENT, Asked, Sent
from api.objects.shown import Shown
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.log import Head
from fdo.lifecycle import Status
from fdo.representations.citation.cited import Cited

MANNER = ("style", "locale")
"""The parameters that name a style and a language."""


def negotiated(shown: Shown, asked: Asked, wanted: Format) -> Sent:
    """The citation of a version in a format asked for at its own address."""
    asked.only("format", *MOMENT, *(MANNER if wanted is BIBLIOGRAPHY else ()))
    head = shown.log.known(asked.pid)
    event, hidden = _chosen(shown, asked, head)
    if wanted.media_type in _DATACITE:
        body = datacite(
            shown.site,
            event,
            xml=_DATACITE[wanted.media_type],
            hidden=hidden,
            past=asked.past,
            number=int(asked.tail or 0) if asked.numbered else 0,
        )
    else:
        how = _manner(asked) if wanted is BIBLIOGRAPHY else Manner()
        body = written(
            citation(shown.site, event, hidden=hidden), wanted, how, numbered=asked.numbered
        )
    sent = shown.sent(
        body,
        wanted,
        event,
        head.version,
        of_version=not hidden and (asked.numbered or asked.past),
        face="record" if hidden else "metadata",
    )
    if wanted is not BIBLIOGRAPHY:  # a file for a program, which goes by its ending
        name = f"{event.pid.prefix}_{event.pid.suffix}_{event.version}.{wanted.extension}"
        sent.headers.append((b"content-disposition", f'inline; filename="{name}"'.encode()))
    return sent


def cite(shown: Shown, asked: Asked) -> Sent:
    """How to cite a version: in every style, as files, and so that it can be checked."""
    asked.only("format", *MOMENT, *MANNER)
    wanted = asked.format(PLAIN_FORMATS)
    head = shown.log.known(asked.pid)
    event, hidden = _chosen(shown, asked, head)
    what = citation(shown.site, event, hidden=hidden)
    how = _manner(asked)
    styles = [how.style] if "style" in asked.query else list(STYLES)
    body = told(what, [Manner(style, how.locale) for style in styles])
    if wanted is HTML:
        sealed = not hidden and bool(event.salt)
        page = shown.site.renderer.page(
            "cite_page.html", pid=str(asked.pid), cite=body, how=how, locales=LOCALES, sealed=sealed
        )
        return shown.report(asked, page.encode(), wanted, event.salt, version=event.version)
    return shown.report(asked, orjson.dumps(body), wanted, event.salt, version=event.version)


def citation(site: Site, event: Recorded, *, hidden: bool) -> Cited:
    """What is cited of an event that made a version."""
    log = site.objects.log
    return cited(event, log, base=site.base, repository=site.settings.title, hidden=hidden)


def told(what: Cited, manners: list[Manner]) -> dict[str, Any]:
    """A citation in these styles and where its other forms are, ready for JSON or a page (the
    partial `cite.html`)."""
    return {
        "pid": what.pid.iri,
        "version": what.version,
        "id": what.iri,
        "doi": what.doi,
        "versionHasDoi": what.minted,
        "versionMayHaveDoi": what.on_request,
        "recordedAt": what.recorded_at,
        "status": what.status,
        "url": what.address,
        "verifiable": what.proof,
        "citations": [
            {"style": one.style, "label": STYLES[one.style], "text": text(what, one)}
            for one in manners
        ],
        "formats": [
            {
                "format": one.name,
                "mediaType": one.media_type,
                "label": one.label,
                "url": f"{what.address}?format={one.name}",
            }
            for one in CITATION_FORMATS
        ],
    }


def _chosen(shown: Shown, asked: Asked, head: Head) -> tuple[Recorded, bool]:
    """The event to cite, and whether only its record is public: then the record as it is now."""
    event = shown.select(asked, head)
    if event.status is Status.DRAFT:
        shown.guard(event, head)
    hidden = shown.hidden(event, head)
    return (shown.log.event(head.position) if hidden else event), hidden


def _manner(asked: Asked) -> Manner:
    return manner(asked.accept, asked.query.get("style"), asked.query.get("locale"))


_DATACITE = {one.media_type: one is DATACITE_FORMATS[1] for one in DATACITE_FORMATS}
"""Media type of DataCite's own metadata → whether it is XML."""
