"""Licences: any text or address in, one known licence out; and the gate that asks it.

Providers write `CC-BY`, `http://creativecommons.org/licenses/by/3.0/de/legalcode`, `CC0 1.0`
or a whole paragraph. What can be told from that is a name with a version (SPDX style) and an
address; what cannot be told is None, never a guess in the provider's favour.

>>> parse("http://creativecommons.org/licenses/by/3.0/de/deed.en").spdx
'CC-BY-3.0-DE'
>>> gate("CC BY-NC 4.0", None).passes
False
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_CC = "https://creativecommons.org/"


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence by its SPDX id (`LicenseRef-…` where SPDX has none), address and name."""

    spdx: str
    iri: str
    name: str

    @property
    def open_enough(self) -> bool:
        """CC0, CC BY of any version and jurisdiction, and the public domain."""
        return self.spdx in _OPEN or re.match(r"CC-BY(-\d|$)", self.spdx) is not None


@dataclass(frozen=True, slots=True)
class GateResult:
    """What the gate says: pass or not, for which licence (address, or the text), and why."""

    passes: bool
    licence: str | None
    reason: str
    inherited: bool = False


CC0 = Licence("CC0-1.0", f"{_CC}publicdomain/zero/1.0/", "CC0 1.0 Universal")
PUBLIC_DOMAIN = Licence("LicenseRef-PDM-1.0", f"{_CC}publicdomain/mark/1.0/", "Public Domain Mark")
PDDL = Licence("PDDL-1.0", "https://opendatacommons.org/licenses/pddl/1-0/", "ODC PDDL 1.0")
ODC_BY = Licence("ODC-By-1.0", "https://opendatacommons.org/licenses/by/1-0/", "ODC-By 1.0")
ODBL = Licence("ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/", "ODbL 1.0")
RESERVED = Licence(
    "LicenseRef-InC", "http://rightsstatements.org/vocab/InC/1.0/", "All rights reserved"
)
_OPEN = {CC0.spdx, PUBLIC_DOMAIN.spdx, PDDL.spdx}

_CC_ADDRESS = re.compile(
    r"creativecommons\.org/licen[sc]es/(?P<kind>by(?:-(?:nc|nd|sa))*|(?:nc|nd|sa)(?:-(?:nc|sa))*)"
    r"(?:/(?P<version>[1-4]\.[05]))?(?:/(?P<port>[a-z]{2,3}))?(?:[/\s\"'.,;)>]|$)"
)
_ZERO = re.compile(r"publicdomain/zero|\bcc[\s_-]?(?:0|zero)\b|\bcc0(?=[_\s]|$)")
_MARK = re.compile(r"publicdomain/mark|licenses/publicdomain|\bpublic[\s_-]*domain\b|^pdm?\b")
_NOT_PUBLIC = re.compile(r"\bnot\b[^.]{0,20}\bpublic[\s_-]*domain")
_CC_WORDS = re.compile(r"\bcc\b|creative\s*commons")
_BY = re.compile(r"\bby\b|attribution")
_VARIANTS = (
    ("nc", re.compile(r"\bnc\b|non[\s-]*commercial")),
    ("nd", re.compile(r"\bnd\b|no[\s-]*deriv")),
    ("sa", re.compile(r"\bsa\b|share[\s-]*alike")),
)
_VERSION = re.compile(r"(?<![\d.])([1-4]\.[05])(?![\d])|\bv?([1-4])(?:\s*(?:$|international))")
_OTHERS = (
    (PDDL, re.compile(r"opendatacommons\.org/licenses/pddl|\bpddl\b")),
    (ODBL, re.compile(r"opendatacommons\.org/licenses/odbl|\bodbl\b")),
    (ODC_BY, re.compile(r"opendatacommons\.org/licenses/by|\bodc[\s-]by\b")),
    (RESERVED, re.compile(r"all rights reserved|rightsstatements\.org/(?:vocab|page)/inc\b")),
)


@lru_cache(maxsize=4096)
def parse(text: str) -> Licence | None:
    """The licence that a text or address names, or None where it names none we know.

    CC BY without version is `CC-BY`, with the licence family's address: nothing is invented.
    """
    low = re.sub(r"(?<=\d)_(?=\d)", ".", text.lower())
    low = " ".join(low.replace("_", " ").split())
    if not low:
        return None
    address = low.replace(" ", "-") if "creativecommons.org" not in low else low
    if found := _CC_ADDRESS.search(address):
        return _creative_commons(found["kind"], found["version"], found["port"])
    for licence, pattern in _OTHERS:
        if pattern.search(low):
            return licence
    words = re.sub(r"[-/(),;:]", " ", low)
    if _CC_WORDS.search(words) and (kind := _kind_in_words(words)):
        return _creative_commons(kind, _version_in_words(words), None)
    if re.match(r"by(?:[\s-](?:nc|nd|sa))*[\s-]*\d?(?:\.\d)?$", low):
        return _creative_commons(_kind_in_words(words) or "by", _version_in_words(words), None)
    if _ZERO.search(low):
        return CC0
    if _MARK.search(low) and not _NOT_PUBLIC.search(low):
        return PUBLIC_DOMAIN
    return None


def gate(own: str | None, dataset: str | None) -> GateResult:
    """Whether a document may be published: CC0, CC BY of any version, or public domain.

    The own licence counts; only where there is none does the dataset's, as inherited.
    """
    stated, inherited = (own, False) if own and own.strip() else (dataset, True)
    where = "the dataset" if inherited else "the record"
    if not stated or not stated.strip():
        return GateResult(False, None, "Neither the record nor its dataset states a licence.")
    licence = parse(stated)
    if licence is None:
        text = stated.strip()
        reason = f"The licence that {where} states is not known: {text[:200]!r}."
        return GateResult(False, text, reason, inherited)
    if licence.open_enough:
        return GateResult(True, licence.iri, f"{licence.name}, stated by {where}.", inherited)
    reason = f"{licence.name}, stated by {where}, is neither CC0 nor CC BY nor public domain."
    return GateResult(False, licence.iri, reason, inherited)


def _creative_commons(kind: str, version: str | None, port: str | None) -> Licence:
    """One member of the Creative Commons family; element order as CC writes it."""
    parts = [part for part in ("by", "nc", "nd", "sa") if part in kind.split("-")]
    label = "-".join(parts)
    country = None if port in (None, "igo", "deed") else port
    spdx = "-".join(["CC", label.upper(), *filter(None, (version, country and country.upper()))])
    if port == "igo":
        spdx += "-IGO"
    iri = f"{_CC}licenses/{label}/" + (f"{version}/" if version else "")
    if port and port != "deed":
        iri += f"{port}/"
    name = " ".join(filter(None, ("CC", label.upper(), version, port and port.upper())))
    return Licence(spdx, iri, name)


def _kind_in_words(words: str) -> str | None:
    if not _BY.search(words):
        return None
    return "-".join(["by", *(part for part, pattern in _VARIANTS if pattern.search(words))])


def _version_in_words(words: str) -> str | None:
    found = _VERSION.search(words)
    if not found:
        return None
    return found[1] or f"{found[2]}.0"
