"""What a source system says of the dataset behind it, in words that can be read again.

openDS gives a source system no place for the institution that holds its specimens, so the harvest
writes what the dataset's own metadata say into the description, one fact after the other.

>>> text = description({"Dataset": "Beetles", "Organisation": "Museum X"})
>>> text, holder(text)
('Dataset: Beetles; Organisation: Museum X', ('Museum X', None))
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from fdo.identifiers import organisation

ABSTRACT = "Abstract"
TITLE, IDENTIFIER, LICENCE = "Dataset", "Identifier", "Licence"
HOLDER, HOLDER_ID = "Organisation", "Organisation id"
LONGEST = 5_000
"""Characters of an abstract that are kept."""
_FACT = re.compile(f"; (?=(?:{TITLE}|{IDENTIFIER}|{LICENCE}|{HOLDER}|{HOLDER_ID}): )")


def description(facts: Mapping[str, str | None]) -> str:
    """The facts that are known, by their names: the abstract first, since it is the longest, and
    the holder last. Words of an abstract that look like a fact are no fact."""
    order = (TITLE, IDENTIFIER, LICENCE, HOLDER, HOLDER_ID)
    told = [f"{name}: {facts[name]}" for name in order if facts.get(name)]
    if stated := facts.get(ABSTRACT):
        told.insert(0, f"{ABSTRACT}: {_FACT.sub(', ', _cut(stated))}")
    return "; ".join(told)


def abstract(text: str) -> str | None:
    """The abstract that a description begins with; None where it has none.

    >>> abstract(description({"Abstract": "All of them; pinned.", "Dataset": "Beetles"}))
    'All of them; pinned.'
    """
    before, named, after = text.partition(f"{ABSTRACT}: ")
    return _FACT.split(after, maxsplit=1)[0] or None if named and not before else None


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST].rsplit(' ', 1)[0]} …"


def licence(text: str) -> str | None:
    """The licence that a description names, in the words of the dataset; None where it names none.

    >>> licence("Dataset: Beetles; Licence: CC0 1.0; Organisation: Museum X")
    'CC0 1.0'
    """
    before, named, _ = f"; {text}".rpartition(f"; {HOLDER}: ")
    told = before if named else f"; {text}".rpartition(f"; {HOLDER_ID}: ")[0] or f"; {text}"
    _, said, found = told.rpartition(f"; {LICENCE}: ")
    return found if said else None


def holder(text: str) -> tuple[str, str | None] | None:
    """Name and ROR or Wikidata id of the holder that a description ends with; None where it names
    none. A holder without a name goes by its id."""
    before, named, iri = f"; {text}".rpartition(f"; {HOLDER_ID}: ")
    known = organisation(iri) if named else None
    _, said, name = (before if known else f"; {text}").rpartition(f"; {HOLDER}: ")
    found = name if said else known
    return (found, known) if found else None
