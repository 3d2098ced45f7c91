"""The terms that people mean: full paths, keys, local names and short names.

`ods:hasEvents/ods:hasLocation/dwc:country`, `dwc:country` and `country` all name the same;
a key that stands in several places (`schema:name`) names all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from fdo.errors import CollectomeError
from handlers.projections.terms.compare import HELD
from ontologies.terms import DOCUMENT_TERMS

_SHORT = {name.lower(): path for name, path in HELD.items()}


class UnknownTerm(CollectomeError):
    """No document of ours may bear a term of this name; `nearest` holds those that sound alike."""


def paths_of(name: str, known: Iterable[str]) -> list[str]:
    """The known paths that a name means; [] for a term of the vocabulary that none bears.

    UnknownTerm where neither a document nor the vocabulary knows the name.
    """
    wanted = name.strip().lower()
    paths = sorted({*known, *HELD.values()})
    found = [path for path in paths if wanted in _names(path)]
    if wanted in _SHORT and _SHORT[wanted] not in found:
        found.append(_SHORT[wanted])
    if not found and not any(wanted in _names(key) for key in DOCUMENT_TERMS):
        raise _unknown(name, paths)
    return found


def held_path(name: str) -> str:
    """The path of a term of which is kept when its values were held; UnknownTerm for others."""
    wanted = name.strip().lower()
    if wanted in _SHORT:
        return _SHORT[wanted]
    for path in HELD.values():
        if wanted in _names(path):
            return path
    raise UnknownTerm(
        f"It is not kept when values of {name!r} were held; it is of {', '.join(HELD)}.",
        parameter="term",
        nearest=get_close_matches(name, HELD, 3, 0.5),
    )


def short_name(path: str) -> str:
    """The shortest name that means this path and no other: for people."""
    return next((name for name, held in HELD.items() if held == path), path.rpartition("/")[2])


def _names(path: str) -> tuple[str, str, str]:
    key = path.rpartition("/")[2].lower()
    return path.lower(), key, key.partition(":")[2]


def _unknown(name: str, paths: Iterable[str]) -> UnknownTerm:
    names = {*HELD, *(_names(path)[2] for path in paths), *DOCUMENT_TERMS}
    nearest = get_close_matches(name, sorted(names), 5, 0.6)
    hint = f"; the nearest are {', '.join(nearest)}" if nearest else ""
    return UnknownTerm(
        f"There is no term {name!r}{hint}. /api/time/terms lists those that ever changed.",
        parameter="term",
        nearest=nearest,
    )
