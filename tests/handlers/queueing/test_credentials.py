"""How we show a cluster who we are: a real server with an operator, and one with certificates."""

from __future__ import annotations

import asyncio
import base64
import binascii
import datetime
import ipaddress
import json
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from fdo.errors import Refused, Unavailable
from handlers.queueing.broker import installed
from handlers.queueing.connection import Access
from tests.handlers.queueing.story import until

OPERATOR, ACCOUNT, USER, SEED = 14 << 3, 0, 20 << 3, 18 << 3
"""First bytes of keys, by which a key of an operator begins with O, of a user with U."""


def base32(*parts: bytes) -> str:
    raw = b"".join(parts)
    checked = raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return base64.b32encode(checked).decode().rstrip("=")


@dataclass
class Signer:
    """An operator, an account or a user."""

    kind: int
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> str:
        return base32(bytes([self.kind]), self.key.public_key().public_bytes_raw())

    @property
    def seed(self) -> str:
        first = bytes([SEED | self.kind >> 5, (self.kind & 31) << 3])
        return base32(first, self.key.private_bytes_raw())

    def token(self, about: Signer, name: str, said: Mapping[str, Any]) -> str:
        """What this one says of another, as a JSON Web Token of NATS."""
        claims = {"jti": name, "iss": self.public, "sub": about.public, "name": name,
                  "iat": 1_772_366_400, "nats": {"version": 2, **said}}  # fmt: skip
        parts = [{"typ": "JWT", "alg": "ed25519-nkey"}, claims]
        body = ".".join(encoded(json.dumps(part).encode()) for part in parts)
        return f"{body}.{encoded(self.key.sign(body.encode()))}"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@contextmanager
def serving(folder: Path, configuration: str) -> Iterator[int]:
    """A server that is configured so; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    file = folder / "server.conf"
    file.write_text(f'listen: "127.0.0.1:{port}"\n{configuration}')
    server = subprocess.Popen([installed(), "-c", file, "-l", folder / "server.log"])
    try:
        until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0)
        yield port
    finally:
        server.kill()
        server.wait()


def connects(data: Path, **choices: str) -> None:
    async def connect() -> None:
        connection = await Access.said(data, choices).connect("test", asyncio.Event())
        await connection.flush()
        await connection.close()

    asyncio.run(connect())


def test_a_user_with_credentials_is_let_in_and_another_is_not(tmp_path: Path) -> None:
    operator, account = Signer(OPERATOR), Signer(ACCOUNT)
    user, other = Signer(USER), Signer(USER)
    limits = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1,
              "wildcards": True, "conn": -1, "leaf": -1}  # fmt: skip
    of_operator = operator.token(operator, "operator", {"type": "operator"})
    of_account = operator.token(account, "account", {"type": "account", "limits": limits})
    of_user = account.token(user, "user", {"type": "user", "subs": -1, "data": -1, "payload": -1})
    configuration = (
        f"operator: {of_operator}\nresolver: MEMORY\n"
        f"resolver_preload: {{ {account.public}: {of_account} }}\n"
    )
    good, bad = tmp_path / "good.creds", tmp_path / "bad.creds"
    good.write_text(credentials(of_user, user.seed))
    bad.write_text(credentials(of_user, other.seed))
    with serving(tmp_path, configuration) as port:
        url = f"nats://127.0.0.1:{port}"
        connects(tmp_path, url=url, credentials=str(good))
        with pytest.raises(Unavailable):
            connects(tmp_path, url=url, credentials=str(bad))


def credentials(token: str, seed: str) -> str:
    return (
        f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
        f"-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )


def damaged(seed: str) -> str:
    return seed[:10] + ("B" if seed[10] == "A" else "A") + seed[11:]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(credentials("a.b.c", "SUAB!"), id="no base 32"),
        pytest.param(credentials("a.b.c", damaged(Signer(USER).seed)), id="damaged"),
    ],
)
def test_a_file_that_holds_no_credentials_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "user.creds"
    file.write_text(text)
    with pytest.raises(Refused, match=r"user\.creds"):
        connects(tmp_path, url="nats://127.0.0.1:1", credentials=str(file))


def test_certificates_are_shown_and_asked_for(tmp_path: Path) -> None:
    ca, key = authority(tmp_path)
    for name in ("server", "client"):
        certified(tmp_path, name, ca, key)
    configuration = (
        f'tls {{ cert_file: "{tmp_path}/server.pem", key_file: "{tmp_path}/server.key", '
        f'ca_file: "{tmp_path}/ca.pem", verify: true }}\n'
    )
    files = {name: str(tmp_path / file) for name, file in {
        "ca": "ca.pem", "certificate": "client.pem", "key": "client.key"}.items()}  # fmt: skip
    with serving(tmp_path, configuration) as port:
        url = f"tls://127.0.0.1:{port}"
        connects(tmp_path, url=url, **files)
        with pytest.raises(Unavailable):
            connects(tmp_path, url=url)  # whom nobody knows, and who knows nobody
    with pytest.raises(Refused, match=r"ca\.pem\.old"):
        connects(tmp_path, url=url, ca=str(tmp_path / "ca.pem.old"))


def authority(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate("test authority", key, None, None)
    (folder / "ca.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return made, key


def certified(
    folder: Path, name: str, ca: x509.Certificate, signer: ec.EllipticCurvePrivateKey
) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate(name, key, ca, signer)
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    ca: x509.Certificate | None,
    signer: ec.EllipticCurvePrivateKey | None,
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca.subject if ca else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .sign(signer or key, hashes.SHA256())
    )
