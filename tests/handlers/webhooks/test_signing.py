"""Signatures as Standard Webhooks writes them."""

from __future__ import annotations

import pytest

from fdo.errors import Refused
from handlers.webhooks.signing import checked_secret, new_secret, signature


def test_the_signature_is_the_one_of_the_standard() -> None:
    found = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_new_secret_has_the_form_that_is_asked_of_others() -> None:
    assert checked_secret(new_secret()) != new_secret()


@pytest.mark.parametrize("text", ["secret", "whsec_", "whsec_c2hvcnQ=", "whsec_§", "c2hvcnQ="])
def test_a_weak_secret_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="Base64"):
        checked_secret(text)
