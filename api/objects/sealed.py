"""The sealed document of a version: the file whose SHA-256 is the hash of its citation.

    curl -OJ http://127.0.0.1:8000/10.5072/ABC-DEF-123/2/sealed
    sha256sum 10.5072_ABC-DEF-123_2.sealed
    curl -OJ http://127.0.0.1:8000/10.5072/ABC-DEF-123/2/proof
    python verify_citation.py 10.5072_ABC-DEF-123_2.proof.json 10.5072_ABC-DEF-123_2.sealed

32 bytes of salt, then the document as it is stored. The salt is what keeps others from guessing
a document from its hash, so the file ends with the document: an erasure destroys both.

Beside it the proof file (`eventstore.proofs`): from the hash to a signed checkpoint of the log.
It stays after an erasure, for those who kept the sealed document.
"""

from __future__ import annotations

import base64
from dataclasses import replace

import orjson

from api.objects.exchange import CORS, KEPT, Asked, Headers, Sent, etag_of, http_date
from api.objects.shown import REVALIDATE, Shown, stored, stored_as
from eventstore.checkpoints import Checkpoints
from eventstore.envelope import Recorded
from eventstore.proofs import proof_of
from fdo.errors import Erased, NotFound
from fdo.verifiable import Citation


def sealed(shown: Shown, asked: Asked) -> Sent:
    """Salt and stored bytes of a version; 410 once they were erased."""
    asked.only()
    event, citation = cited(shown, asked)
    require_kept(shown, event)
    body = event.salt + stored(event)
    etag = f'"{citation.hash}"'.encode()
    digest = base64.b64encode(bytes.fromhex(citation.hash)).decode()
    headers: Headers = [
        (b"content-type", b"application/octet-stream"),
        (b"repr-digest", f"sha-256=:{digest}:".encode()),
        (b"cache-control", KEPT),
        (b"last-modified", http_date(event.recorded_at // 1_000_000)),
    ]
    sent = _file(event, "sealed", body, etag, headers)
    return replace(sent, stored=stored_as(event, fixed=True))


def require_kept(shown: Shown, event: Recorded) -> None:
    """Return where the bytes of an event are here; Erased where an erasure took them."""
    if event.salt:
        return
    if event.position in shown.log.lacking(event.position - 1, event.position):
        raise NotFound(
            f"This mirror was not given the bytes of {event.pid}, version {event.version}; "
            "ask the repository that it follows."
        )
    raise Erased(
        f"Version {event.version} of {event.pid} was erased on a recorded decision; see "
        f"{shown.site.base}/{event.pid}/history. Its proof still holds for copies that were "
        "kept."
    )


def proof(shown: Shown, asked: Asked) -> Sent:
    """The proof file of a version, under a checkpoint that holds it."""
    asked.only()
    event, _ = cited(shown, asked)
    site = shown.site
    checkpoints = Checkpoints(site.objects.recorder)
    body = orjson.dumps(proof_of(event, checkpoints), option=orjson.OPT_INDENT_2)
    headers: Headers = [(b"content-type", b"application/json"), (b"cache-control", REVALIDATE)]
    return _file(event, "proof.json", body, etag_of(body, None, "proof"), headers)


def _file(event: Recorded, ending: str, body: bytes, etag: bytes, headers: Headers) -> Sent:
    """A file to keep, named after its version."""
    name = f"{event.pid_text.replace('/', '_')}_{event.version}.{ending}"
    headers += [
        (b"content-length", b"%d" % len(body)),
        (b"content-disposition", f'attachment; filename="{name}"'.encode()),
        (b"etag", etag),
        (b"link", f'<{event.version_iri}>; rel="describes"'.encode()),
        *CORS,
    ]
    return Sent(200, headers, body, etag)


def cited(shown: Shown, asked: Asked) -> tuple[Recorded, Citation]:
    """The event that made the version asked for, if its document is or was public."""
    head = shown.log.known(asked.pid)
    event = shown.select(asked, head)
    shown.guard(event, head)
    citation = event.citation
    if citation is None:
        raise NotFound(f"Version {event.version} of {asked.pid} has no hash.")
    return event, citation
