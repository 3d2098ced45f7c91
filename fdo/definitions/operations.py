"""The operations that objects understand (DOIP 2.0), each with the attributes of its request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_MOMENT: Schema = {
    "anyOf": [{"type": "string"}, {"type": "integer", "minimum": 0}],
    "description": "An instant, a day or an event of the log.",
}
_VERSION: Schema = {"type": "integer", "minimum": 1}
_RANGE: Schema = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"start": _COUNT, "end": _COUNT},
            "additionalProperties": False,
        },
    ],
    "description": "First and last byte, both included: 4-8 or an object with start and end.",
}


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its identifier, what it does, and the attributes of its request."""

    key: str
    title: str
    definition: str
    attributes: dict[str, Schema] = field(default_factory=dict)
    of_service: bool = False
    """Whether it is asked of the service itself rather than of an object."""


OPERATIONS: dict[str, Operation] = {
    operation.key: operation
    for operation in (
        Operation("0.DOIP/Op.Hello", "Hello", "Tell of the service.", {}, True),
        Operation("0.DOIP/Op.ListOperations", "List operations", "List what a target understands."),
        Operation("0.DOIP/Op.Create", "Create", "Bring an object into the repository.", {}, True),
        Operation(
            "0.DOIP/Op.Retrieve",
            "Retrieve",
            "Give an object, or one of its elements, as it is or as it was.",
            {
                "asOf": _MOMENT,
                "element": _TEXT,
                "includeElementData": {"type": "boolean"},
                "observedAt": _TEXT,
                "range": _RANGE,
                "version": _VERSION,
            },
        ),
        Operation(
            "0.DOIP/Op.Update", "Update", "Give an object a new version.", {"version": _VERSION}
        ),
        Operation(
            "0.DOIP/Op.Delete",
            "Delete",
            "Withdraw an object; its record and its history stay.",
            {"reason": _TEXT, "version": _VERSION},
        ),
        Operation(
            "0.DOIP/Op.Search",
            "Search",
            "Find objects.",
            {
                "asOf": _MOMENT,
                "filterQueries": {"type": "array", "items": _TEXT},
                "observedAt": _TEXT,
                "pageNum": _COUNT,
                "pageSize": {"type": "integer"},
                "query": _TEXT,
                "sortFields": _TEXT,
                "type": {"enum": ["id", "full"]},
            },
            True,
        ),
        Operation(
            "20.DOIP/Op.Versions.Get",
            "Get versions",
            "List the versions of an object, the newest first.",
            {"before": _VERSION},
        ),
    )
}
"""Every operation, by its identifier."""
