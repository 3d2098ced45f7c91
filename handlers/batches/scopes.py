"""What an agent may say, of what, and in whose name: the scopes of its token.

    motivation:commenting               comments, nothing else
    target:media                        on media objects only
    dataset:20.5000.5072/ABC-DEF-123    on what came from this source system only
    creator:https://orcid.org/0000-…    in this name too; creator:* in any

Scopes of one kind widen each other; a kind of which none is given limits nothing, but for
`creator`: without one an agent speaks in its own name.

>>> Scopes.parse(["creator:https://example.org/me"]).may_name("https://example.org/you")
False
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from eventstore.log import Head
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import Refused
from fdo.identifiers import Pid

KINDS: Final = ("creator", "dataset", "motivation", "target")
MOTIVATIONS: Final = (
    "adding", "assessing", "bookmarking", "classifying", "commenting", "deleting", "describing",
    "editing", "highlighting", "identifying", "linking", "moderating", "questioning", "replying",
    "tagging",
)  # fmt: skip
"""Local names of the motivations there are (Web Annotation Vocabulary 3.3, openDS 0.4)."""
ANYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Scopes:
    """The limits of one token; an empty set limits nothing, but for creators."""

    motivations: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()
    datasets: frozenset[str] = frozenset()
    creators: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Scopes:
        """Read scopes as they stand in a token; Refused for one that is none."""
        found: dict[str, set[str]] = {kind: set() for kind in KINDS}
        for text in texts:
            kind, colon, value = text.partition(":")
            if kind not in KINDS or not colon or not value:
                raise Refused(
                    f"{text!r} is no scope; write motivation:commenting, target:media, "
                    "dataset:PID or creator:IRI."
                )
            found[kind].add(_READ[kind](value))
        return cls(
            frozenset(found["motivation"]),
            frozenset(found["target"]),
            frozenset(found["dataset"]),
            frozenset(found["creator"]),
        )

    def refusal(self, draft: Mapping[str, Any], targets: Sequence[Head]) -> str | None:
        """Why the token may not write this annotation of these objects; None: it may."""
        return self._of_motivations(draft) or self._of_targets(targets)

    def _of_motivations(self, draft: Mapping[str, Any]) -> str | None:
        for motivation in draft.get("oa:motivatedBy", ()) if self.motivations else ():
            local = _local(motivation)
            if local not in self.motivations:
                return (
                    f"The token may write annotations for {', '.join(sorted(self.motivations))}, "
                    f"not for {local}; ask for a scope motivation:{local}."
                )
        return None

    def _of_targets(self, targets: Sequence[Head]) -> str | None:
        for head in targets:
            if self.targets and head.type not in self.targets:
                return (
                    f"The token may annotate {', '.join(sorted(self.targets))}, and {head.pid} is "
                    f"a {head.type}; ask for a scope target:{head.type}."
                )
            if self.datasets and head.source not in self.datasets:
                return (
                    f"{head.pid} did not come from a dataset of the token's; ask for a scope "
                    f"dataset:{head.source or 'PID'}."
                )
        return None

    def may_name(self, creator: str) -> bool:
        """Whether the token may write in the name of this agent beside its own."""
        return ANYBODY in self.creators or creator in self.creators


def creators_of(draft: Mapping[str, Any]) -> list[Document]:
    """The agents that an annotation names as its creators."""
    found = draft.get("dcterms:creator") or []
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def _local(motivation: str) -> str:
    return motivation.partition(":")[2] or motivation


def _motivation(value: str) -> str:
    if _local(value) not in MOTIVATIONS:
        raise Refused(f"{value!r} is no motivation; there are {', '.join(MOTIVATIONS)}.")
    return _local(value)


def _target(value: str) -> str:
    if value not in OBJECT_TYPES:
        raise Refused(f"{value!r} is no type of object; there are {', '.join(OBJECT_TYPES)}.")
    return value


_READ: dict[str, Callable[[str], str]] = {
    "motivation": _motivation,
    "target": _target,
    "dataset": lambda value: str(Pid.parse(value)),
    "creator": str,
}
