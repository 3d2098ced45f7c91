"""Licences: any text or address in, one known licence out; and the gate that asks it.

Providers write `CC-BY`, `http://creativecommons.org/licenses/by/3.0/de/legalcode`, `CC0 1.0`
or a whole paragraph. What can be told from that is a name with a version (SPDX style) and an
address. A text names a licence only when nothing else is left in it: a word that we do not know
may be the one that forbids.

>>> parse("http://creativecommons.org/licenses/by/3.0/de/deed.en").spdx
'CC-BY-3.0-DE'
>>> parse("CC BY 4.0, no commercial use") is None
True
>>> gate("CC BY-NC 4.0", None).passes
False
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_CC_HOME = "https://creativecommons.org/"


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


CC0 = Licence("CC0-1.0", f"{_CC_HOME}publicdomain/zero/1.0/", "CC0 1.0 Universal")
PUBLIC_DOMAIN = Licence(
    "LicenseRef-PDM-1.0", f"{_CC_HOME}publicdomain/mark/1.0/", "Public Domain Mark"
)
PDDL = Licence("PDDL-1.0", "https://opendatacommons.org/licenses/pddl/1-0/", "ODC PDDL 1.0")
ODC_BY = Licence("ODC-By-1.0", "https://opendatacommons.org/licenses/by/1-0/", "ODC-By 1.0")
ODBL = Licence("ODbL-1.0", "https://opendatacommons.org/licenses/odbl/1-0/", "ODbL 1.0")
RESERVED = Licence(
    "LicenseRef-InC", "http://rightsstatements.org/vocab/InC/1.0/", "All rights reserved"
)
_OPEN = {CC0.spdx, PUBLIC_DOMAIN.spdx, PDDL.spdx}

_PORTS = {
    "argentina": "ar",
    "australia": "au",
    "austria": "at",
    "azerbaijan": "az",
    "belgium": "be",
    "brazil": "br",
    "bulgaria": "bg",
    "canada": "ca",
    "chile": "cl",
    "china mainland": "cn",
    "colombia": "co",
    "costa rica": "cr",
    "croatia": "hr",
    "czech republic": "cz",
    "denmark": "dk",
    "deutschland": "de",
    "ecuador": "ec",
    "egypt": "eg",
    "england & wales": "uk",
    "england and wales": "uk",
    "estonia": "ee",
    "finland": "fi",
    "france": "fr",
    "georgia": "ge",
    "germany": "de",
    "greece": "gr",
    "guatemala": "gt",
    "hong kong": "hk",
    "hungary": "hu",
    "igo": "igo",
    "india": "in",
    "ireland": "ie",
    "israel": "il",
    "italy": "it",
    "japan": "jp",
    "luxembourg": "lu",
    "macedonia": "mk",
    "malaysia": "my",
    "malta": "mt",
    "mexico": "mx",
    "netherlands": "nl",
    "new zealand": "nz",
    "norway": "no",
    "peru": "pe",
    "philippines": "ph",
    "poland": "pl",
    "portugal": "pt",
    "puerto rico": "pr",
    "romania": "ro",
    "scotland": "scotland",
    "serbia": "rs",
    "singapore": "sg",
    "slovenia": "si",
    "south africa": "za",
    "south korea": "kr",
    "spain": "es",
    "sweden": "se",
    "switzerland": "ch",
    "taiwan": "tw",
    "thailand": "th",
    "uganda": "ug",
    "united states": "us",
    "venezuela": "ve",
    "vietnam": "vn",
}
"""The jurisdictions to which Creative Commons fitted its licences: name → code."""

_ADDRESS = re.compile(
    r"(?:https?:)?(?://)?(?:www\.)?((?:creativecommons|opendatacommons|spdx)\.org/[\w./?#=&+-]*)"
)
_PATHS = tuple(
    (re.compile(path), words)
    for path, words in (
        (
            r"creativecommons\.org/licen[sc]es/((?:by|nc|nd|sa)(?:-(?:nc|nd|sa))*)(?![\w-])"
            rf"(?:/([1-4]\.[015]))?(?:/({'|'.join(_PORTS.values())})(?![\w-]))?",
            r" cc \1 \2 \3 ",
        ),
        (r"creativecommons\.org/(?:publicdomain/zero|(?:[\w-]+/)*cc0)(?![\w-])", " cc0 "),
        (r"creativecommons\.org/(?:publicdomain/mark|licen[sc]es/publicdomain)(?![\w-])", " pdm "),
        (r"opendatacommons\.org/licenses/(pddl|odbl|by)(?![\w])", r" odc \1 "),
        (r"spdx\.org/(?:licenses/)?([\w-]+(?:\.\d[\w-]*)?)", r" \1 "),
    )
)
"""An address, and the words for which it stands."""

_RESERVED = re.compile(r"all rights reserved|rightsstatements\.org/(?:vocab|page)/inc\b")
_ZERO = re.compile(r"\b(?:cc|creative ?commons) ?(?:0|zero)\b")
_MARK = re.compile(r"\bpublic ?domain\b|\bpdm\b|^pd\b")
_CC = re.compile(r"\bcc\b|\bcreative ?commons\b")
_PDDL = re.compile(r"\bpddl\b")
_NEVER_OPEN = (
    (ODBL, re.compile(r"\bodbl\b")),
    (ODC_BY, re.compile(r"\bodc by\b")),
)
_ELEMENTS = (
    (
        "by",
        re.compile(
            r"\b(?:by|attribution|atribuci[oó]n|atribuição|attribuzione|naamsvermelding"
            r"|namensnennung|paternité|reconocimiento)\b"
        ),
    ),
    ("nc", re.compile(r"\b(?:nc|non ?commercial)\b")),
    ("nd", re.compile(r"\b(?:nd|no ?deriv(?:ative)?s?(?: works?)?)\b")),
    ("sa", re.compile(r"\b(?:sa|share ?alike)\b")),
)
_BARE_ELEMENTS = re.compile(r"by(?: (?:nc|nd|sa))*(?: v?\d(?:\.\d)?)?")
_VERSION = re.compile(
    r"(?<![\w.])v?([1-4])(?:\.([015]))?(?![\w.])"
    rf"(?: ({'|'.join(sorted({*_PORTS, *_PORTS.values()}, key=len, reverse=True))})\b)?"
)
_SAYS_NOTHING_MORE = (
    r"to the extent possible under law the publisher has waived all rights to these data and has "
    r"dedicated them to the",
    r"users may copy modify distribute and use the work including for commercial purposes without "
    r"restrictions?",
    r"\b(?:some|no) rights reserved\b",
    r"\b(?:this|the|these) (?:work|data ?set|data|image|record)s?\b"
    r"(?: (?:is|are)\b)?(?: (?:available|licen[sc]ed|released)\b)?",
    r"\bopen data ?base licen[sc]e\b|\bopen data commons\b|\bodc\b",
    r"\bdedication(?: and licen[sc]e)?\b",
    r"\b(?:a|an|generic|in|international|licen[cs]es?|licencia|lizenz|mark|of|the|under|universal"
    r"|unported|version)\b",
)
"""What may stand around the name of a licence without changing what it allows."""
_KNOWN = re.compile(
    "|".join(
        (
            *_SAYS_NOTHING_MORE,
            *(each.pattern for each in (_ZERO, _MARK, _CC, _PDDL)),
            *(each.pattern for _, each in (*_NEVER_OPEN, *_ELEMENTS)),
            _VERSION.pattern,
        )
    )
)
_LIMITS = re.compile(
    r"\b(?:except(?:ed|ing|ion|ions|o)?|exclud(?:e|es|ed|ing)|other than|only"
    r"|not (?:be |been )?(?:for|cover(?:ed)?|includ(?:e|ed)|licen[sc]ed|apply|permitted|allowed)"
    r"|prohibited|forbidden|permissions?|ausgenommen|außer|nicht|nur|sauf|excepté|à l exception"
    r"|salvo|solo|niet|behalve|uitgezonderd)\b"
)
"""Words beside the link to a licence that take back what it allows, or a part of it."""


@lru_cache(maxsize=4096)
def parse(text: str) -> Licence | None:
    """The licence that a text or address names, or None where it names none we know, or says
    more than its name.

    CC BY without version is `CC-BY`, with the licence family's address: nothing is invented.
    Where a text names two licences, the stricter counts.
    """
    if _RESERVED.search(text.lower()):
        return RESERVED
    words = _in_words(text)
    if not words or _beside(text):
        return None
    for licence, pattern in _NEVER_OPEN:
        if pattern.search(words):
            return licence
    elements = [part for part, pattern in _ELEMENTS if pattern.search(words)]
    if elements and (_CC.search(words) or _BARE_ELEMENTS.fullmatch(words)):
        return _creative_commons(elements, *_version(words))
    for licence, pattern in ((PDDL, _PDDL), (CC0, _ZERO), (PUBLIC_DOMAIN, _MARK)):
        if pattern.search(words):
            return licence
    return None


def linked(address: str, words: str) -> str:
    """What a statement of rights says that links to a licence: the address; or all of it, for the
    gate to read, where its words limit the licence or name a stricter one."""
    whole = words if address in words else f"{words} {address}"
    limited = _LIMITS.search(_beside(whole)) or _RESERVED.search(whole.lower())
    return whole if limited or _restrictions(whole) > _restrictions(address) else address


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


def speaks_of_own(reason: str) -> bool:
    """Whether a reason of the gate for holding an object back speaks of the object's own licence,
    not of one that it inherits, nor of there being none."""
    return bool(
        re.match(r"The licence that the record states|[^,]*, stated by the record,", reason)
    )


def _beside(text: str) -> str:
    """What a text says beside the name of a licence."""
    return " ".join(_KNOWN.sub(" ", _in_words(text)).split())


def _restrictions(text: str) -> set[str]:
    words = _in_words(text)
    named = ((licence.spdx, pattern) for licence, pattern in _NEVER_OPEN)
    return {name for name, pattern in (*_ELEMENTS[1:], *named) if pattern.search(words)}


def _in_words(text: str) -> str:
    """The text in lower case without punctuation, each address as the words it stands for."""
    low = _ADDRESS.sub(_address_in_words, text.lower())
    low = re.sub(r"(?<!\d)([1-4])[_,-]([015])(?!\d)", r"\1.\2", low)
    return " ".join(re.sub(r"[-–—_/(),;:|\"']|\.(?=\s|$)", " ", low).split())


def _address_in_words(found: re.Match[str]) -> str:
    for pattern, words in _PATHS:
        if path := pattern.match(found[1]):
            return path.expand(words)
    return found[0]


def _version(words: str) -> tuple[str | None, str | None]:
    """The version and the jurisdiction that a text names; None where it names none or several.

    Version 4.0 is the same in all jurisdictions.
    """
    found = {
        (f"{one}.{rest or 0}", _PORTS.get(port, port))
        for one, rest, port in _VERSION.findall(words)
    }
    versions, ports = {version for version, _ in found}, {port for _, port in found} - {""}
    if len(versions) != 1:
        return None, None
    version = versions.pop()
    return version, ports.pop() if len(ports) == 1 and version != "4.0" else None


def _creative_commons(elements: list[str], version: str | None, port: str | None) -> Licence:
    """One member of the Creative Commons family; elements in the order in which CC writes them."""
    label = "-".join(elements)
    parts = ("CC", label.upper(), *filter(None, (version, port and port.upper())))
    iri = f"{_CC_HOME}licenses/{label}/" + "".join(f"{each}/" for each in (version, port) if each)
    return Licence("-".join(parts), iri, " ".join(parts))
