"""Nothing of a source is lost: rows for which openDS has no place are found by PID."""

from __future__ import annotations

from pathlib import Path

from api.app import create_app
from api.settings import Settings
from handlers.harvest.harvest import Harvest
from tests.api.conftest import Browser
from tests.handlers.harvest.collection import HERBARIUM, Collection, row
from tests.handlers.harvest.reading.archive_building import folder, metafile, table

LICENCE = "http://purl.org/dc/terms/license"
GGBN = "http://data.ggbn.org/schemas/ggbn/terms/"
TERMS = ("occurrenceID", "basisOfRecord", LICENCE, "occurrenceStatus", "x:y")
ROWS = {
    "amplification": (f"{GGBN}Amplification", f"{GGBN}geneticAccessionNumber", "LR1"),
    "dna": ("http://rs.gbif.org/terms/1.0/DNADerivedData", "http://example.org/DNA_sequence", "AC"),
    "material": ("http://rs.tdwg.org/dwc/terms/MaterialEntity", "materialEntityID", "M-1"),
    "thing": ("http://example.org/terms/Thing", "http://example.org/terms/colour", "blue"),
}


def test_rows_and_columns_that_have_no_place_are_in_the_verbatim_record_of_the_pid(
    tmp_path: Path,
) -> None:
    herbarium = Collection(tmp_path)
    source = folder(
        tmp_path / "source",
        meta=metafile(
            table("core.txt", TERMS),
            *(
                table(f"{name}.txt", ("", term), kind="extension", row_type=kind)
                for name, (kind, term, _) in ROWS.items()
            ),
        ),
        core="id,b,l,s,y\nTU-1,PreservedSpecimen,CC0,present,odd\n",
        **{name: f"id,v\nTU-1,{value}\n" for name, (_, _, value) in ROWS.items()},
    )
    summary = Harvest(herbarium.objects, herbarium.workspace, HERBARIUM).run(str(source))
    assert (summary.new, summary.balanced) == (1, True)
    pid = herbarium.specimens()[row(1)["occurrenceID"]].pid
    browser = Browser(create_app(Settings(data=tmp_path / "data"), herbarium.objects))
    found = browser.get(f"/{pid}/verbatim").json()["verbatim"]
    held = {
        value for rows in found["extensions"].values() for one in rows for value in one.values()
    }
    assert held >= {value for _, _, value in ROWS.values()}
    assert len(found["extensions"]) == len(ROWS)
    assert {"present", "odd"} <= set(found["core"].values())
    assert browser.get(f"/{pid}/verbatim?as-of=v1").json()["verbatim"] == found
    herbarium.objects.close()
