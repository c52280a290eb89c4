"""A PDF signed by PAdES (ETSI EN 319 142-1): level B-B, or B-T where a time-stamp authority is named."""

from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from teleconsult.errors import CertificateNotValid, TimeStampMissing
from teleconsult.reports.certificates import (
    BadCertificate,
    SigningCertificate,
    own_certificate,
    read_pkcs12,
)
from teleconsult.settings import BadSettings, Settings

TIME_STAMP_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class PdfSeal:
    """What puts a signature into a PDF."""

    certificate: SigningCertificate
    time_stamp_url: str | None  # of an RFC 3161 authority

    def sign(self, pdf: bytes, *, signer: str, reason: str, at: datetime) -> bytes:
        """Return the file with a certifying signature, after which no change is allowed (DocMDP level 1).

        Args:
            signer: who signed, as the PDF reader names them.

        Raises: CertificateNotValid, TimeStampMissing.
        """
        if not self.certificate.is_valid(at):
            raise CertificateNotValid
        # Only here: it takes half a second to load, and most processes never sign.
        from pyhanko.keys import load_certs_from_pemder_data, load_private_key_from_pemder_data
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import signers, timestamps
        from pyhanko.sign.fields import MDPPerm, SigSeedSubFilter
        from pyhanko.sign.timestamps.common_utils import TimestampRequestError
        from pyhanko_certvalidator.registry import SimpleCertificateStore

        own = self.certificate
        key = own.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        pems = b"".join(c.public_bytes(Encoding.PEM) for c in (own.certificate, *own.chain))
        certificate, *chain = load_certs_from_pemder_data(pems)
        store = SimpleCertificateStore()
        store.register_multiple(chain)
        pdf_signer = signers.PdfSigner(
            signers.PdfSignatureMetadata(
                field_name="Signature",
                name=signer,
                reason=reason,
                md_algorithm="sha256",
                subfilter=SigSeedSubFilter.PADES,
                certify=True,
                docmdp_permissions=MDPPerm.NO_CHANGES,
            ),
            signers.SimpleSigner(certificate, load_private_key_from_pemder_data(key, None), store),
            timestamper=timestamps.HTTPTimeStamper(self.time_stamp_url, timeout=TIME_STAMP_TIMEOUT_S)
            if self.time_stamp_url
            else None,
        )
        try:
            signed = pdf_signer.sign_pdf(IncrementalPdfFileWriter(BytesIO(pdf)))
        except (TimestampRequestError, ValueError) as error:  # the latter: no time stamp in the answer
            raise TimeStampMissing from error
        return bytes(signed.getvalue())


def open_seal(settings: Settings, at: datetime) -> PdfSeal:
    """Return what signs reports here.

    Raises:
        BadSettings: the hospital's certificate cannot be used.
    """
    try:
        certificate = (
            read_pkcs12(settings.report_pkcs12, settings.report_pkcs12_password, at)
            if settings.report_pkcs12
            else own_certificate(settings.data_folder / "signing", at)
        )
    except BadCertificate as error:
        raise BadSettings(f"TELECONSULT_REPORT_PKCS12: {error}") from error
    return PdfSeal(certificate, settings.time_stamp_url)
