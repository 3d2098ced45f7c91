"""The W3C's JSON Schemas of the Web Annotation model, a file for each assertion."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

_BASE = "https://schemas.example/"


@cache
def musts(folder: Path, part: str) -> dict[str, jsonschema_rs.Draft4Validator]:
    """Title → validator of each assertion that must hold, of `annotations` or `collections` or
    `collections/pages`."""
    suite = folder / "conformance" / "web-annotation"
    definitions = {file.name: _read(file) for file in suite.glob("definitions/*.json")}

    def fetch(address: str) -> Any:
        return definitions[address.removeprefix(_BASE)]

    files = suite.glob(f"{part}/*.json") if part != "annotations" else suite.glob(f"{part}/**/*")
    found = {}
    for file in sorted(files):
        if file.suffix == ".json" and (schema := _read(file)).get("assertionType") == "must":
            whole = {  # beside a $ref nothing counts in draft 4, not even the id
                "id": schema.pop("id"),
                "definitions": schema.pop("definitions", {}),
                "allOf": [schema],
            }
            found[file.stem] = jsonschema_rs.Draft4Validator(
                whole, retriever=fetch, validate_formats=True
            )
    return found


def broken(folder: Path, part: str, face: Any) -> list[str]:
    """The assertions that a face breaks."""
    return [name for name, one in musts(folder, part).items() if not one.is_valid(face)]


def _read(file: Path) -> Any:
    schema = json.loads(file.read_text("utf-8"))
    return schema | {"id": f"{_BASE}{file.name}"}
