"""When a known source suddenly speaks of unknown specimens: pause, propose, let a person decide.

A dataset whose catalogue numbers all get a new prefix would mint thousands of new PIDs for
old specimens. So before the first row of a further harvest the ids are compared: where most
known specimens are missing and unknown ones stand in their place, nothing is recorded but a
`HarvestPaused`; each unknown record is paired by content (other ids, collector + number +
date, name) with the missing specimen it most likely is. Growth alone never pauses, nor does
shrinking. The decision is an event, `HarvestDecided`, which carries the approved pairs.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import orjson

from eventstore.application import DigitalObjects
from eventstore.envelope import Recorded, iso, to_micros
from eventstore.log import Head
from fdo.agent import Agent
from fdo.errors import IdentityPaused, NotFound, Refused
from fdo.identifiers import Pid
from fdo.lifecycle import Note
from handlers.harvest.agent import HARVESTER
from handlers.harvest.mapping.darwin_core import Mapping as Terms
from handlers.harvest.options import Options
from handlers.harvest.reading.archive import Archive
from handlers.harvest.sources import Enrolment, harvests_of

MISSING_SHARE = 0.5
"""A pause needs at least this share of the known specimens to be missing …"""
REPLACED_SHARE = 0.5
"""… and at least this many unknown records per missing specimen."""
AT_LEAST = 3
"""… and at least this many missing specimens."""
SURE = 0.5
"""A pair is proposed from this score on, when no other candidate reaches it."""

CROWD = 50
"""A hint that more specimens share than this says nothing."""

WEIGHTS = {"other-id": 0.6, "collector-number-date": 0.6, "number": 0.3, "name": 0.2}

Verdict = Literal["approve", "reject", "as-new"]


@dataclass(frozen=True, slots=True)
class Hint:
    """A key by which the same specimen may be known in two harvests, and its kind."""

    kind: str
    key: str


def hints_of(core: Mapping[str, str]) -> set[Hint]:
    """What else identifies a record, from its verbatim Darwin Core terms."""
    found: set[Hint] = set()
    ids = [
        core.get(f"dwc:{term}", "")
        for term in ("occurrenceID", "catalogNumber", "materialSampleID", "recordNumber")
    ]
    for text in [*ids[:3], *re.split(r"[|;]", core.get("dwc:otherCatalogNumbers", ""))]:
        if plain := _plain(text):
            found.add(Hint("other-id", plain))
    for text in ids[:2]:
        if number := re.search(r"(\d{2,})\D*$", text):
            found.add(Hint("number", number[1].lstrip("0")))
    collector = _plain(core.get("dwc:recordedBy", ""))
    number_text = _plain(core.get("dwc:recordNumber", "") or core.get("dwc:fieldNumber", ""))
    date = core.get("dwc:eventDate") or "-".join(
        core[f"dwc:{part}"] for part in ("year", "month", "day") if core.get(f"dwc:{part}")
    )
    if collector and number_text and date:
        found.add(Hint("collector-number-date", f"{collector}/{number_text}/{date[:10]}"))
    if name := _plain(core.get("dwc:scientificName", "")):
        found.add(Hint("name", name))
    return found


def _plain(text: str) -> str:
    """GBIF's normal form of an id: upper case, without punctuation; '' for a placeholder."""
    plain = re.sub(r"[-.,_ :|/\\#%&]", "", text).upper()
    return "" if plain in {"NA", "UNKNOWN", "NONUMBER", "SN", "NULL", "NONE"} else plain


def examine(
    objects: DigitalObjects,
    archive: Archive,
    enrolment: Enrolment,
    mapping: Terms,
    workspace: Path,
    options: Options,
) -> None:
    """Compare the archive's ids with the known ones; raise IdentityPaused where a person must
    decide. One pass over the core, before anything is recorded."""
    everything = set(objects.log.of_source(enrolment.pid, "specimen"))
    missing = everything - objects.log.unseen(enrolment.pid).keys()
    if len(missing) < AT_LEAST:
        return
    known = len(missing)
    unknown: list[tuple[str, dict[str, str]]] = []
    for part in _parts(_keys(archive, mapping), 500):
        heads = objects.log.claimed(f"specimen:{key}" for key, _ in part)
        shown = {str(head.pid) for head in heads.values()}
        missing -= shown
        everything -= shown
        unknown += [(key, core) for key, core in part if f"specimen:{key}" not in heads]
    enough = max(AT_LEAST, MISSING_SHARE * known)
    if len(missing) < enough or len(unknown) < REPLACED_SHARE * len(missing):
        return
    proposals = _pair(objects, everything, unknown)
    raise _pause(
        objects, archive, enrolment, workspace, options, known, missing, unknown, proposals
    )


def _keys(archive: Archive, mapping: Terms) -> Iterator[tuple[str, dict[str, str]]]:
    for _, core in archive.keys():  # noqa: SIM118  (a reading of the core, not a mapping)
        key = mapping.normalised_id_of(core)
        if key is not None:
            yield key, core


