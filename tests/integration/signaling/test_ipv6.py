"""Two Chromium that reach the relay by IPv6 alone."""

from collections.abc import Callable

import pytest

from signaling.host_addresses import host_ipv6_addresses
from signaling.relay_media import ANY_HOST
from tests.room_in_browsers import Visitor, wait_until

IPV6_ONLY = r"""
const describe = RTCPeerConnection.prototype.setRemoteDescription;
RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
  const isIpv4 = (line) => /^a=candidate:.* udp \d+ [\d.]+ /.test(line);
  return describe.call(this, { type, sdp: sdp.split("\r\n").filter((line) => !isIpv4(line)).join("\r\n") });
};
"""
USED_ADDRESSES = """async () => {
  const addresses = [];
  for (const connection of connections) {
    for (const pair of (await connection.getStats()).values()) {
      if (pair.type !== "candidate-pair" || !pair.nominated) continue;
      addresses.push((await connection.getStats()).get(pair.remoteCandidateId).address);
    }
  }
  return addresses;
}"""


def test_two_by_ipv6_see_and_hear_each_other(visitor: Callable[..., Visitor]) -> None:
    ours = host_ipv6_addresses()
    if ANY_HOST != "::" or not ours:
        pytest.skip("this machine has no IPv6 address but those of one link")
    anna, ben = visitor("anna"), visitor("ben")
    for one in (anna, ben):
        one.page.add_init_script(IPV6_ONLY)
        one.enter()
    for one, other in ((anna, ben), (ben, anna)):
        one.sees(other)
        one.hears()
    used = wait_until(lambda: anna.page.evaluate(USED_ADDRESSES), "a path is chosen")
    assert {address.strip("[]") for address in used} <= set(ours)
