"""The table of what can be found in a source: code, severity, what it says, the next step.

An *error* keeps rows out (or, when raised, the whole source); a *warning* says that we read
something otherwise than it was declared; an *info* says what a curator may want to know.
"""

from __future__ import annotations

from typing import NamedTuple

from handlers.harvest.records import Severity


class Rule(NamedTuple):
    """One row of the table; the sentences take the words of the finding in braces."""

    severity: Severity
    says: str
    next_step: str


REFUSALS: dict[str, Rule] = {
    "archive-bomb": Rule(
        "error",
        "{name} unpacks to more than {limit}.",
        "Split the dataset, or raise the limit if the source is trusted.",
    ),
    "archive-broken": Rule(
        "error",
        "{name} cannot be unpacked: {reason}.",
        "Download or export the archive again.",
    ),
    "archive-encrypted": Rule(
        "error", "{name} is locked with a password.", "Publish it without a password."
    ),
    "core-file-missing": Rule(
        "error",
        "The metafile names {file} as the core, and there is no such file.",
        "Put the file into the archive, or correct <location> in meta.xml.",
    ),
    "core-id-undeclared": Rule(
        "error",
        "The metafile has extensions and no <id> for the core, so nothing can be joined.",
        'Add <id index="…"/> to the core in meta.xml.',
    ),
    "core-undeclared": Rule("error", "The metafile declares no core.", "Add a <core> to meta.xml."),
    "download-failed": Rule(
        "error",
        "{url} could not be fetched: {reason}.",
        "Check the address in a browser and try again.",
    ),
    "download-too-large": Rule(
        "error",
        "{url} sends more than {limit} bytes.",
        "Raise the limit if the source is trusted, or fetch the file by other means.",
    ),
    "extension-file-missing": Rule(
        "error",
        "The metafile names {file} as an extension, and there is no such file.",
        "Put the file into the archive, or take the <extension> out of meta.xml.",
    ),
    "header-unknown": Rule(
        "error",
        "No column of {file} bears a Darwin Core name: {columns}.",
        "Name the columns after Darwin Core terms, or add a meta.xml beside the file.",
    ),
    "host-refused": Rule(
        "error",
        "{url} leads to {address}, which is not a public address.",
        "Use a public address, or upload the file.",
    ),
    "link-in-archive": Rule(
        "error", "{file} in {name} is a link.", "Pack the file itself instead of a link to it."
    ),
    "location-missing": Rule(
        "error",
        "The metafile names no file for {row_type}.",
        "Add <files><location>…</location></files> in meta.xml.",
    ),
    "metafile-broken": Rule(
        "error", "The metafile cannot be understood: {reason}.", "Correct meta.xml."
    ),
    "metafile-missing": Rule(
        "error",
        "{name} holds several tables ({files}) and no meta.xml that says how they belong together.",
        "Add a meta.xml, or give one table alone.",
    ),
    "name-twice": Rule(
        "error", "{file} stands twice in {name}.", "Pack the archive again with one of the two."
    ),
    "not-a-plain-file": Rule(
        "error", "{file} in {name} is neither a file nor a folder.", "Pack plain files only."
    ),
    "not-a-table": Rule(
        "error",
        "{name} is {found}, not a table.",
        "Give a Darwin Core Archive, or a CSV or TSV file.",
    ),
    "not-specimens": Rule(
        "error",
        "The core of {name} holds {row_type} rows, not specimens.",
        "Publish the specimens as an Occurrence core; a checklist is no specimen dataset.",
    ),
    "nothing-to-read": Rule(
        "error", "{name} holds no table.", "Give a Darwin Core Archive, or a CSV or TSV file."
    ),
    "several-archives": Rule(
        "error",
        "{name} holds several metafiles: {files}.",
        "Pack each dataset as an archive of its own.",
    ),
    "source-missing": Rule(
        "error", "There is no file or folder {name}.", "Check the path or the address."
    ),
    "spreadsheet": Rule("error", "{name} is a spreadsheet.", "Export each sheet as CSV (UTF-8)."),
    "too-many-files": Rule(
        "error", "{name} holds more than {limit} files.", "Pack only what meta.xml names."
    ),
    "unsafe-path": Rule(
        "error",
        "{file} in {name} points outside the archive.",
        "Use plain relative names inside the archive.",
    ),
    "url-refused": Rule(
        "error", "{url} is not an address that can be fetched: {reason}.", "Use http or https."
    ),
    "xml-entities": Rule(
        "error",
        "{file} declares XML entities, which are not allowed.",
        "Remove the DOCTYPE and write the characters themselves.",
    ),
    "xml-too-large": Rule(
        "error", "{file} is larger than {limit} bytes.", "A metadata document is small; check it."
    ),
}

