"""How the tables of this folder are read: names in, terms out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ontologies.term import DERIVED_PROPERTY, Kind, Term, fragment_of_key, label_of


def standard_terms(prefix: str, kind: Kind, names: str) -> tuple[Term, ...]:
    """Terms that a standard defines: their label is their name, their meaning its page."""
    return tuple(_term(f"{prefix}:{name}", kind, None) for name in names.split())


def own_terms(prefix: str, kind: Kind, definitions: Mapping[str, str]) -> tuple[Term, ...]:
    """Terms that we have to define, in our own words."""
    return tuple(_term(f"{prefix}:{name}", kind, text) for name, text in definitions.items())


def derived(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The same terms as words of the graphs only: no document may bear them as keys."""
    return tuple(
        Term(t.key, t.kind, t.label, t.definition, DERIVED_PROPERTY, t.fragment) for t in terms
    )


def _term(key: str, kind: Kind, definition: str | None) -> Term:
    fragment = fragment_of_key(key) if kind is Kind.NODE else ""
    return Term(key, kind, label_of(key), definition, fragment=fragment)
