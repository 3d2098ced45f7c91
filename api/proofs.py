"""The log's tree and its signed checkpoints, for those who check.

/checkpoint                    the newest one, as a signed note (C2SP tlog-checkpoint)
/checkpoints   /checkpoints/3  all of them, newest first; the one of a size
/tile/0/x001/042               the tree in tiles of 256 hashes (C2SP tlog-tiles)
/api/log/keys                  the public keys
/api/log/proof/inclusion       that an event is in the tree (RFC 9162, 2.1.3)
/api/log/proof/consistency     that one tree continues another (RFC 9162, 2.1.4)
/verify_citation.py            a script that checks a proof file with nothing but Python
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from api.refusals import UnknownParameter
from api.site import Site
from eventstore import merkle
from eventstore.checkpoints import Checkpoints, Kept
from eventstore.notes import SIGNED_AT, origin_of
from eventstore.tiles import WIDTH
from fdo.errors import NotFound
from fdo.identifiers import Pid
from fdo.lifecycle import Status

SCRIPT = Path(__file__).resolve().parents[1] / "docs" / "verify_citation.py"
ROWS = 100
"""Checkpoints on a page, unless asked otherwise."""
MOST = 1_000
_TILE = re.compile(r"((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?\Z", re.ASCII)
_IMMUTABLE = "public, max-age=31536000, immutable"
_LEAVES = 2**53


class Inclusion(BaseModel):
    """That an event is in the tree."""

    position: int = Field(description="The event.")
    index: int = Field(description="Its leaf, counted from 0.")
    size: int = Field(description="Leaves of the tree.")
    leaf: str = Field(description="Hash of the leaf, in base64.")
    root: str = Field(description="Root of the tree, in base64.")
    path: list[str] = Field(description="Hashes from the leaf up to the root, in base64.")


class Consistency(BaseModel):
    """That a tree continues a smaller one."""

    first: int
    second: int
    first_root: str = Field(description="Root of the smaller tree, in base64.")
    second_root: str = Field(description="Root of the larger tree, in base64.")
    proof: list[str] = Field(description="The hashes that prove it, in base64.")


class Key(BaseModel):
    """A public key of the log."""

    vkey: str = Field(description="As C2SP signed notes write it: name, id and key.")
    since: int = Field(description="Size of the first checkpoint that it signs.")


class Keys(BaseModel):
    """The keys that sign checkpoints, oldest first."""

    origin: str = Field(description="The name of the log in its checkpoints.")
    keys: list[Key]
    rotations: list[str] = Field(description="The checkpoints that announce a key.")


class CheckpointRow(BaseModel):
    """A checkpoint in the list."""

    size: int
    root: str = Field(description="In base64.")
    made: str = Field(description="When it was signed.")
    address: str = Field(description="The signed note.")


class CheckpointList(BaseModel):
    """Checkpoints, newest first."""

    checkpoints: list[CheckpointRow]
    next: str | None = Field(None, description="The next page, with older ones.")


_Size = Annotated[int | None, Query(ge=0, le=_LEAVES)]
_TEXT: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {}}}}
_PYTHON: dict[int | str, dict[str, Any]] = {200: {"content": {"text/x-python": {}}}}
_BYTES: dict[int | str, dict[str, Any]] = {200: {"content": {"application/octet-stream": {}}}}


def proofs_router(site: Site) -> APIRouter:
    """The routes of the log's proofs."""
    router = APIRouter(tags=["proofs"])
    log = LogProofs(site)

    @router.get("/checkpoint", response_class=Response, responses=_TEXT)
    def latest(request: Request) -> Response:
        """Give the newest signed checkpoint."""
        return _text(request, log.latest().note, "no-cache")

    @router.get("/checkpoints")
    def listed(
        before: _Size = None, limit: Annotated[int, Query(ge=1, le=MOST)] = ROWS
    ) -> CheckpointList:
        """List checkpoints, newest first."""
        return log.listed(before, limit)

    @router.get("/checkpoints/{size}", response_class=Response, responses=_TEXT)
    def one(request: Request, size: int) -> Response:
        """Give the signed checkpoint of a size."""
        return _text(request, log.checkpoints.at(min(size, _LEAVES)).note, _IMMUTABLE)

    @router.get("/tile/{level}/{name:path}", response_class=Response, responses=_BYTES)
    def tile(level: int, name: str) -> Response:
        """Give a tile of the tree."""
        return Response(
            log.tile(level, name), media_type="application/octet-stream", headers=_open(_IMMUTABLE)
        )

    @router.get("/api/log/keys")
    def keys() -> Keys:
        """Give the public keys that sign checkpoints."""
        return log.keys()

    @router.get("/api/log/proof/inclusion")
    def inclusion(
        position: Annotated[int | None, Query(ge=1, le=_LEAVES)] = None,
        pid: str | None = None,
        version: Annotated[int | None, Query(ge=1, le=_LEAVES)] = None,
        size: _Size = None,
    ) -> Inclusion:
        """Prove that an event is in the tree of a size (without: the newest that is signed)."""
        return log.inclusion(log.asked_event(position, pid, version), size)

    @router.get("/api/log/proof/consistency")
    def consistency(
        first: Annotated[int, Query(ge=0, le=_LEAVES)], second: _Size = None
    ) -> Consistency:
        """Prove that one tree continues another (without `second`: the newest that is signed)."""
        return log.consistency(first, second)

    @router.get("/verify_citation.py", response_class=Response, responses=_PYTHON)
    def script(request: Request) -> Response:
        """Give the script that checks a proof file."""
        return _text(request, SCRIPT.read_text(), "no-cache", "text/x-python; charset=utf-8")

    return router


