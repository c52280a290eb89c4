"""Real sockets through the twin: what is sent arrives as the script says."""

import asyncio
import itertools
import json
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from teleconsult.services import REPOSITORY
from tests.bad_line import Step
from tests.network_twin import Address, Twin, tcp_twin, udp_twin


class Inbox(asyncio.DatagramProtocol):
    """What a UDP socket received, with sender and moment; it answers where told to."""

    def __init__(self, answers: bool = False) -> None:
        self.answers = answers
        self.received: list[tuple[float, bytes, Address]] = []

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self.transport = transport
        self.address: Address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, address: Address) -> None:
        self.received.append((time.monotonic(), data, address))
        if self.answers:
            self.transport.sendto(data, address)

    @property
    def contents(self) -> list[bytes]:
        return [data for _, data, _ in self.received]


@asynccontextmanager
async def udp_socket(answers: bool = False, at: Address = ("127.0.0.1", 0)) -> AsyncIterator[Inbox]:
    transport, inbox = await asyncio.get_running_loop().create_datagram_endpoint(lambda: Inbox(answers), at)
    try:
        yield inbox
    finally:
        transport.close()


async def until(holds: Callable[[], object], timeout_s: float = 20.0) -> None:
    async def wait() -> None:
        while not holds():
            await asyncio.sleep(0.005)

    await asyncio.wait_for(wait(), timeout_s)


def numbered(count: int) -> list[bytes]:
    return [b"%d" % number for number in range(count)]


async def send_all(sent: list[bytes], client: Inbox, twin: Twin) -> None:
    for data in sent:
        client.transport.sendto(data, twin.address)
        await asyncio.sleep(0)  # the twin runs on this loop; a kernel's buffer may be small


async def test_datagrams_go_there_and_back_late_by_the_delay_of_each_direction() -> None:
    script = [Step(0.0, {"delay_s": 0.1}, towards="server"), Step(0.0, {"delay_s": 0.2}, towards="client")]
    async with udp_socket(True) as server, udp_socket() as client, udp_twin(server.address, script) as twin:
        began = time.monotonic()
        client.transport.sendto(b"hello", twin.address)
        await until(lambda: client.received)

    assert client.contents == [b"hello"]
    assert client.received[0][2] == twin.address
    assert 0.1 <= server.received[0][0] - began < 0.2
    assert 0.3 <= client.received[0][0] - began < 0.45


async def test_each_client_is_another_sender_to_the_server_and_gets_its_own_answers() -> None:
    async with (
        udp_socket(answers=True) as server,
        udp_socket() as anna,
        udp_socket() as ben,
        udp_twin(server.address) as twin,
    ):
        for number in range(5):
            anna.transport.sendto(b"anna %d" % number, twin.address)
            ben.transport.sendto(b"ben %d" % number, twin.address)
        await until(lambda: len(anna.received) == len(ben.received) == 5)

    assert {data.split()[0] for data in anna.contents} == {b"anna"}
    assert {data.split()[0] for data in ben.contents} == {b"ben"}
    assert len({address for _, _, address in server.received}) == 2


async def test_a_burst_keeps_its_order_under_delay_and_jitter() -> None:
    sent = numbered(100)  # fewer than a socket of Linux holds, should this process come to read late
    script = [Step(0.0, {"delay_s": 0.05, "jitter_s": 0.05})]
    async with udp_socket() as server, udp_socket() as client, udp_twin(server.address, script) as twin:
        await send_all(sent, client, twin)
        await until(lambda: len(server.received) == len(sent))
    assert server.contents == sent


async def test_what_does_not_arrive_is_in_the_counts() -> None:
    script = [Step(0.0, {"loss": 0.3, "duplicated": 0.1, "reordered": 0.1})]
    async with udp_socket() as server, udp_socket() as client, udp_twin(server.address, script) as twin:
        counts = twin.to_server.counts
        await send_all(numbered(500), client, twin)
        await until(lambda: counts.taken == 500 and len(server.received) == counts.sent_on)
    assert 100 < counts.lost < 250
    assert counts.taken + counts.duplicated == counts.sent_on + counts.lost
    assert len(set(server.contents)) < len(server.contents)
    assert twin.unsendable == 0


