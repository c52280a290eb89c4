"""The server's side of DTLS, against a client of OpenSSL."""

from contextlib import suppress

import pytest
from aiortc.rtcdtlstransport import SRTP_PROFILES, RTCCertificate, RTCDtlsFingerprint
from OpenSSL import SSL

from signaling.relay.dtls import MTU_BYTES, DtlsServer, DtlsState, datagrams
from signaling.relay.packet_core import SrtpProfile
from signaling.relay.srtp import inbound_session, outbound_session

PACKET = bytes.fromhex("8060000100000001000000ff") + b"speech"


class DtlsClient:
    """The other side, as aiortc has it."""

    def __init__(self) -> None:
        self.certificate = RTCCertificate.generateCertificate()
        self.ssl = SSL.Connection(self.certificate._create_ssl_context(SRTP_PROFILES), None)
        self.ssl.set_connect_state()
        self.ssl.set_ciphertext_mtu(MTU_BYTES)

    def step(self) -> list[bytes]:
        with suppress(SSL.WantReadError):
            self.ssl.do_handshake()
        sent = []
        while True:
            try:
                sent.append(self.ssl.bio_read(1_500))
            except SSL.Error:
                return sent


def shake_hands(server: DtlsServer, client: DtlsClient) -> None:
    for _ in range(10):
        for datagram in client.step():
            for answer in server.take(datagram):
                client.ssl.bio_write(answer)
        if server.state is not DtlsState.CONNECTING:
            return


@pytest.fixture
def client() -> DtlsClient:
    return DtlsClient()


def a_server(*fingerprints: RTCDtlsFingerprint) -> DtlsServer:
    return DtlsServer(RTCCertificate.generateCertificate(), fingerprints)


def test_both_sides_have_the_same_keys_and_the_cheaper_cipher(client: DtlsClient) -> None:
    server = a_server(*client.certificate.getFingerprints())
    shake_hands(server, client)
    assert server.state is DtlsState.CONNECTED and server.keys is not None
    assert server.keys.profile is SrtpProfile.AEAD_AES_128_GCM
    (profile,) = [p for p in SRTP_PROFILES if p.openssl_profile == b"SRTP_AEAD_AES_128_GCM"]
    material = client.ssl.export_keying_material(
        b"EXTRACTOR-dtls_srtp", 2 * (profile.key_length + profile.salt_length)
    )
    to_server = outbound_session(server.keys.profile, profile.get_key_and_salt(material, 0))
    from_server = inbound_session(server.keys.profile, profile.get_key_and_salt(material, 1))
    assert inbound_session(server.keys.profile, server.keys.receive_key).unprotect(
        to_server.protect(PACKET)
    ) == PACKET
    assert from_server.unprotect(
        outbound_session(server.keys.profile, server.keys.send_key).protect(PACKET)
    ) == PACKET


def test_another_certificate_than_was_announced_fails(client: DtlsClient) -> None:
    server = a_server(*RTCCertificate.generateCertificate().getFingerprints())
    shake_hands(server, client)
    assert server.state is DtlsState.FAILED and server.keys is None


def test_nonsense_does_not_raise_and_gives_no_keys(client: DtlsClient) -> None:
    server = a_server(*client.certificate.getFingerprints())
    for datagram in (b"", b"\x16", bytes(200), b"\x16\xfe\xff" + bytes(40), client.step()[0][:-5]):
        server.take(datagram)
    assert server.keys is None
    server.close()


def test_records_stay_whole_in_datagrams() -> None:
    records = [b"\x16\xfe\xfd" + bytes(8) + size.to_bytes(2, "big") + bytes(size) for size in (900, 200, 700)]
    made = datagrams(b"".join(records))
    assert made == [records[0] + records[1], records[2]]
    assert datagrams(b"") == []


def test_goodbye_is_said_once(client: DtlsClient) -> None:
    server = a_server(*client.certificate.getFingerprints())
    shake_hands(server, client)
    assert server.close() and server.state is DtlsState.CLOSED
    assert server.close() == []
