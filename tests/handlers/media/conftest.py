"""A repository of media and its files, and a server that sends some."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eventstore.application import DigitalObjects
from fdo.agent import Agent
from fdo.identifiers import Pid
from fdo.lifecycle import Register, Status, stamped
from handlers.media import MediaFiles, Terms
from tests.handlers.media.sender import Sender, sending

AT = "2026-11-01T12:00:00.000Z"
CURATOR = Agent("urn:example:curator", "Curator")


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with sending() as made:
        yield made


class Collection:
    """A repository of media and its files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 1_000_000.0
        self.objects = DigitalObjects(folder)
        self.files = self.made()

    def made(self, **terms: Any) -> MediaFiles:
        given = Terms(**{"allow_private": True, **terms})
        return MediaFiles(self.folder / "media", self.objects, given, clock=lambda: self.now)

    def medium(self, uri: str, status: Status = Status.ACTIVE, kind: str = "media") -> Pid:
        pid = self.objects.reserve(kind)
        draft = {"@type": "ods:DigitalMedia", "ac:accessURI": uri, "schema:name": "x"}
        document = stamped(draft, pid, 1, modified=AT)
        self.objects.handle(Register(document, status), pid=pid, kind=kind, by=CURATOR)
        return pid

    def checks(self, pid: Pid) -> list[dict[str, Any]]:
        events = self.objects.log.history(pid)
        return [dict(e.detail) for e in events if e.what == "MediaChecked"]


@pytest.fixture
def collection(tmp_path: Path) -> Iterator[Collection]:
    made = Collection(tmp_path)
    yield made
    made.files.close()
    made.objects.close()
