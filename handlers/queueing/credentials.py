"""How we show a NATS cluster who we are, and check who it is.

A file of credentials holds a JSON Web Token and the seed of an Ed25519 key, in base 32 with two
bytes before and a checksum behind. It is signed with what the program has anyway; the package
`nkeys`, which the client library would want for it, is not needed. Source: NATS, ADR-14.
"""

from __future__ import annotations

import base64
import binascii
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fdo.errors import Refused

_PART = re.compile(r"-{3,}BEGIN ([A-Z ]+)-{3,}\s+(\S+)\s+-{3,}END")
_SEED, _KEY, _SUM = 2, 32, 2


@dataclass(frozen=True, slots=True)
class Files:
    """Files that a cluster may ask for; those that are not named are not used."""

    credentials: Path | None = None
    """Token and key of a user, as `nsc` writes them."""
    ca: Path | None = None
    """PEM of who signs the certificates of the cluster; none: those whom the system trusts."""
    certificate: Path | None = None
    """PEM of our own certificate."""
    key: Path | None = None
    """PEM of its key; none: it stands in the same file."""

    def options(self) -> dict[str, Any]:
        """What the client library is to be told; Refused where a file cannot be used."""
        told: dict[str, Any] = {}
        if self.credentials is not None:
            token, sign = _user(self.credentials)
            told |= {"user_jwt_cb": lambda: bytearray(token), "signature_cb": sign}
        if self.ca is not None or self.certificate is not None:
            told["tls"] = self._tls()
        return told

    def _tls(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.ca)
            if self.certificate is not None:
                context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError) as wrong:
            named = [str(one) for one in (self.ca, self.certificate, self.key) if one is not None]
            raise Refused(
                f"TLS to the NATS cluster cannot be begun with {', '.join(named)}: {wrong}. PEM "
                "files that can be read are wanted."
            ) from wrong
        return context


def _user(file: Path) -> tuple[bytes, Callable[[str], bytes]]:
    """The token of a file of credentials, and what signs as its user."""
    try:
        parts = dict(_PART.findall(file.read_text(encoding="ascii")))
        token, seed = parts["NATS USER JWT"], parts["USER NKEY SEED"]
        raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    except (OSError, ValueError, KeyError) as wrong:
        raise Refused(
            f"{file} holds no credentials of a NATS user, a token and a seed as `nsc generate "
            "creds` writes them."
        ) from wrong
    told = int.from_bytes(raw[-_SUM:], "little")
    if len(raw) != _SEED + _KEY + _SUM or binascii.crc_hqx(raw[:-_SUM], 0) != told:
        raise Refused(f"The seed in {file} is damaged.")
    key = Ed25519PrivateKey.from_private_bytes(raw[_SEED:-_SUM])
    return token.encode(), lambda nonce: base64.b64encode(key.sign(nonce.encode()))
