"""DataCite metadata as this server gives them out, judged by DataCite's rules beforehand.

Every object has them: of one with a DOI they are what DataCite has, one with a Handle is told in
the same words, and one that is public as a PID only by its FDO record.
"""

from __future__ import annotations

from api.datacite_schema import require_valid, to_xml
from api.site import Site
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.documents import canonical
from fdo.representations.datacite import metadata
from handlers.processes.minting.wanted import of_record


def datacite(
    site: Site,
    event: Recorded,
    *,
    xml: bool,
    hidden: bool = False,
    past: bool = False,
    number: int = 0,
) -> bytes:
    """The metadata of a version as JSON or XML of kernel 4; an error when they break its rules.

    Where the address names a version (`number`) that has a DOI of its own, that DOI is described,
    anywhere else that of the object. `past`: without the DOIs of versions, which may have come
    later. `hidden`: only the FDO record is public, and `event` is the object's newest.
    """
    return metadata_of(
        site.objects.log,
        event,
        site.settings.title,
        xml=xml,
        hidden=hidden,
        past=past,
        number=number,
    )


def metadata_of(
    log: Log, event: Recorded, repository: str, *, xml: bool, hidden: bool, past: bool, number: int
) -> bytes:
    """As `datacite`, of any log; `repository` publishes what has a Handle."""
    minted = () if past else log.minted(event.pid)
    if hidden:
        found = of_record(log, event, number if number in minted else 0)
    else:
        found = metadata(
            event.document,
            version_of=number in minted,
            versions=sorted(minted),
            previous=max((each for each in minted if each < event.version), default=None),
            publisher=repository if event.pid.scheme == "handle" else None,
            doi=None if past else log.resolving(event.pid),
        )
    require_valid(found)
    return to_xml(found) if xml else canonical(found)
