"""Annotations: proposed, decided, merged, and laid over every later harvest again.

>>> annotations = Annotations(objects)                              # doctest: +SKIP
>>> outcome = annotations.propose(draft, by)                        # doctest: +SKIP
>>> annotations.accept(outcome.pid, curator).target_version         # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fdo.agent import Agent
from fdo.annotation.life import merging
from handlers.annotations.outcome import Decision, Outcome
from handlers.annotations.proposals import Proposals
from handlers.annotations.targets import Since, changed_since, made_on
from handlers.annotations.undoing import Undoing

__all__ = ["Annotations", "Decision", "Outcome", "Since", "changed_since", "made_on"]


class Annotations(Proposals, Undoing):
    """All that happens to annotations. `rejecting` names the object types whose shapes reject."""

    def propose(
        self,
        draft: Mapping[str, Any],
        by: Agent,
        *,
        cause: int | None = None,
        accept_as: Agent | None = None,
    ) -> Outcome:
        """Record one annotation; a proposed change is approved at once where `accept_as` names
        who does so. What is cut off between the two waits for a decision."""
        (outcome,) = self.propose_many([draft], by, cause=cause)
        if accept_as is None or outcome.what != "created" or not merging(draft):
            return outcome
        assert outcome.pid is not None  # what was created has a PID
        return self.accept(outcome.pid, accept_as).outcome
