"""The TCP side of the DICOM gateway: pynetdicom's server with bounds on what one connection may cost.

pynetdicom leaves an accepted socket without a timeout, reads as many bytes as a PDU's header claims, and
does the TLS handshake in the thread that accepts: each lets one peer stop the service for all others.
"""

import logging
import ssl
import time
from socket import socket
from typing import Any, cast

from pynetdicom.association import Association
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

SILENCE_S = 5.0  # within a PDU or a handshake; between messages the association's own timeout counts
PDU_WITHIN_S = 60.0
PDU_BYTES_AT_MOST = 1 << 20  # an A-ASSOCIATE-RQ with 128 contexts takes 200 kB
CONNECTIONS_AT_MOST = 500
CONNECTIONS_OF_ONE_ADDRESS = 200  # more than the associations that are let in: the others are told, and go
# The library polls each connection; until somebody is known that may take a little longer.
POLLED_EVERY_S = 0.001
STRANGER_POLLED_EVERY_S = 0.01
READ_AT_ONCE = 1 << 16
log = logging.getLogger(__name__)


class BoundedSocket(AssociationSocket):
    """Refuses a PDU that is too long, and one that does not come to its end."""

    def recv(self, nr_bytes: int) -> bytearray:
        """Return that many bytes, or fewer where the peer closed the connection.

        Raises:
            OSError: more was claimed than we take, or it did not come in time. pynetdicom ends the
                association then.
        """
        if nr_bytes > PDU_BYTES_AT_MOST:
            raise OSError(f"a PDU of {nr_bytes} bytes")
        connection = cast(socket, self.socket)
        received, deadline = bytearray(), time.monotonic() + PDU_WITHIN_S
        while len(received) < nr_bytes:
            if time.monotonic() > deadline:
                raise TimeoutError("a PDU that does not end")
            piece = connection.recv(min(nr_bytes - len(received), READ_AT_ONCE))
            if not piece:
                break
            received += piece
        return received


class BoundedHandler(RequestHandler):
    """Makes associations whose sockets are bounded."""

    def _create_association(self) -> Association:
        association = super()._create_association()
        # Only what is read through it changes; a second socket object would announce the connection twice.
        cast(Any, association.dul.socket).__class__ = BoundedSocket
        association.dul._run_loop_delay = STRANGER_POLLED_EVERY_S
        return association


class BoundedServer(ThreadedAssociationServer):
    """Accepts at once, whatever those accepted before are doing."""

    request_queue_size = 128

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **{**named, "request_handler": BoundedHandler})

    def get_request(self) -> tuple[socket, tuple[str, int]]:
        client, address = cast(socket, self.socket).accept()
        client.settimeout(SILENCE_S)
        if self.ssl_context:
            client = self.ssl_context.wrap_socket(client, server_side=True, do_handshake_on_connect=False)
        return client, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        addresses = [association.requestor.address for association in self.active_associations]
        return (
            len(addresses) < CONNECTIONS_AT_MOST
            and addresses.count(client_address[0]) < CONNECTIONS_OF_ONE_ADDRESS
        )

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread: shake hands where there is TLS, then serve."""
        if isinstance(request, ssl.SSLSocket):
            request.do_handshake()
        super().finish_request(request, client_address)

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.warning("connection-failed address=%s", client_address[0], exc_info=True)
