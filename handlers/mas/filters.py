"""Which objects a service wants: `ods:hasTargetDigitalObjectFilter`, {JSONPath: [allowed values]}.

Every path must match. A path with wildcards matches when any of its values is allowed, so that
conditions hold for lists; `*` allows every value that is not empty. Values are compared as JSON
says them: 1 is not "1", but 1 is 1.0.

    {"$['ods:topicDiscipline']": ["Botany", "Zoology"],
     "$['ods:hasIdentifications'][*]['dwc:scientificName']": ["*"]}

A filter of a media service may look at the specimens that the medium shows, by
`$['digitalSpecimen'][…]`, and that of a service which follows annotations at the annotation, by
`$['annotation'][…]`. Several such conditions hold together for one and the same specimen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fdo.annotation.paths import Pattern, match, parse_pattern
from fdo.errors import InvalidDocument

ANY = "*"
SPECIMEN, ANNOTATION = "digitalSpecimen", "annotation"
MOST_PATHS, MOST_VALUES = 50, 1_000


class Filter:
    """The conditions of one service, read once."""

    def __init__(self, conditions: Mapping[str, Sequence[Any]]) -> None:
        self.conditions = {path: tuple(allowed) for path, allowed in conditions.items()}
        self._compiled = [
            (parse_pattern(path), frozenset(map(_comparable, allowed)))
            for path, allowed in self.conditions.items()
        ]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Filter) and self.conditions == other.conditions

    def __hash__(self) -> int:
        return hash(tuple(sorted(self.conditions)))

    @property
    def asks_specimens(self) -> bool:
        """Whether the specimens that a medium shows have to be read for it."""
        return any(path[:1] == (SPECIMEN,) for path, _ in self._compiled)

    def passes(
        self,
        document: Mapping[str, Any],
        specimens: Sequence[Mapping[str, Any]] = (),
        annotation: Mapping[str, Any] | None = None,
    ) -> bool:
        """Whether the service wants this object."""
        about: dict[str, Any] = dict(document)
        if annotation is not None:
            about[ANNOTATION] = annotation
        if not self.asks_specimens:
            return self._holds(about)
        return any(self._holds({**about, SPECIMEN: one}) for one in specimens)

    def _holds(self, about: dict[str, Any]) -> bool:
        return all(_any(about, path, allowed) for path, allowed in self._compiled)


def breaches(conditions: Any) -> list[str]:
    """What is wrong with a filter that somebody sends, in sentences."""
    if not isinstance(conditions, Mapping):
        return ["A filter is an object of JSONPath → list of allowed values."]
    if len(conditions) > MOST_PATHS:
        return [f"A filter has at most {MOST_PATHS} paths; this one has {len(conditions)}."]
    found = []
    for path, allowed in conditions.items():
        if not isinstance(allowed, list) or not allowed:
            found.append(f"{path}: name a list of allowed values, or ['*'] for any.")
        elif len(allowed) > MOST_VALUES:
            found.append(f"{path}: at most {MOST_VALUES} values may be listed.")
        elif any(isinstance(one, dict | list) or one is None for one in allowed):
            found.append(f"{path}: allowed values are texts, numbers or booleans.")
        try:
            if not parse_pattern(path):
                found.append(f"{path}: name a property, not the whole object.")
        except InvalidDocument as wrong:
            found.append(f"{path}: {wrong.message}")
    return found


def _any(about: dict[str, Any], path: Pattern, allowed: frozenset[Any]) -> bool:
    found = (leaf for _, value in match(about, path) for leaf in _leaves(value))
    return any(_comparable(leaf) in allowed or (ANY in allowed and _said(leaf)) for leaf in found)


def _leaves(value: Any) -> Sequence[Any]:
    """A path that ends at a list matches when any of its items does."""
    return value if isinstance(value, list) else (value,)


def _said(value: Any) -> bool:
    """Whether there is something: false and 0 are, an empty text, node or nothing are not."""
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value not in ({}, [])


def _comparable(value: Any) -> Any:
    """The value so that a boolean equals no number; a node equals nothing."""
    if isinstance(value, bool):
        return ("boolean", value)
    return value if isinstance(value, str | int | float) else None
