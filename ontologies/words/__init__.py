"""The tables of terms, one module per family; a register, sorted by module."""

from __future__ import annotations

from ontologies.words import (
    classes,
    darwin_core,
    definitions,
    opends,
    repository,
    services,
    standards,
)

ALL_TERMS = (
    *darwin_core.TERMS,
    *definitions.TERMS,
    *opends.TERMS,
    *repository.TERMS,
    *services.TERMS,
    *standards.TERMS,
)
ALL_CLASSES = classes.CLASSES
