"""openDS's own JSON Schemas, loaded by path, as the oracle beside ours.

Nine of their references match no `$id` (a typo, moved folders), so the address of a schema is
turned into its path: `…/schemas/<a>/<type>/<version>/<file>` is
`<a>/<type>/<version>/schema/<file>`.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

ADDRESS = "https://schemas.dissco.tech/schemas/"
THEIRS = {
    "specimen": "fdo-type/digital-specimen/0.4.0/digital-specimen.json",
    "annotation": "fdo-type/annotation/0.4.0/annotation.json",
    "media": "fdo-type/digital-media/0.5.0/digital-media.json",
    "source-system": "fdo-type/source-system/0.4.0/source-system.json",
    "data-mapping": "fdo-type/data-mapping/0.4.0/data-mapping.json",
}


@cache
def their_validator(folder: Path, name: str) -> jsonschema_rs.Draft202012Validator:
    """The validator of openDS for an object type of ours, formats asserted."""

    def fetch(address: str) -> Any:
        return _read(folder, address.removeprefix(ADDRESS))

    schema = _read(folder, THEIRS[name]) | {"$id": ADDRESS + THEIRS[name]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True, retriever=fetch)


def _read(folder: Path, address: str) -> Any:
    part, kind, version, file = address.split("/")
    content = json.loads((folder / part / kind / version / "schema" / file).read_text("utf-8"))
    content.pop("$id", None)  # the path is its name; some $ids name another place
    return content
