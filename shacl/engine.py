"""The compiled SHACL engine, behind one door.

The engine is the Rust extension of the package `shacl` on PyPI (0.3). This folder bears the
same name and comes first on the path, so the extension is loaded by its file: here, and only
here. Shapes are compiled once per process, when the first document asks.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from importlib.machinery import ExtensionFileLoader
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Protocol, cast

SHAPES = Path(__file__).parent / "shapes"
_PACKAGE = "shacl"
_EXTENSION = "shacl/shacl.abi3.so"


class Finding(Protocol):
    """One result as the engine gives it; terms are in N-Triples syntax."""

    focus_node: str
    value_plain: str | None
    path: str | None
    source_shape: str | None
    root_shape: str | None
    component: str
    severity: str
    message: str | None


class Outcome(Protocol):
    """What the engine says of one data graph."""

    results: list[Finding]

    def __len__(self) -> int:
        """The number of results; cheap, where `results` makes an object for each."""


class Compiled(Protocol):
    """A compiled shapes graph: immutable, shared by threads without a lock."""

    def validate_text(self, text: str, format: str = "turtle") -> Outcome:
        """Validate a data graph given as text."""

    def __len__(self) -> int:
        """The number of shapes."""


@cache
def _extension() -> Any:
    package = distribution(_PACKAGE)
    file = Path(str(package.locate_file(_EXTENSION)))
    if not file.is_file():
        found = [str(f) for f in package.files or () if f.suffix in (".so", ".pyd")]
        if not found:
            raise ImportError("The package 'shacl' holds no compiled engine; install it again.")
        file = Path(str(package.locate_file(found[0])))
    loader = ExtensionFileLoader(_PACKAGE, str(file))
    spec = importlib.util.spec_from_file_location(_PACKAGE, file, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def compile_shapes(turtle: str) -> Compiled:
    """Compile a shapes graph; ValueError when the text holds no shape at all."""
    shapes = cast(Compiled, _extension().Shapes.from_text(turtle, "turtle"))
    if not len(shapes):
        raise ValueError("The shapes graph declares no shapes: everything would conform.")
    return shapes


@cache
def shapes_text(name: str) -> str:
    """The Turtle of our shapes for one object type (`specimen`, `media`)."""
    return (SHAPES / f"{name}.ttl").read_text(encoding="utf-8")


@cache
def compiled(name: str) -> Compiled:
    """Our shapes for one object type, compiled once per process."""
    return compile_shapes(shapes_text(name))
