"""Services by name: one that ships, or one of your own in a folder or a file."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

from fdo.errors import NotFound, Refused
from handlers.queueing.kit import Service

FILE, NAME = "service.py", "service"


def named(
    name: str, data: Path, embedding: tuple[Path | None, str | None] = (None, None)
) -> Service:
    """The service in this folder or file, or the one that ships under this name, with the options
    of the data folder; `embedding` is the model by which the settings have images described."""
    if name.endswith(".py") or Path(name).is_dir():
        return in_file(Path(name))
    from handlers.services import make

    return make(name, data, embedding)


def in_file(place: Path) -> Service:
    """The object `service` of a Python file; of `service.py` where a folder is named."""
    file = (place / FILE if place.is_dir() else place).resolve()
    if not file.is_file():
        raise NotFound(f"{file} does not exist; `collectome mas new NAME` makes one.")
    spec = importlib.util.spec_from_file_location(f"service_in_{file.parent.name}", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent))  # its own modules lie beside it
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Refused(f"{file} cannot be loaded: {type(error).__name__}: {error}") from error
    found: Any = getattr(module, NAME, None)
    wanted = ("name", "describe", "load", "annotate")
    if missing := [one for one in wanted if not hasattr(found, one)]:
        raise Refused(f"{file} has no {NAME!r} with {', '.join(missing)}.")
    service: Service = found
    return service
