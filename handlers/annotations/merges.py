"""A proposed change worked out on its target as it is now; nothing is recorded here.

A path was right in the version that was annotated; arrays may have moved since, so it is followed
to the current one. Where the place itself says something else since, nobody agreed to change
that: the annotation has to be looked at again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from eventstore.application import DigitalObjects
from fdo.annotation import rules
from fdo.annotation.life import Edit, edit_of
from fdo.annotation.merging import (
    Laid,
    Operation,
    anchored,
    covers,
    done,
    operation,
    place_of,
    reverted,
)
from fdo.annotation.paths import Path, get, text
from fdo.annotation.values import Impossible
from fdo.documents import Document, equal
from fdo.errors import InvalidDocument, Refused
from fdo.lifecycle import DigitalObject
from handlers.annotations.targets import laid_on, made_on

State = Literal["applied", "adopted", "dropped"]


@dataclass(frozen=True, slots=True)
class Merge:
    """What the target says with the change, and what lies over it then."""

    document: Document
    edit: Edit
    """With its path as it is in the current version."""
    source: Any = None
    """What the source says at the place; None for nothing."""
    covered: tuple[str, ...] = ()
    """Accepted annotations (PID text) whose places this change decides from now on."""
    state: State = "applied"
    """Of the overlay: adopted where the source says so itself, dropped where another accepted
    annotation already brought the same."""


def worked_out(objects: DigitalObjects, known: DigitalObject, target: DigitalObject) -> Merge:
    """The change of a pending annotation on its target. Refused where the place has changed
    since the annotation was made; InvalidDocument where the change no longer fits."""
    edit = edit_of(known.document)
    assert edit is not None  # a pending annotation proposes a change
    before, version = annotated(objects, known, target)
    here = edit if before is target.document else anchored(edit, before, target.document)
    laid = laid_on(objects, [target]).get(str(target.pid), [])
    state: State
    if here is not None and says_so(here, target):
        others = any(_covered(here.path, each, target.document) for each in laid)
        state = "dropped" if others else "adopted"
        return Merge(target.document, here, state=state)
    if here is None or not unchanged(edit, before, here, target.document):
        raise Refused(
            f"{target.pid} says something else at {text(edit.path)} since {known.pid} was made on "
            f"version {version}; it is at version {target.version}. Let the annotation be revised "
            "on that version, or reject it."
        )
    annotation = {**known.document, "oa:hasTarget": moved(known.document["oa:hasTarget"], here)}
    if broken := rules.breaches(annotation, target):
        raise InvalidDocument(f"{known.pid} no longer fits {target.pid}: {broken[0][1]}", broken)
    what = operation(target.document, here, target.type)
    append = adds_member(edit, what)
    covered = (
        [] if append else [each for each in laid if _covered(what.path, each, target.document)]
    )
    source = None if append else _source(target.document, what.path, covered)
    back = not append and equal(source, what.value)  # of a removal: the source has nothing there
    state = "adopted" if back else "applied"
    document = done(target.document, what)
    return Merge(document, here, source, tuple(each.pid for each in covered), state)


def adds_member(edit: Edit, what: Operation) -> bool:
    """Whether a change adds to an array, which may have to be made for it. What was decided about
    other members, also of those that were deleted, stays decided."""
    return edit.motivation == "ods:adding" and (
        what.what == "append" or isinstance(what.value, list)
    )


def annotated(
    objects: DigitalObjects, known: DigitalObject, target: DigitalObject
) -> tuple[Document, int]:
    """The document that was annotated, and its version."""
    source = made_on(objects.log, known.pid)
    if source is None or source.version in (None, target.version):
        return target.document, target.version
    return objects.log.version(target.pid, source.version).document, source.version


def says_so(edit: Edit, target: DigitalObject) -> bool:
    """Whether the target says already what the change would make it say."""
    try:
        what = operation(target.document, edit, target.type)
    except Impossible:
        return False
    return what.what != "append" and equal(get(target.document, what.path), what.value)


def unchanged(edit: Edit, before: Document, here: Edit, now: Document) -> bool:
    """Whether the place says what it said. To one that adds to an array it does not matter what
    else was added."""
    says = get(now, here.path)
    if edit.motivation == "ods:adding":
        return isinstance(says, list) or isinstance(edit.path[-1], int) or says is None
    return equal(get(before, edit.path), says)


def _covered(path: Path, laid: Laid, document: Document) -> bool:
    """Whether a change at a path decides the place of an accepted one."""
    place = place_of(laid, document)
    return place is not None and covers(path, place)


def meet(path: Path, other: Path | None) -> bool:
    """Whether one of two places lies in the other."""
    return other is not None and (covers(path, other) or covers(other, path))


def _source(document: Document, path: Path, covered: Sequence[Laid]) -> Any:
    """What the source says at a place, under the changes that stand there."""
    for laid in reversed(covered):
        back = reverted(document, laid)
        document = document if back is None else back
    return get(document, path)


def moved(targets: Sequence[Any], edit: Edit) -> list[Any]:
    """The targets of an annotation, the first with its path as it is in the current version."""
    term = "ods:class" if edit.whole else "ods:term"
    selectors = [
        {**each, term: text(edit.path)} if isinstance(each, dict) and term in each else each
        for each in targets[0].get("oa:hasSelector", ())
    ]
    return [{**targets[0], "oa:hasSelector": selectors}, *targets[1:]]
