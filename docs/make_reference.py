"""Write the reference pages that can be read off the program: `python docs/make_reference.py`.

Each page is a function of tables that the program itself uses (settings, commands, codes,
problems, routes, …), so it cannot disagree with them; `tests/test_docs.py` fails when a
committed page is not what this script would write, and when a table has an entry that no
page names.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

NOTE = "<!-- Written by docs/make_reference.py from the program's own tables; do not edit. -->\n"

OF_RECORDS: dict[str, tuple[str, str, str]] = {
    "backfill-unknown": (
        "error",
        "No later harvest showed this specimen; a backfill records the past of known ones only.",
        "Ingest the archive under a `--source-system` of its own to keep the specimen.",
    ),
    "claimed-by-another-source": (
        "error",
        "The specimen came from another source system before; that source keeps it.",
        "If it is the same dataset under a new title, name it with `--source-system`; else let "
        "one of the two sources publish the specimen.",
    ),
    "document-breaks-schema": (
        "error",
        "The record does not make a valid document, or breaks a shape of a type that "
        "`reject_profiles` names; the places are told.",
        "Repair the values named at the source, or map them with a data mapping.",
    ),
    "duplicate-record": (
        "error",
        "The same physical specimen id stood in the archive before; the first row is kept.",
        "Give each specimen one row with an id of its own.",
    ),
    "extension-core-rejected": (
        "error",
        "Extension rows of a record that was turned away; the finding before says why.",
        "Repair the record itself; its extension rows come with it.",
    ),
    "medium-breaks-schema": (
        "warning",
        "What the source says of a medium makes no valid document, or breaks a shape where "
        "`reject_profiles` names media. A medium that is known stays as it is, one that is not is "
        "not registered.",
        "Repair the values named at the source; until then they are in the verbatim record only.",
    ),
    "record-breaks-profile": (
        "error",
        "The FDO record of the specimen, or of one of its media, would break the version of its "
        "profile that is in force; the rule is named.",
        "Repair the values named at the source, or revise the profile with `collectome "
        "definitions`.",
    ),
    "held-by-another-institution": (
        "error",
        "The token that asked for the harvest is for one institution, and the record, or the "
        "specimen as it is known, names another holder. Nothing of the specimen changes. As a "
        "warning: a medium that the record shows is held by another, and is not linked anew.",
        "Let somebody take it in whose token is not limited; or correct the holder at the source.",
    ),
    "mapping-invalid": (
        "error",
        "The file given by `--mapping` cannot be read, or names a term that a record cannot "
        "feed. Nothing is read.",
        "Correct the file; see [ingest an archive](../how-to/ingest-an-archive.md).",
    ),
    "mapping-term-absent": (
        "warning",
        "The data mapping names a source term that no record of the source fills.",
        "Name the column as `/verbatim` shows it, or leave the term out of the mapping.",
    ),
    "media-licences-differ": (
        "warning",
        "One medium is stated twice with different licences; the stricter was taken.",
        "State one licence for each medium.",
    ),
    "media-without-address": (
        "warning",
        "A media row, or a part of `dwc:associatedMedia`, has no web address.",
        "Give `ac:accessURI` or `dcterms:identifier` with http:// or https://.",
    ),
    "no-basis-of-record": (
        "error",
        "`dwc:basisOfRecord` is empty, so nothing says that this is a specimen.",
        "Fill it, or map a default such as PreservedSpecimen for the whole source.",
    ),
    "no-organisation": (
        "error",
        "The record names no holder by ROR or Wikidata id.",
        "Give `--organisation`, or fill `dwc:institutionID` with the id.",
    ),
    "no-physical-id": (
        "error",
        "The record names no physical specimen.",
        "Fill one of the id terms, or map `ods:physicalSpecimenID` to the column that holds it.",
    ),
    "not-a-specimen": (
        "error",
        "`dwc:basisOfRecord` names something that is no specimen, such as an observation.",
        "Leave it out of the export, or correct its basis of record.",
    ),
    "relation-reserved": (
        "warning",
        "A row of ResourceRelationship names its relation as only the repository may, such as "
        "`hasDigitalMedia`; it became `hasRelatedResource`, with the name as its remark.",
        "Name the relation otherwise at the source, or leave the row out.",
    ),
    "value-does-not-fit": (
        "warning",
        "A value is not what its term takes; it stays in the verbatim record only.",
        "Correct the value at the source.",
    ),
    "tombstoned-by-curator": (
        "warning",
        "A person tombstoned the specimen, and its source shows it with other values than before; "
        "it stays a tombstone and counts as unchanged.",
        "If it exists after all, bring it back with `collectome restore`, and harvest again.",
    ),
}
"""Findings that the mapping and the recording make: their sentences are built in code, where
the values are known, so the code and its meaning are told here."""


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A Markdown table; bars and line breaks in cells are kept from breaking it."""
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    for row in rows:
        cells = (str(cell).replace("|", "\\|").replace("\n", " ").strip() for cell in row)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Every setting with its variable, default and meaning."""
    from api.settings import PREFIX, Settings

    rows = [
        (f"`{name}`", f"`{PREFIX}{name.upper()}`", _default(field.default), field.description)
        for name, field in Settings.model_fields.items()
    ]
    return f"""# Settings