class LogProofs:
    """What is proved of the log of one site."""

    def __init__(self, site: Site) -> None:
        self._log, self._base = site.objects.log, site.base
        self.checkpoints = Checkpoints(site.objects.recorder)
        self._tree = self.checkpoints.tree

    def latest(self) -> Kept:
        """The newest checkpoint; the first one is made when it is asked for."""
        return self.checkpoints.latest() or self.checkpoints.make()

    def listed(self, before: int | None, limit: int) -> CheckpointList:
        """One page of checkpoints."""
        found = self.checkpoints.before(before, limit + 1)
        rows = [
            CheckpointRow(
                size=kept.size,
                root=_b64(kept.checkpoint.root),
                made=kept.checkpoint.said(SIGNED_AT) or "",
                address=f"{self._base}/checkpoints/{kept.size}",
            )
            for kept in found[:limit]
        ]
        more = None
        if len(found) > limit:
            more = f"{self._base}/checkpoints?before={rows[-1].size}&limit={limit}"
        return CheckpointList(checkpoints=rows, next=more)

    def keys(self) -> Keys:
        """The public keys; the first one is made when it is asked for."""
        if not self.checkpoints.vkeys():
            self.latest()
        return Keys(
            origin=origin_of(self._log.id),
            keys=[Key(vkey=vkey, since=since) for vkey, since in self.checkpoints.vkeys()],
            rotations=self.checkpoints.rotations(),
        )

    def tile(self, level: int, name: str) -> bytes:
        """A tile by its name in the address: the number in groups of three digits."""
        found = _TILE.match(name)
        if not found or not 0 <= level <= 7 or len(found[1]) > 20:
            raise NotFound(
                f"There is no tile {name[:60]!r}: write level and number as in /tile/0/x001/042, "
                "and a tile that is not full yet as in /tile/0/x001/043.p/17."
            )
        number = int(found[1].replace("x", "").replace("/", ""))
        return self._tree.tile(level, number, int(found[2] or WIDTH))

    def asked_event(self, position: int | None, pid: str | None, version: int | None) -> int:
        """The event that is asked for, by its number or as a version of an object."""
        if position is not None and pid is None and version is None:
            return position
        if position is None and pid is not None and version is not None:
            named = Pid.parse(pid)
            self._log.known(named)
            event = self._log.version(named, version)
            if event.status is Status.DRAFT:
                raise NotFound(f"Version {version} of {named} was a draft and is not public.")
            return event.position
        raise UnknownParameter(
            "Name an event by `position`, or by `pid` and `version`.", parameter="position"
        )

    def inclusion(self, position: int, size: int | None) -> Inclusion:
        """That an event is in the tree."""
        self._log.event(position)
        signed = self.checkpoints.covering(position).size
        count = self._size(size, signed)
        index = self._tree.index(position)
        if index >= count:
            raise UnknownParameter(
                f"Event {position} is leaf {index} and not among the first {count}; ask for a "
                f"size from {index + 1} to {signed}.",
                parameter="size",
            )
        return Inclusion(
            position=position,
            index=index,
            size=count,
            leaf=_b64(self._tree.leaf(index)),
            root=_b64(self._tree.root(count)),
            path=[_b64(node) for node in merkle.inclusion(self._tree.over, index, count)],
        )

    def consistency(self, first: int, second: int | None) -> Consistency:
        """That the tree of `second` leaves continues that of `first`."""
        later = self._size(second, self.latest().size)
        if first > later:
            raise UnknownParameter(
                f"The tree of {first} is not contained in that of {later}: name the smaller "
                "size as `first`.",
                parameter="first",
            )
        return Consistency(
            first=first,
            second=later,
            first_root=_b64(self._tree.root(first)),
            second_root=_b64(self._tree.root(later)),
            proof=[_b64(node) for node in merkle.consistency(self._tree.over, first, later)],
        )

    def _size(self, asked: int | None, signed: int) -> int:
        if asked is None:
            return signed
        if asked > signed:
            raise UnknownParameter(
                f"The newest checkpoint has {signed} events, not {asked}; ask for a size up to "
                "that.",
                parameter="size",
            )
        return asked


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _open(cache: str) -> dict[str, str]:
    return {"Cache-Control": cache, "Access-Control-Allow-Origin": "*"}


def _text(
    request: Request, text: str, cache: str, media_type: str = "text/plain; charset=utf-8"
) -> Response:
    body = text.encode()
    headers = {**_open(cache), "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "Content-Type": media_type})
