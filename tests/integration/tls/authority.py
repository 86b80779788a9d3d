"""Certificates as companies make them: of an authority of their own, and of servers that sign themselves."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, key: ec.EllipticCurvePrivateKey, age_days: int) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) - timedelta(days=age_days, hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=30))
    )


class Authority:
    """A company's own authority. Like many, it leaves out extensions that RFC 5280 asks for, unless ``complete``."""

    def __init__(self, name: str = "Contoso CA", *, complete: bool = False) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._complete = complete
        builder = (
            _builder(self._name, self._key, 0)
            .issuer_name(self._name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        )
        if complete:
            signs = dict.fromkeys(_USAGES, False) | {"key_cert_sign": True}
            builder = builder.add_extension(x509.KeyUsage(**signs), critical=True)
            builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False)
        self._certificate = builder.sign(self._key, hashes.SHA256())

    @property
    def pem(self) -> str:
        """Its certificate."""
        return self._certificate.public_bytes(Encoding.PEM).decode()

    def server(self, folder: Path, host: str = "localhost", age_days: int = 0) -> ssl.SSLContext:
        """Give the context of a server that it vouches for; one of 30 days has expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            _builder(_name(host), key, age_days)
            .issuer_name(self._name)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        )
        if self._complete:
            issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
            builder = builder.add_extension(issuer, critical=False)
        return _context(folder, builder.sign(self._key, hashes.SHA256()), key)


def self_signed(folder: Path, host: str = "localhost") -> tuple[ssl.SSLContext, str]:
    """Give a server that vouches for itself, as Service Layer does after its installation, and its certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(host), key, 0)
        .issuer_name(_name(host))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _context(folder, certificate, key), certificate.public_bytes(Encoding.PEM).decode()


def _context(folder: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> ssl.SSLContext:
    file = folder / "server.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
