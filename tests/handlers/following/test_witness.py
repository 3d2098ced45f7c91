"""A mirror holds what its source signed against what it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from eventstore.checkpoints import KEY_FILE, Checkpoints
from eventstore.mirroring import detach
from eventstore.notes import Checkpoint, Note, Signer
from eventstore.transfer import BrokenTransfer
from fdo.errors import Refused
from handlers.following.asking import SourceRefuses
from handlers.following.witness import Witness
from handlers.verification import verify_log
from tests.eventstore.story import Objects
from tests.handlers.following.story import Near, Signing, followed, public


@pytest.fixture
def source(tmp_path: Path) -> Objects:
    """A public log."""
    return public(tmp_path / "source")


@pytest.fixture
def mirror(tmp_path: Path) -> Objects:
    """An empty folder."""
    return Objects(tmp_path / "mirror")


def test_what_fits_is_kept_and_verifies_in_the_mirror(source: Objects, mirror: Objects) -> None:
    near = Signing(source)
    followed(mirror, near)
    witness = Witness(mirror.objects, near)  # type: ignore[arg-type]
    first = witness.look()
    assert first is not None
    assert Checkpoints(mirror.objects.recorder).latest() == first == near.checkpoints.latest()
    for number in (21, 22):
        source.register(number)
        near.checkpoints.make()
    source.register(23)
    near.checkpoints.rotate()
    followed(mirror, near)
    assert witness.look() == near.checkpoints.latest()
    assert verify_log(mirror.objects) == []
    assert len(Checkpoints(mirror.objects.recorder).vkeys()) == 2


def test_a_source_that_is_ahead_is_held_later(source: Objects, mirror: Objects) -> None:
    near = Signing(source)
    followed(mirror, near)
    source.register(21)
    witness = Witness(mirror.objects, near)  # type: ignore[arg-type]
    assert witness.look() is None
    followed(mirror, near)
    assert witness.look() is not None


def test_another_history_under_a_good_signature_is_found(source: Objects, mirror: Objects) -> None:
    near = Signing(source)
    followed(mirror, near)
    witness = Witness(mirror.objects, near)  # type: ignore[arg-type]
    witness.look()
    good = near.checkpoints.make().checkpoint
    signer = near.checkpoints._signer()
    other = Checkpoint(good.origin, good.size, bytes(32), good.more)
    near.note = str(Note.sign(other.text, [signer]))
    with pytest.raises(BrokenTransfer, match="another history"):
        witness.look()


def test_a_key_that_nothing_announced_is_not_trusted(source: Objects, mirror: Objects) -> None:
    near = Signing(source)
    followed(mirror, near)
    witness = Witness(mirror.objects, near)  # type: ignore[arg-type]
    witness.look()
    good = near.checkpoints.make().checkpoint
    stranger = Signer.of(good.origin, Ed25519PrivateKey.generate())
    near.note = str(Note.sign(good.text, [stranger]))
    with pytest.raises(BrokenTransfer, match="a key that this mirror trusts"):
        witness.look()
    near.note = "nonsense"
    with pytest.raises(BrokenTransfer, match="is none"):
        witness.look()


def test_a_source_without_checkpoints_is_followed_all_the_same(
    source: Objects, mirror: Objects
) -> None:
    class Older(Near):
        def get(self, path: str, query: Mapping[str, Any], accept: str) -> bytes:
            if path == "/checkpoint":
                raise SourceRefuses("404")
            return super().get(path, query, accept)

    near = Older(source)
    followed(mirror, near)
    assert Witness(mirror.objects, near).look() is None  # type: ignore[arg-type]


def test_a_detached_mirror_signs_with_a_key_of_its_own_when_a_person_says_so(
    source: Objects, mirror: Objects
) -> None:
    near = Signing(source)
    source.register(21)
    near.checkpoints.make()
    source.register(22)
    followed(mirror, near)
    Witness(mirror.objects, near).look()  # type: ignore[arg-type]
    detach(mirror.objects.recorder)
    mirror.register(30)
    checkpoints = Checkpoints(mirror.objects.recorder)
    with pytest.raises(Refused, match="--renew"):
        checkpoints.make()
    key = checkpoints.renew()
    checkpoints.make()
    assert (mirror.folder / KEY_FILE).exists()
    told = verify_log(mirror.objects)
    assert [fault.where for fault in told] == ["signing key 2"]
    assert verify_log(mirror.objects, trusted=[key])[0].where == "signing key 1"
