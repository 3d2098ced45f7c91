"""The certificate of native DOIP: the one that the settings name, else one of our own making.

A self-signed certificate is made at the first start and kept in the data folder. Clients of DOIP
take the identity of a service from its own record, not from a certificate authority.
"""

from __future__ import annotations

import ipaddress
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from api.settings import InvalidSettings, Settings

NAME = "doip"
_YEARS = 10


def tls_context(settings: Settings) -> ssl.SSLContext:
    """The server side of TLS 1.2 or newer with the certificate of this repository."""
    certificate, key = settings.doip_certificate, settings.doip_key
    if certificate is None or key is None:
        if certificate is not None or key is not None:
            raise InvalidSettings(
                "doip_certificate and doip_key go together; give both, or neither."
            )
        certificate, key = own_certificate(settings.data, settings.doip_host)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise InvalidSettings(
            f"doip_certificate {certificate} and doip_key {key} cannot be used: {error}."
        ) from error
    return context


def own_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Certificate and key in this folder, made where they are missing; the key is its owner's."""
    certificate, key = folder / f"{NAME}.crt", folder / f"{NAME}.key"
    if not (certificate.exists() and key.exists()):
        folder.mkdir(parents=True, exist_ok=True)
        private = ec.generate_private_key(ec.SECP256R1())
        pem = private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        key.unlink(missing_ok=True)
        with os.fdopen(os.open(key, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
        made = _signed(private, host).public_bytes(serialization.Encoding.PEM)
        certificate.write_bytes(made)
    return certificate, key


def _signed(private: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .add_extension(x509.SubjectAlternativeName([_alternative(host)]), critical=False)
        .sign(private, hashes.SHA256())
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
