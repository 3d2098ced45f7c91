"""Commands that check: the whole repository, one citation, and the checkpoints that are signed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from api.console import DataOption, JsonOption, emit, err, out, progress, settings_for
from api.repository import Repository
from eventstore.checkpoints import Checkpoints, Kept
from eventstore.merkle import BrokenProof
from eventstore.notes import Checkpoint, Note, Verifier
from eventstore.proofs import Check, Proof, document_check, proof_of, same_citation
from fdo.errors import CollectomeError, InvalidIdentifier, NotFound, Refused
from fdo.verifiable import Citation
from handlers.verification import Fault, verify_log, verify_projections

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is checked."""
SHOWN = 50

KeyOption = Annotated[
    str | None,
    typer.Option("--key", help="Public key of the log, as /api/log/keys gives it, or its file."),
]


class Disagreement(CollectomeError):
    """Something is not what it should be."""


def verify(
    quick: Annotated[bool, typer.Option(help="The log only, not the projections.")] = False,
    key: KeyOption = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option(help="A checkpoint kept elsewhere, which the log must continue."),
    ] = None,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Check events, hashes, tables, tree, signed checkpoints, and projections by a rebuild."""
    trusted = [_key(key)] if key else []
    kept = [_checkpoint(path) for path in checkpoint or ()]
    repository = Repository(settings_for(data), must_exist=True)
    with progress(json) as bars:
        tasks: dict[str, Any] = {}

        def watch(name: str, position: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(f"Checking {name}", total=total)
            bars.update(tasks[name], completed=position, total=total)

        faults = verify_log(repository.objects, watch, trusted=trusted, kept=kept)
        if not quick:
            faults += verify_projections(repository.log, repository.data / "projections", watch)
    _tell(faults, repository, json=json)


def _tell(faults: list[Fault], repository: Repository, *, json: bool) -> None:
    newest = Checkpoints(repository.objects.recorder).latest()
    signed = newest.size if newest else 0
    if json:
        emit(
            {
                "faults": [{"where": f.where, "what": f.what} for f in faults],
                "events": repository.log.position(),
                "signed": signed,
                "sound": not faults,
            }
        )
        if faults:
            raise typer.Exit(1)
    elif faults:
        for fault in faults[:SHOWN]:
            err.print(f"{fault.where}: {fault.what}")
        raise Disagreement(f"{len(faults)} things do not agree; the first are told above.")
    else:
        out.print(f"{repository.log.position()} events and all that was made of them agree.")
        out.print(f"{signed} of them are under a signed checkpoint.")


def checkpoint(
    rotate: Annotated[
        bool, typer.Option("--rotate", help="Take a new key; the old one announces it.")
    ] = False,
    renew: Annotated[
        bool, typer.Option("--renew", help="Begin with a new key, where the old one is lost.")
    ] = False,
    data: DataOption = None,
    json: JsonOption = False,
) -> None:
    """Sign the log as it is now, and print the checkpoint: keep it, or give it to others."""
    repository = Repository(settings_for(data), must_exist=True)
    checkpoints = Checkpoints(repository.objects.recorder)
    if renew:
        checkpoints.renew()
    if rotate:
        checkpoints.rotate()
    made = checkpoints.make()
    key = checkpoints.vkeys()[-1][0]
    if json:
        emit({"size": made.size, "checkpoint": made.note, "key": key})
    else:
        out.print(made.note, end="")
        err.print(f"Key: {key}")
    repository.close()


# ── one citation ─────────────────────────────────────────────────────────────────────────


@dataclass
class Evidence:
    """What there is to check a citation with, and what could not be had."""

    document: bytes | None = None
    proof: Proof | None = None
    key: Verifier | None = None
    lender: str = ""
    """The server that the key came from, if nobody else vouches for it."""
    missing: list[str] = field(default_factory=list)

    def checks(self, cited: Citation) -> Iterator[Check]:
        """Each thing that can be checked, and by name what cannot."""
        why = "; ".join(self.missing)
        if self.document is None:
            yield Check("the sealed document has the hash of the citation", None, why or _NO_COPY)
        else:
            yield document_check(cited, self.document)
        if self.proof is None:
            yield Check("the log holds this version under a signature", None, why or _NO_PROOF)
        else:
            yield same_citation(cited, self.proof.citation)
            yield from self.proof.checks(self.key)
        if self.lender:
            why = f"it came from {self.lender}; give one that you have from elsewhere with --key"
            yield Check(_OWN_KEY, None, why)


_OWN_KEY = "the key is the log's own"
_NO_COPY = "no copy was given; name one with --document"
_NO_PROOF = "no proof file was given; name one with --proof"


def verify_citation(
    citation: Annotated[
        str, typer.Argument(help="A citation, or a file: a text with citations, or a proof file.")
    ],
    document: Annotated[
        Path | None, typer.Option(help="The sealed document, as /{pid}/{n}/sealed gave it.")
    ] = None,
    proof: Annotated[
        Path | None, typer.Option(help="The proof file, as /{pid}/{n}/proof gave it.")
    ] = None,
    key: KeyOption = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="A repository or mirror to check against.")
    ] = None,
    server: Annotated[str | None, typer.Option(help="A server to fetch from.")] = None,
    json: JsonOption = False,
) -> None:
    """Check a citation offline, from any copy; says what was checked and what was not."""
    all_cited, found = _cited(citation)
    if len(all_cited) > 1 and (document or proof):
        raise Refused(
            f"There are {len(all_cited)} citations, and a document or proof is of one: give that "
            "citation alone, or check all of them with --data or --server."
        )
    judged: list[tuple[Citation, list[Check]]] = []
    for cited in all_cited:
        evidence = Evidence(proof=found)
        if server:
            _ask(evidence, cited, server)
        if data:
            _look(evidence, cited, data)
        if document:
            evidence.document = _read(document)
        if proof:
            evidence.proof = Proof.parse(_read(proof))
        if key:
            evidence.key, evidence.lender = _key(key), ""
        judged.append((cited, list(evidence.checks(cited))))
    _judge(judged, json=json)


def _judge(judged: list[tuple[Citation, list[Check]]], *, json: bool) -> None:
    """Tell the checks; exit code 0 only where of each citation something was checked and all of
    it holds."""
    failed = any(check.good is False for _, checks in judged for check in checks)
    verified = not failed and all(any(check.good for check in checks) for _, checks in judged)
    if json:
        told = [_told(cited, checks) for cited, checks in judged]
        emit(told[0] if len(told) == 1 else {"verified": verified, "citations": told})
        if not verified:
            raise typer.Exit(1)
        return
    for cited, checks in judged:
        out.print(str(cited))
        for check in checks:
            mark = {True: "holds      ", False: "FAILS      ", None: "not checked"}[check.good]
            why = "" if check.good else f": {check.why}"
            out.print(f"  {mark}  {check.what}{why}")
    if failed:
        raise Disagreement("This is not what was cited; the lines above say why.")
    if not verified:
        which = "Nothing" if len(judged) == 1 else "Of at least one citation nothing"
        raise Refused(f"{which} could be checked. Give --document, --proof, --data or --server.")


def _told(cited: Citation, checks: list[Check]) -> dict[str, Any]:
    """What was found of one citation, for programs."""
    words = {True: "holds", False: "fails", None: "not checked"}
    verified = all(c.good is not False for c in checks) and any(c.good for c in checks)
    rows = [
        {"what": c.what, "result": words[c.good], "why": "" if c.good else c.why} for c in checks
    ]
    return {"citation": str(cited), "verified": verified, "checks": rows}


def _cited(text: str) -> tuple[list[Citation], Proof | None]:
    """The citations, and the proof file where the argument is one."""
    path = Path(text)
    with suppress(OSError):
        if path.is_file():
            content = _read(path)
            if b'"envelope"' in content or b'"checkpoint"' in content:  # broken, it is no text
                proof = Proof.parse(content)
                return [proof.citation], proof
            return Citation.all_in(content.decode("utf-8", "replace")), None
    try:
        return Citation.all_in(text), None
    except InvalidIdentifier as wrong:
        if len(text) < 400 and "\n" not in text and "hash://" not in text:
            raise NotFound(f"{text!r} is neither a file nor a citation. {wrong.message}") from wrong
        raise


def _ask(evidence: Evidence, cited: Citation, address: str) -> None:
    """Fetch what a server has."""
    from handlers.following.asking import Source  # dear to load; most proofs are files

    source = Source(address)
    version = f"/{cited.pid}/{cited.version}"

    def fetched(path: str, accept: str) -> bytes | None:
        try:
            return source.get(path, {}, accept)
        except CollectomeError as refusal:
            evidence.missing.append(refusal.message)
            return None

    evidence.document = fetched(f"{version}/sealed", "application/octet-stream")
    if said := fetched(f"{version}/proof", "application/json"):
        evidence.proof = Proof.parse(said)
    if said := fetched("/api/log/keys", "application/json"):
        keys = _published(said)
        evidence.key = keys[0] if keys else None
        evidence.lender = address if keys else ""


def _published(said: bytes) -> list[Verifier]:
    try:
        return [Verifier.parse(row["vkey"]) for row in orjson.loads(said)["keys"]]
    except (ValueError, KeyError, TypeError) as wrong:
        raise BrokenProof(f"The server's keys cannot be read: {wrong!r}.") from wrong


def _look(evidence: Evidence, cited: Citation, data: Path) -> None:
    """Take what a repository or mirror has; nothing is written there."""
    repository = Repository(settings_for(data), must_exist=True)
    try:
        event = repository.log.version(cited.pid, cited.version)
    except NotFound as unknown:
        evidence.missing.append(unknown.message)
        repository.close()
        return
    if event.salt:
        evidence.document = event.salt + (event.document_bytes or b"")
    else:
        evidence.missing.append("its bytes were erased, or never came to this mirror")
    checkpoints = Checkpoints(repository.objects.recorder)
    newest = checkpoints.latest()
    with suppress(NotFound):
        if newest is not None and checkpoints.tree.index(event.position) < newest.size:
            evidence.proof = Proof.parse(orjson.dumps(proof_of(event, checkpoints)))
            evidence.key = Verifier.parse(checkpoints.vkeys()[0][0])
    if evidence.proof is None:
        evidence.missing.append("no checkpoint there covers it yet")
    repository.close()


def _key(text: str) -> Verifier:
    path = Path(text)
    with suppress(OSError):
        if path.is_file():
            text = _read(path).decode("utf-8", "replace")
    return Verifier.parse(text)


def _checkpoint(path: Path) -> Kept:
    text = _read(path).decode("utf-8", "replace")
    return Kept(Checkpoint.parse(Note.parse(text).text).size, text)


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise Refused(f"{path} is larger than the {LARGEST:,} bytes that are read here.")
    return path.read_bytes()
