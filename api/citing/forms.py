"""The citation of one version in each of its formats; which version, and what of it is public.

A version with a DOI of its own is cited by that, any other by the object's PID and its address
here. Of an object that is public as a PID only, the FDO record is cited, as it is now.
"""

from __future__ import annotations

from collections.abc import Callable

from api.citing.styles import Manner, text
from api.negotiation import BIBLIOGRAPHY, Format
from api.objects.dossier import public_address
from eventstore.envelope import Recorded, iso
from eventstore.log import Log
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import canonical
from fdo.record import outline
from fdo.representations.citation.bibtex import bibtex
from fdo.representations.citation.cited import Cited
from fdo.representations.citation.csl import csl
from fdo.representations.citation.dublin_core import oai_dc
from fdo.representations.citation.ris import ris
from fdo.representations.citation.schema_org import schema_org


def cited(event: Recorded, log: Log, *, base: str, repository: str, hidden: bool) -> Cited:
    """What is cited of an event that made a version, with the DOIs that there are by now.

    `base` is the public address of this server, `repository` its name; `hidden`: only the FDO
    record is public.
    """
    document = event.document
    if hidden:
        document = outline(event.type, event.status, document, event.pid.iri)
    return Cited(
        event.pid,
        event.type,
        event.version,
        document,
        recorded_at=iso(event.recorded_at),
        address=public_address(base, event.pid, event.version),
        repository=repository,
        proof=None if hidden or event.citation is None else str(event.citation),
        minted=event.version in log.minted(event.pid),
        pid_only=hidden,
        registered=None if event.pid.scheme == "doi" else log.resolving(event.pid),
        on_request=event.pid.scheme == "doi" or OBJECT_TYPES[event.type].doi_on_request,
    )


def written(what: Cited, form: Format, how: Manner, *, numbered: bool) -> bytes:
    """A citation in one of the formats of references; `numbered`: its address names the version."""
    if form is BIBLIOGRAPHY:
        return f"{text(what, how)}\n".encode()
    return _WRITERS[form.name](what, numbered)


def _as_xml(what: Cited) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{oai_dc(what)}'.encode()


_WRITERS: dict[str, Callable[[Cited, bool], bytes]] = {
    "csl": lambda what, _: canonical(csl(what)),
    "bibtex": lambda what, _: bibtex(what).encode(),
    "ris": lambda what, _: ris(what).encode(),
    "schemaorg": lambda what, numbered: canonical(schema_org(what, numbered=numbered)),
    "dc": lambda what, _: _as_xml(what),
}
"""Name of a format → its bytes."""
