"""A log in which everything happened to annotations is sound, and so is its copy; and how fast
many are recorded."""

from __future__ import annotations

import time
from pathlib import Path

from eventstore.application import Change
from eventstore.transfer import read_log, write_log
from fdo.lifecycle import Registered, stamped
from handlers.curation import Curation
from handlers.verification import verify_log
from tests.eventstore.story import Objects
from tests.fdo.annotation.saying import COUNTRY, EVENT, NAMES, named
from tests.handlers.annotations.museum import ANNA, CLARA, Museum, draft
from tests.handlers.harvest.collection import image, row

LOCALITY = f"{EVENT}['ods:hasLocation']['dwc:locality']"


def test_a_log_with_every_fate_of_annotations_is_sound_and_so_is_its_copy(tmp_path: Path) -> None:
    museum = Museum(tmp_path)
    hands = museum.annotations
    kept = museum.accepted("oa:editing", COUNTRY, "Eesti")
    gone = museum.accepted("ods:adding", NAMES, named("Larix"))
    hands.withdraw(gone, "No larch.", CLARA)
    old, new = (museum.propose("ods:adding", LOCALITY, name).pid for name in ("Tartu", "Narva"))
    revised = museum.propose("oa:commenting", None, "A sheet").pid
    assert old is not None and new is not None and revised is not None
    hands.revise(revised, draft("oa:commenting", None, "A fine sheet", of=museum.specimen), ANNA)
    hands.supersede(old, new, "Read again.", ANNA)
    hands.reject(new, CLARA, "It is Tallinn.")
    museum.collection.harvest([row(1, country="Latvia"), row(2), row(3)], [image(1, "a")])
    hands.settle(kept, True, CLARA)
    curation = Curation(museum.objects, CLARA)
    curation.erase(curation.erasable(revised), "A name in it.")
    assert verify_log(museum.objects) == []
    copy = Objects(tmp_path / "copy")
    read_log(copy.objects, write_log(museum.log))
    assert verify_log(copy.objects) == []
    assert copy.objects.state(museum.specimen) == museum.objects.state(museum.specimen)


def test_an_erased_annotation_is_laid_over_nothing(tmp_path: Path) -> None:
    museum = Museum(tmp_path)
    pid = museum.accepted("oa:editing", COUNTRY, "Eesti")
    curation = Curation(museum.objects, CLARA)
    curation.erase(curation.erasable(pid), "A name in it.")
    museum.collection.harvest([row(1, recordedBy="B. Other"), row(2), row(3)], [image(1, "a")])
    assert museum.says(COUNTRY) == "Estonia"
    assert museum.now(museum.specimen).overlay == ()
    assert verify_log(museum.objects) == []


def test_checking_is_no_other_order_of_work_than_recording(tmp_path: Path) -> None:
    """Ratio within one run (decision 0017): the same documents through the rules and the look-up
    of duplicates, and straight into the log."""
    museum = Museum(tmp_path)
    museum.collection.harvest([row(number) for number in range(1, 401)])
    pids = [event.pid for event in museum.collection.specimens().values()]
    for warm in (True, False):
        drafts = [draft("oa:editing", COUNTRY, f"Eesti {warm}", of=pid) for pid in pids]
        began = time.process_time()
        outcomes = museum.annotations.propose_many(drafts, ANNA)
        checked = time.process_time() - began
    assert all(each.what == "created" for each in outcomes)
    documents = [museum.now(each.pid).document for each in outcomes if each.pid]
    changes = []
    for number, document in enumerate(documents):
        pid = museum.objects.reserve("annotation")
        bare = {**document, "col:contentKey": f"{number:064x}"}
        fact = Registered(stamped(bare, pid, 1, modified=document["dcterms:modified"]))
        changes.append(Change(pid, "annotation", fact, None))
    began = time.process_time()
    museum.objects.append(changes, by=ANNA)
    recorded = time.process_time() - began
    print(
        f"{len(outcomes) / checked:,.0f} annotations/s checked and recorded, "
        f"{len(outcomes) / recorded:,.0f}/s recorded only"
    )
    assert checked < 25 * recorded
