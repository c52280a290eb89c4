"""The key and certificate that reports are signed with: the hospital's, or one of our own making.

Our own are in `signing/` of the data folder, made at the first start:

    ca.pem      the certificate to trust: whoever verifies our reports imports it once
    ca.key      its key; with it the signing certificate is renewed
    report.pem  the signing certificate
    report.key  its key

A P-256 key is made in no time, and PDF readers verify ECDSA (ISO/TS 32002).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from teleconsult.installation import write_privately

CA_YEARS = 30
YEARS = 10
RENEW_BEFORE = timedelta(days=365)


class BadCertificate(Exception):
    """The hospital's PKCS#12 file cannot be used; the message says why, without the password."""


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """What signs, with the certificates between it and its root."""

    key: PrivateKeyTypes
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]

    def is_valid(self, at: datetime) -> bool:
        return self.certificate.not_valid_before_utc <= at < self.certificate.not_valid_after_utc


def read_pkcs12(file: Path, password_file: Path | None, at: datetime) -> SigningCertificate:
    """Return the hospital's own.

    Raises:
        BadCertificate: the file or its password cannot be read, it holds no key, or it is not valid `at`.
    """
    try:
        password = password_file.read_text().strip().encode() if password_file else None
        held = pkcs12.load_pkcs12(file.read_bytes(), password)
    except OSError as error:
        raise BadCertificate(f"{error.filename} cannot be read") from error
    except (ValueError, TypeError) as error:
        raise BadCertificate(f"{file} is no PKCS#12 file, or its password is another") from error
    if held.key is None or held.cert is None:
        raise BadCertificate(f"{file} holds no private key with its certificate")
    chain = tuple(other.certificate for other in held.additional_certs)
    found = SigningCertificate(held.key, held.cert.certificate, chain)
    if not found.is_valid(at):
        raise BadCertificate(
            f"the certificate in {file} is valid from {found.certificate.not_valid_before_utc:%Y-%m-%d} "
            f"to {found.certificate.not_valid_after_utc:%Y-%m-%d} only"
        )
    return found


def own_certificate(folder: Path, at: datetime) -> SigningCertificate:
    """Return the one in `folder`; make or renew what is missing or soon ends."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_key, ca = _kept(folder, "ca") or _keep(folder, "ca", *_new_authority(at))
    kept = _kept(folder, "report")
    if kept is None or kept[1].not_valid_after_utc < at + RENEW_BEFORE or kept[1].issuer != ca.subject:
        kept = _keep(folder, "report", *_issue(ca_key, ca, at))
    return SigningCertificate(*kept, chain=(ca,))


def _kept(folder: Path, name: str) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None:
    key_file, certificate_file = folder / f"{name}.key", folder / f"{name}.pem"
    if not certificate_file.is_file():  # the one written last
        return None
    key = serialization.load_pem_private_key(key_file.read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key, x509.load_pem_x509_certificate(certificate_file.read_bytes())


def _keep(
    folder: Path, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_privately(folder / f"{name}.key", private.decode())
    write_privately(folder / f"{name}.pem", certificate.public_bytes(pem).decode())
    return key, certificate


def _new_authority(at: datetime) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    # The serial number in the name keeps the authorities of two installations apart.
    serial = x509.random_serial_number()
    name = _name("Teleconsult report authority", f"{serial:x}"[:16])
    certificate = (
        _certificate(name, name, key.public_key(), at, CA_YEARS, serial)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _issue(
    ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate, at: datetime
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    serial = x509.random_serial_number()
    name = _name("Teleconsult reports", f"{serial:x}"[:16])
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    certificate = (
        _certificate(name, ca.subject, key.public_key(), at, YEARS, serial)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(digital_signature=True, content_commitment=True), critical=True)
        .add_extension(authority_key, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    return key, certificate


def _name(common_name: str, serial_number: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, serial_number),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    at: datetime,
    years: int,
    serial: int,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(at - timedelta(days=1))  # clocks of those who verify may be behind
        .not_valid_after(at + timedelta(days=365 * years))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(**given: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement "
        "key_cert_sign crl_sign encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: given.get(name, False) for name in names.split()})
