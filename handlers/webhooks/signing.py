"""Signatures of Standard Webhooks 1.1: HMAC-SHA256 over id, time and body.

>>> secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
>>> signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets

from fdo.errors import Refused

PREFIX = "whsec_"
_BYTES = range(24, 65)
"""How long a secret may be, by the standard."""


def new_secret() -> str:
    """A random secret of 32 bytes."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def checked_secret(text: str) -> str:
    """The secret that a subscriber brought, if it has the form of the standard; else Refused."""
    try:
        key = _key(text)
    except (ValueError, binascii.Error):
        key = b""
    if not text.startswith(PREFIX) or len(key) not in _BYTES:
        raise Refused(
            f"A secret is {PREFIX} and {_BYTES.start} to {_BYTES.stop - 1} bytes in Base64; leave "
            "it out and one is made."
        )
    return text


def signature(secret: str, message: str, timestamp: int, body: bytes) -> str:
    """The value of the header webhook-signature."""
    signed = f"{message}.{timestamp}.".encode() + body
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
