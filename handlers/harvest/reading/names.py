"""What a column is called: IRIs to CURIEs, and header names to Darwin Core terms.

>>> curie("http://rs.tdwg.org/dwc/terms/catalogNumber")
'dwc:catalogNumber'
>>> header_key("CATALOGNUMBER"), header_key("Collector"), header_key("shelf")
('dwc:catalogNumber', 'dwc:recordedBy', None)
"""

from __future__ import annotations

from handlers.harvest.reading.name_tables import DCTERMS, DWC, NAMESPACES, OLD_NAMES, OTHERS

_PREFIX_OF = sorted(NAMESPACES.items(), key=lambda item: -len(item[1]))
_BY_LOWER: dict[str, str] = {
    **{name.lower(): f"dcterms:{name}" for name in DCTERMS},
    **{key.split(":")[1].lower(): key for key in OTHERS},
    **{name.lower(): f"dwc:{name}" for name in DWC},
}
_OLD = {name.lower(): key for name, key in OLD_NAMES.items()}
_CURIES = {key.lower(): key for key in _BY_LOWER.values()}
KNOWN = frozenset(_CURIES.values())
"""The CURIEs of all terms that a bare header name may mean."""

SPECIMEN_ROWS = frozenset(
    {
        "dwc:Occurrence",
        "dwc:MaterialEntity",
        "dwc:MaterialSample",
        "dwc:PreservedSpecimen",
        "dwc:FossilSpecimen",
        "dwc:LivingSpecimen",
        "dwcxsd:SimpleDarwinRecord",
        "dwc:DarwinCore",
    }
)
"""The row types whose rows may be specimens."""


def curie(term: str) -> str:
    """The CURIE of a term IRI where its namespace is known; else the text itself."""
    term = term.strip()
    for prefix, namespace in _PREFIX_OF:
        if term.startswith(namespace) and len(term) > len(namespace):
            return f"{prefix}:{term[len(namespace) :]}"
    return modern(term)


def modern(term: str) -> str:
    """A CURIE, or a bare name of the current standard, in its CURIE spelling."""
    if "://" in term:
        return term
    known = _CURIES.get(term.lower()) if ":" in term else _BY_LOWER.get(term.lower())
    return known or term


def header_key(name: str) -> str | None:
    """The key of a header cell: bare, prefixed or full IRI, in any case; also old names."""
    name = name.strip()
    if "://" in name:
        key = curie(name)
        return None if key == name else key
    low = name.lower()
    if ":" in name:
        prefix = low.split(":", 1)[0]
        return _CURIES.get(low) or (name if prefix in NAMESPACES else None)
    flat = low.replace("_", "").replace(" ", "").replace("-", "")
    return _BY_LOWER.get(low) or _BY_LOWER.get(flat) or _OLD.get(flat)


def is_old_name(name: str) -> bool:
    """Whether a header cell is a name of Darwin Core before 2009 that has another today."""
    flat = name.strip().lower().replace("_", "").replace(" ", "").replace("-", "")
    return flat in _OLD and flat not in _BY_LOWER
