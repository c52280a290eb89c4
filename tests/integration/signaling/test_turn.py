"""Closed networks: two Chromium that reach the relay through a real coturn alone."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.room_in_browsers import CHROMIUM, Relay, Visitor, chromium, free_port, wait_until
from tests.turn_server import TurnServer, turn_server

__all__ = ["turn_server"]

# As in a network that lets nothing else through.
RELAY_ONLY = """
window.RTCPeerConnection = class extends RTCPeerConnection {
  constructor(configuration) { super({ ...configuration, iceTransportPolicy: "relay" }); }
};
"""
USED_PATHS = """async () => {
  const paths = [];
  for (const connection of connections) {
    const entries = [...(await connection.getStats()).values()];
    for (const pair of entries.filter(({ type, nominated }) => type === "candidate-pair" && nominated)) {
      const local = entries.find(({ id }) => id === pair.localCandidateId);
      paths.push(`${local.candidateType} ${local.relayProtocol}`);
    }
  }
  return paths;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Like everybody's, but the certificate of a test's TURN server will do."""
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with chromium("--ignore-certificate-errors") as running:
        yield running


@pytest.fixture(params=["udp", "tcp", "tls"])
def relay(page_origin: str, turn_server: TurnServer, request: pytest.FixtureRequest) -> Iterator[Relay]:
    settings = {
        "TELECONSULT_TURN_URLS": turn_server.uris[request.param],
        "TELECONSULT_TURN_SECRET_FILE": str(turn_server.secret_file),
    }
    running = Relay(page_origin, free_port(), settings).start()
    yield running
    running.stop()


def test_two_who_have_turn_alone_see_and_hear_each_other(
    visitor: Callable[..., Visitor], relay: Relay
) -> None:
    anna, ben = visitor("anna"), visitor("ben")
    for one in (anna, ben):
        one.page.add_init_script(RELAY_ONLY)
        one.enter()
    for one, other in ((anna, ben), (ben, anna)):
        one.sees(other)
        one.hears()
    transport = "tls" if "turns:" in relay.settings["TELECONSULT_TURN_URLS"] else ""
    expected = transport or relay.settings["TELECONSULT_TURN_URLS"].rpartition("=")[2]
    used = wait_until(lambda: anna.page.evaluate(USED_PATHS), "a path is chosen")
    assert set(used) == {f"relay {expected}"}
