"""FAIR Signposting: what an object says of itself to machines before they read anything.

Level 1 is the Link header and the `<link>` elements of the page: PID, types, licence, people,
items, collections, metadata. Level 2 is the linkset (RFC 9264), which holds the same links and
those of the other side: each item leads to its collection, each metadata document to what it
describes. A header stays below `LIMIT` however many media there are: then it keeps what leads
on (PID, type, linkset, versions, times), and the linkset has the rest.

https://signposting.org/FAIR/

>>> authors({"schema:creator": {"schema:name": "A", "schema:identifier": "https://orcid.org/1"}})
[Link(target='https://orcid.org/1', rel='author', type='')]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from api.negotiation import HTML, JSON, Format
from api.objects.links import LINKSET_FORMATS, Link, joined, root
from eventstore.envelope import Recorded
from eventstore.log import Log
from fdo.documents import Document
from fdo.errors import InvalidIdentifier
from fdo.identifiers import Pid
from fdo.lifecycle import Status
from fdo.representations import credit

LIMIT = 4096
"""Bytes of a Link header; many clients and proxies refuse 8 KB for all headers together."""

_URI = 2_000
"""Characters of an address from a document that are worth a header."""
_RESERVED = "%:/?#[]@!$&'()*+,;=~-._"
_ADDRESS = re.compile(r"https?://[^\s/?#]+", re.I)
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,126}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_IDENTIFIED = b'"schema:identifier"'
_PERSONS = ("ORCID", "Wikidata", "ROR")


@dataclass(frozen=True, slots=True)
class Named:
    """The links that only this object has, and on whose standing they rest."""

    links: tuple[Link, ...] = ()
    leans: tuple[tuple[str, Status | None], ...] = ()
    """PID → status, as it was when the links were made."""


def named(event: Recorded, base: str, log: Log) -> Named:
    """Licence, people, collections and items of a public document. What is not public itself
    is no item and no collection: a signpost leads to something."""
    document = event.document
    near = _kin(document)
    source = _pid(document.get("ods:sourceSystemID"))
    wanted = {str(one.pid) for one in near} | ({str(source)} if source else set())
    status = {str(head.pid): head.status for head in log.heads_of(sorted(wanted))}
    public = [one for one in near if status.get(str(one.pid)) is Status.ACTIVE]
    resting = [str(one.pid) for one in near]
    if source and not any(one.rel == "collection" for one in public):
        resting.append(str(source))
        if status.get(str(source)) is Status.ACTIVE:
            public.append(_Kin(source, "collection"))
    kin = (Link(f"{root(base)}/{one.pid}", one.rel, JSON.media_type) for one in public)
    # who has no identifier need not be looked for: the search is dearer than all else here
    people = authors(document) if _IDENTIFIED in (event.document_bytes or b"") else []
    links = (*licences(document), *people, *kin, *_content(document))
    return Named(links, tuple((pid, status.get(pid)) for pid in resting))


def still(leans: Sequence[tuple[str, Status | None]], log: Log) -> bool:
    """Whether links that rest on other objects are still right."""
    if not leans:
        return True
    known = {str(head.pid): head.status for head in log.heads_of([pid for pid, _ in leans])}
    return all(known.get(pid) is status for pid, status in leans)


def header(standing: str, ours: Named) -> tuple[bytes, Named]:
    """The Link header, and the links in it beside the standing ones: all, or none of them where
    they are too many."""
    whole = f"{standing}, {joined(ours.links)}" if ours.links else standing
    if len(whole) > LIMIT:
        whole, ours = standing, Named()
    return whole.encode("latin-1"), ours


def licences(document: Document) -> list[Link]:
    """The object's own licence."""
    stated = credit.rights(document)
    target = stated and uri(stated.iri)
    return [Link(target, "license")] if target else []


def authors(document: Document) -> list[Link]:
    """Who made it, as far as they have an identifier; not the holder of a thing, who stands for
    them in a citation that names nobody."""
    holder = None if credit.is_dataset(document) else credit.holder(document)
    made = (one for one in credit.creators(document) if one != holder)
    found = (uri(one.iri) for one in made if one.scheme in _PERSONS)
    return [Link(one, "author") for one in credit.once(filter(None, found))]


def uri(text: Any) -> str | None:
    """A web address from a document in the characters of RFC 3986; None for all else."""
    if not isinstance(text, str) or len(text) > _URI or not _ADDRESS.match(text):
        return None
    return quote(text, safe=_RESERVED)


# ── level 2 ──────────────────────────────────────────────────────────────────────────────


def written(links: Sequence[Link], base: str, pid: Pid, version: int | None, form: Format) -> bytes:
    """The links of an object or one version of it, and those that lead back to it, in a form of
    RFC 9264. All are absolute, so that a copy says the same."""
    origin = base.removesuffix(root(base))
    page = f"{root(base)}/{pid}" + (f"/{version}" if version else "")
    contexts = [(_absolute(page, origin), [_settled(one, origin) for one in links])]
    contexts += [
        (_absolute(one.target, origin), [Link(_absolute(page, origin), back, HTML.media_type)])
        for one in links
        for back in _back(one)
    ]
    if form is LINKSET_FORMATS[0]:
        return orjson.dumps({"linkset": [_context(*one) for one in contexts]})
    lines = (f'{link}; anchor="{anchor}"' for anchor, found in contexts for link in found)
    return (",\n".join(lines) + "\n").encode()


def _back(link: Link) -> list[str]:
    """By which relations the target leads back."""
    known = {"item": "collection", "describedby": "describes"}
    return [known[rel] for rel in link.rel.split() if rel in known]


def _context(anchor: str, links: Iterable[Link]) -> dict[str, Any]:
    found: dict[str, Any] = {"anchor": anchor}
    for link in links:
        target = {"href": link.target} | ({"type": link.type} if link.type else {})
        for rel in link.rel.split():
            found.setdefault(rel, []).append(target)
    return found


def _settled(link: Link, origin: str) -> Link:
    return Link(_absolute(link.target, origin), link.rel, link.type)


def _absolute(target: str, origin: str) -> str:
    return origin + target if target.startswith("/") else target


# ── what a document names ────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class _Kin:
    pid: Pid
    rel: str


def _kin(document: Document) -> list[_Kin]:
    """Media are items of their specimen; the specimen is their collection, and only who has none
    has the dataset for one (clients read a single collection)."""
    sides: Mapping[str, str] = {"hasDigitalMedia": "item", "hasDigitalSpecimen": "collection"}
    return credit.once(
        _Kin(pid, rel)
        for relation, rel in sides.items()
        for pid in filter(None, map(_pid, credit.related(document, relation)))
    )


def _content(document: Document) -> list[Link]:
    """The bytes of a medium, where its holder serves them."""
    target = uri(document.get("ac:accessURI"))
    if target is None:
        return []
    stated = str(document.get("dcterms:format", "")).lower()
    return [Link(target, "item", stated if _MEDIA_TYPE.fullmatch(stated) else "")]


def _pid(text: Any) -> Pid | None:
    try:
        return Pid.parse(text) if isinstance(text, str) else None
    except InvalidIdentifier:
        return None
