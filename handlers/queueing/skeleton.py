"""A service to begin with: a folder that runs, with a test that passes.

Its registration is a file of its own, which the service reads: what is registered and what runs
cannot drift apart.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from string import Template

from fdo.errors import Refused

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST = 60

SERVICE = Template('''"""$name: says which country a specimen comes from.

Put what you can tell in the place of `found`.

    collectome mas register registration.json --data DATA    once
    collectome mas work . --data DATA                        as often as you want workers
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handlers.queueing.kit import Answer, Work, comment, run

REGISTRATION = Path(__file__).with_name("registration.json")


class $cls:
    """One instance works in each process."""

    name = "$name"

    def describe(self) -> dict[str, Any]:
        """What the repository is told of this service."""
        described: dict[str, Any] = json.loads(REGISTRATION.read_text())
        return described

    def load(self) -> str:
        """Load a model here; say what it runs on."""
        return "CPU"

    def annotate(self, works: Sequence[Work]) -> list[Answer]:
        """An answer for each work of a micro-batch. Empty: nothing to say, and the job is done.

        An error that you raise is tried again; `Answer(error=...)` says why in your own words.
        The bytes of a medium are `work.file()`, a part of it `work.region("percent:0,0,50,50")`.
        """
        return [Answer(found(work)) for work in works]


def found(work: Work) -> list[dict[str, Any]]:
    """The annotations of one object."""
    countries = [
        event["ods:hasLocation"]["dwc:country"]
        for event in work.object.get("ods:hasEvents", ())
        if "dwc:country" in event.get("ods:hasLocation", {})
    ]
    return [comment(work, f"The label names {country}.", score=0.5) for country in countries]


service = $cls()

if __name__ == "__main__":
    run(service)
''')

TEST = '''"""What the service says of a work, without queue and repository: `python -m pytest`."""

from __future__ import annotations

from handlers.queueing.kit import Work

from service import service

SPECIMEN = {
    "@id": "https://doi.org/10.5072/ABC-DEF-123",
    "ods:fdoType": "https://doi.org/21.T11148/894b1e6cad57e921764e",
    "ods:hasEvents": [{"ods:hasLocation": {"dwc:country": "Norway"}}],
}


def test_a_country_is_told():
    work = Work("20.5000.5072/JJJ-JJJ-JJJ", SPECIMEN, version=1, base="http://127.0.0.1:8000")
    (answer,) = service.annotate([work])
    assert answer.annotations[0]["body"]["value"] == "The label names Norway."


def test_nothing_is_said_of_what_names_no_country():
    work = Work("20.5000.5072/JJJ-JJJ-JJJ", {**SPECIMEN, "ods:hasEvents": []}, 1, "")
    (answer,) = service.annotate([work])
    assert not answer.annotations and answer.error is None


def test_the_registration_names_this_service():
    assert service.describe()["schema:name"] == service.name
'''

README = Template("""# $name

A machine-annotation service for a Collectome repository.

- `service.py` holds the service: works in, answers out.
- `registration.json` is what the repository is told of it: on which objects it works
  (`col:worksOn`, and a filter in `ods:hasTargetDigitalObjectFilter`), what sets it off
  (`col:trigger`), how many works it takes at once (`col:microBatch`).
- `test_service.py` tries it without a queue: `python -m pytest`, in the environment in which
  Collectome is installed (or with its folder on PYTHONPATH).

Register it, then let it work, beside a running server of the folder `DATA`:

    collectome mas register registration.json --data DATA
    collectome mas work . --data DATA

From then on it works on every specimen that comes in or changes. For those that are there
already:

    collectome mas backfill $name --all --data DATA
    collectome mas request $name PID --data DATA
""")


def create(name: str, into: Path) -> list[Path]:
    """Write the skeleton of a service into a new folder; the files."""
    if not _NAME.fullmatch(name) or len(name) > LONGEST:
        raise Refused(
            f"{name!r} cannot be the name of a service: use up to {LONGEST} small letters, digits "
            "and single hyphens, as in label-reader."
        )
    folder = into / name
    if folder.exists():
        raise Refused(f"{folder} is there already; choose another name or remove it.")
    made = name.title().replace("-", "")
    texts = {
        "README.md": README.substitute(name=name),
        "registration.json": json.dumps(_registration(name), indent=2) + "\n",
        "service.py": SERVICE.substitute(name=name, cls=made),
        "test_service.py": TEST,
    }
    folder.mkdir(parents=True)
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    return [folder / file for file in texts]


def _registration(name: str) -> dict[str, object]:
    return {
        "@type": "ods:MachineAnnotationService",
        "schema:name": name,
        "schema:description": "Says which country a specimen comes from.",
        "schema:softwareVersion": "0.1.0",
        "ods:topicName": name,
        "ods:containerImage": "n/a",
        "ods:containerTag": "n/a",
        "ods:batchingPermitted": False,
        "ods:timeToLive": 86400,
        "ods:maxReplicas": 1,
        "ods:hasTargetDigitalObjectFilter": {"$['ods:hasEvents'][*]['ods:hasLocation']": ["*"]},
        "oa:motivatedBy": ["oa:commenting"],
        "col:queue": "nats",
        "col:worksOn": ["specimen"],
        "col:trigger": ["registered", "changed", "request"],
        "col:microBatch": 16,
        "col:microBatchWaitMs": 50,
        "col:leaseSeconds": 60,
        "col:maxAttempts": 3,
    }
