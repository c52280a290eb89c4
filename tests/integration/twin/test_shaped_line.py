"""A real TCP connection over the line between two namespaces is no faster than its rate and its delay say."""

import subprocess
import sys

import pytest

from tests.bad_line import Step
from tests.shaped_line import SERVER, available, shaped_line

pytestmark = pytest.mark.skipif(not available(), reason="needs root and /dev/net/tun")

SEND = """
import socket
server = socket.create_server(("", 9000))
print(flush=True)
server.accept()[0].sendall(bytes(500_000))
"""
RECEIVE = f"""
import socket, time
began = time.monotonic()
line = socket.create_connection(({SERVER!r}, 9000))
connected = time.monotonic()
count = 0
while data := line.recv(65536):
    count += len(data)
print(connected - began, time.monotonic() - connected, count)
"""


def test_rate_and_delay_hold_for_a_kernels_tcp() -> None:
    with shaped_line([Step(0.0, {"rate_bps": 4e6, "delay_s": 0.05})]) as line:
        sending = line.inside(line.server, sys.executable, "-c", SEND)
        with subprocess.Popen(sending, stdout=subprocess.PIPE) as server:
            assert server.stdout is not None
            server.stdout.readline()
            receiving = line.inside(line.client, sys.executable, "-c", RECEIVE)
            answer = subprocess.run(receiving, check=True, capture_output=True, text=True, timeout=60).stdout
    to_connect_s, took_s, count = answer.split()
    assert int(count) == 500_000
    assert float(to_connect_s) >= 0.1  # a busy machine adds to both, and takes nothing away
    assert float(took_s) >= 1.0