A value comes from the first of: an argument of the command, an environment variable, `.env` in
the working folder, `collectome.toml` in the data folder, the default. `collectome config show`
prints each value and which of these it came from.

{table(("setting", "variable", "default", "meaning"), rows)}"""


def _default(value: Any) -> str:
    return "(none)" if value in (None, "", ()) else f"`{value}`"


def commands_page() -> str:
    """Every command with its arguments and options."""
    from typer.main import get_command

    from api.cli import app

    parts = [
        "# Commands\n\n`./run COMMAND` makes the environment where it is missing and runs the "
        "command; in that environment it is `collectome COMMAND`. Results go to standard output, "
        "progress and errors to standard error. Exit codes: 0 done, 1 refused or failed, 2 wrong "
        "usage, 3 paused until a person decides.\n\n`./run test` and `./run bench` are not "
        "commands of the program: they also install the test tools.\n"
    ]
    for path, promised in sorted(commands(get_command(app))):
        command = promised.loaded
        usage = " ".join(_argument(p) for p in command.params if _is_argument(p))
        parts.append(f"\n## {path}\n\n{inspect.cleandoc(command.help or '')}\n")
        parts.append(f"\n    collectome {path} {usage}".rstrip() + "\n")
        rows = [_parameter(p) for p in command.params if not getattr(p, "hidden", False)]
        rows = [row for row in rows if row[0] != "`--help`"]
        if rows:
            parts.append("\n" + table(("", "meaning", "default"), rows))
    return "".join(parts)


def commands(group: Any, before: str = "") -> Iterable[tuple[str, Any]]:
    """(path, command) of every command under a group; `loaded` imports it."""
    for name, command in group.commands.items():
        path = f"{before} {name}".strip()
        if hasattr(command, "commands"):
            yield from commands(command, path)
        else:
            yield path, command


def _is_argument(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "argument")


def _argument(parameter: Any) -> str:
    shown = parameter.name.upper() + ("…" if parameter.nargs == -1 else "")
    return shown if parameter.required else f"[{shown}]"


def _parameter(parameter: Any) -> tuple[str, str, str]:
    if _is_argument(parameter):
        return f"`{_argument(parameter)}`", parameter.help or "", ""
    name = ", ".join(f"`{flag}`" for flag in parameter.opts)
    if parameter.secondary_opts:
        name += " / " + ", ".join(f"`{flag}`" for flag in parameter.secondary_opts)
    default = parameter.default
    if default is None or default is False or callable(default) or "Sentinel" in repr(default):
        shown = "required" if parameter.required else ""
    else:
        shown = f"`{getattr(default, 'value', default)}`"
    return name, parameter.help or "", shown


def diagnostics_page() -> str:
    """Every finding about a source, by what it does to the ingest."""
    from handlers.harvest.reading.diagnostic_codes import READINGS, REFUSALS, ROWS

    def rows(rules: dict[str, Any]) -> list[tuple[str, str, str, str]]:
        return [(f"`{c}`", r.severity, r.says, r.next_step) for c, r in sorted(rules.items())]

    columns = ("code", "severity", "what it says", "next step")
    of_records = [(f"`{code}`", *words) for code, words in sorted(OF_RECORDS.items())]
    return f"""# Diagnostics

