"""DICOM over TLS: the files of our side."""

import ssl
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files: our certificate with its key, and the authority whose certificates peers must show."""

    certificate: str
    key: str
    client_authority: str

    def server_context(self) -> ssl.SSLContext:
        """DICOM PS3.15 B.9 and B.12: TLS 1.2 or newer, both sides show a certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        return self._with_files(context)

    def client_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # scanners are known by address; the authority vouches for them
        return self._with_files(context)

    def _with_files(self, context: ssl.SSLContext) -> ssl.SSLContext:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self.certificate, self.key)
        context.load_verify_locations(self.client_authority)
        context.verify_mode = ssl.CERT_REQUIRED
        return context