async def test_an_outage_begins_and_ends_by_script_while_the_twin_runs() -> None:
    async with udp_socket() as server, udp_socket() as client, udp_twin(server.address) as twin:
        began = time.monotonic()
        twin.play([Step(0.3, {"is_down": True}, for_s=0.5)])

        async def send() -> None:
            while True:
                client.transport.sendto(b"tick", twin.address)
                await asyncio.sleep(0.01)

        sending = asyncio.create_task(send())
        await until(lambda: server.received and server.received[-1][0] - began > 0.9)
        sending.cancel()

    moments = [moment - began for moment, _, _ in server.received]
    longest, begins = max((b - a, a) for a, b in itertools.pairwise(moments))
    assert 0.45 < longest < 0.7
    assert 0.2 < begins < 0.4
    assert twin.to_server.counts.met_outage > 10


async def test_a_server_that_starts_late_is_reached_by_a_client_that_was_there_before() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        address = probe.getsockname()
    async with udp_socket() as client, udp_twin(address) as twin:
        for count in (1, 2, 3):
            client.transport.sendto(b"early", twin.address)
            await until(lambda count=count: twin.to_server.counts.sent_on == count)
        async with udp_socket(answers=True, at=address) as server:
            client.transport.sendto(b"late", twin.address)
            await until(lambda: client.received)
    assert server.contents == client.contents == [b"late"]


@asynccontextmanager
async def echo(script: list[Step]) -> AsyncIterator[tuple[Twin, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection through a twin to a server that sends back what it gets."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server, tcp_twin(server.sockets[0].getsockname(), script) as twin:
        reader, writer = await asyncio.open_connection(*twin.address)
        try:
            yield twin, reader, writer
        finally:
            writer.close()


async def test_a_stream_arrives_whole_through_loss() -> None:
    content = bytes(range(256)) * 400
    async with echo([Step(0.0, {"loss": 0.05})]) as (twin, reader, writer):
        writer.write(content)
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(-1), 120) == content
    assert twin.to_server.counts.lost > 0


async def test_a_stream_is_as_fast_as_the_rate_and_no_faster() -> None:
    content = bytes(250_000)
    script = [Step(0.0, {"rate_bps": 2e6, "delay_s": 0.05}, towards="server")]
    async with echo(script) as (twin, reader, writer):
        began = time.monotonic()
        writer.write(content)
        writer.write_eof()
        assert len(await asyncio.wait_for(reader.read(-1), 60)) == len(content)
        took_s = time.monotonic() - began
    assert 1.0 < took_s < 2.0
    assert twin.to_server.counts.lost == 0


async def test_a_stream_stands_still_while_the_line_is_down_and_goes_on() -> None:
    async with echo([Step(0.0, {"delay_s": 0.02})]) as (twin, reader, writer):
        writer.write(b"before")
        assert await reader.readexactly(6) == b"before"
        twin.play([Step(0.0, {"is_down": True}, for_s=1.0)])
        began = time.monotonic()
        writer.write(b"during")
        assert await reader.readexactly(6) == b"during"
    assert 1.0 < time.monotonic() - began < 2.5


async def test_when_the_server_refuses_the_client_is_cut_off() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = probe.getsockname()
    async with tcp_twin(address) as twin:
        reader, writer = await asyncio.open_connection(*twin.address)
        assert await asyncio.wait_for(reader.read(1), 10) == b""
        writer.close()


async def test_the_program_says_its_address_and_at_the_end_what_became_of_the_packets() -> None:
    async with udp_socket(answers=True) as server, udp_socket() as client:
        command = ["-m", "tests.network_twin", "udp", "{}:{}".format(*server.address), '[{"delay_s": 0.01}]']
        program = await asyncio.create_subprocess_exec(
            sys.executable, *command, stdout=asyncio.subprocess.PIPE, cwd=REPOSITORY
        )
        assert program.stdout is not None
        host, port = (await program.stdout.readline()).decode().strip().split(":")
        client.transport.sendto(b"hello", (host, int(port)))
        await until(lambda: client.received)
        program.send_signal(signal.SIGTERM)
        output, _ = await program.communicate()
    counts = json.loads(output)
    assert counts["to_server"]["sent_on"] == counts["to_client"]["sent_on"] == 1
