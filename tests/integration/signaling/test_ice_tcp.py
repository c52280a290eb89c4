"""Two Chromium that reach the relay by TCP alone, without any server between."""

from collections.abc import Callable, Iterator

import pytest

from tests.room_in_browsers import Relay, Visitor, free_port, wait_until

TCP_ONLY = r"""
const describe = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
  const isUdp = (line) => /^a=candidate:\d+ 1 udp /.test(line);
  return describe.call(this, { type, sdp: sdp.split("\r\n").filter((line) => !isUdp(line)).join("\r\n") });
};
"""
USED_PROTOCOLS = """async () => {
  const protocols = [];
  for (const connection of connections) {
    const entries = await connection.getStats();
    for (const pair of entries.values()) {
      if (pair.type !== "candidate-pair" || !pair.nominated) continue;
      protocols.push(entries.get(pair.remoteCandidateId).protocol);
    }
  }
  return protocols;
}"""


@pytest.fixture
def relay(page_origin: str) -> Iterator[Relay]:
    running = Relay(page_origin, free_port(), {"TELECONSULT_ICE_TCP_PORT": str(free_port())}).start()
    yield running
    running.stop()


def test_two_by_tcp_see_and_hear_each_other(visitor: Callable[..., Visitor]) -> None:
    anna, ben = visitor("anna"), visitor("ben")
    for one in (anna, ben):
        one.page.add_init_script(TCP_ONLY)
        one.enter()
    for one, other in ((anna, ben), (ben, anna)):
        one.sees(other)
        one.hears()
    used = wait_until(lambda: anna.page.evaluate(USED_PROTOCOLS), "a path is chosen")
    assert set(used) == {"tcp"}