ROWS: dict[str, Rule] = {
    "core-id-null": Rule(
        "error",
        "{file}, line {line}: the core id is empty, so the row cannot be told from others.",
        "Give the record its permanent id at the source.",
    ),
    "core-id-repeated": Rule(
        "error",
        "{file}, line {line}: the core id {record} was there before; the first row stands.",
        "Make the ids unique at the source.",
    ),
    "extension-core-missing": Rule(
        "error",
        "{file}, line {line}: no core row that was kept has the id {record}.",
        "Compare the core ids of both files; the export may have used another column.",
    ),
    "extension-id-null": Rule(
        "error",
        "{file}, line {line}: the row names no core id.",
        "Fill the core id column at the source.",
    ),
    "line-too-long": Rule(
        "error",
        "{file}, line {line}: a line of {limit} bytes or more; what it says was left out.",
        "Look for line ends that are missing; publish such values by their address.",
    ),
    "row-fragment": Rule(
        "error",
        "{file}, line {line}: {found} cells instead of {expected}; less than half a row.",
        "Look for an unquoted line break in the row before.",
    ),
    "row-too-long": Rule(
        "error",
        "{file}, line {line}: {found} cells instead of {expected}, so values stand under wrong "
        "names.",
        "Quote cells that hold the separator.",
    ),
}

