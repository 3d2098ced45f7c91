"""Every record is judged by the version of its profile that is in force when it is issued.

The profiles are objects of the same log (`fdo-profile`); the newest version of each that stands is
in force, and the envelope of the event that issues a record names it. So an old record stays under
its own version, whatever the profile asks for later. A log without definitions (of an older
release, before the first start of this one) judges nothing.

    profiles = Profiles(log)
    profiles.renew()                  # once a transaction: another process may have defined one
    profiles.judged(state, issue)     # → {"profile": "20.5000.5072/…/1"}, or RecordInvalid
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from eventstore.log import Head, Log
from fdo.catalogue import OBJECT_TYPES
from fdo.definitions.names import claim
from fdo.definitions.profiles import profile_of
from fdo.documents import Document
from fdo.errors import NotFound, RecordInvalid
from fdo.identifiers import Pid
from fdo.lifecycle import DigitalObject, Status
from fdo.record import attributes, identity, under

_CLAIMS = {kind: claim("fdo-profile", profile_of(kind)) for kind in OBJECT_TYPES}
_KEYS = sorted(set(_CLAIMS.values()))
_ALL = len(_KEYS)
_NOW = "1970-01-01T00:00:00.000000Z"
"""Stands for the time of issue, which is known only once the event is recorded."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a profile, compiled."""

    name: str
    """PID and version: `20.5000.5072/AAA-BBB-CCC/2`."""
    position: int
    validator: jsonschema_rs.Draft202012Validator


class Profiles:
    """The profiles in force in one log; safe to share between threads."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._rules: dict[str, Rule] = {}
        self._pids: list[str] = []
        """The profiles, once all are there."""
        self._newest = 0
        self._versions: dict[str, Rule] = {}
        self._renewing = threading.Lock()

    def renew(self) -> None:
        """Take up what was defined since the last time; one look-up where that is nothing."""
        if self._pids and self._log.newest_of(self._pids) == self._newest:
            return
        with self._renewing:
            found = self._log.claimed(_KEYS)
            self._newest = max((head.position for head in found.values()), default=0)
            self._rules = {
                key: self._rule(key, head)
                for key, head in found.items()
                if head.status is Status.ACTIVE
            }
            self._pids = [str(head.pid) for head in found.values()] if len(found) == _ALL else []

    def _rule(self, key: str, head: Head) -> Rule:
        known = self._rules.get(key)
        if known is not None and known.position == head.position:
            return known
        document = self._log.event(head.position).document
        return rule_of(document, head.pid, head.version, head.position)

    def judged(self, state: DigitalObject, issue: int) -> dict[str, str]:
        """What the envelope says of the profile under which this record is issued.

        RecordInvalid: the record breaks it; the message names the rule.
        """
        key = _CLAIMS[state.type]
        rule = self._rules.get(key) or _of_itself(state, key)
        if rule is None:
            return {}
        record = {
            **attributes(state.type, state.status, state.document),
            **identity(state.pid, state.type),
            **under(rule.name, state.type),
            "pidRecordIssueDate": _NOW,
            "pidRecordIssueNumber": issue,
            "version": state.version,
        }
        if not rule.validator.is_valid(record):
            raise broken(rule, record, str(state.pid))
        return {"profile": rule.name}

    def faults(self, record: Mapping[str, Any]) -> list[str]:
        """What a record breaks of the profile version that it names, whatever is in force now."""
        named = record.get("fdoProfileVersion")
        if named is None:
            return []
        try:
            rule = self._named("/".join(str(named).rsplit("/", 3)[1:]))
        except NotFound as unknown:
            return [unknown.message]
        return _faults(rule, record)

    def _named(self, name: str) -> Rule:
        rule = self._versions.get(name)
        if rule is None:
            text, _, version = name.rpartition("/")
            event = self._log.version(Pid.parse(text), int(version))
            rule = rule_of(event.document, event.pid, event.version, event.position)
            self._versions[name] = rule
        return rule


def rule_of(document: Document, pid: Pid, version: int, position: int) -> Rule:
    """The rule of a version of a profile, from its document."""
    schema = document["col:recordSchema"]
    compiled = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return Rule(f"{pid}/{version}", position, compiled)


def _of_itself(state: DigitalObject, key: str) -> Rule | None:
    """The rule of the profile of definitions for its own first record."""
    if state.type != "fdo-profile" or claim("fdo-profile", state.document["col:key"]) != key:
        return None
    return rule_of(state.document, state.pid, state.version, 0)


def broken(rule: Rule, record: Mapping[str, Any], pid: str) -> RecordInvalid:
    """Which rules of its profile a record breaks, and what to do."""
    faults = _faults(rule, record)
    return RecordInvalid(
        f"The FDO record of {pid} would break its profile {rule.name}: {'; '.join(faults)}. Give "
        "the document what the profile asks for, or revise the profile.",
        profile=rule.name,
        rules=faults,
    )


def _faults(rule: Rule, record: Mapping[str, Any]) -> list[str]:
    """Each breach as `attribute: sentence`."""
    if rule.validator.is_valid(record):
        return []
    return [
        ": ".join(filter(None, ("/".join(map(str, fault.instance_path)), fault.message)))
        for fault in rule.validator.iter_errors(record)
    ]
