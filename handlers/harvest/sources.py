"""The source system of a harvest: found by its name, or enrolled with its data mapping."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from eventstore.application import Change, DigitalObjects
from eventstore.envelope import opends_time, to_micros, to_moment
from fdo import dataset
from fdo.agent import Agent
from fdo.catalogue import OBJECT_TYPES
from fdo.documents import Document
from fdo.errors import AlreadyRegistered, Refused
from fdo.identifiers import Pid, organisation
from fdo.lifecycle import Register, Revise, decide, stamped
from handlers.harvest.holders import holder_of
from handlers.harvest.mapping.curated import default_values, draft_of, source_terms
from handlers.harvest.options import Options
from handlers.harvest.reading.archive import Archive
from handlers.harvest.reading.fetch import is_url, public_address


@dataclass(frozen=True, slots=True)
class Enrolment:
    """The source system that a harvest belongs to."""

    pid: Pid
    name: str
    mapping: Document | None
    mapping_digest: str
    harvest: int
    """Number of this harvest of the source, from 1."""
    last_observed: int | None
    """Observed time of the newest harvest so far, in microseconds."""


def source_name(archive: Archive, options: Options) -> str:
    """The name by which the source of an archive is known again."""
    return options.source_system or archive.metadata.title or Path(archive.name).name


def source_named(objects: DigitalObjects, name: str) -> Pid | None:
    """The source system of this name, if there is one."""
    key = f"source-system:{name}"
    held = objects.log.claimed([key]).get(key)
    return None if held is None else held.pid


def enrol(
    objects: DigitalObjects,
    archive: Archive,
    address: str,
    options: Options,
    observed: datetime | None,
    by: Agent,
) -> Enrolment:
    """Find the source system and its mapping, or register both; `renew` revises them.

    In a dry run nothing is recorded, and an unknown source bears a PID of no consequence.
    Refused, before anything is recorded: a harvest older than the newest one, unless it is a
    backfill; a backfill that is not older; and a harvest for one institution (`Options.holder`) of
    a dataset that another one holds, or nobody who is known.
    """
    name = source_name(archive, options)
    moment = to_micros(observed) if observed else None
    held = source_named(objects, name)
    digest = hashlib.sha256(orjson.dumps(_rules(options.mapping))).hexdigest()
    _refuse_another_holder(objects, name, archive, options, held)
    number, last = harvests_of(objects, held) if held else (0, None)
    _refuse_the_past(objects, name, options, moment, last)
    if options.dry_run and held is None:
        return Enrolment(objects.reserve("source-system"), name, options.mapping, digest, 1, None)
    if held is None:
        try:
            pid = _register(objects, name, archive, address, options, moment, by)
        except AlreadyRegistered:  # by another harvest of the same source, just now
            return enrol(objects, archive, address, options, observed, by)
        return Enrolment(pid, name, options.mapping, digest, 1, None)
    mapping = options.mapping
    if mapping is None:
        known = objects.log.latest(held).document
        stored = objects.log.latest(Pid.parse(known["ods:dataMappingID"])).document
        mapping = stored if default_values(stored) or source_terms(stored) else None
        digest = hashlib.sha256(orjson.dumps(_rules(mapping))).hexdigest()
    return Enrolment(held, name, mapping, digest, number + 1, last)


def renew(
    objects: DigitalObjects,
    enrolment: Enrolment,
    archive: Archive,
    address: str,
    options: Options,
    observed: datetime | None,
    by: Agent,
) -> None:
    """Revise the source system and its mapping where this harvest says something else of them.

    To be called when the harvest is sure to be taken in: one that waits for a decision, or is
    rejected, leaves both as they were. So do a dry run and a backfill.
    """
    if options.dry_run or options.backfill:
        return
    moment = to_micros(observed) if observed else None
    state, _ = objects.state(enrolment.pid)
    assert state is not None  # it was enrolled a moment ago
    mapping_pid = Pid.parse(state.document["ods:dataMappingID"])
    if options.mapping is not None:
        _revise_mapping(objects, mapping_pid, options.mapping, moment, by)
    said = _document(enrolment.name, archive, address, options, mapping_pid, by)
    if not is_url(address):  # a file that was kept, or sent: the address still holds
        del said["schema:url"]
    fresh = {**state.document, **said}
    objects.handle(
        Revise(stamped(fresh, enrolment.pid, state.version + 1, modified=_now(objects))),
        pid=enrolment.pid,
        kind="source-system",
        by=by,
        observed_at=moment,
        verbatim=_metadata(archive),
    )


def harvests_of(objects: DigitalObjects, pid: Pid) -> tuple[int, int | None]:
    """How many harvests of a source were taken in, and as of when the newest is (microseconds);
    backfills are counted, and are never the newest."""
    done = [e for e in objects.log.history(pid) if e.what == "HarvestCompleted"]
    fresh = [e for e in done if not e.detail.get("backfill")]
    return len(done), fresh[-1].observed_at if fresh else None


def _refuse_another_holder(
    objects: DigitalObjects, name: str, archive: Archive, options: Options, known: Pid | None
) -> None:
    if options.holder is None:
        return
    said = _holder(archive, options)
    held = [said] if known is None else [said, holder_of(objects, known)]
    for other in held:
        if other != options.holder:
            raise Refused(
                f"{name} is held by {other or 'nobody known'}, and this harvest may speak for "
                f"{options.holder} only. Let somebody who is not limited to it take the dataset "
                "in, with --organisation where its metadata name no holder."
            )


def _holder(archive: Archive, options: Options) -> str | None:
    """Who holds the dataset, as the operator or its metadata say; else for whom it is taken in."""
    stated = organisation(options.organisation or "") or archive.metadata.organisation_id
    return stated or options.holder


def _refuse_the_past(
    objects: DigitalObjects, name: str, options: Options, moment: int | None, last: int | None
) -> None:
    older = last is not None and (objects.clock() if moment is None else moment) < last
    if older and not options.backfill:
        assert last is not None
        raise Refused(
            f"{name} was harvested as of {to_moment(last).isoformat()}; this harvest is older. "
            "Give a later --observed-at, or --backfill to record it as history only."
        )
    if options.backfill and not older:
        raise Refused(
            f"A backfill of {name} must be older than its newest harvest; give the time of the "
            "archive with --observed-at, or leave --backfill out."
        )


def _document(
    name: str, archive: Archive, address: str, options: Options, mapping: Pid, by: Agent
) -> Document:
    said = archive.metadata
    holder = _holder(archive, options)
    place = public_address(address) if is_url(address) else f"urn:collectome:source:{_slug(name)}"
    document: Document = {
        "@type": "ods:SourceSystem",
        "ods:fdoType": OBJECT_TYPES["source-system"].fdo_type,
        "ods:status": "Active",
        "schema:name": name,
        "schema:creator": agent_node(by),
        "schema:url": place,
        "ods:translatorType": "dwca",
        "ods:dataMappingID": mapping.iri,
    }
    facts = {
        dataset.ABSTRACT: said.abstract,
        dataset.TITLE: said.title,
        dataset.IDENTIFIER: said.identifier,
        dataset.LICENCE: said.licence,
        dataset.HOLDER: said.organisation_name if holder == said.organisation_id else None,
        dataset.HOLDER_ID: holder,
    }
    if text := dataset.description(facts):
        document["schema:description"] = text
    return document


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _metadata(archive: Archive) -> bytes:
    said = archive.metadata
    return orjson.dumps(
        {"metadata": {name: getattr(said, name) for name in said.__dataclass_fields__}},
        option=orjson.OPT_SORT_KEYS,
    )


def agent_node(by: Agent) -> Document:
    """An agent as an openDS node."""
    return {"@type": by.kind, "schema:identifier": by.id, "schema:name": by.name}


def _rules(mapping: Document | None) -> Any:
    return mapping and [mapping.get("ods:hasDefaultMapping"), mapping.get("ods:hasTermMapping")]


def _register(
    objects: DigitalObjects,
    name: str,
    archive: Archive,
    address: str,
    options: Options,
    moment: int | None,
    by: Agent,
) -> Pid:
    """Source system and data mapping in one transaction: never one without the other."""
    mapping, source = objects.reserve("data-mapping"), objects.reserve("source-system")
    drafts = (
        (mapping, "data-mapping", draft_of(options.mapping, agent_node(by)), None),
        (source, "source-system", _document(name, archive, address, options, mapping, by), archive),
    )
    changes = []
    for pid, kind, draft, said in drafts:
        (fact,) = decide(None, Register(stamped(draft, pid, 1, modified=_now(objects))))
        verbatim = _metadata(said) if said else None
        changes.append(Change(pid, kind, fact, None, verbatim=verbatim))
    objects.append(changes, by=by, observed_at=moment)
    return source


def _revise_mapping(
    objects: DigitalObjects, pid: Pid, mapping: Document, moment: int | None, by: Agent
) -> None:
    known, _ = objects.state(pid)
    assert known is not None
    document = stamped(
        draft_of(mapping, agent_node(by)),
        pid,
        known.version + 1,
        modified=_now(objects),
        created=known.document["schema:dateCreated"],
    )
    objects.handle(Revise(document), pid=pid, kind="data-mapping", by=by, observed_at=moment)


def _now(objects: DigitalObjects) -> str:
    return opends_time(to_moment(objects.clock()))