Every row of a source is in an event or in a report, and `ingest` prints the sum. A diagnostic
has a code, a severity, the file and line, what was found and the next step; `--report FILE`
writes them as JSON Lines. An *error* keeps rows (or the whole source) out, a *warning* says that
something was read otherwise than it was declared, an *info* is worth knowing. Words in braces are
filled in from the source.

## The source is refused

{table(columns, rows(REFUSALS))}
## A row is set aside

{table(columns, rows(ROWS))}
## A file was read otherwise than declared

{table(columns, rows(READINGS))}
## A record is rejected or remarked upon

{table(columns, of_records)}"""


def problems_page() -> str:
    """Every problem type of the HTTP interface."""
    from api.problems import KINDS

    rows = [
        (f"`{k.slug}`", k.status, k.title, k.meaning, k.next_step)
        for k in sorted(KINDS.values(), key=lambda kind: kind.slug)
    ]
    return f"""# Problems

Every refusal over HTTP is `application/problem+json` (RFC 9457). Its `type` is the address
`/problems/{{slug}}` of the server, where a page explains it; browsers are shown the same as a page.

{table(("slug", "status", "title", "meaning", "next step"), rows)}"""


def routes_page() -> str:
    """Every address of the HTTP interface with its methods."""
    import json

    from api.app import VERSION, create_app
    from api.exports.routes import Exports, export_router
    from api.ingest import ingest_router
    from api.ingest_jobs import Jobs
    from api.rates import Clients, Rates
    from api.settings import Settings
    from api.sparql.holds import Holds
    from api.sparql.times import Times
    from eventstore.application import DigitalObjects
    from handlers.instants import Instants

    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(data=Path(scratch))
        objects = DigitalObjects(settings.data)
        times = Times(objects, settings.base)
        holds = Holds(Instants(settings.data, objects.log), times, lambda: None)
        exports = Exports(settings, objects, times, holds, Clients(Rates()), VERSION)
        routers = [ingest_router(Jobs(settings), settings), export_router(exports)]
        front: Any = create_app(settings, objects, routers=routers)
        described = json.loads(json.dumps(front.app.openapi()))
        objects.close()
    rows = []
    for path, operations in sorted(described["paths"].items()):
        for method, operation in sorted(operations.items()):
            if method in ("get", "post", "put", "delete"):
                says = operation.get("description") or operation.get("summary", "")
                both = method == "get" and "head" in operations
                methods = "`GET`, `HEAD`" if both else f"`{method.upper()}`"
                rows.append((methods, f"`{path}`", says.partition("\n")[0]))
    return f"""# Addresses

The machine-readable description, with every parameter and answer, is served at `/openapi.json`
(OpenAPI 3.1). What the formats, headers and times mean is told in [HTTP](http.md).

{table(("methods", "address", "what it is"), rows)}"""


def objects_page() -> str:
    """Every object type and every fact."""
    from eventstore.codec import PARTICIPLES
    from fdo.lifecycle import NOTES
    from fdo.record import ATTRIBUTES

    facts = [
        (f"`{name}`", inspect.cleandoc(kind.__doc__ or ""), f"`{_status_after(kind)}`")
        for name, kind in PARTICIPLES.items()
    ]
    record = [
        (f"`{kind}`", f"`{name}`", f"`{term}`")
        for kind, terms in ATTRIBUTES.items()
        for name, term in terms.items()
    ]
    return f"""# Objects and facts

## Types of object

