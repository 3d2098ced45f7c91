r"""A citation as BibTeX: one `@misc` entry, which every style knows.

Labels of specimens are strangers' text: each sign that TeX or BibTeX reads as a command is
written as the command that prints it, so that nothing of a label is ever executed, and braces
stay balanced, which BibTeX counts even behind a backslash.

>>> escaped("50% \\input{x}")
'50\\% \\textbackslash{}input\\textbraceleft{}x\\textbraceright{}'
"""

from __future__ import annotations

import re

from fdo.representations.citation.cited import Cited

MEDIA_TYPE = "application/x-bibtex"

PRINTED = {
    "\\": r"\textbackslash{}",
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "`": r"\textasciigrave{}",
}
"""Sign → the command of LaTeX that prints it."""

_SIGNS = re.compile("[" + re.escape("".join(PRINTED)) + "]")
_NOT_IN_URL = re.compile(r"[^!$&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~#%]")


def bibtex(cited: Cited) -> str:
    """One entry; its key is the PID with the version."""
    year, month, _ = cited.date
    fields = {
        "author": " and ".join(_braced(escaped(one.name)) for one in cited.creators),
        "title": _braced(escaped(cited.title)),
        "year": f"{year:04}",
        "month": f"{month:02}",
        "howpublished": escaped(f"{cited.genre.name}, version {cited.version}"),
        "version": str(cited.version),
        "publisher": escaped(cited.publisher.name),
        "doi": cited.doi,
        "url": address(cited.url),
        "keywords": escaped(", ".join(cited.subjects)),
        "note": escaped(cited.note if cited.url in cited.note else f"{cited.note}. {cited.url}"),
    }
    lines = [f"  {name} = {_braced(value)}" for name, value in fields.items() if value]
    return f"@misc{{{cited.pid}/{cited.version},\n" + ",\n".join(lines) + "\n}\n"


def escaped(text: str) -> str:
    """The text as TeX prints it."""
    return _SIGNS.sub(lambda sign: PRINTED[sign[0]], text)


def address(url: str) -> str:
    """A URL for a field that is read verbatim: other signs than those of RFC 3986, and the
    braces that BibTeX counts, as their octets in per cent."""
    return _NOT_IN_URL.sub(lambda sign: "".join(f"%{octet:02X}" for octet in sign[0].encode()), url)


def _braced(text: str) -> str:
    """In braces: a title keeps its capitals, and an `and` or a comma in a name divides nothing."""
    return "{" + text + "}"
