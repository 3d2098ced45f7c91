"""What the shipped services are told by whoever runs them: `services.toml` in the data folder.

    [names]
    checklist = "taxa.csv"                 # Darwin Core Taxon table

    [classifier.wing-or-leaf]              # a model of your own; the service gets this name
    file = "wing-or-leaf.onnx"
    sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    labels = ["wing", "leaf"]
    about = "Tells wings from leaves."
    cannot = "It has seen nothing but wings and leaves."
    license = "https://creativecommons.org/licenses/by/4.0/"

Paths are relative to the file. The file is no part of the log: what matters of it for a reader of
annotations (model, SHA-256, release) stands on every annotation.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from fdo.errors import CollectomeError

FILE = "services.toml"
_NAME = re.compile(r"[a-z][a-z0-9-]{1,39}")
_SECTIONS = ("classifier", "names")
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of the images of ImageNet, on which most models began."""
_HASH = re.compile(r"[0-9a-fA-F]{64}")


class InvalidOptions(CollectomeError):
    """`services.toml` says something that cannot be; the message names the place."""


@dataclass(frozen=True, slots=True)
class Model:
    """A configured model: which file it must be, and what its answers mean."""

    file: Path
    sha256: str
    labels: tuple[str, ...]
    about: str = "Classifies images by a configured model."
    cannot: str = "Its makers did not say."
    license: str = ""
    version: str = ""
    intended_use: str = ""
    size: int = 224
    """Side of the square to which images are fitted, where the model does not say."""
    mean: tuple[float, ...] = _MEAN
    std: tuple[float, ...] = _STD
    """Of the channels red, green, blue between 0 and 1, as the model was trained."""
    threshold: float = 0.5
    """Below this it says nothing."""
    top: int = 1
    """Most labels an annotation names."""


@dataclass(frozen=True, slots=True)
class Options:
    """All that a `services.toml` says."""

    place: Path
    told: Mapping[str, Any] = field(default_factory=dict)
    classifiers: Mapping[str, Model] = field(default_factory=dict)
    embedding: tuple[Path | None, str | None] = (None, None)
    """Model and SHA-256 by which images are described; the settings say it."""

    def file(self, service: str, key: str) -> Path | None:
        """A file that a service is told of; None when it is told of none."""
        section = self.told.get(service, {})
        said = section.get(key) if isinstance(section, dict) else None
        if said is None:
            return None
        if not isinstance(said, str):
            raise InvalidOptions(f"{self.place}: {service}.{key} is the path of a file.")
        return self.place.parent / said


def read(folder: Path) -> Options:
    """The options of a data folder; none where it has no such file."""
    place = folder / FILE
    try:
        told = tomllib.loads(place.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Options(place)
    except (OSError, ValueError) as wrong:
        raise InvalidOptions(f"{place} cannot be read as TOML: {wrong}.") from wrong
    if unknown := sorted(set(told) - set(_SECTIONS)):
        raise InvalidOptions(
            f"{place} knows no section {', '.join(unknown)}; there are {', '.join(_SECTIONS)}."
        )
    sections = told.pop("classifier", {})
    if not isinstance(sections, dict):
        raise InvalidOptions(f"{place}: write [classifier.NAME] for each model.")
    return Options(
        place, told, {name: _model(place, name, said) for name, said in sections.items()}
    )


def _model(place: Path, name: str, said: Any) -> Model:
    where = f"{place}: classifier.{name}"
    if not _NAME.fullmatch(name):
        raise InvalidOptions(f"{where}: a name has small letters, digits and hyphens, 2 to 40.")
    if not isinstance(said, dict):
        raise InvalidOptions(f"{where} is a table.")
    known = {one.name for one in fields(Model)}
    if unknown := sorted(set(said) - known):
        raise InvalidOptions(f"{where} knows no {', '.join(unknown)}; {', '.join(sorted(known))}.")
    checks = {
        "file": isinstance(said.get("file"), str),
        "sha256": bool(_HASH.fullmatch(str(said.get("sha256", "")))),
        "labels": _texts(said.get("labels")),
        "size": isinstance(said.get("size", 224), int) and 8 <= said.get("size", 224) <= 4_096,
        "mean": _three(said.get("mean", _MEAN)),
        "std": _three(said.get("std", _STD)) and all(said.get("std", _STD)),
        "threshold": _number(said.get("threshold", 0.5)) and 0 <= said.get("threshold", 0.5) <= 1,
        "top": isinstance(said.get("top", 1), int) and 1 <= said.get("top", 1) <= 10,
    }
    if wrong := [key for key, good in checks.items() if not good]:
        raise InvalidOptions(
            f"{where}: {', '.join(wrong)} must be there and be what the handbook says: a file, "
            "its SHA-256 in hex, a list of labels; sizes, means and thresholds in their range."
        )
    lists = {key: tuple(said[key]) for key in ("labels", "mean", "std") if key in said}
    return Model(**{**said, **lists, "file": place.parent / said["file"]})


def _texts(said: Any) -> bool:
    return isinstance(said, list) and bool(said) and all(isinstance(one, str) for one in said)


def _number(said: Any) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool)


def _three(said: Any) -> bool:
    return isinstance(said, list | tuple) and len(said) == 3 and all(map(_number, said))
