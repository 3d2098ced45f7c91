"""A shipped service made ready: its models and itself registered, once, and seen to load.

Enabling again registers nothing twice; where a new release describes itself otherwise, the
service gets a new version, and new weights are a new model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded
from fdo.agent import Agent
from fdo.identifiers import Pid
from handlers.mas.registration import Registration
from handlers.services import make
from handlers.services.models import cards, registered
from handlers.services.options import read


@dataclass(frozen=True, slots=True)
class Enabled:
    """A service that can be worked for."""

    name: str
    service: Recorded
    models: tuple[Pid, ...]
    provider: str
    """What it runs on, on this machine."""


def enable(
    objects: DigitalObjects,
    name: str,
    folder: Path,
    by: Agent,
    embedding: tuple[Path | None, str | None] = (None, None),
) -> Enabled:
    """Load a service, so that what it lacks is said now; then register its models and it."""
    service = make(name, folder, embedding)
    provider = service.load()
    options = replace(read(folder), embedding=embedding)
    models = registered(objects, cards(name, options), by)
    form = service.describe()
    if models:
        form["col:model"] = models[0].iri
    event = Registration(objects, by).put(form)
    return Enabled(name, event, tuple(models), provider)
