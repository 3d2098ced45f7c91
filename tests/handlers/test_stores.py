"""Clones never touch what they were made from; what is held stays; what is removed is gone."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

import pytest
from pyoxigraph import Literal, NamedNode, Quad, Store

from eventstore.instant import Instant
from handlers import stores

SECRET = "the erased name of a collector"


def a_quad(number: int, said: str = "a value that is long enough to be stored apart") -> Quad:
    return Quad(NamedNode(f"urn:x:{number}"), NamedNode("urn:p"), Literal(f"{said} {number}"))


@pytest.fixture
def rung(tmp_path: Path) -> Path:
    """A backup of a store of some quads."""
    store = Store(str(tmp_path / "live"))
    store.bulk_extend(a_quad(n) for n in range(2_000))
    store.backup(str(tmp_path / "rung"))
    return tmp_path / "rung"


def bytes_of(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_whatever_is_done_to_a_clone_its_source_keeps_every_byte(rung: Path) -> None:
    before = bytes_of(rung)
    stores.clone(rung, rung.with_name("clone"))
    copy = Store(str(rung.with_name("clone")))
    copy.update("DELETE WHERE { ?s ?p ?o }")
    copy.bulk_extend(a_quad(n, "another") for n in range(2_000))
    copy.optimize()
    copy.flush()
    del copy
    assert bytes_of(rung) == before
    assert len(Store.read_only(str(rung))) == 2_000


def test_a_clone_shares_its_tables_with_its_source(rung: Path) -> None:
    stores.clone(rung, rung.with_name("clone"))
    shared = [p for p in rung.with_name("clone").iterdir() if p.stat().st_nlink > 1]
    assert {p.suffix for p in shared if not p.name.startswith("OPTIONS")} == {".sst"}
    assert stores.own_bytes(rung.with_name("clone")) < 10_000


def test_a_store_counts_once_its_note_is_there(rung: Path) -> None:
    assert stores.read_kept(rung) is None
    kept = stores.keep(rung, Instant(7, 9), "2026-03-01T00:00:00Z", 3)
    assert stores.read_kept(rung) == kept
    assert stores.all_kept(rung.parent) == [kept]
    kept.note.write_text("{")
    assert stores.read_kept(rung) is None


def test_a_held_store_stays_until_it_is_let_go(rung: Path) -> None:
    with stores.held(rung) as there, stores.held(rung) as again:
        assert there and again
        assert not stores.remove(rung)
        assert rung.exists()
    assert stores.remove(rung)
    assert not rung.exists() and list(rung.parent.iterdir()) == [rung.parent / "live"]
    with stores.held(rung) as there:
        assert not there


def test_what_was_erased_is_removed_though_it_is_held(rung: Path) -> None:
    with stores.held(rung):
        assert stores.remove(rung, even_held=True)
        assert not rung.exists()


def test_a_lock_on_a_folder_that_was_replaced_meanwhile_is_no_lock(rung: Path) -> None:
    lock = stores.lock(rung, fcntl.LOCK_EX)
    assert lock is not None
    assert stores.lock(rung, fcntl.LOCK_SH) is None
    os.close(lock)
    stores.remove(rung)
    assert stores.lock(rung, fcntl.LOCK_SH) is None


def test_a_rewritten_store_holds_nothing_of_what_was_deleted(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "store"))
    store.bulk_extend([a_quad(1), a_quad(2, SECRET)])
    store.remove(a_quad(2, SECRET))
    store.optimize()
    store.flush()
    found = b"".join(p.read_bytes() for p in (tmp_path / "store").iterdir())
    assert SECRET.encode() in found, "the engine keeps it; else nothing need be rewritten"
    stores.rewrite(store, tmp_path / "store.new")
    assert set(Store.read_only(str(tmp_path / "store.new"))) == {a_quad(1)}
    found = b"".join(p.read_bytes() for p in (tmp_path / "store.new").iterdir())
    assert SECRET.encode() not in found
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["store", "store.new"]


@pytest.mark.parametrize(("there", "stays"), [(["store", "new"], "store"), (["new"], "new")])
def test_a_rewriting_that_was_cut_off_is_ended_or_thrown_away(
    tmp_path: Path, there: list[str], stays: str
) -> None:
    for name in there:
        folder = tmp_path / ("store" if name == "store" else "store.new")
        folder.mkdir()
        (folder / "mark").write_text(name)
    stores.put_in_place(tmp_path / "store")
    assert (tmp_path / "store" / "mark").read_text() == stays
    assert not (tmp_path / "store.new").exists()


def test_what_stores_share_with_each_other_alone_is_charged_once(rung: Path) -> None:
    one, other = rung.with_name("one"), rung.with_name("other")
    stores.clone(rung, one)
    (one / "own.sst").write_bytes(b"x" * 1_000)
    stores.clone(one, other)
    shared = stores.Charged([one, other])
    copied = stores.own_bytes(one) + stores.own_bytes(other)
    assert shared.total == copied + 1_000, "what the rung has as well is charged to nobody"
    shared.release(one)
    assert shared.total == stores.own_bytes(other) + 1_000, "the other has it still"
    shared.release(other)
    assert shared.total == 0