def _pair(
    objects: DigitalObjects, missing: set[str], unknown: list[tuple[str, dict[str, str]]]
) -> list[dict[str, Any]]:
    """For each unknown record the missing specimen it most likely is, with score and why.

    A specimen goes to the record that resembles it most; where two resemble it equally, a
    person must look: neither is proposed. The name alone finds nobody, it only weighs.
    """
    holders: dict[Hint, list[str]] = defaultdict(list)
    names: dict[str, Hint] = {}
    old_ids: dict[str, str] = {}
    for head in objects.log.heads_of(missing):
        event = _last_word(objects, head)
        pid = str(head.pid)
        old_ids[pid] = event.document.get("ods:normalisedPhysicalSpecimenID", "")
        for hint in hints_of((event.verbatim or {}).get("core", {})):
            if hint.kind == "name":
                names[pid] = hint
            else:
                holders[hint].append(pid)
    wanted: dict[str, list[tuple[float, str, list[str]]]] = defaultdict(list)
    for key, core in unknown:
        if best := _best(hints_of(core), holders, names):
            pid, score, why = best
            wanted[pid].append((score, key, why))
    return [
        {"new_id": key, "pid": pid, "old_id": old_ids[pid], "score": score, "evidence": why}
        for pid, asking in wanted.items()
        for score, key, why in [max(asking)]
        if sum(each[0] == score for each in asking) == 1
    ]


def _best(
    hints: set[Hint], holders: Mapping[Hint, list[str]], names: Mapping[str, Hint]
) -> tuple[str, float, list[str]] | None:
    """The one specimen that resembles a record most, if it does so enough."""
    why: dict[str, set[str]] = defaultdict(set)
    for hint in hints:
        for pid in holders.get(hint, ())[:CROWD]:
            why[pid].add(hint.kind)
    for pid, kinds in why.items():
        if names.get(pid) in hints:
            kinds.add("name")
    scores = {pid: round(sum(WEIGHTS[kind] for kind in kinds), 2) for pid, kinds in why.items()}
    ranked = sorted(scores.items(), key=lambda pair: -pair[1])[:2]
    if not ranked or ranked[0][1] < SURE:
        return None
    if len(ranked) > 1 and ranked[0][1] == ranked[1][1]:
        return None
    pid, score = ranked[0]
    return pid, min(1.0, score), sorted(why[pid])


def _last_word(objects: DigitalObjects, head: Head) -> Recorded:
    """The newest content of an object that came from its source, else its newest content."""
    latest = objects.log.event(head.position)
    if latest.verbatim is not None:
        return latest
    told = [e for e in objects.log.history(head.pid) if e.frame and e.verbatim]
    return told[-1] if told else latest


def _pause(
    objects: DigitalObjects,
    archive: Archive,
    enrolment: Enrolment,
    workspace: Path,
    options: Options,
    known: int,
    missing: set[str],
    unknown: list[tuple[str, dict[str, str]]],
    proposals: list[dict[str, Any]],
) -> IdentityPaused:
    name = f"{enrolment.pid.suffix}-{enrolment.harvest}"
    counts = {
        "known": known,
        "missing": len(missing),
        "unknown": len(unknown),
        "proposed": len(proposals),
    }
    if not (options.dry_run or _is_pending(objects, workspace, name, archive.sha256)):
        folder = workspace / "identity"
        kept = archive.copied(folder / name)
        pause = {
            "harvest": name,
            "source_system": str(enrolment.pid),
            "name": enrolment.name,
            "number": enrolment.harvest,
            "sha256": archive.sha256,
            "archive": kept.name,
            "paused_at": iso(objects.clock()),
            "counts": counts,
            "proposals": proposals,
            "options": {
                "source_system": enrolment.name,
                "organisation": options.organisation,
                "holder": options.holder,
                "mapping": options.mapping,
                "observed_at": options.observed_at and options.observed_at.isoformat(),
            },
        }
        fresh = folder / f"{name}.new"
        fresh.write_bytes(orjson.dumps(pause, option=orjson.OPT_INDENT_2))
        fresh.replace(folder / f"{name}.json")
        objects.handle(
            Note("HarvestPaused", {"harvest": name, "sha256": archive.sha256, "counts": counts}),
            pid=enrolment.pid,
            kind="source-system",
            by=HARVESTER,
        )
    next_step = (
        "Without --dry-run the pairs are kept, for a person to decide."
        if options.dry_run
        else f"Look at them: collectome identity show {name}; then approve or reject."
    )
    return IdentityPaused(
        f"{len(missing)} of {known} specimens of {enrolment.name} are missing from this harvest "
        f"and {len(unknown)} unknown ones stand in their place; {len(proposals)} pairs are "
        f"proposed. Nothing was recorded. {next_step}",
        harvest=name,
        counts=counts,
    )


