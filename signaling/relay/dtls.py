"""Both sides of DTLS, as far as SRTP needs it: datagrams in, datagrams and keys out. No socket.

aiortc's certificate and its context are used. **This is the one file of the relay that touches what aiortc
keeps private** (`RTCCertificate._create_ssl_context`); tests/contract/test_dtls.py fails when a new version
takes it away. Sources: RFC 5764, RFC 8122 (fingerprints).
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto

from aiortc.rtcdtlstransport import (
    SRTP_PROFILES,
    RTCCertificate,
    RTCDtlsFingerprint,
    certificate_digest,
)
from OpenSSL import SSL

from signaling.relay.packet_core import SrtpProfile

MTU_BYTES = 1_200
READ_BYTES = 65_536
RECORD_HEADER_BYTES = 13  # RFC 6347 section 4.1
# The cheaper cipher first: with keys of 128 bits a packet costs less.
PREFERENCE = (SrtpProfile.AEAD_AES_128_GCM, SrtpProfile.AEAD_AES_256_GCM, SrtpProfile.AES128_CM_SHA1_80)
FINGERPRINT_ALGORITHMS = ("sha-256", "sha-384", "sha-512")


@dataclass(frozen=True, slots=True)
class SrtpKeys:
    profile: SrtpProfile
    receive_key: bytes
    send_key: bytes


class DtlsState(Enum):
    CONNECTING = auto()
    CONNECTED = auto()
    FAILED = auto()
    CLOSED = auto()


class DtlsAssociation:
    """`take` returns what to send; then `state` and `keys` say where it stands. See the two sides below."""

    IS_CLIENT: bool

    def __init__(self, certificate: RTCCertificate, fingerprints: Collection[RTCDtlsFingerprint]) -> None:
        by_name = {profile.openssl_profile: profile for profile in SRTP_PROFILES}
        profiles = [by_name[name] for p in PREFERENCE if (name := f"SRTP_{p.name}".encode()) in by_name]
        context = certificate._create_ssl_context(profiles)
        self._profiles = {profile.openssl_profile: profile for profile in profiles}
        self._fingerprints = fingerprints
        self._ssl = SSL.Connection(context, None)
        if self.IS_CLIENT:
            self._ssl.set_connect_state()
        else:
            self._ssl.set_accept_state()
        self._ssl.set_ciphertext_mtu(MTU_BYTES)
        self.state = DtlsState.CONNECTING
        self.keys: SrtpKeys | None = None

    def take(self, datagram: bytes) -> list[bytes]:
        """A DTLS datagram of the other side's; hostile ones end this association and nothing else."""
        if self.state in (DtlsState.FAILED, DtlsState.CLOSED):
            return []
        try:
            self._ssl.bio_write(datagram)
            if self.state is DtlsState.CONNECTING:
                self._shake_hands()
            else:
                self._ssl.recv(MTU_BYTES)
        except SSL.WantReadError:
            pass
        except SSL.ZeroReturnError:
            self.state = DtlsState.CLOSED
        except SSL.Error:
            self.state = DtlsState.FAILED
        return self._outgoing()

    def resend(self) -> list[bytes]:
        """What was not answered in time; to be called now and then while connecting."""
        if self.state is DtlsState.CONNECTING:
            try:
                self._ssl.DTLSv1_handle_timeout()
            except SSL.Error:
                self.state = DtlsState.FAILED
        return self._outgoing()

    def close(self) -> list[bytes]:
        """The alert that says goodbye."""
        if self.state is DtlsState.CONNECTED:
            self.state = DtlsState.CLOSED
            try:
                self._ssl.shutdown()
            except SSL.Error:
                return []
            return self._outgoing()
        return []

    def _shake_hands(self) -> None:
        self._ssl.do_handshake()
        certificate = self._ssl.get_peer_certificate(as_cryptography=True)
        known = {(f.algorithm.lower(), f.value.upper()) for f in self._fingerprints}
        profile = self._profiles.get(self._ssl.get_selected_srtp_profile())
        if certificate is None or profile is None:
            self.state = DtlsState.FAILED
            return
        seen = {(name, certificate_digest(certificate, name).upper()) for name in FINGERPRINT_ALGORITHMS}
        if not known & seen:
            self.state = DtlsState.FAILED
            return
        material = self._ssl.export_keying_material(
            b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
        )
        of_client, of_server = (profile.get_key_and_salt(material, number) for number in (0, 1))
        receive_key, send_key = (of_server, of_client) if self.IS_CLIENT else (of_client, of_server)
        name = profile.openssl_profile.decode().removeprefix("SRTP_")
        self.keys = SrtpKeys(SrtpProfile[name], receive_key, send_key)
        self.state = DtlsState.CONNECTED

    def _outgoing(self) -> list[bytes]:
        stream = bytearray()
        while True:
            try:
                stream += self._ssl.bio_read(READ_BYTES)
            except SSL.Error:
                return datagrams(bytes(stream))


class DtlsServer(DtlsAssociation):
    """The relay's side: it answers."""

    IS_CLIENT = False


class DtlsClient(DtlsAssociation):
    """The side that begins: that of a participant."""

    IS_CLIENT = True

    def start(self) -> list[bytes]:
        """The first flight."""
        try:
            self._shake_hands()
        except SSL.WantReadError:
            pass
        except SSL.Error:
            self.state = DtlsState.FAILED
        return self._outgoing()


def datagrams(stream: bytes) -> list[bytes]:
    """Records one after another, as datagrams of whole records: OpenSSL's memory does not keep them apart."""
    made, start, at = [], 0, 0
    while at + RECORD_HEADER_BYTES <= len(stream):
        end = at + RECORD_HEADER_BYTES + int.from_bytes(stream[at + 11 : at + 13], "big")
        if end - start > MTU_BYTES and at > start:
            made.append(stream[start:at])
            start = at
        at = end
    if start < len(stream):
        made.append(stream[start:])
    return made
