"""A small collection that is harvested again and again: rows in, summaries and facts out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, to_micros
from fdo.identifiers import Pid
from handlers.harvest.harvest import Harvest, Summary
from handlers.harvest.options import Options
from handlers.harvest.records import Diagnostic
from tests.handlers.harvest.reading.archive_building import MULTIMEDIA, folder, metafile, table

CORE = (
    "occurrenceID",
    "catalogNumber",
    "basisOfRecord",
    "scientificName",
    "country",
    "recordedBy",
    "recordNumber",
    "eventDate",
    "http://purl.org/dc/terms/license",
)
MEDIA = (
    "coreid",
    "http://purl.org/dc/terms/identifier",
    "http://purl.org/dc/terms/type",
    "http://purl.org/dc/terms/license",
)
CC0 = "http://creativecommons.org/publicdomain/zero/1.0/"
CLOSED = "https://creativecommons.org/licenses/by-nc/4.0/"
HERBARIUM = Options(source_system="Herbarium", organisation="https://ror.org/03z77qz90")
START = datetime(2026, 1, 1, tzinfo=UTC)
Row = dict[str, str]


def row(number: int | str, **cells: str) -> Row:
    """A specimen with a local number; `licence` is its own licence."""
    return {
        "occurrenceID": f"TU-{number}",
        "catalogNumber": f"TU-{number}",
        "basisOfRecord": "PreservedSpecimen",
        "scientificName": f"Abies alba var. {number}",
        "country": "Estonia",
        "recordedBy": "K. Collector",
        "recordNumber": str(number),
        "eventDate": "1999-05-04",
        **cells,
    }


def image(specimen: int | str, name: str, licence: str = CC0) -> Row:
    """A medium of the specimen with this number."""
    return {
        "coreid": f"TU-{specimen}",
        "identifier": f"https://example.org/{name}.jpg",
        "type": "StillImage",
        "license": licence,
    }


class Collection:
    """One repository, and one source whose rows a test sets as it likes."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.now = to_micros(START)
        self.objects = DigitalObjects(place / "data", durability="normal", clock=self._tick)
        self.log = self.objects.log
        self.workspace = place / "data" / "workspace"
        self.findings: list[Diagnostic] = []

    def _tick(self) -> int:
        self.now += 1000
        return self.now

    def pass_days(self, days: int = 1) -> None:
        """Let time go by."""
        self.now += days * 86_400_000_000

    def archive(
        self, rows: Iterable[Row], media: Iterable[Row] = (), licence: str | None = CC0
    ) -> Path:
        """The source as an archive folder; `licence` is that of its EML."""
        eml = EML.format(licence=f"<intellectualRights><para>{licence}</para></intellectualRights>")
        return folder(
            self.place / "source",
            meta=metafile(
                table("core.txt", CORE),
                table("media.txt", MEDIA, kind="extension", row_type=MULTIMEDIA),
                metadata="eml.xml",
            ),
            eml=eml if licence else EML.format(licence=""),
            core=_csv(CORE, rows),
            media=_csv(MEDIA, media),
        )

    def harvest(
        self,
        rows: Iterable[Row],
        media: Iterable[Row] = (),
        *,
        licence: str | None = CC0,
        **options: Any,
    ) -> Summary:
        """One harvest of these rows, a day after the one before, and proof of its sums."""
        self.pass_days()
        self.archive(rows, media, licence)
        return self.again(**options)

    def again(self, **options: Any) -> Summary:
        """Harvest the archive as it lies there."""
        self.findings = []
        harvest = Harvest(
            self.objects, self.workspace, replace(HERBARIUM, **options), self.findings.append
        )
        summary = harvest.run(str(self.place / "source"))
        assert summary.balanced, summary
        for name, counted in summary.rows.items():
            told = sum(f.rows for f in self.findings if f.file == name and f.severity == "error")
            assert counted["reported"] == told, (name, counted, self.findings)
        return summary

    # ── looking ──────────────────────────────────────────────────────────────────────────

    def specimens(self) -> dict[str, Recorded]:
        """Physical id → the latest content event of each specimen."""
        found = {}
        for head in self.log.heads(limit=100_000):
            if head.type == "specimen":
                event = self.log.latest(head.pid)
                found[event.document["ods:physicalSpecimenID"]] = event
        return found

    def media(self) -> dict[str, Recorded]:
        """Name of the image → the latest content event of each medium."""
        found = {}
        for key, pid in self.log.claims():
            if key.startswith("media:"):
                name = key.rpartition("/")[2].removesuffix(".jpg")
                found[name] = self.log.latest(Pid.parse(pid))
        return found

    def pids(self) -> dict[str, str]:
        """Physical id → PID of each specimen."""
        return {name: event.pid_text for name, event in self.specimens().items()}

    def topics_since(self, position: int) -> list[str]:
        """Topics of the events behind a position, in order."""
        return [event.topic.removesuffix(".v1") for event in self.log.read(position, 100_000)]


def days(number: int) -> datetime:
    """So many days after the beginning of a collection's time."""
    return START + timedelta(days=number)


def related(event: Recorded, kind: str) -> set[str]:
    """The PIDs that a document names by one kind of relation."""
    return {
        str(Pid.parse(node["dwc:relatedResourceID"]))
        for node in event.document.get("ods:hasEntityRelationships", ())
        if node["dwc:relationshipOfResource"] == kind
    }


def counts(summary: Summary) -> dict[str, int]:
    """What happened to the records, without what did not."""
    names = ("new", "changed", "unchanged", "pid_only", "rejected", "duplicates", "vanished")
    more = ("seen_again", "backfilled")
    return {name: n for name in (*names, *more) if (n := getattr(summary, name))}


def _csv(terms: Sequence[str], rows: Iterable[Row]) -> str:
    out = io.StringIO()
    names = [term.rpartition("/")[2] for term in terms]
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


EML = """<eml:eml xmlns:eml="eml://ecoinformatics.org/eml-2.1.1" packageId="1" system="x">
<dataset><title>Herbarium</title><abstract><para>Plants; pressed.</para></abstract>{licence}
</dataset></eml:eml>"""