def _is_pending(objects: DigitalObjects, workspace: Path, name: str, sha256: str) -> bool:
    """Whether this very archive waits already: asking again records nothing."""
    path = workspace / "identity" / f"{name}.json"
    if not path.exists() or orjson.loads(path.read_bytes())["sha256"] != sha256:
        return False
    source = Pid.parse(orjson.loads(path.read_bytes())["source_system"])
    return any(
        event.what == "HarvestPaused" and event.detail["sha256"] == sha256
        for event in objects.log.history(source)
    )


# ── deciding ─────────────────────────────────────────────────────────────────────────────


def pauses(workspace: Path, objects: DigitalObjects) -> list[dict[str, Any]]:
    """All paused harvests with their state: pending, approve, reject or as-new; what waits lies
    where the repository lies now, and is as old as the pause."""
    found = []
    for path in sorted((workspace / "identity").glob("*.json")):
        pause = orjson.loads(path.read_bytes())
        made = decision_for(objects, Pid.parse(pause["source_system"]), pause["sha256"])
        kept = path.with_suffix("") / Path(pause["archive"]).name
        asked = {**pause["options"], "observed_at": _as_of(pause)}
        state = made["decision"] if made else "pending"
        found.append({**pause, "archive": str(kept.resolve()), "options": asked, "state": state})
    return found


def _as_of(pause: Mapping[str, Any]) -> str:
    """When the source said what waits: whenever it is taken in, it is no newer than that."""
    return str(pause["options"]["observed_at"] or pause["paused_at"])


def pause_named(workspace: Path, objects: DigitalObjects, harvest: str) -> dict[str, Any]:
    """One paused harvest; NotFound names those there are."""
    known = pauses(workspace, objects)
    for pause in known:
        if pause["harvest"] == harvest:
            return pause
    names = ", ".join(p["harvest"] for p in known) or "none"
    raise NotFound(f"No harvest {harvest!r} is paused; paused are: {names}.")


def _refuse_the_overtaken(objects: DigitalObjects, pause: Mapping[str, Any]) -> None:
    """What was harvested since is newer: the archive that was kept would put old values over it."""
    _, last = harvests_of(objects, Pid.parse(pause["source_system"]))
    as_of = pause["options"]["observed_at"]
    if last is not None and last > to_micros(datetime.fromisoformat(as_of)):
        raise Refused(
            f"{pause['name']} was harvested as of {iso(last)} since, and the archive of "
            f"{pause['harvest']} is of {as_of}: it would put old values over newer ones. Reject "
            "it, and ingest what the source publishes now."
        )


def settle(
    workspace: Path, objects: DigitalObjects, harvest: str, verdict: Verdict, by: Agent
) -> dict[str, Any]:
    """Record a person's decision about a paused harvest; the pause as decided.

    approve: the proposed pairs keep their PIDs; as-new: all unknown records are new
    specimens; reject: the harvest is not taken in. The archive can then be ingested again
    (`archive`, `options` of the pause), and is let go when it is; a rejected one is at once.
    Refused: it was decided already; or it would be taken in, and a newer harvest was since.
    """
    pause = pause_named(workspace, objects, harvest)
    if pause["state"] != "pending":
        raise Refused(f"{harvest} was decided already: {pause['state']}.")
    if verdict != "reject":
        _refuse_the_overtaken(objects, pause)
    pairs = {p["new_id"]: p["pid"] for p in pause["proposals"]} if verdict == "approve" else {}
    objects.handle(
        Note(
            "HarvestDecided",
            {
                "harvest": harvest,
                "sha256": pause["sha256"],
                "decision": verdict,
                "pairs": pairs,
            },
        ),
        pid=Pid.parse(pause["source_system"]),
        kind="source-system",
        by=by,
    )
    if verdict == "reject":
        let_go(pause)
    return {**pause, "state": verdict}


def let_go(pause: Mapping[str, Any]) -> None:
    """Remove the archive that was kept for a decision: whoever needs it again has the source."""
    kept = Path(pause["archive"])
    if kept.parent.name == pause["harvest"]:
        shutil.rmtree(kept.parent, ignore_errors=True)


def decision_for(objects: DigitalObjects, source: Pid, sha256: str) -> Mapping[str, Any] | None:
    """What was decided about this very archive of this source, if anything."""
    for event in reversed(objects.log.history(source)):
        if event.what == "HarvestDecided" and event.detail["sha256"] == sha256:
            return event.detail
    return None


def migrations_of(decision: Mapping[str, Any]) -> dict[str, Pid]:
    """New normalised id → the old object; Refused for a rejected harvest."""
    if decision["decision"] == "reject":
        raise Refused(
            f"The harvest {decision['harvest']} of this archive was rejected; publish a corrected "
            "archive and ingest that."
        )
    return {key: Pid.parse(pid) for key, pid in decision["pairs"].items()}


def _parts(
    items: Iterable[tuple[str, dict[str, str]]], size: int
) -> Iterator[list[tuple[str, dict[str, str]]]]:
    part: list[tuple[str, dict[str, str]]] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part