{table(("name", "openDS class", "PID", "facts begin with", "FDO type", "FDO profile"), _types())}
## Facts

The stored name of a fact is the noun of its type, a participle and the version of its form, as in
`SpecimenRevised.v1`. These hold the whole document after them, and each makes a new version:

{table(("participle", "meaning", "status after it, unless it says another"), facts)}
These are operational: they hold no document and leave the version as it is: {
        ", ".join(f"`{note}`" for note in NOTES)
    }.

## Attributes of FDO records

Beside those below, every record has `fdoProfile`, `digitalObjectType`, `pidStatus`,
`pidRecordIssueNumber` and `pidRecordIssueDate`; a PID-only object has `licenseName` and
`gateReason`, a tombstone `tombstonedText`, `tombstonedDate` and `hasRelatedPID`.

{table(("type", "attribute", "filled from"), record)}"""


def _types() -> list[tuple[str, ...]]:
    from fdo.catalogue import OBJECT_TYPES

    return [
        (f"`{k.name}`", f"`{k.rdf_type}`", k.scheme.upper() if k.scheme == "doi" else "Handle",
         f"`{k.noun}…`", f"<{k.fdo_type}>", f"<{k.fdo_profile}>")
        for k in OBJECT_TYPES.values()
    ]  # fmt: skip


def _status_after(fact: type[Any]) -> str:
    return next(str(f.default.value) for f in dataclasses.fields(fact) if f.name == "status")


def shapes_page() -> str:
    """Every SHACL rule with its severity and message."""
    from pyoxigraph import NamedNode, RdfFormat, Store

    sh = "http://www.w3.org/ns/shacl#"
    parts = [
        "# Shapes\n\nWhat good documents look like, as SHACL; the files are served at `/shapes`. "
        "A *Violation* keeps a document from conforming; warnings and infos do not. Whether "
        "violations keep a record out is the setting `reject_profiles`.\n"
    ]
    for path in sorted((ROOT / "shacl" / "shapes").glob("*.ttl")):
        store = Store()
        store.load(path=str(path), format=RdfFormat.TURTLE)

        def one(subject: Any, name: str, store: Store = store) -> str:
            found = store.quads_for_pattern(subject, NamedNode(sh + name), None)
            return next((_plain(quad.object) for quad in found), "")

        rules = store.quads_for_pattern(None, NamedNode(sh + "message"), None)
        rows = sorted({
            (f"`{_plain(quad.subject).rpartition(':')[2]}`", one(quad.subject, "severity"),
             _plain(quad.object))
            for quad in rules if isinstance(quad.subject, NamedNode)
        })  # fmt: skip
        parts.append(f"\n## {path.stem}\n\n{table(('rule', 'severity', 'message'), rows)}")
    return "".join(parts)


def _plain(term: Any) -> str:
    return str(term.value).removeprefix("http://www.w3.org/ns/shacl#")


def search_page() -> str:
    """Every parameter of search."""
    from handlers.projections.search.query import PARAMETERS

    rows = [(f"`{p.name}`", p.description, "yes" if p.facet else "") for p in PARAMETERS.values()]
    return f"""# Search parameters

The parameters of `/search`, `/api/search` and `/api/statistics`, and of `--filter name=value` on
the command line. A parameter may be given several times (either value); different parameters must
all hold. A value may end in `*`; an empty value means that the term is not stated.

{table(("parameter", "meaning", "counted as facet"), rows)}"""


PAGES = {
    "commands.md": commands_page,
    "diagnostics.md": diagnostics_page,
    "objects.md": objects_page,
    "problems.md": problems_page,
    "routes.md": routes_page,
    "search.md": search_page,
    "settings.md": settings_page,
    "shapes.md": shapes_page,
}
"""Name of the page in docs/reference → what writes it."""


def main() -> None:
    """Write every page."""
    for name, write in PAGES.items():
        (HERE / "reference" / name).write_text(NOTE + write(), encoding="utf-8")


if __name__ == "__main__":
    main()