READINGS: dict[str, Rule] = {
    "backslash-escaped-quote": Rule(
        "warning",
        "{file}, line {line}: a quote is escaped by a backslash; read as a quote.",
        "Double quotes inside quoted cells (RFC 4180).",
    ),
    "blank-lines": Rule("info", "{file} holds {found} blank lines.", "Nothing needs be done."),
    "column-misfit": Rule(
        "warning",
        "{file}: hardly any value of column {column} is a {key}.",
        "Check the mapping of this column in meta.xml.",
    ),
    "column-unmapped": Rule(
        "info",
        "{file}: column {column} has no term; kept as {key}.",
        "Map the column in meta.xml if it means something to others.",
    ),
    "columns-missing": Rule(
        "warning",
        "{file} has {found} columns, the metafile maps {expected}.",
        "Compare meta.xml with the file.",
    ),
    "columns-shifted": Rule(
        "warning",
        "{file}: values fit the terms {shift} column(s) further to the {side}.",
        "Compare the field indexes in meta.xml with the columns of the file.",
    ),
    "core-id-guessed": Rule(
        "info",
        "{file}: no id column is declared; {key} serves as id.",
        "Declare the id column in meta.xml.",
    ),
    "coreid-guessed": Rule(
        "warning",
        "{file}: the extension declares no core id column; {key} serves as such.",
        'Add <coreid index="…"/> in meta.xml.',
    ),
    "coreid-undeclared": Rule(
        "error",
        "{file}: the extension declares no core id column, so no row can be joined.",
        'Add <coreid index="…"/> in meta.xml.',
    ),
    "dialect-contradiction": Rule(
        "warning",
        "{file}: the metafile says {declared}, the file has {found}; the file was believed.",
        "Correct meta.xml.",
    ),
    "encoding-false": Rule(
        "warning",
        "{file}, line {line}: the bytes are not {declared}; read as {found}.",
        "Export the file as UTF-8 and declare it so.",
    ),
    "encoding-missing": Rule(
        "info", "{file}: no encoding is declared; UTF-8 assumed.", "Declare the encoding."
    ),
    "encoding-unknown": Rule(
        "warning",
        "{file}: the encoding {declared} is unknown; UTF-8 assumed.",
        "Declare UTF-8.",
    ),
    "extension-missing": Rule(
        "error",
        "The extension file {file} is named in the metafile and is not there.",
        "Put the file into the archive, or take the <extension> out of meta.xml.",
    ),
    "field-without-value": Rule(
        "info",
        "The metafile maps {key} to neither column nor default.",
        "Remove the field from meta.xml.",
    ),
    "file-unused": Rule("info", "{file} is not named in the metafile.", "Remove or map it."),
    "header-disagrees": Rule(
        "warning",
        "{file}: column {column} is headed {name}, the metafile calls it {key}; the metafile "
        "was believed.",
        "Compare meta.xml with the header.",
    ),
    "header-missing": Rule(
        "warning",
        "{file}: the metafile declares a header line, the first line holds values; it was kept.",
        'Set ignoreHeaderLines="0" in meta.xml.',
    ),
    "header-of-numbers": Rule(
        "info", "{file}: the header holds column numbers.", "Write the names of the terms."
    ),
    "header-undeclared": Rule(
        "warning",
        "{file}: the first line is a header that the metafile does not declare; it was left out.",
        'Set ignoreHeaderLines="1" in meta.xml.',
    ),
    "id-from-triplet": Rule(
        "info",
        "{file}: records are told apart by {key} together.",
        "Give each record an occurrenceID.",
    ),
    "identifier-missing": Rule(
        "warning",
        "{file}: no column can serve as id; rows are told apart by their line.",
        "Add a column occurrenceID.",
    ),
    "location-contradiction": Rule(
        "warning",
        "The metafile names {declared}; {file} was read in its place.",
        "Correct <location> in meta.xml.",
    ),
    "metadata-broken": Rule(
        "warning",
        "{file} is not well-formed: {reason}; read as far as possible.",
        "Repair the document.",
    ),
    "metadata-encoding": Rule(
        "info", "{file} declares {declared} and is {found}.", "Declare the true encoding."
    ),
    "metadata-missing": Rule(
        "warning",
        "There is no metadata document{wanted}.",
        "Add an eml.xml with title, licence and organisation.",
    ),
    "metadata-unknown": Rule(
        "warning", "{file} is in a dialect we do not know.", "Write the metadata as EML."
    ),
    "metafile-encoding": Rule(
        "info", "{file} declares {declared} and is {found}.", "Declare the true encoding."
    ),
    "no-rows": Rule("warning", "{file} holds no rows.", "Check the export."),
    "row-too-short": Rule(
        "warning",
        "{file}, line {line}: {found} cells instead of {expected}; the last are taken as empty.",
        "Write all separators, also after the last value.",
    ),
    "runaway-quote": Rule(
        "warning",
        "{file}, line {line}: a quote is opened and not closed; it was read as a character.",
        "Double quotes inside quoted cells (RFC 4180).",
    ),
    "separator-unusable": Rule(
        "warning",
        "{file}: the metafile declares the separator {declared}, which parts nothing; the one that "
        "fits the rows was taken.",
        "Correct fieldsTerminatedBy in meta.xml.",
    ),
    "term-renamed": Rule(
        "info", "{file}: {name} is an old name; read as {key}.", "Use the current name."
    ),
    "term-repeated": Rule(
        "warning",
        "{file}: {key} is mapped more than once (columns {columns}); where the values differ "
        "the later is kept as {key}#2.",
        "Map each term once.",
    ),
    "unescaped-quote": Rule(
        "warning",
        "{file}, line {line}: a quote stands unescaped inside a quoted cell.",
        "Double quotes inside quoted cells (RFC 4180).",
    ),
}

CODES: dict[str, Rule] = {**REFUSALS, **ROWS, **READINGS}
