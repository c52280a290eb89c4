"""The server's side of DTLS, against a client of OpenSSL, and against the other side that we have."""

from contextlib import suppress

import pytest
from aiortc.rtcdtlstransport import SRTP_PROFILES, RTCCertificate, RTCDtlsFingerprint
from OpenSSL import SSL

from signaling.relay.dtls import MTU_BYTES, DtlsClient, DtlsServer, DtlsState, datagrams
from signaling.relay.packet_core import SrtpProfile
from signaling.relay.srtp import inbound_session, outbound_session

PACKET = bytes.fromhex("8060000100000001000000ff") + b"speech"


class OpenSslClient:
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


def shake_hands(server: DtlsServer, client: OpenSslClient) -> None:
    for _ in range(10):
        for datagram in client.step():
            for answer in server.take(datagram):
                client.ssl.bio_write(answer)
        if server.state is not DtlsState.CONNECTING:
            return


@pytest.fixture
def client() -> OpenSslClient:
    return OpenSslClient()


def a_server(*fingerprints: RTCDtlsFingerprint) -> DtlsServer:
    return DtlsServer(RTCCertificate.generateCertificate(), fingerprints)


def test_both_sides_have_the_same_keys_and_the_cheaper_cipher(client: OpenSslClient) -> None:
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


def test_another_certificate_than_was_announced_fails(client: OpenSslClient) -> None:
    server = a_server(*RTCCertificate.generateCertificate().getFingerprints())
    shake_hands(server, client)
    assert server.state is DtlsState.FAILED and server.keys is None


def test_nonsense_does_not_raise_and_gives_no_keys(client: OpenSslClient) -> None:
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


def test_goodbye_is_said_once(client: OpenSslClient) -> None:
    server = a_server(*client.certificate.getFingerprints())
    shake_hands(server, client)
    assert server.close() and server.state is DtlsState.CLOSED
    assert server.close() == []


def test_the_two_sides_that_we_have_agree_on_keys_each_with_its_own() -> None:
    certificates = [RTCCertificate.generateCertificate() for _ in range(2)]
    client = DtlsClient(certificates[0], certificates[1].getFingerprints())
    server = DtlsServer(certificates[1], certificates[0].getFingerprints())
    to_server, to_client = client.start(), list[bytes]()
    while to_server or to_client:
        to_client = [answer for datagram in to_server for answer in server.take(datagram)]
        to_server = [answer for datagram in to_client for answer in client.take(datagram)]
    assert client.state is server.state is DtlsState.CONNECTED
    assert client.keys is not None and server.keys is not None
    assert client.keys.send_key == server.keys.receive_key != client.keys.receive_key
    assert client.keys.receive_key == server.keys.send_key


def test_a_server_with_another_certificate_than_was_announced_fails() -> None:
    certificate = RTCCertificate.generateCertificate()
    client = DtlsClient(certificate, certificate.getFingerprints())
    server = DtlsServer(RTCCertificate.generateCertificate(), certificate.getFingerprints())
    to_server = client.start()
    while to_server:
        to_client = [answer for datagram in to_server for answer in server.take(datagram)]
        to_server = [answer for datagram in to_client for answer in client.take(datagram)]
    assert client.state is DtlsState.FAILED and client.keys is None
